#include "common/store/figures.h"

#include "common/base/clock.h"
#include "common/base/mem.h"
#include "common/store/broadcast.h"
#include "common/store/queued.h"
#include "common/store/stmt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SLOT_MS = 10000, RATE_SLOTS = 6 };

void figures_free(struct figures *f)
{
	if (!f)
		return;
	for (size_t i = 0; i < f->answer_count; i++) {
		free(f->answers[i].key);
		free(f->answers[i].label[LANGUAGE_JA]);
		free(f->answers[i].label[LANGUAGE_EN]);
	}
	for (int channel = 0; channel < CHANNEL_END; channel++)
		free(f->down[channel].reason);
	free(f->answers);
	free(f->title);
	free(f);
}

static char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));
	return mem_string(text ? text : "");
}

static void read_choices(struct figures *f, const char *choices)
{
	json_t *list = json_loads(choices, 0, NULL);
	size_t count = json_array_size(list);

	f->answers = mem_array(count, sizeof *f->answers);
	for (; f->answer_count < count; f->answer_count++) {
		const json_t *choice = json_array_get(list, f->answer_count);
		f->answers[f->answer_count] = (struct answer_figure){
			.key = text_of(choice, "key"),
			.label = {[LANGUAGE_JA] = text_of(choice, "ja"),
				  [LANGUAGE_EN] = text_of(choice, "en")},
		};
	}
	json_decref(list);
}

/* counters */

static void take_attempts(struct figures *f, int64_t key, int64_t n)
{
	int64_t channel = key / 256, outcome = key % 256;

	if (channel > CHANNEL_NONE && channel < CHANNEL_END && outcome > OUTCOME_NONE &&
	    outcome < OUTCOME_END)
		f->attempts[channel][outcome] = n;
}

static void take_answer(struct figures *f, const char *key, int64_t n)
{
	for (size_t i = 0; i < f->answer_count; i++)
		if (strcmp(f->answers[i].key, key) == 0)
			f->answers[i].people = n;
}

static void take_counter(struct figures *f, sqlite3_stmt *s)
{
	const char *what = stmt_text(s, 5);
	int64_t key = sqlite3_column_int64(s, 6), n = sqlite3_column_int64(s, 7);

	if (strcmp(what, "state") == 0 && key > DELIVERY_NONE && key < DELIVERY_STATE_END)
		f->people[key] = n;
	else if (strcmp(what, "attempt") == 0)
		take_attempts(f, key, n);
	else if (strcmp(what, "answer") == 0)
		take_answer(f, stmt_text(s, 6), n);
}

/* One statement, so that state and counters are of one moment. */
static enum store_status read_counters(struct store *store, struct figures *f)
{
	sqlite3_stmt *s = stmt(store,
			       "SELECT b.state, b.targeted, b.fanout_person IS NULL, b.started_at,"
			       " b.finished_at, t.what, t.key, t.n FROM broadcast b"
			       " LEFT JOIN tally t ON t.broadcast_id = b.id WHERE b.id=?",
			       "i", f->broadcast);
	enum store_status status;

	while ((status = stmt_row(store, s)) == STORE_OK) {
		f->state = (enum broadcast_state)sqlite3_column_int(s, 0);
		f->targeted = sqlite3_column_int64(s, 1);
		f->fanned_out = sqlite3_column_int(s, 2);
		f->started_at = sqlite3_column_int64(s, 3);
		f->finished_at = sqlite3_column_int64(s, 4);
		take_counter(f, s);
	}
	stmt_end(s);
	return status == STORE_NONE ? STORE_OK : status;
}

/* Until the fan-out is through, `targeted` is what was counted when it was asked for. */
static void add_up(struct figures *f)
{
	int64_t sum = 0;

	for (int state = 1; state < DELIVERY_STATE_END; state++)
		sum += f->people[state];
	if (!f->fanned_out && sum > f->targeted)
		f->targeted = sum;
	if (!f->fanned_out)
		f->people[DELIVERY_WAITING] += f->targeted - sum;
	f->balanced = !f->fanned_out || sum == f->targeted;
}

static enum store_status read_down(struct store *store, struct figures *f)
{
	struct channel_outage outages[CHANNEL_END];
	enum store_status status = channel_outages(store, outages);

	for (int c = 0; c < CHANNEL_END; c++) {
		f->down[c].since = outages[c].since;
		f->down[c].reason = outages[c].reason;
	}
	return status;
}

