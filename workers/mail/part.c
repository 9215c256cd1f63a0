#include "workers/mail/part.h"

#include "common/text/html.h"
#include "workers/mail/wording.h"

#include <assert.h>
#include <ctype.h>
#include <string.h>

bool part_link_is_sound(const char *url)
{
	const char *rest = url;

	if (strncmp(url, "http://", 7) == 0)
		rest = url + 7;
	else if (strncmp(url, "https://", 8) == 0)
		rest = url + 8;
	if (rest == url || !*rest)
		return false;
	for (; *rest; rest++)
		if (*rest <= ' ' || *rest > '~' || strchr("\"<>\\^`{|}", *rest))
			return false;
	return true;
}

bool part_token_is_sound(const char *token)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				       "0123456789-_";

	return *token && token[strspn(token, alphabet)] == '\0';
}

/* What a character becomes; NULL: it stays as it is. */
static const char *replacement(enum part_kind kind, char c)
{
	const char *escape = kind == PART_HTML ? html_entity(c) : NULL;

	if (escape)
		return escape;
	if (c == '\n')
		return kind == PART_HTML ? "<br>\r\n" : "\r\n";
	return ((unsigned char)c >= ' ' ? c != 0x7f : c == '\t') ? NULL : "";
}

/*
 * Text from elsewhere: line ends become CRLF (and <br> in HTML), what HTML would read as markup
 * is escaped, other controls are left out.
 */
static void add_value(struct buf *out, enum part_kind kind, const char *value, size_t length)
{
	const char *end = value + length, *plain = value;

	for (const char *p = value; p < end; p++) {
		const char *instead = replacement(kind, *p);
		if (!instead)
			continue;
		buf_add(out, plain, (size_t)(p - plain));
		buf_text_add(out, instead);
		plain = p + 1;
	}
	buf_add(out, plain, (size_t)(end - plain));
}

/* places */

struct filling {
	struct part *part;
	const struct content *content;
	const struct wording *words;
	enum language language;
	bool skipping; /* between {if_inside} and {end}, and there is none */
};

static void value(struct filling *f, const char *text)
{
	add_value(&f->part->common, f->part->kind, text, strlen(text));
}

static void slot(struct filling *f, enum part_slot which)
{
	struct part *part = f->part;

	assert(part->count < PART_SLOTS);
	part->slots[part->count].at = part->common.length;
	part->slots[part->count].slot = which;
	part->count++;
}

static void place_organisation(struct filling *f)
{
	const char *name = f->content->organisation;
	value(f, *name ? name : f->words->nobody);
}

static void place_title(struct filling *f)
{
	value(f, f->content->title[f->language]);
}

static void place_body(struct filling *f)
{
	const char *body = f->content->body[f->language];
	size_t length = strlen(body);

	while (length && isspace((unsigned char)body[length - 1]))
		length--;
	add_value(&f->part->common, f->part->kind, body, length);
}

static void place_opening(struct filling *f)
{
	value(f, f->words->opening[f->content->kind]);
}

static void place_asked(struct filling *f)
{
	value(f, f->words->asked[f->content->kind]);
}

static void place_until(struct filling *f)
{
	char text[UNTIL_TEXT];

	value(f, wording_until(f->language, f->content->expires_at, text));
}

static void place_base(struct filling *f)
{
	value(f, f->content->base_url);
	value(f, "/r/");
}

static void place_inside_base(struct filling *f)
{
	value(f, f->content->inside_url);
	value(f, "/r/");
}

static void place_name(struct filling *f)
{
	slot(f, SLOT_NAME);
}

static void place_token(struct filling *f)
{
	slot(f, SLOT_TOKEN);
}

static void place_if_inside(struct filling *f)
{
	f->skipping = !*f->content->inside_url;
}

static void place_end(struct filling *f)
{
	f->skipping = false;
}

static const struct {
	const char *name;
	void (*fill)(struct filling *f);
} places[] = {
	{"organisation", place_organisation},
	{"title", place_title},
	{"body", place_body},
	{"opening", place_opening},
	{"asked", place_asked},
	{"until", place_until},
	{"base", place_base},
	{"inside_base", place_inside_base},
	{"name", place_name},
	{"token", place_token},
	{"if_inside", place_if_inside},
	{"end", place_end},
};

/* Our own wording is at fault where a place is unknown. */
static void fill_place(struct filling *f, const char *name, size_t length)
{
	bool ends = length == 3 && memcmp(name, "end", 3) == 0;

	if (f->skipping && !ends)
		return;
	for (size_t i = 0; i < LENGTH(places); i++) {
		if (strlen(places[i].name) == length && memcmp(places[i].name, name, length) == 0) {
			places[i].fill(f);
			return;
		}
	}
	assert(!"a place that is not known");
}

static const char *frame_text(const struct wording *words, enum kind of, enum part_kind kind)
{
	if (of == KIND_FAMILY)
		return kind == PART_HTML ? words->family_html : words->family_text;
	return kind == PART_HTML ? words->html : words->text;
}

void part_fill(struct part *part, enum part_kind kind, const struct content *content,
	       enum language language)
{
	const struct wording *words = wording(language);
	struct filling f = {.part = part, .content = content, .words = words, .language = language};

	*part = (struct part){.kind = kind};
	for (const char *p = frame_text(words, content->kind, kind); *p; p++) {
		if (*p == '{') {
			size_t length = strcspn(p, "}") - 1;
			fill_place(&f, p + 1, length);
			p += length + 1;
		} else if (!f.skipping) {
			buf_add(&part->common, *p == '\n' ? "\r\n" : p, *p == '\n' ? 2 : 1);
		}
	}
}

void part_value(const struct part *part, const char *value, struct buf *out)
{
	add_value(out, part->kind, value, strlen(value));
}

void part_free(struct part *part)
{
	buf_free(&part->common);
	*part = (struct part){0};
}
