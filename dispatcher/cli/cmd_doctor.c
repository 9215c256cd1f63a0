#include "dispatcher/cli/doctor/doctor.h"

#include "common/base/mem.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

enum { TIMEOUT_S = 30, TIMEOUT_MOST_S = 3600 };

/* In the order in which one would look: what stands on what. */
static const struct check checks[] = {
	{"settings", doctor_settings, NULL, false},
	{"files", doctor_files, NULL, false},
	{"disk", doctor_disk, NULL, false},
	{"store", doctor_store, "it is large: tenko verify takes its time", true},
	{"records", doctor_records, "there are many: tenko verify takes its time", true},
	{"processes", doctor_processes, NULL, false},
	{"redis", doctor_redis, NULL, false},
	{"relay", doctor_relay, NULL, false},
	{"dns", doctor_dns, NULL, false},
	{"voice", doctor_voice, NULL, false},
	{"push", doctor_push, NULL, false},
	{"feeds", doctor_feeds, NULL, true},
	{"reply", doctor_reply, NULL, true},
	{"tls", doctor_tls, NULL, true},
	{"clock", doctor_clock, NULL, false},
};

struct report {
	const struct cli *cli;
	json_t *list;
	int found[FINDING_END];
};

static enum finding level_of(const json_t *one)
{
	const char *name = json_string_value(json_object_get(one, "level"));

	for (int level = 0; name && level < FINDING_END; level++)
		if (strcmp(name, finding_name((enum finding)level)) == 0)
			return (enum finding)level;
	return FINDING_FAULT;
}

static const char *text_of(const json_t *json, const char *key)
{
	const char *text = json_string_value(json_object_get(json, key));
	return text ? text : "";
}

static void take(const struct check *check, json_t *findings, void *arg)
{
	struct report *r = arg;

	for (size_t i = 0; i < json_array_size(findings); i++) {
		json_t *one = json_array_get(findings, i);
		enum finding level = level_of(one);
		r->found[level]++;
		json_object_set_new(one, "check", json_string(check->name));
		json_array_append(r->list, one);
		if (r->cli->json)
			continue;
		printf("%-8s %-10s %s\n", finding_shown(level), check->name, text_of(one, "text"));
		if (*text_of(one, "advice"))
			printf("%-8s %-10s -> %s\n", "", "", text_of(one, "advice"));
	}
}

static int answer(const struct report *r)
{
	const int *found = r->found;

	if (r->cli->json)
		cli_answer(json_pack("{s:O, s:i, s:i, s:i, s:i}", "findings", r->list, "ok",
				     found[FINDING_FINE], "warnings", found[FINDING_WARNING],
				     "faults", found[FINDING_FAULT], "not_set_up",
				     found[FINDING_UNSET]));
	else
		printf("%d ok, %d warning%s, %d fault%s, %d not set up\n", found[FINDING_FINE],
		       found[FINDING_WARNING], found[FINDING_WARNING] == 1 ? "" : "s",
		       found[FINDING_FAULT], found[FINDING_FAULT] == 1 ? "" : "s",
		       found[FINDING_UNSET]);
	return found[FINDING_FAULT] ? EX_UNAVAILABLE : EX_OK;
}

/* A comma-separated list of checks' names. */
static bool is_named(const char *list, const char *name)
{
	size_t length = strlen(name);

	for (const char *at = list; (at = strstr(at, name)); at += length)
		if ((at == list || at[-1] == ',') && (at[length] == ',' || !at[length]))
			return true;
	return false;
}

static size_t choose(const char *only, struct check *chosen)
{
	size_t count = 0;

	for (size_t i = 0; i < LENGTH(checks); i++)
		if (!only || is_named(only, checks[i].name))
			chosen[count++] = checks[i];
	return count;
}

static size_t words(const char *list)
{
	size_t count = 1;

	for (; *list; list++)
		count += *list == ',';
	return count;
}

static int run(struct cli *cli, struct doctor *d, const char *only)
{
	struct check chosen[LENGTH(checks)];
	size_t count = choose(only, chosen);
	struct report r = {.cli = cli};

	if (only && count != words(only))
		return cli_misused(cli, "--only names checks, by comma, such as relay,dns");
	d->settings = cli_settings(cli);
	r.list = json_array();
	doctor_run(d, chosen, count, take, &r);
	int code = answer(&r);
	json_decref(r.list);
	return code;
}

int cmd_doctor(struct cli *cli, int argc, char **argv)
{
	static const struct option known[] = {{"timeout", required_argument, NULL, 't'},
					      {"resolver", required_argument, NULL, 'r'},
					      {"only", required_argument, NULL, 'o'},
					      {NULL, 0, NULL, 0}};
	struct doctor d = {.cli = cli};
	const char *only = NULL;
	int64_t seconds = TIMEOUT_S;
	int c;

	while ((c = cli_option(cli, argc, argv, known)) != -1) {
		if (c == '?')
			return EX_USAGE;
		if (c == 't' && (!cli_read_id(optarg, &seconds) || seconds > TIMEOUT_MOST_S))
			return cli_misused(cli, "--timeout is a number of seconds, %d at most",
					   TIMEOUT_MOST_S);
		if (c == 'r')
			d.resolver = optarg;
		if (c == 'o')
			only = optarg;
	}
	if (optind < argc)
		return cli_misused(cli, "takes no words");
	d.timeout = seconds * 1000;
	return run(cli, &d, only);
}
