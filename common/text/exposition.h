#pragma once

/*
 * Figures in the text format of Prometheus, version 0.0.4
 * (https://prometheus.io/docs/instrumenting/exposition_formats/): a heading a metric, then its
 * samples.
 *
 *	exposition_head(&out, "tenko_queue_length", "gauge", "Jobs in the queue.");
 *	exposition_number(&out, "tenko_queue_length", (struct label[]){{"channel", "mail"}, {NULL}}, 3);
 *
 * Values of labels may be anything: what would break the line is escaped, bytes that are no UTF-8
 * become question marks.
 */

#include "common/base/buf.h"
#include "common/base/histogram.h"
#include <stdint.h>

#define EXPOSITION_TYPE "text/plain; version=0.0.4; charset=utf-8"

/* A list of them ends with one without a name; NULL is none at all. */
struct label {
	const char *name, *value;
};

/* `type`: counter, gauge, histogram. */
void exposition_head(struct buf *out, const char *name, const char *type, const char *help);
void exposition_number(struct buf *out, const char *name, const struct label *labels,
		       int64_t number);
/* Milliseconds, written as seconds. */
void exposition_seconds(struct buf *out, const char *name, const struct label *labels, int64_t ms);
/* As old as can be: +Inf. */
void exposition_never(struct buf *out, const char *name, const struct label *labels);
/* Its steps, sum and count, without further labels. */
void exposition_histogram(struct buf *out, const char *name, const struct histogram *histogram);
