#include "common/text/exposition.h"

#include "common/base/utf8.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void exposition_head(struct buf *out, const char *name, const char *type, const char *help)
{
	buf_format(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void put_value(struct buf *out, const char *value)
{
	size_t left = strlen(value), length;
	uint32_t character;

	for (; left > 0; value += length, left -= length) {
		length = utf8_decode(value, left, &character);
		if (!length) {
			buf_char(out, '?');
			length = 1;
		} else if (*value == '\n') {
			buf_text_add(out, "\\n");
		} else {
			if (*value == '"' || *value == '\\')
				buf_char(out, '\\');
			buf_add(out, value, length);
		}
	}
}

static void put_name(struct buf *out, const char *name, const struct label *labels)
{
	bool first = true;

	buf_text_add(out, name);
	for (; labels && labels->name; labels++) {
		buf_format(out, "%c%s=\"", first ? '{' : ',', labels->name);
		put_value(out, labels->value);
		buf_char(out, '"');
		first = false;
	}
	buf_text_add(out, first ? " " : "} ");
}

void exposition_number(struct buf *out, const char *name, const struct label *labels,
		       int64_t number)
{
	put_name(out, name, labels);
	buf_format(out, "%" PRId64 "\n", number);
}

void exposition_seconds(struct buf *out, const char *name, const struct label *labels, int64_t ms)
{
	put_name(out, name, labels);
	buf_format(out, "%s%" PRId64 ".%03d\n", ms < 0 ? "-" : "", (ms < 0 ? -ms : ms) / 1000,
		   (int)((ms < 0 ? -ms : ms) % 1000));
}

void exposition_never(struct buf *out, const char *name, const struct label *labels)
{
	put_name(out, name, labels);
	buf_text_add(out, "+Inf\n");
}

void exposition_histogram(struct buf *out, const char *name, const struct histogram *histogram)
{
	char series[128], limit[24];
	int64_t all = histogram_up_to(histogram, HISTOGRAM_STEPS);

	snprintf(series, sizeof series, "%s_bucket", name);
	for (int step = 0; step <= HISTOGRAM_STEPS; step++) {
		if (step < HISTOGRAM_STEPS)
			snprintf(limit, sizeof limit, "%g", (double)histogram_limit(step) / 1000.0);
		else
			snprintf(limit, sizeof limit, "+Inf");
		exposition_number(out, series, (struct label[]){{"le", limit}, {NULL, NULL}},
				  histogram_up_to(histogram, step));
	}
	snprintf(series, sizeof series, "%s_sum", name);
	exposition_seconds(out, series, NULL, histogram->sum);
	snprintf(series, sizeof series, "%s_count", name);
	exposition_number(out, series, NULL, all);
}
