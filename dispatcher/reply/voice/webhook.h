#pragma once

/* A request of the telephone provider: a form, signed. */

#include "common/text/form.h"
#include "dispatcher/reply/http/respond.h"

/* False: it was not sound or not signed, and has been answered. */
MUST_USE bool webhook_open(const struct visit *visit, struct form *form);

/* Its signature, once it is open. */
const char *webhook_signature(const struct visit *visit);

/* A field, "" where it is not there. */
const char *webhook_field(const struct form *form, const char *name);

/* The value of a parameter of the query, "" where it is not there; the caller frees. */
MUST_USE char *webhook_query(const struct visit *visit, const char *name);

/* The same as a number, 0 where it is none. */
MUST_USE int64_t webhook_number(const struct visit *visit, const char *name);

/* The address of a path of ours as the provider calls it; the caller frees. */
MUST_USE char *webhook_url(const struct server *server, const char *path);

/* Answers with a script; frees it. */
void webhook_answer(const struct visit *visit, struct buf *script);
