/*
 * The states of broadcasts and deliveries: which moves are allowed, written out once more as
 * plain lists, and what must hold whatever the lists say.
 */

#include "common/store/states.h"
#include "test/unit/run.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

enum { BEYOND = 64 }; /* numbers that are no state are asked about up to here */

/* moves */

struct move {
	int from, to;
};

static bool listed(const struct move *moves, size_t count, int from, int to)
{
	for (size_t i = 0; i < count; i++)
		if (moves[i].from == from && moves[i].to == to)
			return true;
	return false;
}

START_TEST(broadcast_moves)
{
	static const struct move moves[] = {
		{BROADCAST_REQUESTED, BROADCAST_RUNNING},  /* the fan-out begins */
		{BROADCAST_REQUESTED, BROADCAST_PAUSED},   /* held back before it began */
		{BROADCAST_REQUESTED, BROADCAST_FINISHED}, /* nobody was left to reach */
		{BROADCAST_REQUESTED, BROADCAST_CANCELLED},
		{BROADCAST_RUNNING, BROADCAST_PAUSED},
		{BROADCAST_RUNNING, BROADCAST_FINISHED},
		{BROADCAST_RUNNING, BROADCAST_CANCELLED},
		{BROADCAST_PAUSED, BROADCAST_RUNNING},
		{BROADCAST_PAUSED, BROADCAST_FINISHED}, /* all answered meanwhile */
		{BROADCAST_PAUSED, BROADCAST_CANCELLED},
		{BROADCAST_FINISHED, BROADCAST_RUNNING}, /* a reminder */
		{BROADCAST_FINISHED, BROADCAST_CANCELLED},
	};

	for (int from = -1; from < BEYOND / 2; from++)
		for (int to = 0; to < BEYOND / 2; to++)
			ck_assert_msg(broadcast_may_move((enum broadcast_state)from,
							 (enum broadcast_state)to) ==
					      listed(moves, LENGTH(moves), from, to),
				      "%d -> %d", from, to);
}
END_TEST

START_TEST(delivery_moves)
{
	static const struct move moves[] = {
		{DELIVERY_WAITING, DELIVERY_IN_FLIGHT},   {DELIVERY_WAITING, DELIVERY_ANSWERED},
		{DELIVERY_WAITING, DELIVERY_EXHAUSTED},   {DELIVERY_WAITING, DELIVERY_CANCELLED},
		{DELIVERY_IN_FLIGHT, DELIVERY_WAITING},   {DELIVERY_IN_FLIGHT, DELIVERY_ANSWERED},
		{DELIVERY_IN_FLIGHT, DELIVERY_EXHAUSTED}, {DELIVERY_IN_FLIGHT, DELIVERY_CANCELLED},
		{DELIVERY_EXHAUSTED, DELIVERY_WAITING},  /* a reminder */
		{DELIVERY_EXHAUSTED, DELIVERY_ANSWERED}, /* late, and it counts */
		{DELIVERY_CANCELLED, DELIVERY_ANSWERED},
	};

	for (int from = -1; from < BEYOND / 2; from++)
		for (int to = 0; to < BEYOND / 2; to++)
			ck_assert_msg(delivery_may_move((enum delivery_state)from,
							(enum delivery_state)to) ==
					      listed(moves, LENGTH(moves), from, to),
				      "%d -> %d", from, to);
}
END_TEST

/* An answer counts whenever it comes, and is never taken back. */
START_TEST(answers_are_kept)
{
	for (int s = 1; s < DELIVERY_STATE_END; s++) {
		enum delivery_state state = (enum delivery_state)s;
		ck_assert(!delivery_may_move(DELIVERY_ANSWERED, state));
		ck_assert(state == DELIVERY_ANSWERED ||
			  delivery_may_move(state, DELIVERY_ANSWERED));
	}
}
END_TEST

/* What can be come to from `from`, itself included, as a set. */
static unsigned reach(bool (*may_move)(int from, int to), int from, int end)
{
	unsigned seen = TO((unsigned)from), before = 0;

	while (seen != before) {
		before = seen;
		for (int a = 1; a < end; a++)
			for (int b = 1; b < end; b++)
				if (seen & TO((unsigned)a) && may_move(a, b))
					seen |= TO((unsigned)b);
	}
	return seen;
}

