/*
 * Every telegram under test/data is read, or passed or refused with a reason, as the table
 * expected.tsv beside it says; and an event survives its way through JSON.
 */

#include "common/base/clock.h"
#include "common/base/mem.h"
#include "common/hazard/areas.h"
#include "common/hazard/event.h"
#include "common/roster/regions.h"
#include "test/unit/run.h"

#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *folder, *ending;
	enum hazard_format format;
	int least; /* files, so that an empty folder is no success */
} folders[] = {
	{"test/data/jma/official", ".xml", FORMAT_JMA, 117},
	{"test/data/jma/real", ".xml", FORMAT_JMA, 35},
	{"test/data/p2pquake", ".json", FORMAT_P2PQUAKE, 1},
	{"test/data/cap", ".xml", FORMAT_CAP, 4},
	{"test/data/cap", ".cap", FORMAT_CAP, 1},
	{"test/data/alertmanager", ".json", FORMAT_ALERTMANAGER, 3},
};

static void load_areas(void)
{
	struct buf fault = {0};

	setenv("TENKO_DATADIR", "config", 0);
	ck_assert_msg(areas_load(&fault), "%s", buf_text(&fault));
}

static char *read_file(const char *folder, const char *name, size_t *length)
{
	char *path = mem_format("%s/%s", folder, name);
	FILE *file = fopen(path, "re");
	struct buf all = {0};
	char part[65536];
	size_t got;

	ck_assert_msg(file != NULL, "%s", path);
	while ((got = fread(part, 1, sizeof part, file)) > 0)
		buf_add(&all, part, got);
	ck_assert_int_eq(fclose(file), 0);
	free(path);
	*length = all.length;
	return buf_take(&all);
}

/* hazard, status, act, keys, highest level, areas of which in none of our regions, state, sent, title */
static void tell_event(const struct hazard_event *event, struct buf *line)
{
	char sent[CLOCK_TEXT];
	int highest = 0, lost = 0;

	buf_format(line, "%s\t%s\t%s\t", hazard_name(event->hazard),
		   event_status_name(event->status), event_act_name(event->act));
	for (size_t i = 0; i < event->key_count; i++)
		buf_format(line, "%s%s", i ? " | " : "", event->keys[i]);
	for (size_t i = 0; i < event->area_count; i++) {
		highest = event->areas[i].level > highest ? event->areas[i].level : highest;
		lost += !region_exists(event->areas[i].region);
	}
	buf_format(line, "\t%s\t%zu\t%d\t%s\t%s\t%s", level_name(event->hazard, highest),
		   event->area_count, lost, event->restates ? "all" : "part",
		   clock_utc_text(event->sent_at, sent), event->title);
}

static void check_round_trip(const struct hazard_event *event, const char *name)
{
	struct hazard_event again;
	char *json = event_json(event);

	ck_assert_msg(event_from_json(json, &again), "%s: %s", name, json);
	char *json_again = event_json(&again);
	ck_assert_str_eq(json_again, json);
	free(json);
	free(json_again);
	event_clear(&again);
}

static void tell_telegram(const char *folder, const char *name, enum hazard_format format,
			  struct buf *told)
{
	static const char *const verdicts[] = {
		[HAZARD_READ] = "read", [HAZARD_PASSED] = "passed", [HAZARD_REFUSED] = "refused"};
	struct events events;
	struct buf reason = {0};
	size_t length;
	char *bytes = read_file(folder, name, &length);

