#include "common/auth/pin.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/store/caller.h"
#include "dispatcher/reply/answers/batch.h"
#include "dispatcher/reply/http/seen.h"
#include "dispatcher/reply/voice/talk.h"
#include "dispatcher/reply/voice/twiml.h"
#include "dispatcher/reply/voice/voice.h"
#include "dispatcher/reply/voice/webhook.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * People who call in. An ID that nobody has is asked for its PIN like any other, so that nobody can
 * find out by trying which there are.
 *
 * A wrong PIN counts once: not when the provider, or somebody who got hold of its request, sends it
 * again. The address that it goes to says when it was asked for, and is good for a while only.
 */

enum {
	TRIES_MOST = 3 /* in one call */,
	ID_MOST = 10 /* digits */,
	PIN_WITHIN_MS = 15 * 60 * 1000,
};

/* asking for ID and PIN */

static void gather(const struct visit *visit, struct buf *script, enum phrase phrase,
		   const char *path)
{
	char *action = webhook_url(visit->server, path);

	twiml_gather(script, phrase, action);
	free(action);
}

static void ask_for_id(const struct visit *visit, struct buf *script, int64_t tries)
{
	char *path = mem_format("/voice/inbound/id?n=%" PRId64, tries + 1);

	gather(visit, script, PHRASE_CALL_ID, path);
	free(path);
}

void voice_serve_inbound(struct visit *visit, const char *rest)
{
	struct buf script = {0};
	struct form form;

	(void)rest;
	if (!webhook_open(visit, &form))
		return;
	form_free(&form);
	twiml_begin(&script);
	ask_for_id(visit, &script, 0);
	twiml_end(&script);
	webhook_answer(visit, &script);
}

static int64_t tries_of(const struct visit *visit)
{
	return webhook_number(visit, "n");
}

static bool is_id(const char *digits)
{
	size_t length = strlen(digits);

	return length > 0 && length <= ID_MOST && strspn(digits, "0123456789") == length;
}

/* From the beginning, if there is patience left. */
static void try_again(const struct visit *visit, enum phrase why, struct buf *script)
{
	int64_t tries = tries_of(visit);

	twiml_say_all(script, why);
	if (tries < TRIES_MOST)
		ask_for_id(visit, script, tries);
	else
		twiml_say_all(script, PHRASE_CALL_BYE);
}

void voice_serve_id(struct visit *visit, const char *rest)
{
	struct buf script = {0};
	struct form form;

	(void)rest;
	if (!webhook_open(visit, &form))
		return;
	const char *id = webhook_field(&form, "Digits");
	twiml_begin(&script);
	if (is_id(id)) {
		char *path = mem_format("/voice/inbound/pin?id=%s&n=%" PRId64 "&t=%" PRId64, id,
					tries_of(visit), clock_utc());
		gather(visit, &script, PHRASE_CALL_PIN, path);
		free(path);
	} else {
		try_again(visit, PHRASE_CALL_REFUSED, &script);
	}
	twiml_end(&script);
	webhook_answer(visit, &script);
	form_free(&form);
}

/* the PIN */

struct login {
	struct entry entry; /* first */
	char id[ID_MOST + 1];
	char pin[PIN_MOST + 2]; /* one digit too many shows */
	bool late;              /* asked for too long ago */
	bool again;             /* this very request was here before */
	bool let_in, locked;
	struct caller caller;
};

static bool fits(struct login *l, int64_t now)
{
	struct caller *c = &l->caller;
	bool good = pin_fits(l->pin, c->pin_hash);

	l->locked = now < c->locked_until;
	l->let_in = good && !l->locked && !l->late;
	return l->let_in;
}

/* Wrong ones are counted, and a locked ID stays locked whatever comes. */
static enum store_status append(struct store *store, struct asked_cache *asked, struct entry *entry)
{
	struct login *l = (struct login *)entry;
	struct caller *c = &l->caller;
	int64_t now = clock_utc();

	(void)asked;
	*c = (struct caller){0};
	enum store_status status = caller_find(store, l->id, c);
	bool known = !status;
	if (status && status != STORE_NONE)
		return status;
	bool good = fits(l, now);
	if (!known || l->late || l->again || l->locked || (good && !c->wrong))
		return STORE_OK;
	c->wrong = good ? 0 : c->wrong + 1;
	if (c->wrong >= CALLER_WRONG_MOST) {
		c->wrong = 0;
		c->locked_until = now + CALLER_LOCKED_MS;
		log_warning("caller.locked", "person=%" PRId64, c->person);
	}
	return caller_save(store, c);
}

static void ask_question(struct login *l, struct buf *script)
{
	struct visit *visit = &l->entry.visit;
	struct call_party party = {.person = l->caller.person};
	struct talk talk = {0};
	enum store_status status =
		caller_broadcast(visit->server->store, party.person, clock_utc(), &party.broadcast);
	int problem = status ? 404 : talk_load(visit, &party, &talk);

	if (problem == 0)
		talk_ask(visit, &talk, script);
	else if (problem == 404)
		twiml_say(script, PHRASE_CALL_NOTHING, l->caller.language, NULL);
	else
		twiml_say(script, PHRASE_CALL_FAULT, l->caller.language, NULL);
	talk_free(&talk);
}

static void tell(struct entry *entry, bool recorded)
{
	struct login *l = (struct login *)entry;
	struct buf script = {0};

	twiml_begin(&script);
	if (!recorded)
		twiml_say_all(&script, PHRASE_CALL_FAULT);
	else if (l->let_in)
		ask_question(l, &script);
	else if (l->locked)
		twiml_say_all(&script, PHRASE_CALL_LOCKED);
	else
		try_again(&entry->visit, PHRASE_CALL_REFUSED, &script);
	twiml_end(&script);
	webhook_answer(&entry->visit, &script);
}

static void free_login(struct entry *entry)
{
	free((struct login *)entry);
}

void voice_serve_pin(struct visit *visit, const char *rest)
{
	struct form form;

	(void)rest;
	if (!webhook_open(visit, &form))
		return;
	struct login *l = mem_alloc(sizeof *l);
	char *id = webhook_query(visit, "id");
	l->entry =
		(struct entry){.visit = *visit, .append = append, .tell = tell, .free = free_login};
	int64_t age = clock_utc() - webhook_number(visit, "t");
	l->late = age < 0 || age > PIN_WITHIN_MS;
	l->again = seen_before(visit->server->pins, webhook_signature(visit));
	snprintf(l->id, sizeof l->id, "%s", id);
	snprintf(l->pin, sizeof l->pin, "%s", webhook_field(&form, "Digits"));
	batch_add(visit->server->batch, &l->entry);
	free(id);
	form_free(&form);
}

/* the answer */

void voice_serve_answer(struct visit *visit, const char *token)
{
	struct call_party party = {0};
	struct talk talk = {0};
	struct form form;

	if (!webhook_open(visit, &form))
		return;
	bool good = token_check(visit->server->keys, token, &party.broadcast, &party.person);
	int problem = good ? talk_load(visit, &party, &talk) : 404;
	talk.times = tries_of(visit);
	talk.asked = webhook_number(visit, "t");
	if (problem)
		respond_problem(visit, problem);
	else
		talk_hear(visit, &talk, webhook_field(&form, "Digits"));
	talk_free(&talk);
	form_free(&form);
}
