#include "common/hazard/ask.h"

#include "common/base/mem.h"
#include "common/base/utf8.h"
#include "common/broadcast/preset.h"
#include "common/hazard/fill.h"
#include "common/roster/regions.h"
#include "common/store/people.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* whom it is for */

static void add(struct asked *asked, struct target target)
{
	asked->targets = mem_resize(asked->targets, asked->count + 1, sizeof *asked->targets);
	asked->targets[asked->count++] = target;
}

static void add_word(struct asked *asked, const char *word)
{
	buf_format(&asked->words, "%s%s", asked->words.length ? " " : "", word);
}

struct inner {
	struct asked *asked;
	unsigned addresses;
};

static void add_region_of(const char *code, const char *name, void *arg)
{
	const struct inner *inner = arg;

	(void)name;
	add(inner->asked, (struct target){
				  .kind = TARGET_REGION, .text = code, .addresses = inner->addresses});
}

static void add_region(struct asked *asked, const char *code, unsigned addresses)
{
	struct inner inner = {.asked = asked, .addresses = addresses};

	region_each_meant(code, add_region_of, &inner);
}

static void add_regions(struct asked *asked, const struct decision *d)
{
	for (size_t i = 0; i < d->region_count; i++) {
		const char *code = d->regions[i].region;
		struct buf word = {0};
		if (*code) {
			buf_format(&word, "%s:%s", strlen(code) == 2 ? "pref" : "region", code);
			buf_char(&word, '@');
			addresses_put(d->rule->addresses, "+", &word);
			add_region(asked, code, d->rule->addresses);
		} else {
			buf_text_add(&word, "all");
			add(asked, (struct target){.kind = TARGET_ALL});
		}
		add_word(asked, buf_text(&word));
		buf_free(&word);
	}
}

static enum store_status add_group(struct store *store, const char *code, struct asked *asked,
				   struct buf *fault)
{
	int64_t *ids = NULL;
	size_t count = 0;
	enum store_status status = people_groups(store, code, &ids, &count);
	char *word = mem_format("within:%s", code);

	add_word(asked, word);
	free(word);
	for (size_t i = 0; !status && i < count; i++)
		add(asked, (struct target){.kind = TARGET_WITHIN, .number = ids[i]});
	free(ids);
	if (status != STORE_NONE)
		return status;
	/* No department has the number 0: without it, nobody's group would be everybody's. */
	add(asked, (struct target){.kind = TARGET_WITHIN, .number = 0});
	buf_format(fault, "%sno group \"%s\" in the roster", fault->length ? "; " : "", code);
	return STORE_OK;
}

static void add_broadcasts(struct asked *asked, enum target_kind kind, const char *name,
			   const int64_t *ids, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char *word = mem_format("%s:%" PRId64, name, ids[i]);
		add_word(asked, word);
		free(word);
		add(asked, (struct target){.kind = kind, .number = ids[i]});
	}
}

enum store_status ask_targets(struct store *store, const struct decision *d, const int64_t *before,
			      size_t before_count, struct asked *asked, struct buf *fault)
{
	enum store_status status = STORE_OK;

	*asked = (struct asked){0};
	if (d->verdict == VERDICT_CORRECT) {
		add_broadcasts(asked, TARGET_CONTACTED, "contacted", d->corrects, d->correct_count);
		return STORE_OK;
	}
	add_regions(asked, d);
	for (size_t i = 0; !status && i < d->rule->group_count; i++)
		status = add_group(store, d->rule->groups[i], asked, fault);
	add_broadcasts(asked, TARGET_EXCEPT, "except", d->except, d->except_count);
	if (d->except_before)
		add_broadcasts(asked, TARGET_EXCEPT, "except", before, before_count);
	return status;
}

void asked_free(struct asked *asked)
{
	free(asked->targets);
	buf_free(&asked->words);
	*asked = (struct asked){0};
}

/* the broadcast */

static enum kind kind_of(const struct hazard_event *event, const struct decision *d)
{
	bool drill = d->verdict == VERDICT_DRILL || event->status != EVENT_ACTUAL;

	if (drill)
		return KIND_DRILL;
	return d->verdict == VERDICT_CORRECT ? KIND_NOTICE : d->rule->kind;
}

static unsigned channels_of(const struct settings *settings, const struct rule *rule,
			    struct buf *fault)
{
	unsigned channels =
		rule->channels ? rule->channels : channels_by_names(settings->broadcast_channels);

	if (channels)
		return channels;
	buf_format(fault, "%sbroadcast.channels names no channel: mail is used",
		   fault->length ? "; " : "");
	return 1u << CHANNEL_MAIL;
}

