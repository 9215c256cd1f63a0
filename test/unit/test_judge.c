/* The judgement of a message, case by case; test_smtp.c sees the same over a real session. */

#include "common/base/must.h"
#include "test/unit/run.h"
#include "workers/mail/judge.h"
#include "workers/mail/trace.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define OK                  \
	{                   \
		.code = 250 \
	}
#define CODE(n)           \
	{                 \
		.code = n \
	}
/* with an enhanced code 5.s.1 */
#define SAYS(n, s)                                                     \
	{                                                              \
		.code = n, .class = n / 100, .subject = s, .detail = 1 \
	}

static const struct {
	struct evidence seen;
	enum verdict verdict;
} messages[] = {
	{{OK, OK, OK, .whole = true}, VERDICT_DELIVERED},
	{{OK, OK, CODE(0), .whole = true}, VERDICT_UNKNOWN},
	{{OK, OK, CODE(354), .whole = true}, VERDICT_UNKNOWN},
	{{OK, OK, CODE(0), .whole = false}, VERDICT_OUTAGE},
	{{OK, OK, OK, .whole = false}, VERDICT_OUTAGE},
	{{OK, OK, CODE(451), .whole = true}, VERDICT_TEMPORARY},
	{{OK, OK, CODE(451), .whole = false}, VERDICT_TEMPORARY},
	{{OK, OK, CODE(554), .whole = true}, VERDICT_DENIED},
	{{OK, OK, CODE(550), .whole = true}, VERDICT_DENIED},
	{{OK, OK, SAYS(550, 1), .whole = true}, VERDICT_REFUSED},
	{{OK, OK, SAYS(552, 2), .whole = true}, VERDICT_REFUSED},
	{{OK, OK, SAYS(554, 7), .whole = true}, VERDICT_DENIED},
	{{OK, OK, CODE(503), .whole = true}, VERDICT_TEMPORARY},
	{{OK, OK, CODE(421), .whole = true}, VERDICT_OUTAGE},
	/* the message was sent before the recipient was answered */
	{{OK, CODE(0), CODE(0), .whole = true}, VERDICT_UNKNOWN},
	{{OK, CODE(0), CODE(0), .whole = false}, VERDICT_OUTAGE},
	/* recipients */
	{{OK, CODE(450), CODE(0), .whole = false}, VERDICT_TEMPORARY},
	{{OK, CODE(452), CODE(503), .whole = false}, VERDICT_TEMPORARY},
	{{OK, CODE(421), CODE(0), .whole = false}, VERDICT_OUTAGE},
	{{OK, CODE(550), CODE(554), .whole = false}, VERDICT_VAGUE},
	{{OK, CODE(501), CODE(0), .whole = false}, VERDICT_VAGUE},
	{{OK, CODE(556), CODE(0), .whole = false}, VERDICT_VAGUE},
	{{OK, CODE(554), CODE(0), .whole = false}, VERDICT_DENIED},
	{{OK, CODE(530), CODE(0), .whole = false}, VERDICT_DENIED},
	{{OK, CODE(503), CODE(0), .whole = false}, VERDICT_DENIED},
	{{OK, SAYS(550, 1), CODE(0), .whole = false}, VERDICT_REFUSED},
	{{OK, SAYS(552, 2), CODE(0), .whole = false}, VERDICT_REFUSED},
	{{OK, SAYS(550, 4), CODE(0), .whole = false}, VERDICT_REFUSED},
	{{OK, SAYS(550, 7), CODE(0), .whole = false}, VERDICT_DENIED},
	{{OK, SAYS(554, 5), CODE(0), .whole = false}, VERDICT_DENIED},
	{{OK, CODE(354), CODE(0), .whole = false}, VERDICT_OUTAGE},
	/* senders */
	{{CODE(0), CODE(0), CODE(0), .whole = false}, VERDICT_OUTAGE},
	{{CODE(530), CODE(0), CODE(0), .whole = false}, VERDICT_OUTAGE},
	{{CODE(451), CODE(0), CODE(0), .whole = false}, VERDICT_OUTAGE},
	{{SAYS(550, 1), CODE(0), CODE(0), .whole = false}, VERDICT_OUTAGE},
};

START_TEST(messages_are_judged)
{
	ck_assert_int_eq(judge_message(&messages[_i].seen), messages[_i].verdict);
}
END_TEST

/* Whatever is seen, a message is delivered only with 250 to the whole of it. */
START_TEST(nothing_else_is_delivered)
{
	static const int codes[] = {-1,  0,   1,   99,  150, 220, 250, 299, 354,
				    421, 450, 500, 503, 530, 550, 554, 600, 2500};
	const size_t n = LENGTH(codes);

	for (size_t i = 0; i < n * n * n * 2; i++) {
		struct evidence seen = {.mail.code = codes[i % n],
					.rcpt.code = codes[i / n % n],
					.final.code = codes[i / n / n % n],
					.whole = i / n / n / n};
		bool sent = seen.mail.code / 100 == 2 || seen.mail.code == 0;
		sent = sent && seen.rcpt.code / 100 == 2 && seen.final.code / 100 == 2 &&
		       seen.whole;
		ck_assert_int_eq(judge_message(&seen) == VERDICT_DELIVERED, sent);
	}
}
END_TEST

