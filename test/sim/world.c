#include "test/sim/world.h"

#include "common/base/clock.h"
#include "test/sim/crew.h"
#include "test/sim/model.h"
#include "test/sim/process.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

enum {
	SECOND = 1000,
	MINUTE = 60 * SECOND,
	HOUR = 60 * MINUTE,
	CALM_TURNS = 250,
};

/* the clock */

static int64_t wall, monotonic;

static int64_t read_wall(void)
{
	return wall;
}

static int64_t read_monotonic(void)
{
	return monotonic;
}

void world_pass_time(int64_t ms)
{
	wall += ms;
	monotonic += ms;
}

/* Tokens are texts in the jobs, and nothing here reads them. */
void token_make(const struct token_keys *keys, int64_t broadcast, int64_t person, char *text)
{
	(void)keys, (void)broadcast, (void)person;
	*text = '\0';
}

void token_make_call(const struct token_keys *keys, int64_t attempt, char *text)
{
	(void)keys, (void)attempt;
	*text = '\0';
}

void world_tell(struct world *w, const char *format, ...)
{
	char text[160];
	va_list arguments;

	if (!w->story)
		return;
	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	buf_format(w->story, "; %s", text);
}

/* people */

static void reply(struct world *w, int who, int choice)
{
	struct store *t = &w->store;

	if (t->reply_count == FACTS_MOST)
		return;
	struct reply_fact *fact = &t->replies[t->reply_count++];
	*fact = (struct reply_fact){
		.id = t->reply_count,
		.broadcast = 1 + who / t->people_count % t->now.broadcast_count,
		.person = 1 + who % t->people_count,
		.at = wall,
	};
	snprintf(fact->choice, sizeof fact->choice, "%s", twin_choice(choice % CHOICES));
	world_tell(w, "person %" PRId64 " of broadcast %" PRId64, fact->person, fact->broadcast);
}

static void control(struct world *w, int broadcast, enum control_verb verb)
{
	struct store *t = &w->store;

	if (t->control_count == FACTS_MOST)
		return;
	struct control_fact *fact = &t->controls[t->control_count++];
	*fact = (struct control_fact){
		.id = t->control_count,
		.broadcast = 1 + broadcast % t->now.broadcast_count,
		.verb = verb,
	};
	world_tell(w, "%s broadcast %" PRId64, control_verb_name(verb), fact->broadcast);
}

void world_ask(struct world *w)
{
	struct twin_data *t = &w->store.now;

	if (t->broadcast_count == BROADCASTS_MOST)
		return;
	struct broadcast *b = &t->broadcasts[t->broadcast_count++];
	*b = (struct broadcast){
		.id = t->broadcast_count,
		.kind = KIND_SAFETY,
		.state = BROADCAST_REQUESTED,
		.lane = t->broadcast_count == 1,
		.channels = CHANNELS_ALL,
		.policy = w->setup->policy,
		.targeted = w->store.people_count,
		.requested_at = wall,
		.expires_at = wall + w->setup->lifetime,
	};
}

void world_tell_of_call(struct world *w, int which, enum call_status status)
{
	struct store *t = &w->store;

	if (w->call_count == 0 || t->call_count == FACTS_MOST)
		return;
	which %= w->call_count;
	struct call_event *fact = &t->calls[t->call_count++];
	*fact = (struct call_event){
		.id = t->call_count,
		.attempt = w->calls[which].attempt,
		.status = status,
		.at = wall,
	};
	snprintf(fact->sid, sizeof fact->sid, "call%d", which + 1);
	w->calls[which].over |= call_outcome(status, "") != OUTCOME_NONE;
	world_tell(w, "call %d of attempt %" PRId64 " is %s", which + 1, fact->attempt,
		   call_status_name(status));
}

/* events */

static int64_t time_of(const struct world *w, int kind, int size)
{
	int64_t left = w->up && w->next != INT64_MAX ? w->next - monotonic : 0;

	switch (kind % 6) {
	case 0:
	case 1:
		return left > 0 && left < HOUR ? left : 1;
	case 2:
		return size % SECOND;
	case 3:
		return SECOND;
	case 4:
		return 5 * SECOND;
	default:
		return MINUTE;
	}
}

void world_look_or_turn(struct world *w, enum happening what)
{
	process_start(w);
	if (w->up && what == HAPPENS_LOOK)
		process_look(w);
	else if (w->up)
		process_turn(w);
}

