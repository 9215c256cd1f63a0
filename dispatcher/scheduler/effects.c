#include "dispatcher/scheduler/effects.h"

#include "common/base/mem.h"

#include <stdio.h>
#include <stdlib.h>

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
	e->stops[e->stop_count++] = (struct stop_effect){broadcast, ordinal};
}

void effects_job(struct effects *e, int lane, const struct job *job)
{
	if (e->job_count == e->job_room) {
		e->job_room = grown(e->job_room);
		e->jobs = mem_resize(e->jobs, e->job_room, sizeof *e->jobs);
	}
	e->jobs[e->job_count++] = (struct job_effect){lane, *job};
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
	for (size_t i = 0; i < e->job_count; i++)
		job_free(&e->jobs[i].job);
	e->job_count = e->stop_count = e->look_count = 0;
}

void effects_free(struct effects *e)
{
	effects_clear(e);
	free(e->jobs);
	free(e->stops);
	free(e->looks);
	*e = (struct effects){0};
}
