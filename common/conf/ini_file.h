#pragma once

/*
 * Reads files of the form
 *
 *	[section]
 *	key = value
 *	  a long value goes on in a line that starts with a blank
 *	# a comment
 *
 * for those who know the keys (settings, rules). Every fault of a file is reported, "file:12: ...",
 * not only the first.
 */

#include "common/base/buf.h"
#include "common/base/must.h"
#include <stdbool.h>
#include <stdio.h>

struct ini_file {
	const char *name;   /* as faults call the file */
	struct buf *faults; /* one line a fault */
	void *arg;
	/* NULL: of no interest. Also called for a section without keys. */
	void (*section)(struct ini_file *file, const char *section);
	/* Section "": before any. */
	void (*value)(struct ini_file *file, const char *section, const char *key,
		      const char *value);

	/* while it is read */
	int line;
	bool continued; /* the line goes on with the value of the one before */
	bool in_value;
	FILE *stream;
};

/* The caller opens and closes the stream, and sets the first five fields. */
void ini_file_read(struct ini_file *file, FILE *stream);

/* A fault in the line that is being read. */
void ini_file_fault(struct ini_file *file, const char *format, ...) PRINTF(2, 3);
