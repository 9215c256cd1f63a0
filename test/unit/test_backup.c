/* What a backup may bring into the data directory. */

#include "common/store/backup.h"
#include "test/unit/run.h"

#include <check.h>
#include <string.h>

START_TEST(names_of_keys)
{
	static const char *const good[] = {"secret.key", "vapid.key", "a.key", "tls-2_b.key"};

	for (size_t i = 0; i < LENGTH(good); i++)
		ck_assert_msg(backup_key_name(good[i]), "%s", good[i]);
}
END_TEST

/* A backup is a file from outside: none of its names leads anywhere else, or hits another file. */
START_TEST(names_that_are_none)
{
	static const char *const wrong[] = {
		"",
		".key",
		"..key",
		"../evil.key",
		"/etc/evil.key",
		"run/a.key",
		"secret.key\n",
		"secret.key/",
		"tenko.db",
		"tenko.conf",
		"a.key.key",
		"A.key",
		"\xe9.key",
		"secret key.key",
		"secret",
		"secret.keys",
		"a.KEY",
	};
	char longest[128];

	for (size_t i = 0; i < LENGTH(wrong); i++)
		ck_assert_msg(!backup_key_name(wrong[i]), "%s", wrong[i]);
	memset(longest, 'a', sizeof longest);
	memcpy(longest + 65, ".key", 5);
	ck_assert(!backup_key_name(longest));
	ck_assert(backup_key_name(longest + 1));
}
END_TEST

START_TEST(keys_are_kept_whole)
{
	struct backup_keys keys = {0};

	backup_keys_add(&keys, "a.key", "x\0y", 3);
	backup_keys_add(&keys, "b.key", "", 0);
	ck_assert_uint_eq(keys.count, 2);
	ck_assert_str_eq(keys.list[0].name, "a.key");
	ck_assert_uint_eq(keys.list[0].length, 3);
	ck_assert_mem_eq(keys.list[0].text, "x\0y", 3);
	backup_keys_free(&keys);
	ck_assert_uint_eq(keys.count, 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("backup");
	TCase *names = tcase_create("names");

	tcase_add_test(names, names_of_keys);
	tcase_add_test(names, names_that_are_none);
	tcase_add_test(names, keys_are_kept_whole);
	suite_add_tcase(suite, names);
	return run_suite(suite);
}
