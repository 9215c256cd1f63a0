/* What tenko-feed stands on: the rhythm of asking, Atom feeds, telegrams and decisions in the store. */

#include "common/base/mem.h"
#include "common/hazard/history.h"
#include "common/store/telegram.h"
#include "common/text/moment.h"
#include "dispatcher/feed/atom.h"
#include "dispatcher/feed/rhythm.h"
#include "test/unit/run.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MINUTE = 60000 };

/* the rhythm */

START_TEST(whole_minutes_aim_at_twenty_seconds_past)
{
	for (int64_t second = 0; second < 60; second++) {
		int64_t now = second * 1000, soonest = rhythm_wait(MINUTE, now, 0);
		for (unsigned chance = 0; chance < 20000; chance += 777) {
			int64_t wait = rhythm_wait(MINUTE, now, chance);
			int64_t at = (now + wait) % MINUTE;
			ck_assert_int_ge(at, 20000);
			ck_assert_int_lt(at, 25000);
			ck_assert_int_ge(wait, soonest);
		}
		ck_assert_int_ge(soonest, 10000);
		ck_assert_int_lt(soonest, 10000 + MINUTE);
	}
	ck_assert_int_eq(rhythm_wait(5 * MINUTE, 20000, 0), 5 * MINUTE);
}
END_TEST

START_TEST(other_intervals_are_kept_with_some_chance)
{
	for (unsigned chance = 0; chance < 1000; chance++) {
		int64_t wait = rhythm_wait(10000, 123456, chance);
		ck_assert_int_ge(wait, 10000);
		ck_assert_int_le(wait, 11000);
	}
}
END_TEST

START_TEST(failures_are_waited_for_twice_as_long_each_time)
{
	ck_assert_int_eq(rhythm_back_off(MINUTE, 1, 0, 0), 5000);
	ck_assert_int_eq(rhythm_back_off(MINUTE, 2, 0, 0), 10000);
	ck_assert_int_eq(rhythm_back_off(200, 1, 0, 0), 200);
	ck_assert_int_eq(rhythm_back_off(200, 3, 0, 0), 800);
	for (int failures = 1; failures < 100; failures++)
		ck_assert_int_le(rhythm_back_off(MINUTE, failures, 0, 0), 10 * MINUTE);
	ck_assert_int_eq(rhythm_back_off(MINUTE, 1000000, 0, 0), 10 * MINUTE);
	/* what the other side asks for goes before, within reason */
	ck_assert_int_eq(rhythm_back_off(MINUTE, 1, 30000, 0), 30000);
	ck_assert_int_eq(rhythm_back_off(MINUTE, 1, INT64_MAX, 0), 60 * MINUTE);
}
END_TEST

/* Atom */

static char *file_text(const char *path, size_t *length)
{
	FILE *in = fopen(path, "re");
	struct buf text = {0};
	char block[4096];
	size_t got;

	ck_assert_msg(in != NULL, "%s", path);
	while ((got = fread(block, 1, sizeof block, in)) > 0)
		buf_add(&text, block, got);
	fclose(in);
	*length = text.length;
	return buf_take(&text);
}

static void check_feed(const char *path, size_t entries, const char *url, const char *updated)
{
	struct buf fault = {0};
	struct atom atom;
	int64_t at;
	size_t length;
	char *text = file_text(path, &length);

	ck_assert_msg(atom_read(text, length, &atom, &fault), "%s: %s", path, buf_text(&fault));
	ck_assert_uint_eq(atom.count, entries);
	ck_assert_str_eq(atom.entries[0].url, url);
	ck_assert(moment_read(updated, MOMENT_ZONE_NEEDED, &at));
	ck_assert_int_eq(atom.entries[0].updated, at);
	atom_free(&atom);
	free(text);
}

START_TEST(real_feeds_name_their_telegrams)
{
	check_feed(
		"test/data/atom/excerpt_2026_eqvol.xml", 2,
		"https://www.data.jma.go.jp/developer/xml/data/20260920150214_0_VFVO52_400000.xml",
		"2026-09-20T15:02:14Z");
}
END_TEST

