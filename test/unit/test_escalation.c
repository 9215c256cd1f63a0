/*
 * The escalation, told as stories to be read beside the rule. The signs are explained in
 * story.h; a number before an event: that many minutes later.
 */

#include "test/unit/run.h"
#include "test/unit/story.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

enum { INTERVAL = 5, FINAL_WAIT = 10, ROUND_INTERVAL = 30 }; /* the unit is the minute */

static const struct policy usual = {
	.retries = {[CHANNEL_VOICE] = 1},
	.temporary_retries = 1,
	.retry_interval = INTERVAL,
	.final_wait = FINAL_WAIT,
	.rounds = 1,
	.round_interval = ROUND_INTERVAL,
};

/* the usual policy but for... */
static struct policy with_retries(int voice, int mail)
{
	struct policy p = usual;
	p.retries[CHANNEL_VOICE] = voice;
	p.retries[CHANNEL_MAIL] = mail;
	return p;
}

static struct policy with_temporary(int retries)
{
	struct policy p = with_retries(0, 0);
	p.temporary_retries = retries;
	return p;
}

static struct policy with_rounds(int rounds)
{
	struct policy p = with_retries(0, 0);
	p.rounds = rounds;
	return p;
}

/* One person's way through the chain. */
struct walk {
	struct plan plan;
	struct policy policy;
	unsigned down;
	struct chain chain;
	struct action last; /* what stands; not ACTION_NONE */
	int64_t now;
};

/* What stands can be told from the chain alone, from a copy of it as well. */
static void check_present(const struct walk *w)
{
	struct chain stored = w->chain;
	struct action present = escalation_present(&w->plan, &w->policy, &stored, w->last.at);

	if (w->last.kind == ACTION_EXHAUSTED)
		ck_assert_int_eq(present.kind, ACTION_STOP);
	else
		ck_assert(same_action(present, w->last));
}

static struct action take(struct walk *w, enum chain_event event)
{
	struct chain before = w->chain;
	int64_t now = event == EVENT_ELSEWHERE && w->last.at > w->now ? w->last.at : w->now;
	struct action a = escalation_step(&w->plan, &w->policy, w->down, &w->chain, event, now);

	if (a.kind == ACTION_NONE)
		ck_assert(same_chain(&before, &w->chain));
	else
		w->last = a;
	check_present(w);
	return a;
}

static struct walk walk_begin(const char *plan, struct policy policy)
{
	struct plan sound = story_plan(plan);
	struct walk w = {.plan = plan_unpack(plan_pack(&sound)), .policy = policy};

	memset(&w.chain, 0x5a, sizeof(w.chain)); /* a start needs no clean chain */
	w.last = take(&w, EVENT_START);
	return w;
}

/* Ends of attempts and waits come when those are due, the rest comes at once. */
static struct action walk_on(struct walk *w, char sign, int64_t later)
{
	const char *channel = strchr(channel_signs + 1, sign);
	const char *found = strchr(event_signs, channel ? 'e' : sign);
	bool awaited = strchr("dxtuonw", sign);

	if (channel)
		w->down ^= 1u << (channel - channel_signs);
	ck_assert_ptr_nonnull(found);
	if (awaited && w->last.at > w->now)
		w->now = w->last.at;
	w->now += later;
	return take(w, (enum chain_event)(found - event_signs));
}

static void check_story(const char *plan, struct policy policy, const char *events,
			const char *told)
{
	struct walk w = walk_begin(plan, policy);
	struct buf story = {0};

	story_tell(&story, w.last);
	while (*events) {
		char *sign;
		long later = strtol(events, &sign, 10);
		buf_char(&story, ' ');
		story_tell(&story, walk_on(&w, *sign, later));
		events = sign + 1 + strspn(sign + 1, " ");
	}
	ck_assert_str_eq(buf_text(&story), told);
	buf_free(&story);
}

/* the rule */

/* Manual of Biz 安否確認/一斉通報, section 5.2: retries telephone 1, mail 0. */
START_TEST(nine_steps_of_the_manual)
{
	check_story("V M3 V V", usual, "d d d d d d d d d w",
		    "1V1.1@0 1V1.2@5 2M1.1@10 2M2.1@10 2M3.1@10 "
		    "3V1.1@15 3V1.2@20 4V1.1@25 4V1.2@30 wait@40 exhausted@40");
}
END_TEST

