#include "test/sim/store_twin.h"

#include "common/base/clock.h"
#include "common/base/mem.h"
#include "common/base/plan.h"
#include "common/store/bounce.h"
#include "common/store/departure.h"
#include "common/store/device.h"
#include "common/store/ending.h"
#include "common/store/family.h"
#include "common/store/group_tally.h"
#include "common/store/reply.h"
#include "common/store/schedule.h"
#include "common/store/totals.h"
#include "test/sim/model.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORKS(store)                               \
	do {                                       \
		if (!fault_store((store)->faults)) \
			return STORE_ERROR;        \
	} while (0)

/* the whole */

static void copy_data(struct twin_data *to, const struct twin_data *from)
{
	size_t used = (size_t)from->attempt_count * sizeof from->attempts[0];

	memcpy(to, from, offsetof(struct twin_data, attempts) + used);
}

enum store_status store_begin(struct store *store)
{
	WORKS(store);
	copy_data(&store->before, &store->now);
	store->in_transaction = true;
	return STORE_OK;
}

void store_rollback(struct store *store)
{
	if (store->in_transaction)
		copy_data(&store->now, &store->before);
	store->in_transaction = false;
}

enum store_status store_commit(struct store *store)
{
	if (!fault_store(store->faults)) {
		store_rollback(store);
		return STORE_ERROR;
	}
	store->in_transaction = false;
	model_committed(store->world);
	return STORE_OK;
}

const char *store_error(const struct store *store)
{
	(void)store;
	return "the twin was made to fail";
}

enum store_status store_audit(struct store *store, const char *who, const char *action,
			      const char *subject, const char *detail)
{
	(void)who, (void)action, (void)subject, (void)detail;
	WORKS(store);
	return STORE_OK;
}

/* The one value that is kept is the clock's. */
enum store_status store_meta_get(struct store *store, const char *key, struct buf *value)
{
	(void)key;
	WORKS(store);
	if (!*store->now.clock)
		return STORE_NONE;
	buf_text_add(value, store->now.clock);
	return STORE_OK;
}

enum store_status store_meta_set(struct store *store, const char *key, const char *value)
{
	(void)key;
	WORKS(store);
	snprintf(store->now.clock, sizeof store->now.clock, "%s", value);
	return STORE_OK;
}

enum store_status schedule_move(struct store *store, int64_t by)
{
	WORKS(store);
	struct twin_data *t = &store->now;
	for (int i = 0; i < t->delivery_count; i++)
		if (t->deliveries[i].state == DELIVERY_WAITING)
			t->deliveries[i].due_at += by;
	for (int i = 0; i < t->attempt_count; i++)
		if (!t->attempts[i].outcome && t->attempts[i].expected_by)
			t->attempts[i].expected_by += by;
	for (int i = 0; i < t->broadcast_count; i++)
		if (t->broadcasts[i].state < BROADCAST_FINISHED)
			t->broadcasts[i].expires_at += by;
	return STORE_OK;
}

/* broadcasts */

enum store_status broadcast_load(struct store *store, int64_t id, struct broadcast **b)
{
	WORKS(store);
	if (id < 1 || id > store->now.broadcast_count)
		return STORE_NONE;
	*b = mem_alloc(sizeof **b);
	**b = store->now.broadcasts[id - 1];
	(*b)->title = mem_string("");
	(*b)->title_en = mem_string("");
	(*b)->body = mem_string("");
	(*b)->body_en = mem_string("");
	return STORE_OK;
}

void broadcast_free(struct broadcast *b)
{
	if (!b)
		return;
	free(b->title);
	free(b->title_en);
	free(b->body);
	free(b->body_en);
	free(b);
}

