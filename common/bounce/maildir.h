#pragma once

/*
 * A maildir of bounces: each file of new/ is read, taken in (take.h) and moved to cur/, so that
 * nothing is thrown away and nothing read twice; killed in between, it is read again, which changes
 * nothing. What is no plain file, or too long, is moved unread.
 */

#include "common/base/buf.h"
#include "common/base/must.h"
#include "common/bounce/take.h"

struct maildir_pass {
	size_t recorded, again, ignored, refused; /* files, by what became of them */
};

/*
 * Goes through new/ once. `see` is called for each file with its name and a sentence. False, with a
 * sentence in `fault`: the folder, or (where *status is not STORE_OK) the store, cannot be used; the
 * files that are left stay for the next time.
 */
MUST_USE bool maildir_read(const char *dir, const struct taking *t,
			   void (*see)(enum taken taken, const char *name, const char *said,
				       void *arg),
			   void *arg, struct maildir_pass *pass, enum store_status *status,
			   struct buf *fault);

/* Reads all of `fd` into `text`, DSN_MOST + 1 bytes at most. False with errno. */
MUST_USE bool bounce_message_read(int fd, struct buf *text);
