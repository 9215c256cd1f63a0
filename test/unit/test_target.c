/*
 * Whom a broadcast is for: the targets of a real store, against people placed by hand.
 */

#include "common/base/mem.h"
#include "common/base/plan.h"
#include "common/store/broadcast.h"
#include "common/store/delivery.h"
#include "common/store/family.h"
#include "common/store/roster.h"
#include "common/store/target.h"
#include "common/store/trial.h"
#include "test/unit/run.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct store *store;
static char folder[] = "/tmp/tktargetXXXXXX";

#define OK(call) ck_assert_msg((call) == STORE_OK, "%s", store_error(store))

static void set_up(void)
{
	strcpy(folder, "/tmp/tktargetXXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	OK(store_open(folder, true, &store));
	OK(store_begin(store));
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

static int64_t group(const char *code)
{
	struct roster_group g = {.code = code, .name = code, .approvers = "p1"};

	OK(roster_put_group(store, &g));
	return g.id;
}

/* Their number is their id, from 1. */
static int64_t person(int64_t department, const char *work, const char *home, const char *second)
{
	static int number;
	char code[16];
	struct roster_person p = {
		.code = code,
		.employee_number = "1",
		.name = "n",
		.email = "a@example.com",
		.admin = "0",
		.group = department,
		.region = {work, home, second},
		.plan = plan_pack(&(struct plan){.steps = 1, .step = {{CHANNEL_MAIL, 1, 1, 1}}}),
	};

	snprintf(code, sizeof code, "p%d", ++number);
	OK(roster_put_person(store, &p));
	return p.id;
}

static enum kind kind_asked = KIND_SAFETY;
static int64_t asked_at;

static int64_t ask(const struct target *targets, size_t count)
{
	static char title[] = "t", none[] = "", list[] = "[]";
	struct broadcast b = {
		.title = title,
		.title_en = none,
		.body = title,
		.body_en = none,
		.kind = kind_asked,
		.requested_at = asked_at,
		.targets = none,
		.channels = CHANNELS_ALL,
		.requested_by = title,
		.choices = list,
		.items = list,
	};

	OK(broadcast_request(store, &b, targets, count));
	return b.id;
}

/* The ids that a broadcast's targets name, by blank, `room` at a time. */
static const char *people_of(int64_t broadcast, size_t room)
{
	static char text[400];
	struct targeted list[64];
	int64_t after = 0, counted = 0, people = 0;
	size_t count;
	bool last = false, included;

	*text = '\0';
	while (!last) {
		OK(target_next(store, broadcast, &after, list, room, &count, &last));
		for (size_t i = 0; i < count; i++) {
			size_t length = strlen(text);
			snprintf(text + length, sizeof text - length, "%s%lld", length ? " " : "",
				 (long long)list[i].person);
			OK(target_includes(store, broadcast, list[i].person, &included));
			ck_assert(included);
			counted++;
		}
	}
	OK(target_count(store, broadcast, &people));
	ck_assert_int_eq(people, counted);
	return text;
}

/* The same by any stretch, and by a question that no broadcast has. */
static void check(const struct target *targets, size_t count, const char *expected)
{
	int64_t broadcast = ask(targets, count), people = 0, stored = 0;
	struct plan_count *plans;
	size_t plan_count;

	for (size_t room = 1; room <= 7; room += 3)
		ck_assert_str_eq(people_of(broadcast, room), expected);
	OK(target_plans(store, targets, count, &plans, &plan_count));
	for (size_t i = 0; i < plan_count; i++)
		people += plans[i].people;
	free(plans);
	OK(target_count(store, broadcast, &stored));
	ck_assert_int_eq(people, stored);
}

#define CHECK(expected, ...)                        \
	check((const struct target[]){__VA_ARGS__}, \
	      sizeof((const struct target[]){__VA_ARGS__}) / sizeof(struct target), expected)

#define REGION(code, set)                                                 \
	{                                                                 \
		.kind = TARGET_REGION, .text = (code), .addresses = (set) \
	}

START_TEST(addresses_by_mask)
{
	int64_t g = group("g");

	person(g, "350", "", "");
	person(g, "", "350", "");
	person(g, "", "", "350");
	person(g, "13", "350", "350");
	person(g, "", "", "");
	CHECK("1 2 3 4", REGION("350", 0));
	CHECK("1", REGION("350", ADDRESS_WORK));
	CHECK("2 4", REGION("350", ADDRESS_HOME));
	CHECK("3 4", REGION("350", ADDRESS_SECOND));
	CHECK("1 2 4", REGION("350", ADDRESS_WORK | ADDRESS_HOME));
	/* The same region twice: what one of the two lets count, counts. */
	CHECK("1 3 4", REGION("350", ADDRESS_WORK), REGION("350", ADDRESS_SECOND));
	CHECK("1 4", REGION("350", ADDRESS_WORK), REGION("13", ADDRESS_WORK));
	CHECK("", REGION("350", ADDRESS_DEPARTMENT));
	CHECK("1 2 3 4 5", {.kind = TARGET_ALL});
	CHECK("2 4 5", REGION("350", ADDRESS_HOME), {.kind = TARGET_PERSON, .number = 5});
}
END_TEST

START_TEST(only_active_people)
{
	int64_t g = group("g");

	person(g, "350", "", "");
	person(g, "350", "", "");
	person(g, "350", "", "");
	OK(roster_person_state(store, 1, PRESENCE_NO_LOGIN));
	OK(roster_person_state(store, 3, PRESENCE_DELETED));
	CHECK("2", REGION("350", 0));
	CHECK("2", {.kind = TARGET_ALL});
	CHECK("2", {.kind = TARGET_DEPARTMENT, .number = g});
	CHECK("2", {.kind = TARGET_PERSON, .number = 1}, {.kind = TARGET_PERSON, .number = 2});
}
END_TEST

START_TEST(within_departments)
{
	int64_t g = group("g"), h = group("h"), i = group("i");

	person(g, "350", "", "");
	person(h, "350", "", "");
	person(i, "350", "", "");
	person(h, "", "", "");
	CHECK("2", REGION("350", 0), {.kind = TARGET_WITHIN, .number = h});
	CHECK("1 2", REGION("350", 0), {.kind = TARGET_WITHIN, .number = h},
	      {.kind = TARGET_WITHIN, .number = g});
	CHECK("2 4", {.kind = TARGET_ALL}, {.kind = TARGET_WITHIN, .number = h});
	CHECK("", {.kind = TARGET_PERSON, .number = 1}, {.kind = TARGET_WITHIN, .number = i});
	/* Alone it names nobody. */
	CHECK("", {.kind = TARGET_WITHIN, .number = h});
}
END_TEST

/* exceptions */

static void deliver(int64_t broadcast, int64_t who, enum delivery_state state, enum outcome outcome)
{
	static char address[] = "a@example.com";
	struct delivery d = {
		.id = delivery_id(broadcast, who < 0 ? -who : who),
		.broadcast = broadcast,
		.person = who,
		.state = state,
	};
	struct attempt a = {
		.delivery = d.id, .channel = CHANNEL_MAIL, .dial_order = 1, .address = address};

	OK(delivery_insert(store, &d));
	if (outcome == OUTCOME_NONE)
		return;
	OK(attempt_insert(store, &a));
	OK(attempt_close(store, a.id, outcome, "", 1));
}

START_TEST(except_those_of_others)
{
	int64_t g = group("g"), first, second;

	for (int i = 0; i < 8; i++)
		person(g, "350", "", "");
	first = ask(&(struct target){.kind = TARGET_ALL}, 1);
	second = ask(&(struct target){.kind = TARGET_ALL}, 1);
	deliver(first, 1, DELIVERY_WAITING, OUTCOME_NONE);
	deliver(first, 2, DELIVERY_IN_FLIGHT, OUTCOME_NONE);
	deliver(first, 3, DELIVERY_ANSWERED, OUTCOME_DELIVERED);
	deliver(first, 4, DELIVERY_EXHAUSTED, OUTCOME_REFUSED);
	/* Called off: only those it had reached are left out. */
	deliver(first, 5, DELIVERY_CANCELLED, OUTCOME_NONE);
	deliver(first, 6, DELIVERY_CANCELLED, OUTCOME_DELIVERED);
	deliver(first, 7, DELIVERY_CANCELLED, OUTCOME_NOT_TRIED);
	deliver(second, 8, DELIVERY_WAITING, OUTCOME_NONE);
	CHECK("5 7 8", REGION("350", 0), {.kind = TARGET_EXCEPT, .number = first});
	CHECK("5 7 8", {.kind = TARGET_ALL}, {.kind = TARGET_EXCEPT, .number = first});
	CHECK("5 7", {.kind = TARGET_ALL}, {.kind = TARGET_EXCEPT, .number = first},
	      {.kind = TARGET_EXCEPT, .number = second});
	CHECK("5 7", {.kind = TARGET_UNANSWERED, .number = first},
	      {.kind = TARGET_EXCEPT, .number = first});
}
END_TEST

START_TEST(wait_for_the_others)
{
	int64_t first = ask(&(struct target){.kind = TARGET_ALL}, 1);
	struct target targets[] = {{.kind = TARGET_ALL}, {.kind = TARGET_EXCEPT, .number = first}};
	int64_t second = ask(targets, 2);
	struct broadcast *b;
	bool wait;

	OK(target_must_wait(store, first, &wait));
	ck_assert(!wait);
	OK(target_must_wait(store, second, &wait));
	ck_assert(wait);
	OK(broadcast_load(store, first, &b));
	b->state = BROADCAST_RUNNING;
	OK(broadcast_save(store, b));
	OK(target_must_wait(store, second, &wait));
	ck_assert(wait);
	b->fanned_out = true;
	OK(broadcast_save(store, b));
	OK(target_must_wait(store, second, &wait));
	ck_assert(!wait);
	/* Called off in the middle of it. */
	b->fanned_out = false;
	b->state = BROADCAST_CANCELLED;
	OK(broadcast_save(store, b));
	OK(target_must_wait(store, second, &wait));
	ck_assert(!wait);
	broadcast_free(b);
}
END_TEST

/* Over many stretches, with holes in the numbers wider than one. */
START_TEST(far_apart)
{
	int64_t g = group("g"), count = 0, after = 0;
	struct targeted list[16];
	size_t found;
	bool last = false;

	for (int i = 1; i <= 3000; i++)
		person(g, i % 1000 == 0 ? "350" : "360", "", "");
	for (int i = 1; i < 3000; i++)
		if (i % 1000 != 0 && i > 100)
			OK(roster_person_remove(store, i));
	CHECK("1000 2000 3000", REGION("350", 0));
	int64_t all = ask(&(struct target){.kind = TARGET_ALL}, 1);
	while (!last) {
		OK(target_next(store, all, &after, list, LENGTH(list), &found, &last));
		count += (int64_t)found;
	}
	ck_assert_int_eq(count, 103);
	ck_assert_int_eq(after, 3000);
	/* Those who come while it goes on are found, too. */
	person(g, "350", "", "");
	OK(target_next(store, all, &after, list, LENGTH(list), &found, &last));
	ck_assert_int_eq(found, 1);
	ck_assert(last);
}
END_TEST

static int64_t relative(int64_t of, const char *region, int mails)
{
	static int number;
	struct family f = {.person = of, .name = "n"};

	snprintf(f.code, sizeof f.code, "F%d", ++number);
	snprintf(f.region, sizeof f.region, "%s", region);
	for (int i = 0; i < mails; i++)
		snprintf(f.mail[i], sizeof f.mail[i], "%d@example.com", i);
	OK(family_put(store, &f));
	return f.id;
}

#define FAMILY(code)                                  \
	{                                             \
		.kind = TARGET_FAMILY, .text = (code) \
	}

START_TEST(families_and_nobody_else)
{
	int64_t g = group("g"), before;
	struct targeted list[8];
	int64_t after = 0;
	size_t count;
	bool last, included;

	person(g, "350", "", "");
	person(g, "350", "", "");
	relative(1, "350", 3);
	relative(1, "13", 1);
	relative(2, "350", 0);
	relative(2, "360", 1);
	before = ask(&(struct target)FAMILY("350"), 1);
	OK(target_next(store, before, &after, list, LENGTH(list), &count, &last));
	ck_assert_uint_eq(count, 2);
	ck_assert(last);
	ck_assert(list[0].person == -1 && list[1].person == -3);
	ck_assert_int_eq(plan_unpack(list[0].plan).step[0].addresses, 3);
	ck_assert_int_eq(list[1].plan, 0); /* without an address */
	OK(target_includes(store, before, 1, &included));
	ck_assert(!included);
	/* Those who were told before are left out, and the families of people who are not active. */
	deliver(before, -1, DELIVERY_EXHAUSTED, OUTCOME_DELIVERED);
	struct target more[] = {FAMILY("350"),
				FAMILY("13"),
				FAMILY("360"),
				{.kind = TARGET_EXCEPT, .number = before}};
	int64_t people = 0;
	OK(target_count(store, ask(more, 4), &people));
	ck_assert_int_eq(people, 3);
	OK(roster_person_state(store, 2, PRESENCE_DELETED));
	OK(target_count(store, ask(more, 4), &people));
	ck_assert_int_eq(people, 1);
	/* With the person they go for good. */
	OK(roster_person_remove(store, 2));
	bool any;
	OK(family_any(store, &any));
	ck_assert(any);
	ck_assert_int_eq(family_load(store, 3, &(struct family){0}), STORE_NONE);
	OK(target_count(store, ask(&(struct target){.kind = TARGET_ALL}, 1), &people));
	ck_assert_int_eq(people, 1);
}
END_TEST

START_TEST(nobody_at_all)
{
	CHECK("", {.kind = TARGET_ALL});
	CHECK("", REGION("350", 0));
}
END_TEST

START_TEST(people_by_region)
{
	int64_t g = group("g");
	struct region_count *counts;
	size_t count;

	person(g, "350", "350", "");
	person(g, "350", "13", "27");
	person(g, "350", "", "");
	OK(roster_person_state(store, 3, PRESENCE_DELETED));
	OK(target_region_counts(store, &counts, &count));
	ck_assert_uint_eq(count, 4);
	int64_t work = 0, home = 0;
	for (size_t i = 0; i < count; i++) {
		bool here = strcmp(counts[i].region, "350") == 0;
		if (here && counts[i].address == ADDRESS_WORK)
			work = counts[i].people;
		else if (here && counts[i].address == ADDRESS_HOME)
			home = counts[i].people;
		else
			ck_assert_int_eq(counts[i].people, 1);
	}
	ck_assert_int_eq(work, 2);
	ck_assert_int_eq(home, 1);
	free(counts);
}
END_TEST

/* A trial: the person's plan, confined to a place that it may not have. */
START_TEST(one_contact_alone)
{
	struct targeted one;
	int64_t g = group("g"), p = person(g, "", "", ""), after;
	size_t count;
	bool last;

	for (int place = 1; place <= 2; place++) {
		int64_t broadcast =
			ask((const struct target[]){{.kind = TARGET_PERSON, .number = p},
						    {.kind = TARGET_CONTACT, .number = place}},
			    2);
		after = 0;
		OK(target_next(store, broadcast, &after, &one, 1, &count, &last));
		ck_assert_uint_eq(count, 1);
		ck_assert_int_eq(one.person, p);
		ck_assert_int_eq(plan_unpack(one.plan).steps, place == 1);
	}
}
END_TEST

START_TEST(trials_are_in_no_list)
{
	int64_t p = person(group("g"), "", "", ""), ids[TRIAL_BROADCASTS];
	int64_t real = ask((const struct target[]){{.kind = TARGET_PERSON, .number = p}}, 1);
	struct broadcast *newest;
	size_t count;

	kind_asked = KIND_TEST;
	OK(trial_newest(store, p, ids, &count));
	ck_assert_uint_eq(count, 0);
	for (int at = 1; at <= 2; at++) {
		asked_at = at;
		for (int place = 1; place <= at; place++)
			ask((const struct target[]){{.kind = TARGET_PERSON, .number = p},
						    {.kind = TARGET_CONTACT, .number = place}},
			    2);
	}
	kind_asked = KIND_SAFETY;
	asked_at = 0;
	OK(trial_newest(store, p, ids, &count));
	ck_assert_uint_eq(count, 2);
	ck_assert_int_eq(ids[1], ids[0] + 1);
	OK(broadcast_load(store, 0, &newest));
	ck_assert_int_eq(newest->id, real);
	broadcast_free(newest);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("target");
	TCase *tests = tcase_create("target");

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, addresses_by_mask);
	tcase_add_test(tests, only_active_people);
	tcase_add_test(tests, within_departments);
	tcase_add_test(tests, except_those_of_others);
	tcase_add_test(tests, wait_for_the_others);
	tcase_add_test(tests, far_apart);
	tcase_add_test(tests, families_and_nobody_else);
	tcase_add_test(tests, nobody_at_all);
	tcase_add_test(tests, people_by_region);
	tcase_add_test(tests, one_contact_alone);
	tcase_add_test(tests, trials_are_in_no_list);
	tcase_set_timeout(tests, 60);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
