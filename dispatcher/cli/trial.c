#include "dispatcher/cli/trial.h"

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/store/delivery.h"
#include "common/store/figures.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

enum { DETAIL_MOST = 200 };

int trial_begin(struct cli *cli, const char *user, struct trial *trial)
{
	struct store *store = cli_store(cli);
	enum store_status status = people_load(store, user, &trial->person);

	if (status == STORE_NONE)
		return cli_fail(cli, EX_DATAERR, "no user \"%.60s\"", user);
	if (!status && trial->person.state != PERSON_ACTIVE)
		return cli_fail(cli, EX_DATAERR,
				"%s is not active in the roster, so nothing is ever sent to them",
				user);
	if (!status)
		status = roster_card_load(store, trial->person.id, &trial->card);
	return status ? cli_store_failed(cli, status) : EX_OK;
}

void trial_free(struct trial *trial)
{
	person_free(&trial->person);
}

/* one contact after the other */

struct loading {
	const struct trial *trial;
	struct trial_state *state;
	json_t *contacts;
	/* the broadcast that is being looked at */
	int64_t broadcast;
	const struct plan_step *step;
	bool over; /* its chain */
	bool answered;
	const char *waits; /* why it is not over; "" nothing is wrong */
	json_t *tried[PLAN_ADDRESSES];
	enum outcome outcomes[PLAN_ADDRESSES];
};

static json_t *address_json(const struct trial *trial, const char *address)
{
	char *masked = log_masked(address, CARD_MAIL);
	json_t *json = cli_json_text(trial->addresses ? address : masked);

	free(masked);
	return json;
}

static json_t *detail_json(const struct trial *trial, const char *detail)
{
	char *masked = log_masked(detail, DETAIL_MOST);
	json_t *json = cli_json_text(trial->addresses ? detail : masked);

	free(masked);
	return json;
}

/* The address as it stands in the roster; push has none. */
static const char *address_of(const struct trial *trial, const struct plan_step *step, int nth)
{
	if (step->channel == CHANNEL_MAIL)
		return trial->card.mail[nth - 1];
	if (step->channel == CHANNEL_VOICE)
		return trial->card.telephone[step->position - 1];
	return "";
}

static void judge(struct trial_state *state, enum outcome outcome)
{
	switch (outcome) {
	case OUTCOME_DELIVERED:
	case OUTCOME_ANSWERED_NO_INPUT:
	case OUTCOME_REPLIED:
		break;
	case OUTCOME_REFUSED:
		state->refused = true;
		break;
	case OUTCOME_NONE:
	case OUTCOME_PLACED:
	case OUTCOME_MACHINE:
	case OUTCOME_BUSY:
	case OUTCOME_NO_ANSWER:
	case OUTCOME_TEMPORARY:
	case OUTCOME_UNKNOWN:
	case OUTCOME_OUTAGE:
	case OUTCOME_NOT_TRIED:
	case OUTCOME_END:
		state->not_reached = true;
		break;
	}
}

/* An outage is no end: the address is tried once more when it is over. */
static bool is_end(const struct loading *l, enum outcome outcome)
{
	if (outcome == OUTCOME_OUTAGE || outcome == OUTCOME_NOT_TRIED)
		return l->over;
	return outcome != OUTCOME_NONE && outcome != OUTCOME_PLACED;
}

/* In words. */
static const char *said(const struct loading *l, enum outcome outcome, bool tried)
{
	if (is_end(l, outcome))
		return outcome_phrase(outcome);
	if (!l->over)
		return *l->waits ? l->waits : tried ? "under way" : "waiting";
	return l->answered ? "not tried: answered before" : "not tried";
}

static json_t *entry(const struct loading *l, int nth, enum outcome outcome, bool tried)
{
	return json_pack(
		"{s:I, s:i, s:s, s:o, s:s, s:s, s:b}", "broadcast", (json_int_t)l->broadcast,
		"order", l->step->dial_order, "channel", channel_name(l->step->channel), "address",
		address_json(l->trial, address_of(l->trial, l->step, nth)), "outcome",
		outcome_name(outcome), "said", said(l, outcome, tried), "answered", l->answered);
}

/* The newest of an address takes the place of those before. */
static void see_attempt(const struct trial_attempt *a, void *arg)
{
	struct loading *l = arg;

	if (a->address_position < 1 || a->address_position > l->step->addresses)
		return;
	int nth = a->address_position - 1;
	json_t *one = entry(l, a->address_position, a->outcome, true);
	json_object_set_new(one, "attempt", json_integer(a->id));
	if (*a->detail)
		json_object_set_new(one, "detail", detail_json(l->trial, a->detail));
	json_decref(l->tried[nth]);
	l->tried[nth] = one;
	l->outcomes[nth] = a->outcome;
}

static void take_addresses(struct loading *l)
{
	for (int i = 0; i < l->step->addresses; i++) {
		bool end = is_end(l, l->outcomes[i]) || l->over;
		l->state->done += end;
		if (end && !(l->answered && l->outcomes[i] == OUTCOME_NONE))
			judge(l->state, l->outcomes[i]);
		json_array_append_new(l->contacts, l->tried[i]
							   ? l->tried[i]
							   : entry(l, i + 1, OUTCOME_NONE, false));
		l->tried[i] = NULL;
	}
}

/* Why its channel does not work, if it is known not to. */
static enum store_status read_wait(struct store *store, struct loading *l, char **waits)
{
	struct figures *f = NULL;
	enum store_status status = figures_load(store, l->broadcast, clock_utc(), &f);

