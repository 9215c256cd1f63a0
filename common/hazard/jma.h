#pragma once

/*
 * JMA disaster XML (気象庁防災情報XML): what is the same in all telegrams is read in jma.c; a family
 * of telegrams has one reader each for its Body.
 */

#include "common/base/buf.h"
#include "common/base/must.h"
#include "common/hazard/event.h"
#include "common/text/xml_reader.h"

struct jma {
	const struct xml_node *control, *head, *body;
	const char *title; /* Control/Title, which tells the kind of telegram */
	struct hazard_event *event;
	struct buf *reason;
};

/* Adds areas and what else the Body says; hazard, keys, times and texts of the Head are there. */
typedef enum hazard_read jma_family(struct jma *jma);

jma_family jma_quake, jma_tsunami, jma_eew, jma_weather, jma_landslide, jma_volcano;

/* Seismic intensity "5+" -> 50; 0 for "0"; -1: it is none. 未入電 -> 46. */
MUST_USE int jma_intensity(const char *text);

/* The region of a 細分区域; else the prefecture that is named with it (two digits); else elsewhere. */
MUST_USE const char *jma_region(const char *code, const char *prefecture);

/* Place, magnitude and time of the first Earthquake in the Body, where there is one. */
void jma_earthquake(struct jma *jma);
