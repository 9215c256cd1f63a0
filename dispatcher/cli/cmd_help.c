#include "dispatcher/cli/cli.h"

#include "common/base/options.h"

#include <sysexits.h>

static json_t *as_json(const struct command *c)
{
	return json_pack("{s:s, s:s, s:s, s:s}", "name", c->name, "usage", c->usage, "summary",
			 c->summary, "help", c->help);
}

static void answer_all(void)
{
	json_t *list = json_array();

	for (const struct command *c = cli_commands; c->name; c++)
		json_array_append_new(list, as_json(c));
	cli_answer(json_pack("{s:o}", "commands", list));
}

int cmd_help(struct cli *cli, int argc, char **argv)
{
	const struct command *command = argc == 2 ? cli_command(argv[1]) : NULL;

	if (argc > 2)
		return cli_misused(cli, "takes one command's name");
	if (argc == 2 && !command)
		return cli_fail(cli, EX_USAGE, "no command \"%.60s\"; see: tenko help", argv[1]);
	if (command && cli->json)
		cli_answer(as_json(command));
	else if (command)
		cli_print_help(command, stdout);
	else if (cli->json)
		answer_all();
	else
		cli_print_overview(stdout);
	return EX_OK;
}

int cmd_version(struct cli *cli, int argc, char **argv)
{
	(void)argv;
	if (argc > 1)
		return cli_misused(cli, "takes no words");
	if (cli->json)
		cli_answer(json_pack("{s:s, s:i}", "version", TENKO_VERSION, "schema",
				     store_schema_known()));
	else
		printf("tenko %s (database schema %d)\n", TENKO_VERSION, store_schema_known());
	return EX_OK;
}
