#include "dispatcher/cli/report/report.h"

#include "common/base/clock.h"

/* Seconds to the tenth; null where there are none. */
static json_t *seconds(int64_t ms)
{
	return ms < 0 ? json_null() : json_real((double)(ms / 100) / 10);
}

static json_t *moment(int64_t at)
{
	char text[CLOCK_TEXT];

	return at ? json_string(clock_utc_text(at, text)) : json_null();
}

static void set_tally(json_t *json, const struct tally_of *t)
{
	json_object_set_new(json, "people", json_integer(t->people));
	json_object_set_new(json, "reached", json_integer(t->reached));
	json_object_set_new(json, "answered", json_integer(t->answered));
	json_object_set_new(json, "median_seconds", seconds(times_within(&t->answers, 50)));
	json_object_set_new(json, "p90_seconds", seconds(times_within(&t->answers, 90)));
}

static json_t *head(const struct report *r)
{
	json_t *json = json_pack("{s:I, s:s, s:s, s:s, s:o, s:o, s:o}", "broadcast",
				 (json_int_t)r->figures->broadcast, "title", r->figures->title,
				 "kind", kind_name(r->figures->kind), "state",
				 broadcast_state_name(r->figures->state), "requested_at",
				 moment(r->figures->requested_at), "started_at",
				 moment(r->figures->started_at), "finished_at",
				 moment(r->figures->finished_at));

	set_tally(json, &r->all);
	return json;
}

static json_t *channels(const struct report *r)
{
	json_t *json = json_object();

	for (int c = CHANNEL_NONE + 1; c < CHANNEL_END; c++)
		json_object_set_new(json, channel_name((enum channel)c),
				    json_integer(r->reached_by[c]));
	json_object_set_new(json, "by_themselves", json_integer(r->reached_by[CHANNEL_NONE]));
	return json;
}

static json_t *moments(const struct report *r)
{
	json_t *list = json_array();

	for (int i = 0; i < REPORT_MOMENTS; i++) {
		int64_t ms = report_moments[i];
		json_array_append_new(
			list, json_pack("{s:I, s:I, s:I}", "seconds", (json_int_t)(ms / 1000),
					"reached", (json_int_t)times_by(&r->reaches, ms), "answered",
					(json_int_t)times_by(&r->all.answers, ms)));
	}
	return list;
}

static json_t *groups(const struct report *r)
{
	json_t *list = json_array();

	for (size_t i = 0; i < r->group_count; i++) {
		json_t *group = json_pack("{s:s, s:s}", "group", r->groups[i].code, "name",
					  r->groups[i].name);
		set_tally(group, &r->groups[i].tally);
		json_array_append_new(list, group);
	}
	return list;
}

static json_t *unreached(const struct report *r)
{
	json_t *list = json_array();

	for (size_t i = 0; i < r->unreached_count; i++) {
		const struct report_person *p = &r->unreached[i];
		struct buf why = {0};
		report_reason(p, &why);
		json_array_append_new(
			list,
			json_pack("{s:s, s:s, s:s, s:s?, s:s?, s:s}", "user", p->code, "name",
				  p->name, "group_name", p->group, "channel",
				  p->channel ? channel_name(p->channel) : NULL, "outcome",
				  p->channel ? outcome_name(p->outcome) : NULL, "why",
				  buf_text(&why)));
		buf_free(&why);
	}
	return list;
}

void report_json(const struct report *r, struct report *const *before, size_t count)
{
	json_t *json = head(r), *earlier = json_array();

	json_object_set_new(json, "reached_by", channels(r));
	json_object_set_new(json, "within", moments(r));
	json_object_set_new(json, "groups", groups(r));
	json_object_set_new(json, "unreached", unreached(r));
	for (size_t i = 0; i < count; i++)
		json_array_append_new(earlier, head(before[i]));
	json_object_set_new(json, "earlier", earlier);
	cli_answer(json);
}
