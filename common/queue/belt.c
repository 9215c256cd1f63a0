#include "common/queue/belt.h"

#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/base/number.h"
#include "common/queue/redis.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct belt {
	struct redis *redis;   /* questions */
	struct redis *line;    /* the pipeline: its answers may be read later than others are asked */
	struct redis *waiting; /* the connection that waits for results */
	struct event *readable;
	struct event_base *loop;
	void (*on_results)(void *arg);
	void (*on_lost)(void *arg);
	void *arg;
	bool asked; /* a blocking read is under way */
	char *streams[CHANNEL_END][LANES]; /* their keys */
};

struct belt *belt_new(const struct settings *settings, struct event_base *loop,
		      void (*on_results)(void *arg), void (*on_lost)(void *arg), void *arg)
{
	struct belt *belt = mem_alloc(sizeof *belt);

	*belt = (struct belt){
		.redis = redis_new(settings),
		.line = redis_new(settings),
		.waiting = redis_new(settings),
		.loop = loop,
		.on_results = on_results,
		.on_lost = on_lost,
		.arg = arg,
	};
	for (int c = CHANNEL_NONE + 1; c < CHANNEL_END; c++)
		for (int lane = 0; lane < LANES; lane++)
			belt->streams[c][lane] = mem_string(redis_key(
				belt->redis, "q:%s:%d", channel_name((enum channel)c), lane));
	return belt;
}

void belt_free(struct belt *belt)
{
	if (!belt)
		return;
	belt_disconnect(belt);
	redis_free(belt->redis);
	redis_free(belt->line);
	redis_free(belt->waiting);
	for (int c = CHANNEL_NONE + 1; c < CHANNEL_END; c++)
		for (int lane = 0; lane < LANES; lane++)
			free(belt->streams[c][lane]);
	free(belt);
}

void belt_disconnect(struct belt *belt)
{
	if (belt->readable)
		event_free(belt->readable);
	belt->readable = NULL;
	belt->asked = false;
	redis_close(belt->redis);
	redis_close(belt->line);
	redis_close(belt->waiting);
}

const char *belt_error(const struct belt *belt)
{
	const struct redis *first = redis_connected(belt->redis) ? belt->line : belt->redis;

	return redis_error(redis_connected(first) ? belt->waiting : first);
}

/* The blocking read has answered: whatever it says, the results are read on the other one. */
static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct belt *belt = arg;
	bool broken;

	(void)fd;
	(void)what;
	redisReply *reply = redis_answer(belt->waiting, &broken);
	if (broken) {
		belt->on_lost(belt->arg);
		return;
	}
	if (!reply)
		return;
	freeReplyObject(reply);
	belt->asked = false;
	belt->on_results(belt->arg);
}

bool belt_connect(struct belt *belt)
{
	belt_disconnect(belt);
	if (!redis_connect(belt->redis) || !redis_connect(belt->line) ||
	    !redis_connect(belt->waiting))
		return false;
	belt->readable = event_new(belt->loop, redis_fd(belt->waiting), EV_READ | EV_PERSIST,
				   on_readable, belt);
	event_add(belt->readable, NULL);
	return true;
}

static const char *stream(const struct belt *belt, enum channel channel, int lane)
{
	return belt->streams[channel][lane];
}

/* A command that must not answer with an error. */
static bool went_well(struct belt *belt, redisReply *reply, const char *unless)
{
	bool fine = reply && (reply->type != REDIS_REPLY_ERROR ||
			      (unless && strncmp(reply->str, unless, strlen(unless)) == 0));

	if (reply && !fine) {
		log_error("redis.refused", "error=%s", log_quote(reply->str));
		redis_close(belt->redis);
	}
	freeReplyObject(reply);
	return fine;
}

/* epoch and streams */

bool belt_whose(struct belt *belt, const char *epoch, enum belt_owner *owner)
{
	redisReply *reply = redis_ask(belt->redis, "GET %s", redis_key(belt->redis, "epoch"));

	*owner = BELT_OURS;
	if (reply && reply->type == REDIS_REPLY_NIL)
		*owner = BELT_EMPTIED;
	else if (reply && reply->type == REDIS_REPLY_STRING && strcmp(reply->str, epoch) != 0)
		*owner = BELT_OTHERS;
	return went_well(belt, reply, NULL);
}

