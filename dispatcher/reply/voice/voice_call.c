#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "dispatcher/reply/answers/batch.h"
#include "dispatcher/reply/voice/talk.h"
#include "dispatcher/reply/voice/twiml.h"
#include "dispatcher/reply/voice/voice.h"
#include "dispatcher/reply/voice/webhook.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Calls that we placed. */

/* 0, or the status of the problem page. */
static int find_party(const struct visit *visit, const char *token, struct call_party *party)
{
	int64_t attempt;

	if (!token_check_call(visit->server->keys, token, &attempt))
		return 404;
	enum store_status status = call_party_load(visit->server->store, attempt, party);
	if (status && status != STORE_NONE)
		log_error("reply.store", "attempt=%lld error=%s", (long long)attempt,
			  log_quote(store_error(visit->server->store)));
	return status == STORE_NONE ? 404 : status ? 503 : 0;
}

/* what becomes of a call */

struct call_report {
	struct entry entry; /* first */
	struct call_event event;
	struct buf script; /* the answer; empty: there is nothing to say */
};

static enum store_status append(struct store *store, struct asked_cache *asked, struct entry *entry)
{
	(void)asked;
	return call_event_append(store, &((const struct call_report *)entry)->event);
}

static void tell(struct entry *entry, bool recorded)
{
	struct call_report *r = (struct call_report *)entry;
	static const struct buf nothing;

	if (r->script.length > 0)
		webhook_answer(&entry->visit, &r->script);
	else if (recorded)
		respond(&entry->visit, 204, TYPE_TEXT, &nothing);
	else
		respond_problem(&entry->visit, 503);
}

static void free_report(struct entry *entry)
{
	struct call_report *r = (struct call_report *)entry;

	buf_free(&r->script);
	free(r);
}

/* Cut where it is too long for what a provider says. */
#define COPY(to, form, name) snprintf(to, sizeof(to), "%s", webhook_field(form, name))

/* Takes the script. */
static void report(const struct visit *visit, int64_t attempt, enum call_status status,
		   const struct form *form, struct buf *script)
{
	struct call_report *r = mem_alloc(sizeof *r);

	*r = (struct call_report){
		.entry = {.visit = *visit, .append = append, .tell = tell, .free = free_report},
		.event = {.attempt = attempt,
			  .status = status,
			  .sequence = atoll(webhook_field(form, "SequenceNumber")),
			  .at = clock_utc()},
	};
	COPY(r->event.sid, form, "CallSid");
	COPY(r->event.answered_by, form, "AnsweredBy");
	if (script)
		r->script = *script;
	batch_add(visit->server->batch, &r->entry);
}

void voice_serve_events(struct visit *visit, const char *token)
{
	struct call_party party;
	struct form form;

	if (!webhook_open(visit, &form))
		return;
	const char *name = webhook_field(&form, "CallStatus");
	enum call_status status = call_status_by_name(name);
	int problem = find_party(visit, token, &party);
	if (!problem && !status) {
		log_warning("call.status_unknown", "attempt=%lld status=%s",
			    (long long)party.attempt, log_quote(name));
		problem = 400;
	}
	if (problem)
		respond_problem(visit, problem);
	else
		report(visit, party.leader, status, &form, NULL);
	form_free(&form);
}

/* the conversation */

/* A machine hears the message, if that is wanted, and is not asked. */
static void leave_message(const struct visit *visit, const struct talk *talk,
			  const struct form *form)
{
	struct twiml_view view = {
		.page = &talk->page,
		.question = &talk->question,
		.organisation = visit->server->settings->tenko_organisation,
	};
	struct buf script = {0};

	twiml_begin(&script);
	if (visit->server->settings->voice_leave_message)
		twiml_tell(&script, &view);
	twiml_end(&script);
	report(visit, talk->party.leader, CALL_IN_PROGRESS, form, &script);
}

static void begin(const struct visit *visit, const struct talk *talk)
{
	struct buf script = {0};

	twiml_begin(&script);
	if (talk_is_open(talk))
		talk_ask(visit, talk, &script);
	else
		twiml_say(&script, PHRASE_CALL_OVER, talk->page.language, NULL);
	twiml_end(&script);
	webhook_answer(visit, &script);
}

/* At the beginning of a call: who has answered already, on the page say, is not asked again. */
static void skip_answered(const struct visit *visit, struct call_party *party)
{
	struct call_party first;

	if (party->attempt == party->leader &&
	    !call_party_next(visit->server->store, party->leader, 0, &first))
		*party = first;
}

static void converse(struct visit *visit, const char *token, const struct form *form)
{
	const char *digits = form_value(form, "Digits");
	struct call_party party;
	struct talk talk = {0};
	int problem = find_party(visit, token, &party);

	if (!problem && !digits)
		skip_answered(visit, &party);
	if (!problem)
		problem = talk_load(visit, &party, &talk);
	talk.times = webhook_number(visit, "n");
	talk.asked = webhook_number(visit, "t");
	if (problem)
		respond_problem(visit, problem);
	else if (!digits && call_by_machine(webhook_field(form, "AnsweredBy")))
		leave_message(visit, &talk, form);
	else if (!digits)
		begin(visit, &talk);
	else
		talk_hear(visit, &talk, digits);
	talk_free(&talk);
}

void voice_serve_call(struct visit *visit, const char *token)
{
	struct form form;

	if (!webhook_open(visit, &form))
		return;
	converse(visit, token, &form);
	form_free(&form);
}
