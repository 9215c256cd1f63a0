#include "dispatcher/scheduler/families.h"

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/store/family.h"
#include "common/text/question.h"
#include "dispatcher/scheduler/chains.h"

#include <inttypes.h>
#include <stdlib.h>

/* What the broadcast itself says; each mail has words of its own. */
static char general_title[] = "ご家族の安否のお知らせ", general_title_en[] = "News of your family";
static char general_body[] = "ご家族の回答をお知らせします。";
static char general_body_en[] = "This tells you what your family member has answered.";

static bool is_told_of(const struct settings *settings, enum kind kind)
{
	return (kind == KIND_SAFETY && settings->family_answers) ||
	       (kind == KIND_DRILL && settings->family_drills);
}

/* The broadcast that tells of the answers to this one, running. */
static enum store_status news_of(struct scheduler *s, const struct run *run, struct run **news)
{
	static char targets[] = "family";
	struct broadcast b = *run->b;
	int64_t id;

	b.title = general_title;
	b.title_en = general_title_en;
	b.body = general_body;
	b.body_en = general_body_en;
	b.targets = targets;
	b.requested_at = s->now;
	enum store_status status = family_broadcast(s->store, &b, &id);
	if (!status)
		status = runs_get(&s->runs, s->store, id, news);
	if (!status &&
	    ((*news)->b->state == BROADCAST_REQUESTED || (*news)->b->state == BROADCAST_FINISHED))
		run_move(*news, BROADCAST_RUNNING, s->now);
	return status;
}

static enum store_status add(struct scheduler *s, struct run *news,
			     const struct family_member *member)
{
	struct broadcast *b = news->b;
	struct delivery d = {
		.id = delivery_id(b->id, b->next_ordinal++),
		.broadcast = b->id,
		.person = -member->id,
		.plan = member->plan,
	};

	b->targeted = b->next_ordinal;
	news->changed = true;
	return chain_begin(s, news, &d);
}

static enum store_status tell(struct scheduler *s, struct run *news,
			      const struct family_member *member)
{
	struct delivery d;
	bool again = false;
	enum store_status status = delivery_of_person(s->store, news->b->id, -member->id, &d);

	if (status == STORE_NONE)
		return add(s, news, member);
	/* One in flight is looked at again when its attempt ends. */
	if (!status && (d.state == DELIVERY_WAITING || d.state == DELIVERY_EXHAUSTED))
		status = families_go_on(s, news, &d, &again);
	return status;
}

enum store_status families_tell(struct scheduler *s, const struct run *run, int64_t person)
{
	struct family_member *members = NULL;
	struct run *news = NULL;
	size_t count = 0;
	enum store_status status = STORE_OK;

	if (!is_told_of(s->settings, run->b->kind))
		return STORE_OK;
	status = family_members(s->store, person, &members, &count);
	if (!status && count > 0)
		status = news_of(s, run, &news);
	for (size_t i = 0; !status && i < count && news->b->state != BROADCAST_CANCELLED; i++)
		status = tell(s, news, &members[i]);
	free(members);
	return status;
}

enum store_status families_go_on(struct scheduler *s, struct run *run, struct delivery *d,
				 bool *again)
{
	enum store_status status = STORE_OK;

	*again = false;
	if (d->person < 0 && run->b->answers_of && d->reply)
		status = family_is_behind(s->store, run->b->id, d->person, d->reply, again);
	if (status || !*again)
		return status;
	log_info("family.again", "broadcast=%" PRId64 " family=%" PRId64, run->b->id, -d->person);
	return chain_again(s, run, d);
}

/* words */

static char *label_of(const struct family_news *news, enum language language)
{
	struct question question;
	struct buf fault = {0};
	char *label = NULL;

	if (question_from_json(news->choices, "[]", &question, &fault)) {
		int choice = question_choice(&question, news->choice);
		if (choice >= 0)
			label = mem_string(question.choice[choice].label[language]);
		question_free(&question);
	}
	buf_free(&fault);
	return label ? label : mem_string(news->choice);
}

static void word(const struct family_news *news, struct recipient *r)
{
	bool english = r->language == LANGUAGE_EN, drill = news->kind == KIND_DRILL;
	char *label = label_of(news, r->language), at[CLOCK_TEXT];

	clock_local_text(news->at, at);
	if (english) {
		r->title = mem_format("%s%s: %s", drill ? "[Drill] " : "", news->name, label);
		r->body = mem_format("%s%s has answered the safety check.\n\n"
				     "Answer: %s\nTime: %.16s\n\n(%s)",
				     drill ? "This is a drill.\n" : "", news->name, label, at,
				     news->title[LANGUAGE_EN]);
	} else {
		r->title = mem_format("%s%sさんの安否: %s", drill ? "【訓練】" : "", news->name,
				      label);
		r->body = mem_format("%s%sさんが安否を回答しました。\n\n"
				     "回答: %s\n時刻: %.16s\n\n(%s)",
				     drill ? "これは訓練です。\n" : "", news->name, label, at,
				     news->title[LANGUAGE_JA]);
	}
	free(label);
}

enum store_status families_word(struct scheduler *s, int64_t broadcast, int64_t person,
				struct recipient *recipient, int64_t *reply)
{
	struct family_news news;
	enum store_status status;

	if (person >= 0)
		return STORE_OK;
	status = family_news_load(s->store, broadcast, person, &news);
	if (!status) {
		word(&news, recipient);
		/* Later addresses may hear of something newer: it is not known to the first. */
		if (!*reply)
			*reply = news.reply;
		family_news_free(&news);
	}
	return status == STORE_NONE ? STORE_OK : status;
}
