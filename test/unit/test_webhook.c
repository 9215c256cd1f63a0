/*
 * The provider's signature against its own published example, and the accounts and PINs that calls
 * are made and taken with.
 */

#include "common/auth/accounts.h"
#include "common/auth/pin.h"
#include "common/auth/webhook.h"
#include "test/unit/run.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define URL       "https://mycompany.com/myapp.php?foo=1&bar=2"
#define SIGNATURE "0/KCTR6DLpKmkAf8muzZqo1nDgQ="

static const struct webhook_field example[] = {
	{"To", "+18005551212"},   {"Digits", "1234"},         {"CallSid", "CA1234567890ABCDE"},
	{"From", "+12349013030"}, {"Caller", "+12349013030"},
};

static bool is_signed(const char *token, const char *url, const char *signature)
{
	struct webhook_field fields[LENGTH(example)];

	memcpy(fields, example, sizeof fields);
	return webhook_is_signed(token, url, fields, LENGTH(fields), signature);
}

START_TEST(the_providers_example_is_good)
{
	ck_assert(is_signed("12345", URL, SIGNATURE));
}
END_TEST

START_TEST(the_port_makes_no_difference)
{
	ck_assert(is_signed("12345", "https://mycompany.com:443/myapp.php?foo=1&bar=2", SIGNATURE));
	ck_assert(
		!is_signed("12345", "https://mycompany.com.:443/myapp.php?foo=1&bar=2", SIGNATURE));
	/* python3-twilio: RequestValidator("t").compute_signature(..., {}) */
	ck_assert(
		webhook_is_signed("t", "http://[::1]/x", NULL, 0, "cYxNz/I1vHE8mJmWIW9MZu+AReo="));
	ck_assert(
		webhook_is_signed("t", "http://[::1]/x", NULL, 0, "OTRCkjUoTUD8PnHCaf+wm8kLKB4="));
	ck_assert(webhook_is_signed("t", "http://[::1]:80/x", NULL, 0,
				    "cYxNz/I1vHE8mJmWIW9MZu+AReo="));
}
END_TEST

START_TEST(anything_else_is_bad)
{
	struct webhook_field changed[LENGTH(example)];

	ck_assert(!is_signed("12346", URL, SIGNATURE));
	ck_assert(!is_signed("", URL, SIGNATURE));
	ck_assert(!is_signed("12345", URL "3", SIGNATURE));
	ck_assert(!is_signed("12345", "http://mycompany.com/myapp.php?foo=1&bar=2", SIGNATURE));
	ck_assert(!is_signed("12345", URL, ""));
	ck_assert(!is_signed("12345", URL, "0/KCTR6DLpKmkAf8muzZqo1nDgQ"));
	ck_assert(!is_signed("12345", URL, SIGNATURE "="));
	ck_assert(!is_signed("12345", URL, "1/KCTR6DLpKmkAf8muzZqo1nDgQ="));
	memcpy(changed, example, sizeof changed);
	ck_assert(!webhook_is_signed("12345", URL, changed, LENGTH(changed) - 1, SIGNATURE));
	changed[1].value = "1235";
	ck_assert(!webhook_is_signed("12345", URL, changed, LENGTH(changed), SIGNATURE));
}
END_TEST

START_TEST(repeated_values_count_once_and_in_order)
{
	struct webhook_field fields[] = {{"b", "2"}, {"a", "z"}, {"b", "1"}, {"b", "2"}};

	/* base64(hmac_sha1("t", "http://x/" "az" "b1" "b2")) */
	ck_assert(webhook_is_signed("t", "http://x/", fields, LENGTH(fields),
				    "iQW9bpR5nYZd8o3idp5feGAwD6U="));
}
END_TEST

static void sound(const char *text, size_t count)
{
	struct accounts accounts;
	struct buf fault = {0};

	ck_assert_msg(accounts_read(text, &accounts, &fault), "%s", buf_text(&fault));
	ck_assert_uint_eq(accounts.count, count);
	accounts_free(&accounts);
}

static void refused(const char *text, const char *because)
{
	struct accounts accounts;
	struct buf fault = {0};

	ck_assert_msg(!accounts_read(text, &accounts, &fault), "%s", text);
	ck_assert_msg(strstr(buf_text(&fault), because), "%s", buf_text(&fault));
	ck_assert_uint_eq(accounts.count, 0);
	buf_free(&fault);
}

START_TEST(accounts_are_read)
{
	struct accounts accounts;
	struct buf fault = {0};

	sound("", 0);
	sound(" ; ", 0);
	sound("AC1:t:+815012345678", 1);
	ck_assert(accounts_read("AC1:secret:+815012345678:3; AC2:t:+12025550123 ;", &accounts,
				&fault));
	ck_assert_uint_eq(accounts.count, 2);
	ck_assert_str_eq(accounts.list[0].sid, "AC1");
	ck_assert_str_eq(accounts.list[0].token, "secret");
	ck_assert_str_eq(accounts.list[0].caller, "+815012345678");
	ck_assert_int_eq(accounts.list[0].share, 3);
	ck_assert_str_eq(accounts.list[1].caller, "+12025550123");
	ck_assert_int_eq(accounts.list[1].share, 1);
	accounts_free(&accounts);
}
END_TEST

START_TEST(bad_accounts_are_refused_whole)
{
	refused("AC1", "no token");
	refused("AC1::+81501234567", "no token");
	refused("A/C:t:+81501234567", "SID");
	refused(":t:+81501234567", "SID");
	refused("AC1:t:0501234567", "caller");
	refused("AC1:t:+", "caller");
	refused("AC1:t:+1234567890123456", "caller");
	refused("AC1:t:+81501234567:0", "share");
	refused("AC1:t:+81501234567:1001", "share");
	refused("AC1:t:+81501234567:x", "share");
	refused("AC1:t:+81501234567:1:2", "expected SID:TOKEN");
	refused("AC1:t:+81501234567:1;AC2", "no token");
	refused("a:t:+1;a:t:+1;a:t:+1;a:t:+1;a:t:+1;a:t:+1;a:t:+1;a:t:+1;a:t:+1;a:t:+1;a:t:+1;a:t:+1;"
		"a:t:+1;a:t:+1;a:t:+1;a:t:+1;a:t:+1",
		"16 accounts");
}
END_TEST

START_TEST(a_pin_fits_its_hash_alone)
{
	char hash[PIN_HASH_ROOM], other[PIN_HASH_ROOM];

	pin_hash("12345678", hash);
	pin_hash("12345678", other);
	ck_assert_str_ne(hash, other);
	ck_assert(pin_fits("12345678", hash));
	ck_assert(pin_fits("12345678", other));
	ck_assert(!pin_fits("12345679", hash));
	ck_assert(!pin_fits("", hash));
	ck_assert(!pin_fits("12345678", ""));
	ck_assert(!pin_fits("", ""));
	ck_assert(!pin_fits("12345678", "12345678"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("webhook");
	TCase *t = tcase_create("webhook");

	tcase_add_test(t, the_providers_example_is_good);
	tcase_add_test(t, the_port_makes_no_difference);
	tcase_add_test(t, anything_else_is_bad);
	tcase_add_test(t, repeated_values_count_once_and_in_order);
	tcase_add_test(t, accounts_are_read);
	tcase_add_test(t, bad_accounts_are_refused_whole);
	tcase_add_test(t, a_pin_fits_its_hash_alone);
	suite_add_tcase(suite, t);
	return run_suite(suite);
}
