#pragma once

/*
 * The settings: one struct with a field `section_key` for each line of settings.def, read from
 * an INI file. What the file does not name has its default.
 *
 * Bad input (unknown section or key, value out of range, a key given twice) is reported with
 * file, line, what was found and what was expected; every fault of the file is reported, not
 * only the first. A program that cannot read its settings exits EX_CONFIG (78).
 */

#include "common/base/buf.h"
#include "common/base/must.h"
#include <stdbool.h>
#include <stdint.h>

struct settings {
	char *file; /* absolute path it was read from; NULL: defaults only */
#define SECTION(name, doc)
#define TEXT(section, key, standard, longest, flags, doc)	     char *section##_##key;
#define NUMBER(section, key, standard, least, most, flags, doc)	     int64_t section##_##key;
#define DURATION(section, key, standard, least, most, flags, doc)    int64_t section##_##key;
#define SWITCH(section, key, standard, flags, doc)		     bool section##_##key;
#define CHOICE(section, key, standard, choices, flags, doc)	     char *section##_##key;
#include "common/conf/settings.def"
#undef SECTION
#undef TEXT
#undef NUMBER
#undef DURATION
#undef SWITCH
#undef CHOICE
};

/*
 * Reads `file` into fresh settings. NULL reads no file: defaults only. On failure returns NULL
 * and `faults` holds one line a fault, "tenko.conf:12: ...".
 */
MUST_USE struct settings *settings_read(const char *file, struct buf *faults);
void settings_free(struct settings *s);

/*
 * The file a program should read: `given` (--config), else $TENKO_CONFIG, else
 * /etc/tenko/tenko.conf if it is there, else NULL.
 */
const char *settings_file(const char *given);

/* As settings_file() and settings_read(); prints the faults and exits EX_CONFIG on failure. */
MUST_USE struct settings *settings_read_or_exit(const char *given);

/*
 * Takes what is reloadable from `fresh` into `s`. Keys that differ and are not reloadable are
 * named in `kept` (section.key, by space).
 */
void settings_reload(struct settings *s, const struct settings *fresh, struct buf *kept);

/*
 * Reads the file of `s` again and takes what is reloadable; for SIGHUP. Logs what was wrong (then
 * nothing changes) and what needs a start. False where the file could not be read.
 */
bool settings_refresh(struct settings *s);

/* The settings as an INI file that reads back the same. Secrets as ******** unless asked for. */
enum { SETTINGS_DOCUMENTED = 1, SETTINGS_SECRETS = 2 };
void settings_dump(const struct settings *s, unsigned how, struct buf *out);

/* One key's value as text, e.g. ("mail", "relay_port"); false where there is no such key. */
MUST_USE bool settings_get(const struct settings *s, const char *section, const char *key,
			   struct buf *out);

/* Walks the table, for the manual page and `config dump --json`. Value as settings_dump(). */
struct setting_view {
	const char *section, *key, *type, *doc; /* type: text, number, duration, switch, choice */
	const char *value, *standard;		/* as written in the file */
	bool reloadable, secret;
};
void settings_each(const struct settings *s, unsigned how,
		   void (*see)(const struct setting_view *view, void *arg), void *arg);

/* Path of `name` in the data directory; the caller frees. */
MUST_USE char *settings_path(const struct settings *s, const char *name);
