#pragma once

/* The contents of the broadcasts this worker works on, fetched once a minute each. */

#include "common/queue/claim.h"

struct contents;

struct contents *contents_new(void);
void contents_free(struct contents *contents);

/* *content stays NULL where the queue has none. False: the connection broke. */
MUST_USE bool contents_get(struct contents *contents, struct claim *claim, int64_t broadcast,
			   const struct content **content);

/* Between two batches: lets go of old ones. Until then what contents_get() gave stays. */
void contents_tidy(struct contents *contents);
