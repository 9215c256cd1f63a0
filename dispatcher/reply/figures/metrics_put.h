#pragma once

/* What puts the samples of each metric: put_... for every line of metrics.def. */

#include "common/text/exposition.h"
#include "dispatcher/reply/figures/reading.h"
#include <inttypes.h>
#include <stdio.h>

typedef void put_samples(struct buf *out, const char *name, const struct reading *reading);

#define METRIC(name, type, put, help) put_samples put_##put;
#include "dispatcher/reply/figures/metrics.def"
#undef METRIC

#define LABELS(...) ((struct label[]){__VA_ARGS__, {NULL, NULL}})

/* A number as the value of a label. */
enum { ID_TEXT = 24 };
static inline const char *id_text(int64_t id, char *text)
{
	snprintf(text, ID_TEXT, "%" PRId64, id);
	return text;
}
