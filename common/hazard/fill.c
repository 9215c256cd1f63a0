#include "common/hazard/fill.h"

#include "common/base/mem.h"
#include "common/base/utf8.h"
#include "common/hazard/fill_values.h"

#include <stdlib.h>
#include <string.h>

/* The length of the name in "{name}" at `p`; 0: there is no placeholder. */
static size_t name_length(const char *p)
{
	if (*p != '{')
		return 0;
	size_t length = strspn(p + 1, "abcdefghijklmnopqrstuvwxyz_");
	return p[1 + length] == '}' ? length : 0;
}

/* checking */

static void check_text(const char *file, int line, const char *text, struct buf *faults)
{
	for (const char *p = text; *p; p++) {
		size_t length = name_length(p);
		line += *p == '\n';
		if (!length || fill_value_by_name(p + 1, length))
			continue;
		buf_format(faults, "%s:%d: {%.*s} is not known; there are ", file, line,
			   (int)length, p + 1);
		fill_values_tell(faults);
		buf_char(faults, '\n');
	}
}

bool fill_check(const struct template *template, struct buf *faults)
{
	size_t before = faults->length;

	for (int i = 0; i < LANGUAGES; i++) {
		if (!template->file[i])
			continue;
		check_text(template->file[i], 1, template->text.title[i], faults);
		check_text(template->file[i], template->body_line[i], template->text.body[i],
			   faults);
	}
	return faults->length == before;
}

static void check_template(const struct rule *rule, const char *folder, const char *name,
			   struct buf *faults)
{
	struct template template;
	struct buf fault = {0};

	if (template_read(folder, name, &template, &fault) != MESSAGE_GOOD)
		buf_format(faults, "%s:%d: [%s] %s\n", rule->file, rule->line, rule->name,
			   buf_text(&fault));
	else if (!fill_check(&template, &fault))
		buf_text_add(faults, buf_text(&fault));
	template_free(&template);
	buf_free(&fault);
}

bool fill_check_rules(const struct rules *rules, const char *folder, struct buf *faults)
{
	size_t before = faults->length;

	for (size_t i = 0; i < rules->count; i++) {
		const struct rule *rule = &rules->list[i];
		if (!rule->enabled)
			continue;
		check_template(rule, folder, rule->template, faults);
		check_template(rule, folder, rule->correction_template, faults);
	}
	return faults->length == before;
}

/* filling */

static void write_text(const struct filling *f, const char *text, struct buf *out)
{
	for (const char *p = text; *p; p++) {
		size_t length = name_length(p);
		const struct fill_value *value = length ? fill_value_by_name(p + 1, length) : NULL;
		if (value) {
			value->write(f, out);
			p += length + 1;
		} else {
			buf_char(out, *p);
		}
	}
}

/* Cuts what is longer than `most` characters, which it can be by what others wrote. */
static void cut(struct buf *text, size_t most)
{
	if (utf8_count(buf_text(text)) <= most)
		return;
	text->length = utf8_offset(text->data, most - 1);
	text->data[text->length] = '\0';
	buf_text_add(text, "…");
}

static char *filled_title(const struct filling *f, const char *text)
{
	struct buf out = {0};

	write_text(f, text, &out);
	for (size_t i = 0; i < out.length; i++)
		if (out.data[i] == '\n')
			out.data[i] = ' ';
	cut(&out, TITLE_MOST);
	return buf_take(&out);
}

/* What is empty leaves no more than one empty line behind. */
static void drop_empty_lines(struct buf *text)
{
	struct buf out = {0};
	size_t breaks = 0;

	for (const char *p = buf_text(text); *p; p++) {
		breaks = *p == '\n' ? breaks + 1 : 0;
		if (breaks <= 2)
			buf_char(&out, *p);
	}
	while (out.length && out.data[out.length - 1] == '\n')
		out.data[--out.length] = '\0';
	buf_free(text);
	*text = out;
}

static char *filled_body(const struct filling *f, const char *text)
{
	struct buf out = {0};

	write_text(f, text, &out);
	drop_empty_lines(&out);
	cut(&out, BODY_MOST);
	return buf_take(&out);
}

void fill(const struct template *template, const struct hazard_event *event,
	  const struct acted *regions, size_t region_count, struct message *message)
{
	for (int i = 0; i < LANGUAGES; i++) {
		struct filling f = {event, regions, region_count, (enum language)i};
		message->title[i] = filled_title(&f, template->text.title[i]);
		message->body[i] = filled_body(&f, template->text.body[i]);
	}
}
