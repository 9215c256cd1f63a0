#include "common/queue/claim.h"

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/base/number.h"
#include "common/queue/belt.h"
#include "common/queue/redis.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct claim {
	struct redis *redis;   /* commands */
	struct redis *waiting; /* the connection that waits for jobs */
	enum channel channel;
	char *worker;
	int64_t claim_timeout;
	int64_t autoclaim_at; /* monotonic: when to look again for what others hold too long */
	bool own_first;       /* what this worker held before it died was not fetched yet */
	bool asked;           /* a blocking read is under way */
};

struct claim *claim_open(const struct settings *settings, enum channel channel, const char *worker)
{
	struct claim *claim = mem_alloc(sizeof *claim);

	*claim = (struct claim){
		.redis = redis_new(settings),
		.waiting = redis_new(settings),
		.channel = channel,
		.worker = mem_string(worker),
		.claim_timeout = settings->redis_claim_timeout,
	};
	return claim;
}

void claim_free(struct claim *claim)
{
	if (!claim)
		return;
	redis_free(claim->redis);
	redis_free(claim->waiting);
	free(claim->worker);
	free(claim);
}

bool claim_connect(struct claim *claim)
{
	claim_disconnect(claim);
	claim->own_first = true;
	claim->autoclaim_at = 0;
	return redis_connect(claim->redis) && redis_connect(claim->waiting);
}

void claim_disconnect(struct claim *claim)
{
	redis_close(claim->redis);
	redis_close(claim->waiting);
	claim->asked = false;
}

const char *claim_error(const struct claim *claim)
{
	return redis_error(redis_connected(claim->redis) ? claim->waiting : claim->redis);
}

static const char *stream(const struct claim *claim, int lane)
{
	return redis_key(claim->redis, "q:%s:%d", channel_name(claim->channel), lane);
}

/* reporting */

/* Acknowledges and deletes the jobs of one lane, each by one command. */
static void let_go(struct claim *claim, const struct result *results, const int *lanes,
		   size_t count, int lane)
{
	enum { WORDS = 3 };
	const char *key = stream(claim, lane), *args[WORDS + REPORT_MOST];
	size_t lengths[WORDS + REPORT_MOST], n = 0;
	char ids[REPORT_MOST][24];

	for (size_t i = 0; i < count; i++) {
		if (lanes[i] != lane)
			continue;
		int length = snprintf(ids[n], sizeof ids[n], "%" PRId64 "-0", results[i].attempt);
		args[WORDS + n] = ids[n];
		lengths[WORDS + n++] = (size_t)length;
	}
	if (n == 0)
		return;
	const char *acknowledge[WORDS] = {"XACK", key, "workers"}, *delete[] = {"XDEL", key};
	for (size_t i = 0; i < WORDS; i++)
		lengths[i] = strlen(args[i] = acknowledge[i]);
	redis_add(claim->redis, WORDS + n, args, lengths);
	for (size_t i = 0; i < LENGTH(delete); i++)
		lengths[i + 1] = strlen(args[i + 1] = delete[i]);
	redis_add(claim->redis, WORDS + n - 1, args + 1, lengths + 1);
}

/* Up to REPORT_MOST results, and their jobs, at one stroke. */
static void add_report(struct claim *claim, const struct result *results, const int *lanes,
		       size_t count)
{
	struct buf bytes = {0};

	report_encode(results, count, &bytes);
	redis_addf(claim->redis, "MULTI");
	redis_addf(claim->redis, "XADD %s * r %b", redis_key(claim->redis, "results"), bytes.data,
		   bytes.length);
	for (int lane = 0; lane < LANES; lane++)
		let_go(claim, results, lanes, count, lane);
	redis_addf(claim->redis, "EXEC");
	buf_free(&bytes);
}

/* XACK answers NOGROUP after the queue was emptied; the rest of the transaction holds. */
static void see_refusal(size_t i, const redisReply *reply, void *arg)
{
	bool *refused = arg;

	(void)i;
	if (reply->type == REDIS_REPLY_ERROR && strncmp(reply->str, "NOGROUP", 7) != 0) {
		*refused = true;
		log_error("redis.refused", "error=%s", log_quote(reply->str));
	}
}

