#include "dispatcher/cli/complete.h"

#include "common/base/buf.h"
#include "common/base/mem.h"
#include "common/conf/datadir.h"
#include "common/store/broadcast.h"
#include "common/store/people.h"
#include "dispatcher/cli/cli.h"

#include <ctype.h>
#include <dirent.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

enum { MOST = 50 };

/* What is being typed: the words behind "tenko", the last of them unfinished. */
struct typed {
	struct cli *cli;
	const struct command *command; /* NULL: not known yet */
	const char *sub;               /* its second word; NULL: none, or being typed */
	const char *word;              /* the unfinished one */
	const char *part;              /* the end of it that is to be completed */
	int place;                     /* which word that is no option, from 0: the command */
};

/* Offers what an option's value can be. */
typedef void (*values_fn)(struct typed *t);

static bool begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

static void offer(const struct typed *t, const char *value, const char *about)
{
	if (!begins(value, t->part) || strpbrk(value, " \t\n"))
		return;
	printf("%.*s%s", (int)(t->part - t->word), t->word, value);
	if (about && *about) {
		putchar('\t');
		for (; *about; about++)
			putchar((unsigned char)*about < ' ' ? ' ' : *about);
	}
	putchar('\n');
}

/* From a list of words by comma. */
static void offer_list(const struct typed *t, const char *list)
{
	char *copy = mem_string(list), *rest = copy;

	for (const char *one; (one = strsep(&rest, ","));)
		offer(t, one, NULL);
	free(copy);
}

/* from the store */

static void offer_broadcast(const struct broadcast *b, void *arg)
{
	char id[24];

	snprintf(id, sizeof id, "%" PRId64, b->id);
	offer(arg, id, b->title);
}

static void offer_code(const char *code, const char *name, void *arg)
{
	offer(arg, code, name);
}

static void broadcasts(struct typed *t)
{
	if (broadcast_each(cli_store(t->cli), MOST, offer_broadcast, t))
		return; /* nothing to offer */
}

static void users(struct typed *t)
{
	if (people_codes(cli_store(t->cli), t->part, MOST, offer_code, t))
		return;
}

static void groups(struct typed *t)
{
	if (people_group_codes(cli_store(t->cli), t->part, MOST, offer_code, t))
		return;
}

/* NAME.ja.txt makes NAME. */
static void templates(struct typed *t)
{
	static const char end[] = ".ja.txt";
	const char *folder = cli_settings(t->cli)->broadcast_template_dir;
	char *path = *folder ? mem_string(folder) : datadir_path("templates");
	DIR *dir = opendir(path);
	const struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		size_t length = strlen(entry->d_name);
		if (length < sizeof end ||
		    strcmp(entry->d_name + length - (sizeof end - 1), end) != 0)
			continue;
		char *name = mem_copy(entry->d_name, length - (sizeof end - 1));
		offer(t, name, NULL);
		free(name);
	}
	if (dir)
		closedir(dir);
	free(path);
}

/* Goes on behind the last `sign` of the part. */
static bool behind(struct typed *t, char sign)
{
	const char *at = strrchr(t->part, sign);

	if (at)
		t->part = at + 1;
	return at != NULL;
}

/* all, group:ID, user:ID ... by comma */
static void whom(struct typed *t)
{
	(void)behind(t, ',');
	const char *kind = t->part;
	if (!behind(t, ':')) {
		offer_list(t, "all,group:,user:,region:,pref:,unanswered:");
		return;
	}
	if (begins(kind, "group:"))
		groups(t);
	else if (begins(kind, "user:"))
		users(t);
	else if (begins(kind, "unanswered:"))
		broadcasts(t);
}

static void log_subject(struct typed *t)
{
	const char *kind = t->part;

	if (!behind(t, '=')) {
		offer_list(t, "attempt=,broadcast=,person=,telegram=");
		return;
	}
	if (begins(kind, "person="))
		users(t);
	else if (begins(kind, "broadcast="))
		broadcasts(t);
}

static void commands(struct typed *t)
{
	for (const struct command *c = cli_commands; c->name; c++)
		offer(t, c->name, c->summary);
}

static void files(struct typed *t)
{
	(void)t;
	puts(":files");
}

static void nothing(struct typed *t)
{
	(void)t;
}

static void words_of(struct typed *t, const char *list)
{
	(void)behind(t, ',');
	offer_list(t, list);
}

static void kinds(struct typed *t)
{
	words_of(t, "safety,notice,drill");
}

static void channels(struct typed *t)
{
	words_of(t, "mail,voice,push");
}

static void states(struct typed *t)
{
	words_of(t, "unanswered,waiting,in_flight,answered,exhausted,cancelled");
}

/* options, as the help of their command lists them */

static const struct {
	const char *option;
	values_fn values;
} valued[] = {
	{"--config", files},       {"--groups", files},
	{"--users", files},        {"--patterns", files},
	{"--contacts", files},     {"--family", files},
	{"--dir", files},          {"--body", files},
	{"--body-en", files},      {"--maildir", files},
	{"--template", templates}, {"--to", whom},
	{"--within", groups},      {"--except", broadcasts},
	{"--kind", kinds},         {"--channels", channels},
	{"--state", states},       {"--title", nothing},
	{"--title-en", nothing},   {"--rounds", nothing},
	{"--choice", nothing},     {"--item", nothing},
	{"--comment", nothing},    {"--by", nothing},
	{"--most", nothing},       {"--at", nothing},
	{"--speed", nothing},      {"--forget-device", nothing},
};

