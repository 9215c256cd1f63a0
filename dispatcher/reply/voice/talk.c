#include "dispatcher/reply/voice/talk.h"

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "dispatcher/reply/answers/batch.h"
#include "dispatcher/reply/voice/twiml.h"
#include "dispatcher/reply/voice/webhook.h"

#include <inttypes.h>
#include <stdlib.h>

enum { ABSENT = '0', AGAIN = '9' };

static void store_failed(const struct visit *visit)
{
	log_error("reply.store", "broadcast=%" PRId64 " person=%" PRId64 " error=%s",
		  visit->broadcast, visit->person, log_quote(store_error(visit->server->store)));
}

int talk_load(struct visit *visit, const struct call_party *party, struct talk *talk)
{
	struct buf fault = {0};

	*talk = (struct talk){.party = *party};
	visit->broadcast = party->broadcast;
	visit->person = party->person;
	enum store_status status =
		reply_page_load(visit->server->store, party->broadcast, party->person, &talk->page);
	if (status == STORE_NONE)
		return 404;
	if (status) {
		store_failed(visit);
		return 503;
	}
	if (question_from_json(talk->page.choices, talk->page.items, &talk->question, &fault))
		return 0;
	log_error("reply.question", "broadcast=%" PRId64 " error=%s", party->broadcast,
		  log_quote(buf_text(&fault)));
	buf_free(&fault);
	return 503;
}

void talk_free(struct talk *talk)
{
	reply_page_free(&talk->page);
	question_free(&talk->question);
	*talk = (struct talk){0};
}

bool talk_is_open(const struct talk *talk)
{
	return clock_utc() < talk->page.expires_at;
}

/* Where the key goes: the token says who presses it, the number how often they were asked. */
static char *action_of(const struct visit *visit, const struct talk *talk)
{
	const struct call_party *party = &talk->party;
	char token[TOKEN_LENGTH + 1];

	if (party->attempt)
		token_make_call(visit->server->keys, party->attempt, token);
	else
		token_make(visit->server->keys, party->broadcast, party->person, token);
	char *path = mem_format("/voice/%s/%s?n=%" PRId64 "&t=%" PRId64,
				party->attempt ? "call" : "answer", token, talk->times + 1,
				talk->asked ? talk->asked : clock_utc());
	char *url = webhook_url(visit->server, path);
	free(path);
	return url;
}

/* Whether others are on the call beside this person, or were before. */
static bool is_shared(const struct visit *visit, const struct call_party *party)
{
	struct call_party other;

	if (!party->attempt)
		return false;
	return party->attempt != party->leader ||
	       !call_party_next(visit->server->store, party->leader, party->attempt, &other);
}

void talk_ask(const struct visit *visit, const struct talk *talk, struct buf *script)
{
	char *action = action_of(visit, talk);
	struct twiml_view view = {
		.page = &talk->page,
		.question = &talk->question,
		.organisation = visit->server->settings->tenko_organisation,
		.action = action,
		.shared = is_shared(visit, &talk->party),
	};

	twiml_ask(script, &view);
	free(action);
}

/* The next one on the call is asked, or the call ends. */
static void go_on(const struct visit *visit, const struct talk *talk, struct buf *script)
{
	enum language language = talk->page.language;
	struct call_party party;
	struct visit next_visit = *visit;
	struct talk next = {0};
	enum store_status status = STORE_NONE;

	if (talk->party.attempt)
		status = call_party_next(visit->server->store, talk->party.leader,
					 talk->party.attempt, &party);
	if (!status && talk_load(&next_visit, &party, &next) == 0) {
		twiml_say(script, PHRASE_CALL_NEXT, next.page.language, next.page.name);
		talk_ask(visit, &next, script);
	} else {
		twiml_say(script, PHRASE_CALL_BYE, language, NULL);
	}
	if (status && status != STORE_NONE)
		store_failed(visit);
	talk_free(&next);
}

/*
 * Says the phrase, then asks once more if there is patience left. If not, it is said that there is no
 * answer: nobody is to lay down the receiver and believe that they gave one.
 */
