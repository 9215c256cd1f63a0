#pragma once

/*
 * What each kind of program may still open, by the settings (common/base/guard.h says how it is
 * done). With tenko.confine = no nothing is given up.
 */

#include "common/base/guard.h"
#include "common/conf/settings.h"

/* At the beginning of every program. */
void confine_begin(const struct settings *settings);

/*
 * Who works on the store, once it is open: writes the store's files and the folder run, reads the
 * data directory and the folder of the settings.
 */
void confine_to_store(struct guard *guard, const struct settings *settings);

/* Whose only connections are those to Redis, and to ask for a name. */
void confine_to_redis(struct guard *guard, const struct settings *settings);

/*
 * A worker: reads its settings, and nothing of the data directory. Where they lie above or in it,
 * it is that one file; guard_hides() tells when another one took its place.
 */
void confine_to_settings(struct guard *guard, const struct settings *settings);

/* Clears the guard. */
void confine_enter(struct guard *guard, const struct settings *settings);