bool claim_report(struct claim *claim, const struct result *results, const int *lanes, size_t count)
{
	bool refused = false;

	for (size_t done = 0, n; done < count; done += n) {
		n = count - done < REPORT_MOST ? count - done : REPORT_MOST;
		add_report(claim, results + done, lanes + done, n);
	}
	return redis_run(claim->redis, see_refusal, &refused) && !refused;
}

/* taking */

void claims_free(struct claims *claims)
{
	for (size_t i = 0; i < claims->count; i++)
		job_free(&claims->list[i].job);
	free(claims->list);
	*claims = (struct claims){0};
}

/* A job nobody can read: kept as a dead letter, and the attempt ends so that the chain goes on.
 */
static void bury(struct claim *claim, int lane, const char *id, const char *bytes, size_t length,
		 const char *reason)
{
	struct result result = {
		.outcome = OUTCOME_NOT_TRIED,
		.attempt = strtoll(id, NULL, 10),
		.started = clock_utc(),
		.finished = clock_utc(),
		.worker = claim->worker,
		.detail = (char *)(uintptr_t)reason,
	};

	log_error("job.refused", "attempt=%" PRId64 " reason=%s", result.attempt,
		  log_quote(reason));
	redis_addf(claim->redis, "XADD %s * stream %s id %s reason %s raw %b",
		   redis_key(claim->redis, "dead"), stream(claim, lane), id, reason, bytes, length);
	result.outcome = OUTCOME_REFUSED;
	add_report(claim, &result, &lane, 1);
}

static void take_entry(struct claim *claim, int lane, const redisReply *entry,
		       struct claims *claims)
{
	const char *id = entry->element[0]->str, *reason = "not one field j";
	const redisReply *fields = entry->element[1];
	struct claimed c = {.lane = lane};

	if (fields->type != REDIS_REPLY_ARRAY) { /* deleted while it was held */
		redis_addf(claim->redis, "XACK %s workers %s", stream(claim, lane), id);
		return;
	}
	bool shaped = fields->elements == 2 && strcmp(fields->element[0]->str, "j") == 0;
	const char *bytes = shaped ? fields->element[1]->str : "";
	size_t length = shaped ? fields->element[1]->len : 0;
	if (!shaped || !job_decode(bytes, length, &c.job, &reason)) {
		bury(claim, lane, id, bytes, length, reason);
		return;
	}
	claims->list[claims->count++] = c;
}

static void take_entries(struct claim *claim, int lane, const redisReply *entries,
			 struct claims *claims)
{
	if (entries->type != REDIS_REPLY_ARRAY)
		return;
	claims->list =
		mem_resize(claims->list, claims->count + entries->elements, sizeof *claims->list);
	for (size_t i = 0; i < entries->elements; i++)
		if (entries->element[i]->type == REDIS_REPLY_ARRAY)
			take_entry(claim, lane, entries->element[i], claims);
}

/* False: an error answer; NOGROUP, or UNBLOCKED in a read under way: the queue was emptied. */
static bool sound(const redisReply *reply, struct claims *claims)
{
	if (reply->type != REDIS_REPLY_ERROR)
		return true;
	if (strncmp(reply->str, "NOGROUP", 7) == 0 || strncmp(reply->str, "UNBLOCKED", 9) == 0)
		claims->lost_group = true;
	else
		log_error("redis.refused", "error=%s", log_quote(reply->str));
	return false;
}

static bool take_held(struct claim *claim, int lane, size_t most, struct claims *claims)
{
	redisReply *reply =
		redis_ask(claim->redis, "XREADGROUP GROUP workers %s COUNT %lld STREAMS %s 0",
			  claim->worker, (long long)most, stream(claim, lane));

	if (!reply)
		return false;
	if (sound(reply, claims) && reply->type == REDIS_REPLY_ARRAY && reply->elements == 1)
		take_entries(claim, lane, reply->element[0]->element[1], claims);
	freeReplyObject(reply);
	return true;
}

