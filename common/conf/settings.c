#include "common/conf/settings.h"

#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/base/utf8.h"
#include "common/base/vocabulary.h"
#include "common/conf/ini_file.h"
#include "common/conf/values.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

enum type { TYPE_SECTION, TYPE_TEXT, TYPE_NUMBER, TYPE_DURATION, TYPE_SWITCH, TYPE_CHOICE };
enum { RELOAD = 1, SECRET = 2 };

struct entry {
	enum type type;
	const char *section, *key, *doc;
	size_t offset;
	unsigned flags;
	const char *text;    /* default of a text or a choice */
	const char *choices; /* "a|b|c" */
	int64_t number;	     /* default of a number, duration or switch */
	int64_t least, most; /* range; the longest text in bytes */
};

#define FIELD(section, key) offsetof(struct settings, section##_##key)
static const struct entry entries[] = {
#define SECTION(name, documentation) {.type = TYPE_SECTION, .section = #name, .doc = documentation},
#define TEXT(s, k, standard, longest, f, d)                                                        \
	{.type = TYPE_TEXT, .section = #s, .key = #k, .doc = d, .offset = FIELD(s, k),             \
	 .flags = f, .text = standard, .most = longest},
#define NUMBER(s, k, standard, min, max, f, d)                                                     \
	{.type = TYPE_NUMBER, .section = #s, .key = #k, .doc = d, .offset = FIELD(s, k),           \
	 .flags = f, .number = standard, .least = min, .most = max},
#define DURATION(s, k, standard, min, max, f, d)                                                   \
	{.type = TYPE_DURATION, .section = #s, .key = #k, .doc = d, .offset = FIELD(s, k),         \
	 .flags = f, .number = standard, .least = min, .most = max},
#define SWITCH(s, k, standard, f, d)                                                               \
	{.type = TYPE_SWITCH, .section = #s, .key = #k, .doc = d, .offset = FIELD(s, k),           \
	 .flags = f, .number = standard},
#define CHOICE(s, k, standard, list, f, d)                                                         \
	{.type = TYPE_CHOICE, .section = #s, .key = #k, .doc = d, .offset = FIELD(s, k),           \
	 .flags = f, .text = standard, .choices = list},
#include "common/conf/settings.def"
#undef SECTION
#undef TEXT
#undef NUMBER
#undef DURATION
#undef SWITCH
#undef CHOICE
};

static const char *const type_names[] = {
	[TYPE_TEXT] = "text",	  [TYPE_NUMBER] = "number", [TYPE_DURATION] = "duration",
	[TYPE_SWITCH] = "switch", [TYPE_CHOICE] = "choice",
};

static char **text_field(struct settings *s, const struct entry *e)
{
	return (char **)(void *)((char *)s + e->offset);
}

static int64_t *number_field(struct settings *s, const struct entry *e)
{
	return (int64_t *)(void *)((char *)s + e->offset);
}

static bool *switch_field(struct settings *s, const struct entry *e)
{
	return (bool *)((char *)s + e->offset);
}

static bool is_text(const struct entry *e)
{
	return e->type == TYPE_TEXT || e->type == TYPE_CHOICE;
}

static void set_text(struct settings *s, const struct entry *e, const char *value)
{
	char **field = text_field(s, e);
	free(*field);
	*field = mem_string(value);
}

static void set_standard(struct settings *s, const struct entry *e)
{
	if (is_text(e))
		set_text(s, e, e->text);
	else if (e->type == TYPE_SWITCH)
		*switch_field(s, e) = e->number != 0;
	else if (e->type != TYPE_SECTION)
		*number_field(s, e) = e->number;
}

static void write_value(const struct settings *s, const struct entry *e, unsigned how,
			struct buf *out)
{
	struct settings *unqualified = (struct settings *)(uintptr_t)s;

