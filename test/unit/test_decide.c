/*
 * The rule engine: what a report sets off and what not, told in the signs of hazard_world.h. The
 * sequences of real telegrams are in test_decide_replay.c.
 */

#include "common/hazard/areas.h"
#include "test/unit/hazard_world.h"
#include "test/unit/run.h"

#define QUAKE "[q]\nhazard = earthquake\nthreshold = 5+\n"

static struct world world;

static void load(void)
{
	struct buf fault = {0};

	setenv("TENKO_DATADIR", "config", 0);
	ck_assert_msg(areas_load(&fault), "%s", buf_text(&fault));
}

static void unload(void)
{
	world_end(&world);
}

/* At minute `at` the event comes in; `expected` is decided, and the reason begins with `reason`. */
static void check_why(int at, const char *signs, const char *expected, const char *reason)
{
	struct hazard_event e = world_event(signs);
	struct buf why = {0};
	char *told = world_decide(&world, &e, NULL, world_minute(at), &why);

	ck_assert_str_eq(told, expected);
	ck_assert_str_ne(buf_text(&why), "");
	if (reason)
		ck_assert_str_eq(buf_text(&why), reason);
	free(told);
	buf_free(&why);
	event_clear(&e);
}

static void check_told(int at, const char *signs, const char *expected)
{
	check_why(at, signs, expected, NULL);
}

/* What rule "q" held for that event is due at minute `at`. */
static void check_due(int at, const char *signs, const char *expected)
{
	struct hazard_event e = world_event(signs);
	char *told = world_decide(&world, &e, "q", world_minute(at), NULL);

	ck_assert_str_eq(told, expected);
	free(told);
	event_clear(&e);
}

/* the threshold and the regions */

START_TEST(sends_from_the_threshold_on)
{
	world_rules(&world, QUAKE);
	check_why(1, "quake E1 at=0 220:6+ 222:5+ 221:5- 350:4", "q send 220:6+ 222:5+ b1",
		  "sent: intensity 6+ in 宮城県北部 (220), 5+ in 宮城県中部 (222)");
}
END_TEST

START_TEST(says_what_is_below_the_threshold)
{
	world_rules(&world, QUAKE);
	check_why(1, "quake E1 at=0 350:4 220:3", "q nothing",
		  "not sent: intensity 4 in 東京都２３区 (350) is below the rule's 5+");
	check_why(1, "quake E2 at=0", "q nothing", "not sent: it names no region");
}
END_TEST

START_TEST(not_reported_yet_counts_as_5_lower)
{
	world_rules(&world, "[q]\nhazard=earthquake\nthreshold=5-\n"
			    "[r]\nhazard=earthquake\nthreshold=5+\n");
	check_told(1, "quake E1 at=0 220:5-or-more", "q send 220:5-or-more b1; r nothing");
}
END_TEST

START_TEST(keeps_to_the_regions_of_the_rule)
{
	world_rules(&world, QUAKE "regions = 04, 350\n");
	check_told(1, "quake E1 at=0 220:5+ 230:6+ 350:5+", "q send 220:5+ 350:5+ b1");
	check_why(1, "quake E2 at=0 230:6+", "q nothing",
		  "not sent: intensity 6+ in 秋田県沿岸北部 (230), which is none of the rule's "
		  "regions");
}
END_TEST

START_TEST(a_report_of_a_prefecture_reaches_no_more_than_the_rules_region)
{
	world_rules(&world, "[q]\nhazard=weather\nthreshold=emergency\nregions=220\n");
	check_told(1, "weather K at=0 04/rain:emergency", "q send 220/rain:emergency b1");
}
END_TEST

START_TEST(an_event_of_no_region_is_for_the_groups)
{
	world_rules(&world, "[q]\nhazard=other\nthreshold=severe\ngroups=G01\n"
			    "[r]\nhazard=other\nthreshold=severe\n");
	check_told(1, "other K at=0 -:severe", "q send -:severe b1; r nothing");
}
END_TEST

START_TEST(a_place_in_none_of_our_regions_is_for_nobody)
{
	world_rules(&world, "[q]\nhazard=other\nthreshold=severe\ngroups=G01\n");
	check_why(1, "other K at=0 far:severe", "q nothing",
		  "not sent: severe in a place in none of our regions, where nobody is known");
	check_told(1, "other L at=0 far:severe 220:severe", "q send 220:severe b1");
}
END_TEST

