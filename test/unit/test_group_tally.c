/*
 * Counters by group: what turns add up, and what the store keeps of it.
 */

#include "common/store/curve.h"
#include "common/store/stmt.h"
#include "dispatcher/scheduler/group_counts.h"
#include "test/unit/run.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BROADCAST = 7, GROUPS = 300, TURNS = 5, PEOPLE_A_TURN = 5000 };

static struct store *store;
static char folder[] = "/tmp/tkgroupXXXXXX";

#define OK(call) ck_assert_msg((call) == STORE_OK, "%s", store_error(store))

static void set_up(void)
{
	strcpy(folder, "/tmp/tkgroupXXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	OK(store_open(folder, true, &store));
	OK(stmt_script(store, "WITH RECURSIVE g(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM g"
			      " WHERE n < 300) INSERT INTO department(id, code, name, approvers)"
			      " SELECT n, 'c' || n, n, 'p1' FROM g"));
}

static void tear_down(void)
{
	static const char *const files[] = {"tenko.db", "tenko.db-wal", "tenko.db-shm"};
	char path[64];

	store_close(store);
	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
		snprintf(path, sizeof path, "%s/%s", folder, files[i]);
		unlink(path);
	}
	snprintf(path, sizeof path, "%s/run", folder);
	rmdir(path);
	rmdir(folder);
}

START_TEST(what_turns_add_up_is_what_stands_there)
{
	static int64_t people[GROUPS + 1], answered[GROUPS + 1];
	static struct group_figure figures[GROUPS];
	struct group_counts counts = {0};
	unsigned seed = 1;
	size_t count;

	for (int turn = 0; turn < TURNS; turn++) {
		for (int i = 0; i < PEOPLE_A_TURN; i++) {
			int64_t group = rand_r(&seed) % (GROUPS + 1); /* 0 is nobody's */
			int64_t answers = rand_r(&seed) % 3 == 0;
			group_counts_add(&counts, BROADCAST, group, 1, answers);
			people[group]++;
			answered[group] += answers;
		}
		OK(store_begin(store));
		OK(group_counts_store(&counts, store));
		OK(group_counts_store(&counts, store)); /* nothing twice */
		OK(store_commit(store));
	}
	OK(group_figures_load(store, BROADCAST, figures, GROUPS, &count));
	ck_assert_uint_eq(count, GROUPS);
	for (size_t i = 0; i < count; i++) {
		int group = atoi(figures[i].name);
		ck_assert_int_eq(figures[i].people, people[group]);
		ck_assert_int_eq(figures[i].answered, answered[group]);
		if (i > 0)
			ck_assert_int_ge(figures[i - 1].people - figures[i - 1].answered,
					 figures[i].people - figures[i].answered);
	}
	group_figures_free(figures, count);
	group_counts_free(&counts);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("group tally");
	TCase *t = tcase_create("group tally");

	suite_add_tcase(suite, t);
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, what_turns_add_up_is_what_stands_there);
	return run_suite(suite);
}
