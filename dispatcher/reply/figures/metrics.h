#pragma once

/*
 * GET /metrics: the figures of reading.h for Prometheus (common/text/exposition.h), for those whom
 * watchers.h lets in. tenko-figures.7 tells what each means; the two are held against each other.
 */

#include "dispatcher/reply/http/respond.h"

void metrics_serve(struct visit *visit, const char *rest);
