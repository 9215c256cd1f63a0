#pragma once

/*
 * What a mail carries to prove later, when it comes back, that it was ours: sixteen characters that
 * only who saw the mail can know. Made of the personal link's token and the attempt, so that a mail
 * worker needs no key; who reads bounces makes the token again and compares.
 */

#include "common/base/must.h"
#include <stdbool.h>
#include <stdint.h>

enum { PROOF_LENGTH = 16 };

#define PROOF_HEADER "X-Tenko-Proof"

/* Writes PROOF_LENGTH characters (base64url) and a NUL. */
void proof_make(const char *token, int64_t attempt, char *text);

/* Takes the same time for every text of the right length. */
MUST_USE bool proof_check(const char *token, int64_t attempt, const char *text);
