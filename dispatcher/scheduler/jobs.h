#pragma once

/* The job of an attempt: what goes on the belt. */

#include "dispatcher/scheduler/scheduler.h"

/* Texts are borrowed from the arguments; `token` has room for TOKEN_LENGTH + 1 bytes. */
struct job job_of(const struct scheduler *s, const struct attempt *a, int64_t person,
		  const struct recipient *recipient, char *token);
