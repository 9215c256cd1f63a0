/* What a reading makes of what was posted: which workers are up, how old the oldest job is. */

#include "dispatcher/reply/figures/reading.h"
#include "test/unit/run.h"

#include <check.h>

static struct settings settings = {.redis_claim_timeout = 300 * 1000};
static struct server server = {.settings = &settings};
static struct reading reading = {.server = &server, .now = 1000000};

static bool up(int64_t idle, int64_t pending, int64_t queue_age)
{
	const struct posted_worker worker = {.idle = idle, .pending = pending};

	reading.queue_age = queue_age;
	return reading_worker_is_up(&reading, &worker);
}

START_TEST(a_worker_is_up_while_it_is_seen_or_at_work)
{
	ck_assert(up(0, 0, 0));
	ck_assert(up(WORKER_SILENT_MS - 1, 0, 0));
	ck_assert(!up(WORKER_SILENT_MS, 0, 0));
	ck_assert(!up(WORKER_SILENT_MS - 1, 0, 1)); /* silence goes on since it was posted */
	ck_assert(up(WORKER_SILENT_MS, 1, 0));
	ck_assert(up(settings.redis_claim_timeout - 1, 1, 0));
	ck_assert(!up(settings.redis_claim_timeout, 1, 0));
	ck_assert(!up(settings.redis_claim_timeout - 1, 1, 1));
}
END_TEST

START_TEST(the_oldest_job_grows_older)
{
	struct posted_stream stream = {.oldest_at = 999000};

	ck_assert_int_eq(reading_oldest(&reading, &stream), 1000);
	stream.oldest_at = 1000500; /* a clock was set */
	ck_assert_int_eq(reading_oldest(&reading, &stream), 0);
	stream.oldest_at = 0;
	ck_assert_int_eq(reading_oldest(&reading, &stream), -1);
}
END_TEST

START_TEST(the_queue_is_known_from_a_fresh_board_with_redis)
{
	reading.queue_state = BOARD_FRESH;
	reading.queue.connected = 1;
	ck_assert(reading_has_queue(&reading));
	reading.queue.connected = 0;
	ck_assert(!reading_has_queue(&reading));
	reading.queue.connected = 1;
	reading.queue_state = BOARD_STALE;
	ck_assert(!reading_has_queue(&reading));
	reading.queue_state = BOARD_NONE;
	ck_assert(!reading_has_queue(&reading));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("reading");
	TCase *t = tcase_create("reading");

	tcase_add_test(t, a_worker_is_up_while_it_is_seen_or_at_work);
	tcase_add_test(t, the_oldest_job_grows_older);
	tcase_add_test(t, the_queue_is_known_from_a_fresh_board_with_redis);
	suite_add_tcase(suite, t);
	return run_suite(suite);
}
