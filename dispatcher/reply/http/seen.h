#pragma once

/*
 * The signatures of the last requests of a kind that counts something, so that one that is sent again
 * is known. Only what was signed rightly is put in: nobody else can push the others out.
 */

#include "common/base/must.h"
#include <stdbool.h>

struct seen;

struct seen *seen_new(void);
void seen_free(struct seen *seen);

/* Whether it is among them; it is afterwards. */
MUST_USE bool seen_before(struct seen *seen, const char *signature);
