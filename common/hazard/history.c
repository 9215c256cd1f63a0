#include "common/hazard/history.h"

#include "common/base/mem.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *text_of(json_t *json)
{
	char *text = json_dumps(json, JSON_COMPACT);

	json_decref(json);
	if (!text)
		abort(); /* out of memory */
	return text;
}

char *history_keys_json(const struct hazard_event *event)
{
	json_t *keys = json_array();

	for (size_t i = 0; i < event->key_count; i++)
		json_array_append_new(keys, json_string(event->keys[i]));
	return text_of(keys);
}

static void append_acted(json_t *list, const struct acted *acted, size_t count)
{
	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, json_pack("[s, s, i]", acted[i].region, acted[i].what,
						      acted[i].level));
}

char *history_acted_json(const struct decision *d)
{
	json_t *list = json_array();

	append_acted(list, d->regions, d->region_count);
	append_acted(list, d->marks, d->mark_count);
	return text_of(list);
}

/* A past owns what it points to, whoever reads it. */

static char **read_keys(const char *text, size_t *count)
{
	json_t *json = json_loads(text, 0, NULL);
	char **keys = mem_array(json_array_size(json), sizeof *keys);

	*count = 0;
	for (size_t i = 0; i < json_array_size(json); i++) {
		const char *key = json_string_value(json_array_get(json, i));
		keys[(*count)++] = mem_string(key ? key : "");
	}
	json_decref(json);
	return keys;
}

static struct acted *read_acted(const char *text, size_t *count)
{
	json_t *json = json_loads(text, 0, NULL);
	struct acted *acted = mem_array(json_array_size(json), sizeof *acted);

	*count = 0;
	for (size_t i = 0; i < json_array_size(json); i++) {
		const char *region, *what;
		struct acted *a = &acted[*count];
		if (json_unpack(json_array_get(json, i), "[s, s, i]", &region, &what, &a->level))
			continue;
		snprintf(a->region, sizeof a->region, "%s", region);
		snprintf(a->what, sizeof a->what, "%s", what);
		(*count)++;
	}
	json_decref(json);
	return acted;
}

static struct past *add(struct history *history)
{
	history->list = mem_resize(history->list, history->count + 1, sizeof *history->list);
	return &history->list[history->count++];
}

static void take(const struct kept_decision *d, const struct kept_event *e, void *arg)
{
	struct past *past = add(arg);

	*past = (struct past){
		.id = d->id,
		.rule = mem_string(d->rule),
		.verdict = (enum verdict)d->verdict,
		.hazard = (enum hazard)e->hazard,
		.status = (enum event_status)e->status,
		.act = (enum event_act)e->act,
		.title = mem_string(e->title),
		.at = d->at,
		.sent_at = e->sent_at,
		.occurred_at = e->occurred_at,
		.broadcast = d->broadcast,
		.due_at = d->due_at,
	};
	past->keys = (const char *const *)read_keys(e->keys, &past->key_count);
	past->acted = read_acted(d->acted, &past->acted_count);
}

enum store_status history_load(struct store *store, const struct rules *rules,
			       const struct hazard_event *event, int64_t drill, int64_t now,
			       struct history *history)
{
	int hazards[2] = {(int)event->hazard, (int)event->hazard};

	*history = (struct history){0};
	if (event->hazard == HAZARD_EEW)
		hazards[1] = HAZARD_EARTHQUAKE;
	return decision_since(store, now - decide_looks_back(rules, event->hazard), hazards, drill,
			      take, history);
}

static void add_region(struct acted **list, size_t *count, const struct acted *a)
{
	if (a->level <= 0)
		return;
	for (size_t i = 0; i < *count; i++) {
		struct acted *known = &(*list)[i];
		if (strcmp(known->region, a->region) != 0 || strcmp(known->what, a->what) != 0)
			continue;
		if (known->level < a->level)
			known->level = a->level;
		return;
	}
	*list = mem_resize(*list, *count + 1, sizeof **list);
	(*list)[(*count)++] = *a;
}

struct acted *history_regions(const struct history *history, const int64_t *broadcasts,
			      size_t broadcast_count, size_t *count)
{
	struct acted *list = NULL;

	*count = 0;
	for (size_t i = 0; i < history->count; i++) {
		const struct past *p = &history->list[i];
		bool meant = false;
		for (size_t b = 0; b < broadcast_count; b++)
			meant |= p->broadcast == broadcasts[b];
		for (size_t a = 0; meant && a < p->acted_count; a++)
			add_region(&list, count, &p->acted[a]);
	}
	return list;
}

void history_settle(struct history *history, const int64_t *ids, size_t count)
{
	for (size_t i = 0; i < count; i++)
		for (size_t p = 0; p < history->count; p++)
			if (history->list[p].id == ids[i])
				history->list[p].due_at = 0;
}

static struct acted *copy_acted(const struct decision *d, size_t *count)
{
	struct acted *acted = mem_array(d->region_count + d->mark_count, sizeof *acted);

	*count = 0;
	for (size_t i = 0; i < d->region_count; i++)
		acted[(*count)++] = d->regions[i];
	for (size_t i = 0; i < d->mark_count; i++)
		acted[(*count)++] = d->marks[i];
	return acted;
}

void history_add(struct history *history, const struct hazard_event *event,
		 const struct decision *decision, int64_t id, int64_t at, int64_t broadcast)
{
	char **keys = mem_array(event->key_count, sizeof *keys);
	struct past *past = add(history);

	for (size_t i = 0; i < event->key_count; i++)
		keys[i] = mem_string(event->keys[i]);
	*past = (struct past){
		.id = id,
		.rule = mem_string(decision->rule ? decision->rule->name : ""),
		.verdict = decision->verdict,
		.hazard = event->hazard,
		.status = event->status,
		.act = event->act,
		.title = mem_string(event->title),
		.keys = (const char *const *)keys,
		.key_count = event->key_count,
		.at = at,
		.sent_at = event->sent_at,
		.occurred_at = event->occurred_at,
		.broadcast = broadcast,
		.due_at = decision->due_at,
	};
	past->acted = copy_acted(decision, &past->acted_count);
	history_settle(history, decision->settles, decision->settle_count);
}

const struct past *history_due(const struct history *history, int64_t now)
{
	const struct past *first = NULL;

	for (size_t i = 0; i < history->count; i++) {
		const struct past *p = &history->list[i];
		if (p->due_at && p->due_at <= now && (!first || p->due_at < first->due_at))
			first = p;
	}
	return first;
}

void history_free(struct history *history)
{
	for (size_t i = 0; i < history->count; i++) {
		struct past *p = &history->list[i];
		for (size_t k = 0; k < p->key_count; k++)
			free((char *)(uintptr_t)p->keys[k]);
		free((char **)(uintptr_t)p->keys);
		free((char *)(uintptr_t)p->rule);
		free((char *)(uintptr_t)p->title);
		free((struct acted *)(uintptr_t)p->acted);
	}
	free(history->list);
	*history = (struct history){0};
}
