#include "common/store/totals.h"

#include "common/store/stmt.h"

#include <stdio.h>

enum store_status total_add(struct store *store, enum total what, int64_t key, int64_t n)
{
	return stmt_run(store, stmt(store,
				    "INSERT INTO total VALUES (?, ?, ?)"
				    " ON CONFLICT DO UPDATE SET n = n + excluded.n",
				    "iii", (int64_t)what, key, n));
}

/* A number that is none of ours, as a newer version may have stored, has no place. */
static void take(struct totals *t, int64_t what, int64_t key, int64_t n)
{
	int64_t high = key / 256, low = key % 256;
	bool attempt = high > 0 && high < CHANNEL_END && low > 0 && low < OUTCOME_END;

	if (what == TOTAL_ATTEMPT && attempt)
		t->attempts[high][low] = n;
	else if (what == TOTAL_DRILL && attempt)
		t->drill_attempts[high][low] = n;
	else if (what == TOTAL_TELEGRAM && high > 0 && high < SOURCE_END && low > 0 &&
		 low < TELEGRAM_STATE_END)
		t->telegrams[high][low] = n;
	else if (what == TOTAL_DECISION && key > 0 && key < TOTALS_VERDICTS)
		t->decisions[key] = n;
}

static enum store_status read_totals(struct store *store, struct totals *t)
{
	sqlite3_stmt *s = stmt(store, "SELECT what, key, n FROM total", "");
	enum store_status status;

	while ((status = stmt_row(store, s)) == STORE_OK)
		take(t, sqlite3_column_int64(s, 0), sqlite3_column_int64(s, 1),
		     sqlite3_column_int64(s, 2));
	stmt_end(s);
	return status == STORE_NONE ? STORE_OK : status;
}

static enum store_status read_down(struct store *store, struct totals *t)
{
	sqlite3_stmt *s = stmt(store, "SELECT channel, since, reason FROM channel_down", "");
	enum store_status status;

	while ((status = stmt_row(store, s)) == STORE_OK) {
		int64_t channel = sqlite3_column_int64(s, 0);
		if (channel <= CHANNEL_NONE || channel >= CHANNEL_END)
			continue;
		t->down[channel].since = sqlite3_column_int64(s, 1);
		snprintf(t->down[channel].reason, sizeof t->down[channel].reason, "%s",
			 stmt_text(s, 2));
	}
	stmt_end(s);
	return status == STORE_NONE ? STORE_OK : status;
}

enum store_status totals_load(struct store *store, struct totals *totals)
{
	*totals = (struct totals){0};
	enum store_status status = read_totals(store, totals);

	if (!status)
		status = read_down(store, totals);
	if (!status)
		status = stmt_number(
			store, stmt(store, "SELECT count(*) FROM telegram WHERE state = 1", ""), 0,
			&totals->telegrams_waiting);
	if (!status)
		status = stmt_number(store, stmt(store, "SELECT max(id) FROM audit", ""), 0,
				     &totals->ledger_head);
	return status;
}