static void ask_again(const struct visit *visit, const struct talk *talk, enum phrase why,
		      int64_t most, struct buf *script)
{
	if (why != PHRASES)
		twiml_say(script, why, talk->page.language, NULL);
	if (talk->times < most) {
		talk_ask(visit, talk, script);
		return;
	}
	twiml_say(script, PHRASE_CALL_UNANSWERED, talk->page.language, NULL);
	go_on(visit, talk, script);
}

/* recording */

static enum reply_way way_of(const struct talk *talk)
{
	return talk->party.attempt ? WAY_VOICE : WAY_CALL_IN;
}

struct spoken_answer {
	struct entry entry; /* first */
	struct talk talk;
	int choice;
	int64_t at; /* UTC milliseconds */
};

static enum store_status append(struct store *store, struct asked_cache *asked, struct entry *entry)
{
	const struct spoken_answer *a = (const struct spoken_answer *)entry;
	bool answered = false;
	struct reply reply = {
		.broadcast = a->talk.party.broadcast,
		.person = a->talk.party.person,
		.choice = a->talk.question.choice[a->choice].key,
		.items = "[]",
		.comment = "",
		.way = way_of(&a->talk),
		.by = "",
		.at = a->at,
	};

	(void)asked;
	enum store_status status = reply_given(store, reply.broadcast, reply.person, reply.way,
					       a->talk.asked, a->at, &answered);

	return status || answered ? status : reply_append(store, &reply);
}

static void tell(struct entry *entry, bool recorded)
{
	const struct spoken_answer *a = (const struct spoken_answer *)entry;
	const struct visit *visit = &entry->visit;
	enum language language = a->talk.page.language;
	struct buf script = {0};

	twiml_begin(&script);
	if (recorded) {
		visit->server->traffic.recorded++;
		histogram_add(&visit->server->traffic.latency, clock_monotonic() - visit->began);
		twiml_say(&script, PHRASE_CALL_TAKEN, language,
			  a->talk.question.choice[a->choice].label[language]);
		go_on(visit, &a->talk, &script);
	} else {
		ask_again(visit, &a->talk, PHRASE_CALL_NOT_TAKEN, TALK_TIMES_MOST, &script);
	}
	twiml_end(&script);
	webhook_answer(visit, &script);
}

static void free_answer(struct entry *entry)
{
	struct spoken_answer *a = (struct spoken_answer *)entry;

	talk_free(&a->talk);
	free(a);
}

static void record(const struct visit *visit, struct talk *talk, int choice)
{
	struct spoken_answer *a = mem_alloc(sizeof *a);

	*a = (struct spoken_answer){
		.entry = {.visit = *visit, .append = append, .tell = tell, .free = free_answer},
		.talk = *talk,
		.choice = choice,
		.at = clock_utc(),
	};
	*talk = (struct talk){0};
	batch_add(visit->server->batch, &a->entry);
}

void talk_hear(const struct visit *visit, struct talk *talk, const char *digits)
{
	int choice = digits[0] - '1';
	bool one = digits[0] && !digits[1];
	struct buf script = {0};

	if (talk_is_open(talk) && one && choice >= 0 && choice < (int)talk->question.choice_count) {
		record(visit, talk, choice);
		return;
	}
	twiml_begin(&script);
	if (!talk_is_open(talk))
		twiml_say(&script, PHRASE_CALL_OVER, talk->page.language, NULL);
	else if (!digits[0])
		ask_again(visit, talk, PHRASE_CALL_SILENT, TALK_SILENT_MOST, &script);
	else if (one && digits[0] == ABSENT && is_shared(visit, &talk->party))
		go_on(visit, talk, &script);
	else if (one && digits[0] == AGAIN)
		ask_again(visit, talk, PHRASES, TALK_TIMES_MOST, &script);
	else
		ask_again(visit, talk, PHRASE_CALL_WRONG_KEY, TALK_TIMES_MOST, &script);
	twiml_end(&script);
	webhook_answer(visit, &script);
	talk_free(talk);
}