static void trouble(struct world *w, const struct event *e)
{
	static const int64_t jumps[] = {HOUR, -HOUR, 3 * SECOND, -3 * SECOND};

	switch ((int)e->what) {
	case HAPPENS_OUTAGE: {
		bool *down = &w->down[1 + e->a % (CHANNEL_END - 1)];
		*down = !*down;
		world_tell(w, "%s %s", channel_name((enum channel)(1 + e->a % (CHANNEL_END - 1))),
			   *down ? "down" : "up");
		break;
	}
	case HAPPENS_EMPTY:
		queue_empty(w);
		break;
	case HAPPENS_COPY:
		w->copy = w->belt.queue;
		w->copied = true;
		break;
	case HAPPENS_PUT_BACK:
		if (w->copied)
			queue_put_back(w, &w->copy);
		break;
	case HAPPENS_LOSE:
		queue_lose_result(w, e->a);
		break;
	case HAPPENS_KILL:
		w->faults.dies_in = 1 + e->a % 60;
		w->faults.partly = e->b;
		break;
	case HAPPENS_BREAK:
		w->faults.belt_breaks_in = 1 + e->a % 20;
		w->faults.partly = e->b;
		break;
	case HAPPENS_FAIL:
		w->faults.store_fails_in = 1 + e->a % 40;
		w->faults.fails_for = 1 + e->b % 3;
		break;
	case HAPPENS_CLOCK:
		wall += jumps[e->a % (int)LENGTH(jumps)];
		break;
	case HAPPENS_GONE:
		w->store.people[e->a % w->store.people_count].gone |= 1u << (1 + e->b % 3);
		break;
	default:
		break;
	}
}

static void happen(struct world *w, const struct event *e)
{
	struct worker *worker = &w->workers[e->a % WORKERS];

	switch ((int)e->what) {
	case HAPPENS_TURN:
	case HAPPENS_LOOK:
		world_look_or_turn(w, e->what);
		break;
	case HAPPENS_TIME:
		world_pass_time(time_of(w, e->a, e->b));
		break;
	case HAPPENS_CLAIM:
		crew_claim(w, worker, 1 + e->b % BATCH_MOST);
		break;
	case HAPPENS_DELIVER:
		crew_deliver(w, worker, e->b, e->b / 8 % 4 > 0);
		break;
	case HAPPENS_REPORT:
		crew_report(w, worker, (enum reporting)(e->b % 8 < 6 ? 0 : e->b % 8 - 5));
		break;
	case HAPPENS_DIE:
		crew_die(w, worker);
		break;
	case HAPPENS_REPLY:
		reply(w, e->a, e->b);
		break;
	case HAPPENS_CONTROL:
		control(w, e->a, (enum control_verb)(1 + e->b % (CONTROL_END - 1)));
		break;
	case HAPPENS_ASK:
		world_ask(w);
		break;
	case HAPPENS_CALL:
		world_tell_of_call(w, e->a, (enum call_status)(1 + e->b % (CALL_END - 1)));
		break;
	case HAPPENS_AGAIN:
		if (worker->alive)
			crew_report_all(w, worker);
		break;
	case HAPPENS_SWAP:
		queue_swap_results(w, e->a);
		break;
	default:
		trouble(w, e);
		break;
	}
}

/* the end */

static bool is_over(const struct world *w)
{
	const struct twin_data *t = &w->store.now;
	bool over = w->store.reply_count == t->replies_seen &&
		    w->store.control_count == t->controls_seen;

	for (int i = 0; i < t->broadcast_count; i++)
		over = over && t->broadcasts[i].state >= BROADCAST_FINISHED &&
		       t->broadcasts[i].sweep == 0;
	for (int i = 0; i < t->attempt_count; i++)
		over = over && t->attempts[i].outcome;
	return over;
}

static void all_work(struct world *w)
{
	for (int i = 0; i < WORKERS; i++) {
		struct worker *worker = &w->workers[i];
		crew_claim(w, worker, BATCH_MOST);
		for (int k = 0; k < BATCH_MOST; k++)
			crew_deliver(w, worker, 0, true);
		crew_report(w, worker, REPORT_ONCE);
	}
	for (int i = 0; i < w->call_count && w->store.call_count < FACTS_MOST; i++)
		if (!w->calls[i].over)
			world_tell_of_call(w, i, CALL_NO_ANSWER);
}

