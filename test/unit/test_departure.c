/*
 * Deliveries that go in flight: what is read for many people at once, and what is stored of them, on a
 * real store.
 */

#include "common/base/mem.h"
#include "common/base/plan.h"
#include "common/store/departure.h"
#include "common/store/roster.h"
#include "common/store/stmt.h"
#include "test/unit/run.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct store *store;
static char folder[] = "/tmp/tkdepartXXXXXX";

#define OK(call) ck_assert_msg((call) == STORE_OK, "%s", store_error(store))

/* Three people: one with three mail addresses and two telephones, one with a phone for push that has
 * no device, one with nothing. */
static void set_up(void)
{
	strcpy(folder, "/tmp/tkdepartXXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	OK(store_open(folder, true, &store));
	OK(store_begin(store));
	OK(stmt_script(
		store,
		"INSERT INTO department(id, code, name, approvers) VALUES (1, 'g', 'g', 'p1');"
		"INSERT INTO person(id, code, employee_number, name, department_id, email, language)"
		" VALUES (1, 'p1', '1', 'Ichiro', 1, 'a@example.com', 1),"
		" (2, 'p2', '2', 'Jiro', 1, 'b@example.com', 0),"
		" (3, 'p3', '3', 'Saburo', 1, 'c@example.com', 0);"
		"INSERT INTO contact(person_id, spare, channel, position, dial_order, address, number)"
		" VALUES (1, 0, 1, 1, 2, 'one@example.com', NULL),"
		" (1, 0, 1, 2, 2, 'two@example.com', NULL),"
		" (1, 0, 1, 3, 2, 'three@example.com', NULL),"
		" (1, 1, 1, 1, NULL, 'spare@example.com', NULL),"
		" (1, 0, 2, 1, 1, '090-1', '+81901'), (1, 0, 2, 3, 3, '090-3', '+81903'),"
		" (2, 0, 3, 1, 1, '', NULL)"));
}

static void tear_down(void)
{
	static const char *const files[] = {"tenko.db", "tenko.db-wal", "tenko.db-shm"};
	char path[64];

	store_rollback(store);
	store_close(store);
	for (size_t i = 0; i < LENGTH(files); i++) {
		snprintf(path, sizeof path, "%s/%s", folder, files[i]);
		unlink(path);
	}
	rmdir(folder);
}

static struct departure departure(int64_t person, enum channel channel, int dial_order, int nth)
{
	return (struct departure){
		.delivery = {.id = delivery_id(1, person), .broadcast = 1, .person = person},
		.attempt = {.delivery = delivery_id(1, person),
			    .channel = channel,
			    .dial_order = dial_order,
			    .address_position = nth,
			    .round = 1,
			    .attempt_no = 1},
	};
}

static void is(const struct departure *d, const char *name, enum language language,
	       const char *address)
{
	ck_assert_str_eq(d->recipient.name, name);
	ck_assert_int_eq(d->recipient.language, language);
	ck_assert_pstr_eq(d->attempt.address, address);
	ck_assert_ptr_null(d->recipient.devices);
}

START_TEST(everyone_has_the_address_of_their_step)
{
	struct departure list[] = {
		departure(2, CHANNEL_MAIL, 1, 1),  departure(1, CHANNEL_MAIL, 2, 3),
		departure(1, CHANNEL_MAIL, 2, 1),  departure(1, CHANNEL_MAIL, 2, 2),
		departure(1, CHANNEL_MAIL, 1, 1),  departure(1, CHANNEL_VOICE, 3, 1),
		departure(1, CHANNEL_VOICE, 1, 1), departure(2, CHANNEL_PUSH, 1, 1),
		departure(3, CHANNEL_MAIL, 1, 1),
	};

	OK(departures_load(store, list, LENGTH(list)));
	is(&list[0], "Jiro", LANGUAGE_JA, NULL);
	is(&list[1], "Ichiro", LANGUAGE_EN, "three@example.com");
	is(&list[2], "Ichiro", LANGUAGE_EN, "one@example.com");
	is(&list[3], "Ichiro", LANGUAGE_EN, "two@example.com");
	is(&list[4], "Ichiro", LANGUAGE_EN, NULL);
	is(&list[5], "Ichiro", LANGUAGE_EN, "+81903");
	is(&list[6], "Ichiro", LANGUAGE_EN, "+81901");
	is(&list[7], "Jiro", LANGUAGE_JA, NULL);
	is(&list[8], "Saburo", LANGUAGE_JA, NULL);
	departures_free(list, LENGTH(list));
}
END_TEST

START_TEST(the_second_address_is_that_of_those_left)
{
	struct departure list[] = {departure(1, CHANNEL_MAIL, 2, 2),
				   departure(1, CHANNEL_MAIL, 2, 3)};

	OK(stmt_script(store, "DELETE FROM contact WHERE position = 1 AND channel = 1"));
	OK(departures_load(store, list, LENGTH(list)));
	is(&list[0], "Ichiro", LANGUAGE_EN, "three@example.com");
	is(&list[1], "Ichiro", LANGUAGE_EN, NULL);
	departures_free(list, LENGTH(list));
}
END_TEST

static int64_t number(const char *sql)
{
	int64_t number;

	OK(stmt_number(store, stmt(store, sql, ""), -1, &number));
	return number;
}

static void depart(struct departure *list, size_t count, bool fresh)
{
	int64_t newest;

	OK(attempt_newest(store, &newest));
	for (size_t i = 0; i < count; i++) {
		list[i].delivery.state = DELIVERY_IN_FLIGHT;
		list[i].delivery.attempt = list[i].attempt.id = newest + 1 + (int64_t)i;
		list[i].attempt.address = mem_format("a%zu@example.com", i);
	}
	OK(departures_store(store, list, count, fresh));
	departures_free(list, count);
}

START_TEST(fresh_ones_are_stored_with_their_attempts)
{
	struct departure list[] = {departure(1, CHANNEL_MAIL, 2, 1),
				   departure(2, CHANNEL_MAIL, 1, 1)};

	depart(list, LENGTH(list), true);
	ck_assert_int_eq(number("SELECT count(*) FROM attempt a JOIN delivery d ON a.delivery_id ="
				" d.id AND d.attempt_id = a.id AND d.state = 2 WHERE a.outcome IS"
				" NULL AND a.call_attempt_id IS NULL AND d.reply_id IS NULL"),
			 2);
	/* The next number is not one of theirs. */
	struct attempt next = list[0].attempt;
	char address[] = "b@example.com";
	next.address = address;
	OK(attempt_insert(store, &next));
	ck_assert_int_eq(next.id, 3);
}
END_TEST

START_TEST(those_who_waited_keep_their_chain)
{
	struct departure list[] = {departure(1, CHANNEL_MAIL, 2, 1),
				   departure(2, CHANNEL_MAIL, 1, 1)};
	struct delivery d;

	for (size_t i = 0; i < LENGTH(list); i++) {
		struct delivery waiting = list[i].delivery;
		waiting.state = DELIVERY_WAITING;
		waiting.chain.step = 1;
		waiting.chain.marks = 5;
		waiting.queue = 4;
		waiting.due_at = 77;
		OK(delivery_insert(store, &waiting));
	}
	list[1].attempt.call = 1;
	list[1].delivery.reply = 9;
	depart(list, LENGTH(list), false);
	OK(delivery_load(store, list[1].delivery.id, &d));
	ck_assert_int_eq(d.state, DELIVERY_IN_FLIGHT);
	ck_assert_int_eq(d.attempt, 2);
	ck_assert_int_eq(d.reply, 9);
	ck_assert_int_eq(d.chain.step, 1);
	ck_assert_int_eq(d.chain.marks, 5);
	ck_assert_int_eq(d.due_at, 77);
	ck_assert_int_eq(number("SELECT call_attempt_id FROM attempt WHERE id = 2"), 1);
	ck_assert_int_eq(number("SELECT count(*) FROM delivery WHERE state = 1"), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("departure");
	TCase *tests = tcase_create("departure");

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, everyone_has_the_address_of_their_step);
	tcase_add_test(tests, the_second_address_is_that_of_those_left);
	tcase_add_test(tests, fresh_ones_are_stored_with_their_attempts);
	tcase_add_test(tests, those_who_waited_keep_their_chain);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