enum store_status broadcast_save(struct store *store, const struct broadcast *b)
{
	WORKS(store);
	struct broadcast *to = &store->now.broadcasts[b->id - 1];
	to->state = b->state;
	to->targeted = b->targeted;
	to->fanned_out = b->fanned_out;
	to->fanout_person = b->fanout_person;
	to->next_ordinal = b->next_ordinal;
	to->sweep = b->sweep;
	to->sweep_ordinal = b->sweep_ordinal;
	to->started_at = b->started_at;
	to->finished_at = b->finished_at;
	return STORE_OK;
}

enum store_status broadcast_open_ids(struct store *store, int64_t **ids, size_t *count)
{
	*ids = NULL;
	*count = 0;
	WORKS(store);
	*ids = mem_array(BROADCASTS_MOST, sizeof **ids);
	for (int i = 0; i < store->now.broadcast_count; i++) {
		const struct broadcast *b = &store->now.broadcasts[i];
		if (b->state < BROADCAST_FINISHED || b->sweep)
			(*ids)[(*count)++] = b->id;
	}
	return STORE_OK;
}

enum store_status target_next(struct store *store, int64_t broadcast, int64_t *after,
			      struct targeted *people, size_t room, size_t *count, bool *last)
{
	(void)broadcast;
	*count = 0;
	WORKS(store);
	while (*after < store->people_count && *count < room) {
		int64_t id = ++*after;
		people[(*count)++] = (struct targeted){id, store->people[id - 1].plan, 0};
	}
	*last = *after >= store->people_count;
	return STORE_OK;
}

/* None is for others than those of another. */
enum store_status target_must_wait(struct store *store, int64_t broadcast, bool *wait)
{
	(void)broadcast;
	*wait = false;
	WORKS(store);
	return STORE_OK;
}

/* deliveries */

int64_t delivery_id(int64_t broadcast, int64_t ordinal)
{
	return broadcast << ORDINAL_BITS | ordinal;
}

int64_t delivery_broadcast(int64_t id)
{
	return id >> ORDINAL_BITS;
}

int64_t delivery_ordinal(int64_t id)
{
	return id & ((INT64_C(1) << ORDINAL_BITS) - 1);
}

struct delivery *twin_delivery(struct store *store, int64_t id)
{
	for (int i = 0; i < store->now.delivery_count; i++)
		if (store->now.deliveries[i].id == id)
			return &store->now.deliveries[i];
	return NULL;
}

enum store_status delivery_insert(struct store *store, const struct delivery *d)
{
	WORKS(store);
	if (twin_delivery(store, d->id))
		return STORE_CONFLICT;
	store->now.deliveries[store->now.delivery_count++] = *d;
	return STORE_OK;
}

enum store_status delivery_insert_many(struct store *store, const struct delivery *first,
				       size_t size, size_t count)
{
	const char *at = (const char *)first;
	enum store_status status = STORE_OK;

	for (size_t i = 0; !status && i < count; i++, at += size)
		status = delivery_insert(store, (const struct delivery *)at);
	return status;
}

enum store_status delivery_save(struct store *store, const struct delivery *d)
{
	WORKS(store);
	struct delivery *to = twin_delivery(store, d->id);
	if (!to)
		return STORE_ERROR;
	model_moves(store->world, to, d);
	*to = *d;
	return STORE_OK;
}

enum store_status delivery_load(struct store *store, int64_t id, struct delivery *d)
{
	WORKS(store);
	const struct delivery *found = twin_delivery(store, id);
	if (!found)
		return STORE_NONE;
	*d = *found;
	return STORE_OK;
}

enum store_status delivery_of_person(struct store *store, int64_t broadcast, int64_t person,
				     struct delivery *d)
{
	WORKS(store);
	for (int i = 0; i < store->now.delivery_count; i++) {
		const struct delivery *found = &store->now.deliveries[i];
		if (found->broadcast == broadcast && found->person == person) {
			*d = *found;
			return STORE_OK;
		}
	}
	return STORE_NONE;
}

static bool before(const struct delivery *a, int64_t due_at, int64_t id)
{
	return a->due_at < due_at || (a->due_at == due_at && a->id < id);
}

