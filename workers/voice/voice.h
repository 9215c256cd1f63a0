#pragma once

/*
 * The telephone channel: places the calls of a batch side by side. What becomes of a call is told to
 * the reply endpoint by the provider; this worker only asks where that word does not come.
 */

#include "workers/worker.h"

extern const struct worker_channel voice_channel;