bool belt_mark_epoch(struct belt *belt, const char *epoch)
{
	return went_well(
		belt, redis_ask(belt->redis, "SET %s %s", redis_key(belt->redis, "epoch"), epoch),
		NULL);
}

static bool make_group(struct belt *belt, const char *key)
{
	return went_well(belt, redis_ask(belt->redis, "XGROUP CREATE %s workers 0 MKSTREAM", key),
			 "BUSYGROUP");
}

bool belt_stream_last(struct belt *belt, enum channel channel, int lane, int64_t *last)
{
	const char *key = stream(belt, channel, lane);

	*last = 0;
	if (!make_group(belt, key))
		return false;
	redisReply *reply = redis_ask(belt->redis, "XINFO STREAM %s", key);
	for (size_t i = 0; reply && reply->type == REDIS_REPLY_ARRAY && i + 1 < reply->elements;
	     i += 2)
		if (strcmp(reply->element[i]->str, "last-generated-id") == 0)
			*last = strtoll(reply->element[i + 1]->str, NULL, 10);
	return went_well(belt, reply, NULL);
}

bool belt_stream_drop(struct belt *belt, enum channel channel, int lane)
{
	return went_well(belt, redis_ask(belt->redis, "DEL %s", stream(belt, channel, lane)), NULL);
}

bool belt_stream_reset(struct belt *belt, enum channel channel, int lane)
{
	return belt_stream_drop(belt, channel, lane) &&
	       make_group(belt, stream(belt, channel, lane));
}

bool belt_stream_ids(struct belt *belt, enum channel channel, int lane, int64_t after, int64_t *ids,
		     size_t room, size_t *count)
{
	redisReply *reply =
		redis_ask(belt->redis, "XRANGE %s %lld + COUNT %lld", stream(belt, channel, lane),
			  (long long)after + 1, (long long)room);

	*count = 0;
	if (reply && reply->type == REDIS_REPLY_ARRAY)
		for (size_t i = 0; i < reply->elements && i < room; i++)
			ids[(*count)++] = strtoll(reply->element[i]->element[0]->str, NULL, 10);
	return went_well(belt, reply, NULL);
}

/* jobs */

/* An argument of a command as Redis reads it, without its bytes. */
static void add_length(struct buf *out, const char *sign, size_t length)
{
	char digits[NUMBER_TEXT];

	buf_text_add(out, sign);
	buf_text_add(out, number_text((int64_t)length, digits));
	buf_add(out, "\r\n", 2);
}

static void add_argument(struct buf *out, const char *bytes, size_t length)
{
	add_length(out, "$", length);
	buf_add(out, bytes, length);
	buf_add(out, "\r\n", 2);
}

/* XADD key attempt-0 j bytes: written here, as there is one a job. */
void parcel_add(struct parcel *parcel, const struct belt *belt, int lane, const struct job *job)
{
	struct buf *out = &parcel->bytes, *bytes = &parcel->job;
	const char *key = stream(belt, job->channel, lane);
	char digits[NUMBER_TEXT];
	const char *id = number_text(job->attempt, digits);

	buf_clear(bytes);
	job_encode(job, bytes);
	add_length(out, "*", 5);
	add_argument(out, "XADD", 4);
	add_argument(out, key, strlen(key));
	add_length(out, "$", strlen(id) + 2);
	buf_text_add(out, id);
	buf_add(out, "-0\r\n", 4);
	add_argument(out, "j", 1);
	add_argument(out, bytes->data, bytes->length);
	parcel->jobs++;
	parcel->newest[job->channel][lane] = job->attempt;
}

void parcel_clear(struct parcel *parcel)
{
	buf_clear(&parcel->bytes);
	parcel->jobs = 0;
	memset(parcel->newest, 0, sizeof parcel->newest);
}

void parcel_free(struct parcel *parcel)
{
	buf_free(&parcel->bytes);
	buf_free(&parcel->job);
	parcel_clear(parcel);
}

/* the pipeline */

void belt_add_jobs(struct belt *belt, const struct parcel *parcel)
{
	redis_add_encoded(belt->line, buf_text(&parcel->bytes), parcel->bytes.length,
			  parcel->jobs);
}

/* They are of use for a while only; nobody may be there to take them. */
void belt_add_look(struct belt *belt, enum channel channel, int64_t attempt, const char *reference)
{
	enum { KEPT_SECONDS = 600 };
	const char *key = redis_key(belt->redis, "looks:%s", channel_name(channel));

	redis_addf(belt->line, "RPUSH %s %lld:%s", key, (long long)attempt, reference);
	redis_addf(belt->line, "EXPIRE %s %d", key, KEPT_SECONDS);
}

