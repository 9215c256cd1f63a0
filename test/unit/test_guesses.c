/* Wrong links: each source's limit and that over all, over time. */

#include "dispatcher/reply/http/guesses.h"
#include "test/unit/run.h"

#include <check.h>
#include <string.h>

enum { MINUTE = 60000, START = 5 * MINUTE };

static struct source source(uint32_t number)
{
	struct source s = {{0}};

	memcpy(s.bytes, &number, sizeof number);
	s.bytes[15] = 1;
	return s;
}

/* How many of `count` at one moment are answered as they are. */
static int let_through(struct guesses *guesses, const struct source *from, int count, int64_t now,
		       int64_t each, int64_t all)
{
	int through = 0;

	for (int i = 0; i < count; i++)
		through += guesses_note(guesses, from, now, each, all) == 0;
	return through;
}

START_TEST(a_source_has_a_minutes_worth_that_fills_steadily)
{
	struct guesses *guesses = guesses_new();
	struct source one = source(1), other = source(2);

	ck_assert_int_eq(let_through(guesses, &one, 100, START, 60, 0), 60);
	ck_assert_int_eq(guesses_note(guesses, &one, START, 60, 0), 1);
	ck_assert_int_eq(let_through(guesses, &other, 100, START, 60, 0), 60);
	ck_assert_int_eq(let_through(guesses, &one, 100, START + 999, 60, 0), 0);
	ck_assert_int_eq(let_through(guesses, &one, 100, START + 10000, 60, 0), 10);
	ck_assert_int_eq(let_through(guesses, &one, 100, START + 100 * MINUTE, 60, 0), 60);
	guesses_free(guesses);
}
END_TEST

START_TEST(the_wait_is_as_long_as_it_must_be)
{
	struct guesses *guesses = guesses_new();
	struct source one = source(1);

	ck_assert_int_eq(guesses_note(guesses, &one, START, 1, 0), 0);
	ck_assert_int_eq(guesses_note(guesses, &one, START, 1, 0), 60);
	ck_assert_int_eq(guesses_note(guesses, &one, START + 500, 1, 0), 60);
	ck_assert_int_eq(guesses_note(guesses, &one, START + MINUTE - 1, 1, 0), 1);
	ck_assert_int_eq(guesses_note(guesses, &one, START + MINUTE, 1, 0), 0);
	guesses_free(guesses);
}
END_TEST

START_TEST(many_sources_share_the_limit_over_all)
{
	struct guesses *guesses = guesses_new();
	int through = 0;

	for (uint32_t i = 0; i < 100000; i++) {
		struct source one = source(i);
		through += guesses_note(guesses, &one, START, 10, 500) == 0;
	}
	ck_assert_int_eq(through, 500);
	guesses_free(guesses);
}
END_TEST

START_TEST(no_limit_is_no_limit)
{
	struct guesses *guesses = guesses_new();
	struct source one = source(1);

	ck_assert_int_eq(let_through(guesses, &one, 10000, START, 0, 0), 10000);
	guesses_free(guesses);
}
END_TEST

START_TEST(what_counts_as_here_and_as_a_proxy)
{
	struct source v4 = {{[10] = 0xff, [11] = 0xff, [12] = 127, [15] = 9}};
	struct source v6 = {{[15] = 1}}, far = {{0x20, 0x01, 0x0d, 0xb8, [15] = 7}};
	char text[SOURCE_TEXT];

	ck_assert(source_is_loopback(&v4) && source_is_loopback(&v6) && !source_is_loopback(&far));
	ck_assert(source_is_proxy(&v4, "10.0.0.1, 127.0.0.9"));
	ck_assert(source_is_proxy(&far, "2001:db8::7,127.0.0.1"));
	ck_assert(!source_is_proxy(&far, "2001:db8::8, nonsense,, 2001:db8::"));
	ck_assert(!source_is_proxy(&far, ""));
	ck_assert_str_eq(source_text(&v4, text), "127.0.0.9");
	struct source network = source_network(far);
	ck_assert_str_eq(source_text(&network, text), "2001:db8::");
	network = source_network(v6);
	ck_assert_str_eq(source_text(&network, text), "::1");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("guesses");
	TCase *t = tcase_create("guesses");

	tcase_add_test(t, a_source_has_a_minutes_worth_that_fills_steadily);
	tcase_add_test(t, the_wait_is_as_long_as_it_must_be);
	tcase_add_test(t, many_sources_share_the_limit_over_all);
	tcase_add_test(t, no_limit_is_no_limit);
	tcase_add_test(t, what_counts_as_here_and_as_a_proxy);
	suite_add_tcase(suite, t);
	return run_suite(suite);
}
