/*
 * Properties of the rule engine over random shakings, people, rules and orders of arrival, with
 * repetitions: nobody who was covered is left out, nobody is contacted twice for one level, nobody
 * without a reason, and what was taken back is put right once. A naive model that knows people
 * and shakings, but not how the engine tells them, says what must come out. A case that breaks it is
 * cut down and printed. A second model does the same for warnings that begin and end.
 *
 *	TENKO_SEED=N        the same cases again
 *	TENKO_SEQUENCES=N   how many
 */

#include "common/hazard/areas.h"
#include "test/unit/dice.h"
#include "test/unit/hazard_world.h"
#include "test/unit/run.h"

enum { PEOPLE = 5, REPORTS = 8, ARRIVALS = 14, SHAKINGS = 2, PLACES = 6, TOKYO = 4, MIYAGI = 5 };
enum { HALF_HOUR = 30, HOLD = 5, THRESHOLD = 50 };

/* Three regions of one prefecture, two others, and that prefecture. */
static const char *const places[PLACES] = {"220", "221", "222", "230", "350", "04"};
static const int levels[] = {0, 40, 45, 50, 55, 60, 70};

struct person {
	int work, home; /* places */
};

struct report {
	int shaking, id; /* each shaking has two ids; the second is known by time and region */
	int sent;        /* minutes after the shaking, each report its own */
	int title;
	bool cancel;
	int level[PLACES]; /* 0: not named */
};

struct scene {
	bool stronger, hold;
	unsigned addresses;
	int people, reports, arrivals;
	struct person person[PEOPLE];
	struct report report[REPORTS];
	int arrival[ARRIVALS]; /* numbers of reports */
};

/* making scenes */

static void random_report(struct dice *d, const struct scene *s, struct report *r)
{
	*r = (struct report){
		.shaking = below(d, SHAKINGS),
		.id = below(d, 3) == 0,
		.sent = s->reports * 2 + below(d, 2),
		.title = below(d, 2),
		.cancel = !s->hold && below(d, 6) == 0,
	};
	for (int p = 0; p < PLACES && !r->cancel; p++)
		if (below(d, 2))
			r->level[p] = levels[below(d, LENGTH(levels))];
	/* Where both ids name one region, they are known to be one shaking. */
	if (!r->cancel)
		r->level[TOKYO] = 70;
}

static void random_scene(struct scene *s, struct dice *d)
{
	*s = (struct scene){
		.stronger = below(d, 2),
		.hold = below(d, 4) == 0,
		.addresses = 1 + (unsigned)below(d, 3), /* work, home, both */
		.people = 1 + below(d, PEOPLE),
	};
	for (int i = 0; i < s->people; i++)
		s->person[i] = (struct person){below(d, PLACES), below(d, PLACES)};
	for (int reports = 1 + below(d, REPORTS); s->reports < reports; s->reports++)
		random_report(d, s, &s->report[s->reports]);
	s->arrivals = 1 + below(d, ARRIVALS);
	for (int i = 0; i < s->arrivals; i++)
		s->arrival[i] = below(d, s->reports);
}

/* the naive model */

static bool is_in(int address, int place)
{
	if (address == place)
		return true;
	return (address == MIYAGI && place < 3) || (place == MIYAGI && address < 3);
}

static bool lives_in(const struct scene *s, int person, int place)
{
	const struct person *p = &s->person[person];

	return ((s->addresses & ADDRESS_WORK) && is_in(p->work, place)) ||
	       ((s->addresses & ADDRESS_HOME) && is_in(p->home, place));
}

static bool is_covered(const struct scene *s, const struct report *r, int person)
{
	for (int p = 0; p < PLACES; p++)
		if (r->level[p] >= THRESHOLD && lives_in(s, person, p))
			return true;
	return false;
}

static bool cancels(const struct report *cancel, const struct report *r)
{
	return cancel->cancel && !r->cancel && cancel->shaking == r->shaking &&
	       cancel->id == r->id && cancel->title == r->title && cancel->sent >= r->sent;
}

/* running */

enum { BROADCASTS = 4 * ARRIVALS };

