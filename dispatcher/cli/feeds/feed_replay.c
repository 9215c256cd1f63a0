#include "dispatcher/cli/feeds/feed.h"

#include "common/base/clock.h"
#include "common/base/mem.h"
#include "common/store/people.h"
#include "common/text/moment.h"
#include "dispatcher/cli/feeds/feed_files.h"
#include "dispatcher/cli/feeds/feed_play.h"
#include "dispatcher/cli/feeds/feed_words.h"
#include "dispatcher/cli/show.h"

#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

/* `tenko feed replay`: telegrams from files, in the order they were sent in, on a virtual clock. */

/* One report of a file, or a file without any. */
struct item {
	const struct feed_file *file;
	enum hazard_read read;
	struct hazard_event event; /* HAZARD_READ */
	char *reason;              /* else */
	size_t order;
};

struct replay {
	struct cli *cli;
	bool people;  /* names too */
	double speed; /* 0: as fast as it goes */
	int64_t at;   /* when the first is sent; 0: when it was */
	struct feed_files files;
	struct rules rules;
	struct item *items;
	size_t count;

	/* what became of the event at hand */
	struct buf line;
	bool fired;
	json_t *decisions;
	int64_t virtual_now;

	json_t *list;
	int64_t telegrams_fired, telegrams_not, passed, refused, contacts;
	enum store_status status;
};

/* reading */

static struct item *add_item(struct replay *r, const struct feed_file *file, enum hazard_read read)
{
	r->items = mem_resize(r->items, r->count + 1, sizeof *r->items);
	struct item *item = &r->items[r->count];

	*item = (struct item){.file = file, .read = read, .order = r->count};
	r->count++;
	return item;
}

static void read_file(struct replay *r, const struct feed_file *file)
{
	struct events events = {0};
	struct buf reason = {0};
	enum hazard_read read = hazard_read(hazard_guess(file->bytes, file->length), file->bytes,
					    file->length, &events, &reason);

	for (size_t i = 0; i < events.count; i++)
		add_item(r, file, HAZARD_READ)->event = events.list[i];
	/* Of a list of messages, some may be read and others passed over. */
	if (read != HAZARD_READ || reason.length)
		add_item(r, file, read == HAZARD_READ ? HAZARD_PASSED : read)->reason =
			mem_string(buf_text(&reason));
	free(events.list); /* the events are the items' now */
	buf_free(&reason);
}

/* What tells no time comes first. */
static int by_time(const void *a, const void *b)
{
	const struct item *x = a, *y = b;

	if (x->event.sent_at != y->event.sent_at)
		return x->event.sent_at < y->event.sent_at ? -1 : 1;
	return x->order < y->order ? -1 : 1;
}

static void shift(struct hazard_event *event, int64_t by)
{
	event->sent_at += by;
	if (event->occurred_at)
		event->occurred_at += by;
	if (event->expires_at)
		event->expires_at += by;
}

static void put_in_order(struct replay *r)
{
	int64_t by = 0;

	if (r->count)
		qsort(r->items, r->count, sizeof *r->items, by_time);
	for (size_t i = 0; r->at && i < r->count; i++) {
		struct item *item = &r->items[i];
		if (item->read != HAZARD_READ)
			continue;
		if (!by)
			by = r->at - item->event.sent_at;
		shift(&item->event, by);
	}
}

/* telling */

static const char *short_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

static json_t *people_json(struct replay *r, const struct played *p)
{
	json_t *list = json_array();

	for (size_t i = 0; !r->status && i < p->count; i++) {
		char *code = NULL, *name = NULL;
		r->status = people_name(cli_store(r->cli), p->people[i], &code, &name);
		if (!r->status)
			json_array_append_new(list,
					      json_pack("{s:o, s:o}", "user", cli_json_text(code),
							"name", cli_json_text(name)));
		free(code);
		free(name);
	}
	return list;
}

static void put_people(struct replay *r, const struct played *p)
{
	struct buf people = {0};

	show_people((int64_t)p->count, &people);
	buf_format(&r->line, " -> %s", buf_text(&people));
	buf_free(&people);
	for (size_t i = 0; r->people && !r->status && i < p->count; i++) {
		char *code = NULL, *name = NULL;
		r->status = people_name(cli_store(r->cli), p->people[i], &code, &name);
		if (!r->status) {
			buf_format(&r->line, "%s%s ", i ? ", " : ": ", code);
			feed_put_text(name, &r->line);
		}
		free(code);
		free(name);
	}
}

