/* What the telephone provider's answers mean, and whose turn it is among several accounts. */

#include "common/base/call.h"
#include "test/unit/run.h"
#include "workers/voice/answer.h"
#include "workers/voice/rota.h"

#include <check.h>
#include <string.h>

/* answers */

static const struct {
	int status;
	const char *json;
	enum verdict verdict;
} answers[] = {
	{201, "{\"sid\":\"CA1\",\"status\":\"queued\"}", VERDICT_PLACED},
	{201, "{\"sid\":\"../CA1\"}", VERDICT_UNCLEAR},
	{201, "{\"sid\":\"\"}", VERDICT_UNCLEAR},
	{201, "{\"sid\":7}", VERDICT_UNCLEAR},
	{201, "{\"sid\":\"CA1\"", VERDICT_UNCLEAR},
	{201, "", VERDICT_UNCLEAR},
	{400, "{\"code\":21211,\"message\":\"Invalid 'To'\"}", VERDICT_REFUSED},
	{400, "{\"code\":21217}", VERDICT_REFUSED},
	{400, "{\"code\":21215}", VERDICT_REFUSED},
	{400, "{\"code\":21210}", VERDICT_REFUSED},
	{400, "{\"code\":13226}", VERDICT_REFUSED},
	{400, "{\"code\":13224}", VERDICT_TEMPORARY},
	{429, "{\"code\":20429}", VERDICT_THROTTLED},
	{429, "", VERDICT_THROTTLED},
	{400, "{\"code\":20429}", VERDICT_THROTTLED},
	{400, "{\"code\":10004}", VERDICT_FAILED},
	{400, "{\"code\":22005}", VERDICT_FAILED},
	{400, "{\"code\":21205}", VERDICT_FAILED},
	{400, "{\"code\":21999}", VERDICT_DOUBTFUL},
	{400, "", VERDICT_DOUBTFUL},
	{401, "{\"code\":20003}", VERDICT_FAILED},
	{404, "<html>", VERDICT_FAILED},
	{500, "{\"code\":\"21211\"}", VERDICT_FAILED},
	{503, "", VERDICT_FAILED},
	{200, "{\"sid\":\"CA1\"}", VERDICT_FAILED},
	{301, "", VERDICT_FAILED},
};

START_TEST(answers_to_placing)
{
	struct placed p =
		answer_to_placing(answers[_i].status, answers[_i].json, strlen(answers[_i].json));

	ck_assert_msg(p.verdict == answers[_i].verdict, "%d %s: %d", answers[_i].status,
		      answers[_i].json, (int)p.verdict);
	if (p.verdict == VERDICT_PLACED)
		ck_assert_str_eq(p.sid, "CA1");
}
END_TEST

static bool knows(const char *sid, void *arg)
{
	return strcmp(sid, arg) == 0;
}

#define CALLS                                                                                 \
	"{\"calls\":[{\"sid\":\"CA1\",\"date_created\":\"Tue, 31 Aug 2010 20:36:28 +0000\"}," \
	"{\"sid\":\"CA2\",\"date_created\":\"Tue, 31 Aug 2010 22:36:30 +0200\"},"             \
	"{\"sid\":\"CA3\",\"date_created\":\"yesterday\"},7,{}]}"

START_TEST(a_call_is_found_again)
{
	const int64_t at = INT64_C(1283286988000); /* of CA1; CA2 is two seconds later */
	char sid[ANSWER_SID + 1] = "", none[] = "", second[] = "CA2";
	bool readable;

	ck_assert(answer_find(CALLS, strlen(CALLS), at, knows, none, sid, &readable));
	ck_assert(readable);
	ck_assert_str_eq(sid, "CA2");
	ck_assert(answer_find(CALLS, strlen(CALLS), at, knows, second, sid, &readable));
	ck_assert_str_eq(sid, "CA1");
	ck_assert(!answer_find(CALLS, strlen(CALLS), at + 1, knows, second, sid, &readable));
	ck_assert(readable);
	ck_assert(!answer_find(CALLS, strlen(CALLS), at + 3000, knows, none, sid, &readable));
	ck_assert(!answer_find("{\"calls\":7}", 11, 0, knows, none, sid, &readable));
	ck_assert(!readable);
	ck_assert(!answer_find("", 0, 0, knows, none, sid, &readable));
	ck_assert(!readable);
}
END_TEST

static enum outcome look(int status, const char *json)
{
	char detail[ANSWER_DETAIL];
	return answer_to_look(status, json, strlen(json), detail);
}