START_TEST(says_where_nobody_is_concerned)
{
	static const struct head_count people[] = {
		{"220", ADDRESS_SECOND, 5},
		{"350", ADDRESS_HOME, 7},
		{"03", ADDRESS_WORK, 1},
	};

	world_rules(&world, QUAKE);
	world.people = people;
	world.people_count = LENGTH(people);
	check_why(1, "quake E1 at=0 220:6+", "q nothing",
		  "not sent: intensity 6+ in 宮城県北部 (220), where nobody has a work or home "
		  "address");
	/* known by prefecture only: may be in any region of it */
	check_told(2, "quake E1 at=1/0 220:6+ 213:6+", "q send 213:6+ 220:6+ b1");
}
END_TEST

START_TEST(every_rule_answers_and_none_at_all_too)
{
	world_rules(&world, QUAKE "[off]\nenabled=no\nhazard=earthquake\nthreshold=1\n"
				  "[cap]\nhazard=earthquake\nthreshold=1\nsources=cap\n");
	check_why(1, "quake E1 at=0 220:5+", "q send 220:5+ b1; off nothing; cap nothing",
		  "sent: intensity 5+ in 宮城県北部 (220); not sent: the rule is off (enabled = "
		  "no); not sent: the rule takes the word of cap, this is from jma");
	check_why(1, "volcano V at=0 04:5", "- nothing", "not sent: no rule is for volcano");
}
END_TEST

/* 2: the level rises */

START_TEST(a_rise_reaches_only_those_newly_covered)
{
	world_rules(&world, QUAKE);
	check_told(1, "quake E1 at=0 220:6- 222:5-", "q send 220:6- b1");
	check_why(2, "quake E1 at=1/0 220:6+ 222:5+", "q send 222:5+ b2 except 1",
		  "sent: intensity 5+ in 宮城県中部 (222); not in 宮城県北部 (220), where people "
		  "were contacted before; not to those of broadcast 1");
	check_why(3, "quake E1 at=2/0 220:7 222:5+", "q nothing",
		  "not sent: intensity 7 in 宮城県北部 (220), 5+ in 宮城県中部 (222): the level "
		  "rose, but people there were contacted already and the rule does it once "
		  "(stronger_breaks = no)");
}
END_TEST

START_TEST(a_rise_reaches_them_again_where_the_rule_says_so)
{
	world_rules(&world, QUAKE "stronger_breaks = yes\n");
	check_told(1, "quake E1 at=0 220:6- 221:6- 222:5+",
		   "q send 220:6- 221:6- b1; q send 222:5+ b2 and before");
	/* 222 rises to what those of 1 heard of; 230 is new, but they were told of more */
	check_told(2, "quake E1 at=1/0 220:6- 221:6- 222:6- 230:5+",
		   "q send 222:6- b3 except 1; q send 230:5+ b4 except 1 2 and before");
	check_told(3, "quake E1 at=2/0 220:6- 222:6- 230:5+", "q nothing");
}
END_TEST

START_TEST(a_prefecture_covers_its_regions)
{
	world_rules(&world, "[q]\nhazard=landslide\nthreshold=danger\n");
	check_told(1, "landslide K at=0 04:danger", "q send 04:danger b1");
	check_told(2, "landslide K at=1 220:danger 04:danger", "q nothing");
	check_told(3, "landslide L at=1 220:danger", "q send 220:danger b2");
	check_told(4, "landslide L at=2 04:danger", "q send 04:danger b3 except 2");
}
END_TEST

/* 1: repetitions, and out of order */

START_TEST(a_repeated_report_sends_nothing)
{
	world_rules(&world, QUAKE);
	check_told(1, "quake E1 at=0 220:6-", "q send 220:6- b1");
	check_why(1, "quake E1 at=0 220:6-", "q nothing",
		  "not sent: intensity 6- in 宮城県北部 (220): people there were contacted "
		  "already");
}
END_TEST

START_TEST(the_order_does_not_matter)
{
	world_rules(&world, QUAKE);
	check_told(3, "quake E1 at=2/0 220:7 222:5+", "q send 220:7 222:5+ b1");
	/* the earlier report names a region that is gone from the later */
	check_told(4, "quake E1 at=0 220:6- 221:5+", "q send 221:5+ b2 except 1");
}
END_TEST