static const struct {
	enum verdict verdict;
	struct session_record record;
	enum outcome outcome;
} doubts[] = {
	{VERDICT_DENIED, {.delivered = 1, .doubtful = 49}, OUTCOME_REFUSED},
	{VERDICT_VAGUE, {.delivered = 1, .doubtful = 49}, OUTCOME_REFUSED},
	{VERDICT_DENIED, {.doubtful = 3, .recently = true}, OUTCOME_OUTAGE},
	{VERDICT_VAGUE, {.doubtful = 3, .recently = true}, OUTCOME_OUTAGE},
	{VERDICT_DENIED, {.doubtful = 2, .recently = true}, OUTCOME_REFUSED},
	{VERDICT_DENIED, {.doubtful = 1}, OUTCOME_TEMPORARY},
	{VERDICT_VAGUE, {.doubtful = 2}, OUTCOME_REFUSED},
};

START_TEST(doubts_are_resolved)
{
	ck_assert_int_eq(judge_doubtful(doubts[_i].verdict, &doubts[_i].record),
			 doubts[_i].outcome);
}
END_TEST

START_TEST(enhanced_codes_are_found_in_the_text)
{
	struct reply_code code = judge_code(550, 0, 0, 0, "5.1.10 nobody");

	ck_assert(code.code == 550 && code.class == 5 && code.subject == 1 && code.detail == 10);
	code = judge_code(550, 5, 7, 1, "5.1.1 later");
	ck_assert(code.class == 5 && code.subject == 7);
	static const char *const without[] = {"", "5", "5.1", "5.1 x", "mailbox 5.1.1", "-5.1.1"};
	for (size_t i = 0; i < LENGTH(without); i++) {
		code = judge_code(550, 0, 0, 0, without[i]);
		ck_assert(code.class == 0 && code.subject == 0 && code.detail == 0);
	}
	code = judge_code(250, 0, 0, 0, NULL);
	ck_assert(code.code == 250 && code.class == 0);
}
END_TEST

/* the bytes before the first message */

static void feed(struct trace *trace, const char *bytes)
{
	trace_read(trace, bytes, strlen(bytes));
}

static void write_line(struct trace *trace, const char *bytes)
{
	trace_written(trace, bytes, strlen(bytes));
}

START_TEST(replies_are_read_in_any_slices)
{
	static const char greeting[] = "220-hello there\r\n220 ready\r\n";
	struct trace trace;

	for (size_t cut = 0; cut < sizeof greeting; cut++) {
		trace_start(&trace);
		ck_assert_int_eq(trace.stage, STAGE_GREETING);
		trace_read(&trace, greeting, cut);
		trace_read(&trace, greeting + cut, sizeof greeting - 1 - cut);
		ck_assert_int_eq(trace.code, 220);
		ck_assert_str_eq(trace.reply, "220-hello there");
	}
	write_line(&trace, "EHLO me\r\n");
	ck_assert_int_eq(trace.stage, STAGE_EHLO);
	write_line(&trace, "QUIT\r\n");
	feed(&trace, "221 bye\r\n");
	ck_assert_int_eq(trace.code, 220);
	ck_assert_int_eq(trace.stage, STAGE_EHLO);
}
END_TEST

START_TEST(a_login_is_seen_and_its_secret_is_not_kept)
{
	struct trace trace;

	trace_start(&trace);
	write_line(&trace, "AUTH LOGIN\r\n");
	feed(&trace, "334 VXNlcg==\r\n");
	write_line(&trace, "c2VjcmV0\r\n");
	ck_assert_int_eq(trace.stage, STAGE_AUTH);
	ck_assert(!trace.authenticated);
	feed(&trace, "235 2.7.0 ok\r\n");
	ck_assert(trace.authenticated);
	ck_assert_ptr_null(memmem(&trace, sizeof trace, "c2VjcmV0", 8));
	trace_start(&trace);
	write_line(&trace, "MAIL FROM:<a@b>\r\n");
	feed(&trace, "235 ok\r\n");
	ck_assert(!trace.authenticated);
}
END_TEST

START_TEST(what_follows_the_reply_to_starttls_is_seen)
{
	struct trace trace;

	trace_start(&trace);
	write_line(&trace, "STARTTLS\r\n");
	feed(&trace, "220 go\r\n");
	ck_assert(!trace.injected);
	trace_start(&trace);
	write_line(&trace, "STARTTLS\r\n");
	feed(&trace, "220 go\r\n2");
	ck_assert(trace.injected);
}
END_TEST

START_TEST(replies_of_rubbish_do_no_harm)
{
	struct trace trace;
	char rubbish[5000];

	trace_start(&trace);
	for (size_t i = 0; i < sizeof rubbish; i++)
		rubbish[i] = (char)(i * 7919 >> 3);
	trace_read(&trace, rubbish, sizeof rubbish);
	memset(rubbish, 'x', sizeof rubbish);
	trace_read(&trace, rubbish, sizeof rubbish);
	feed(&trace, "\n\r\n\r\r\n-\n");
	ck_assert_uint_lt(strlen(trace.reply), sizeof trace.reply);
	feed(&trace, "99999999999 x\r\n554 no\r\n");
	ck_assert_int_eq(trace.code, 554);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("judge");
	TCase *tcase = tcase_create("judge");

	tcase_add_loop_test(tcase, messages_are_judged, 0, (int)LENGTH(messages));
	tcase_add_loop_test(tcase, doubts_are_resolved, 0, (int)LENGTH(doubts));
	tcase_add_test(tcase, nothing_else_is_delivered);
	tcase_add_test(tcase, enhanced_codes_are_found_in_the_text);
	tcase_add_test(tcase, replies_are_read_in_any_slices);
	tcase_add_test(tcase, a_login_is_seen_and_its_secret_is_not_kept);
	tcase_add_test(tcase, what_follows_the_reply_to_starttls_is_seen);
	tcase_add_test(tcase, replies_of_rubbish_do_no_harm);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