struct run {
	const struct scene *s;
	struct world world;
	struct buf *story;
	const char *fault;
	int report_of[WORLD_PASTS]; /* by decision */
	int broadcasts;
	unsigned reached[BROADCASTS + 1]; /* sets of people, by broadcast */
	int report_sent[BROADCASTS + 1], corrected[BROADCASTS + 1];
	bool owed[BROADCASTS + 1]; /* a correction */
	int contacts[SHAKINGS][PEOPLE], highest[SHAKINGS][PEOPLE];
	bool arrived[REPORTS];
};

static void hold_true(struct run *run, bool right, const char *fault)
{
	if (!right && !run->fault)
		run->fault = fault;
}

static int64_t minute_of(const struct report *r)
{
	return world_minute(r->shaking * HALF_HOUR);
}

/* The event borrows everything but its areas. */
static void make_event(const struct report *r, struct hazard_event *e, struct event_area *areas,
		       char *key, char **keys)
{
	static char titles[2][2] = {"a", "b"};

	snprintf(key, 8, "S%d%c", r->shaking, r->id ? 'b' : 'a');
	keys[0] = key;
	*e = (struct hazard_event){
		.format = FORMAT_JMA,
		.hazard = HAZARD_EARTHQUAKE,
		.status = EVENT_ACTUAL,
		.act = r->cancel ? EVENT_CANCEL : EVENT_REPORT,
		.keys = keys,
		.key_count = 1,
		.title = titles[r->title],
		.sent_at = minute_of(r) + r->sent * WORLD_MINUTE,
		.occurred_at = r->cancel ? 0 : minute_of(r) + r->id * WORLD_MINUTE,
		.areas = areas,
	};
	for (int p = 0; p < PLACES; p++) {
		if (!r->level[p])
			continue;
		areas[e->area_count] = (struct event_area){.level = r->level[p]};
		snprintf(areas[e->area_count++].region, 4, "%s", places[p]);
	}
}

static int place_of(const char *region)
{
	int p = 0;

	while (strcmp(places[p], region) != 0)
		p++;
	return p;
}

static int level_for(const struct run *run, const struct decision *d, int person)
{
	int level = 0;

	for (size_t i = 0; i < d->region_count; i++)
		if (d->regions[i].level > level &&
		    lives_in(run->s, person, place_of(d->regions[i].region)))
			level = d->regions[i].level;
	return level;
}

static void contact(struct run *run, int shaking, int person, int level)
{
	int *highest = &run->highest[shaking][person];

	run->contacts[shaking][person]++;
	if (run->s->stronger)
		hold_true(run, level > *highest, "contacted twice for a level");
	if (level > *highest)
		*highest = level;
}

/* After a cancel those contacted may be contacted again. */
static void forget(struct run *run, int broadcast, int shaking)
{
	for (int p = 0; p < run->s->people; p++) {
		if (!(run->reached[broadcast] & 1u << p))
			continue;
		run->contacts[shaking][p]--;
		run->highest[shaking][p] = 0;
	}
}

static void watch_send(struct run *run, const struct report *r, const struct decision *d,
		       unsigned siblings)
{
	unsigned spared = d->except_before ? siblings : 0;
	int b = ++run->broadcasts;

	for (size_t i = 0; i < d->except_count; i++)
		spared |= run->reached[d->except[i]];
	run->report_sent[b] = (int)(r - run->s->report);
	for (int p = 0; p < run->s->people; p++) {
		int level = level_for(run, d, p);
		if (!level || (spared & 1u << p))
			continue;
		run->reached[b] |= 1u << p;
		contact(run, r->shaking, p, level);
		hold_true(run, level >= THRESHOLD, "contacted below the threshold");
	}
}

static void watch_correct(struct run *run, const struct report *r, const struct decision *d)
{
	run->broadcasts++;
	hold_true(run, r->cancel, "corrected without a cancel");
	for (size_t i = 0; i < d->correct_count; i++) {
		int64_t b = d->corrects[i];
		const struct report *sent = &run->s->report[run->report_sent[b]];
		hold_true(run, cancels(r, sent), "corrected what was not cancelled");
		run->corrected[b]++;
		forget(run, (int)b, r->shaking);
	}
}

static bool was_cancelled(const struct run *run, const struct report *r)
{
	for (int i = 0; i < run->s->reports; i++)
		if (run->arrived[i] && cancels(&run->s->report[i], r))
			return true;
	return false;
}