/* 3: vanished */

START_TEST(what_vanishes_is_not_taken_back)
{
	world_rules(&world, QUAKE);
	check_told(1, "quake E1 at=0 220:6- 620:5+", "q send 220:6- 620:5+ b1");
	check_told(2, "quake E1 at=1/0 220:6-", "q nothing");
	check_told(3, "quake E1 at=2/0 220:6- 620:5+", "q nothing");
	check_told(4, "quake E1 at=3/0 220:6- 620:4", "q nothing");
	check_told(5, "quake E1 at=4/0 220:6- 620:5+", "q nothing");
}
END_TEST

/* 4: time and region */

START_TEST(two_ids_can_be_one_shaking)
{
	world_rules(&world, QUAKE);
	check_told(1, "quake E1 at=1/0 220:6- 221:5+", "q send 220:6- 221:5+ b1");
	check_told(2, "quake p2pquake P1 at=2/1 220:6- 222:5+", "q send 222:5+ b2 except 1");
	/* the third is known by the id of the second, however late */
	check_told(50, "quake P1,P2 at=50/1 221:6-", "q nothing");
}
END_TEST

START_TEST(two_shakings_can_be_three_minutes_apart)
{
	world_rules(&world, QUAKE);
	check_told(1, "quake E1 at=0 771:5+ 776:5+", "q send 771:5+ 776:5+ b1");
	check_told(4, "quake E2 at=3 771:5+", "q send 771:5+ b2");
	/* nor are they one where they have no region in common */
	check_told(5, "quake E3 at=3 230:5+", "q send 230:5+ b3");
	world_end(&world);
	world_rules(&world, QUAKE "guard = 3m\n");
	check_told(1, "quake E1 at=0 771:5+ 776:5+", "q send 771:5+ 776:5+ b1");
	check_told(4, "quake E2 at=3 771:5+", "q nothing");
}
END_TEST

START_TEST(an_event_can_have_several_ids)
{
	world_rules(&world, "[q]\nhazard=tsunami\nthreshold=warning\n");
	check_told(1, "tsunami E1 at=0 all 220:warning", "q send 220:warning b1");
	check_told(20, "tsunami E1,E2 at=20 all 220:warning 210:warning",
		   "q send 210:warning b2 except 1");
	check_told(30, "tsunami E2 at=30 all 220:warning 210:warning", "q nothing");
}
END_TEST

START_TEST(two_sources_can_tell_of_one_tsunami)
{
	world_rules(&world, "[q]\nhazard=tsunami\nthreshold=warning\n");
	check_told(1, "tsunami E1 at=0 all 220:warning", "q send 220:warning b1");
	check_told(2, "tsunami p2pquake P at=1 all 220:warning", "q nothing");
	check_told(60, "tsunami E1 at=60 all 220:warning 210:warning",
		   "q send 210:warning b2 except 1");
	check_told(61, "tsunami p2pquake P at=60 all 220:warning 210:warning 251:warning",
		   "q send 251:warning b3 except 1 2");
	check_told(90, "tsunami E1 at=90 all", "q nothing ended 210 220");
	check_told(91, "tsunami p2pquake P at=91 all", "q nothing ended 251");
	check_told(600, "tsunami p2pquake P at=600 all 220:warning 251:warning",
		   "q send 220:warning 251:warning b4");
	check_told(601, "tsunami E2 at=601 all 220:warning 251:warning", "q nothing");
}
END_TEST

/* 5: cancels */

START_TEST(a_cancel_is_told_to_those_contacted)
{
	world_rules(&world, QUAKE);
	check_told(1, "quake E1 at=0 title=a 220:6-", "q send 220:6- b1");
	check_told(2, "quake E1 at=1/0 title=b 220:6- 221:6-", "q send 221:6- b2 except 1");
	check_why(1600, "quake E1 at=1600 title=b cancel", "q correct b3: 2",
		  "corrected: \"b\" was taken back; those contacted by broadcast 2 are told");
	check_why(1601, "quake E1 at=1600 title=b cancel", "q nothing",
		  "not sent: \"b\" was taken back before, and a correction was sent then");
	check_told(1601, "quake E2 at=1600 title=a cancel", "q nothing");
	/* those of 221 were told that it was nothing: if it is something after all, they hear of it */
	check_told(1602, "quake E1 at=1602/0 title=b 220:6- 221:6-", "q send 221:6- b4 except 1");
}
END_TEST