	if (is_text(e)) {
		const char *text = *text_field(unqualified, e);
		bool hide = (e->flags & SECRET) && !(how & SETTINGS_SECRETS) && *text;
		buf_text_add(out, hide ? "********" : text);
	} else if (e->type == TYPE_SWITCH) {
		buf_text_add(out, *switch_field(unqualified, e) ? "yes" : "no");
	} else if (e->type == TYPE_DURATION) {
		duration_write(*number_field(unqualified, e), out);
	} else {
		buf_format(out, "%" PRId64, *number_field(unqualified, e));
	}
}

/* reading */

struct reading {
	struct ini_file in;
	struct settings *s;
	bool given[LENGTH(entries)];
};

static void read_number(struct reading *r, const struct entry *e, const char *value)
{
	int64_t number;

	if (!number_read(value, &number))
		ini_file_fault(&r->in, "%s.%s: expected a whole number, found \"%.60s\"",
			       e->section, e->key, value);
	else if (number < e->least || number > e->most)
		ini_file_fault(&r->in,
			       "%s.%s: %" PRId64 " is out of range, expected %" PRId64
			       " to %" PRId64,
			       e->section, e->key, number, e->least, e->most);
	else
		*number_field(r->s, e) = number;
}

static void read_duration(struct reading *r, const struct entry *e, const char *value)
{
	int64_t ms;

	if (!duration_read(value, &ms)) {
		ini_file_fault(&r->in,
			       "%s.%s: expected a duration such as 500ms, 90s, 5m, 2h or 7d, "
			       "found \"%.60s\"",
			       e->section, e->key, value);
		return;
	}
	if (ms < e->least || ms > e->most) {
		struct buf range = {0};
		duration_write(e->least, &range);
		buf_text_add(&range, " to ");
		duration_write(e->most, &range);
		ini_file_fault(&r->in, "%s.%s: %.60s is out of range, expected %s", e->section,
			       e->key, value, buf_text(&range));
		buf_free(&range);
		return;
	}
	*number_field(r->s, e) = ms;
}

static void read_switch(struct reading *r, const struct entry *e, const char *value)
{
	if (strcmp(value, "yes") == 0)
		*switch_field(r->s, e) = true;
	else if (strcmp(value, "no") == 0)
		*switch_field(r->s, e) = false;
	else
		ini_file_fault(&r->in, "%s.%s: expected yes or no, found \"%.60s\"", e->section,
			       e->key, value);
}

static void read_choice(struct reading *r, const struct entry *e, const char *value)
{
	size_t length = strlen(value);
	const char *p = e->choices;

	for (;;) {
		size_t n = strcspn(p, "|");
		if (n == length && memcmp(p, value, n) == 0) {
			set_text(r->s, e, value);
			return;
		}
		if (!p[n])
			break;
		p += n + 1;
	}
	ini_file_fault(&r->in, "%s.%s: expected one of %s, found \"%.60s\"", e->section, e->key,
		       e->choices, value);
}

static void read_text(struct reading *r, const struct entry *e, const char *value)
{
	const char *before = r->in.continued ? *text_field(r->s, e) : "";
	char *whole = mem_format("%s%s%s", before, *before ? " " : "", value);

	if (*value == ';')
		ini_file_fault(&r->in,
			       "%s.%s: begins with \";\", which would be a comment behind a blank",
			       e->section, e->key);
	else if (!utf8_valid(value, strlen(value)) || utf8_has_controls(value, true))
		ini_file_fault(&r->in, "%s.%s: not plain UTF-8 text", e->section, e->key);
	else if ((int64_t)strlen(whole) > e->most)
		ini_file_fault(&r->in, "%s.%s: longer than %" PRId64 " bytes", e->section, e->key,
			       e->most);
	else
		set_text(r->s, e, whole);
	free(whole);
}

static const struct entry *find(const char *section, const char *key, bool *section_known)
{
	*section_known = false;
	for (size_t i = 0; i < LENGTH(entries); i++) {
		if (strcmp(entries[i].section, section) != 0)
			continue;
		*section_known = true;
		if (entries[i].key && strcmp(entries[i].key, key) == 0)
			return &entries[i];
	}
	return NULL;
}