START_TEST(each_telephone_is_named)
{
	struct walk w = walk_begin("V M3 V V", usual);
	static const int positions[] = {1, 1, 1, 1, 1, 2, 2, 3, 3};

	for (size_t i = 0; i < LENGTH(positions); i++) {
		ck_assert_int_eq(w.last.kind, ACTION_TRY);
		ck_assert_int_eq(w.last.position, positions[i]);
		walk_on(&w, 'd', 0);
	}
}
END_TEST

START_TEST(interval_runs_from_the_end_of_an_attempt)
{
	check_story("V M3 V", usual, "2d 1d d 3d d 1d d w",
		    "1V1.1@0 1V1.2@7 2M1.1@13 2M2.1@13 2M3.1@16 3V1.1@21 3V1.2@27 "
		    "wait@37 exhausted@37");
}
END_TEST

START_TEST(mail_retries_are_passes)
{
	check_story("M3 V", with_retries(0, 2), "d d d d d d d d d d w",
		    "1M1.1@0 1M2.1@0 1M3.1@0 1M1.2@5 1M2.2@5 1M3.2@5 1M1.3@10 1M2.3@10 "
		    "1M3.3@10 2V1.1@15 wait@25 exhausted@25");
}
END_TEST

START_TEST(push_comes_behind_four_others)
{
	check_story("V M3 V V P", usual, "d d d d d d d d d d w",
		    "1V1.1@0 1V1.2@5 2M1.1@10 2M2.1@10 2M3.1@10 3V1.1@15 3V1.2@20 "
		    "4V1.1@25 4V1.2@30 5P1.1@35 wait@45 exhausted@45");
}
END_TEST

START_TEST(rounds_lie_apart)
{
	check_story("M2 V", with_rounds(3), "d d d w d d d w d d 2d w",
		    "1M1.1@0 1M2.1@0 2V1.1@5 wait@35 "
		    "1M1.1@35 1M2.1@35 2V1.1@40 wait@70 "
		    "1M1.1@70 1M2.1@70 2V1.1@75 wait@87 exhausted@87");
}
END_TEST

START_TEST(nobody_to_reach_is_exhausted_at_once)
{
	check_story("", usual, "d w r", "exhausted@0 none none stop@0");
}
END_TEST

START_TEST(no_intervals_at_all)
{
	struct policy p = {.rounds = 2};
	check_story("V M2", p, "d d d w d d d w",
		    "1V1.1@0 2M1.1@0 2M2.1@0 wait@0 1V1.1@0 2M1.1@0 2M2.1@0 wait@0 exhausted@0");
}
END_TEST

/* addresses that are refused for good */

START_TEST(refused_is_not_tried_again)
{
	check_story("M3", with_retries(0, 1), "d x d d d w",
		    "1M1.1@0 1M2.1@0 1M3.1@0 1M1.2@5 1M3.2@5 wait@15 exhausted@15");
	check_story("V V", usual, "x d", "1V1.1@0 2V1.1@0 2V1.2@5");
}
END_TEST

START_TEST(all_refused_moves_on_at_once)
{
	check_story("M3 V", usual, "x x x", "1M1.1@0 1M2.1@0 1M3.1@0 2V1.1@0");
	check_story("M2 V", with_retries(1, 3), "x x x w",
		    "1M1.1@0 1M2.1@0 2V1.1@0 wait@10 exhausted@10");
}
END_TEST

START_TEST(one_that_went_out_keeps_the_interval)
{
	check_story("M3 V", usual, "d x x", "1M1.1@0 1M2.1@0 1M3.1@0 2V1.1@5");
	check_story("M3 V", usual, "x x 1d", "1M1.1@0 1M2.1@0 1M3.1@0 2V1.1@6");
}
END_TEST

START_TEST(refused_stays_refused_in_later_rounds)
{
	/* the interval owed by order 1 is kept over the refused order 2 */
	check_story("V M V", with_rounds(2), "d x d w d d w",
		    "1V1.1@0 2M1.1@5 3V1.1@5 wait@35 1V1.1@35 3V1.1@40 wait@50 exhausted@50");
}
END_TEST