static void watch(struct run *run, int report, const struct decisions *decisions, int64_t now,
		  const struct hazard_event *e)
{
	const struct report *r = &run->s->report[report];
	unsigned siblings = 0;

	for (size_t i = 0; i < decisions->count; i++) {
		const struct decision *d = &decisions->list[i];
		run->report_of[run->world.count] = report;
		world_keep(&run->world, e, d, now);
		if (run->story) {
			world_tell(run->story, &run->world, e, d);
			buf_format(run->story, "\n     %s\n", d->reason);
		}
		if (d->verdict == VERDICT_SEND) {
			hold_true(run, !was_cancelled(run, r), "sent what was taken back");
			watch_send(run, r, d, siblings);
			siblings |= run->reached[run->broadcasts];
		} else if (d->verdict == VERDICT_CORRECT) {
			watch_correct(run, r, d);
		}
		hold_true(run, d->verdict != VERDICT_DRILL, "a drill for an actual event");
		hold_true(run, d->verdict != VERDICT_HOLD || run->s->hold, "held without need");
	}
}

static void ask(struct run *run, int report, int64_t now, bool due)
{
	struct event_area areas[PLACES];
	struct hazard_event e;
	char key[8], *keys[1];
	struct decisions decisions;
	const struct world *w = &run->world;

	make_event(&run->s->report[report], &e, areas, key, keys);
	if (run->story)
		buf_format(run->story, "  %3lld %s report %d: ",
			   (long long)((now - world_minute(0)) / WORLD_MINUTE), due ? "due" : "new",
			   report);
	if (due)
		decide_due(&w->rules, "q", w->past, w->count, &e, now, NULL, 0, &decisions);
	else
		decide(&w->rules, w->past, w->count, &e, now, NULL, 0, &decisions);
	watch(run, report, &decisions, now, &e);
	decisions_free(&decisions);
}

static void resume(struct run *run, int64_t now)
{
	for (size_t i = 0; i < run->world.count && !run->fault; i++) {
		struct past *p = &run->world.past[i];
		if (!p->due_at || p->due_at > now)
			continue;
		ask(run, run->report_of[i], p->due_at, true);
		hold_true(run, run->world.past[i].due_at == 0, "held for ever");
	}
}

static void watch_end(struct run *run)
{
	for (int i = 0; i < run->s->reports; i++) {
		const struct report *r = &run->s->report[i];
		if (!run->arrived[i] || r->cancel || was_cancelled(run, r))
			continue;
		for (int p = 0; p < run->s->people; p++) {
			bool told = false;
			for (int b = 1; b <= run->broadcasts; b++)
				told |= (run->reached[b] & 1u << p) &&
					run->s->report[run->report_sent[b]].shaking == r->shaking;
			hold_true(run, told || !is_covered(run->s, r, p),
				  "covered, and never contacted");
		}
	}
	for (int b = 1; b <= run->broadcasts; b++)
		hold_true(run, run->corrected[b] == run->owed[b],
			  run->owed[b] ? "not corrected, or twice" : "corrected for nothing");
}

/* What has been sent of a report is owed a correction once its cancel arrives. */
static void note_owed(struct run *run, const struct report *r)
{
	for (int b = 1; b <= run->broadcasts; b++) {
		int sent = run->report_sent[b];
		run->owed[b] |= sent >= 0 && cancels(r, &run->s->report[sent]);
	}
}

static const char *run_scene(const struct scene *s, const struct rules *rules, struct buf *story)
{
	static struct run run;
	int64_t now = world_minute(2 * HALF_HOUR);

	run = (struct run){.s = s, .story = story};
	run.world.rules = *rules;
	for (int b = 0; b <= BROADCASTS; b++)
		run.report_sent[b] = -1;
	for (int i = 0; i < s->arrivals && !run.fault; i++, now += 3 * WORLD_MINUTE) {
		resume(&run, now);
		note_owed(&run, &s->report[s->arrival[i]]);
		run.arrived[s->arrival[i]] = true;
		ask(&run, s->arrival[i], now, false);
		for (int k = 0; k < SHAKINGS && !s->stronger; k++)
			for (int p = 0; p < s->people; p++)
				hold_true(&run, run.contacts[k][p] <= 1, "contacted twice");
	}
	resume(&run, now + HOLD * WORLD_MINUTE);
	watch_end(&run);
	run.world.rules = (struct rules){0};
	world_end(&run.world);
	return run.fault;
}