static void read_value(struct ini_file *in, const char *section, const char *key,
		       const char *value)
{
	struct reading *r = in->arg;
	bool section_known;

	const struct entry *e = find(section, key, &section_known);
	if (!*section) {
		ini_file_fault(&r->in, "\"%.60s\" stands before any [section]", key);
		return;
	}
	if (!section_known) {
		ini_file_fault(&r->in, "unknown section [%.60s]", section);
		return;
	}
	if (!e) {
		ini_file_fault(&r->in, "unknown key \"%.60s\" in [%s]", key, section);
		return;
	}
	if (r->in.continued && e->type != TYPE_TEXT)
		ini_file_fault(&r->in, "%s.%s: a %s has one line only", section, key,
			       type_names[e->type]);
	else if (r->given[e - entries] && !r->in.continued)
		ini_file_fault(&r->in, "%s.%s is given twice", section, key);
	r->given[e - entries] = true;

	switch (e->type) {
	case TYPE_TEXT:
		read_text(r, e, value);
		break;
	case TYPE_NUMBER:
		read_number(r, e, value);
		break;
	case TYPE_DURATION:
		read_duration(r, e, value);
		break;
	case TYPE_SWITCH:
		read_switch(r, e, value);
		break;
	case TYPE_CHOICE:
		read_choice(r, e, value);
		break;
	case TYPE_SECTION:
		break;
	}
}

static void read_file(struct reading *r)
{
	FILE *stream = fopen(r->in.name, "re");

	if (!stream) {
		buf_format(r->in.faults, "%s: cannot be read: %s\n", r->in.name, strerror(errno));
		return;
	}
	ini_file_read(&r->in, stream);
	fclose(stream);
	r->s->file = realpath(r->in.name, NULL);
}

/* A machine with workers alone; each of those it names must be able to start. */
static void check_roles(struct reading *r)
{
	const struct settings *s = r->s;
	unsigned named = channels_by_names(s->roles_workers);
	const int64_t counts[CHANNEL_END] = {
		[CHANNEL_MAIL] = s->workers_mail,
		[CHANNEL_VOICE] = s->workers_voice,
		[CHANNEL_PUSH] = s->workers_push,
	};

	if (!*s->roles_workers)
		return;
	if (!named)
		buf_format(r->in.faults,
			   "%s: roles.workers: expected mail, voice, push, by comma, found "
			   "\"%.60s\"\n",
			   r->in.name, s->roles_workers);
	if (strcmp(s->redis_mode, "external") != 0)
		buf_format(r->in.faults,
			   "%s: roles.workers: workers alone take their jobs from another "
			   "machine's Redis: set redis.mode = external, and name it in "
			   "redis.address\n",
			   r->in.name);
	if (named & 1u << CHANNEL_VOICE && !*s->voice_accounts)
		buf_format(r->in.faults,
			   "%s: roles.workers names voice, but voice.accounts is empty: nobody "
			   "could be called\n",
			   r->in.name);
	for (int i = CHANNEL_NONE + 1; i < CHANNEL_END; i++)
		if (named & 1u << i && counts[i] == 0)
			buf_format(r->in.faults, "%s: roles.workers names %s, but workers.%s = 0\n",
				   r->in.name, channel_name((enum channel)i),
				   channel_name((enum channel)i));
}

/* What no single line of the file is at fault for. */
static void check_whole(struct reading *r)
{
	const struct settings *s = r->s;

	if (strcmp(s->redis_mode, "external") == 0 && strncmp(s->redis_address, "unix:", 5) != 0 &&
	    !*s->redis_password && !s->redis_allow_insecure)
		buf_format(r->in.faults,
			   "%s: redis.password is empty, and redis.address is reached over TCP: "
			   "give the server a password (requirepass) and name it, use "
			   "unix:/path, or set redis.allow_insecure = yes\n",
			   r->in.name);
	if (!*s->reply_tls_certificate != !*s->reply_tls_key)
		buf_format(r->in.faults,
			   "%s: reply.%s is empty: TLS needs both tls_certificate and tls_key\n",
			   r->in.name, *s->reply_tls_key ? "tls_certificate" : "tls_key");
	check_roles(r);
}

