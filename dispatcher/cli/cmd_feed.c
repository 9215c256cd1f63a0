#include "dispatcher/cli/feeds/feed.h"

#include "common/hazard/areas.h"

#include <string.h>
#include <sysexits.h>

static const struct part {
	const char *name;
	int (*run)(struct cli *cli, int argc, char **argv);
} parts[] = {
	{"list", feed_list},     {"show", feed_show},     {"explain", feed_explain},
	{"replay", feed_replay}, {"inject", feed_inject}, {"rules", feed_rules},
};

int feed_need_areas(const struct cli *cli)
{
	struct buf fault = {0};
	int code = EX_OK;

	if (!areas_load(&fault))
		code = cli_fail(cli, EX_OSFILE, "%s", buf_text(&fault));
	buf_free(&fault);
	return code;
}

int cmd_feed(struct cli *cli, int argc, char **argv)
{
	if (argc < 2)
		return cli_misused(cli, "what? list, show, explain, replay, inject or rules");
	for (size_t i = 0; i < LENGTH(parts); i++)
		if (strcmp(parts[i].name, argv[1]) == 0)
			return parts[i].run(cli, argc - 1, argv + 1);
	return cli_misused(cli, "\"%.60s\"? It is list, show, explain, replay, inject or rules",
			   argv[1]);
}
