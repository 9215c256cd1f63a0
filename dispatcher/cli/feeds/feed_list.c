#include "dispatcher/cli/feeds/feed.h"

#include "common/base/clock.h"
#include "common/base/mem.h"
#include "dispatcher/cli/feeds/feed_words.h"
#include "dispatcher/cli/show.h"

#include <inttypes.h>
#include <stdlib.h>
#include <sysexits.h>

/* `tenko feed list`: the newest telegrams, what they say and what came of it. */

enum { SHOWN = 20, SHOWN_MOST = 10000 };

struct listing {
	struct cli *cli;
	json_t *list;
	size_t count;
	enum store_status status;
};

/* What came of one telegram. */
struct sequel {
	struct store *store;
	enum language language;
	struct buf events, result;
	json_t *events_json;
	json_t *decisions_json; /* of the event at hand */
	int64_t *event_ids;
	size_t event_count;
};

static void see_event(const struct kept_event *kept, void *arg)
{
	struct sequel *o = arg;
	struct hazard_event event;

	o->event_ids = mem_resize(o->event_ids, o->event_count + 1, sizeof *o->event_ids);
	o->event_ids[o->event_count++] = kept->id;
	json_t *json = json_loads(kept->json, 0, NULL);
	json_array_append_new(o->events_json, json ? json : json_object());
	if (!event_from_json(kept->json, &event))
		return;
	if (o->events.length)
		buf_text_add(&o->events, " / ");
	feed_put_event(&event, o->language, &o->events);
	event_clear(&event);
}

static void see_decision(const struct kept_decision *d, void *arg)
{
	struct sequel *o = arg;
	char at[CLOCK_TEXT];

	json_array_append_new(o->decisions_json, feed_decision_json(d));
	if (!d->broadcast && !d->due_at)
		return;
	if (o->result.length)
		buf_text_add(&o->result, ", ");
	if (d->broadcast)
		buf_format(&o->result, "%s: broadcast %" PRId64,
			   verdict_name((enum verdict)d->verdict), d->broadcast);
	else
		buf_format(&o->result, "held until %.19s", clock_local_text(d->due_at, at));
}

static enum store_status look(struct sequel *o, int64_t telegram)
{
	enum store_status status = event_each(o->store, telegram, see_event, o);

	for (size_t i = 0; !status && i < o->event_count; i++) {
		o->decisions_json = json_array();
		status = decision_each(o->store, o->event_ids[i], see_decision, o);
		json_object_set_new(json_array_get(o->events_json, i), "decisions",
				    o->decisions_json);
	}
	return status;
}

static void print(const struct telegram *t, const struct sequel *o)
{
	struct buf line = {0};
	char at[CLOCK_TEXT];

	buf_format(&line, "%6" PRId64 "  %.19s  ", t->id, clock_local_text(t->received_at, at));
	show_cell(telegram_source_name(t->source), 9, &line);
	if (t->drill)
		buf_text_add(&line, "[drill] ");
	if (o->events.length) {
		buf_text_add(&line, buf_text(&o->events));
		buf_format(&line, "  -> %s", o->result.length ? buf_text(&o->result) : "not sent");
	} else {
		buf_format(&line, "%s", telegram_state_name(t->state));
		if (*t->reason)
			buf_text_add(&line, ": ");
		feed_put_text(t->reason, &line);
	}
	puts(buf_text(&line));
	buf_free(&line);
}

static void see_telegram(const struct telegram *t, void *arg)
{
	struct listing *l = arg;
	struct sequel o = {
		.store = cli_store(l->cli),
		.language = cli_language(l->cli),
		.events_json = json_array(),
	};

	if (!l->status)
		l->status = look(&o, t->id);
	if (!l->status && l->cli->json) {
		json_t *entry = feed_telegram_json(t);
		json_object_set(entry, "events", o.events_json);
		json_array_append_new(l->list, entry);
	} else if (!l->status) {
		print(t, &o);
	}
	l->count++;
	json_decref(o.events_json);
	buf_free(&o.events);
	buf_free(&o.result);
	free(o.event_ids);
}

/* feeds */

struct feeds {
	json_t *list;
	bool json;
};

static void see_feed(const struct feed_state *feed, void *arg)
{
	struct feeds *feeds = arg;
	struct buf line = {0};

	if (feeds->json) {
		json_array_append_new(feeds->list,
				      json_pack("{s:o, s:o, s:o, s:o}", "url",
						cli_json_text(feed->url), "asked_at",
						feed_moment_json(feed->asked_at), "answered_at",
						feed_moment_json(feed->answered_at), "fault",
						cli_json_text(feed->fault)));
		return;
	}
	buf_text_add(&line, "feed ");
	feed_put_text(feed->url, &line);
	if (feed->answered_at) {
		buf_text_add(&line, ": answered ");
		show_duration(clock_utc() - feed->answered_at, &line);
		buf_text_add(&line, " ago");
	} else {
		buf_text_add(&line, ": has not answered yet");
	}
	if (*feed->fault) {
		buf_text_add(&line, "; the last time: ");
		feed_put_text(feed->fault, &line);
	}
	puts(buf_text(&line));
	buf_free(&line);
}

/* the command */

static int read_options(const struct cli *cli, int argc, char **argv, int64_t *most)
{
	static const struct option known[] = {{"most", required_argument, NULL, 'm'},
					      {NULL, 0, NULL, 0}};
	int c;

	*most = SHOWN;
	while ((c = cli_option(cli, argc, argv, known)) != -1) {
		if (c != 'm')
			return EX_USAGE;
		if (!cli_read_id(optarg, most) || *most > SHOWN_MOST)
			return cli_misused(cli, "--most is a number from 1 to %d", SHOWN_MOST);
	}
	return optind < argc ? cli_misused(cli, "feed list takes no words") : EX_OK;
}

int feed_list(struct cli *cli, int argc, char **argv)
{
	struct listing l = {.cli = cli, .list = json_array()};
	struct feeds feeds = {.list = json_array(), .json = cli->json};
	int64_t most;
	int code = read_options(cli, argc, argv, &most);

	if (!code)
		code = feed_need_areas(cli);
	if (!code) {
		enum store_status status = telegram_each(cli_store(cli), 0, most, see_telegram, &l);
		if (!status)
			status = l.status;
		if (!status)
			status = feed_each(cli_store(cli), see_feed, &feeds);
		code = status ? cli_store_failed(cli, status) : EX_OK;
	}
	if (!code && cli->json)
		cli_answer(json_pack("{s:O, s:O}", "telegrams", l.list, "feeds", feeds.list));
	if (!code && l.count == 0)
		cli_say(cli, "no telegram yet; see feed.enabled in the settings, and: tenko feed "
			     "--help");
	json_decref(l.list);
	json_decref(feeds.list);
	return code;
}