static void take_question(const struct settings *settings, struct broadcast *b, struct buf *fault)
{
	static const char plain[] = "safe:無事です:I am safe; help:助けが必要です:I need help";
	struct buf why = {0}, none = {0};
	bool own = preset_question(settings, "", "", b, &why);

	if (!own) {
		buf_format(fault, "%s%s: asks whether safe or in need of help",
			   fault->length ? "; " : "", buf_text(&why));
		if (!preset_question(settings, plain, "", b, &none))
			abort(); /* our own words */
	}
	buf_free(&why);
	buf_free(&none);
}

/* words */

static void put_plain(const char *text, bool lines, struct buf *out)
{
	for (; *text; text++) {
		bool control = (unsigned char)*text < ' ' || *text == 0x7f;
		buf_char(out, control && !(lines && *text == '\n') ? ' ' : *text);
	}
}

static char *cut(struct buf *text, size_t most)
{
	size_t end = utf8_offset(buf_text(text), most);
	char *copy = mem_copy(buf_text(text), end);

	buf_free(text);
	return copy;
}

enum { AREAS_TOLD = 30 }; /* where there is no template */

static void put_areas(const struct hazard_event *event, int language, struct buf *out)
{
	size_t told = 0;

	for (size_t i = 0; i < event->area_count && told < AREAS_TOLD; i++) {
		const struct event_area *a = &event->areas[i];
		if (a->level == 0)
			continue;
		put_plain(a->name, false, out);
		buf_format(out, ": %s\n", level_phrase(event->hazard, a->level, language));
		told++;
	}
}

/* Without any template: what the source says, as it says it. */
static void make_do(const struct hazard_event *event, struct message *m)
{
	static const char *const titles[LANGUAGES] = {"【緊急】", "Alert: "};

	for (int i = 0; i < LANGUAGES; i++) {
		struct buf title = {0}, body = {0};
		buf_text_add(&title, titles[i]);
		put_plain(event->title, false, &title);
		put_plain(*event->headline ? event->headline : event->title, true, &body);
		buf_text_add(&body, "\n\n");
		put_areas(event, i, &body);
		put_plain(event->text, true, &body);
		free(m->title[i]);
		free(m->body[i]);
		m->title[i] = cut(&title, TITLE_MOST);
		m->body[i] = cut(&body, BODY_MOST);
	}
}

static bool fill_from(const char *folder, const char *name, const struct hazard_event *event,
		      const struct acted *regions, size_t region_count, struct message *m,
		      struct buf *fault)
{
	struct template template;
	bool good = template_read(folder, name, &template, fault) == MESSAGE_GOOD &&
		    fill_check(&template, fault);

	if (good)
		fill(&template, event, regions, region_count, m);
	template_free(&template);
	return good;
}

static void take_words(const struct settings *settings, const struct hazard_event *event,
		       const struct decision *d, const struct acted *regions, size_t region_count,
		       struct broadcast *b, struct buf *fault)
{
	const char *name =
		d->verdict == VERDICT_CORRECT ? d->rule->correction_template : d->rule->template;
	const char *folder = settings->broadcast_template_dir;
	struct message m = {0};
	struct buf why = {0};

	bool good = fill_from(folder, name, event, regions, region_count, &m, &why);
	if (!good && *folder)
		good = fill_from("", name, event, regions, region_count, &m, &why);
	if (why.length)
		buf_format(fault, "%s%s", fault->length ? "; " : "", buf_text(&why));
	if (!good) {
		message_begin(&m);
		make_do(event, &m);
	}
	if (b->kind == KIND_DRILL)
		message_mark_drill(&m);
	b->title = m.title[LANGUAGE_JA];
	b->title_en = m.title[LANGUAGE_EN];
	b->body = m.body[LANGUAGE_JA];
	b->body_en = m.body[LANGUAGE_EN];
	buf_free(&why);
}

struct broadcast *ask_broadcast(const struct settings *settings, const struct hazard_event *event,
				const struct decision *d, const struct acted *regions,
				size_t region_count, int64_t now, struct buf *fault)
{
	struct broadcast *b = mem_alloc(sizeof *b);

	b->kind = kind_of(event, d);
	b->lane = b->kind == KIND_DRILL ? 1 : 0;
	b->requested_by = mem_format("rule:%s", d->rule->name);
	b->requested_at = now;
	b->expires_at = now + settings->reply_lifetime;
	b->channels = channels_of(settings, d->rule, fault);
	preset_policy(settings, &b->policy);
	take_question(settings, b, fault);
	take_words(settings, event, d, regions, region_count, b, fault);
	return b;
}