/* Adds one to a list in order of due time; where it is full the last falls out. */
static void list_add(struct delivery *list, size_t room, size_t *count, const struct delivery *d)
{
	size_t i = *count;

	while (i > 0 && before(d, list[i - 1].due_at, list[i - 1].id))
		i--;
	if (i >= room)
		return;
	size_t end = *count < room ? *count : room - 1;
	memmove(&list[i + 1], &list[i], (end - i) * sizeof *list);
	list[i] = *d;
	*count = end + 1;
}

enum store_status delivery_due(struct store *store, int queue, int64_t now, struct delivery *list,
			       size_t room, size_t *count)
{
	*count = 0;
	WORKS(store);
	for (int i = 0; room > 0 && i < store->now.delivery_count; i++) {
		const struct delivery *d = &store->now.deliveries[i];
		if (d->state == DELIVERY_WAITING && d->queue == queue && d->due_at <= now)
			list_add(list, room, count, d);
	}
	return STORE_OK;
}

enum store_status delivery_after(struct store *store, int queue, int64_t due_at, int64_t id,
				 struct delivery *list, size_t room, size_t *count)
{
	*count = 0;
	WORKS(store);
	for (int i = 0; i < store->now.delivery_count; i++) {
		const struct delivery *d = &store->now.deliveries[i];
		bool passed = before(d, due_at, id) || (d->due_at == due_at && d->id == id);
		if (d->state == DELIVERY_WAITING && d->queue == queue && !passed)
			list_add(list, room, count, d);
	}
	return STORE_OK;
}

enum store_status delivery_next_due(struct store *store, int queue, int64_t *at)
{
	*at = INT64_MAX;
	WORKS(store);
	for (int i = 0; i < store->now.delivery_count; i++) {
		const struct delivery *d = &store->now.deliveries[i];
		if (d->state == DELIVERY_WAITING && d->queue == queue && d->due_at < *at)
			*at = d->due_at;
	}
	return STORE_OK;
}

enum store_status delivery_walk(struct store *store, int64_t broadcast, int64_t ordinal,
				struct delivery *list, size_t room, size_t *count)
{
	*count = 0;
	WORKS(store);
	for (; *count < room; ordinal++) {
		const struct delivery *d = twin_delivery(store, delivery_id(broadcast, ordinal));
		if (!d)
			break;
		list[(*count)++] = *d;
	}
	return STORE_OK;
}

enum store_status delivery_answered_bits(struct store *store, int64_t broadcast, int64_t ordinals,
					 unsigned char *bits)
{
	WORKS(store);
	for (int64_t o = 0; o < ordinals; o++) {
		const struct delivery *d = twin_delivery(store, delivery_id(broadcast, o));
		if (d && d->state == DELIVERY_ANSWERED)
			bits[o / 8] |= (unsigned char)(0x80 >> o % 8);
	}
	return STORE_OK;
}

static bool has_number(const struct store *store, int64_t person, const char *number)
{
	const struct twin_person *p = &store->people[person - 1];
	struct plan plan = plan_unpack(p->plan);

	for (int i = 0; i < plan.steps; i++) {
		char own[ADDRESS_MOST];
		const struct plan_step *step = &plan.step[i];
		snprintf(own, sizeof own, "t%d", p->telephones[step->position]);
		if (step->channel == CHANNEL_VOICE && !(p->gone & 1u << step->dial_order) &&
		    strcmp(own, number) == 0)
			return true;
	}
	return false;
}

enum store_status delivery_sharing(struct store *store, const struct delivery *with,
				   const char *number, const int queues[2], int64_t now,
				   struct delivery *list, size_t room, size_t *count)
{
	*count = 0;
	WORKS(store);
	for (int i = 0; i < store->now.delivery_count && *count < room; i++) {
		const struct delivery *d = &store->now.deliveries[i];
		bool there = d->queue == queues[0] || d->queue == queues[1];
		if (d->id != with->id && d->broadcast == with->broadcast && there &&
		    d->state == DELIVERY_WAITING && d->due_at <= now &&
		    has_number(store, d->person, number))
			list[(*count)++] = *d;
	}
	return STORE_OK;
}