static bool broadcast_edge(int from, int to)
{
	return broadcast_may_move((enum broadcast_state)from, (enum broadcast_state)to);
}

static bool delivery_edge(int from, int to)
{
	return delivery_may_move((enum delivery_state)from, (enum delivery_state)to);
}

START_TEST(every_state_can_be_reached)
{
#define X(symbol, number, name, phrase, moves) | TO(number)
	ck_assert_uint_eq(reach(broadcast_edge, BROADCAST_REQUESTED, BROADCAST_STATE_END),
			  0 BROADCAST_STATES(X));
	ck_assert_uint_eq(reach(delivery_edge, DELIVERY_WAITING, DELIVERY_STATE_END),
			  0 DELIVERY_STATES(X));
#undef X
}
END_TEST

/* names */

/* Stored and shown: neither number nor name may ever change. */
START_TEST(numbers_and_names_stay)
{
	static const char *const broadcasts[] = {"", "requested", "running",  "paused",
						 "", "finished",  "cancelled"};
	static const char *const deliveries[] = {"",         "waiting",   "in_flight",
						 "answered", "exhausted", "cancelled"};
	static const char *const verbs[] = {"", "cancel", "pause", "resume", "remind"};

	for (int i = 0; i < BROADCAST_STATE_END; i++)
		ck_assert_str_eq(broadcast_state_name((enum broadcast_state)i), broadcasts[i]);
	for (int i = 0; i < DELIVERY_STATE_END; i++)
		ck_assert_str_eq(delivery_state_name((enum delivery_state)i), deliveries[i]);
	for (int i = 0; i < CONTROL_END; i++)
		ck_assert_str_eq(control_verb_name((enum control_verb)i), verbs[i]);
	ck_assert_int_eq(BROADCAST_STATE_END, LENGTH(broadcasts));
	ck_assert_int_eq(DELIVERY_STATE_END, LENGTH(deliveries));
	ck_assert_int_eq(CONTROL_END, LENGTH(verbs));
}
END_TEST

START_TEST(states_have_phrases)
{
#define X(symbol, number, name, phrase, moves) \
	ck_assert_str_ne(broadcast_state_phrase(BROADCAST_##symbol), "");
	BROADCAST_STATES(X)
#undef X
#define X(symbol, number, name, phrase, moves) \
	ck_assert_str_ne(delivery_state_phrase(DELIVERY_##symbol), "");
	DELIVERY_STATES(X)
#undef X
}
END_TEST

START_TEST(no_state_has_no_name)
{
	for (int i = -3; i < BEYOND; i += i < 0 ? 1 : BEYOND - 1) {
		ck_assert_str_eq(broadcast_state_name((enum broadcast_state)i), "");
		ck_assert_str_eq(broadcast_state_phrase((enum broadcast_state)i), "");
		ck_assert_str_eq(delivery_state_name((enum delivery_state)i), "");
		ck_assert_str_eq(delivery_state_phrase((enum delivery_state)i), "");
		ck_assert_str_eq(control_verb_name((enum control_verb)i), "");
	}
}
END_TEST

START_TEST(deliveries_by_name)
{
	static const char *const strangers[] = {"", "WAITING", "waiting ", "wait", "requested"};

	for (int i = 1; i < DELIVERY_STATE_END; i++) {
		enum delivery_state state = (enum delivery_state)i;
		ck_assert_int_eq(delivery_state_by_name(delivery_state_name(state)), state);
	}
	for (size_t i = 0; i < LENGTH(strangers); i++)
		ck_assert_int_eq(delivery_state_by_name(strangers[i]), DELIVERY_NONE);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("states");
	TCase *t = tcase_create("states");

	tcase_add_test(t, broadcast_moves);
	tcase_add_test(t, delivery_moves);
	tcase_add_test(t, answers_are_kept);
	tcase_add_test(t, every_state_can_be_reached);
	tcase_add_test(t, numbers_and_names_stay);
	tcase_add_test(t, states_have_phrases);
	tcase_add_test(t, no_state_has_no_name);
	tcase_add_test(t, deliveries_by_name);
	suite_add_tcase(suite, t);
	return run_suite(suite);
}
