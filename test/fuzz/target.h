#pragma once

/*
 * A fuzz target is one file test/fuzz/fuzz_NAME.c with these functions, whose first comment has a
 * line "Seeds: FOLDER..." (from the root of the repository). It needs no more: the Makefile and
 * scripts/fuzz find it. A list of words that its input is made of may lie beside it as
 * fuzz_NAME.dict.
 */

#include <stddef.h>
#include <stdint.h>

/* Called once, before the first input. */
int LLVMFuzzerInitialize(int *argc, char ***argv);

/* Reads one input; whatever is wrong with the reader ends the program. Returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);
