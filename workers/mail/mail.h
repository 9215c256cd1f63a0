#pragma once

/* The mail channel: composes each job's message and sends a batch in one SMTP session. */

#include "workers/worker.h"

extern const struct worker_channel mail_channel;
