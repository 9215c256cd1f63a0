/* Attempts that end together, in a real store, and what the ledger says of them afterwards. */

#include "common/base/mem.h"
#include "common/store/call.h"
#include "common/store/ending.h"
#include "common/store/ledger_verify.h"
#include "test/unit/run.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PEOPLE = 200 };

static struct store *store;
static char folder[32];
static struct endings set;

#define OK(call) ck_assert_msg((call) == STORE_OK, "%s", store_error(store))

/* Each person of broadcast 1 has a delivery in flight; the ids of the attempts are those of the people. */
static void set_up(void)
{
	strcpy(folder, "/tmp/tkendingXXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	OK(store_open(folder, true, &store));
	OK(store_begin(store));
	for (int i = 1; i <= PEOPLE; i++) {
		struct delivery d = {
			.id = delivery_id(1, i),
			.broadcast = 1,
			.person = i,
			.state = DELIVERY_WAITING,
			.plan = 1,
		};
		char *address = mem_format("p%d@example.jp", i);
		struct attempt a = {
			.delivery = d.id,
			.channel = CHANNEL_MAIL,
			.dial_order = 2,
			.position = 1,
			.address_position = 3,
			.attempt_no = 1,
			.address = address,
			.created_at = 1000,
		};
		OK(delivery_insert(store, &d));
		OK(attempt_insert(store, &a));
		ck_assert(a.id == i);
		free(address);
		d.state = DELIVERY_IN_FLIGHT;
		d.attempt = a.id;
		OK(delivery_save(store, &d));
	}
}

static void tear_down(void)
{
	static const char *const files[] = {"tenko.db", "tenko.db-wal", "tenko.db-shm"};
	char path[64];

	endings_free(&set);
	store_rollback(store);
	store_close(store);
	for (size_t i = 0; i < LENGTH(files); i++) {
		snprintf(path, sizeof path, "%s/%s", folder, files[i]);
		unlink(path);
	}
	rmdir(folder);
}

static void load(int64_t first, int64_t last)
{
	endings_clear(&set);
	for (int64_t id = first; id <= last; id++)
		endings_add(&set, id);
	OK(endings_load(store, &set));
}

static void end(struct ending *e, enum outcome outcome, const char *detail)
{
	e->outcome = outcome;
	e->detail = detail;
	e->finished_at = 2000;
}

static void see_fault(const struct ledger_fault *fault, void *arg)
{
	(void)arg;
	ck_abort_msg("%s", fault->detail);
}

/* The ledger fits, and tells of so many rows. */
static void ledger_tells(int64_t rows)
{
	const struct ledger_watcher watcher = {.see = see_fault};
	struct ledger_verified verified;

	OK(store_commit(store));
	OK(ledger_verify(store, NULL, &watcher, &verified));
	ck_assert(verified.told == rows);
	ck_assert(verified.faults == 0);
}

START_TEST(attempts_are_read_with_their_deliveries)
{
	load(1, PEOPLE);
	for (int i = 0; i < PEOPLE; i++) {
		const struct ending *e = &set.list[i];
		char address[32];
		snprintf(address, sizeof address, "p%d@example.jp", i + 1);
		ck_assert(e->attempt.open && e->attempt.id == i + 1 && !e->attempt.placed);
		ck_assert(e->attempt.channel == CHANNEL_MAIL && e->attempt.created_at == 1000);
		ck_assert(e->delivery.person == i + 1 && e->delivery.attempt == i + 1);
		ck_assert(e->delivery.state == DELIVERY_IN_FLIGHT && e->dial_order == 2);
		ck_assert_str_eq(set.texts.data + e->address, address);
	}
}
END_TEST

START_TEST(all_are_closed_and_the_ledger_tells_of_each)
{
	load(1, PEOPLE);
	for (size_t i = 0; i < set.count; i++)
		end(&set.list[i], i % 3 ? OUTCOME_DELIVERED : OUTCOME_REFUSED,
		    i % 2 ? "550 5.1.1 宛先がありません" : "");
	OK(endings_store(store, &set));
	load(1, PEOPLE);
	for (size_t i = 0; i < set.count; i++)
		ck_assert(!set.list[i].attempt.open);
	ledger_tells(PEOPLE);
}
END_TEST

#define LONG_REFERENCE                                                          \
	"a reference that is longer than any provider's, and longer than what " \
	"an attempt's state has room for"

/* The words of a call have its provider's id, and the call that it rode on. */
START_TEST(calls_are_told_of_as_they_stand)
{
	static char number[] = "+81312345678";
	struct attempt leader = {
		.delivery = delivery_id(1, 7),
		.channel = CHANNEL_VOICE,
		.address = number,
		.created_at = 1500,
	};
	struct attempt rider = leader, odd = leader;

	OK(attempt_insert(store, &leader));
	rider.call = leader.id;
	OK(attempt_insert(store, &rider));
	OK(attempt_place(store, leader.id, "CA0123", 9000));
	OK(attempt_insert(store, &odd));
	OK(attempt_place(store, odd.id, LONG_REFERENCE, 9000));
	load(leader.id, odd.id);
	ck_assert(set.list[0].attempt.placed && !set.list[1].attempt.placed);
	ck_assert_str_eq(set.list[0].attempt.reference, "CA0123");
	ck_assert(set.list[1].attempt.call == leader.id);
	for (size_t i = 0; i < set.count; i++)
		end(&set.list[i], OUTCOME_NO_ANSWER, "");
	OK(endings_store(store, &set));
	ledger_tells(3);
}
END_TEST

START_TEST(one_that_goes_on_is_left_alone)
{
	struct delivery d;

	load(1, 4);
	end(&set.list[1], OUTCOME_DELIVERED, "");
	set.list[1].delivery.state = DELIVERY_EXHAUSTED;
	set.list[1].delivery.attempt = 0;
	set.list[1].moved = true;
	end(&set.list[2], OUTCOME_DELIVERED, "");
	set.list[2].delivery.state = DELIVERY_EXHAUSTED; /* but it has not moved */
	set.list[3].delivery.due_at = 4711;
	set.list[3].moved = true;
	OK(endings_store(store, &set));
	OK(delivery_load(store, delivery_id(1, 2), &d));
	ck_assert(d.state == DELIVERY_EXHAUSTED && d.attempt == 0);
	OK(delivery_load(store, delivery_id(1, 3), &d));
	ck_assert(d.state == DELIVERY_IN_FLIGHT && d.attempt == 3);
	OK(delivery_load(store, delivery_id(1, 4), &d));
	ck_assert(d.due_at == 4711);
	load(1, 4);
	ck_assert(set.list[0].attempt.open && set.list[3].attempt.open);
	ck_assert(!set.list[1].attempt.open && !set.list[2].attempt.open);
	ledger_tells(2);
}
END_TEST

/* Workers report again what they are not sure of, and anybody may write into the queue. */
START_TEST(repeated_and_unknown_ones_are_not_open)
{
	static const int64_t ids[] = {5, 3, 9, 3, PEOPLE + 1, 5, 8, INT64_MAX, 10};
	static const bool open[] = {true, true, true, false, false, false, false, false, true};

	load(8, 8);
	end(&set.list[0], OUTCOME_DELIVERED, "");
	OK(endings_store(store, &set));
	endings_clear(&set);
	for (size_t i = 0; i < LENGTH(ids); i++)
		endings_add(&set, ids[i]);
	OK(endings_load(store, &set));
	for (size_t i = 0; i < LENGTH(ids); i++) {
		ck_assert(set.list[i].attempt.id == ids[i]);
		ck_assert(set.list[i].attempt.open == open[i]);
	}
}
END_TEST

START_TEST(none_is_as_good_as_many)
{
	load(1, 0);
	OK(endings_store(store, &set));
	ledger_tells(0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("ending");
	TCase *tests = tcase_create("ending");

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, attempts_are_read_with_their_deliveries);
	tcase_add_test(tests, all_are_closed_and_the_ledger_tells_of_each);
	tcase_add_test(tests, calls_are_told_of_as_they_stand);
	tcase_add_test(tests, one_that_goes_on_is_left_alone);
	tcase_add_test(tests, repeated_and_unknown_ones_are_not_open);
	tcase_add_test(tests, none_is_as_good_as_many);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
