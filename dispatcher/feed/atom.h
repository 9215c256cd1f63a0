#pragma once

/* Reads an Atom feed (RFC 4287): which telegrams there are. */

#include "common/base/buf.h"
#include "common/base/must.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ATOM_URL_MOST = 1000 /* bytes */, ATOM_ENTRIES_MOST = 20000 };

struct atom_entry {
	char *url;       /* of the telegram: its link, else its id */
	int64_t updated; /* UTC milliseconds; 0: says nothing that can be read */
};

struct atom {
	struct atom_entry *entries;
	size_t count;
};

/*
 * False, with what and where in `fault`: it is no Atom feed, or is damaged. An entry without an
 * address is a fault too, as what it stands for would be lost without a word. The caller frees.
 */
MUST_USE bool atom_read(const void *bytes, size_t length, struct atom *atom, struct buf *fault);
void atom_free(struct atom *atom);
