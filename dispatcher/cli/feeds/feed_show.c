#include "dispatcher/cli/feeds/feed.h"

#include "common/base/clock.h"
#include "common/base/mem.h"
#include "dispatcher/cli/feeds/feed_words.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

/* `tenko feed show` and `tenko feed explain`: one telegram, and why anything did or did not fire. */

struct view {
	struct cli *cli;
	struct telegram telegram;
	bool decisions; /* explain: why; show: what it says */
	json_t *events;
	json_t *event_decisions; /* of the event at hand */
	struct {
		int64_t id;
		char *json;
	} * kept;
	size_t count;
};

static void see_event(const struct kept_event *kept, void *arg)
{
	struct view *v = arg;

	v->kept = mem_resize(v->kept, v->count + 1, sizeof *v->kept);
	v->kept[v->count].id = kept->id;
	v->kept[v->count++].json = mem_string(kept->json);
}

/* the text */

static void print_line(const char *name, const char *text)
{
	struct buf line = {0};

	if (!*text)
		return;
	buf_format(&line, "  %-10s ", name);
	feed_put_text(text, &line);
	puts(buf_text(&line));
	buf_free(&line);
}

static void print_moment(const char *name, int64_t at)
{
	char text[CLOCK_TEXT];

	if (at)
		print_line(name, clock_local_text(at, text));
}

static void print_head(const struct telegram *t)
{
	struct buf line = {0};

	buf_format(&line, "Telegram %" PRId64 ", %s (%s)%s", t->id, telegram_state_name(t->state),
		   telegram_state_phrase(t->state), t->drill ? ", injected as a drill" : "");
	if (*t->reason) {
		buf_text_add(&line, ": ");
		feed_put_text(t->reason, &line);
	}
	puts(buf_text(&line));
	buf_free(&line);
	print_line("source", telegram_source_name(t->source));
	print_line("key", t->key);
	print_line("by", t->by);
	print_moment("received", t->received_at);
}

static void print_areas(const struct hazard_event *event, enum language language)
{
	for (size_t i = 0; i < event->area_count; i++) {
		const struct event_area *a = &event->areas[i];
		struct buf line = {0};
		buf_format(&line, "    %-6s ", *a->region ? a->region : a->code);
		feed_put_text(a->name, &line);
		if (*a->what)
			buf_format(&line, "  %s", a->what);
		buf_format(&line, "  %s",
			   a->level ? level_phrase(event->hazard, a->level, (int)language)
				    : "none (any more)");
		puts(buf_text(&line));
		buf_free(&line);
	}
}

static void print_event(const struct hazard_event *event, enum language language)
{
	struct buf keys = {0}, line = {0};

	for (size_t i = 0; i < event->key_count; i++)
		buf_format(&keys, "%s%s", i ? " " : "", event->keys[i]);
	buf_format(&line, "%s: ", hazard_phrase(event->hazard));
	feed_put_event(event, language, &line);
	puts(buf_text(&line));
	print_line("status", event_status_name(event->status));
	print_line("act", event_act_name(event->act));
	print_line("event", buf_text(&keys));
	print_moment("sent", event->sent_at);
	print_moment("occurred", event->occurred_at);
	print_moment("expires", event->expires_at);
	print_line("place", event->place);
	print_line("magnitude", event->magnitude);
	print_line("headline", event->headline);
	print_line("text", event->text);
	print_areas(event, language);
	buf_free(&keys);
	buf_free(&line);
}

static void see_decision(const struct kept_decision *d, void *arg)
{
	struct view *v = arg;
	struct buf line = {0};
	char at[CLOCK_TEXT];

	if (v->cli->json) {
		json_array_append_new(v->event_decisions, feed_decision_json(d));
		return;
	}
	buf_format(&line, "  %.19s  ", clock_local_text(d->at, at));
	if (*d->rule)
		buf_format(&line, "rule %s: ", d->rule);
	feed_put_text(d->reason, &line);
	if (d->broadcast)
		buf_format(&line, " [broadcast %" PRId64 "]", d->broadcast);
	if (d->due_at)
		buf_format(&line, " [until %.19s]", clock_local_text(d->due_at, at));
	puts(buf_text(&line));
	buf_free(&line);
}

