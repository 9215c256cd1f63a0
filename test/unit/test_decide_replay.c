/*
 * Sequences of official telegrams through parsers and rule engine: what would have been decided
 * stands in test/data/decisions, a line for each telegram and one for each decision with its reason,
 * in the signs of hazard_world.h. With TENKO_GOLDEN=print a test prints what it got.
 */

#include "common/hazard/areas.h"
#include "test/unit/hazard_world.h"
#include "test/unit/run.h"

#include <dirent.h>

static const char official[] = "test/data/jma/official";

static void load(void)
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

/* telegrams, in the order in which they were sent */

struct telegram {
	char *name;
	struct events events;
	struct buf reason; /* why there are none */
	int64_t sent_at;
};

static struct telegram telegrams[64];
static size_t telegram_count;

static void read_telegram(const char *name)
{
	ck_assert_uint_lt(telegram_count, LENGTH(telegrams));
	struct telegram *t = &telegrams[telegram_count++];
	size_t length;
	char *bytes = read_file(official, name, &length);

	*t = (struct telegram){.name = mem_string(name)};
	enum hazard_read read = hazard_read(FORMAT_JMA, bytes, length, &t->events, &t->reason);
	ck_assert(read == HAZARD_READ || read == HAZARD_PASSED);
	/* passed over: by its name, behind the one before */
	t->sent_at = t->events.count ? t->events.list[0].sent_at : INT64_MAX;
	free(bytes);
}

static int by_time(const void *left, const void *right)
{
	const struct telegram *a = left, *b = right;

	if (a->sent_at != b->sent_at)
		return a->sent_at < b->sent_at ? -1 : 1;
	return strcmp(a->name, b->name);
}

static void read_telegrams(const char *prefix)
{
	DIR *folder = opendir(official);
	const struct dirent *entry;

	telegram_count = 0;
	ck_assert_ptr_nonnull(folder);
	while ((entry = readdir(folder)))
		if (strncmp(entry->d_name, prefix, strlen(prefix)) == 0)
			read_telegram(entry->d_name);
	closedir(folder);
	qsort(telegrams, telegram_count, sizeof telegrams[0], by_time);
}

static void free_telegrams(void)
{
	for (size_t i = 0; i < telegram_count; i++) {
		free(telegrams[i].name);
		events_free(&telegrams[i].events);
		buf_free(&telegrams[i].reason);
	}
}

/* replaying */

static void replay_telegram(struct world *w, const struct telegram *t, struct buf *out)
{
	buf_format(out, "%s\n", t->name);
	if (!t->events.count)
		buf_format(out, "\t%s\n", buf_text(&t->reason));
	for (size_t i = 0; i < t->events.count; i++) {
		struct buf why = {0};
		char *told = world_decide(w, &t->events.list[i], NULL, t->sent_at + 2000, &why);
		buf_format(out, "\t%s\n\t%s\n", told, buf_text(&why));
		free(told);
		buf_free(&why);
	}
}

/* Those whose names begin with `prefix`; `as` is the name of what is expected. */
static void check_replay_as(const char *prefix, const char *rules, const char *as)
{
	char *golden = mem_format("%s.txt", as);
	struct buf out = {0};
	struct world w;
	size_t length;

	world_rules(&w, rules);
	read_telegrams(prefix);
	ck_assert_uint_gt(telegram_count, 1);
	for (size_t i = 0; i < telegram_count; i++)
		replay_telegram(&w, &telegrams[i], &out);
	if (getenv("TENKO_GOLDEN")) {
		printf("== %s\n%s", golden, buf_text(&out));
		fflush(stdout);
	}
	char *expected = read_file("test/data/decisions", golden, &length);
	ck_assert_str_eq(buf_text(&out), expected);
	free(expected);
	free_telegrams();
	free(golden);
	buf_free(&out);
	world_end(&w);
}

static void check_replay(const char *prefix, const char *rules)
{
	check_replay_as(prefix, rules, prefix);
}

/* the rules that are shipped in force */
#define SHIPPED                                                        \
	"[earthquake]\nhazard=earthquake\nthreshold=5+\nsources=jma\n" \
	"[tsunami]\nhazard=tsunami\nthreshold=warning\nsources=jma\n"

START_TEST(suruga_bay_2009)
{
	check_replay("32-35_07", SHIPPED);
}
END_TEST