/* attempts */

struct twin_attempt *twin_attempt(struct store *store, int64_t id)
{
	return id >= 1 && id <= store->now.attempt_count ? &store->now.attempts[id - 1] : NULL;
}

enum store_status attempt_insert(struct store *store, struct attempt *a)
{
	WORKS(store);
	struct twin_data *t = &store->now;
	if (t->attempt_count == ATTEMPTS_MOST) {
		model_fault(store->world, "there is no end of attempts");
		return STORE_FULL;
	}
	a->id = t->attempt_count + 1;
	struct twin_attempt *to = &t->attempts[t->attempt_count++];
	*to = (struct twin_attempt){.is = *a};
	to->is.address = NULL;
	snprintf(to->address, sizeof to->address, "%s", a->address);
	to->epoch = t->epochs[twin_delivery(store, a->delivery) - t->deliveries];
	model_tries(store->world, to);
	return STORE_OK;
}

enum store_status attempt_find(struct store *store, int64_t id, struct attempt_state *state)
{
	WORKS(store);
	const struct twin_attempt *a = twin_attempt(store, id);
	if (!a)
		return STORE_NONE;
	*state = (struct attempt_state){
		.id = id,
		.delivery = a->is.delivery,
		.channel = a->is.channel,
		.open = a->outcome == OUTCOME_NONE,
		.placed = a->expected_by != 0,
		.looked = a->looked,
		.call = a->is.call,
		.created_at = a->is.created_at,
	};
	memcpy(state->reference, a->reference, sizeof state->reference);
	return STORE_OK;
}

enum store_status attempt_close(struct store *store, int64_t id, enum outcome outcome,
				const char *detail, int64_t finished_at)
{
	(void)detail, (void)finished_at;
	WORKS(store);
	struct twin_attempt *a = twin_attempt(store, id);
	if (!a || a->outcome)
		model_fault(store->world, "an attempt is closed that is not open");
	else {
		a->outcome = outcome;
		a->ended_at = clock_monotonic();
	}
	return STORE_OK;
}

void endings_add(struct endings *set, int64_t attempt)
{
	set->list = mem_resize(set->list, set->count + 1, sizeof *set->list);
	set->list[set->count++] = (struct ending){.attempt = {.id = attempt}};
}

enum store_status endings_load(struct store *store, struct endings *set)
{
	WORKS(store);
	for (size_t i = 0; i < set->count; i++) {
		struct ending *e = &set->list[i];
		bool before = false;
		for (size_t k = 0; k < i; k++)
			before |= set->list[k].attempt.id == e->attempt.id;
		const struct twin_attempt *a = twin_attempt(store, e->attempt.id);
		if (!a || a->outcome)
			continue;
		enum store_status status = attempt_find(store, a->is.id, &e->attempt);
		if (!status)
			status = delivery_load(store, e->attempt.delivery, &e->delivery);
		if (status)
			return status;
		e->attempt.open = !before;
	}
	return STORE_OK;
}

enum store_status endings_store(struct store *store, const struct endings *set)
{
	enum store_status status = STORE_OK;

	for (size_t i = 0; !status && i < set->count; i++) {
		const struct ending *e = &set->list[i];
		if (e->outcome)
			status = attempt_close(store, e->attempt.id, e->outcome, e->detail,
					       e->finished_at);
		if (!status && e->moved)
			status = delivery_save(store, &e->delivery);
	}
	return status;
}

void endings_clear(struct endings *set)
{
	set->count = 0;
}

void endings_free(struct endings *set)
{
	free(set->list);
	*set = (struct endings){0};
}

