#pragma once

/*
 * A file that is there whole or not at all: written beside its place under another name (mode
 * 0600), brought to the disk, then renamed. For standard output ("-") it is kept back until it is
 * complete.
 */

#include "common/base/buf.h"
#include "common/base/must.h"
#include <stdbool.h>
#include <stdio.h>

struct outfile {
	FILE *file;   /* to write to; NULL: not open */
	char *path;   /* where it will be; NULL: standard output */
	char *beside; /* where it is until then */
};

/* False, with a sentence in `trouble`. A path that is there and no plain file is refused. */
MUST_USE bool outfile_open(struct outfile *out, const char *path, struct buf *trouble);
/* Everything to the disk; after this only the renaming can fail. */
MUST_USE bool outfile_settle(struct outfile *out, struct buf *trouble);
/* Into its place. */
MUST_USE bool outfile_publish(struct outfile *out, struct buf *trouble);
/* Frees it; what was not published is gone. */
void outfile_close(struct outfile *out);
