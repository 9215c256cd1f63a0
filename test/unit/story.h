#pragma once

/*
 * Signs in which the tests of the escalation read plans and events and tell what came of them:
 *
 *	plan    "V M3 V"   order 1 a telephone, order 2 mail with three addresses, order 3 ...
 *	events  d delivered (used up)   x refused   t temporary   u unknown   o outage
 *	        n not tried             r replied   c cancelled   w the wait is over
 *	        s start again           e is there something else to do than wait
 *	        M V P  the channel goes down, or comes up again; then e
 *	told    2M3.1@10   order 2, mail, address (3), first try, due at minute 10
 *	        ...p       it may be parked while the channel is down
 *	        wait@40 exhausted@40 stop@3, and none where the event did not fit
 */

#include "common/base/buf.h"
#include "dispatcher/scheduler/escalation.h"

#include <ctype.h>
#include <string.h>

static const char channel_signs[] = "-MVP";      /* by enum channel */
static const char event_signs[] = "swdxtuonrce"; /* by enum chain_event */

enum { EVENTS = EVENT_ELSEWHERE + 1 };

/* The text is known to be sound. */
static inline struct plan story_plan(const char *text)
{
	struct plan plan = {0};
	int seen[CHANNEL_END] = {0};

	for (; *text; text++) {
		if (isdigit((unsigned char)*text)) {
			plan.step[plan.steps - 1].addresses = *text - '0';
		} else if (*text != ' ') {
			const char *sign = memchr(channel_signs, *text, sizeof(channel_signs));
			enum channel channel = (enum channel)(sign - channel_signs);
			plan.step[plan.steps] = (struct plan_step){
				.channel = channel,
				.dial_order = plan.steps + 1,
				.position = ++seen[channel],
				.addresses = 1,
			};
			plan.steps++;
		}
	}
	return plan;
}

static inline void story_tell(struct buf *story, struct action a)
{
	static const char *const words[] = {"", "wait", "exhausted", "stop", "none"};

	if (a.kind == ACTION_TRY)
		buf_format(story, "%d%c%d.%d", a.dial_order, channel_signs[a.channel], a.address,
			   a.attempt);
	else
		buf_text_add(story, words[a.kind]);
	if (a.kind != ACTION_NONE)
		buf_format(story, "@%lld", (long long)a.at);
	if (a.may_park)
		buf_char(story, 'p');
}

static inline bool same_action(struct action a, struct action b)
{
	return a.kind == b.kind && a.at == b.at && a.channel == b.channel &&
	       a.dial_order == b.dial_order && a.position == b.position && a.address == b.address &&
	       a.attempt == b.attempt && a.may_park == b.may_park;
}

static inline bool same_chain(const struct chain *a, const struct chain *b)
{
	return a->phase == b->phase && a->round == b->round && a->step == b->step &&
	       a->pass == b->pass && a->address == b->address && a->marks == b->marks &&
	       a->owed == b->owed && a->soft_passes == b->soft_passes;
}
