#include "dispatcher/scheduler/effects.h"

#include "common/base/crash.h"
#include "common/base/mem.h"
#include "dispatcher/scheduler/introduce.h"
#include "dispatcher/scheduler/scheduler.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t grown(size_t room)
{
	return room ? room * 2 : 64;
}

void effects_stop(struct effects *e, int64_t broadcast, int64_t ordinal)
{
	if (e->stop_count == e->stop_room) {
		e->stop_room = grown(e->stop_room);
		e->stops = mem_resize(e->stops, e->stop_room, sizeof *e->stops);
	}
	e->stops[e->stop_count++] =
		(struct stop_effect){.broadcast = broadcast, .ordinal = ordinal};
}

void effects_stop_began(struct effects *e, int64_t answered_at)
{
	e->stops[e->stop_count - 1].answered_at = answered_at;
}

void effects_look(struct effects *e, int64_t attempt, const char *reference)
{
	if (e->look_count == e->look_room) {
		e->look_room = grown(e->look_room);
		e->looks = mem_resize(e->looks, e->look_room, sizeof *e->looks);
	}
	struct look_effect *look = &e->looks[e->look_count++];
	look->attempt = attempt;
	snprintf(look->reference, sizeof look->reference, "%s", reference);
}

void effects_clear(struct effects *e)
{
	parcel_clear(&e->jobs);
	e->stop_count = e->look_count = 0;
}

void effects_free(struct effects *e)
{
	parcel_free(&e->jobs);
	free(e->stops);
	free(e->looks);
	*e = (struct effects){0};
}

/* carrying out */

bool effects_settle(struct scheduler *s)
{
	struct effects *e = &s->effects;
	size_t refused;

	if (!belt_settle(s->belt, &refused) || refused > 0)
		return false;
	for (int c = CHANNEL_NONE + 1; c < CHANNEL_END; c++) {
		for (int lane = 0; lane < LANES; lane++) {
			if (e->sent[c][lane] == 0)
				continue;
			s->marks[c][lane] = e->sent[c][lane];
			s->marks_changed = true;
			e->sent[c][lane] = 0;
		}
	}
	return true;
}

static void retire_idle_runs(struct scheduler *s)
{
	for (size_t i = 0; i < s->runs.count; i++)
		if (run_is_idle(s->runs.list[i]))
			belt_retire(s->belt, s->runs.list[i]->b->id);
}

bool effects_carry_out(struct scheduler *s)
{
	struct effects *e = &s->effects;

	if (!effects_settle(s))
		return false;
	/* Stop marks and contents stand before the jobs that they are about. */
	for (size_t i = 0; i < e->stop_count; i++)
		belt_stop(s->belt, e->stops[i].broadcast, e->stops[i].ordinal);
	if (!introduce_runs(s))
		return false;
	belt_add_jobs(s->belt, &e->jobs);
	for (size_t i = 0; i < e->look_count; i++)
		belt_add_look(s->belt, CHANNEL_VOICE, e->looks[i].attempt, e->looks[i].reference);
	retire_idle_runs(s);
	if (!belt_send(s->belt))
		return false;
	memcpy(e->sent, e->jobs.newest, sizeof e->sent);
	if (e->jobs.jobs > 0)
		crash_point(CRASH_SCHEDULER_HANDED_OVER);
	return true;
}
