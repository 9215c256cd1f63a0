#pragma once

/* For common/hazard: what a placeholder stands for. */

#include "common/hazard/fill.h"

struct filling {
	const struct hazard_event *event;
	const struct acted *regions;
	size_t region_count;
	enum language language;
};

struct fill_value {
	const char *name;
	void (*write)(const struct filling *f, struct buf *out);
};

/* NULL: there is no such placeholder. */
const struct fill_value *fill_value_by_name(const char *name, size_t length);
/* "{level}, {regions}, ..." */
void fill_values_tell(struct buf *out);
