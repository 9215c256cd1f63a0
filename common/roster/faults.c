#include "common/roster/faults.h"

#include "common/base/mem.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

enum { MESSAGE_ROOM = 1024 };

void fault_add(struct faults *faults, const struct place *place, const char *format, ...)
{
	char message[MESSAGE_ROOM];
	va_list args;

	faults->count++;
	if (faults->kept == FAULTS_KEPT)
		return;
	va_start(args, format);
	vsnprintf(message, sizeof message, format, args);
	va_end(args);
	faults->fault[faults->kept++] = (struct fault){
		.file = place->file,
		.label = place->label,
		.row = place->row,
		.column = place->column ? place->column : "",
		.message = mem_string(message),
	};
}

static bool comes_before(const struct fault *a, const struct fault *b)
{
	return a->file != b->file ? a->file < b->file : a->row < b->row;
}

/* By insertion: stable, and there are few. */
void faults_sort(struct faults *faults)
{
	for (size_t i = 1; i < faults->kept; i++) {
		struct fault moved = faults->fault[i];
		size_t to = i;
		for (; to > 0 && comes_before(&moved, &faults->fault[to - 1]); to--)
			faults->fault[to] = faults->fault[to - 1];
		faults->fault[to] = moved;
	}
}

void faults_free(struct faults *faults)
{
	for (size_t i = 0; i < faults->kept; i++)
		free(faults->fault[i].message);
	*faults = (struct faults){0};
}
