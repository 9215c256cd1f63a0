/* The master's pure parts: how long a dying child waits, and what the embedded Redis is told. */

#include "common/base/buf.h"
#include "common/base/mem.h"
#include "dispatcher/master/child.h"
#include "dispatcher/master/ground.h"
#include "dispatcher/master/redis.h"
#include "test/unit/run.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

START_TEST(the_wait_doubles_from_one_second_to_thirty)
{
	static const int64_t seconds[] = {1, 2, 4, 8, 16, 30, 30, 30};

	for (size_t i = 0; i < LENGTH(seconds); i++)
		ck_assert_int_eq(child_backoff((int)i + 1, 1), seconds[i] * 1000);
	ck_assert_int_eq(child_backoff(1000000, -1), 30000);
}
END_TEST

START_TEST(broken_settings_wait_longest)
{
	ck_assert_int_eq(child_backoff(1, EX_CONFIG), 30000);
}
END_TEST

START_TEST(every_state_has_a_name_and_a_phrase)
{
	for (int state = 0; state < CHILD_STATE_END; state++) {
		ck_assert_uint_gt(strlen(child_state_name((enum child_state)state)), 0);
		ck_assert_uint_gt(strlen(child_state_phrase((enum child_state)state)), 0);
	}
}
END_TEST

START_TEST(redis_gets_no_port_and_keeps_everything)
{
	struct buf faults = {0}, out = {0};
	struct settings *s = settings_read(NULL, &faults);

	ck_assert_ptr_nonnull(s);
	redis_configuration(s, &out);
	ck_assert_ptr_nonnull(strstr(buf_text(&out), "port 0\n"));
	ck_assert_ptr_nonnull(strstr(buf_text(&out), "appendonly yes\n"));
	ck_assert_ptr_nonnull(strstr(buf_text(&out), "maxmemory-policy noeviction\n"));
	ck_assert_ptr_nonnull(
		strstr(buf_text(&out), "unixsocket \"/var/lib/tenko/redis/redis.sock\"\n"));
	settings_free(s);
	buf_free(&out);
}
END_TEST

START_TEST(a_path_cannot_end_its_line_in_redis_settings)
{
	struct buf faults = {0}, out = {0};
	struct settings *s = settings_read(NULL, &faults);

	ck_assert_ptr_nonnull(s);
	free(s->tenko_data_dir);
	s->tenko_data_dir = mem_string("/a \"b\\\nport 6379");
	redis_configuration(s, &out);
	ck_assert_ptr_nonnull(strstr(buf_text(&out), "dir \"/a \\\"b\\\\\\x0aport 6379/redis\"\n"));
	ck_assert_ptr_null(strstr(buf_text(&out), "\nport 6379"));
	settings_free(s);
	buf_free(&out);
}
END_TEST

START_TEST(programs_are_found_in_the_path_or_by_their_own)
{
	setenv("PATH", "/nowhere::/bin:/usr/bin", 1);
	char *sh = ground_find_program("sh");
	ck_assert_str_eq(sh, "/bin/sh");
	free(sh);
	sh = ground_find_program("/bin/sh");
	ck_assert_str_eq(sh, "/bin/sh");
	free(sh);
	ck_assert_ptr_null(ground_find_program("/bin/shhh"));
	ck_assert_ptr_null(ground_find_program("shhh"));
	unsetenv("PATH");
	ck_assert_ptr_null(ground_find_program("sh"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("master");
	TCase *t = tcase_create("master");

	tcase_add_test(t, the_wait_doubles_from_one_second_to_thirty);
	tcase_add_test(t, broken_settings_wait_longest);
	tcase_add_test(t, every_state_has_a_name_and_a_phrase);
	tcase_add_test(t, redis_gets_no_port_and_keeps_everything);
	tcase_add_test(t, a_path_cannot_end_its_line_in_redis_settings);
	tcase_add_test(t, programs_are_found_in_the_path_or_by_their_own);
	suite_add_tcase(suite, t);
	return run_suite(suite);
}