static bool take_abandoned(struct claim *claim, int lane, size_t most, struct claims *claims)
{
	redisReply *reply = redis_ask(claim->redis, "XAUTOCLAIM %s workers %s %lld 0 COUNT %lld",
				      stream(claim, lane), claim->worker,
				      (long long)claim->claim_timeout, (long long)most);

	if (!reply)
		return false;
	if (sound(reply, claims) && reply->type == REDIS_REPLY_ARRAY && reply->elements >= 2)
		take_entries(claim, lane, reply->element[1], claims);
	freeReplyObject(reply);
	return true;
}

static bool take_lanes(struct claim *claim, size_t most, struct claims *claims,
		       bool (*take)(struct claim *, int, size_t, struct claims *))
{
	for (int lane = 0; lane < LANES && claims->count < most; lane++)
		if (!take(claim, lane, most - claims->count, claims))
			return false;
	return true;
}

bool claim_leftovers(struct claim *claim, size_t most, struct claims *claims)
{
	int64_t now = clock_monotonic();
	bool refused = false;

	*claims = (struct claims){0};
	if (claim->own_first) {
		if (!take_lanes(claim, most, claims, take_held))
			return false;
		/* A full batch of held ones: there may be more once these are reported. */
		claim->own_first = claims->count >= most;
	}
	if (claims->count == 0 && now >= claim->autoclaim_at) {
		if (!take_lanes(claim, most, claims, take_abandoned))
			return false;
		if (claims->count == 0)
			claim->autoclaim_at = now + claim->claim_timeout / 4;
	}
	return redis_run(claim->redis, see_refusal, &refused);
}

/* Nothing is ever held for so long, so it takes nothing over. */
bool claim_show_up(struct claim *claim)
{
	redis_addf(claim->redis, "XAUTOCLAIM %s workers %s %lld 0 COUNT 1 JUSTID", stream(claim, 0),
		   claim->worker, (long long)INT32_MAX * 1000);
	return redis_run(claim->redis, NULL, NULL);
}

bool claim_ask(struct claim *claim, size_t most)
{
	if (!claim->asked)
		claim->asked = redis_send(claim->waiting,
					  "XREADGROUP GROUP workers %s COUNT %lld BLOCK 5000"
					  " STREAMS %s %s > >",
					  claim->worker, (long long)most, stream(claim, 0),
					  stream(claim, 1));
	return claim->asked;
}

int claim_fd(const struct claim *claim)
{
	return redis_fd(claim->waiting);
}

static int lane_of(const struct claim *claim, const char *key)
{
	return strcmp(key, stream(claim, 0)) == 0 ? 0 : 1;
}

bool claim_new_jobs(struct claim *claim, struct claims *claims)
{
	bool broken, refused = false;
	redisReply *reply = redis_answer(claim->waiting, &broken);

	*claims = (struct claims){0};
	if (broken)
		return false;
	if (!reply)
		return true;
	claim->asked = false;
	if (sound(reply, claims) && reply->type == REDIS_REPLY_ARRAY)
		for (size_t i = 0; i < reply->elements; i++)
			take_entries(claim, lane_of(claim, reply->element[i]->element[0]->str),
				     reply->element[i]->element[1], claims);
	freeReplyObject(reply);
	return redis_run(claim->redis, see_refusal, &refused);
}

/* looks */

/* "attempt:reference"; what is not is passed over. */
static bool read_look(const redisReply *reply, struct look *look)
{
	char *colon = NULL;

	if (reply->type != REDIS_REPLY_STRING)
		return false;
	*look = (struct look){.attempt = strtoll(reply->str, &colon, 10)};
	if (look->attempt <= 0 || *colon != ':')
		return false;
	int length = snprintf(look->reference, sizeof look->reference, "%s", colon + 1);
	return length > 0 && length < (int)sizeof look->reference;
}