enum store_status attempt_newest(struct store *store, int64_t *id)
{
	WORKS(store);
	*id = store->now.attempt_count;
	return STORE_OK;
}

enum store_status attempt_open_count(struct store *store, enum channel channel, int64_t *count)
{
	WORKS(store);
	*count = 0;
	for (int i = 0; i < store->now.attempt_count; i++) {
		const struct twin_attempt *a = &store->now.attempts[i];
		*count += !a->outcome && a->is.channel == channel && !a->is.call;
	}
	return STORE_OK;
}

enum store_status attempt_placed_count(struct store *store, int64_t *count)
{
	WORKS(store);
	*count = 0;
	for (int i = 0; i < store->now.attempt_count; i++)
		*count += !store->now.attempts[i].outcome && store->now.attempts[i].expected_by;
	return STORE_OK;
}

void recipient_free(struct recipient *recipient)
{
	free(recipient->name);
	free(recipient->devices);
	*recipient = (struct recipient){0};
}

static void load_departure(const struct store *store, struct departure *d)
{
	const struct twin_person *p = &store->people[d->delivery.person - 1];
	struct plan plan = plan_unpack(p->plan);
	const struct attempt *a = &d->attempt;
	char text[ADDRESS_MOST];
	int position = 0;

	for (int i = 0; i < plan.steps; i++)
		if (plan.step[i].dial_order == a->dial_order)
			position = plan.step[i].position;
	d->recipient.name = mem_string("");
	bool gone = p->gone & 1u << a->dial_order;
	if (a->channel == CHANNEL_PUSH && store->now.devices[d->delivery.person - 1])
		d->recipient.devices = mem_string("[]");
	if (gone || (a->channel == CHANNEL_PUSH && !d->recipient.devices))
		return;
	if (a->channel == CHANNEL_VOICE)
		snprintf(text, sizeof text, "t%d", p->telephones[position]);
	else
		snprintf(text, sizeof text, "%c%d.%d.%d", "-mvp"[a->channel],
			 (int)d->delivery.person, a->dial_order, a->address_position);
	d->attempt.address = mem_string(text);
}

enum store_status departures_load(struct store *store, struct departure *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		list[i].recipient = (struct recipient){0};
		list[i].attempt.address = NULL;
	}
	WORKS(store);
	for (size_t i = 0; i < count; i++)
		load_departure(store, &list[i]);
	return STORE_OK;
}

void departures_free(struct departure *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(list[i].attempt.address);
		recipient_free(&list[i].recipient);
		list[i].attempt.address = NULL;
	}
}

/* The model sees a fresh one wait first, as all others have. */
static enum store_status insert_waiting(struct store *store, const struct delivery *d)
{
	struct delivery waiting = *d;

	waiting.state = DELIVERY_WAITING;
	waiting.attempt = 0;
	return delivery_insert(store, &waiting);
}

enum store_status departures_store(struct store *store, const struct departure *list, size_t count,
				   bool fresh)
{
	enum store_status status = STORE_OK;

	for (size_t i = 0; !status && i < count; i++) {
		struct attempt a = list[i].attempt;
		if (fresh)
			status = insert_waiting(store, &list[i].delivery);
		if (!status)
			status = attempt_insert(store, &a);
		if (!status && a.id != list[i].attempt.id)
			model_fault(store->world, "an attempt has not the number that is next");
		if (!status)
			status = delivery_save(store, &list[i].delivery);
	}
	return status;
}

/* Whether a stream should have it. */
static bool is_out(const struct twin_attempt *a, enum channel channel, int lane)
{
	return !a->outcome && a->is.channel == channel && a->is.lane == lane && !a->expected_by &&
	       !a->is.call;
}

enum store_status attempt_open_ids(struct store *store, enum channel channel, int lane,
				   int64_t after, int64_t up_to, int64_t *ids, size_t room,
				   size_t *count)
{
	*count = 0;
	WORKS(store);
	for (int64_t i = after; i < store->now.attempt_count && i < up_to && *count < room; i++)
		if (is_out(&store->now.attempts[i], channel, lane))
			ids[(*count)++] = i + 1;
	return STORE_OK;
}