struct settings *settings_read(const char *file, struct buf *faults)
{
	struct settings *s = mem_alloc(sizeof *s);
	struct reading *r = mem_alloc(sizeof *r);
	size_t before = faults->length;

	*r = (struct reading){
		.in = {.name = file, .faults = faults, .arg = r, .value = read_value},
		.s = s,
	};
	for (size_t i = 0; i < LENGTH(entries); i++)
		set_standard(s, &entries[i]);
	if (file)
		read_file(r);
	if (file && faults->length == before)
		check_whole(r);
	free(r);
	if (faults->length != before) {
		settings_free(s);
		return NULL;
	}
	return s;
}

void settings_free(struct settings *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < LENGTH(entries); i++)
		if (is_text(&entries[i]))
			free(*text_field(s, &entries[i]));
	free(s->file);
	free(s);
}

const char *settings_file(const char *given)
{
	static const char standard[] = "/etc/tenko/tenko.conf";

	if (given)
		return given;
	const char *environment = getenv("TENKO_CONFIG");
	if (environment && *environment)
		return environment;
	return access(standard, F_OK) == 0 ? standard : NULL;
}

struct settings *settings_read_or_exit(const char *given)
{
	struct buf faults = {0};
	struct settings *s = settings_read(settings_file(given), &faults);

	if (!s) {
		fputs(buf_text(&faults), stderr);
		buf_free(&faults);
		exit(EX_CONFIG);
	}
	buf_free(&faults);
	return s;
}

static bool differs(struct settings *a, struct settings *b, const struct entry *e)
{
	if (is_text(e))
		return strcmp(*text_field(a, e), *text_field(b, e)) != 0;
	if (e->type == TYPE_SWITCH)
		return *switch_field(a, e) != *switch_field(b, e);
	return *number_field(a, e) != *number_field(b, e);
}

void settings_reload(struct settings *s, const struct settings *fresh, struct buf *kept)
{
	struct settings *from = (struct settings *)(uintptr_t)fresh;

	for (size_t i = 0; i < LENGTH(entries); i++) {
		const struct entry *e = &entries[i];
		if (e->type == TYPE_SECTION || !differs(s, from, e))
			continue;
		if (!(e->flags & RELOAD))
			buf_format(kept, "%s%s.%s", kept->length ? " " : "", e->section, e->key);
		else if (is_text(e))
			set_text(s, e, *text_field(from, e));
		else if (e->type == TYPE_SWITCH)
			*switch_field(s, e) = *switch_field(from, e);
		else
			*number_field(s, e) = *number_field(from, e);
	}
}

bool settings_refresh(struct settings *s)
{
	struct buf faults = {0}, kept = {0};
	struct settings *fresh = settings_read(s->file, &faults);

	if (fresh) {
		settings_reload(s, fresh, &kept);
		log_info("settings.reloaded", "need_a_start=%s", log_quote(buf_text(&kept)));
	} else {
		log_error("settings.kept", "faults=%s", log_quote(buf_text(&faults)));
	}
	bool done = fresh;
	settings_free(fresh);
	buf_free(&faults);
	buf_free(&kept);
	return done;
}

/* writing */

static void write_comment(const char *doc, struct buf *out)
{
	buf_text_add(out, "# ");
	for (; *doc; doc++) {
		buf_char(out, *doc);
		if (*doc == '\n')
			buf_text_add(out, "# ");
	}
	buf_char(out, '\n');
}