static const char *option_end(const char *at)
{
	while (islower((unsigned char)*at) || isdigit((unsigned char)*at) || *at == '-')
		at++;
	return at;
}

/* All "--name" of a line, each once for the command. */
static void offer_options(const struct typed *t, const char *line, size_t length, struct buf *known)
{
	const char *end = line + length;

	for (const char *at = line; at + 2 < end; at++) {
		if (strncmp(at, "--", 2) != 0 || !islower((unsigned char)at[2]))
			continue;
		char *name = mem_copy(at, (size_t)(option_end(at) - at));
		char *listed = mem_format(" %s ", name);
		if (!strstr(buf_text(known), listed)) {
			buf_text_add(known, listed);
			offer(t, name, NULL);
		}
		at += strlen(name);
		free(name);
		free(listed);
	}
}

/* "list           the newest telegrams": a command of the command's own; the length of its name. */
static size_t sub_length(const char *line)
{
	size_t length = 0;

	while (islower((unsigned char)line[length]))
		length++;
	return length > 0 && strncmp(line + length, "  ", 2) == 0 ? length : 0;
}

/* Of the lines below the second word, where it has some of its own; the usage has them all. */
static void options(struct typed *t)
{
	struct buf known = {0};
	const char *line = t->command->help;
	bool divided = false, mine = true;

	while (*line) {
		size_t length = strcspn(line, "\n"), sub = sub_length(line);
		if (sub) {
			divided = true;
			mine = t->sub && strlen(t->sub) == sub && strncmp(line, t->sub, sub) == 0;
		}
		if (length == 0 && divided)
			mine = false; /* examples follow */
		if (mine && (divided || begins(line, "  --")))
			offer_options(t, line, length, &known);
		line += length + (line[length] == '\n');
	}
	if (!divided)
		offer_options(t, t->command->usage, strlen(t->command->usage), &known);
	offer_list(t, "--config,--json,--help");
	buf_free(&known);
}

static bool sub_commands(struct typed *t)
{
	const char *line = t->command->help;
	bool any = false;

	while (*line) {
		size_t sub = sub_length(line);
		if (sub) {
			char *name = mem_copy(line, sub);
			offer(t, name, NULL);
			free(name);
			any = true;
		}
		line += strcspn(line, "\n");
		line += *line == '\n';
	}
	return any;
}

/* what stands by its place */

/* "status [BROADCAST]", "reply BROADCAST USER" */
static bool begins_with_broadcast(const struct command *command)
{
	const char *next = command->usage + strlen(command->name);

	return begins(next, " BROADCAST") || begins(next, " [BROADCAST");
}

static void by_place(struct typed *t)
{
	const char *name = t->command->name;
	bool first = t->place == 1;

	if (first && begins_with_broadcast(t->command)) {
		broadcasts(t);
		return;
	}
	if (strcmp(name, "log") == 0)
		log_subject(t);
	else if (strcmp(name, "help") == 0 && first)
		commands(t);
	else if ((strcmp(name, "person") == 0 && first) ||
		 (strcmp(name, "reply") == 0 && t->place == 2))
		users(t);
	else if (!first || !sub_commands(t))
		files(t);
}

/* reading what was typed */

/* "--every WHEN": what comes behind the option, capital letters say. */
static bool shows_value(const char *text, const char *option)
{
	size_t length = strlen(option);

	for (const char *at = text; (at = strstr(at, option)); at += length)
		if (at[length] == ' ' && isupper((unsigned char)at[length + 1]))
			return true;
	return false;
}

static bool takes_value(const struct typed *t, const char *word, values_fn *values)
{
	for (size_t i = 0; i < LENGTH(valued); i++)
		if (strcmp(valued[i].option, word) == 0) {
			*values = valued[i].values;
			return true;
		}
	*values = nothing;
	return t->command &&
	       (shows_value(t->command->usage, word) || shows_value(t->command->help, word));
}

/* Behind the last finished word: the function for the value that it waits for, or NULL. */
static values_fn read_words(struct typed *t, int argc, char **argv)
{
	values_fn values = NULL;

	for (int i = 0; i < argc - 1; i++) {
		if (values) {
			if (strcmp(argv[i - 1], "--config") == 0)
				t->cli->config = argv[i];
			values = NULL;
		} else if (begins(argv[i], "--config=")) {
			t->cli->config = argv[i] + strlen("--config=");
		} else if (*argv[i] != '-') {
			if (t->place == 0)
				t->command = cli_command(argv[i]);
			else if (t->place == 1)
				t->sub = argv[i];
			t->place++;
		} else if (!takes_value(t, argv[i], &values)) {
			values = NULL;
		}
	}
	return values;
}

static int complete(struct cli *cli, int argc, char **argv)
{
	struct typed t = {.cli = cli};
	values_fn values;

	if (argc > 1 && strcmp(argv[1], "--") == 0) {
		argc--;
		argv++;
	}
	if (argc < 2)
		return EX_USAGE;
	values = read_words(&t, argc - 1, argv + 1);
	t.word = t.part = argv[argc - 1];
	if (values)
		values(&t);
	else if (t.place == 0 && *t.word != '-')
		commands(&t);
	else if (t.place == 0)
		offer_list(&t, "--config,--json,--help,--version");
	else if (t.command && *t.word == '-')
		options(&t);
	else if (t.command)
		by_place(&t);
	return EX_OK;
}

const struct command complete_command = {.name = "complete",
					 .usage = "complete -- WORD...",
					 .summary = "",
					 .help = "",
					 .run = complete};