static json_t *played_json(struct replay *r, const struct played *p)
{
	const struct decision *d = p->decision;
	json_t *regions = json_array();

	for (size_t i = 0; i < d->region_count; i++)
		json_array_append_new(regions,
				      json_pack("{s:s, s:s, s:i}", "region", d->regions[i].region,
						"what", d->regions[i].what, "level",
						d->regions[i].level));
	json_t *json = json_pack("{s:o, s:s?, s:s, s:o, s:o, s:o, s:I, s:b}", "at",
				 feed_moment_json(p->at), "rule", d->rule ? d->rule->name : NULL,
				 "verdict", verdict_name(d->verdict), "reason",
				 cli_json_text(d->reason), "regions", regions, "broadcast",
				 p->broadcast ? json_integer(p->broadcast) : json_null(), "people",
				 (json_int_t)p->count, "was_held", p->was_held);
	if (r->people)
		json_object_set_new(json, "who", people_json(r, p));
	if (*p->fault)
		json_object_set_new(json, "fault", cli_json_text(p->fault));
	return json;
}

static void put_decision(struct replay *r, const struct played *p)
{
	const struct decision *d = p->decision;

	if (r->line.length)
		buf_text_add(&r->line, " | ");
	if (d->rule)
		buf_format(&r->line, "rule %s: ", d->rule->name);
	feed_put_text(d->reason, &r->line);
	if (p->broadcast)
		put_people(r, p);
	if (*p->fault)
		buf_format(&r->line, " (%s)", p->fault);
}

static void print_line(struct replay *r, int64_t at, const char *mark, const char *name,
		       const struct hazard_event *event)
{
	struct buf line = {0};
	char time[CLOCK_TEXT];

	buf_format(&line, "%-19.19s  %-5s  %s  ", at ? clock_local_text(at, time) : "", mark, name);
	if (event) {
		feed_put_event(event, cli_language(r->cli), &line);
		buf_text_add(&line, ": ");
	}
	feed_put_text(buf_text(&r->line), &line);
	puts(buf_text(&line));
	fflush(stdout);
	buf_free(&line);
}

/* What was held speaks for itself; the event at hand once all its decisions are there. */
static void see(const struct played *p, void *arg)
{
	struct replay *r = arg;

	r->contacts += (int64_t)p->count;
	if (r->cli->json)
		json_array_append_new(r->decisions, played_json(r, p));
	if (!p->was_held) {
		r->fired |= p->broadcast != 0;
		put_decision(r, p);
		return;
	}
	struct buf kept = r->line;
	r->line = (struct buf){0};
	put_decision(r, p);
	if (!r->cli->json)
		print_line(r, p->at, p->broadcast ? "SENT" : "-", "(was held)", p->event);
	buf_free(&r->line);
	r->line = kept;
}

static void tell_item(struct replay *r, const struct item *item)
{
	const char *name = short_name(item->file->name);
	bool read = item->read == HAZARD_READ;
	const char *mark = r->fired ? "SENT" : item->read == HAZARD_REFUSED ? "BAD" : "-";

	if (!read)
		buf_format(&r->line, "%s: %s", item->read == HAZARD_PASSED ? "passed" : "refused",
			   item->reason);
	if (!r->cli->json) {
		print_line(r, read ? item->event.sent_at : 0, mark, name,
			   read ? &item->event : NULL);
		return;
	}
	json_t *entry =
		json_pack("{s:o, s:s, s:b, s:O}", "file", cli_json_text(item->file->name), "state",
			  read                          ? "read"
			  : item->read == HAZARD_PASSED ? "passed"
							: "refused",
			  "fired", r->fired, "decisions", r->decisions);
	if (read) {
		char *event = event_json(&item->event);
		json_object_set_new(entry, "event", json_loads(event, 0, NULL));
		json_object_set_new(entry, "at", feed_moment_json(item->event.sent_at));
		free(event);
	} else {
		json_object_set_new(entry, "reason", cli_json_text(item->reason));
	}
	json_array_append_new(r->list, entry);
}

/* playing */

static void keep_pace(struct replay *r, int64_t next)
{
	int64_t gap = r->virtual_now ? next - r->virtual_now : 0;

	r->virtual_now = next;
	for (double left = r->speed > 0 ? (double)gap / r->speed : 0; left > 0; left -= 1000)
		poll(NULL, 0, left < 1000 ? (int)left : 1000);
}

static void count(struct replay *r, const struct item *item)
{
	if (item->read == HAZARD_PASSED)
		r->passed++;
	else if (item->read == HAZARD_REFUSED)
		r->refused++;
	else if (r->fired)
		r->telegrams_fired++;
	else
		r->telegrams_not++;
}

static enum store_status play_item(struct replay *r, struct play *play, const struct item *item)
{
	enum store_status status = STORE_OK;

	buf_clear(&r->line);
	r->fired = false;
	r->decisions = json_array();
	if (item->read == HAZARD_READ) {
		keep_pace(r, item->event.sent_at);
		status = play_event(play, &item->event, item->event.sent_at);
	}
	if (!status)
		status = r->status;
	if (!status) {
		count(r, item);
		tell_item(r, item);
	}
	json_decref(r->decisions);
	return status;
}

