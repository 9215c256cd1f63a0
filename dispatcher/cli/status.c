#include "dispatcher/cli/status.h"

#include "common/base/clock.h"
#include "common/conf/transport.h"
#include "common/roster/outlook.h"
#include "dispatcher/cli/show.h"

#include <sysexits.h>

int status_load(struct cli *cli, int64_t id, struct figures **figures)
{
	int64_t now = clock_utc();
	enum store_status status = figures_load(cli_store(cli), id, now, figures);

	if (!status) {
		status = outlook_fill(cli_store(cli), cli_settings(cli), now, *figures);
		if (status) {
			figures_free(*figures);
			*figures = NULL;
			return cli_store_failed(cli, status);
		}
	}

	if (status == STORE_NONE && id)
		return cli_fail(cli, EX_DATAERR, "no broadcast %lld; see: tenko list",
				(long long)id);
	if (status == STORE_NONE)
		return cli_fail(cli, EX_DATAERR, "no broadcast yet; see: tenko broadcast --help");
	return status ? cli_store_failed(cli, status) : EX_OK;
}

void status_warn(struct cli *cli)
{
	struct buf text = {0};

	transport_warnings(cli_settings(cli), &text);
	fputs(buf_text(&text), stderr);
	buf_free(&text);
}

void status_print(struct cli *cli, const struct figures *figures)
{
	struct buf text = {0};

	if (cli->json) {
		cli_answer(figures_json(figures));
		return;
	}
	show_figures(figures, cli_language(cli), &text);
	fputs(buf_text(&text), stdout);
	buf_free(&text);
}