START_TEST(a_cancel_stops_what_runs_if_the_rule_says_so)
{
	world_rules(&world, QUAKE "cancel_stops = yes\n");
	check_told(1, "quake E1 at=0 220:6-", "q send 220:6- b1");
	check_told(2, "quake E1 at=1/0 221:6-", "q send 221:6- b2 except 1");
	check_told(3, "quake E1 at=2 cancel", "q correct b3: 1 2 stops 1 2");
}
END_TEST

START_TEST(a_cancel_may_come_before_what_it_cancels)
{
	world_rules(&world, QUAKE);
	check_why(2, "quake E1 at=1 cancel", "q nothing",
		  "not sent: \"report\" was taken back, and nobody was contacted for it");
	check_why(3, "quake E1 at=0 220:6-", "q nothing",
		  "not sent: it comes behind its own cancellation of 2026-01-01 09:01 JST");
	check_told(4, "quake E1 at=2/0 220:6-", "q send 220:6- b1");
	/* the old cancel again: the new report is not meant */
	check_told(5, "quake E1 at=1 cancel", "q nothing");
}
END_TEST

/* 6: the end of a warning is no cancel */

START_TEST(the_end_of_a_warning_is_no_cancel)
{
	world_rules(&world, "[q]\nhazard=tsunami\nthreshold=warning\n");
	check_told(1, "tsunami E1 at=0 all 220:major 210:warning",
		   "q send 220:major 210:warning b1");
	check_why(300, "tsunami E1 at=300 all 220:advisory 210:0", "q nothing ended 210 220",
		  "not sent: what was sent for has ended in 岩手県沿岸北部 (210), 宮城県北部 "
		  "(220); that is no cancellation");
	check_told(301, "tsunami E1 at=301 all", "q nothing");
	/* a new warning of the same event is news again */
	check_told(310, "tsunami E1 at=310 all 220:warning", "q send 220:warning b2");
}
END_TEST

START_TEST(each_kind_of_weather_is_its_own)
{
	world_rules(&world, "[q]\nhazard=weather\nthreshold=warning\n");
	check_told(1, "weather M at=0 all 220/rain:warning", "q send 220/rain:warning b1");
	check_told(2, "weather M at=1 all 220/rain:warning", "q nothing");
	check_told(3, "weather M at=2 all 220/rain:warning 220/flood:warning",
		   "q send 220/flood:warning b2");
	check_told(4, "weather M at=3 all 220/rain:warning 220/flood:warning 221/rain:warning",
		   "q send 221/rain:warning b3 except 1");
	/* another prefecture's report ends nothing of this one's */
	check_told(5, "weather T at=4 all 350/rain:warning", "q send 350/rain:warning b4");
	check_told(6, "weather M at=5 all 220/flood:warning", "q nothing ended 220/rain 221/rain");
	check_told(7, "weather M at=6 all 220/rain:warning 220/flood:warning",
		   "q send 220/rain:warning b5");
	/* an old report of what has ended since is no news */
	check_told(8, "weather M at=3 all 220/rain:warning 220/flood:warning 221/rain:warning",
		   "q nothing");
}
END_TEST

START_TEST(a_warning_lapses_where_its_end_was_missed)
{
	world_rules(&world, "[q]\nhazard=weather\nthreshold=warning\n");
	check_told(1, "weather M at=0 all 220/rain:warning", "q send 220/rain:warning b1");
	check_told(4000, "weather M at=4000 all 220/rain:warning", "q nothing");
	check_told(8000, "weather M at=8000 all 220/rain:warning", "q nothing");
	check_told(13000, "weather M at=13000 all 220/rain:warning", "q send 220/rain:warning b2");
}
END_TEST

START_TEST(what_monitoring_resolves_may_come_again)
{
	world_rules(&world, "[q]\nhazard=other\nthreshold=severe\ngroups=G01\n");
	check_told(1, "other disk at=0 350:severe", "q send 350:severe b1");
	check_told(2, "other power at=1 350:severe", "q send 350:severe b2");
	check_told(3, "other disk at=2 350:0", "q nothing ended 350");
	check_told(4, "other power at=3 350:severe", "q nothing");
	check_told(5, "other disk at=4 350:severe", "q send 350:severe b3");
}
END_TEST

