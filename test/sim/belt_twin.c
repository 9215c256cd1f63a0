#include "test/sim/belt_twin.h"

#include "common/base/mem.h"
#include "test/sim/model.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Whether a call goes through; one that does not breaks the connection. */
static bool reaches(struct belt *belt)
{
	if (belt->connected && !fault_belt(belt->faults))
		belt->connected = false;
	return belt->connected;
}

bool belt_connect(struct belt *belt)
{
	belt->pipelined = 0;
	belt->refused = 0;
	belt->waits = false;
	belt->connected = true;
	return reaches(belt);
}

void belt_disconnect(struct belt *belt)
{
	belt->connected = belt->waits = false;
	belt->pipelined = 0;
}

bool belt_whose(struct belt *belt, const char *epoch, enum belt_owner *owner)
{
	(void)epoch;
	*owner = belt->queue.epoch ? BELT_OURS : BELT_EMPTIED;
	return reaches(belt);
}

bool belt_mark_epoch(struct belt *belt, const char *epoch)
{
	(void)epoch;
	if (!reaches(belt))
		return false;
	belt->queue.epoch = true;
	return true;
}

/* streams */

static struct stream_twin *stream_of(struct belt *belt, enum channel channel, int lane)
{
	return &belt->queue.streams[channel][lane];
}

bool belt_stream_last(struct belt *belt, enum channel channel, int lane, int64_t *last)
{
	struct stream_twin *stream = stream_of(belt, channel, lane);

	*last = 0;
	if (!reaches(belt))
		return false;
	stream->there = true;
	*last = stream->last;
	return true;
}

bool belt_stream_drop(struct belt *belt, enum channel channel, int lane)
{
	if (!reaches(belt))
		return false;
	model_makes_anew(belt->world, channel, lane);
	*stream_of(belt, channel, lane) = (struct stream_twin){0};
	return true;
}

bool belt_stream_reset(struct belt *belt, enum channel channel, int lane)
{
	if (!belt_stream_drop(belt, channel, lane))
		return false;
	stream_of(belt, channel, lane)->there = true;
	return true;
}

bool belt_stream_ids(struct belt *belt, enum channel channel, int lane, int64_t after, int64_t *ids,
		     size_t room, size_t *count)
{
	const struct stream_twin *stream = stream_of(belt, channel, lane);

	*count = 0;
	if (!reaches(belt))
		return false;
	for (int i = 0; i < stream->count && *count < room; i++)
		if (stream->list[i].attempt > after)
			ids[(*count)++] = stream->list[i].attempt;
	return true;
}

static int find_entry(const struct stream_twin *stream, int64_t attempt)
{
	for (int i = 0; i < stream->count; i++)
		if (stream->list[i].attempt == attempt)
			return i;
	return -1;
}

void queue_remove_entry(struct stream_twin *stream, int64_t attempt)
{
	int i = find_entry(stream, attempt);

	if (i < 0)
		return;
	stream->count--;
	memmove(&stream->list[i], &stream->list[i + 1],
		(size_t)(stream->count - i) * sizeof stream->list[0]);
}

bool belt_recall(struct belt *belt, enum channel channel, int lane, const int64_t *ids,
		 size_t count, bool *taken)
{
	struct stream_twin *stream = stream_of(belt, channel, lane);

	memset(taken, 0, count * sizeof *taken);
	if (!reaches(belt))
		return false;
	for (size_t i = 0; i < count; i++) {
		int at = find_entry(stream, ids[i]);
		taken[i] = at >= 0 && stream->list[at].holder == NOBODY;
		if (taken[i])
			queue_remove_entry(stream, ids[i]);
	}
	return true;
}

/* the pipeline */

static void put(struct belt *belt, const struct command *command)
{
	assert(belt->pipelined < PIPELINE_MOST);
	if (belt->connected)
		belt->pipeline[belt->pipelined++] = *command;
}

/* Jobs stand in a parcel as the commands that put them on. */
void parcel_add(struct parcel *parcel, const struct belt *belt, int lane, const struct job *job)
{
	const struct command command = {
		.kind = PUT_JOB,
		.channel = job->channel,
		.lane = lane,
		.entry = {job->attempt, job->broadcast, (int)job->ordinal, NOBODY}};

	(void)belt;
	buf_add(&parcel->bytes, &command, sizeof command);
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
	parcel_clear(parcel);
}

void belt_add_jobs(struct belt *belt, const struct parcel *parcel)
{
	for (size_t i = 0; i < parcel->jobs; i++) {
		struct command command;
		memcpy(&command, parcel->bytes.data + i * sizeof command, sizeof command);
		model_hands_over(belt->world, command.entry.attempt);
		put(belt, &command);
	}
}

void belt_add_look(struct belt *belt, enum channel channel, int64_t attempt, const char *reference)
{
	(void)reference;
	put(belt,
	    &(struct command){.kind = PUT_LOOK, .channel = channel, .entry = {.attempt = attempt}});
}

void belt_stop(struct belt *belt, int64_t broadcast, int64_t ordinal)
{
	struct command c = {.kind = PUT_STOP, .broadcast = broadcast};

	c.stops.bytes[ordinal / 8] = (unsigned char)(0x80 >> ordinal % 8);
	put(belt, &c);
}

void belt_stop_bits(struct belt *belt, int64_t broadcast, const void *bits, size_t bytes)
{
	struct command c = {.kind = PUT_STOPS, .broadcast = broadcast};

	assert(bytes <= sizeof c.stops.bytes);
	memcpy(c.stops.bytes, bits, bytes);
	put(belt, &c);
}

void belt_halt(struct belt *belt, int64_t broadcast, bool halted)
{
	put(belt, &(struct command){.kind = PUT_HALT, .broadcast = broadcast, .halted = halted});
}

