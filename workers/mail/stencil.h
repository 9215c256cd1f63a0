#pragma once

/*
 * A part as it stands in the message: base64 in lines of 76 characters, each ended by CRLF.
 *
 * Where two people's names are as long as each other, their parts differ in the names and links alone.
 * So the part is encoded once for each such length, and per message only the groups of four characters
 * are written anew that a name or a link has bytes in. Whatever a name is made of, it can change no
 * character outside its own groups, and none of these to anything but base64.
 */

#include "common/base/buf.h"
#include "workers/mail/part.h"

enum { STENCILS = 16 }; /* lengths that are kept at a time; the oldest goes first */

struct stencil {
	size_t length[PART_SLOT_END]; /* of the values, as they stand in the part */
	struct buf plain;             /* the part with the last person's values in it */
	struct buf encoded;
	size_t gaps[PART_SLOTS]; /* where in `plain` the values stand, in the order of the slots */
};

struct stencils {
	struct stencil list[STENCILS];
	size_t count, oldest;
	struct buf values[PART_SLOT_END]; /* of one person; kept for their memory */
};

/* Appends the part for one person. `stencils` are zeroed at first, and of this part alone. */
void stencils_write(struct stencils *stencils, const struct part *part, const char *name,
		    const char *token, struct buf *out);
void stencils_free(struct stencils *stencils);
