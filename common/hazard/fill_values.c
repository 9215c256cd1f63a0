#include "common/hazard/fill_values.h"

#include "common/base/mem.h"
#include "common/hazard/acted.h"
#include "common/roster/regions.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { REGIONS_TOLD = 40 }; /* in all levels together */

static bool in_japanese(const struct filling *f)
{
	return f->language == LANGUAGE_JA;
}

static void write_known(const struct filling *f, const char *text, struct buf *out)
{
	if (*text)
		buf_text_add(out, text);
	else
		buf_text_add(out, in_japanese(f) ? "不明" : "unknown");
}

/* levels and regions */

/* What a warning is of, in words. */
static const struct {
	const char *what;
	const char *words[LANGUAGES];
} whats[] = {
	{"rain", {"大雨", "heavy rain"}},
	{"flood", {"洪水", "flood"}},
	{"wind", {"暴風", "storm"}},
	{"snow", {"大雪", "heavy snow"}},
	{"snowstorm", {"暴風雪", "snowstorm"}},
	{"waves", {"波浪", "high waves"}},
	{"surge", {"高潮", "storm surge"}},
	{"landslide", {"土砂災害", "landslide"}},
	{"thunder", {"雷", "thunder"}},
	{"melting", {"融雪", "snow melting"}},
	{"fog", {"濃霧", "dense fog"}},
	{"dryness", {"乾燥", "dry air"}},
	{"avalanche", {"なだれ", "avalanche"}},
	{"cold", {"低温", "low temperature"}},
	{"frost", {"霜", "frost"}},
	{"icing", {"着氷", "ice accretion"}},
	{"wet snow", {"着雪", "snow accretion"}},
	{"other", {"その他", "other"}},
};

static const char *what_words(const char *what, enum language language)
{
	for (size_t i = 0; i < LENGTH(whats); i++)
		if (strcmp(whats[i].what, what) == 0)
			return whats[i].words[language];
	return what;
}

/* "震度6強", "大雨特別警報"; "seismic intensity 6 upper", "emergency warning (heavy rain)" */
static void write_acted_level(const struct filling *f, const struct acted *a, struct buf *out)
{
	const char *level = level_phrase(f->event->hazard, a->level, (int)f->language);

	if (!*a->what)
		buf_text_add(out, level);
	else if (in_japanese(f))
		buf_format(out, "%s%s", what_words(a->what, f->language), level);
	else
		buf_format(out, "%s (%s)", level, what_words(a->what, f->language));
}

/* The regions of the decision, and those of the event that are as high. */
static void find_regions(const struct filling *f, struct acted_list *list)
{
	int least = f->region_count ? f->regions[0].level : 0;

	acted_add_all(list, f->regions, f->region_count);
	for (size_t i = 0; i < f->region_count; i++)
		if (f->regions[i].level < least)
			least = f->regions[i].level;
	for (size_t i = 0; i < f->event->area_count; i++) {
		const struct event_area *area = &f->event->areas[i];
		if (area->level && area->level >= least)
			acted_add(list, area->region, area->what, area->level);
	}
	acted_sort(list);
}

static void write_level(const struct filling *f, struct buf *out)
{
	struct acted_list list = {0};

	if (f->region_count)
		acted_add_all(&list, f->regions, f->region_count);
	else
		find_regions(f, &list);
	acted_sort(&list);
	if (list.count)
		write_acted_level(f, &list.list[0], out);
	else
		write_known(f, "", out);
	acted_free(&list);
}

/* An area of no region of ours has only the name that its source gives it. */
static void write_region(const struct filling *f, const struct acted *a, struct buf *out)
{
	if (*a->region && strcmp(a->region, REGION_ELSEWHERE) != 0) {
		write_known(f, region_name(a->region), out);
		return;
	}
	const char *between = "";
	for (size_t i = 0; i < f->event->area_count; i++) {
		const struct event_area *area = &f->event->areas[i];
		if (strcmp(area->region, a->region) != 0 || area->level != a->level ||
		    strcmp(area->what, a->what) != 0)
			continue;
		buf_format(out, "%s%s", between, area->name);
		between = in_japanese(f) ? "、" : ", ";
	}
}

