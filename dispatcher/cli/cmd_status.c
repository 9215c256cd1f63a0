#include "dispatcher/cli/command.h"

#include "dispatcher/cli/status.h"
#include "dispatcher/cli/views/watch.h"

#include <sysexits.h>

int cmd_status(struct cli *cli, int argc, char **argv)
{
	static const struct option known[] = {{"watch", no_argument, NULL, 'w'},
					      {NULL, 0, NULL, 0}};
	struct figures *f = NULL;
	bool watch = false;
	int64_t id = 0;
	int c;

	while ((c = cli_option(cli, argc, argv, known)) != -1) {
		if (c == '?')
			return EX_USAGE;
		watch = true;
	}
	if (argc - optind > 1 || (argc > optind && !cli_read_id(argv[optind], &id)))
		return cli_misused(cli, "takes one broadcast's number");
	status_warn(cli);
	if (watch)
		return watch_broadcast(cli, id);
	int code = status_load(cli, id, &f);
	if (!code)
		status_print(cli, f);
	figures_free(f);
	return code;
}