/* addresses that are refused for now, and attempts that broke off */

START_TEST(temporary_is_tried_again_at_the_end)
{
	check_story("M V", with_temporary(2), "t d t t w",
		    "1M1.1@0 2V1.1@0 1M1.2@5p 1M1.3@10p wait@20 exhausted@20");
	check_story("M V", with_temporary(2), "t d d w",
		    "1M1.1@0 2V1.1@0 1M1.2@5p wait@15 exhausted@15");
	check_story("M V", with_temporary(0), "t d w", "1M1.1@0 2V1.1@0 wait@10 exhausted@10");
}
END_TEST

START_TEST(temporary_then_refused)
{
	check_story("M2", with_temporary(3), "t t x t d w",
		    "1M1.1@0 1M2.1@0 1M1.2@5p 1M2.2@5p 1M2.3@10p wait@20 exhausted@20");
}
END_TEST

START_TEST(no_address_twice_without_the_interval)
{
	check_story("V", with_retries(2, 0), "t t d w",
		    "1V1.1@0 1V1.2@5 1V1.3@10 wait@20 exhausted@20");
	check_story("M2", with_retries(0, 1), "t x d w",
		    "1M1.1@0 1M2.1@0 1M1.2@5 wait@15 exhausted@15");
}
END_TEST

START_TEST(extra_tries_keep_the_interval_between_steps)
{
	check_story("M2 V", with_temporary(1), "t t t d d d w",
		    "1M1.1@0 1M2.1@0 2V1.1@0 1M1.2@5p 1M2.2@5p 2V1.2@10p wait@20 exhausted@20");
}
END_TEST

START_TEST(temporary_has_its_extra_tries_each_round)
{
	check_story("M", with_rounds(2), "t t w t t w",
		    "1M1.1@0 1M1.2@5 wait@35 1M1.1@35 1M1.2@40p wait@50 exhausted@50");
}
END_TEST

START_TEST(unknown_may_have_arrived)
{
	check_story("M V", with_temporary(1), "u d u w",
		    "1M1.1@0 2V1.1@5 1M1.2@10p wait@20 exhausted@20");
}
END_TEST

/* outages */

START_TEST(outage_at_every_position)
{
	check_story("V M2 V", usual, "o d d d d d d w",
		    "1V1.1@0 2M1.1@0 2M2.1@0 3V1.1@5 3V1.2@10 1V1.1@15p 1V1.2@20p "
		    "wait@30 exhausted@30");
	check_story("V M2 V", usual, "d o d d d d d w",
		    "1V1.1@0 1V1.2@5 2M1.1@5 2M2.1@5 3V1.1@10 3V1.2@15 1V1.2@20p "
		    "wait@30 exhausted@30");
	check_story("V M2 V", usual, "d d o d d d d w",
		    "1V1.1@0 1V1.2@5 2M1.1@10 3V1.1@10 3V1.2@15 2M1.1@20p 2M2.1@20p "
		    "wait@30 exhausted@30");
	check_story("V M2 V", usual, "d d d o d d d w",
		    "1V1.1@0 1V1.2@5 2M1.1@10 2M2.1@10 3V1.1@15 3V1.2@20 2M2.1@25p "
		    "wait@35 exhausted@35");
	check_story("V M2 V", usual, "d d d d o d d w",
		    "1V1.1@0 1V1.2@5 2M1.1@10 2M2.1@10 3V1.1@15 3V1.1@15p 3V1.2@20p "
		    "wait@30 exhausted@30");
	check_story("V M2 V", usual, "d d d d d o d w",
		    "1V1.1@0 1V1.2@5 2M1.1@10 2M2.1@10 3V1.1@15 3V1.2@20 3V1.2@20p "
		    "wait@30 exhausted@30");
}
END_TEST

START_TEST(outage_owes_the_passes_that_are_left)
{
	check_story("M2 V", with_retries(0, 1), "d o d d d d w",
		    "1M1.1@0 1M2.1@0 2V1.1@5 1M2.1@10p 1M1.2@15p 1M2.2@15p wait@25 exhausted@25");
	check_story("M3 V", with_retries(0, 0), "x o d d t d w",
		    "1M1.1@0 1M2.1@0 2V1.1@0 1M2.1@5p 1M3.1@5p 1M3.2@10p wait@20 exhausted@20");
}
END_TEST