bool claim_looks(struct claim *claim, struct look *looks, size_t *count)
{
	redisReply *reply = redis_ask(
		claim->redis, "LPOP %s %d",
		redis_key(claim->redis, "looks:%s", channel_name(claim->channel)), LOOKS_MOST);

	*count = 0;
	if (!reply)
		return false;
	for (size_t i = 0; reply->type == REDIS_REPLY_ARRAY && i < reply->elements; i++)
		*count += read_look(reply->element[i], &looks[*count]);
	freeReplyObject(reply);
	return true;
}

/* checking */

/* The jobs of one broadcast that stand one behind the other are asked about together. */
static size_t of_one_broadcast(const struct job *jobs, size_t count)
{
	size_t n = 0;

	while (n < count && jobs[n].broadcast == jobs[0].broadcast)
		n++;
	return n;
}

/* The stop bits of so many jobs of a broadcast. */
static void ask_stopped(struct claim *claim, const struct job *jobs, size_t count)
{
	enum { WORDS = 2, EACH = 3 };
	const char *words[WORDS] = {"BITFIELD_RO",
				    redis_key(claim->redis, "stop:%" PRId64, jobs[0].broadcast)};
	size_t argc = WORDS + EACH * count;
	const char **args = mem_array(argc, sizeof *args);
	size_t *lengths = mem_array(argc, sizeof *lengths);
	char(*offsets)[NUMBER_TEXT] = mem_array(count, sizeof *offsets);

	for (size_t i = 0; i < WORDS; i++)
		lengths[i] = strlen(args[i] = words[i]);
	for (size_t i = 0, at = WORDS; i < count; i++, at += EACH) {
		lengths[at] = strlen(args[at] = "GET");
		lengths[at + 1] = strlen(args[at + 1] = "u1");
		lengths[at + 2] = strlen(args[at + 2] = number_text(jobs[i].ordinal, offsets[i]));
	}
	redis_add(claim->redis, argc, args, lengths);
	free(args);
	free(lengths);
	free(offsets);
}

/* What was asked about, and how far it was answered. */
struct check {
	const struct job *jobs;
	size_t count, at;
	bool *wanted;
};

/* Two answers a broadcast: the stop bits, the halt key. */
static void see_mark(size_t i, const redisReply *reply, void *arg)
{
	struct check *check = arg;
	bool *wanted = check->wanted + check->at, of_halt = i % 2;
	size_t n = of_one_broadcast(check->jobs + check->at, check->count - check->at);

	for (size_t k = 0; k < n; k++) {
		if (of_halt)
			wanted[k] &= reply->type != REDIS_REPLY_INTEGER || !reply->integer;
		else
			wanted[k] = reply->type != REDIS_REPLY_ARRAY || k >= reply->elements ||
				    !reply->element[k]->integer;
	}
	if (of_halt)
		check->at += n;
}

bool claim_check(struct claim *claim, const struct job *jobs, size_t count, bool *wanted)
{
	struct check check = {.jobs = jobs, .count = count, .wanted = wanted};

	for (size_t i = 0, n; i < count; i += n) {
		n = of_one_broadcast(jobs + i, count - i);
		ask_stopped(claim, jobs + i, n);
		redis_addf(claim->redis, "EXISTS %s",
			   redis_key(claim->redis, "halt:%" PRId64, jobs[i].broadcast));
	}
	return redis_run(claim->redis, see_mark, &check);
}

bool claim_content(struct claim *claim, int64_t broadcast, struct content **content)
{
	redisReply *reply = redis_ask(claim->redis, "GET %s",
				      redis_key(claim->redis, "content:%" PRId64, broadcast));
	const char *reason;

	*content = NULL;
	if (!reply)
		return false;
	if (reply->type == REDIS_REPLY_STRING) {
		*content = mem_alloc(sizeof **content);
		if (!content_decode(reply->str, reply->len, *content, &reason)) {
			log_error("content.refused", "broadcast=%" PRId64 " reason=%s", broadcast,
				  log_quote(reason));
			free(*content);
			*content = NULL;
		}
	}
	freeReplyObject(reply);
	return true;
}