/* Without a serial, 15 s apart: 422 and 440 rise. */
START_TEST(suruga_bay_2009_from_5_lower_on)
{
	check_replay_as("32-35_07_0", "[e]\nhazard=earthquake\nthreshold=5-\n", "32-35_07-lower");
}
END_TEST

START_TEST(suruga_bay_2009_stronger)
{
	check_replay_as("32-35_07_0", "[e]\nhazard=earthquake\nthreshold=5-\nstronger_breaks=yes\n",
			"32-35_07-stronger");
}
END_TEST

/* 620 is gone from the third report. */
START_TEST(iwate_miyagi_2008_where_a_region_vanishes)
{
	check_replay_as("32-35_06_0", "[e]\nhazard=earthquake\nthreshold=1\nregions=620\n",
			"32-35_06-vanishes");
}
END_TEST

START_TEST(tohoku_2011)
{
	check_replay("32-39_11", SHIPPED);
}
END_TEST

START_TEST(tohoku_2011_stronger)
{
	struct world w;

	/* every level heard of once: 220 rises from 6+ to 7, others from 6- to 6+ */
	world_rules(&w, "[e]\nhazard=earthquake\nthreshold=6-\nstronger_breaks=yes\n");
	read_telegrams("32-39_11");
	struct buf out = {0};
	for (size_t i = 0; i < telegram_count; i++) {
		struct events *events = &telegrams[i].events;
		if (!events->count || events->list[0].hazard != HAZARD_EARTHQUAKE)
			continue;
		char *told = world_decide(&w, &events->list[0], NULL, telegrams[i].sent_at, NULL);
		buf_format(&out, "%s\n", told);
		free(told);
	}
	ck_assert_str_eq(buf_text(&out),
			 "e send 220:6+ 222:6+ b1; e send 211:6- 213:6- 221:6- b2 and before\n"
			 "e send 220:7 b3; "
			 "e send 221:6+ 250:6+ 251:6+ 300:6+ 301:6+ 310:6+ 311:6+ b4 except 1 and "
			 "before; "
			 "e send 212:6- 252:6- 321:6- 331:6- 341:6- b5 except 1 2 and before\n");
	buf_free(&out);
	free_telegrams();
	world_end(&w);
}
END_TEST

START_TEST(two_shakings_three_minutes_apart)
{
	check_replay("32-35_04", "[e]\nhazard=earthquake\nthreshold=4\n");
}
END_TEST

START_TEST(iwate_miyagi_2008_with_its_cancels)
{
	check_replay("32-35_06", SHIPPED);
}
END_TEST

START_TEST(chile_2010_cancelled_a_day_later)
{
	check_replay("32-39_05", "[e]\nhazard=earthquake\nthreshold=1\n");
}
END_TEST

START_TEST(a_tsunami_of_two_earthquakes)
{
	check_replay("38-39_02", "[t]\nhazard=tsunami\nthreshold=advisory\n");
}
END_TEST

START_TEST(weather_warnings_of_a_storm)
{
	check_replay("15_11", "[w]\nhazard=weather\nthreshold=warning\n"
			      "[x]\nhazard=weather\nthreshold=emergency\n");
}
END_TEST

START_TEST(landslide_alerts)
{
	check_replay("17_02", "[l]\nhazard=landslide\nthreshold=danger\n");
}
END_TEST

START_TEST(eruptions)
{
	check_replay("67_01", "[v]\nhazard=volcano\nthreshold=3\n");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("replay of decisions");
	TCase *t = tcase_create("replay");

	tcase_add_unchecked_fixture(t, load, NULL);
	tcase_add_test(t, suruga_bay_2009);
	tcase_add_test(t, suruga_bay_2009_from_5_lower_on);
	tcase_add_test(t, suruga_bay_2009_stronger);
	tcase_add_test(t, iwate_miyagi_2008_where_a_region_vanishes);
	tcase_add_test(t, tohoku_2011);
	tcase_add_test(t, tohoku_2011_stronger);
	tcase_add_test(t, two_shakings_three_minutes_apart);
	tcase_add_test(t, iwate_miyagi_2008_with_its_cancels);
	tcase_add_test(t, chile_2010_cancelled_a_day_later);
	tcase_add_test(t, a_tsunami_of_two_earthquakes);
	tcase_add_test(t, weather_warnings_of_a_storm);
	tcase_add_test(t, landslide_alerts);
	tcase_add_test(t, eruptions);
	suite_add_tcase(suite, t);
	return run_suite(suite);
}
