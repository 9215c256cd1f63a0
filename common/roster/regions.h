#pragma once

/*
 * The regions that a person can be in: the 188 regions for which seismic intensity is announced
 * (three digits, "350") and the 47 prefectures (two digits, "13"). The tables come with the
 * program: config/regions/.
 */

#include "common/base/buf.h"
#include "common/base/must.h"
#include <stdbool.h>

/*
 * Reads both tables, once; call it before any of the others, which know nothing until then.
 * False, with a sentence in `fault` that names the file, where one cannot be read or is
 * damaged.
 */
MUST_USE bool regions_load(struct buf *fault);

/* Whether a region or prefecture has that code. */
MUST_USE bool region_exists(const char *code);

/* The prefecture's code a region lies in; a prefecture's own; NULL for an unknown code. */
MUST_USE const char *region_prefecture(const char *code);

/* The name of a region or prefecture ("東京都23区"), "" for an unknown code. */
const char *region_name(const char *code);

/* Calls `see` for each region of a prefecture, in order of code. */
void region_each(const char *prefecture, void (*see)(const char *code, const char *name, void *arg),
		 void *arg);

/*
 * The codes that stand for a place with people: a region means itself and its prefecture, as those
 * of whom no more than that is known may be in it; a prefecture means itself and its regions.
 */
void region_each_meant(const char *code, void (*see)(const char *code, const char *name, void *arg),
		       void *arg);