/* 7: age */

START_TEST(an_old_report_is_not_acted_on)
{
	world_rules(&world, QUAKE "age_most = 30m\n");
	check_told(30, "quake E1 at=0 220:6-", "q send 220:6- b1");
	check_why(95, "quake E2 at=1 221:6-", "q nothing",
		  "not sent: the report is 1 h 34 min old, and the rule acts on nothing older "
		  "than 30 min");
	/* a cancel always is; a clock of theirs that goes ahead does no harm */
	check_told(99, "quake E1 at=2 cancel", "q correct b2: 1");
	check_told(99, "quake E3 at=109 222:6-", "q send 222:6- b3");
	check_why(99, "quake E4 at=90 230:6- until=98", "q nothing",
		  "not sent: it was good until 2026-01-01 10:38 JST");
}
END_TEST

/* 8: status */

START_TEST(only_the_actual_is_sent)
{
	world_rules(&world, QUAKE "[d]\nhazard=earthquake\nthreshold=5+\nexercises=yes\n"
				  "[o]\nhazard=earthquake\nthreshold=5+\ndrill_only=yes\n");
	check_told(1, "quake E1 at=0 test 220:6-", "q nothing; d nothing; o nothing");
	check_told(1, "quake E1 at=0 exercise 220:6-", "q nothing; d drill 220:6- b1; o nothing");
	/* the exercise does not stand in the way of the real thing with the same id */
	check_told(2, "quake E1 at=1 220:6-",
		   "q send 220:6- b2; d send 220:6- b3; o drill 220:6- b4");
	check_told(3, "quake E1 at=2 exercise cancel", "q nothing; d correct b5: 1; o nothing");
}
END_TEST

/* holding */

START_TEST(what_is_held_is_sent_when_due)
{
	world_rules(&world, QUAKE "hold = 5m\n");
	check_why(1, "quake E1 at=0 220:6-", "q hold 220:6- due=6",
		  "held until 2026-01-01 09:06 JST for a correction: intensity 6- in 宮城県北部 "
		  "(220)");
	check_told(2, "quake E1 at=0 220:6-", "q nothing");
	check_told(3, "quake E1 at=2/0 221:5+", "q hold 220:6- 221:5+ due=6 settles");
	check_due(6, "quake E1 at=2/0 221:5+", "q send 220:6- 221:5+ b1 settles");
	check_due(7, "quake E1 at=2/0 221:5+", "q nothing");
	check_told(8, "quake E1 at=7/0 220:6- 222:5+", "q hold 222:5+ due=13");
	check_due(13, "quake E1 at=7/0 220:6- 222:5+", "q send 222:5+ b2 except 1 settles");
}
END_TEST

START_TEST(a_correction_changes_what_is_held)
{
	world_rules(&world, QUAKE "hold = 5m\n");
	check_told(1, "quake E1 at=0 220:6- 221:6-", "q hold 220:6- 221:6- due=6");
	check_told(2, "quake E1 at=1/0 correction 220:5+ 221:4", "q hold 220:5+ due=7 settles");
	check_told(3, "quake E1 at=2/0 correction 220:4 221:4", "q nothing settles");
	check_told(4, "quake E1 at=0 220:6- 221:6-", "q nothing");
}
END_TEST

START_TEST(a_cancel_drops_what_is_held)
{
	world_rules(&world, QUAKE "hold = 5m\n");
	check_told(1, "quake E1 at=0 220:6-", "q hold 220:6- due=6");
	check_why(2, "quake E1 at=1 cancel", "q nothing settles",
		  "not sent: \"report\" was taken back while it was held; it is dropped");
	check_due(6, "quake E1 at=0 220:6-", "q nothing");
}
END_TEST

START_TEST(what_is_held_is_sent_with_the_next_report_if_it_is_due)
{
	world_rules(&world, QUAKE "hold = 5m\n");
	check_told(1, "quake E1 at=0 220:6-", "q hold 220:6- due=6");
	check_told(9, "quake E1 at=8/0 221:6-", "q send 220:6- 221:6- b1 settles");
	check_due(9, "quake E1 at=0 220:6-", "q nothing");
}
END_TEST