void belt_stop(struct belt *belt, int64_t broadcast, int64_t ordinal)
{
	redis_addf(belt->line, "SETBIT %s %lld 1",
		   redis_key(belt->redis, "stop:%" PRId64, broadcast), (long long)ordinal);
}

void belt_stop_bits(struct belt *belt, int64_t broadcast, const void *bits, size_t bytes)
{
	redis_addf(belt->line, "SET %s %b", redis_key(belt->redis, "stop:%" PRId64, broadcast),
		   bits, bytes);
}

void belt_halt(struct belt *belt, int64_t broadcast, bool halted)
{
	const char *key = redis_key(belt->redis, "halt:%" PRId64, broadcast);

	if (halted)
		redis_addf(belt->line, "SET %s 1", key);
	else
		redis_addf(belt->line, "DEL %s", key);
}

void belt_content(struct belt *belt, const struct content *content)
{
	struct buf json = {0};

	content_encode(content, &json);
	redis_addf(belt->line, "SET %s %b",
		   redis_key(belt->redis, "content:%" PRId64, content->broadcast), json.data,
		   json.length);
	buf_free(&json);
}

void belt_retire(struct belt *belt, int64_t broadcast)
{
	static const char *const names[] = {"stop", "halt", "content"};

	for (size_t i = 0; i < LENGTH(names); i++)
		redis_addf(belt->line, "EXPIRE %s 86400",
			   redis_key(belt->redis, "%s:%" PRId64, names[i], broadcast));
}

static void count_refused(size_t i, const redisReply *reply, void *arg)
{
	size_t *refused = arg;

	(void)i;
	if (reply->type != REDIS_REPLY_ERROR)
		return;
	if ((*refused)++ == 0)
		log_error("redis.refused", "error=%s", log_quote(reply->str));
}

bool belt_send(struct belt *belt)
{
	return redis_push(belt->line);
}

bool belt_settle(struct belt *belt, size_t *refused)
{
	*refused = 0;
	return redis_run(belt->line, count_refused, refused);
}

bool belt_flush(struct belt *belt, size_t *refused)
{
	return belt_send(belt) && belt_settle(belt, refused);
}

/* recall */

/* An entry is recalled when it is in the stream and no consumer holds it. */
static const char recall_script[] =
	"local taken = {}\n"
	"for i = 1, #ARGV do\n"
	"  local id = ARGV[i] .. '-0'\n"
	"  local held = redis.call('XPENDING', KEYS[1], 'workers', id, id, 1)\n"
	"  taken[i] = #held == 0 and redis.call('XDEL', KEYS[1], id) or 0\n"
	"end\n"
	"return taken\n";

bool belt_recall(struct belt *belt, enum channel channel, int lane, const int64_t *ids,
		 size_t count, bool *taken)
{
	size_t argc = count + 4;
	const char **args = mem_array(argc, sizeof *args);
	size_t *lengths = mem_array(argc, sizeof *lengths);
	char(*texts)[24] = mem_array(count, sizeof *texts);

	args[0] = "EVAL";
	args[1] = recall_script;
	args[2] = "1";
	args[3] = stream(belt, channel, lane);
	for (size_t i = 0; i < count; i++) {
		snprintf(texts[i], sizeof texts[i], "%" PRId64, ids[i]);
		args[4 + i] = texts[i];
	}
	for (size_t i = 0; i < argc; i++)
		lengths[i] = strlen(args[i]);

	redisReply *reply = NULL;
	if (redis_connected(belt->redis))
		reply = redis_ask_args(belt->redis, argc, args, lengths);
	for (size_t i = 0; i < count; i++)
		taken[i] = reply && reply->type == REDIS_REPLY_ARRAY && i < reply->elements &&
			   reply->element[i]->integer == 1;
	free(args);
	free(lengths);
	free(texts);
	return went_well(belt, reply, NULL);
}

/* results */

static void bury(struct belt *belt, const char *id, const char *bytes, size_t length,
		 const char *reason)
{
	log_error("result.refused", "entry=%s reason=%s", id, log_quote(reason));
	redis_addf(belt->redis, "XADD %s * from results id %s reason %s raw %b",
		   redis_key(belt->redis, "dead"), id, reason, bytes, length);
	redis_addf(belt->redis, "XDEL %s %s", redis_key(belt->redis, "results"), id);
}

