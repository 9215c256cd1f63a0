#pragma once

/* For common/hazard: the words of which the reasons of decisions are made. */

#include "common/base/buf.h"
#include "common/hazard/acted.h"
#include <stdint.h>

/* "intensity 5+", "major tsunami warning" */
void say_level(struct buf *out, enum hazard hazard, int level);
/* "宮城県北部 (220)" */
void say_region(struct buf *out, const char *region);
/* "intensity 6+ in 宮城県北部 (220), 6- in 岩手県沿岸南部 (211) and 7 more regions"; the highest first. */
void say_acted(struct buf *out, enum hazard hazard, const struct acted_list *list);
/* "宮城県北部 (220), 宮城県中部 (222) and 7 more regions" */
void say_regions(struct buf *out, const struct acted_list *list);
/* "2011-03-11 14:48 JST" */
void say_time(struct buf *out, int64_t utc_ms);
/* "3 h 12 min" */
void say_span(struct buf *out, int64_t ms);
/* "work or home" */
void say_addresses(struct buf *out, unsigned addresses);