static void refused(const char *text, const char *because)
{
	struct buf fault = {0};
	struct atom atom;

	ck_assert_msg(!atom_read(text, strlen(text), &atom, &fault), "%s was taken", text);
	ck_assert_msg(strstr(buf_text(&fault), because), "%s: %s", text, buf_text(&fault));
	ck_assert_uint_eq(atom.count, 0);
	buf_free(&fault);
}

#define FEED(entries) "<feed xmlns=\"http://www.w3.org/2005/Atom\">" entries "</feed>"

START_TEST(what_is_no_feed_is_refused)
{
	refused("", "");
	refused("<html/>", "no Atom feed");
	refused("<feed/>", "no Atom feed"); /* of no name space */
	refused(FEED("<entry/>"), "no address");
	refused(FEED("<entry><id>not an address</id></entry>"), "no address");
	refused(FEED("<entry><id>http://x/1</id></entry>") "x", "");
	refused("<feed xmlns=\"http://www.w3.org/2005/Atom\"><entry>", "");
}
END_TEST

START_TEST(the_link_goes_before_the_id)
{
	static const char text[] =
		FEED("<entry><id>urn:x</id><link rel=\"self\" href=\"http://no/\"/>"
		     "<link href=\"http://yes/\"/><updated>nonsense</updated></entry>"
		     "<entry><id>http://id/</id></entry>");
	struct buf fault = {0};
	struct atom atom;

	ck_assert_msg(atom_read(text, strlen(text), &atom, &fault), "%s", buf_text(&fault));
	ck_assert_uint_eq(atom.count, 2);
	ck_assert_str_eq(atom.entries[0].url, "http://yes/");
	ck_assert_int_eq(atom.entries[0].updated, 0);
	ck_assert_str_eq(atom.entries[1].url, "http://id/");
	atom_free(&atom);
}
END_TEST

/* the store */

static struct store *store;
static char folder[32];

#define OK(call) ck_assert_msg((call) == STORE_OK, "%s", store_error(store))