START_TEST(outage_after_the_last_pass_but_one)
{
	struct walk w = walk_begin("V M", with_retries(20, 0));

	for (int i = 0; i < 20; i++)
		walk_on(&w, 'd', 0);
	ck_assert_int_eq(w.last.attempt, 21);
	walk_on(&w, 'o', 0);
	ck_assert_int_eq(w.last.channel, CHANNEL_MAIL);
	walk_on(&w, 'd', 0);
	ck_assert_int_eq(w.last.channel, CHANNEL_VOICE);
	ck_assert_int_eq(w.last.attempt, 21);
	walk_on(&w, 'd', 0);
	ck_assert_int_eq(w.chain.phase, PHASE_FINAL);
}
END_TEST

START_TEST(last_round_waits_for_the_channel)
{
	check_story("V M", usual, "o o 3o 3o d d d w",
		    "1V1.1@0 2M1.1@0 1V1.1@0p 2M1.1@3p 1V1.1@6p 1V1.2@11p 2M1.1@16p "
		    "wait@26 exhausted@26");
	check_story("M", usual, "o 3o 3o d w",
		    "1M1.1@0 1M1.1@0p 1M1.1@3p 1M1.1@6p wait@16 exhausted@16");
	check_story("M", with_temporary(1), "t o 2o d w",
		    "1M1.1@0 1M1.2@5p 1M1.2@5p 1M1.2@7p wait@17 exhausted@17");
}
END_TEST

START_TEST(last_round_goes_on_with_whichever_is_up)
{
	/* both down; mail comes back first */
	check_story("V M", usual, "V o M o 3o 3M d V d d w",
		    "1V1.1@0 none 2M1.1@0 none 1V1.1@0p 2M1.1@3p none 1V1.1@11p none 1V1.2@16p "
		    "wait@26 exhausted@26");
	/* known to be down when the making good begins */
	check_story(
		"V M P", usual, "V o M o P o M d P V d d d w",
		"1V1.1@0 none 2M1.1@0 none 3P1.1@0 none 1V1.1@0p 2M1.1@0p 1V1.1@5p 3P1.1@5p none "
		"1V1.1@10p 1V1.2@15p wait@25 exhausted@25");
	/* in the midst of a group; the interval is kept, and the rest of the group is not lost */
	check_story("V M3", usual, "V o M o M d M 2V d M d d d w",
		    "1V1.1@0 none 2M1.1@0 none 1V1.1@0p 2M1.1@0p 2M2.1@0p none 1V1.1@7p 1V1.2@12p "
		    "none 2M2.1@17p 2M3.1@17p wait@27 exhausted@27");
	/* taken back from a channel that is down */
	check_story("V M", usual, "V o M o V M n M n",
		    "1V1.1@0 none 2M1.1@0 none 1V1.1@0p none none 1V1.1@0p none 1V1.1@0p");
}
END_TEST

START_TEST(whoever_is_not_making_good_waits_or_passes_on_as_ever)
{
	check_story("V M", usual, "e V d d e d e w e",
		    "1V1.1@0 none none 1V1.2@5 2M1.1@10 none wait@20 none exhausted@20 none");
	check_story("V M", with_rounds(2), "V o M o e w",
		    "1V1.1@0 none 2M1.1@0 none 1V1.1@0 none none");
}
END_TEST

START_TEST(earlier_rounds_pass_on)
{
	/* the next round makes good what this one owed */
	check_story("M V", with_rounds(2), "o d o w d d w",
		    "1M1.1@0 2V1.1@0 1M1.1@5 wait@35 1M1.1@35 2V1.1@40 wait@50 exhausted@50");
	check_story("M V", with_rounds(2), "o o o o w o d o d w",
		    "1M1.1@0 2V1.1@0 1M1.1@0 2V1.1@0 wait@30 "
		    "1M1.1@30 2V1.1@30 1M1.1@35p 1M1.1@35p wait@45 exhausted@45");
}
END_TEST

