#include "dispatcher/cli/views/top.h"

#include "common/base/clock.h"
#include "common/base/mem.h"
#include "common/store/broadcast.h"
#include "common/store/decision.h"
#include "common/store/delivery.h"
#include "common/store/figures.h"

#include <stdlib.h>
#include <string.h>

enum { FEEDS_MOST = 100 };

void top_free(struct top *t)
{
	if (!t)
		return;
	if (t->reached)
		queue_figures_free(&t->queue);
	for (size_t i = 0; i < t->feed_count; i++) {
		free(t->feeds[i].url);
		free(t->feeds[i].fault);
	}
	for (int c = 0; c < CHANNEL_END; c++)
		free(t->channels[c].reason);
	buf_free(&t->fault);
	free(t->oldest_ms);
	free(t->workers);
	free(t->feeds);
	free(t);
}

/* A worker stands in the streams of both lanes. */
static void add_worker(struct top *t, enum channel channel, const struct consumer_figures *c)
{
	for (size_t i = 0; i < t->worker_count; i++) {
		struct top_worker *known = &t->workers[i];
		if (known->channel != channel || strcmp(known->name, c->name) != 0)
			continue;
		known->jobs += c->pending;
		known->idle_ms = c->idle_ms < known->idle_ms ? c->idle_ms : known->idle_ms;
		return;
	}
	t->workers = mem_resize(t->workers, t->worker_count + 1, sizeof *t->workers);
	struct top_worker *new = &t->workers[t->worker_count++];
	*new = (struct top_worker){.channel = channel, .jobs = c->pending, .idle_ms = c->idle_ms};
	memcpy(new->name, c->name, sizeof new->name);
}

static enum store_status load_queue(struct cli *cli, struct top *t)
{
	enum store_status status = STORE_OK;

	t->reached = queue_figures_read(cli_settings(cli), &t->queue, &t->fault);
	if (!t->reached)
		return STORE_OK;
	t->oldest_ms = mem_array(t->queue.stream_count, sizeof *t->oldest_ms);
	for (size_t i = 0; !status && i < t->queue.stream_count; i++) {
		const struct stream_figures *s = &t->queue.streams[i];
		int64_t since = 0;
		if (s->oldest_id)
			status = queued_since(cli_store(cli), s->oldest_id, &since);
		status = status == STORE_NONE ? STORE_OK : status;
		t->oldest_ms[i] = since ? t->at - since : -1;
		for (size_t k = 0; k < s->consumer_count; k++)
			add_worker(t, s->channel, &s->consumers[k]);
	}
	return status;
}

static void take_settings(const struct settings *settings, struct top *t)
{
	t->channels[CHANNEL_MAIL].window = settings->pacing_mail_window;
	t->channels[CHANNEL_MAIL].rate = settings->pacing_mail_rate;
	t->channels[CHANNEL_VOICE].window = settings->pacing_voice_window;
	t->channels[CHANNEL_VOICE].rate = settings->pacing_voice_rate;
	t->channels[CHANNEL_PUSH].window = settings->pacing_push_window;
	t->channels[CHANNEL_PUSH].rate = settings->pacing_push_rate;
}

static enum store_status load_channels(struct cli *cli, struct top *t)
{
	struct pace_measured paces[CHANNEL_END];
	struct channel_outage outages[CHANNEL_END];
	enum store_status status = queued_measure(cli_store(cli), t->at, paces);

	take_settings(cli_settings(cli), t);
	if (!status)
		status = channel_outages(cli_store(cli), outages);
	for (int c = CHANNEL_NONE + 1; !status && c < CHANNEL_END; c++) {
		t->channels[c].pace = paces[c];
		t->channels[c].down_since = outages[c].since;
		t->channels[c].reason = outages[c].reason;
		status = attempt_open_count(cli_store(cli), (enum channel)c,
					    &t->channels[c].in_flight);
	}
	return status;
}

static void load_processes(struct cli *cli, const struct top *before, struct top *t)
{
	t->process_count = local_processes(cli_settings(cli), t->processes);
	for (size_t i = 0; before && i < t->process_count; i++)
		for (size_t k = 0; k < before->process_count; k++)
			if (before->processes[k].pid == t->processes[i].pid)
				t->percent[i] = local_percent(t->processes[i].ticks -
								      before->processes[k].ticks,
							      t->monotonic - before->monotonic);
}

static void add_feed(const struct feed_state *feed, void *arg)
{
	struct top *t = arg;

	if (t->feed_count == FEEDS_MOST)
		return;
	t->feeds = mem_resize(t->feeds, t->feed_count + 1, sizeof *t->feeds);
	t->feeds[t->feed_count++] = (struct top_feed){.url = mem_string(feed->url),
						      .fault = mem_string(feed->fault),
						      .answered_at = feed->answered_at};
}

