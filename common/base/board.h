#pragma once

/*
 * A board: a small file on which one process posts every second or two what it knows, for others on
 * this machine to read. So figures cost their reader one read of a file, and nobody waits for the
 * process that they are of.
 *
 * The content is a struct, always posted whole, with its version, its length, the time and a check
 * sum: a reader takes what is whole and of its own version, and anything else for not there. The
 * disk space is taken when the board is opened, so that a full disk does not silence it.
 */

#include "common/base/must.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What was posted longer ago than this is stale: its writer hangs or is gone. Milliseconds. */
enum { BOARD_STALE_MS = 10000 };

struct board;

/* For the one writer; the file is made (mode 0600) if it is not there. NULL with errno. */
MUST_USE struct board *board_open(const char *path, uint32_t version, size_t size);
void board_close(struct board *board); /* NULL is allowed; the file stays */

/* `content` has the size that was given. False with errno: what stood there may be gone. */
MUST_USE bool board_post(struct board *board, const void *content);

enum board_state {
	BOARD_NONE, /* no board, or none that this program can read; the content is zeroed */
	BOARD_STALE,
	BOARD_FRESH,
};

/* *age: milliseconds since it was posted; only where there is one. Does not wait. */
enum board_state board_read(const char *path, uint32_t version, void *content, size_t size,
			    int64_t *age);
