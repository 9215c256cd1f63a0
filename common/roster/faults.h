#pragma once

/*
 * What is wrong with the files of an import or an export: file, row, column and a sentence. All
 * are counted, the first FAULTS_KEPT are kept. Sentences hold no addresses.
 */

#include "common/base/must.h"
#include <stddef.h>

enum { FAULTS_KEPT = 200 };

struct fault {
	int file;           /* the order in which files are told of */
	const char *label;  /* the file's name as it was given; not copied */
	size_t row;         /* line in the file, from 1; 0: the file as a whole */
	const char *column; /* "" where it is the row as a whole; not copied */
	char *message;
};

struct faults {
	size_t count; /* of all */
	size_t kept;
	struct fault fault[FAULTS_KEPT];
};

/* Where a fault is. */
struct place {
	int file;
	const char *label;
	size_t row;
	const char *column;
};

void fault_add(struct faults *faults, const struct place *place, const char *format, ...)
	PRINTF(3, 4);
/* By file and row; of one row, in the order they were found. */
void faults_sort(struct faults *faults);
void faults_free(struct faults *faults);