int top_load(struct cli *cli, const struct top *before, struct top **top)
{
	struct top *t = mem_alloc(sizeof *t);
	int64_t *open = NULL;
	size_t count = 0;

	t->at = clock_utc();
	t->monotonic = clock_monotonic();
	enum store_status status = load_queue(cli, t);
	if (!status)
		status = load_channels(cli, t);
	if (!status)
		status = feed_each(cli_store(cli), add_feed, t);
	if (!status)
		status = broadcast_open_ids(cli_store(cli), &open, &count);
	free(open);
	t->running = (int64_t)count;
	load_processes(cli, before, t);
	if (!status) {
		*top = t;
		return 0;
	}
	top_free(t);
	return cli_store_failed(cli, status);
}

double top_rate(const struct pace_measured *pace)
{
	int64_t span = pace->last_end - pace->first_end;

	return pace->ended > 1 && span > 0 ? (double)(pace->ended - 1) * 1000.0 / (double)span : 0;
}

/* JSON */

static json_t *moment_json(int64_t at)
{
	char text[CLOCK_TEXT];
	return at ? json_string(clock_utc_text(at, text)) : json_null();
}

static json_t *queues_json(const struct top *t)
{
	json_t *list = json_array();

	for (size_t i = 0; i < t->queue.stream_count; i++) {
		const struct stream_figures *s = &t->queue.streams[i];
		json_array_append_new(list, json_pack("{s:s, s:s, s:I, s:I, s:o}", "channel",
						      channel_name(s->channel), "lane",
						      s->lane ? "routine" : "urgent", "jobs",
						      (json_int_t)s->length, "with_workers",
						      (json_int_t)s->pending, "oldest_age_ms",
						      t->oldest_ms[i] < 0
							      ? json_null()
							      : json_integer(t->oldest_ms[i])));
	}
	return list;
}

static json_t *channels_json(const struct top *t)
{
	json_t *list = json_array();

	for (int c = CHANNEL_NONE + 1; c < CHANNEL_END; c++) {
		double rate = top_rate(&t->channels[c].pace);
		json_t *down = t->channels[c].down_since
				       ? json_pack("{s:o, s:o}", "since",
						   moment_json(t->channels[c].down_since), "reason",
						   cli_json_text(t->channels[c].reason))
				       : json_null();
		json_array_append_new(
			list, json_pack("{s:s, s:I, s:I, s:f, s:I, s:o}", "channel",
					channel_name((enum channel)c), "in_flight",
					(json_int_t)t->channels[c].in_flight, "window",
					(json_int_t)t->channels[c].window, "rate",
					(double)(int64_t)(rate * 10 + 0.5) / 10, "rate_limit",
					(json_int_t)t->channels[c].rate, "down", down));
	}
	return list;
}

static json_t *workers_json(const struct top *t)
{
	json_t *list = json_array();

	for (size_t i = 0; i < t->worker_count; i++)
		json_array_append_new(list, json_pack("{s:o, s:s, s:I, s:I}", "name",
						      cli_json_text(t->workers[i].name), "channel",
						      channel_name(t->workers[i].channel), "jobs",
						      (json_int_t)t->workers[i].jobs, "idle_ms",
						      (json_int_t)t->workers[i].idle_ms));
	return list;
}

static json_t *processes_json(const struct top *t)
{
	json_t *list = json_array();

	for (size_t i = 0; i < t->process_count; i++)
		json_array_append_new(list,
				      json_pack("{s:o, s:I, s:f, s:I, s:I}", "name",
						cli_json_text(t->processes[i].name), "pid",
						(json_int_t)t->processes[i].pid, "cpu_percent",
						(double)(int64_t)(t->percent[i] * 10 + 0.5) / 10,
						"memory_kb", (json_int_t)t->processes[i].memory_kb,
						"seconds", (json_int_t)t->processes[i].seconds));
	return list;
}

static json_t *feeds_json(const struct top *t)
{
	json_t *list = json_array();

	for (size_t i = 0; i < t->feed_count; i++)
		json_array_append_new(list, json_pack("{s:o, s:o, s:o}", "url",
						      cli_json_text(t->feeds[i].url), "answered_at",
						      moment_json(t->feeds[i].answered_at), "fault",
						      cli_json_text(t->feeds[i].fault)));
	return list;
}

json_t *top_json(const struct top *t)
{
	json_t *fault = t->reached ? json_null() : cli_json_text(buf_text(&t->fault));

	return json_pack("{s:I, s:o, s:o, s:I, s:I, s:o, s:o, s:o, s:o}", "broadcasts_open",
			 (json_int_t)t->running, "queue_fault", fault, "queues", queues_json(t),
			 "results", (json_int_t)t->queue.results, "dead", (json_int_t)t->queue.dead,
			 "channels", channels_json(t), "workers", workers_json(t), "processes",
			 processes_json(t), "feeds", feeds_json(t));
}
