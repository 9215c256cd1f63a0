#include "dispatcher/cli/cli.h"

#include "common/base/mem.h"
#include "common/base/utf8.h"
#include "common/queue/poke.h"
#include "dispatcher/cli/complete.h"

#include <errno.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#define COMMAND(symbol, function, words, line, text) \
	{.name = #symbol, .usage = words, .summary = line, .help = text, .run = function},
const struct command cli_commands[] = {
#include "dispatcher/cli/commands.def"
	{.name = NULL},
};
#undef COMMAND

const struct command *cli_command(const char *name)
{
	for (const struct command *c = cli_commands; c->name; c++)
		if (strcmp(c->name, name) == 0)
			return c;
	return strcmp(name, complete_command.name) == 0 ? &complete_command : NULL;
}

/* help */

/* Named on one line, so that the overview fits a screen. */
static bool is_seldom_used(const char *name)
{
	static const char *const names[] = {"export", "bounce",	 "queue",  "verify", "backup",
					    "restore", "config", "version", "help"};

	for (size_t i = 0; i < LENGTH(names); i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

void cli_print_overview(FILE *out)
{
	fputs("Usage: tenko [--config FILE] COMMAND [options]\n", out);
	for (const struct command *c = cli_commands; c->name; c++)
		if (!is_seldom_used(c->name))
			fprintf(out, "  %-10s %s\n", c->name, c->summary);
	fputs("Also:", out);
	for (const struct command *c = cli_commands; c->name; c++)
		if (is_seldom_used(c->name))
			fprintf(out, " %s", c->name);
	fputs("\n--json gives any answer as JSON. All about one command: tenko COMMAND --help\n"
	      "Settings: --config FILE, else $TENKO_CONFIG, else /etc/tenko/tenko.conf\n",
	      out);
}

void cli_print_help(const struct command *command, FILE *out)
{
	fprintf(out, "Usage: tenko %s\n%s\n", command->usage, command->summary);
	if (*command->help)
		fprintf(out, "\n%s", command->help);
	fputs("\n--config FILE: the settings; --json: the answer as JSON\n", out);
}

/* messages */

static void complain(const struct cli *cli, const char *format, va_list args)
{
	fflush(stdout);
	fprintf(stderr, "tenko%s%s: ", cli->command ? " " : "",
		cli->command ? cli->command->name : "");
	vfprintf(stderr, format, args);
}

int cli_fail(const struct cli *cli, int code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	complain(cli, format, args);
	va_end(args);
	fputc('\n', stderr);
	return code;
}

void cli_say(const struct cli *cli, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	complain(cli, format, args);
	va_end(args);
	fputc('\n', stderr);
}

int cli_misused(const struct cli *cli, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	complain(cli, format, args);
	va_end(args);
	fprintf(stderr, "; see: tenko %s --help\n", cli->command->name);
	return EX_USAGE;
}

int cli_store_failed(const struct cli *cli, enum store_status status)
{
	if (status == STORE_BUSY)
		return cli_fail(cli, EX_TEMPFAIL, "%s; another process holds it: try again",
				store_error(cli->store));
	return cli_fail(cli, store_exit_code(status), "%s", store_error(cli->store));
}

/* arguments */

int cli_option(const struct cli *cli, int argc, char **argv, const struct option *known)
{
	const char *name = cli->command->name;
	int c;

	opterr = 0;
	c = getopt_long(argc, argv, ":", known, NULL);
	if (c == ':')
		cli_say(cli, "%.60s needs a value; see: tenko %s --help", argv[optind - 1], name);
	if (c == '?')
		cli_say(cli, "unknown option %.60s; see: tenko %s --help",
			optopt && argv[optind] ? argv[optind] : argv[optind - 1], name);
	return c == ':' ? '?' : c;
}

bool cli_read_id(const char *text, int64_t *id)
{
	size_t length = strspn(text, "0123456789");

	if (length == 0 || length > 10 || text[length])
		return false;
	*id = strtoll(text, NULL, 10);
	return *id > 0 && *id <= UINT32_MAX;
}

/* "--config X" and "--config=X": 2 or 1 words, the value in *value; 0: another word. */
static int config_words(int left, char **word, const char **value)
{
	static const char name[] = "--config";
	size_t length = sizeof name - 1;

	if (strncmp(word[0], name, length) != 0)
		return 0;
	if (word[0][length] == '=') {
		*value = word[0] + length + 1;
		return 1;
	}
	if (word[0][length])
		return 0;
	*value = left > 1 ? word[1] : NULL;
	return 2;
}

/* Takes the shared options out of argv, wherever they stand before "--". False: told why. */
static bool take_shared(struct cli *cli, int *argc, char **argv, bool *help)
{
	int kept = 1, i = 1;

	while (i < *argc && strcmp(argv[i], "--") != 0) {
		int words = config_words(*argc - i, argv + i, &cli->config);
		if (words && (!cli->config || !*cli->config)) {
			cli_say(cli, "--config needs a file; see: tenko help");
			return false;
		}
		if (words)
			i += words - 1;
		else if (strcmp(argv[i], "--json") == 0)
			cli->json = true;
		else if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
			*help = true;
		else
			argv[kept++] = argv[i];
		i++;
	}
	while (i < *argc)
		argv[kept++] = argv[i++];
	argv[kept] = NULL;
	*argc = kept;
	return true;
}

/* answers */

json_t *cli_json_text(const char *text)
{
	if (utf8_valid(text, strlen(text)))
		return json_string(text);
	char *copy = mem_string(text);
	for (char *p = copy; *p; p++)
		if (*p & 0x80)
			*p = '?';
	json_t *json = json_string(copy);
	free(copy);
	return json;
}

void cli_answer(json_t *answer)
{
	json_dumpf(answer, stdout, JSON_REAL_PRECISION(6));
	putchar('\n');
	json_decref(answer);
}

/* what commands need */

struct settings *cli_settings(struct cli *cli)
{
	if (!cli->settings)
		cli->settings = settings_read_or_exit(cli->config);
	return cli->settings;
}

struct store *cli_store(struct cli *cli)
{
	if (cli->store)
		return cli->store;
	const char *dir = cli_settings(cli)->tenko_data_dir;
	enum store_status status = store_open(dir, false, &cli->store);
	if (status && access(dir, R_OK | W_OK | X_OK) && errno == EACCES)
		exit(cli_fail(cli, EX_NOPERM, "%s: not yours; run this as root or as its owner",
			      dir));
	if (status == STORE_MISSING && *cli->settings->roles_workers)
		exit(cli_fail(
			cli, EX_CONFIG,
			"%s says roles.workers = %s: there is no database here; run this on the "
			"machine that has it",
			cli->settings->file, cli->settings->roles_workers));
	if (status)
		exit(cli_store_failed(cli, status));
	return cli->store;
}

enum language cli_language(struct cli *cli)
{
	enum language language = LANGUAGE_JA;

	if (!language_by_name(cli_settings(cli)->tenko_language, &language))
		language = LANGUAGE_JA;
	return language;
}

static bool is_decent_name(const char *name)
{
	size_t length = name ? strlen(name) : 0;

	return length > 0 && length <= 64 && utf8_valid(name, length) &&
	       !utf8_has_controls(name, false);
}

const char *cli_who(void)
{
	static char by_uid[32];
	const char *sudo = getenv("SUDO_USER");
	const struct passwd *user = getpwuid(getuid());

	if (is_decent_name(sudo))
		return sudo;
	if (user && is_decent_name(user->pw_name))
		return user->pw_name;
	snprintf(by_uid, sizeof by_uid, "uid %ld", (long)getuid());
	return by_uid;
}

enum store_status cli_audit(struct cli *cli, const char *action, const char *subject,
			    const char *detail)
{
	struct store *store = cli_store(cli);
	enum store_status status = store_begin(store);

	if (!status)
		status = store_audit(store, cli_who(), action, subject, detail);
	if (!status)
		return store_commit(store);
	store_rollback(store);
	return status;
}

bool cli_poke(struct cli *cli)
{
	return poke_send(cli_settings(cli));
}

/* the program */

static int run(struct cli *cli, int argc, char **argv)
{
	bool help = false;

	if (!take_shared(cli, &argc, argv, &help))
		return EX_USAGE;
	if (argc < 2) {
		cli_print_overview(help ? stdout : stderr);
		return help ? EX_OK : EX_USAGE;
	}
	const char *name = strcmp(argv[1], "--version") == 0 ? "version" : argv[1];
	const struct command *command = cli_command(name);
	if (!command)
		return cli_fail(cli, EX_USAGE, "no command \"%.60s\"; see: tenko help", name);
	cli->command = command;
	if (help) {
		cli_print_help(command, stdout);
		return EX_OK;
	}
	return command->run(cli, argc - 1, argv + 1);
}

int cli_main(int argc, char **argv)
{
	static struct cli cli;
	int code = run(&cli, argc, argv);

	store_close(cli.store);
	settings_free(cli.settings);
	cli.store = NULL;
	cli.settings = NULL;
	if ((fflush(stdout) || ferror(stdout)) && code == EX_OK)
		return cli_fail(&cli, EX_IOERR, "the answer cannot be written: %s",
				strerror(errno));
	return code;
}
