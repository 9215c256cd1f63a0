#pragma once

/*
 * What stands around the engine in the tests of its decisions: a history that keeps what was
 * decided, as the store does, and numbers broadcasts. Events and decisions are written in signs:
 *
 *	event     "quake E1 at=3 220:6+ 221:5-"	an earthquake with id E1, sent and happened at minute 3
 *		  at=3/1			sent at minute 3, happened at minute 1
 *		  E1,E2				two ids
 *		  weather 220/rain:emergency	a kind of warning
 *		  title=x correction cancel exercise test all p2pquake until=9
 *	decision  "rule send 220:6+ 221:5+ b1"	a broadcast, number 1
 *		  "... except 1 2"		not to those of broadcasts 1 and 2
 *		  "... ended 220"		what was sent for has ended there
 *		  "rule correct b3: 1 2"	broadcast 3 corrects 1 and 2; "stops 1" calls one off
 *		  "rule hold 220:6+ due=5"	until minute 5; "settles" the one before
 */

#include "common/base/buf.h"
#include "common/base/mem.h"
#include "common/hazard/decide.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORLD_MINUTE = 60000, WORLD_PASTS = 512 };

struct world {
	struct rules rules;
	struct past past[WORLD_PASTS];
	size_t count;
	int64_t broadcasts;
	const struct head_count *people;
	size_t people_count;
};

static inline int64_t world_minute(int64_t minutes)
{
	/* 2026-01-01T00:00Z */
	return INT64_C(1767225600000) + minutes * WORLD_MINUTE;
}

static inline void world_rules(struct world *w, const char *text)
{
	struct buf fault = {0};

	*w = (struct world){0};
	ck_assert_msg(rules_read_bytes("test.conf", text, strlen(text), &w->rules, &fault), "%s",
		      buf_text(&fault));
	buf_free(&fault);
}

static inline void world_end(struct world *w)
{
	for (size_t i = 0; i < w->count; i++) {
		struct past *p = &w->past[i];
		free((void *)(uintptr_t)p->rule);
		free((void *)(uintptr_t)p->title);
		for (size_t k = 0; k < p->key_count; k++)
			free((void *)(uintptr_t)p->keys[k]);
		free((void *)(uintptr_t)p->keys);
		free((void *)(uintptr_t)p->acted);
	}
	rules_free(&w->rules);
	*w = (struct world){0};
}

/* events */

static inline void world_area(struct hazard_event *e, char *text)
{
	char *level = strchr(text, ':'), *what;
	const char *sign = text;

	*level++ = '\0';
	what = strchr(text, '/');
	if (what)
		*what++ = '\0';
	e->areas = mem_resize(e->areas, e->area_count + 1, sizeof *e->areas);
	struct event_area *a = &e->areas[e->area_count++];
	*a = (struct event_area){.name = mem_format("area %s", sign)};
	if (strcmp(sign, "far") == 0)
		sign = REGION_ELSEWHERE;
	else if (strcmp(sign, "-") == 0)
		sign = "";
	snprintf(a->region, sizeof a->region, "%s", sign);
	snprintf(a->what, sizeof a->what, "%s", what ? what : "");
	a->level = strcmp(level, "0") == 0 ? 0 : level_by_name(e->hazard, level);
	ck_assert_msg(a->level || strcmp(level, "0") == 0, "no level %s", level);
}

static inline void world_keys(struct hazard_event *e, char *list)
{
	for (char *key = strtok(list, ","); key; key = strtok(NULL, ",")) {
		e->keys = mem_resize(e->keys, e->key_count + 1, sizeof *e->keys);
		e->keys[e->key_count++] = mem_string(key);
	}
}

static inline void world_word(struct hazard_event *e, char *word)
{
	long sent, happened;

	if (strchr(word, ':')) {
		world_area(e, word);
	} else if (sscanf(word, "at=%ld/%ld", &sent, &happened) >= 1) {
		if (!strchr(word, '/'))
			happened = sent;
		e->sent_at = world_minute(sent);
		e->occurred_at = world_minute(happened);
	} else if (sscanf(word, "until=%ld", &sent) == 1) {
		e->expires_at = world_minute(sent);
	} else if (strncmp(word, "title=", 6) == 0) {
		free(e->title);
		e->title = mem_string(word + 6);
	} else if (strcmp(word, "correction") == 0) {
		e->act = EVENT_CORRECTION;
	} else if (strcmp(word, "cancel") == 0) {
		e->act = EVENT_CANCEL;
	} else if (strcmp(word, "exercise") == 0) {
		e->status = EVENT_EXERCISE;
	} else if (strcmp(word, "test") == 0) {
		e->status = EVENT_TEST;
	} else if (strcmp(word, "all") == 0) {
		e->restates = true;
	} else if (hazard_format_by_name(word)) {
		e->format = hazard_format_by_name(word);
	} else {
		world_keys(e, word);
	}
}

