#include "common/hazard/family_notice.h"

#include "common/base/mem.h"
#include "common/broadcast/preset.h"
#include "common/hazard/fill.h"
#include "common/roster/regions.h"
#include "common/store/family.h"

#include <stdlib.h>
#include <string.h>

struct notice {
	struct acted *regions; /* where the intensity is reached */
	size_t region_count;
	struct target *targets; /* their texts are static or the regions' */
	size_t count;
	int64_t drill; /* see common/store/family.h; of the publisher's own drill -1 */
};

static bool concerns(const struct settings *settings, const struct hazard_event *event, int64_t now)
{
	bool quake = event->hazard == HAZARD_EARTHQUAKE && event->act != EVENT_CANCEL;

	return settings->family_earthquakes && quake && event->status != EVENT_TEST &&
	       (event->status == EVENT_ACTUAL || settings->family_drills) &&
	       now - event->sent_at <= settings->family_age_most;
}

/* whom */

static void add_place(const char *code, const char *name, void *arg)
{
	struct notice *n = arg;

	(void)name;
	n->targets = mem_resize(n->targets, n->count + 1, sizeof *n->targets);
	n->targets[n->count++] = (struct target){.kind = TARGET_FAMILY, .text = code};
}

static void find_regions(const struct settings *settings, const struct hazard_event *event,
			 struct notice *n)
{
	int threshold = level_by_name(HAZARD_EARTHQUAKE, settings->family_threshold);

	n->regions = mem_array(event->area_count + 1, sizeof *n->regions);
	for (size_t i = 0; i < event->area_count; i++) {
		const struct event_area *area = &event->areas[i];
		struct acted *acted = &n->regions[n->region_count];
		if (!*area->region || area->level < threshold)
			continue;
		acted->level = area->level;
		memcpy(acted->region, area->region, sizeof acted->region);
		memcpy(acted->what, area->what, sizeof acted->what);
		region_each_meant(acted->region, add_place, n);
		n->region_count++;
	}
}

static enum store_status leave_out_told(struct store *store, const struct hazard_event *event,
					struct notice *n)
{
	enum store_status status = STORE_OK;

	for (size_t i = 0; !status && i < event->key_count; i++)
		status = family_event_told(store, event->keys[i], n->drill, &n->targets, &n->count);
	return status;
}

static enum store_status count_people(struct store *store, const struct notice *n, int64_t *people)
{
	struct plan_count *plans = NULL;
	size_t count = 0;
	enum store_status status = target_plans(store, n->targets, n->count, &plans, &count);

	*people = 0;
	for (size_t i = 0; i < count; i++)
		*people += plans[i].people;
	free(plans);
	return status;
}

/* what */

/* The mail itself does not say of which kind it is: its words must. */
static void mark_drill(struct message *m)
{
	static const char *const marks[LANGUAGES] = {
		"これは訓練です。実際の災害ではありません。\n\n",
		"This is a drill, not a real emergency.\n\n"};

	message_mark_drill(m);
	for (int i = 0; i < LANGUAGES; i++) {
		char *own = m->body[i];
		if (!*own)
			continue; /* English: as the Japanese */
		m->body[i] = mem_format("%s%s", marks[i], own);
		free(own);
	}
}

/* A folder of one's own need not have one for families: then the one that came with us is used. */
static bool fill_words(const char *folder, const struct hazard_event *event, const struct notice *n,
		       struct message *m, struct buf *fault)
{
	struct template template;
	struct buf why = {0};
	enum message_status read = template_read(folder, "family-earthquake", &template, &why);
	bool missing = read == MESSAGE_UNREADABLE && *folder;
	bool good = read == MESSAGE_GOOD && fill_check(&template, &why);

	if (good)
		fill(&template, event, n->regions, n->region_count, m);
	else if (!missing)
		buf_format(fault, "%s%s", fault->length ? "; " : "", buf_text(&why));
	template_free(&template);
	buf_free(&why);
	return good || (*folder && fill_words("", event, n, m, fault));
}

/* Our own words, where no template can be used. */
static void plain_words(struct message *m)
{
	m->title[LANGUAGE_JA] = mem_string("地震のお知らせ");
	m->title[LANGUAGE_EN] = mem_string("Earthquake where you live");
	m->body[LANGUAGE_JA] =
		mem_string("お住まいの地域で強い地震がありました。身の安全を確保してください。");
	m->body[LANGUAGE_EN] =
		mem_string("There was a strong earthquake where you live. Please stay safe.");
}

static struct broadcast *make_broadcast(const struct settings *settings,
					const struct hazard_event *event, const struct notice *n,
					int64_t now, struct buf *fault)
{
	struct broadcast *b = mem_alloc(sizeof *b);
	struct message m = {0};

	if (!fill_words(settings->broadcast_template_dir, event, n, &m, fault))
		plain_words(&m);
	if (n->drill)
		mark_drill(&m);
	b->title = m.title[LANGUAGE_JA];
	b->title_en = m.title[LANGUAGE_EN];
	b->body = m.body[LANGUAGE_JA];
	b->body_en = m.body[LANGUAGE_EN];
	b->kind = KIND_FAMILY;
	b->lane = 1;
	b->targets = mem_format("family event:%s", event->keys[0]);
	b->channels = 1u << CHANNEL_MAIL;
	preset_policy(settings, &b->policy);
	b->policy.retries[CHANNEL_MAIL] = 0;
	b->policy.final_wait = 0;
	b->policy.rounds = 1;
	b->requested_at = now;
	b->requested_by = mem_string("family");
	b->expires_at = now + settings->reply_lifetime;
	b->choices = mem_string("[]");
	b->items = mem_string("[]");
	return b;
}

static enum store_status ask(struct store *store, const struct settings *settings,
			     const struct hazard_event *event, const struct notice *n, int64_t now,
			     int64_t *broadcast, struct buf *fault)
{
	struct broadcast *b = make_broadcast(settings, event, n, now, fault);
	enum store_status status = broadcast_request(store, b, n->targets, n->count);

	for (size_t i = 0; !status && i < event->key_count; i++)
		status = family_event_note(store, event->keys[i], n->drill, b->id);
	if (!status)
		*broadcast = b->id;
	broadcast_free(b);
	return status;
}

enum store_status family_notice_request(struct store *store, const struct settings *settings,
					const struct hazard_event *event, int64_t drill,
					int64_t now, int64_t *broadcast, struct buf *fault)
{
	struct notice n = {.drill = event->status == EVENT_ACTUAL ? 0 : drill ? drill : -1};
	int64_t people = 0;
	bool any = false;
	enum store_status status = STORE_OK;

	*broadcast = 0;
	if (concerns(settings, event, now))
		status = family_any(store, &any);
	if (status || !any)
		return status;
	find_regions(settings, event, &n);
	if (n.count > 0) {
		status = leave_out_told(store, event, &n);
		if (!status)
			status = count_people(store, &n, &people);
		if (!status && people > 0)
			status = ask(store, settings, event, &n, now, broadcast, fault);
	}
	free(n.regions);
	free(n.targets);
	return status;
}
