#include "common/bounce/fields.h"

#include "common/base/buf.h"

#include <stdbool.h>
#include <string.h>

struct reading {
	struct buf field;
	int group;
	bool any; /* a field was seen in this group */
	void (*see)(int group, const char *name, const char *value, void *arg);
	void *arg;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* The field that was put together so far is whole. */
static void end_field(struct reading *r)
{
	char *text = r->field.data, *colon = text ? strchr(text, ':') : NULL;

	if (colon && colon > text) {
		char *end = colon, *value = colon + 1;
		while (end > text && is_blank(end[-1]))
			end--;
		*end = '\0';
		value += strspn(value, " \t");
		for (end = value + strlen(value); end > value && is_blank(end[-1]); end--)
			end[-1] = '\0';
		r->any = true;
		r->see(r->group, text, value, r->arg);
	}
	buf_clear(&r->field);
}

static void add(struct reading *r, const char *line, size_t length)
{
	for (size_t i = 0; i < length && r->field.length < FIELD_MOST; i++) {
		bool printable = (line[i] >= ' ' && line[i] <= '~') || line[i] == '\t';
		buf_char(&r->field, printable ? line[i] : '?');
	}
}

static void take_line(struct reading *r, const char *line, size_t length)
{
	if (length && line[length - 1] == '\r')
		length--;
	if (length && is_blank(line[0])) {
		add(r, line, length);
		return;
	}
	end_field(r);
	if (length == 0 && r->any) {
		r->group++;
		r->any = false;
	}
	add(r, line, length);
}

void fields_each(const char *text, size_t length,
		 void (*see)(int group, const char *name, const char *value, void *arg), void *arg)
{
	struct reading r = {.see = see, .arg = arg};

	while (length) {
		const char *end = memchr(text, '\n', length);
		size_t size = end ? (size_t)(end - text) : length;
		take_line(&r, text, size);
		size += end ? 1 : 0;
		text += size;
		length -= size;
	}
	end_field(&r);
	buf_free(&r.field);
}