/* the whole */

static enum store_status show_event(struct view *v, size_t i)
{
	enum language language = cli_language(v->cli);
	struct hazard_event event;
	json_t *json = json_loads(v->kept[i].json, 0, NULL);
	struct buf line = {0};
	enum store_status status = STORE_OK;
	bool sound = event_from_json(v->kept[i].json, &event);

	v->event_decisions = json_array();
	if (sound && !v->cli->json && v->decisions) {
		feed_put_event(&event, language, &line);
		printf("%s: %s\n", hazard_phrase(event.hazard), buf_text(&line));
	} else if (sound && !v->cli->json) {
		print_event(&event, language);
	}
	if (v->decisions || v->cli->json)
		status = decision_each(cli_store(v->cli), v->kept[i].id, see_decision, v);
	if (json)
		json_object_set(json, "decisions", v->event_decisions);
	json_array_append_new(v->events, json ? json : json_null());
	json_decref(v->event_decisions);
	buf_free(&line);
	if (sound)
		event_clear(&event);
	return status;
}

static int show_all(struct view *v)
{
	struct cli *cli = v->cli;
	enum store_status status = event_each(cli_store(cli), v->telegram.id, see_event, v);

	if (!cli->json)
		print_head(&v->telegram);
	for (size_t i = 0; !status && i < v->count; i++)
		status = show_event(v, i);
	if (status)
		return cli_store_failed(cli, status);
	if (cli->json) {
		json_t *answer = feed_telegram_json(&v->telegram);
		json_object_set(answer, "events", v->events);
		cli_answer(answer);
	} else if (v->telegram.state == TELEGRAM_RECEIVED) {
		cli_say(cli, "tenko-feed has not read it yet; is tenkod running?");
	}
	return EX_OK;
}

static int print_raw(struct cli *cli, const struct telegram *t)
{
	if (fwrite(t->bytes, 1, t->length, stdout) != t->length)
		return cli_fail(cli, EX_IOERR, "the telegram cannot be written");
	return EX_OK;
}

static int load(struct cli *cli, int argc, char **argv, struct telegram *t)
{
	int64_t id = 0;

	if (argc - optind > 1 || (argc > optind && !cli_read_id(argv[optind], &id)))
		return cli_misused(cli, "feed %s takes one telegram's number; see: tenko feed list",
				   argv[0]);
	enum store_status status = telegram_load(cli_store(cli), id, t);
	if (status == STORE_NONE && id)
		return cli_fail(cli, EX_DATAERR,
				"no telegram %" PRId64 "; see: tenko feed list --most 100", id);
	if (status == STORE_NONE)
		return cli_fail(cli, EX_DATAERR,
				"no telegram yet; how the feeds do: tenko feed list");
	return status ? cli_store_failed(cli, status) : EX_OK;
}

static int show(struct cli *cli, int argc, char **argv, bool decisions)
{
	static const struct option known[] = {{"raw", no_argument, NULL, 'r'}, {NULL, 0, NULL, 0}};
	static const struct option none[] = {{NULL, 0, NULL, 0}};
	struct view v = {.cli = cli, .decisions = decisions, .events = json_array()};
	bool raw = false;
	int c, code = EX_OK;

	while (!code && (c = cli_option(cli, argc, argv, decisions ? none : known)) != -1) {
		raw |= c == 'r';
		code = c == 'r' ? EX_OK : EX_USAGE;
	}
	if (!code)
		code = feed_need_areas(cli);
	if (!code)
		code = load(cli, argc, argv, &v.telegram);
	if (!code)
		code = raw ? print_raw(cli, &v.telegram) : show_all(&v);
	for (size_t i = 0; i < v.count; i++)
		free(v.kept[i].json);
	free(v.kept);
	json_decref(v.events);
	telegram_free(&v.telegram);
	return code;
}

int feed_show(struct cli *cli, int argc, char **argv)
{
	return show(cli, argc, argv, false);
}

int feed_explain(struct cli *cli, int argc, char **argv)
{
	return show(cli, argc, argv, true);
}