/* times */

static enum store_status read_rate(struct store *store, struct figures *f, int64_t now)
{
	int64_t slot = now / SLOT_MS - RATE_SLOTS + 1, from = slot * SLOT_MS, attempts;
	enum store_status status = stmt_number(
		store,
		stmt(store, "SELECT sum(attempts) FROM progress WHERE broadcast_id=? AND slot>=?",
		     "ii", f->broadcast, slot),
		0, &attempts);

	if (f->started_at > from)
		from = f->started_at;
	int64_t span = now - from > 1000 ? now - from : 1000;
	f->rate = (double)attempts * 1000.0 / (double)span;
	return status;
}

/*
 * When the chains began: at the start or the last reminder, later by as long as nothing was
 * sent because of a pause. 0: not begun, or held.
 */
static enum store_status chains_began(struct store *store, const struct figures *f, int64_t *began)
{
	sqlite3_stmt *s =
		stmt(store, "SELECT verb, at FROM control WHERE broadcast_id=? ORDER BY id", "i",
		     f->broadcast);
	int64_t paused_at = 0;
	enum store_status status;

	*began = f->started_at;
	while ((status = stmt_row(store, s)) == STORE_OK) {
		int verb = sqlite3_column_int(s, 0);
		int64_t at = sqlite3_column_int64(s, 1);
		if (verb == CONTROL_PAUSE && !paused_at)
			paused_at = at;
		if (verb == CONTROL_RESUME && paused_at) {
			*began += at - paused_at;
			paused_at = 0;
		}
		if (verb == CONTROL_REMIND && at > *began)
			*began = at;
	}
	stmt_end(s);
	if (!f->started_at || paused_at)
		*began = 0;
	return status == STORE_NONE ? STORE_OK : status;
}

static void forecast_name(int64_t broadcast, char *name, size_t room)
{
	snprintf(name, room, "forecast.%lld", (long long)broadcast);
}

enum store_status figures_keep_forecast(struct store *store, int64_t broadcast, int64_t all_ms)
{
	char name[40], value[24];

	forecast_name(broadcast, name, sizeof name);
	snprintf(value, sizeof value, "%lld", (long long)all_ms);
	return store_meta_set(store, name, value);
}

enum store_status figures_has_forecast(struct store *store, int64_t broadcast, bool *has)
{
	char name[40];
	struct buf kept = {0};

	forecast_name(broadcast, name, sizeof name);
	enum store_status status = store_meta_get(store, name, &kept);
	buf_free(&kept);
	*has = status == STORE_OK;
	return status == STORE_NONE ? STORE_OK : status;
}

static enum store_status read_eta(struct store *store, struct figures *f, int64_t now)
{
	char name[40];
	struct buf kept = {0};
	int64_t began = 0;

	f->eta_ms = -1;
	if (figures_over(f))
		return STORE_OK;
	forecast_name(f->broadcast, name, sizeof name);
	enum store_status status = store_meta_get(store, name, &kept);
	if (!status)
		status = chains_began(store, f, &began);
	if (!status && began) {
		int64_t end = began + strtoll(buf_text(&kept), NULL, 10);
		if (end > f->expires_at)
			end = f->expires_at;
		if (end > now)
			f->eta_ms = end - now;
	}
	buf_free(&kept);
	return status == STORE_NONE ? STORE_OK : status;
}

enum store_status figures_load(struct store *store, int64_t id, int64_t now,
			       struct figures **figures)
{
	struct broadcast *b;
	enum store_status status = broadcast_load(store, id, &b);

	*figures = NULL;
	if (status)
		return status;
	struct figures *f = mem_alloc(sizeof *f);
	f->broadcast = b->id;
	f->title = mem_string(b->title);
	f->kind = b->kind;
	f->channels = b->channels;
	f->requested_at = b->requested_at;
	f->expires_at = b->expires_at;
	f->tried = f->half_ms = f->most_ms = f->first_ms = -1;
	read_choices(f, b->choices);
	broadcast_free(b);
	status = read_counters(store, f);
	add_up(f);
	if (!status)
		status = family_figures_load(store, f->broadcast, &f->family);
	if (!status)
		status = read_down(store, f);
	if (!status)
		status = read_rate(store, f, now);
	if (!status)
		status = read_eta(store, f, now);
	if (status) {
		figures_free(f);
		return status;
	}
	*figures = f;
	return STORE_OK;
}