static inline struct hazard_event world_event(const char *signs)
{
	char *copy = mem_string(signs), *rest = NULL;
	char *word = strtok_r(copy, " ", &rest);
	struct hazard_event e = {
		.format = FORMAT_JMA,
		.hazard = strcmp(word, "quake") == 0 ? HAZARD_EARTHQUAKE : hazard_by_name(word),
		.status = EVENT_ACTUAL,
		.act = EVENT_REPORT,
		.title = mem_string("report"),
		.place = mem_string(""),
		.magnitude = mem_string(""),
		.headline = mem_string(""),
		.text = mem_string(""),
		.serial = mem_string(""),
	};

	ck_assert_msg(e.hazard != HAZARD_NONE, "%s", signs);
	while ((word = strtok_r(NULL, " ", &rest)))
		world_word(&e, word);
	free(copy);
	return e;
}

/* keeping what was decided */

static inline void world_keep(struct world *w, const struct hazard_event *e,
			      const struct decision *d, int64_t now)
{
	ck_assert_uint_lt(w->count, WORLD_PASTS);
	struct past *p = &w->past[w->count++];
	struct acted *acted = mem_array(d->region_count + d->mark_count + 1, sizeof *acted);
	const char **keys = mem_array(e->key_count + 1, sizeof *keys);

	for (size_t i = 0; i < e->key_count; i++)
		keys[i] = mem_string(e->keys[i]);
	for (size_t i = 0; i < d->region_count; i++)
		acted[i] = d->regions[i];
	for (size_t i = 0; i < d->mark_count; i++)
		acted[d->region_count + i] = d->marks[i];
	*p = (struct past){
		.id = (int64_t)w->count,
		.rule = mem_string(d->rule ? d->rule->name : ""),
		.verdict = d->verdict,
		.hazard = e->hazard,
		.status = e->status,
		.act = e->act,
		.title = mem_string(e->title),
		.keys = keys,
		.key_count = e->key_count,
		.at = now,
		.sent_at = e->sent_at,
		.occurred_at = e->occurred_at,
		.due_at = d->due_at,
		.acted = acted,
		.acted_count = d->region_count + d->mark_count,
	};
	if (d->verdict == VERDICT_SEND || d->verdict == VERDICT_DRILL ||
	    d->verdict == VERDICT_CORRECT)
		p->broadcast = ++w->broadcasts;
	for (size_t i = 0; i < d->settle_count; i++)
		w->past[d->settles[i] - 1].due_at = 0;
}

static inline void world_tell_ids(struct buf *out, const char *before, const int64_t *ids,
				  size_t count)
{
	buf_text_add(out, count ? before : "");
	for (size_t i = 0; i < count; i++)
		buf_format(out, " %lld", (long long)ids[i]);
}

static inline void world_tell(struct buf *out, const struct world *w, const struct hazard_event *e,
			      const struct decision *d)
{
	const struct past *kept = &w->past[w->count - 1];

	if (out->length)
		buf_text_add(out, "; ");
	buf_format(out, "%s %s", d->rule ? d->rule->name : "-", verdict_name(d->verdict));
	for (size_t i = 0; i < d->region_count; i++)
		buf_format(out, " %s%s%s:%s", *d->regions[i].region ? d->regions[i].region : "-",
			   *d->regions[i].what ? "/" : "", d->regions[i].what,
			   level_name(e->hazard, d->regions[i].level));
	if (kept->broadcast)
		buf_format(out, " b%lld", (long long)kept->broadcast);
	world_tell_ids(out, ":", d->corrects, d->correct_count);
	world_tell_ids(out, " except", d->except, d->except_count);
	if (d->except_before)
		buf_text_add(out, " and before");
	world_tell_ids(out, " stops", d->stops, d->stop_count);
	if (d->due_at)
		buf_format(out, " due=%lld",
			   (long long)((d->due_at - world_minute(0)) / WORLD_MINUTE));
	if (d->settle_count)
		buf_text_add(out, " settles");
	bool any = false;
	for (size_t i = 0; i < d->mark_count; i++) {
		if (d->marks[i].level != MARK_ENDED)
			continue;
		buf_format(out, "%s %s%s%s", any ? "" : " ended", d->marks[i].region,
			   *d->marks[i].what ? "/" : "", d->marks[i].what);
		any = true;
	}
}

/* Decides, keeps it and tells what was decided, and why where `why` is given. The caller frees. */
static inline char *world_decide(struct world *w, const struct hazard_event *e, const char *held_by,
				 int64_t now, struct buf *why)
{
	struct decisions decisions;
	struct buf told = {0};

	if (held_by)
		decide_due(&w->rules, held_by, w->past, w->count, e, now, w->people,
			   w->people_count, &decisions);
	else
		decide(&w->rules, w->past, w->count, e, now, w->people, w->people_count,
		       &decisions);
	for (size_t i = 0; i < decisions.count; i++) {
		world_keep(w, e, &decisions.list[i], now);
		world_tell(&told, w, e, &decisions.list[i]);
		if (why)
			buf_format(why, "%s%s", i ? "; " : "", decisions.list[i].reason);
	}
	decisions_free(&decisions);
	return buf_take(&told);
}
