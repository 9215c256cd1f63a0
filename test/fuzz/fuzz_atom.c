/*
 * Atom feeds.
 *
 * Seeds: test/data/atom
 */

#include "dispatcher/feed/atom.h"
#include "test/fuzz/target.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	return 0;
}

/* A feed is taken whole, or refused with a word and nothing left. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct buf fault = {0};
	struct atom atom;
	bool sound = atom_read(bytes, length, &atom, &fault);

	if (sound == (fault.length > 0) || (!sound && atom.count))
		abort();
	for (size_t i = 0; i < atom.count; i++)
		if (!*atom.entries[i].url || strlen(atom.entries[i].url) > ATOM_URL_MOST)
			abort();
	atom_free(&atom);
	buf_free(&fault);
	return 0;
}