START_TEST(what_is_held_too_long_is_not_sent)
{
	world_rules(&world, QUAKE "hold = 5m\nage_most = 30m\n");
	check_told(1, "quake E1 at=0 220:6-", "q hold 220:6- due=6");
	check_due(60, "quake E1 at=0 220:6-", "q nothing settles");
	world.rules.list[0].enabled = false;
	check_due(60, "quake E1 at=0 220:6-", "q nothing");
}
END_TEST

START_TEST(a_rule_that_was_switched_off_drops_what_it_held)
{
	world_rules(&world, QUAKE "hold = 5m\n");
	check_told(1, "quake E1 at=0 220:6-", "q hold 220:6- due=6");
	world.rules.list[0].enabled = false;
	check_due(6, "quake E1 at=0 220:6-", "q nothing settles");
}
END_TEST

START_TEST(a_rule_that_is_gone_drops_what_it_held)
{
	world_rules(&world, QUAKE "hold = 5m\n");
	check_told(1, "quake E1 at=0 220:6-", "q hold 220:6- due=6");
	world.rules.list[0].hazard = HAZARD_TSUNAMI;
	check_due(6, "quake E1 at=0 220:6-", "- nothing settles");
}
END_TEST

START_TEST(a_warning_that_ends_while_held_is_not_sent)
{
	world_rules(&world, "[q]\nhazard=weather\nthreshold=warning\nhold=10m\n");
	check_told(1, "weather M at=0 all 220/rain:warning 221/rain:warning",
		   "q hold 220/rain:warning 221/rain:warning due=11");
	check_told(5, "weather M at=4 all 220/rain:warning", "q nothing ended 221/rain");
	check_due(11, "weather M at=0 all 220/rain:warning 221/rain:warning",
		  "q send 220/rain:warning b1 settles");
}
END_TEST

/* suppression and the daily maximum */

START_TEST(aftershocks_are_left_alone)
{
	world_rules(&world, QUAKE "suppress = 6h\n");
	check_told(1, "quake E1 at=0 220:6-", "q send 220:6- b1");
	check_told(60, "quake E2 at=60 220:6+ 222:5+", "q send 222:5+ b2");
	check_why(70, "quake E3 at=70 220:6+", "q nothing",
		  "not sent: intensity 6+ in 宮城県北部 (220): after the broadcast of 2026-01-01 "
		  "09:01 JST people there are left alone for 6 h");
	check_told(361, "quake E4 at=361 220:6- 222:6-", "q send 220:6- b3");
}
END_TEST

START_TEST(a_stronger_one_breaks_the_suppression)
{
	world_rules(&world, QUAKE "suppress = 6h\nstronger_breaks = yes\n");
	check_told(1, "quake E1 at=0 220:6-", "q send 220:6- b1");
	check_told(60, "quake E2 at=60 220:6-", "q nothing");
	check_told(70, "quake E3 at=70 220:6+", "q send 220:6+ b2");
	check_told(80, "quake E4 at=80 220:6+", "q nothing");
}
END_TEST

START_TEST(a_false_alarm_suppresses_nothing)
{
	world_rules(&world, QUAKE "suppress = 6h\ndaily_most = 1\n");
	check_told(1, "quake E1 at=0 220:6-", "q send 220:6- b1");
	check_told(2, "quake E1 at=1 cancel", "q correct b2: 1");
	check_told(3, "quake E2 at=3 220:6-", "q send 220:6- b3");
}
END_TEST

START_TEST(the_days_most_never_swallows_a_higher_level)
{
	world_rules(&world, QUAKE "daily_most = 1\n");
	check_told(1, "quake E1 at=0 220:6-", "q send 220:6- b1");
	check_told(2, "quake E1 at=1/0 221:6-", "q send 221:6- b2 except 1");
	check_why(60, "quake E2 at=60 350:6-", "q nothing",
		  "not sent: intensity 6- in 東京都２３区 (350): the daily maximum of 1 is used "
		  "up, and 6- was sent for before");
	check_why(70, "quake E3 at=70 350:6+", "q send 350:6+ b3",
		  "sent: intensity 6+ in 東京都２３区 (350); the daily maximum of 1 is used up, "
		  "but this is stronger than all that was sent for");
	check_told(1511, "quake E4 at=1511 350:6-", "q send 350:6- b4");
}
END_TEST

