#pragma once

/* A broadcast on a whole terminal: what a tired person has to see at once, the most urgent on top. */

#include "common/store/figures.h"
#include "common/store/queued.h"
#include "common/store/story.h"
#include "dispatcher/cli/command.h"
#include "dispatcher/cli/views/screen.h"

struct view {
	const struct figures *figures;
	int64_t in_flight[CHANNEL_END]; /* of all broadcasts */
	struct pace_measured paces[CHANNEL_END];
	struct story newest;
};

/* What belongs to the figures, for a screen of so many rows. */
MUST_USE enum store_status view_load(struct cli *cli, const struct figures *figures, int rows,
				     struct view *view);
void view_free(struct view *view);

void view_draw(struct cli *cli, const struct view *view, struct screen *s);