static bool same_line(const struct acted *a, const struct acted *b)
{
	return a->level == b->level && strcmp(a->what, b->what) == 0;
}

/* By level, then by what it is of. */
static void write_line(const struct filling *f, const struct acted_list *list, size_t first,
		       size_t *told, bool *is_told, struct buf *out)
{
	const char *between = in_japanese(f) ? "、" : ", ";
	size_t left = 0, here = 0;

	buf_text_add(out, first ? "\n" : "");
	write_acted_level(f, &list->list[first], out);
	buf_text_add(out, in_japanese(f) ? "：" : ": ");
	for (size_t i = first; i < list->count; i++) {
		if (!same_line(&list->list[i], &list->list[first]))
			continue;
		is_told[i] = true;
		if (*told >= REGIONS_TOLD && here) {
			left++;
			continue;
		}
		buf_text_add(out, here++ ? between : "");
		write_region(f, &list->list[i], out);
		++*told;
	}
	if (left)
		buf_format(out, in_japanese(f) ? "ほか%zu地域" : " and %zu more", left);
}

static void write_regions(const struct filling *f, struct buf *out)
{
	struct acted_list list = {0};
	size_t told = 0;

	find_regions(f, &list);
	bool *is_told = mem_array(list.count + 1, sizeof *is_told);
	for (size_t i = 0; i < list.count; i++)
		if (!is_told[i])
			write_line(f, &list, i, &told, is_told, out);
	free(is_told);
	acted_free(&list);
}

/* times: the hazards are Japan's, whoever reads of them wherever */

static void write_moment(const struct filling *f, int64_t utc_ms, struct buf *out)
{
	enum { JST = 9 * 60 * 60 };
	time_t seconds = (time_t)(utc_ms / 1000 + JST);
	struct tm tm;

	if (!gmtime_r(&seconds, &tm))
		write_known(f, "", out);
	else if (in_japanese(f))
		buf_format(out, "%d年%d月%d日%d時%02d分", tm.tm_year + 1900, tm.tm_mon + 1,
			   tm.tm_mday, tm.tm_hour, tm.tm_min);
	else
		buf_format(out, "%d-%02d-%02d %02d:%02d JST", tm.tm_year + 1900, tm.tm_mon + 1,
			   tm.tm_mday, tm.tm_hour, tm.tm_min);
}

static void write_time(const struct filling *f, struct buf *out)
{
	write_moment(f, f->event->occurred_at ? f->event->occurred_at : f->event->sent_at, out);
}

static void write_sent(const struct filling *f, struct buf *out)
{
	write_moment(f, f->event->sent_at, out);
}

/* texts as they came */

static void write_place(const struct filling *f, struct buf *out)
{
	write_known(f, f->event->place, out);
}

static void write_magnitude(const struct filling *f, struct buf *out)
{
	write_known(f, f->event->magnitude, out);
}

static void write_title(const struct filling *f, struct buf *out)
{
	write_known(f, f->event->title, out);
}

static void write_headline(const struct filling *f, struct buf *out)
{
	buf_text_add(out, f->event->headline);
}

static void write_text(const struct filling *f, struct buf *out)
{
	buf_text_add(out, f->event->text);
}

/* the table */

static const struct fill_value values[] = {
#define X(name, doc) {#name, write_##name},
	FILLS(X)
#undef X
};

const struct fill_value *fill_value_by_name(const char *name, size_t length)
{
	for (size_t i = 0; i < LENGTH(values); i++)
		if (strlen(values[i].name) == length && memcmp(values[i].name, name, length) == 0)
			return &values[i];
	return NULL;
}

void fill_values_tell(struct buf *out)
{
	for (size_t i = 0; i < LENGTH(values); i++)
		buf_format(out, "%s{%s}", i ? ", " : "", values[i].name);
}