static void answer(const struct replay *r)
{
	struct buf contacts = {0};

	if (r->cli->json) {
		cli_answer(json_pack("{s:O, s:{s:I, s:I, s:I, s:I, s:I}}", "telegrams", r->list,
				     "summary", "fired", (json_int_t)r->telegrams_fired,
				     "not_fired", (json_int_t)r->telegrams_not, "passed",
				     (json_int_t)r->passed, "refused", (json_int_t)r->refused,
				     "contacts", (json_int_t)r->contacts));
		return;
	}
	show_people(r->contacts, &contacts);
	printf("%zu telegrams: %" PRId64 " fired, %" PRId64 " not, %" PRId64
	       " passed over, %" PRId64 " refused; %s would have been contacted. Nothing was "
	       "sent.\n",
	       r->count, r->telegrams_fired, r->telegrams_not, r->passed, r->refused,
	       buf_text(&contacts));
	buf_free(&contacts);
}

static int play_all(struct replay *r, struct store *store)
{
	struct play *play = play_new(store, &r->rules, see, r);
	enum store_status status = STORE_OK;

	for (size_t i = 0; !status && i < r->count; i++)
		status = play_item(r, play, &r->items[i]);
	r->decisions = json_array();
	if (!status)
		status = play_end(play);
	if (r->cli->json && json_array_size(r->decisions))
		json_array_append_new(r->list, json_pack("{s:s, s:O}", "state", "held_to_the_end",
							 "decisions", r->decisions));
	json_decref(r->decisions);
	play_free(play);
	if (status)
		return cli_store_failed(r->cli, status);
	answer(r);
	return EX_OK;
}

/* The roster, if there is one yet: rules can be tried before. */
static int open_roster(struct replay *r, struct store **store)
{
	enum store_status status =
		store_open(cli_settings(r->cli)->tenko_data_dir, false, &r->cli->store);

	*store = status ? NULL : r->cli->store;
	if (status == STORE_MISSING && !r->people) {
		cli_say(r->cli, "there is no data directory, so no roster: nobody would be "
				"contacted");
		store_close(r->cli->store);
		r->cli->store = NULL;
		return EX_OK;
	}
	return status ? cli_store_failed(r->cli, status) : EX_OK;
}

static int load_rules(struct replay *r)
{
	char *folder = rules_folder(cli_settings(r->cli)->feed_rules_dir);
	struct buf fault = {0};
	int code = EX_OK;

	if (!rules_read(folder, &r->rules, &fault))
		code = cli_fail(r->cli, EX_CONFIG, "%s", buf_text(&fault));
	buf_free(&fault);
	free(folder);
	return code;
}

static bool read_moment(const char *text, int64_t *at)
{
	if (strcmp(text, "now") == 0) {
		*at = clock_utc();
		return true;
	}
	return moment_read(text, MOMENT_JST, at);
}

static int read_options(struct replay *r, int argc, char **argv)
{
	static const struct option known[] = {{"at", required_argument, NULL, 'a'},
					      {"speed", required_argument, NULL, 's'},
					      {"dry-run", no_argument, NULL, 'd'},
					      {"people", no_argument, NULL, 'p'},
					      {NULL, 0, NULL, 0}};
	char *end;
	int c;

	while ((c = cli_option(r->cli, argc, argv, known)) != -1) {
		switch (c) {
		case 'a':
			if (!read_moment(optarg, &r->at))
				return cli_misused(r->cli, "--at is now, or a time such as "
							   "\"2026-11-21 14:46:00\"");
			break;
		case 's':
			r->speed = strtod(optarg, &end);
			if (*end || !(r->speed > 0 && r->speed <= 1e6))
				return cli_misused(r->cli, "--speed is a number from 0.1 or so: "
							   "60 plays an hour in a minute");
			break;
		case 'd':
			break; /* it never does anything else */
		case 'p':
			r->people = true;
			break;
		default:
			return EX_USAGE;
		}
	}
	return optind < argc ? EX_OK
			     : cli_misused(r->cli, "feed replay takes files or folders of "
						   "telegrams");
}

int feed_replay(struct cli *cli, int argc, char **argv)
{
	struct replay r = {.cli = cli, .list = json_array()};
	struct store *store = NULL;
	int code = read_options(&r, argc, argv);

	if (!code)
		code = feed_need_areas(cli);
	if (!code)
		code = load_rules(&r);
	for (int i = optind; !code && i < argc; i++)
		code = feed_files_add(cli, argv[i], &r.files);
	if (!code)
		code = open_roster(&r, &store);
	for (size_t i = 0; !code && i < r.files.count; i++)
		read_file(&r, &r.files.list[i]);
	put_in_order(&r);
	if (!code)
		code = play_all(&r, store);
	for (size_t i = 0; i < r.count; i++) {
		event_clear(&r.items[i].event);
		free(r.items[i].reason);
	}
	free(r.items);
	feed_files_free(&r.files);
	rules_free(&r.rules);
	buf_free(&r.line);
	json_decref(r.list);
	return code;
}