/* early warnings */

START_TEST(a_forecast_never_follows_the_shaking)
{
	world_rules(&world, QUAKE "[w]\nhazard=eew\nthreshold=5+\n");
	check_told(0, "eew E1 at=0 220:6-", "w send 220:6- b1");
	/* and does not stand in its way */
	check_told(1, "quake E1 at=1/0 220:6-", "q send 220:6- b2");
	check_why(2, "eew E1 at=2/0 221:6-", "w nothing",
		  "not sent: the shaking itself was reported already, and this is a forecast of "
		  "it");
	/* by time where the ids differ */
	check_told(2, "eew W9 at=2/1 221:6-", "w nothing");
	check_told(9, "eew W10 at=9/9 221:6-", "w send 221:6- b3");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("decide");
	TCase *t = tcase_create("decide");

	tcase_add_unchecked_fixture(t, load, NULL);
	tcase_add_checked_fixture(t, NULL, unload);
	tcase_add_test(t, sends_from_the_threshold_on);
	tcase_add_test(t, says_what_is_below_the_threshold);
	tcase_add_test(t, not_reported_yet_counts_as_5_lower);
	tcase_add_test(t, keeps_to_the_regions_of_the_rule);
	tcase_add_test(t, a_report_of_a_prefecture_reaches_no_more_than_the_rules_region);
	tcase_add_test(t, an_event_of_no_region_is_for_the_groups);
	tcase_add_test(t, a_place_in_none_of_our_regions_is_for_nobody);
	tcase_add_test(t, says_where_nobody_is_concerned);
	tcase_add_test(t, every_rule_answers_and_none_at_all_too);
	tcase_add_test(t, a_rise_reaches_only_those_newly_covered);
	tcase_add_test(t, a_rise_reaches_them_again_where_the_rule_says_so);
	tcase_add_test(t, a_prefecture_covers_its_regions);
	tcase_add_test(t, a_repeated_report_sends_nothing);
	tcase_add_test(t, the_order_does_not_matter);
	tcase_add_test(t, what_vanishes_is_not_taken_back);
	tcase_add_test(t, two_ids_can_be_one_shaking);
	tcase_add_test(t, two_shakings_can_be_three_minutes_apart);
	tcase_add_test(t, an_event_can_have_several_ids);
	tcase_add_test(t, two_sources_can_tell_of_one_tsunami);
	tcase_add_test(t, a_cancel_is_told_to_those_contacted);
	tcase_add_test(t, a_cancel_stops_what_runs_if_the_rule_says_so);
	tcase_add_test(t, a_cancel_may_come_before_what_it_cancels);
	tcase_add_test(t, the_end_of_a_warning_is_no_cancel);
	tcase_add_test(t, each_kind_of_weather_is_its_own);
	tcase_add_test(t, a_warning_lapses_where_its_end_was_missed);
	tcase_add_test(t, what_monitoring_resolves_may_come_again);
	tcase_add_test(t, an_old_report_is_not_acted_on);
	tcase_add_test(t, only_the_actual_is_sent);
	tcase_add_test(t, what_is_held_is_sent_when_due);
	tcase_add_test(t, a_correction_changes_what_is_held);
	tcase_add_test(t, a_cancel_drops_what_is_held);
	tcase_add_test(t, what_is_held_is_sent_with_the_next_report_if_it_is_due);
	tcase_add_test(t, what_is_held_too_long_is_not_sent);
	tcase_add_test(t, a_rule_that_was_switched_off_drops_what_it_held);
	tcase_add_test(t, a_rule_that_is_gone_drops_what_it_held);
	tcase_add_test(t, a_warning_that_ends_while_held_is_not_sent);
	tcase_add_test(t, aftershocks_are_left_alone);
	tcase_add_test(t, a_stronger_one_breaks_the_suppression);
	tcase_add_test(t, a_false_alarm_suppresses_nothing);
	tcase_add_test(t, the_days_most_never_swallows_a_higher_level);
	tcase_add_test(t, a_forecast_never_follows_the_shaking);
	suite_add_tcase(suite, t);
	return run_suite(suite);
}