START_TEST(earlier_rounds_pass_on_in_the_midst_of_a_group)
{
	/* what is owed breaks off again: what went out keeps its interval, and only that */
	check_story("M3 V V", with_rounds(2), "o o d d o x w",
		    "1M1.1@0 2V1.1@0 3V1.1@0 1M1.1@5 1M2.1@5 2V1.1@10 wait@40 1M1.1@40");
}
END_TEST

START_TEST(earlier_rounds_pass_on_from_extra_tries)
{
	check_story("M", with_rounds(2), "t o w d w",
		    "1M1.1@0 1M1.2@5 wait@35 1M1.1@35 wait@45 exhausted@45");
	check_story("M2 V", with_rounds(2), "t t t d o d w",
		    "1M1.1@0 1M2.1@0 2V1.1@0 1M1.2@5 1M2.2@5 2V1.2@10 wait@40 1M1.1@40");
}
END_TEST

/* what else can happen */

START_TEST(taken_back_is_the_same_attempt_again)
{
	check_story("M2", usual, "n 4n d n d w",
		    "1M1.1@0 1M1.1@0 1M1.1@4 1M2.1@4 1M2.1@4 wait@14 exhausted@14");
	check_story("M V", with_temporary(1), "o d n t n d w",
		    "1M1.1@0 2V1.1@0 1M1.1@5p 1M1.1@5p 1M1.2@10p 1M1.2@10p wait@20 exhausted@20");
}
END_TEST

START_TEST(reminder_starts_again)
{
	check_story("M", usual, "d w 3s d w",
		    "1M1.1@0 wait@10 exhausted@10 1M1.1@13 wait@23 exhausted@23");
	check_story("M V", with_rounds(2), "x d 2s d s", /* refused is asked anew */
		    "1M1.1@0 2V1.1@0 wait@30 1M1.1@2 2V1.1@7 1M1.1@2");
}
END_TEST

START_TEST(late_events_do_no_harm)
{
	check_story("M V", with_rounds(2), "w d w d d d x t u o n w",
		    "1M1.1@0 none 2V1.1@5 none wait@35 none none none none none none none "
		    "1M1.1@35");
	check_story("M", usual, "d 2d 3o w d w o n",
		    "1M1.1@0 wait@10 none none exhausted@15 none none none none");
}
END_TEST

static const char whole_way[] = "odtuxddowoddtddw"; /* through every phase of the plan below */

/* Whatever comes after the end, nobody is tried. */
static void check_end(char end)
{
	struct policy p = with_rounds(2);

	for (size_t length = 0; length < sizeof(whole_way); length++) {
		struct walk w = walk_begin("M3 V P", p);
		for (size_t i = 0; i < length; i++)
			walk_on(&w, whole_way[i], 1);
		ck_assert_int_eq(walk_on(&w, end, 0).kind, ACTION_STOP);
		for (const char *sign = event_signs + 1; *sign; sign++) {
			struct action a = walk_on(&w, *sign, 7);
			ck_assert(a.kind == ACTION_NONE || a.kind == ACTION_STOP);
			ck_assert_int_eq(w.chain.phase, PHASE_OVER);
		}
	}
}

START_TEST(whole_way_goes_through_every_phase)
{
	struct walk w = walk_begin("M3 V P", with_rounds(2));
	unsigned phases = 0;

	for (const char *sign = whole_way; *sign; sign++) {
		phases |= 1u << w.chain.phase;
		walk_on(&w, *sign, 1);
	}
	phases |= 1u << w.chain.phase;
	ck_assert_uint_eq(phases, (1u << (PHASE_OVER + 1)) - 1);
}
END_TEST

START_TEST(reply_ends_it_anywhere)
{
	check_end('r');
}
END_TEST

START_TEST(cancel_ends_it_anywhere)
{
	check_end('c');
}
END_TEST

/* mail that comes back */

/* Tells what came of it; what stands is kept as walk_on() does. */
static void came_back(struct walk *w, int order, int address, bool alone, bool in_flight,
		      struct buf *story)
{
	const struct comeback mail = {order, address, alone, in_flight, w->last.at};
	struct action a =
		escalation_came_back(&w->plan, &w->policy, w->down, &w->chain, &mail, w->now);