/* the rules of a scene */

static void make_rules(const struct scene *s, struct rules *rules)
{
	struct buf fault = {0};
	char *text = mem_format("[q]\nhazard = earthquake\nthreshold = 5+\nage_most = 1d\n"
				"stronger_breaks = %s\nhold = %dm\n",
				s->stronger ? "yes" : "no", s->hold ? HOLD : 0);

	ck_assert_msg(rules_read_bytes("q.conf", text, strlen(text), rules, &fault), "%s",
		      buf_text(&fault));
	free(text);
}

static struct rules rule_sets[2][2]; /* by stronger and hold */

static const char *run_any(const struct scene *s, struct buf *story)
{
	struct rules *rules = &rule_sets[s->stronger][s->hold];

	if (!rules->count)
		make_rules(s, rules);
	rules->list[0].addresses = s->addresses;
	return run_scene(s, rules, story);
}

/* making a scene smaller */

static void drop_arrival(struct scene *s, int n)
{
	memmove(&s->arrival[n], &s->arrival[n + 1],
		sizeof(s->arrival[0]) * (size_t)(s->arrivals - n - 1));
	s->arrivals--;
}

/* The n-th thing that can be made simpler; false when there is no n-th. */
static bool simplify(struct scene *s, int n)
{
	if (n < s->arrivals) {
		drop_arrival(s, n);
		return true;
	}
	n -= s->arrivals;
	if (n < s->people) {
		s->person[n] = s->person[--s->people];
		return true;
	}
	n -= s->people;
	if (n < s->reports * PLACES) {
		int *level = &s->report[n / PLACES].level[n % PLACES];
		*level = n % PLACES == TOKYO ? *level : 0;
		return true;
	}
	n -= s->reports * PLACES;
	if (n < s->people) {
		s->person[n].work = s->person[n].home;
		return true;
	}
	return false;
}

static void shrink(struct scene *s)
{
	for (int n = 0;;) {
		struct scene simpler = *s;
		if (!simplify(&simpler, n))
			return;
		bool fails = memcmp(&simpler, s, sizeof *s) != 0 && run_any(&simpler, NULL);
		if (fails)
			*s = simpler;
		n = fails ? 0 : n + 1;
	}
}

static void tell_report(struct buf *out, const struct scene *s, int n)
{
	const struct report *r = &s->report[n];

	buf_format(out, "  report %d: S%d%c title %c sent +%d%s", n, r->shaking, r->id ? 'b' : 'a',
		   r->title ? 'b' : 'a', r->sent, r->cancel ? " cancel" : "");
	for (int p = 0; p < PLACES; p++)
		if (r->level[p])
			buf_format(out, " %s:%d", places[p], r->level[p]);
	buf_char(out, '\n');
}

static void fail_with(struct scene *s, long number)
{
	struct buf story = {0};

	shrink(s);
	buf_format(&story,
		   "scene %ld of TENKO_SEED=%" PRIu64 ", cut down; stronger %d, hold %d, "
		   "addresses %u\n",
		   number, dice_seed, s->stronger, s->hold, s->addresses);
	for (int i = 0; i < s->people; i++)
		buf_format(&story, "  person %d: work %s, home %s\n", i, places[s->person[i].work],
			   places[s->person[i].home]);
	for (int i = 0; i < s->reports; i++)
		for (int j = 0; j < s->arrivals; j++)
			if (s->arrival[j] == i) {
				tell_report(&story, s, i);
				break;
			}
	const char *fault = run_any(s, &story);
	ck_assert_msg(false, "%s\n%s", fault, buf_text(&story));
}

START_TEST(any_order_contacts_everybody_once)
{
	for (long i = 0; i < dice_sequences; i++) {
		struct dice d = dice_of(i);
		struct scene s;
		random_scene(&s, &d);
		if (run_any(&s, NULL))
			fail_with(&s, i);
	}
	for (int i = 0; i < 4; i++)
		rules_free(&rule_sets[i / 2][i % 2]);
}
END_TEST

/* warnings that begin and end: what is sent is what has just begun */

enum { KINDS_OF_WEATHER = 2, STATES = KINDS_OF_WEATHER * 3 };

