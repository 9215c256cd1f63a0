#pragma once

/* What the answers of each kind of source hold. */

#include "dispatcher/feed/source.h"
#include "dispatcher/feed/wanted.h"

/*
 * Takes the answer of a source in: what an Atom feed names is put into `wanted`, what the others
 * hold is taken in as telegrams. False: `fault` says why not; the source is asked again.
 */
MUST_USE bool answer_take(struct source *source, struct wanted_list *wanted, struct buf *fault);