	if (a.kind != ACTION_NONE)
		w->last = a;
	check_present(w);
	buf_clear(story);
	story_tell(story, a);
}

static struct walk walked(const char *plan, struct policy policy, const char *events)
{
	struct walk w = walk_begin(plan, policy);

	for (; *events; events++)
		walk_on(&w, *events, 0);
	return w;
}

static const struct {
	const char *plan, *events; /* up to the bounce, a minute later */
	int retries, rounds, order, address;
	bool alone, in_flight;
	const char *told, *events_after, *last;
} comebacks[] = {
	/* waits behind the mail alone: on at once */
	{"M V", "d", 0, 1, 1, 1, true, false, "2V1.1@1", "d", "wait@11"},
	{"M V", "d", 1, 1, 1, 1, true, false, "2V1.1@1", "d", "wait@11"},
	{"M", "d", 1, 1, 1, 1, true, false, "wait@11", "w", "exhausted@11"},
	{"M2 V", "xd", 0, 1, 1, 2, true, false, "2V1.1@1", "d", "wait@11"},
	/* another of the group went out: the interval stays, and so does its retry */
	{"M2 V", "dd", 0, 1, 1, 1, false, false, "2V1.1@5", "d", "wait@15"},
	{"M2 V", "dd", 1, 1, 1, 1, false, false, "1M2.2@5", "d", "2V1.1@10"},
	{"M2 V", "dd", 1, 1, 1, 2, false, false, "1M1.2@5", "d", "2V1.1@10"},
	/* one that was refused for now keeps its distance */
	{"M2 V", "td", 1, 1, 1, 2, true, false, "1M1.2@5", "d", "2V1.1@10"},
	/* moved on, or under way: only the mark */
	{"M V V", "dd", 0, 1, 1, 1, false, false, "3V1.1@10", "d", "wait@20"},
	{"M2 V", "d", 0, 1, 1, 1, true, true, "none", "x", "2V1.1@1"},
	{"M2 V", "d", 0, 1, 1, 1, true, true, "none", "d", "2V1.1@6"},
	/* the waits of a round and for the answer stay */
	{"M", "d", 0, 1, 1, 1, true, false, "none", "w", "exhausted@10"},
	{"V M", "dd", 0, 2, 2, 1, true, false, "none", "wd", "wait@45"},
	/* nothing that it fits */
	{"V M", "d", 0, 1, 1, 1, true, false, "none", "d", "wait@15"},
	{"M2 V", "dd", 0, 1, 1, 3, true, false, "none", "d", "wait@15"},
	{"M V", "dc", 0, 1, 1, 1, true, false, "none", "w", "none"},
};

START_TEST(mail_that_comes_back)
{
	struct policy p = with_retries(0, comebacks[_i].retries);
	struct buf story = {0};

	p.rounds = comebacks[_i].rounds;
	struct walk w = walked(comebacks[_i].plan, p, comebacks[_i].events);
	w.now++;
	if (strchr(comebacks[_i].events, 'c')) {
		const struct comeback mail = {1, 1, true, false, w.last.at};
		struct chain before = w.chain;
		ck_assert_int_eq(
			escalation_came_back(&w.plan, &w.policy, w.down, &w.chain, &mail, w.now)
				.kind,
			ACTION_NONE);
		ck_assert(same_chain(&before, &w.chain));
		return;
	}
	came_back(&w, comebacks[_i].order, comebacks[_i].address, comebacks[_i].alone,
		  comebacks[_i].in_flight, &story);
	ck_assert_str_eq(buf_text(&story), comebacks[_i].told);
	struct action a = {0};
	for (const char *sign = comebacks[_i].events_after; *sign; sign++)
		a = walk_on(&w, *sign, 0);
	buf_clear(&story);
	story_tell(&story, a);
	ck_assert_str_eq(buf_text(&story), comebacks[_i].last);
	buf_free(&story);
}
END_TEST