enum store_status attempt_open_after(struct store *store, enum channel channel, int lane,
				     int64_t after, struct open_attempt *list, size_t room,
				     size_t *count)
{
	*count = 0;
	WORKS(store);
	for (int i = (int)after; i < store->now.attempt_count && *count < room; i++) {
		const struct twin_attempt *a = &store->now.attempts[i];
		const struct delivery *d = twin_delivery(store, a->is.delivery);
		if (!is_out(a, channel, lane))
			continue;
		struct open_attempt *o = &list[(*count)++];
		*o = (struct open_attempt){
			.attempt = a->is,
			.person = d->person,
			.wanted = d->state == DELIVERY_IN_FLIGHT && d->attempt == a->is.id,
		};
		o->attempt.address = mem_string(a->address);
		o->recipient.name = mem_string("");
		if (channel == CHANNEL_PUSH)
			o->recipient.devices = mem_string("[]");
	}
	return STORE_OK;
}

void open_attempt_free(struct open_attempt *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(list[i].attempt.address);
		recipient_free(&list[i].recipient);
	}
}

enum store_status device_remove(struct store *store, int64_t person, int64_t id)
{
	WORKS(store);
	if (id != person || !store->now.devices[person - 1])
		return STORE_NONE;
	store->now.devices[person - 1] = false;
	return STORE_OK;
}

enum store_status device_record(struct store *store, const char *who, const char *action,
				int64_t person, int64_t device)
{
	(void)who, (void)action, (void)person, (void)device;
	WORKS(store);
	return STORE_OK;
}

/* calls */

enum store_status attempt_place(struct store *store, int64_t attempt, const char *reference,
				int64_t expected_by)
{
	WORKS(store);
	struct twin_attempt *a = twin_attempt(store, attempt);
	if (!a)
		return STORE_OK; /* as an update of no row */
	if (!*a->reference)
		snprintf(a->reference, sizeof a->reference, "%s", reference);
	a->expected_by = expected_by;
	a->looked = false;
	return STORE_OK;
}

enum store_status attempt_ask(struct store *store, int64_t attempt, int64_t expected_by)
{
	WORKS(store);
	struct twin_attempt *a = twin_attempt(store, attempt);
	if (!a)
		return STORE_OK;
	a->looked = true;
	a->expected_by = expected_by;
	return STORE_OK;
}

enum store_status attempt_riders(struct store *store, int64_t leader, int64_t *list, size_t room,
				 size_t *count)
{
	*count = 0;
	WORKS(store);
	for (int i = 0; i < store->now.attempt_count && *count < room; i++)
		if (store->now.attempts[i].is.call == leader && !store->now.attempts[i].outcome)
			list[(*count)++] = i + 1;
	return STORE_OK;
}

enum store_status attempt_overdue(struct store *store, int64_t now, struct overdue *list,
				  size_t room, size_t *count)
{
	*count = 0;
	WORKS(store);
	for (int i = 0; i < store->now.attempt_count && *count < room; i++) {
		const struct twin_attempt *a = &store->now.attempts[i];
		if (a->outcome || !a->expected_by || a->expected_by > now)
			continue;
		struct overdue *o = &list[(*count)++];
		o->attempt = a->is.id;
		o->looked = a->looked;
		memcpy(o->reference, a->reference, sizeof o->reference);
	}
	return STORE_OK;
}

enum store_status attempt_next_overdue(struct store *store, int64_t *at)
{
	*at = INT64_MAX;
	WORKS(store);
	for (int i = 0; i < store->now.attempt_count; i++) {
		const struct twin_attempt *a = &store->now.attempts[i];
		if (!a->outcome && a->expected_by && a->expected_by < *at)
			*at = a->expected_by;
	}
	return STORE_OK;
}