START_TEST(what_became_of_a_call)
{
	ck_assert_int_eq(look(200, "{\"status\":\"busy\"}"), OUTCOME_BUSY);
	ck_assert_int_eq(look(200, "{\"status\":\"no-answer\"}"), OUTCOME_NO_ANSWER);
	ck_assert_int_eq(look(200, "{\"status\":\"failed\"}"), OUTCOME_NO_ANSWER);
	ck_assert_int_eq(look(200, "{\"status\":\"canceled\"}"), OUTCOME_NO_ANSWER);
	ck_assert_int_eq(look(200, "{\"status\":\"completed\",\"answered_by\":null}"),
			 OUTCOME_ANSWERED_NO_INPUT);
	ck_assert_int_eq(look(200, "{\"status\":\"completed\",\"answered_by\":\"human\"}"),
			 OUTCOME_ANSWERED_NO_INPUT);
	ck_assert_int_eq(
		look(200, "{\"status\":\"completed\",\"answered_by\":\"machine_end_beep\"}"),
		OUTCOME_MACHINE);
	ck_assert_int_eq(look(200, "{\"status\":\"completed\",\"answered_by\":\"fax\"}"),
			 OUTCOME_MACHINE);
	ck_assert_int_eq(look(200, "{\"status\":\"ringing\"}"), OUTCOME_PLACED);
	ck_assert_int_eq(look(200, "{\"status\":\"in-progress\"}"), OUTCOME_PLACED);
	ck_assert_int_eq(look(200, "{\"status\":\"dancing\"}"), OUTCOME_NONE);
	ck_assert_int_eq(look(200, "[]"), OUTCOME_NONE);
	ck_assert_int_eq(look(404, "{\"status\":404}"), OUTCOME_NONE);
	ck_assert_int_eq(look(500, "{\"status\":\"busy\"}"), OUTCOME_NONE);
}
END_TEST

START_TEST(states_have_their_names)
{
	for (int i = CALL_NONE + 1; i < CALL_END; i++)
		ck_assert_int_eq(call_status_by_name(call_status_name((enum call_status)i)), i);
	ck_assert_int_eq(call_status_by_name(""), CALL_NONE);
	ck_assert_str_eq(call_status_name(CALL_NONE), "");
	ck_assert_int_eq(call_outcome(CALL_NONE, ""), OUTCOME_NONE);
}
END_TEST

/* turns */

static struct rota three(void)
{
	return (struct rota){.count = 3, .turn = {{.share = 3}, {.share = 2}, {.share = 1}}};
}

static void count(struct rota *rota, int64_t now, int times, int *counts)
{
	memset(counts, 0, 3 * sizeof *counts);
	for (int i = 0; i < times; i++)
		counts[rota_pick(rota, now)]++;
}

START_TEST(each_account_has_its_share)
{
	struct rota rota = three();
	int counts[3];

	count(&rota, 0, 600, counts);
	ck_assert_int_eq(counts[0], 300);
	ck_assert_int_eq(counts[1], 200);
	ck_assert_int_eq(counts[2], 100);
	count(&rota, 0, 6, counts); /* evenly mixed */
	ck_assert(counts[0] == 3 && counts[1] == 2 && counts[2] == 1);
}
END_TEST

START_TEST(one_that_fails_is_left_out_for_longer_and_longer)
{
	struct rota rota = three();
	int counts[3];

	rota_failed(&rota, 0, 1000);
	rota_failed(&rota, 0, 1000); /* of the same batch */
	count(&rota, 1000 + ROTA_OUT_MS - 1, 300, counts);
	ck_assert(counts[0] == 0 && counts[1] == 200 && counts[2] == 100);
	count(&rota, 1000 + ROTA_OUT_MS, 600, counts);
	ck_assert_int_eq(counts[0], 300);
	int64_t now = 1000 + ROTA_OUT_MS;
	for (int i = 0; i < 20; i++) {
		rota_failed(&rota, 0, now);
		ck_assert_int_le(rota.turn[0].out_until - now, ROTA_OUT_MOST_MS);
		now = rota.turn[0].out_until;
	}
	rota_works(&rota, 0);
	rota_failed(&rota, 0, now);
	ck_assert_int_eq(rota.turn[0].out_until - now, ROTA_OUT_MS);
}
END_TEST

START_TEST(where_all_fail_the_first_back_has_its_turn)
{
	struct rota rota = three();

	rota_failed(&rota, 1, 100);
	rota_failed(&rota, 0, 200);
	ck_assert(rota_any(&rota, 300));
	rota_failed(&rota, 2, 300);
	ck_assert(!rota_any(&rota, 300));
	ck_assert_uint_eq(rota_pick(&rota, 300), 1);
	ck_assert(rota_any(&rota, 100 + ROTA_OUT_MS));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("provider");
	TCase *tcase = tcase_create("provider");

	tcase_add_loop_test(tcase, answers_to_placing, 0, (int)LENGTH(answers));
	tcase_add_test(tcase, a_call_is_found_again);
	tcase_add_test(tcase, what_became_of_a_call);
	tcase_add_test(tcase, states_have_their_names);
	tcase_add_test(tcase, each_account_has_its_share);
	tcase_add_test(tcase, one_that_fails_is_left_out_for_longer_and_longer);
	tcase_add_test(tcase, where_all_fail_the_first_back_has_its_turn);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
