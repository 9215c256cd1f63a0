/* Numbers as written in a roster, and as dialled. */

#include "common/roster/telephone.h"
#include "test/unit/run.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static const struct telephone_rules japan = {"81", "0", "010"};
static const struct telephone_rules america = {"1", "", "011"};
static const struct telephone_rules germany = {"49", "0", "00"};

static void dialled(const struct telephone_rules *rules, const char *written, const char *expected)
{
	char number[TELEPHONE_ROOM] = "";
	const char *fault = telephone_normalise(rules, written, number);

	ck_assert_msg(!fault, "%s: %s", written, fault);
	ck_assert_str_eq(number, expected);
}

static void refused(const struct telephone_rules *rules, const char *written, const char *because)
{
	char number[TELEPHONE_ROOM];
	const char *fault = telephone_normalise(rules, written, number);

	ck_assert_msg(fault, "%s passed as %s", written, number);
	ck_assert_msg(strstr(fault, because), "%s: %s", written, fault);
}

START_TEST(japanese_numbers)
{
	dialled(&japan, "09012345678", "+819012345678");
	dialled(&japan, "07012345678", "+817012345678");
	dialled(&japan, "05012345678", "+815012345678");
	dialled(&japan, "0312345678", "+81312345678");
	dialled(&japan, "0980123456", "+81980123456");
	dialled(&japan, "0120123456", "+81120123456");
	dialled(&japan, "08001234567", "+818001234567");
	dialled(&japan, "819012345678", "+819012345678");
	dialled(&japan, "81312345678", "+81312345678");
	dialled(&japan, "010819012345678", "+819012345678");
	dialled(&japan, "01012025550123", "+12025550123");
}
END_TEST

START_TEST(what_a_spreadsheet_makes_of_them)
{
	refused(&japan, "9012345678", "spreadsheet");
	refused(&japan, "312345678", "spreadsheet");
	refused(&japan, "812345678", "spreadsheet");
}
END_TEST

START_TEST(numbers_that_nobody_has)
{
	refused(&japan, "", "trunk prefix");
	refused(&japan, "0", "digits");
	refused(&japan, "110", "trunk prefix");
	refused(&japan, "119", "trunk prefix");
	refused(&japan, "0901234567", "digits");
	refused(&japan, "090123456789", "digits");
	refused(&japan, "031234567", "digits");
	refused(&japan, "03123456789", "digits");
	refused(&japan, "0012345678", "digits");
	refused(&japan, "00012345678", "digits");
	refused(&japan, "010", "country code");
	refused(&japan, "01081901234567", "digits");
	refused(&japan, "010012345678", "country code");
	refused(&japan, "010123456", "country code");
}
END_TEST

START_TEST(other_countries)
{
	dialled(&america, "2025550123", "+12025550123");
	dialled(&america, "011819012345678", "+819012345678");
	refused(&america, "123", "digits");
	dialled(&germany, "03012345", "+493012345");
	dialled(&germany, "00819012345678", "+819012345678");
	dialled(&germany, "493012345", "+493012345");
	refused(&germany, "3012345", "trunk prefix");
	refused(&germany, "012345678901234", "digits");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("telephone");
	TCase *t = tcase_create("telephone");

	tcase_add_test(t, japanese_numbers);
	tcase_add_test(t, what_a_spreadsheet_makes_of_them);
	tcase_add_test(t, numbers_that_nobody_has);
	tcase_add_test(t, other_countries);
	suite_add_tcase(suite, t);
	return run_suite(suite);
}