enum store_status call_number_taken(struct store *store, const char *number, bool *taken)
{
	*taken = false;
	WORKS(store);
	for (int i = 0; i < store->now.attempt_count; i++) {
		const struct twin_attempt *a = &store->now.attempts[i];
		*taken |= !a->outcome && a->is.channel == CHANNEL_VOICE &&
			  strcmp(a->address, number) == 0;
	}
	return STORE_OK;
}

/* Nobody presses a key in these calls, and no machine takes them. */
enum store_status call_machine_heard(struct store *store, int64_t attempt, bool *machine)
{
	(void)attempt;
	*machine = false;
	WORKS(store);
	return STORE_OK;
}

enum store_status reply_given(struct store *store, int64_t broadcast, int64_t person,
			      enum reply_way way, int64_t from, int64_t to, bool *given)
{
	(void)broadcast, (void)person, (void)way, (void)from, (void)to;
	*given = false;
	WORKS(store);
	return STORE_OK;
}

/* families: nobody has any here, so nothing below the first is asked */

enum store_status family_any(struct store *store, bool *any)
{
	*any = false;
	WORKS(store);
	return STORE_OK;
}

enum store_status family_members(struct store *store, int64_t person,
				 struct family_member **members, size_t *count)
{
	(void)person;
	*members = NULL;
	*count = 0;
	WORKS(store);
	return STORE_OK;
}

enum store_status family_broadcast(struct store *store, const struct broadcast *of,
				   int64_t *broadcast)
{
	(void)store, (void)of, (void)broadcast;
	abort();
}

enum store_status family_news_load(struct store *store, int64_t broadcast, int64_t person,
				   struct family_news *news)
{
	(void)store, (void)broadcast, (void)person, (void)news;
	abort();
}

void family_news_free(struct family_news *news)
{
	(void)news;
}

enum store_status family_is_behind(struct store *store, int64_t broadcast, int64_t person,
				   int64_t told, bool *behind)
{
	(void)store, (void)broadcast, (void)person, (void)told, (void)behind;
	abort();
}

/* bounces: no mail comes back here, so nothing below the first is asked */

enum store_status facts_bounces(struct store *store, struct bounce *list, size_t room,
				size_t *count)
{
	(void)list, (void)room;
	*count = 0;
	WORKS(store);
	return STORE_OK;
}

enum store_status bounced_load(struct store *store, int64_t attempt, struct bounced *bounced)
{
	(void)store, (void)attempt, (void)bounced;
	abort();
}

enum store_status bounced_is_alone(struct store *store, int64_t attempt, bool *alone)
{
	(void)store, (void)attempt, (void)alone;
	abort();
}

enum store_status attempt_came_back(struct store *store, int64_t attempt, enum outcome outcome,
				    const char *detail)
{
	(void)store, (void)attempt, (void)outcome, (void)detail;
	abort();
}

enum store_status bad_address_mark(struct store *store, const struct bounce *bounce)
{
	(void)store, (void)bounce;
	abort();
}

/* counters */

const char *twin_choice(int choice)
{
	static const char *const names[CHOICES] = {"safe", "help"};

	return names[choice];
}

int twin_choice_number(const char *choice)
{
	return strcmp(choice, twin_choice(1)) == 0;
}

enum store_status tally_add(struct store *store, int64_t broadcast, enum tally what, int64_t key,
			    int64_t n)
{
	WORKS(store);
	if (what == TALLY_STATE)
		store->now.states[broadcast - 1][key] += n;
	else
		store->now.ended[broadcast - 1][key / 256][key % 256] += n;
	return STORE_OK;
}

enum store_status tally_add_answer(struct store *store, int64_t broadcast, const char *choice,
				   int64_t n)
{
	WORKS(store);
	store->now.answers[broadcast - 1][twin_choice_number(choice)] += n;
	return STORE_OK;
}

