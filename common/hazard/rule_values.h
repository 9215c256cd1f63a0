#pragma once

/*
 * For common/hazard: the keys of rules.def, each with how its value is read and written. Nothing
 * else knows a key's type.
 */

#include "common/base/buf.h"
#include "common/base/must.h"
#include "common/hazard/rules.h"
#include <stddef.h>

struct rule_key;
struct rule_type {
	const char *name;
	/*
	 * Takes the value into the rule, whose hazard is known by then. False: `fault` says what was
	 * expected and what was found.
	 */
	bool (*read)(const struct rule_key *key, const char *text, struct rule *rule,
		     struct buf *fault);
	void (*write)(const struct rule_key *key, const struct rule *rule, struct buf *out);
};

struct rule_key {
	const char *name;
	const struct rule_type *type;
	const char *standard, *doc; /* standard NULL: must be given */
	int64_t least, most;
	size_t offset; /* of the field in struct rule */
};

enum {
#define KEY(field, type, standard, least, most, doc) RULE_KEY_##field,
#include "common/hazard/rules.def"
#undef KEY
	RULE_KEYS
};

/* In the order of rules.def. */
extern const struct rule_key rule_keys[RULE_KEYS];
