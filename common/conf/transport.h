#pragma once

/*
 * The null transport (mail.transport, voice.transport, push.transport = null): a worker does all it
 * ever does with a job, but for the network. For benchmarks and drills; whoever has it set in
 * earnest reaches nobody, so everything that shows how things stand says so.
 */

#include "common/base/buf.h"
#include "common/base/must.h"
#include "common/base/vocabulary.h"
#include "common/conf/settings.h"
#include <stdbool.h>

MUST_USE bool transport_is_null(const struct settings *settings, enum channel channel);

/* A line for each channel in use by which nothing goes out; nothing where all do. */
void transport_warnings(const struct settings *settings, struct buf *out);

/* The same into the log, for the worker of one channel. */
void transport_log(const struct settings *settings, enum channel channel);
