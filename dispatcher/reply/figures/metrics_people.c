/* Figures of the broadcasts, and of all there ever was. */

#include "common/hazard/decide.h"
#include "dispatcher/reply/figures/metrics_put.h"

/* broadcasts */

void put_broadcast_info(struct buf *out, const char *name, const struct reading *r)
{
	char id[ID_TEXT];

	for (size_t i = 0; i < r->broadcast_count; i++) {
		const struct figures *f = r->broadcasts[i];
		exposition_number(out, name,
				  LABELS({"broadcast", id_text(f->broadcast, id)},
					 {"kind", kind_name(f->kind)},
					 {"state", broadcast_state_name(f->state)}),
				  1);
	}
}

void put_targeted(struct buf *out, const char *name, const struct reading *r)
{
	char id[ID_TEXT];

	for (size_t i = 0; i < r->broadcast_count; i++)
		exposition_number(out, name,
				  LABELS({"broadcast", id_text(r->broadcasts[i]->broadcast, id)}),
				  r->broadcasts[i]->targeted);
}

void put_deliveries(struct buf *out, const char *name, const struct reading *r)
{
	char id[ID_TEXT];

	for (size_t i = 0; i < r->broadcast_count; i++)
		for (int state = 1; state < DELIVERY_STATE_END; state++)
			exposition_number(
				out, name,
				LABELS({"broadcast", id_text(r->broadcasts[i]->broadcast, id)},
				       {"state", delivery_state_name((enum delivery_state)state)}),
				r->broadcasts[i]->people[state]);
}

void put_answers(struct buf *out, const char *name, const struct reading *r)
{
	char id[ID_TEXT];

	for (size_t i = 0; i < r->broadcast_count; i++)
		for (size_t a = 0; a < r->broadcasts[i]->answer_count; a++)
			exposition_number(
				out, name,
				LABELS({"broadcast", id_text(r->broadcasts[i]->broadcast, id)},
				       {"choice", r->broadcasts[i]->answers[a].key}),
				r->broadcasts[i]->answers[a].people);
}

/* `broadcast` "": without that label, and also where nothing was counted yet. */
static void put_outcomes(struct buf *out, const char *name, const char *broadcast,
			 const int64_t counts[CHANNEL_END][OUTCOME_END])
{
	for (int c = CHANNEL_NONE + 1; c < CHANNEL_END; c++) {
		for (int o = OUTCOME_NONE + 1; o < OUTCOME_END; o++) {
			const struct label labels[] = {
				{"broadcast", broadcast},
				{"channel", channel_name((enum channel)c)},
				{"outcome", outcome_name((enum outcome)o)},
				{NULL, NULL},
			};
			if (!*broadcast && o != OUTCOME_PLACED) /* which ends nothing */
				exposition_number(out, name, labels + 1, counts[c][o]);
			else if (*broadcast && counts[c][o])
				exposition_number(out, name, labels, counts[c][o]);
		}
	}
}

void put_broadcast_attempts(struct buf *out, const char *name, const struct reading *r)
{
	char id[ID_TEXT];

	for (size_t i = 0; i < r->broadcast_count; i++)
		put_outcomes(out, name, id_text(r->broadcasts[i]->broadcast, id),
			     r->broadcasts[i]->attempts);
}

void put_eta(struct buf *out, const char *name, const struct reading *r)
{
	char id[ID_TEXT];

	for (size_t i = 0; i < r->broadcast_count; i++)
		if (r->broadcasts[i]->eta_ms >= 0)
			exposition_seconds(
				out, name,
				LABELS({"broadcast", id_text(r->broadcasts[i]->broadcast, id)}),
				r->broadcasts[i]->eta_ms);
}

void put_unaccounted(struct buf *out, const char *name, const struct reading *r)
{
	exposition_number(out, name, NULL, r->unaccounted);
}

/* totals */

void put_attempts(struct buf *out, const char *name, const struct reading *r)
{
	put_outcomes(out, name, "", r->totals.attempts);
}

void put_drill_attempts(struct buf *out, const char *name, const struct reading *r)
{
	put_outcomes(out, name, "", r->totals.drill_attempts);
}

void put_telegrams(struct buf *out, const char *name, const struct reading *r)
{
	for (int source = SOURCE_NONE + 1; source < SOURCE_END; source++)
		for (int state = TELEGRAM_RECEIVED + 1; state < TELEGRAM_STATE_END; state++)
			exposition_number(
				out, name,
				LABELS({"source",
					telegram_source_name((enum telegram_source)source)},
				       {"state", telegram_state_name((enum telegram_state)state)}),
				r->totals.telegrams[source][state]);
}

void put_telegrams_waiting(struct buf *out, const char *name, const struct reading *r)
{
	exposition_number(out, name, NULL, r->totals.telegrams_waiting);
}

void put_decisions(struct buf *out, const char *name, const struct reading *r)
{
	_Static_assert((int)VERDICT_END <= (int)TOTALS_VERDICTS, "each has its place");
	for (int verdict = VERDICT_NONE + 1; verdict < VERDICT_END; verdict++)
		exposition_number(out, name,
				  LABELS({"verdict", verdict_name((enum verdict)verdict)}),
				  r->totals.decisions[verdict]);
}
