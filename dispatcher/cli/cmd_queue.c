#include "dispatcher/cli/command.h"

#include "common/base/clock.h"
#include "common/queue/figures.h"
#include "common/store/queued.h"
#include "dispatcher/cli/show.h"

#include <inttypes.h>
#include <sysexits.h>

static const char *const lane_names[] = {"urgent", "routine"};

/* Milliseconds since the oldest job of a stream was made; -1: there is none. */
static int oldest_age(struct cli *cli, const struct stream_figures *s, int64_t *age)
{
	int64_t created = 0;

	*age = -1;
	if (s->oldest_id == 0)
		return EX_OK;
	enum store_status status = queued_since(cli_store(cli), s->oldest_id, &created);
	if (status && status != STORE_NONE)
		return cli_store_failed(cli, status);
	if (!status)
		*age = clock_utc() - created;
	return EX_OK;
}

static json_t *consumers_json(const struct stream_figures *s)
{
	json_t *list = json_array();

	for (size_t i = 0; i < s->consumer_count; i++)
		json_array_append_new(list,
				      json_pack("{s:o, s:I, s:I}", "name",
						cli_json_text(s->consumers[i].name), "pending",
						(json_int_t)s->consumers[i].pending, "idle_ms",
						(json_int_t)s->consumers[i].idle_ms));
	return list;
}

static json_t *stream_json(const struct stream_figures *s, int64_t age)
{
	return json_pack("{s:s, s:i, s:I, s:I, s:o, s:I, s:I, s:o}", "channel",
			 channel_name(s->channel), "lane", s->lane, "length", (json_int_t)s->length,
			 "pending", (json_int_t)s->pending, "oldest_age_ms",
			 age < 0 ? json_null() : json_integer(age), "oldest_attempt",
			 (json_int_t)s->oldest_id, "last_attempt", (json_int_t)s->last_id,
			 "consumers", consumers_json(s));
}

static void print_stream(const struct stream_figures *s, int64_t age)
{
	struct buf line = {0};

	buf_format(&line, "%s, %s: %" PRId64 " jobs, %" PRId64 " with workers",
		   channel_name(s->channel), lane_names[s->lane ? 1 : 0], s->length, s->pending);
	if (age >= 0) {
		buf_text_add(&line, ", the oldest for ");
		show_duration(age, &line);
	}
	for (size_t i = 0; i < s->consumer_count; i++) {
		buf_format(&line, "\n  %-24s %" PRId64 " jobs, last heard of ",
			   s->consumers[i].name, s->consumers[i].pending);
		show_duration(s->consumers[i].idle_ms, &line);
		buf_text_add(&line, " ago");
	}
	puts(buf_text(&line));
	buf_free(&line);
}

static int answer(struct cli *cli, const struct queue_figures *figures)
{
	json_t *streams = json_array();
	int code = EX_OK;

	for (size_t i = 0; !code && i < figures->stream_count; i++) {
		int64_t age;
		code = oldest_age(cli, &figures->streams[i], &age);
		if (!code && cli->json)
			json_array_append_new(streams, stream_json(&figures->streams[i], age));
		else if (!code)
			print_stream(&figures->streams[i], age);
	}
	if (!code && cli->json)
		cli_answer(json_pack("{s:O, s:I, s:I}", "streams", streams, "results",
				     (json_int_t)figures->results, "dead",
				     (json_int_t)figures->dead));
	else if (!code)
		printf("reports not taken in yet: %" PRId64 "\ndead letters: %" PRId64 "\n",
		       figures->results, figures->dead);
	json_decref(streams);
	return code;
}

int cmd_queue(struct cli *cli, int argc, char **argv)
{
	static const struct option known[] = {{NULL, 0, NULL, 0}};
	struct queue_figures figures;
	struct buf fault = {0};

	if (cli_option(cli, argc, argv, known) != -1)
		return EX_USAGE;
	if (optind < argc)
		return cli_misused(cli, "takes no words");
	if (!queue_figures_read(cli_settings(cli), &figures, &fault)) {
		int failed =
			cli_fail(cli, EX_UNAVAILABLE,
				 "the queue cannot be reached: %s. Nothing is lost by that; is "
				 "tenkod running?",
				 buf_text(&fault));
		buf_free(&fault);
		return failed;
	}
	int code = answer(cli, &figures);
	queue_figures_free(&figures);
	return code;
}