static void write_range(const struct entry *e, struct buf *out)
{
	if (e->type == TYPE_NUMBER) {
		buf_format(out, "# (%" PRId64 " to %" PRId64, e->least, e->most);
	} else if (e->type == TYPE_DURATION) {
		buf_text_add(out, "# (");
		duration_write(e->least, out);
		buf_text_add(out, " to ");
		duration_write(e->most, out);
	} else if (e->type == TYPE_CHOICE) {
		buf_format(out, "# (%s", e->choices);
	} else if (e->type == TYPE_SWITCH) {
		buf_text_add(out, "# (yes or no");
	} else {
		buf_format(out, "# (text of up to %" PRId64 " bytes", e->most);
	}
	buf_text_add(out, e->flags & RELOAD ? "; SIGHUP reloads it)\n" : "; read at start)\n");
}

/* Where a value can go on in a further line: not where two blanks would become one, nor where the
 * rest would look like a comment. */
static bool can_break(const char *value, const char *at)
{
	return *at == ' ' && at > value && !strchr(" \t", at[-1]) && at[1] &&
	       !strchr(" \t#", at[1]);
}

/* Bytes up to the next such place. */
static size_t unbroken(const char *value, const char *from)
{
	const char *at = from;

	while (*at && !can_break(value, at))
		at++;
	return (size_t)(at - from);
}

/* Long values go on in further lines, as they must to be read again. */
static void write_wrapped(const char *key, const char *value, struct buf *out)
{
	enum { WIDTH = 150, INDENT = 4, LINE_MOST = 196 };
	size_t column = strlen(key) + 3;
	const char *at = value;

	buf_format(out, "%s =", key);
	if (column + unbroken(value, at) <= LINE_MOST) {
		buf_char(out, ' ');
	} else {
		buf_text_add(out, "\n ");
		column = 1;
	}
	for (; *at; at++, column++) {
		size_t word = can_break(value, at) ? unbroken(value, at + 1) : 0;
		if (word && column + 1 + word > WIDTH) {
			buf_text_add(out, word + INDENT > LINE_MOST ? "\n" : "\n   ");
			column = 0;
		}
		buf_char(out, *at);
	}
	buf_char(out, '\n');
}

void settings_dump(const struct settings *s, unsigned how, struct buf *out)
{
	for (size_t i = 0; i < LENGTH(entries); i++) {
		const struct entry *e = &entries[i];
		if (e->type == TYPE_SECTION) {
			buf_text_add(out, i ? "\n" : "");
			if (how & SETTINGS_DOCUMENTED)
				write_comment(e->doc, out);
			buf_format(out, "[%s]\n", e->section);
			continue;
		}
		if (how & SETTINGS_DOCUMENTED) {
			buf_char(out, '\n');
			write_comment(e->doc, out);
			write_range(e, out);
		}
		struct buf value = {0};
		write_value(s, e, how, &value);
		write_wrapped(e->key, buf_text(&value), out);
		buf_free(&value);
	}
}

bool settings_get(const struct settings *s, const char *section, const char *key, struct buf *out)
{
	bool section_known;
	const struct entry *e = find(section, key, &section_known);

	if (!e)
		return false;
	write_value(s, e, 0, out);
	return true;
}

void settings_each(const struct settings *s, unsigned how,
		   void (*see)(const struct setting_view *view, void *arg), void *arg)
{
	struct settings *standards = mem_alloc(sizeof *standards);

	for (size_t i = 0; i < LENGTH(entries); i++)
		set_standard(standards, &entries[i]);
	for (size_t i = 0; i < LENGTH(entries); i++) {
		const struct entry *e = &entries[i];
		struct buf value = {0}, standard = {0};
		if (e->type == TYPE_SECTION)
			continue;
		write_value(s, e, how, &value);
		write_value(standards, e, how, &standard);
		struct setting_view view = {
			.section = e->section,
			.key = e->key,
			.type = type_names[e->type],
			.doc = e->doc,
			.value = buf_text(&value),
			.standard = buf_text(&standard),
			.reloadable = e->flags & RELOAD,
			.secret = e->flags & SECRET,
		};
		see(&view, arg);
		buf_free(&value);
		buf_free(&standard);
	}
	settings_free(standards);
}

char *settings_path(const struct settings *s, const char *name)
{
	return mem_format("%s/%s", s->tenko_data_dir, name);
}
