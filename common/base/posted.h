#pragma once

/* What tenkod posts for monitoring (board.h): its children. In the data directory, as given. */

#include <stdint.h>

#define POSTED_CHILDREN "run/board.tenkod"

enum { POSTED_CHILDREN_VERSION = 1, POSTED_CHILDREN_MOST = 128 };

struct posted_child {
	char name[24]; /* "mail-1" */
	int32_t up;    /* it serves */
	int64_t restarts;
};

/* Those beyond the last place are not told of. */
struct posted_children {
	int64_t count;
	struct posted_child list[POSTED_CHILDREN_MOST];
};
