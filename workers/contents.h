#pragma once

/* The contents of the broadcasts this worker works on, fetched once each. */

#include "common/queue/claim.h"

struct contents;

struct contents *contents_new(void);
void contents_free(struct contents *contents);

/* *content stays NULL where the queue has none. False: the connection broke. */
MUST_USE bool contents_get(struct contents *contents, struct claim *claim, int64_t broadcast,
			   const struct content **content);