void belt_content(struct belt *belt, const struct content *content)
{
	put(belt, &(struct command){.kind = PUT_CONTENT, .broadcast = content->broadcast});
}

/* A day is longer than any of these worlds: nothing goes. */
void belt_retire(struct belt *belt, int64_t broadcast)
{
	put(belt, &(struct command){.kind = PUT_RETIRE, .broadcast = broadcast});
}

static bool add_entry(struct belt *belt, const struct command *c)
{
	struct stream_twin *stream = stream_of(belt, c->channel, c->lane);

	if (c->entry.attempt <= stream->last)
		return false;
	if (stream->count == ENTRIES_MOST) {
		model_fault(belt->world, "there is no end of jobs");
		return false;
	}
	stream->last = c->entry.attempt;
	model_stands(belt->world, c->channel, c->lane, c->entry.attempt);
	stream->list[stream->count++] = c->entry;
	return true;
}

static bool carry_out(struct belt *belt, const struct command *c)
{
	struct queue_twin *q = &belt->queue;
	int b = (int)c->broadcast - 1;

	switch (c->kind) {
	case PUT_JOB:
		return add_entry(belt, c);
	case PUT_LOOK:
		if (q->look_count < LOOKS_KEPT)
			q->looks[q->look_count++] = c->entry.attempt;
		break;
	case PUT_STOP:
		for (int i = 0; i < STOP_BYTES; i++)
			q->stops[b].bytes[i] |= c->stops.bytes[i];
		break;
	case PUT_STOPS:
		q->stops[b] = c->stops;
		break;
	case PUT_HALT:
		q->halted[b] = c->halted;
		break;
	case PUT_CONTENT:
		q->content[b] = true;
		break;
	case PUT_RETIRE:
		break;
	}
	return true;
}

bool belt_send(struct belt *belt)
{
	bool was_connected = belt->connected;
	int through = belt->pipelined;

	if (!reaches(belt))
		through = was_connected ? belt->faults->partly % (through + 1) : 0;
	for (int i = 0; i < through; i++)
		belt->refused += !carry_out(belt, &belt->pipeline[i]);
	belt->pipelined = 0;
	return belt->connected;
}

bool belt_settle(struct belt *belt, size_t *refused)
{
	*refused = belt->refused;
	belt->refused = 0;
	return reaches(belt);
}

bool belt_flush(struct belt *belt, size_t *refused)
{
	return belt_send(belt) && belt_settle(belt, refused);
}

/* results */

void queue_report(struct queue_twin *q, enum channel channel, int lane, const struct report *report)
{
	assert(q->result_count < RESULTS_MOST);
	q->results[q->result_count] = *report;
	q->result_ids[q->result_count++] = ++q->result_newest;
	queue_remove_entry(&q->streams[channel][lane], report->attempt);
}

/* As a result whose texts stand in `texts`: the device that is gone, the call, an empty one. */
enum { TEXTS = 96, CALL_AT = 32, EMPTY_AT = 64 };

static void word(const struct report *r, char *texts, struct result *to)
{
	*to = (struct result){.outcome = r->outcome, .attempt = r->attempt};
	to->worker = to->detail = texts + EMPTY_AT;
	snprintf(texts, CALL_AT, "%d", r->device_gone);
	to->gone = r->device_gone ? texts : NULL;
	snprintf(texts + CALL_AT, EMPTY_AT - CALL_AT, "call%d", r->call);
	to->reference = r->call ? texts + CALL_AT : NULL;
}

bool belt_results(struct belt *belt, size_t most, struct results *results)
{
	const struct queue_twin *q = &belt->queue;

	*results = (struct results){0};
	if (!reaches(belt))
		return false;
	results->list = mem_array((size_t)q->result_count + 1, sizeof *results->list);
	results->entries = mem_array((size_t)q->result_count + 1, sizeof *results->entries);
	for (int i = 0; i < q->result_count && results->count < most; i++) {
		struct results_entry *entry = &results->entries[results->entry_count++];
		entry->texts = mem_alloc(TEXTS);
		snprintf(entry->id, sizeof entry->id, "%d", q->result_ids[i]);
		word(&q->results[i], entry->texts, &results->list[results->count++]);
	}
	results->more = results->count == most;
	return true;
}

bool belt_results_done(struct belt *belt, const struct results *results)
{
	struct queue_twin *q = &belt->queue;

	if (results->entry_count == 0)
		return true;
	if (!reaches(belt))
		return false;
	int kept = 0;
	for (int i = 0; i < q->result_count; i++) {
		bool done = false;
		for (size_t k = 0; k < results->entry_count; k++)
			done |= atoi(results->entries[k].id) == q->result_ids[i];
		q->results[kept] = q->results[i];
		q->result_ids[kept] = q->result_ids[i];
		kept += !done;
	}
	q->result_count = kept;
	return true;
}

void results_free(struct results *results)
{
	for (size_t i = 0; i < results->entry_count; i++)
		free(results->entries[i].texts);
	free(results->list);
	free(results->entries);
	*results = (struct results){0};
}

bool belt_wait_for_results(struct belt *belt)
{
	belt->waits = reaches(belt);
	return belt->waits;
}

/* for the model */

bool queue_holds(const struct queue_twin *q, const struct twin_attempt *a)
{
	bool there = find_entry(&q->streams[a->is.channel][a->is.lane], a->is.id) >= 0;

	for (int i = 0; i < q->result_count; i++)
		there |= q->results[i].attempt == a->is.id;
	return there;
}

bool queue_stops(const struct queue_twin *q, int64_t delivery)
{
	int64_t b = delivery_broadcast(delivery) - 1, ordinal = delivery_ordinal(delivery);

	return q->stops[b].bytes[ordinal / 8] & 0x80 >> ordinal % 8;
}
