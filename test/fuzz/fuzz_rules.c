/*
 * Files of rules. What is read and written again must be the same rule.
 *
 * Seeds: config/rules.d
 */

#include "common/base/mem.h"
#include "common/hazard/rules.h"
#include "test/fuzz/hazard.h"
#include "test/fuzz/target.h"

#include <stdlib.h>
#include <string.h>

enum { LINE_MOST = 150 }; /* bytes; longer ones have to be wrapped */

struct written {
	struct buf text;
	bool fits;
};

static void write_value(const char *key, const char *value, void *arg)
{
	struct written *w = arg;

	buf_format(&w->text, "%s = %s\n", key, value);
	w->fits &= strlen(key) + strlen(value) < LINE_MOST && !strchr(value, ';');
}

static struct written write_rule(const struct rule *rule)
{
	struct written w = {.fits = true};

	buf_format(&w.text, "[%s]\n", rule->name);
	rule_each_value(rule, write_value, &w);
	return w;
}

static void check_again(const struct rule *rule)
{
	struct written first = write_rule(rule);
	struct rules again;
	struct buf fault = {0};

	if (first.fits) {
		if (!rules_read_bytes("again", first.text.data, first.text.length, &again, &fault))
			abort();
		struct written second = write_rule(&again.list[0]);
		if (again.count != 1 || strcmp(first.text.data, second.text.data) != 0)
			abort();
		buf_free(&second.text);
		rules_free(&again);
	}
	buf_free(&first.text);
	buf_free(&fault);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	return fuzz_areas();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct rules rules;
	struct buf fault = {0};

	if (rules_read_bytes("fuzz.conf", (const char *)bytes, length, &rules, &fault)) {
		for (size_t i = 0; i < rules.count; i++)
			check_again(&rules.list[i]);
	} else if (!fault.length || fault.data[fault.length - 1] != '\n') {
		abort();
	}
	rules_free(&rules);
	buf_free(&fault);
	return 0;
}