START_TEST(each_outcome_has_its_event)
{
	static const enum chain_event events[OUTCOME_END] = {
		[OUTCOME_NONE] = EVENT_NOT_TRIED,
		[OUTCOME_DELIVERED] = EVENT_DELIVERED,
		[OUTCOME_ANSWERED_NO_INPUT] = EVENT_DELIVERED,
		[OUTCOME_MACHINE] = EVENT_DELIVERED,
		[OUTCOME_BUSY] = EVENT_DELIVERED,
		[OUTCOME_NO_ANSWER] = EVENT_DELIVERED,
		[OUTCOME_REFUSED] = EVENT_REFUSED,
		[OUTCOME_TEMPORARY] = EVENT_TEMPORARY,
		[OUTCOME_UNKNOWN] = EVENT_UNKNOWN,
		[OUTCOME_OUTAGE] = EVENT_OUTAGE,
		[OUTCOME_NOT_TRIED] = EVENT_NOT_TRIED,
		[OUTCOME_REPLIED] = EVENT_DELIVERED,
		[OUTCOME_PLACED] = EVENT_NOT_TRIED, /* never asked: it is no end */
	};

	for (int i = 0; i < OUTCOME_END; i++)
		ck_assert_int_eq(escalation_event((enum outcome)i), events[i]);
}
END_TEST

static TCase *rule(void)
{
	TCase *t = tcase_create("rule");

	tcase_add_test(t, nine_steps_of_the_manual);
	tcase_add_test(t, each_telephone_is_named);
	tcase_add_test(t, interval_runs_from_the_end_of_an_attempt);
	tcase_add_test(t, mail_retries_are_passes);
	tcase_add_test(t, push_comes_behind_four_others);
	tcase_add_test(t, rounds_lie_apart);
	tcase_add_test(t, nobody_to_reach_is_exhausted_at_once);
	tcase_add_test(t, no_intervals_at_all);
	return t;
}

static TCase *failures(void)
{
	TCase *t = tcase_create("failures");

	tcase_add_test(t, refused_is_not_tried_again);
	tcase_add_test(t, all_refused_moves_on_at_once);
	tcase_add_test(t, one_that_went_out_keeps_the_interval);
	tcase_add_test(t, refused_stays_refused_in_later_rounds);
	tcase_add_test(t, temporary_is_tried_again_at_the_end);
	tcase_add_test(t, temporary_then_refused);
	tcase_add_test(t, no_address_twice_without_the_interval);
	tcase_add_test(t, extra_tries_keep_the_interval_between_steps);
	tcase_add_test(t, temporary_has_its_extra_tries_each_round);
	tcase_add_test(t, unknown_may_have_arrived);
	return t;
}

static TCase *outages(void)
{
	TCase *t = tcase_create("outages");

	tcase_add_test(t, outage_at_every_position);
	tcase_add_test(t, outage_owes_the_passes_that_are_left);
	tcase_add_test(t, outage_after_the_last_pass_but_one);
	tcase_add_test(t, last_round_waits_for_the_channel);
	tcase_add_test(t, last_round_goes_on_with_whichever_is_up);
	tcase_add_test(t, whoever_is_not_making_good_waits_or_passes_on_as_ever);
	tcase_add_test(t, earlier_rounds_pass_on);
	tcase_add_test(t, earlier_rounds_pass_on_in_the_midst_of_a_group);
	tcase_add_test(t, earlier_rounds_pass_on_from_extra_tries);
	return t;
}

static TCase *anything_else(void)
{
	TCase *t = tcase_create("anything else");

	tcase_add_test(t, taken_back_is_the_same_attempt_again);
	tcase_add_test(t, reminder_starts_again);
	tcase_add_test(t, late_events_do_no_harm);
	tcase_add_test(t, whole_way_goes_through_every_phase);
	tcase_add_test(t, reply_ends_it_anywhere);
	tcase_add_test(t, cancel_ends_it_anywhere);
	tcase_add_loop_test(t, mail_that_comes_back, 0, (int)LENGTH(comebacks));
	tcase_add_test(t, each_outcome_has_its_event);
	return t;
}

int main(void)
{
	Suite *suite = suite_create("escalation");

	suite_add_tcase(suite, rule());
	suite_add_tcase(suite, failures());
	suite_add_tcase(suite, outages());
	suite_add_tcase(suite, anything_else());
	return run_suite(suite);
}