static void set_up(void)
{
	strcpy(folder, "/tmp/tkfeedXXXXXX");
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

static struct telegram telegram(const char *key, enum telegram_state state)
{
	return (struct telegram){
		.source = SOURCE_HOOK,
		.key = mem_string(key),
		.state = state,
		.received_at = 1000,
		.bytes = mem_copy("a\0b", 3),
		.length = 3,
	};
}

static int64_t append(const char *key, enum telegram_state state)
{
	struct telegram t = telegram(key, state);

	OK(telegram_append(store, &t));
	int64_t id = t.id;
	telegram_free(&t);
	return id;
}

START_TEST(a_telegram_is_kept_as_it_came_and_once)
{
	struct telegram t = telegram("k", TELEGRAM_RECEIVED), found;
	int64_t id;

	ck_assert_int_eq(telegram_find(store, SOURCE_HOOK, "k", &id), STORE_NONE);
	ck_assert_int_eq(telegram_next(store, &found), STORE_NONE);
	OK(telegram_append(store, &t));
	ck_assert_int_eq(telegram_append(store, &t), STORE_CONFLICT);
	OK(telegram_find(store, SOURCE_HOOK, "k", &id));
	ck_assert_int_eq(telegram_find(store, SOURCE_CAP, "k", &id), STORE_NONE);
	OK(telegram_next(store, &found));
	ck_assert_int_eq(found.id, t.id);
	ck_assert_uint_eq(found.length, 3);
	ck_assert_mem_eq(found.bytes, "a\0b", 3);
	telegram_free(&found);
	t.state = TELEGRAM_REFUSED;
	t.reason = mem_string("because");
	OK(telegram_settle(store, &t));
	ck_assert_int_eq(telegram_next(store, &found), STORE_NONE);
	OK(telegram_load(store, t.id, &found));
	ck_assert_str_eq(found.reason, "because");
	telegram_free(&found);
	telegram_free(&t);
}
END_TEST

static int64_t add_event(int64_t of, const char *title)
{
	struct kept_event e = {
		.telegram = of,
		.hazard = HAZARD_EARTHQUAKE,
		.status = EVENT_ACTUAL,
		.act = EVENT_REPORT,
		.title = title,
		.keys = "[\"k1\",\"k2\"]",
		.sent_at = 900,
		.occurred_at = 800,
		.json = "{}",
	};

	OK(event_keep(store, &e));
	return e.id;
}

static int64_t add_decision(int64_t event, enum verdict verdict, int64_t broadcast, int64_t due_at)
{
	struct kept_decision d = {
		.event = event,
		.rule = "quake",
		.verdict = (int)verdict,
		.reason = "sent: because",
		.acted = "[[\"220\",\"\",60],[\"221\",\"\",0]]",
		.at = 1000,
		.broadcast = broadcast,
		.due_at = due_at,
	};

	OK(decision_keep(store, &d));
	return d.id;
}

START_TEST(what_is_old_goes_but_what_sent_or_waits_stays)
{
	static const char *const keys[] = {"plain", "sent", "held", "waits", "young"};
	int64_t ids[LENGTH(keys)], removed, found;

	for (size_t i = 0; i < LENGTH(keys); i++) {
		struct telegram t = telegram(keys[i], i == 3 ? TELEGRAM_RECEIVED : TELEGRAM_READ);
		if (i == 4)
			t.received_at = 5000;
		OK(telegram_append(store, &t));
		ids[i] = t.id;
		telegram_free(&t);
	}
	add_decision(add_event(ids[0], "t"), VERDICT_NOTHING, 0, 0);
	add_decision(add_event(ids[1], "t"), VERDICT_SEND, 7, 0);
	int64_t held = add_decision(add_event(ids[2], "t"), VERDICT_HOLD, 0, 9000);
	OK(telegram_prune(store, 2000, 100, &removed));
	ck_assert_int_eq(removed, 1);
	ck_assert_int_eq(telegram_find(store, SOURCE_HOOK, "plain", &found), STORE_NONE);
	for (size_t i = 1; i < LENGTH(keys); i++)
		OK(telegram_find(store, SOURCE_HOOK, keys[i], &found));
	OK(decision_resolve(store, held));
	OK(telegram_prune(store, 2000, 100, &removed));
	ck_assert_int_eq(removed, 1);
}
END_TEST

START_TEST(what_is_held_comes_first_due_first)
{
	int64_t event = add_event(append("k", TELEGRAM_READ), "t");
	struct held held;

	ck_assert_int_eq(decision_next_held(store, &held), STORE_NONE);
	int64_t late = add_decision(event, VERDICT_HOLD, 0, 9000);
	int64_t soon = add_decision(event, VERDICT_HOLD, 0, 8000);
	OK(decision_next_held(store, &held));
	ck_assert_int_eq(held.decision, soon);
	ck_assert_int_eq(held.due_at, 8000);
	ck_assert_str_eq(held.rule, "quake");
	free(held.rule);
	OK(decision_resolve(store, soon));
	OK(decision_next_held(store, &held));
	ck_assert_int_eq(held.decision, late);
	free(held.rule);
}
END_TEST

static const struct rules no_rules;

START_TEST(the_history_of_the_store_is_that_of_the_decisions)
{
	struct hazard_event event = {.hazard = HAZARD_EARTHQUAKE};
	int64_t kept = add_event(append("k", TELEGRAM_READ), "t");
	struct history history;
	size_t count;

	add_decision(kept, VERDICT_SEND, 7, 0);
	add_decision(kept, VERDICT_HOLD, 0, 9000);
	OK(history_load(store, &no_rules, &event, 0, 2000, &history));
	ck_assert_uint_eq(history.count, 2);
	const struct past *past = &history.list[0];
	ck_assert_int_eq(past->verdict, VERDICT_SEND);
	ck_assert_int_eq(past->broadcast, 7);
	ck_assert_int_eq(past->occurred_at, 800);
	ck_assert_uint_eq(past->key_count, 2);
	ck_assert_str_eq(past->keys[1], "k2");
	ck_assert_uint_eq(past->acted_count, 2);
	ck_assert_str_eq(past->acted[0].region, "220");
	ck_assert_int_eq(past->acted[1].level, 0);
	ck_assert_ptr_null(history_due(&history, 8999));
	ck_assert_int_eq(history_due(&history, 9000)->due_at, 9000);
	struct acted *regions = history_regions(&history, &(int64_t){7}, 1, &count);
	ck_assert_uint_eq(count, 1);
	ck_assert_int_eq(regions[0].level, 60);
	free(regions);
	history_free(&history);
	/* another hazard's, and those of a drill, are not among them */
	event.hazard = HAZARD_TSUNAMI;
	OK(history_load(store, &no_rules, &event, 0, 2000, &history));
	ck_assert_uint_eq(history.count, 0);
	history_free(&history);
	event.hazard = HAZARD_EEW;
	OK(history_load(store, &no_rules, &event, 0, 2000, &history));
	ck_assert_uint_eq(history.count, 2);
	history_free(&history);
	OK(history_load(store, &no_rules, &event, 1, 2000, &history));
	ck_assert_uint_eq(history.count, 0);
	history_free(&history);
}
END_TEST

START_TEST(a_history_in_memory_is_like_that_of_the_store)
{
	char *keys[] = {(char[]){"k1"}, (char[]){"k2"}};
	struct hazard_event event = {.hazard = HAZARD_EARTHQUAKE,
				     .title = (char[]){"t"},
				     .keys = keys,
				     .key_count = 2,
				     .sent_at = 900};
	struct acted regions[] = {{.region = "220", .level = 60}}, ended[] = {{.region = "221"}};
	struct decision d = {.verdict = VERDICT_HOLD,
			     .regions = regions,
			     .region_count = 1,
			     .marks = ended,
			     .mark_count = 1,
			     .due_at = 9000};
	int64_t settles[] = {1};
	struct history history = {0};

	history_add(&history, &event, &d, 1, 1000, 0);
	char *text = history_acted_json(&d);
	ck_assert_str_eq(text, "[[\"220\",\"\",60],[\"221\",\"\",0]]");
	free(text);
	text = history_keys_json(&event);
	ck_assert_str_eq(text, "[\"k1\",\"k2\"]");
	free(text);
	ck_assert_uint_eq(history.list[0].acted_count, 2);
	ck_assert_int_eq(history_due(&history, 9000)->id, 1);
	d = (struct decision){.verdict = VERDICT_SEND, .settles = settles, .settle_count = 1};
	history_add(&history, &event, &d, 2, 9000, 1);
	ck_assert_ptr_null(history_due(&history, INT64_MAX));
	history_free(&history);
}
END_TEST

static Suite *suite(void)
{
	Suite *suite = suite_create("feed");
	TCase *pure = tcase_create("pure"), *kept = tcase_create("store");

	tcase_add_test(pure, whole_minutes_aim_at_twenty_seconds_past);
	tcase_add_test(pure, other_intervals_are_kept_with_some_chance);
	tcase_add_test(pure, failures_are_waited_for_twice_as_long_each_time);
	tcase_add_test(pure, real_feeds_name_their_telegrams);
	tcase_add_test(pure, what_is_no_feed_is_refused);
	tcase_add_test(pure, the_link_goes_before_the_id);
	tcase_add_test(pure, a_history_in_memory_is_like_that_of_the_store);
	tcase_add_checked_fixture(kept, set_up, tear_down);
	tcase_add_test(kept, a_telegram_is_kept_as_it_came_and_once);
	tcase_add_test(kept, what_is_old_goes_but_what_sent_or_waits_stays);
	tcase_add_test(kept, what_is_held_comes_first_due_first);
	tcase_add_test(kept, the_history_of_the_store_is_that_of_the_decisions);
	suite_add_tcase(suite, pure);
	suite_add_tcase(suite, kept);
	return suite;
}

int main(void)
{
	return run_suite(suite());
}
