/*
 * Roster files: which characters they are in, and their cells. What is read and written again must
 * be read as the same.
 *
 * Seeds: config/sample test/fuzz/seeds/csv
 */

#include "common/text/charset.h"
#include "common/text/csv.h"
#include "test/fuzz/must.h"
#include "test/fuzz/target.h"

#include <string.h>

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	return 0;
}

static void check_again(const struct csv *csv)
{
	struct buf line = {0};
	struct csv again;
	size_t longest = 0;

	for (size_t i = 0; i < csv->count; i++) {
		if (i)
			buf_char(&line, ',');
		csv_put(&line, csv->cell[i]);
		longest += strlen(csv->cell[i]);
	}
	csv_open(&again, line.data, line.length, 0);
	/* empty lines are passed over; quotes may make a long one too long */
	bool written = longest > 0 && line.length < CSV_RECORD_MOST;
	if (written) {
		fuzz_must(csv_next(&again) == CSV_RECORD && again.count == csv->count,
			  "a record that is written is read");
		for (size_t i = 0; i < csv->count; i++)
			fuzz_must(strcmp(again.cell[i], csv->cell[i]) == 0, "cells stay the same");
		fuzz_must(csv_next(&again) == CSV_END, "one record is written as one");
	}
	csv_close(&again);
	buf_free(&line);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	const char *text = (const char *)bytes;
	enum charset charset = charset_detect(text, length);
	enum csv_result result;
	struct buf utf8 = {0};
	struct csv csv;

	if (charset == CHARSET_UTF16)
		return 0;
	size_t unsound = charset_to_utf8(charset, text, length, &utf8);
	fuzz_must(unsound <= length, "no more bytes are unsound than there are");
	csv_open(&csv, utf8.data, utf8.length, '#');
	while ((result = csv_next(&csv)) != CSV_END) {
		fuzz_must(result == CSV_RECORD || csv.fault, "a fault has a reason");
		if (result == CSV_RECORD)
			check_again(&csv);
	}
	csv_close(&csv);
	buf_free(&utf8);
	return 0;
}