bool figures_over(const struct figures *f)
{
	bool open = f->state == BROADCAST_REQUESTED || f->state == BROADCAST_RUNNING;

	return !open && f->fanned_out &&
	       f->people[DELIVERY_WAITING] + f->people[DELIVERY_IN_FLIGHT] == 0;
}

/* JSON */

static json_t *moment_json(int64_t at)
{
	char text[CLOCK_TEXT];
	return at ? json_string(clock_utc_text(at, text)) : json_null();
}

static json_t *answers_json(const struct figures *f)
{
	json_t *answers = json_object();

	for (size_t i = 0; i < f->answer_count; i++)
		json_object_set_new(answers, f->answers[i].key, json_integer(f->answers[i].people));
	return answers;
}

static json_t *attempts_json(const struct figures *f)
{
	json_t *attempts = json_object();

	for (int channel = 1; channel < CHANNEL_END; channel++) {
		json_t *outcomes = json_object();
		for (int outcome = 1; outcome < OUTCOME_END; outcome++)
			if (f->attempts[channel][outcome])
				json_object_set_new(outcomes, outcome_name((enum outcome)outcome),
						    json_integer(f->attempts[channel][outcome]));
		if (json_object_size(outcomes) || (f->channels & 1u << channel))
			json_object_set_new(attempts, channel_name((enum channel)channel),
					    outcomes);
		else
			json_decref(outcomes);
	}
	return attempts;
}

static json_t *down_json(const struct figures *f)
{
	json_t *down = json_object();

	for (int channel = 1; channel < CHANNEL_END; channel++)
		if (f->down[channel].since)
			json_object_set_new(down, channel_name((enum channel)channel),
					    json_pack("{s:o, s:s}", "since",
						      moment_json(f->down[channel].since), "reason",
						      f->down[channel].reason));
	return down;
}

static json_t *family_json(const struct family_figures *f)
{
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I}", "broadcast", (json_int_t)f->broadcast,
			 "users", (json_int_t)f->users, "waiting", (json_int_t)f->waiting,
			 "in_flight", (json_int_t)f->in_flight, "delivered",
			 (json_int_t)f->delivered, "refused", (json_int_t)f->refused);
}

static json_t *first_contact_json(const struct figures *f)
{
	if (f->tried < 0)
		return json_null();
	return json_pack("{s:I, s:I, s:I, s:I}", "tried", (json_int_t)f->tried, "50",
			 (json_int_t)((f->half_ms + 999) / 1000), "90",
			 (json_int_t)((f->most_ms + 999) / 1000), "100",
			 (json_int_t)((f->first_ms + 999) / 1000));
}

json_t *figures_json(const struct figures *f)
{
	json_t *json =
		json_pack("{s:I, s:s, s:s, s:s, s:I}", "broadcast", (json_int_t)f->broadcast,
			  "title", f->title, "kind", kind_name(f->kind), "state",
			  broadcast_state_name(f->state), "targeted", (json_int_t)f->targeted);

	for (int state = 1; state < DELIVERY_STATE_END; state++)
		json_object_set_new(json, delivery_state_name((enum delivery_state)state),
				    json_integer(f->people[state]));
	json_object_set_new(json, "balanced", json_boolean(f->balanced));
	json_object_set_new(json, "fanned_out", json_boolean(f->fanned_out));
	json_object_set_new(json, "answers", answers_json(f));
	json_object_set_new(json, "attempts", attempts_json(f));
	if (f->family.broadcast)
		json_object_set_new(json, "family", family_json(&f->family));
	json_object_set_new(json, "down", down_json(f));
	json_object_set_new(json, "rate", json_real((double)(int64_t)(f->rate * 10 + 0.5) / 10));
	json_object_set_new(json, "eta",
			    f->eta_ms < 0 ? json_null() : json_integer((f->eta_ms + 999) / 1000));
	json_object_set_new(json, "first_contact", first_contact_json(f));
	json_object_set_new(json, "requested_at", moment_json(f->requested_at));
	json_object_set_new(json, "started_at", moment_json(f->started_at));
	json_object_set_new(json, "finished_at", moment_json(f->finished_at));
	json_object_set_new(json, "expires_at", moment_json(f->expires_at));
	return json;
}
