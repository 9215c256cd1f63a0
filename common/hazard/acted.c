#include "common/hazard/acted.h"

#include "common/base/mem.h"
#include "common/roster/regions.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PREFECTURE_DIGITS = 2 };

bool region_covers(const char *outer, const char *inner)
{
	if (strcmp(outer, inner) == 0)
		return true;
	if (strlen(outer) != PREFECTURE_DIGITS)
		return false;
	const char *prefecture = region_prefecture(inner);
	return prefecture && strcmp(outer, prefecture) == 0;
}

bool region_meets(const char *a, const char *b)
{
	return region_covers(a, b) || region_covers(b, a);
}

static struct acted *find(const struct acted_list *list, const char *region, const char *what)
{
	for (size_t i = 0; i < list->count; i++)
		if (strcmp(list->list[i].region, region) == 0 &&
		    strcmp(list->list[i].what, what) == 0)
			return &list->list[i];
	return NULL;
}

void acted_add(struct acted_list *list, const char *region, const char *what, int level)
{
	struct acted *there = find(list, region, what);

	if (!there) {
		list->list = mem_resize(list->list, list->count + 1, sizeof *list->list);
		there = &list->list[list->count++];
		*there = (struct acted){.level = level};
		snprintf(there->region, sizeof there->region, "%s", region);
		snprintf(there->what, sizeof there->what, "%s", what);
	}
	if (there->level < level)
		there->level = level;
}

void acted_add_all(struct acted_list *list, const struct acted *more, size_t count)
{
	for (size_t i = 0; i < count; i++)
		acted_add(list, more[i].region, more[i].what, more[i].level);
}

int acted_level(const struct acted_list *list, const char *region, const char *what)
{
	const struct acted *there = find(list, region, what);
	return there ? there->level : 0;
}

static int by_level(const void *left, const void *right)
{
	const struct acted *a = left, *b = right;

	if (a->level != b->level)
		return a->level > b->level ? -1 : 1;
	int order = strcmp(a->region, b->region);
	return order ? order : strcmp(a->what, b->what);
}

void acted_sort(struct acted_list *list)
{
	if (list->count)
		qsort(list->list, list->count, sizeof *list->list, by_level);
}

void acted_free(struct acted_list *list)
{
	free(list->list);
	*list = (struct acted_list){0};
}

/*
 * An area of no region is for the rule's groups, if it is for anybody; one that is in none of our
 * regions is for nobody.
 */
static void add_area(const struct rule *rule, const struct event_area *area,
		     struct acted_list *list)
{
	if (strcmp(area->region, REGION_ELSEWHERE) == 0)
		return;
	if (!*area->region) {
		if (rule->group_count && !rule->region_count)
			acted_add(list, "", area->what, area->level);
		return;
	}
	if (!rule->region_count)
		acted_add(list, area->region, area->what, area->level);
	for (size_t i = 0; i < rule->region_count; i++) {
		if (region_covers(rule->regions[i], area->region))
			acted_add(list, area->region, area->what, area->level);
		else if (region_covers(area->region, rule->regions[i]))
			acted_add(list, rule->regions[i], area->what, area->level);
	}
}

void acted_of_event(const struct rule *rule, const struct hazard_event *event,
		    struct acted_list *list)
{
	for (size_t i = 0; i < event->area_count; i++)
		if (event->areas[i].level >= rule->threshold)
			add_area(rule, &event->areas[i], list);
	acted_sort(list);
}
