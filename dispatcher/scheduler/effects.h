#pragma once

/*
 * What a turn does to the belt once it is committed. All of it may be lost: stop marks are made
 * anew when the belt is compared with the store, jobs are handed over again by the same.
 */

#include "common/queue/job.h"
#include "common/store/delivery.h"
#include <stddef.h>
#include <stdint.h>

struct stop_effect {
	int64_t broadcast, ordinal;
};

struct job_effect {
	int lane;
	struct job job;
};

struct look_effect {
	int64_t attempt;
	char reference[REFERENCE_MOST + 1];
};

struct effects {
	struct stop_effect *stops;
	size_t stop_count, stop_room;
	struct job_effect *jobs;
	size_t job_count, job_room;
	struct look_effect *looks;
	size_t look_count, look_room;
};

void effects_stop(struct effects *effects, int64_t broadcast, int64_t ordinal);
/* Takes over the job's texts. */
void effects_job(struct effects *effects, int lane, const struct job *job);
void effects_look(struct effects *effects, int64_t attempt, const char *reference);
void effects_clear(struct effects *effects); /* keeps the memory */
void effects_free(struct effects *effects);
