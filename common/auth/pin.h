#pragma once

/*
 * PINs for calling in, kept as a hash (Argon2id). A PIN of eight digits can be found from any hash
 * by trying all of them, so the hash is a cheap one that a roster of a million can afford: it keeps
 * PINs out of sight, and the lock after wrong tries keeps strangers out.
 */

#include "common/base/must.h"
#include <stdbool.h>

enum { PIN_LEAST = 4, PIN_MOST = 8, PIN_HASH_ROOM = 128 };

/* `hash` holds PIN_HASH_ROOM bytes. */
void pin_hash(const char *pin, char *hash);
/* A hash that is none fits no PIN, and costs the same. */
MUST_USE bool pin_fits(const char *pin, const char *hash);
