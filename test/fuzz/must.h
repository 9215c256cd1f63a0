#pragma once

/* What has to hold of every input. */

#include <stdio.h>
#include <stdlib.h>

static inline void fuzz_must(int holds, const char *what)
{
	if (!holds) {
		fprintf(stderr, "does not hold: %s\n", what);
		abort();
	}
}