	ck_assert_int_eq(hazard_guess(bytes, length), format);
	enum hazard_read verdict = hazard_read(format, bytes, length, &events, &reason);
	if (verdict != HAZARD_READ) {
		ck_assert_msg(reason.length > 0, "%s: no reason", name);
		ck_assert_uint_eq(events.count, 0);
		buf_format(told, "%s\t%s\t%s\n", name, verdicts[verdict], buf_text(&reason));
	}
	ck_assert_msg(verdict != HAZARD_READ || events.count > 0, "%s: read, and nothing", name);
	for (size_t i = 0; i < events.count; i++) {
		buf_format(told, "%s\t%s\t", name, verdicts[verdict]);
		tell_event(&events.list[i], told);
		buf_text_add(told, "\n");
		check_round_trip(&events.list[i], name);
	}
	if (verdict == HAZARD_READ && reason.length)
		buf_format(told, "%s\t%s\n", name, buf_text(&reason));
	events_free(&events);
	buf_free(&reason);
	free(bytes);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The names of the folder's files with that ending, in order. */
static char **list_folder(const char *folder, const char *ending, size_t *count)
{
	DIR *dir = opendir(folder);
	char **names = NULL;
	struct dirent *entry;

	ck_assert_msg(dir != NULL, "%s", folder);
	*count = 0;
	while ((entry = readdir(dir)) != NULL) {
		const char *dot = strrchr(entry->d_name, '.');
		if (!dot || strcmp(dot, ending) != 0)
			continue;
		names = mem_resize(names, *count + 1, sizeof *names);
		names[(*count)++] = mem_string(entry->d_name);
	}
	closedir(dir);
	qsort(names, *count, sizeof *names, by_name);
	return names;
}

/* Lines of the table that no telegram gave, or gave otherwise, are shown with what it gave. */
START_TEST(every_telegram_is_read_as_the_table_says)
{
	struct buf told = {0};
	size_t count, length;
	char *table = mem_format("expected%s.tsv", folders[_i].ending);
	char *expected = read_file(folders[_i].folder, table, &length);
	char **names = list_folder(folders[_i].folder, folders[_i].ending, &count);

	load_areas();
	ck_assert_int_ge((int)count, folders[_i].least);
	for (size_t i = 0; i < count; i++) {
		tell_telegram(folders[_i].folder, names[i], folders[_i].format, &told);
		free(names[i]);
	}
	if (strcmp(buf_text(&told), expected) != 0) {
		char *path = mem_format("build/%s.%s", strrchr(folders[_i].folder, '/') + 1, table);
		FILE *file = fopen(path, "we");
		if (file) {
			fputs(buf_text(&told), file);
			fclose(file);
		}
		ck_abort_msg("%s/%s: not what was read, which is in %s", folders[_i].folder, table,
			     path);
	}
	free(names);
	free(table);
	free(expected);
	buf_free(&told);
}
END_TEST

/* Wherever a telegram breaks off it is refused, and says so. */
START_TEST(half_a_telegram_is_refused)
{
	size_t count, length;
	char **names = list_folder(folders[_i].folder, folders[_i].ending, &count);

	load_areas();
	for (size_t i = 0; i < count; i++) {
		char *bytes = read_file(folders[_i].folder, names[i], &length);
		while (length > 0 && strchr(" \r\n", bytes[length - 1]))
			length--;
		for (size_t part = 0; part < 10; part++) {
			struct events events;
			struct buf reason = {0};
			size_t left = part == 9 ? length - 1 : length * part / 9;
			ck_assert_msg(hazard_read(folders[_i].format, bytes, left, &events,
						  &reason) == HAZARD_REFUSED,
				      "%s: %zu bytes", names[i], left);
			ck_assert_uint_gt(reason.length, 0);
			buf_free(&reason);
		}
		free(bytes);
		free(names[i]);
	}
	free(names);
}
END_TEST

START_TEST(what_is_no_event_is_no_event_from_json)
{
	static const char *const bad[] = {
		"",
		"{}",
		"[]",
		"null",
		"{\"format\":\"jma\"}",
		"{\"format\":\"jma\",\"hazard\":\"earthquake\",\"status\":\"actual\","
		"\"act\":\"report\",\"keys\":[],\"title\":\"\",\"sent_at\":0,\"occurred_at\":0,"
		"\"expires_at\":0,\"restates\":false,\"place\":\"\",\"magnitude\":\"\","
		"\"headline\":\"\",\"text\":\"\",\"serial\":\"\",\"areas\":[]}",
	};
	struct hazard_event event;

	for (size_t i = 0; i < LENGTH(bad); i++)
		ck_assert_msg(!event_from_json(bad[i], &event), "%s", bad[i]);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("hazard_telegrams");
	TCase *tests = tcase_create("telegrams");

	tcase_set_timeout(tests, 60);
	tcase_add_loop_test(tests, every_telegram_is_read_as_the_table_says, 0, LENGTH(folders));
	tcase_add_loop_test(tests, half_a_telegram_is_refused, 0, LENGTH(folders));
	tcase_add_test(tests, what_is_no_event_is_no_event_from_json);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
