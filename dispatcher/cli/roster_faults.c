#include "dispatcher/cli/roster_faults.h"

#include <string.h>

static void print_json(const struct faults *faults)
{
	json_t *list = json_array();

	for (size_t i = 0; i < faults->kept; i++) {
		const struct fault *f = &faults->fault[i];
		json_array_append_new(list, json_pack("{s:o, s:I, s:s, s:o}", "file",
						      cli_json_text(f->label), "row",
						      (json_int_t)f->row, "column", f->column,
						      "message", cli_json_text(f->message)));
	}
	cli_answer(json_pack("{s:o, s:I}", "errors", list, "count", (json_int_t)faults->count));
}

void cli_print_faults(const struct cli *cli, const struct faults *faults)
{
	if (cli->json) {
		print_json(faults);
		return;
	}
	for (size_t i = 0; i < faults->kept; i++) {
		const struct fault *f = &faults->fault[i];
		fprintf(stderr, "%s:%zu: %s%s%s\n", f->label, f->row, f->column,
			*f->column ? ": " : "", f->message);
	}
	if (faults->count > faults->kept)
		fprintf(stderr, "他 %zu 件 (and %zu more)\n", faults->count - faults->kept,
			faults->count - faults->kept);
}

int cli_count_dashes(const char *const path[ROSTER_FILES])
{
	int dashes = 0;

	for (int i = 0; i < ROSTER_FILES; i++)
		dashes += path[i] && strcmp(path[i], "-") == 0;
	return dashes;
}