static void wait_calmly(struct world *w)
{
	int64_t left = w->up ? w->next - monotonic : 1;
	bool out = w->s.belt_state != BELT_RUNNING || w->disturbed;

	for (int c = CHANNEL_NONE + 1; c < CHANNEL_END; c++)
		out |= w->s.pacers[c].out > 0;
	if (w->next == INT64_MAX || (out && left > SECOND))
		left = SECOND;
	if (left > 0)
		world_pass_time(left);
}

/* From now on nothing goes wrong: all must come to its end. */
static void calm_down(struct world *w)
{
	memset(w->down, 0, sizeof w->down);
	w->faults = (struct faults){0};
	for (int b = 0; b < w->store.now.broadcast_count; b++)
		control(w, b, CONTROL_RESUME);
	for (int i = 0; !w->fault; i++) {
		if (i == CALM_TURNS) {
			model_fault(w, "it does not come to an end");
			return;
		}
		world_look_or_turn(w, HAPPENS_LOOK);
		world_look_or_turn(w, HAPPENS_TURN);
		if (is_over(w))
			break;
		all_work(w);
		wait_calmly(w);
	}
	if (!w->fault)
		model_ended(w);
}

/* begin */

static void populate(struct world *w, const struct setup *setup)
{
	struct store *t = &w->store;

	t->people_count = setup->people;
	for (int i = 0; i < setup->people; i++) {
		t->people[i].plan = plan_pack(&setup->plans[i]);
		for (int k = 0; k < (int)LENGTH(t->people[i].telephones); k++)
			t->people[i].telephones[k] = setup->shared && i < 2 ? k : 10 * (i + 1) + k;
		t->now.devices[i] = true;
	}
}

void world_begin(struct world *w, const struct setup *setup, struct buf *story)
{
	static const enum channel channels[WORKERS] = {CHANNEL_MAIL, CHANNEL_MAIL, CHANNEL_VOICE,
						       CHANNEL_PUSH};
	static const struct clock_source source = {read_wall, read_monotonic};
	static char nothing[] = "";

	memset(w, 0, offsetof(struct world, store));
	memset(&w->store, 0, offsetof(struct store, now));
	memset(&w->store.now, 0, offsetof(struct twin_data, attempts));
	wall = INT64_C(1800000000000);
	monotonic = INT64_C(1000000);
	clock_replace(&source);
	w->setup = setup;
	w->story = story;
	w->next = INT64_MAX;
	w->disturbed = true; /* a queue that has never been */
	w->settings = (struct settings){
		.tenko_organisation = nothing,
		.reply_base_url = nothing,
		.reply_inside_url = nothing,
		.voice_ring_timeout = 30 * SECOND,
		.voice_longest_talk = 60 * SECOND,
		.voice_grace = 30 * SECOND,
		.pacing_mail_window = setup->windows[CHANNEL_MAIL],
		.pacing_voice_window = setup->windows[CHANNEL_VOICE],
		.pacing_push_window = setup->windows[CHANNEL_PUSH],
		.pacing_mail_rate = setup->rate,
		.pacing_outage_backoff = SECOND,
		.pacing_outage_backoff_most = 8 * SECOND,
		.pacing_outage_after = MINUTE,
	};
	w->store.faults = w->belt.faults = &w->faults;
	w->store.world = w->belt.world = w;
	for (int i = 0; i < WORKERS; i++)
		w->workers[i] = (struct worker){.channel = channels[i], .alive = true};
	populate(w, setup);
	world_ask(w);
}

void world_end(struct world *w)
{
	if (w->up)
		process_bury(w);
	clock_replace(NULL);
}

const char *happening_words(enum happening what)
{
#define X(symbol, words) words,
	static const char *const names[] = {HAPPENINGS(X)};
#undef X
	return names[what];
}

const char *world_run(const struct schedule *schedule, struct buf *story)
{
	static struct world world;
	struct world *w = &world;

	world_begin(w, &schedule->setup, story);
	for (int i = 0; !w->fault && i < schedule->count; i++) {
		if (story)
			buf_format(story, "\n  %2d  %s (%d, %d)", i + 1,
				   happening_words(schedule->events[i].what), schedule->events[i].a,
				   schedule->events[i].b);
		happen(w, &schedule->events[i]);
	}
	if (story && !w->fault)
		buf_text_add(story, "\n      from here on nothing goes wrong");
	if (!w->fault)
		calm_down(w);
	world_end(w);
	return w->fault;
}
