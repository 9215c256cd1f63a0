#pragma once

/*
 * GET /stats.json: the figures of reading.h as JSON, for those whom watchers.h lets in. The
 * broadcasts are as `tenko status --json` has them. tenko-figures.7 tells of every field.
 */

#include "dispatcher/reply/http/respond.h"
#include <jansson.h>

struct reading;

/* All of it. */
MUST_USE json_t *stats_json(const struct reading *reading);

void stats_serve(struct visit *visit, const char *rest);