/* Room for one more report, whatever it holds. */
static void make_room(struct results *results)
{
	if (results->count + REPORT_MOST > results->room) {
		results->room = 2 * results->room + REPORT_MOST;
		results->list = mem_resize(results->list, results->room, sizeof *results->list);
	}
	if (results->entry_count == results->entry_room) {
		results->entry_room = 2 * results->entry_room + 8;
		results->entries =
			mem_resize(results->entries, results->entry_room, sizeof *results->entries);
	}
}

/* An entry is [id, [field, value, ...]]; ours have the one field r. */
static void read_entry(struct belt *belt, const redisReply *entry, struct results *results)
{
	const char *id = entry->element[0]->str, *reason = "not one field r";
	const redisReply *fields = entry->element[1];
	bool shaped = fields->type == REDIS_REPLY_ARRAY && fields->elements == 2 &&
		      strcmp(fields->element[0]->str, "r") == 0;
	const char *bytes = shaped ? fields->element[1]->str : "";
	size_t length = shaped ? fields->element[1]->len : 0, count;

	make_room(results);
	struct results_entry *to = &results->entries[results->entry_count];
	if (!shaped || !report_decode(bytes, length, results->list + results->count, &count,
				      &to->texts, &reason)) {
		bury(belt, id, bytes, length, reason);
		return;
	}
	snprintf(to->id, sizeof to->id, "%s", id);
	results->count += count;
	results->entry_count++;
}

/* The entries behind `after`, up to `most`; how many there were. */
static bool read_entries(struct belt *belt, char *after, size_t room, size_t most, size_t *read,
			 struct results *results)
{
	size_t refused = 0;
	redisReply *reply = redis_ask(belt->redis, "XRANGE %s %s + COUNT %lld",
				      redis_key(belt->redis, "results"), after, (long long)most);

	*read = 0;
	if (reply && reply->type == REDIS_REPLY_ARRAY) {
		*read = reply->elements;
		for (size_t i = 0; i < reply->elements; i++)
			read_entry(belt, reply->element[i], results);
		if (*read > 0)
			snprintf(after, room, "(%s", reply->element[*read - 1]->element[0]->str);
	}
	return went_well(belt, reply, NULL) && redis_run(belt->redis, count_refused, &refused);
}

/* How much stands in an entry is not known before it is read: few at first, then as many again. */
bool belt_results(struct belt *belt, size_t most, struct results *results)
{
	enum { ENTRIES_FIRST = 8 };
	char after[sizeof results->entries->id + 1] = "-";
	size_t ask = ENTRIES_FIRST, seen = 0, read;

	*results = (struct results){.more = true};
	while (results->more && results->count < most) {
		if (!read_entries(belt, after, sizeof after, ask, &read, results)) {
			results_free(results);
			return false;
		}
		results->more = read == ask;
		seen += read;
		ask = seen < most ? seen : most;
	}
	return true;
}

bool belt_results_done(struct belt *belt, const struct results *results)
{
	size_t argc = results->entry_count + 2;
	const char **args = mem_array(argc, sizeof *args);
	size_t *lengths = mem_array(argc, sizeof *lengths);

	args[0] = "XDEL";
	args[1] = redis_key(belt->redis, "results");
	for (size_t i = 0; i < results->entry_count; i++)
		args[i + 2] = results->entries[i].id;
	for (size_t i = 0; i < argc; i++)
		lengths[i] = strlen(args[i]);
	redisReply *reply =
		results->entry_count ? redis_ask_args(belt->redis, argc, args, lengths) : NULL;
	free(args);
	free(lengths);
	return results->entry_count == 0 || went_well(belt, reply, NULL);
}

void results_free(struct results *results)
{
	for (size_t i = 0; i < results->entry_count; i++)
		free(results->entries[i].texts);
	free(results->entries);
	free(results->list);
	*results = (struct results){0};
}

bool belt_wait_for_results(struct belt *belt)
{
	if (belt->asked)
		return true;
	belt->asked = redis_send(belt->waiting, "XREAD COUNT 1 BLOCK 0 STREAMS %s 0-0",
				 redis_key(belt->waiting, "results"));
	return belt->asked;
}

bool belt_figures(struct belt *belt, struct queue_figures *figures)
{
	return queue_figures_ask(belt->redis, figures);
}