enum store_status tally_get(struct store *store, int64_t broadcast, enum tally what, int64_t key,
			    int64_t *n)
{
	WORKS(store);
	*n = what == TALLY_STATE ? store->now.states[broadcast - 1][key]
				 : store->now.ended[broadcast - 1][key / 256][key % 256];
	return STORE_OK;
}

/* Nobody is in a group here. */
enum store_status group_tally_add(struct store *store, const struct group_count *counts,
				  size_t count)
{
	(void)counts;
	(void)count;
	WORKS(store);
	return STORE_OK;
}

enum store_status total_add(struct store *store, enum total what, int64_t key, int64_t n)
{
	WORKS(store);
	if (what == TOTAL_ATTEMPT)
		store->now.totals[key / 256][key % 256] += n;
	return STORE_OK;
}

enum store_status progress_add(struct store *store, int64_t broadcast, int64_t at, int64_t attempts,
			       int64_t answers)
{
	(void)at;
	WORKS(store);
	store->now.attempts_progress[broadcast - 1] += attempts;
	store->now.answers_progress[broadcast - 1] += answers;
	return STORE_OK;
}

enum store_status channel_down_set(struct store *store, enum channel channel, int64_t since,
				   const char *reason)
{
	(void)reason;
	WORKS(store);
	store->now.channel_down[channel] = since != 0;
	return STORE_OK;
}

/* facts */

enum store_status facts_replies(struct store *store, struct reply_fact *list, size_t room,
				size_t *count)
{
	*count = 0;
	WORKS(store);
	for (int64_t i = store->now.replies_seen; i < store->reply_count && *count < room; i++)
		list[(*count)++] = store->replies[i];
	return STORE_OK;
}

enum store_status facts_controls(struct store *store, struct control_fact *list, size_t room,
				 size_t *count)
{
	*count = 0;
	WORKS(store);
	for (int64_t i = store->now.controls_seen; i < store->control_count && *count < room; i++)
		list[(*count)++] = store->controls[i];
	return STORE_OK;
}

enum store_status facts_call_events(struct store *store, struct call_event *list, size_t room,
				    size_t *count)
{
	*count = 0;
	WORKS(store);
	for (int64_t i = store->now.calls_seen; i < store->call_count && *count < room; i++)
		list[(*count)++] = store->calls[i];
	return STORE_OK;
}

enum store_status facts_next_replier(struct store *store, int64_t broadcast, int64_t from,
				     int64_t *person)
{
	*person = INT64_MAX;
	WORKS(store);
	for (int i = 0; i < store->reply_count; i++) {
		const struct reply_fact *r = &store->replies[i];
		if (r->broadcast == broadcast && r->person >= from && r->person < *person)
			*person = r->person;
	}
	return STORE_OK;
}

enum store_status facts_reply_of(struct store *store, int64_t broadcast, int64_t person,
				 struct reply_fact *reply)
{
	WORKS(store);
	for (int i = store->reply_count - 1; i >= 0; i--) {
		*reply = store->replies[i];
		if (reply->broadcast == broadcast && reply->person == person)
			return STORE_OK;
	}
	return STORE_NONE;
}

enum store_status facts_seen(struct store *store, const char *cursor, int64_t position)
{
	WORKS(store);
	if (strcmp(cursor, "reply") == 0)
		store->now.replies_seen = position;
	else if (strcmp(cursor, "control") == 0)
		store->now.controls_seen = position;
	else
		store->now.calls_seen = position;
	return STORE_OK;
}

enum store_status handover_mark(struct store *store, enum channel channel, int lane,
				int64_t *attempt)
{
	WORKS(store);
	*attempt = store->now.marks[channel][lane];
	return STORE_OK;
}

enum store_status handover_mark_set(struct store *store, enum channel channel, int lane,
				    int64_t attempt)
{
	WORKS(store);
	store->now.marks[channel][lane] = attempt;
	return STORE_OK;
}
