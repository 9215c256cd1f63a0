#pragma once

/*
 * Where a report is about: finds the regions and prefectures (common/roster/regions.h) behind the
 * codes and names that sources use. The tables come with the program (config/regions/) and can be
 * replaced, see common/conf/datadir.h.
 *
 * A code or name that no table knows gives the prefecture where that can be told, else "": towns
 * merge and split, prefectures stay. Names are compared in their plain form, see area_plain().
 */

#include "common/base/buf.h"
#include "common/base/must.h"
#include <stdbool.h>
#include <stddef.h>

enum area_table {
	AREAS_TSUNAMI,  /* coasts of tsunami warnings -> the regions that have a shore there */
	AREAS_EEW,      /* districts of earthquake early warnings, four digits */
	AREAS_FORECAST, /* districts of weather forecasts, six digits */
	AREA_TABLES,
};

struct area {
	char code[8];
	char *name;
	char *plain; /* the name in its plain form */
	const char (*regions)[4];
	size_t count; /* of regions, at least one */
};

/*
 * Reads all tables, those of the regions too, once; call it before any of the others. False, with
 * a sentence in `fault` that names the file, where one cannot be read or is damaged.
 */
MUST_USE bool areas_load(struct buf *fault);

/* The version of the tables ("2026-07"). */
const char *areas_version(void);

/* NULL: no area of the table has that code, or that name. */
MUST_USE const struct area *area_by_code(enum area_table table, const char *code);
MUST_USE const struct area *area_by_name(enum area_table table, const char *name);

/* The code of the region or prefecture with that name; "" there is none. */
MUST_USE const char *area_region_by_name(const char *name);

/* The prefecture that a name begins with ("宮城県仙台市"); "" none. */
MUST_USE const char *area_prefecture_in(const char *name);

/*
 * The region of a town by its seven-digit code. Where the code is unknown: of the towns that share
 * its first five digits, or of the wards of a great city, if all are in one region; else its
 * prefecture; "" where it has none.
 */
MUST_USE const char *area_of_town(const char *code);

/*
 * The region of a place of observation: by the town that its name begins with ("安平町早来北進"),
 * in the prefecture of that name; else the prefecture; "" where there is no such prefecture.
 */
MUST_USE const char *area_of_place(const char *prefecture, const char *place);

/*
 * A name in the form in which names are compared: digits and letters of full width as ASCII, small
 * and great ケ and カ alike, no blanks. The caller frees.
 */
MUST_USE char *area_plain(const char *name);
