#pragma once

/*
 * The bearer token of the hooks, by which monitoring sets off broadcasts: one line in a file of its
 * own (DIR/hooks.key, mode 0600).
 */

#include "common/base/buf.h"
#include "common/base/must.h"
#include "common/conf/settings.h"
#include <stdbool.h>

/* The file; the caller frees. */
MUST_USE char *hook_token_file(const struct settings *settings);

/* Makes the file with a fresh token. False, with a sentence in `fault`. */
MUST_USE bool hook_token_create(const char *file, struct buf *fault);

/* The token; the caller frees with hook_token_free(). NULL, with a sentence in `fault`. */
MUST_USE char *hook_token_load(const char *file, struct buf *fault);
void hook_token_free(char *token); /* NULL is allowed */

/*
 * Whether the value of an Authorization header (NULL: there was none) is "Bearer" and the token.
 * How long it takes says nothing of the token.
 */
MUST_USE bool hook_token_fits(const char *token, const char *authorization);
