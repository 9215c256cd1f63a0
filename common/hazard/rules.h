#pragma once

/*
 * Rules as files: config/rules.d/NAME.conf, read in order of name. One section is one rule; its keys
 * stand in rules.def.
 */

#include "common/base/buf.h"
#include "common/base/must.h"
#include "common/base/vocabulary.h"
#include "common/hazard/event.h"

struct rule {
	char *name; /* of the section */
	char *file;
	int line;
	bool enabled;
	enum hazard hazard;
	int threshold;  /* level from which on it sends */
	char **regions; /* codes; none: all */
	size_t region_count;
	char **sources; /* names of formats; none: all */
	size_t source_count;
	unsigned addresses; /* set of enum address */
	char **groups;      /* only people of these departments; none: all */
	size_t group_count;
	char *template, *correction_template; /* names */
	enum kind kind;                       /* of the broadcast */
	unsigned channels;                    /* set; 0: those of the settings */
	int64_t hold;                         /* ms to wait for a correction */
	int64_t suppress;     /* ms after a broadcast in which the same region is left alone */
	bool stronger_breaks; /* a higher level is sent all the same */
	int64_t guard;        /* ms within which two events in one region are one shaking */
	int64_t daily_most;   /* broadcasts in 24 h; 0: no limit */
	int64_t age_most;     /* ms; an older event is not acted on */
	bool drill_only;      /* never sends for real */
	bool exercises;       /* an exercise becomes a drill */
	bool cancel_stops;    /* a cancel calls off running broadcasts too */
};

struct rules {
	struct rule *list;
	size_t count;
};

/*
 * Reads every *.conf of the folder. False: `fault` names file and line, what was expected and what
 * to do, one line a fault, all faults of all files; *rules is empty then.
 */
MUST_USE bool rules_read(const char *folder, struct rules *rules, struct buf *fault);
/* The same for the bytes of one file; `name` is what faults call it. */
MUST_USE bool rules_read_bytes(const char *name, const char *bytes, size_t length,
			       struct rules *rules, struct buf *fault);
void rules_free(struct rules *rules);

/* `given` (the setting), or where it is empty the folder that came with the program. Caller frees. */
MUST_USE char *rules_folder(const char *given);

/* Walks the keys that a rule can have, for the manual page. `standard` NULL: must be given. */
struct rule_key_view {
	const char *key, *type, *standard, *doc;
};
void rule_keys_each(void (*see)(const struct rule_key_view *view, void *arg), void *arg);

/* A key's value as it would be written in a file, for `--json` and tables. */
void rule_each_value(const struct rule *rule,
		     void (*see)(const char *key, const char *value, void *arg), void *arg);