static const char *const kinds[KINDS_OF_WEATHER] = {"rain", "flood"};

/* A set of bits: place * 2 + kind is over the threshold. */
static void make_state(unsigned state, int sent, struct hazard_event *e, struct event_area *areas,
		       char **keys)
{
	static char title[] = "warnings";

	keys[0] = title;
	*e = (struct hazard_event){
		.format = FORMAT_JMA,
		.hazard = HAZARD_WEATHER,
		.status = EVENT_ACTUAL,
		.act = EVENT_REPORT,
		.restates = true,
		.keys = keys,
		.key_count = 1,
		.title = title,
		.sent_at = world_minute(sent),
		.areas = areas,
	};
	for (int i = 0; i < STATES; i++) {
		struct event_area *area = &areas[e->area_count];
		*area = (struct event_area){.level = state & 1u << i ? 2 : 1};
		snprintf(area->region, sizeof area->region, "%s", places[i / KINDS_OF_WEATHER]);
		snprintf(area->what, sizeof area->what, "%s", kinds[i % KINDS_OF_WEATHER]);
		/* below the threshold or not named: the same */
		e->area_count += state & 1u << i ? 1u : (size_t)(sent + i) % 2;
	}
}

static unsigned state_of(const struct acted *list, size_t count)
{
	unsigned state = 0;

	for (size_t i = 0; i < count; i++)
		state |= 1u << (place_of(list[i].region) * KINDS_OF_WEATHER +
				(strcmp(list[i].what, kinds[1]) == 0));
	return state;
}

static void check_states(struct dice *d, const struct rules *rules, long number)
{
	struct world w = {.rules = *rules};
	unsigned before = 0;
	int count = 1 + below(d, ARRIVALS), sent = 0, last = -1;

	for (int i = 0; i < count; i++, sent += below(d, 2)) {
		struct event_area areas[STATES];
		struct hazard_event e;
		char *keys[1];
		struct decisions decisions;
		bool repeated = sent == last || below(d, 3) == 0;
		unsigned state = repeated ? before : (unsigned)below(d, 1 << STATES);
		last = sent;
		make_state(state, sent, &e, areas, keys);
		decide(&w.rules, w.past, w.count, &e, world_minute(sent), NULL, 0, &decisions);
		const struct decision *got = &decisions.list[0];
		ck_assert_uint_eq(decisions.count, 1);
		ck_assert_msg(state_of(got->regions, got->region_count) == (state & ~before),
			      "scene %ld of TENKO_SEED=%" PRIu64 ", report %d: %s", number,
			      dice_seed, i, got->reason);
		ck_assert_msg(state_of(got->marks, got->mark_count) == (before & ~state),
			      "scene %ld of TENKO_SEED=%" PRIu64 ", report %d: %s", number,
			      dice_seed, i, got->reason);
		world_keep(&w, &e, got, world_minute(sent));
		decisions_free(&decisions);
		before = state;
	}
	w.rules = (struct rules){0};
	world_end(&w);
}

START_TEST(what_is_sent_of_warnings_is_what_began)
{
	static const char text[] = "[w]\nhazard = weather\nthreshold = warning\n";
	struct rules rules;
	struct buf fault = {0};

	ck_assert_msg(rules_read_bytes("w.conf", text, strlen(text), &rules, &fault), "%s",
		      buf_text(&fault));
	for (long i = 0; i < dice_sequences; i++) {
		struct dice d = dice_of(i);
		check_states(&d, &rules, i);
	}
	rules_free(&rules);
}
END_TEST

static void load(void)
{
	struct buf fault = {0};

	setenv("TENKO_DATADIR", "config", 0);
	ck_assert_msg(areas_load(&fault), "%s", buf_text(&fault));
}

int main(void)
{
	Suite *suite = suite_create("decide properties");
	TCase *t = tcase_create("properties");

	dice_sequences = 10000;
	dice_from_environment();
	tcase_set_timeout(t, 600);
	tcase_add_unchecked_fixture(t, load, NULL);
	tcase_add_test(t, any_order_contacts_everybody_once);
	tcase_add_test(t, what_is_sent_of_warnings_is_what_began);
	suite_add_tcase(suite, t);
	return run_suite(suite);
}
