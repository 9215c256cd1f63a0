#pragma once

/* Files that hold a secret: mode 0600, on the disk before anybody relies on them. */

#include "common/base/buf.h"
#include "common/base/must.h"
#include <stdbool.h>
#include <stddef.h>

/* Makes a file that is not there yet. False, with a sentence in `fault`; nothing is left behind. */
MUST_USE bool keyfile_create(const char *file, const char *text, size_t length, struct buf *fault);

enum { KEYFILE_MOST = 32768 }; /* bytes */

/*
 * Reads the whole file into `text`; refuses one that others than its owner may read. False, with
 * a sentence in `fault` that names the file and what to do. `missing`: what to do where it is not
 * there ("`tenko init` makes it").
 */
MUST_USE bool keyfile_read(const char *file, const char *missing, struct buf *text,
			   struct buf *fault);

/* Wipes what was read, and frees it. */
void keyfile_forget(struct buf *text);