	if (status)
		return status;
	if (f->down[l->step->channel].since)
		*waits = mem_format("waiting: %s is down (%s)", channel_name(l->step->channel),
				    f->down[l->step->channel].reason);
	figures_free(f);
	return STORE_OK;
}

static enum store_status add_contact(struct store *store, struct loading *l)
{
	struct delivery d = {0};
	char *waits = NULL;
	enum store_status status = delivery_of_person(store, l->broadcast, l->trial->person.id, &d);

	if (status && status != STORE_NONE)
		return status;
	l->answered = d.state == DELIVERY_ANSWERED;
	l->over = l->answered || d.state == DELIVERY_EXHAUSTED || d.state == DELIVERY_CANCELLED;
	memset(l->outcomes, 0, sizeof l->outcomes);
	l->state->addresses += l->step->addresses;
	status = l->over ? STORE_OK : read_wait(store, l, &waits);
	l->waits = waits ? waits : "";
	if (!status)
		status = trial_each(store, l->broadcast, see_attempt, l);
	take_addresses(l);
	free(waits);
	return status;
}

/* what is not tried */

static void pass_over(json_t *list, const struct trial *trial, const char *channel,
		      const char *address, const char *why)
{
	json_array_append_new(list, json_pack("{s:s, s:o, s:s}", "channel", channel, "address",
					      address_json(trial, address), "why", why));
}

static void add_spare(json_t *list, const struct trial *trial)
{
	static const char no_place[] = "it has no place in the dial order";
	static const char spare[] = "spare contacts are never dialled";
	const struct roster_card *card = &trial->card;

	for (int i = 0; i < PLAN_ADDRESSES && !card->mail_order; i++)
		if (*card->mail[i])
			pass_over(list, trial, "mail", card->mail[i], no_place);
	for (int i = 0; i < PLAN_ADDRESSES; i++)
		if (*card->telephone[i] && !card->telephone_order[i])
			pass_over(list, trial, "voice", card->telephone[i], no_place);
	if (*card->spare_mail)
		pass_over(list, trial, "mail", card->spare_mail, spare);
	if (*card->spare_telephone)
		pass_over(list, trial, "voice", card->spare_telephone, spare);
}

static json_t *passed_over(struct cli *cli, const struct trial *trial)
{
	struct plan plan = plan_unpack(trial->card.plan);
	unsigned in_use = channels_by_names(cli_settings(cli)->broadcast_channels);
	json_t *list = json_array();

	for (int i = 0; i < plan.steps; i++) {
		const struct plan_step *step = &plan.step[i];
		for (int nth = 1; nth <= step->addresses && !(in_use & 1u << step->channel); nth++)
			pass_over(list, trial, channel_name(step->channel),
				  address_of(trial, step, nth),
				  "its channel is not in broadcast.channels");
	}
	add_spare(list, trial);
	return list;
}

/* all of it */

static const struct plan_step *step_of(const struct plan *plan, unsigned in_use, size_t nth)
{
	for (int i = 0; i < plan->steps; i++)
		if ((in_use & 1u << plan->step[i].channel) && nth-- == 0)
			return &plan->step[i];
	return NULL;
}

enum store_status trial_load(struct cli *cli, const struct trial *trial, json_t **answer,
			     struct trial_state *state)
{
	struct plan plan = plan_unpack(trial->card.plan);
	unsigned in_use = channels_by_names(cli_settings(cli)->broadcast_channels);
	json_t *ids = json_array();
	struct loading l = {.trial = trial, .state = state, .contacts = json_array()};
	enum store_status status = STORE_OK;

	*state = (struct trial_state){0};
	*answer = NULL;
	for (size_t i = 0; !status && i < trial->count; i++) {
		l.broadcast = trial->ids[i];
		l.step = step_of(&plan, in_use, i);
		json_array_append_new(ids, json_integer(l.broadcast));
		if (l.step)
			status = add_contact(cli_store(cli), &l);
	}
	if (!status)
		*answer =
			json_pack("{s:o, s:o, s:O, s:O, s:I, s:I, s:o}", "user",
				  cli_json_text(trial->person.code), "name",
				  cli_json_text(trial->person.name), "broadcasts", ids, "contacts",
				  l.contacts, "addresses", (json_int_t)state->addresses, "done",
				  (json_int_t)state->done, "not_tried", passed_over(cli, trial));
	json_decref(ids);
	json_decref(l.contacts);
	return status;
}

/* as text */

static const char *text_of(const json_t *json, const char *key)
{
	const char *text = json_string_value(json_object_get(json, key));
	return text ? text : "";
}

static void print_contact(const json_t *one)
{
	printf("  %lld  %-5s  %-24s  %s", json_integer_value(json_object_get(one, "order")),
	       text_of(one, "channel"),
	       *text_of(one, "address") ? text_of(one, "address") : "devices",
	       text_of(one, "said"));
	if (*text_of(one, "detail"))
		printf(" (%s)", text_of(one, "detail"));
	puts(json_is_true(json_object_get(one, "answered")) ? ": they say it arrived" : "");
}

void trial_print(const json_t *answer)
{
	const json_t *contacts = json_object_get(answer, "contacts");
	const json_t *left_out = json_object_get(answer, "not_tried");

	printf("Trial of %s  %s\n", text_of(answer, "user"), text_of(answer, "name"));
	for (size_t i = 0; i < json_array_size(contacts); i++)
		print_contact(json_array_get(contacts, i));
	for (size_t i = 0; i < json_array_size(left_out); i++) {
		const json_t *one = json_array_get(left_out, i);
		printf("  -  %-5s  %-24s  not tried: %s\n", text_of(one, "channel"),
		       *text_of(one, "address") ? text_of(one, "address") : "devices",
		       text_of(one, "why"));
	}
}
