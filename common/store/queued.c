#include "common/store/queued.h"

#include "common/base/mem.h"
#include "common/store/stmt.h"

enum store_status queued_since(struct store *store, int64_t attempt, int64_t *at)
{
	sqlite3_stmt *s = stmt(store, "SELECT created_at FROM attempt WHERE id=?", "i", attempt);
	enum store_status status = stmt_row(store, s);

	if (!status)
		*at = sqlite3_column_int64(s, 0);
	stmt_end(s);
	return status;
}

enum { MINUTE_MS = 60000 };

/* A rider's call is measured with its leader's; what was never tried, and what was refused at once
 * for want of a contact, says nothing of how fast it goes. */
enum store_status queued_measure(struct store *store, int64_t now, struct pace_measured *paces)
{
	sqlite3_stmt *s = stmt(
		store,
		"SELECT channel, count(*), min(finished_at), max(finished_at),"
		" avg(finished_at - created_at) FROM (SELECT channel, created_at, finished_at, outcome"
		" FROM attempt WHERE call_attempt_id IS NULL ORDER BY id DESC LIMIT 20000)"
		" WHERE outcome IS NOT NULL AND finished_at >= ?1 AND finished_at > created_at"
		" AND outcome NOT IN (?2, ?3) GROUP BY channel",
		"iii", now - MINUTE_MS, (int64_t)OUTCOME_NOT_TRIED, (int64_t)OUTCOME_OUTAGE);
	enum store_status status;

	for (int c = CHANNEL_NONE; c < CHANNEL_END; c++)
		paces[c] = (struct pace_measured){0};
	while ((status = stmt_row(store, s)) == STORE_OK) {
		int64_t channel = sqlite3_column_int64(s, 0);
		if (channel <= CHANNEL_NONE || channel >= CHANNEL_END)
			continue;
		paces[channel] = (struct pace_measured){
			.ended = sqlite3_column_int64(s, 1),
			.first_end = sqlite3_column_int64(s, 2),
			.last_end = sqlite3_column_int64(s, 3),
			.mean_ms = sqlite3_column_double(s, 4),
		};
	}
	stmt_end(s);
	return status == STORE_NONE ? STORE_OK : status;
}

enum store_status channel_outages(struct store *store, struct channel_outage *outages)
{
	sqlite3_stmt *s = stmt(store, "SELECT channel, since, reason FROM channel_down", "");
	enum store_status status;

	for (int c = 0; c < CHANNEL_END; c++)
		outages[c] = (struct channel_outage){0};
	while ((status = stmt_row(store, s)) == STORE_OK) {
		int64_t channel = sqlite3_column_int64(s, 0);
		if (channel <= CHANNEL_NONE || channel >= CHANNEL_END)
			continue;
		outages[channel].since = sqlite3_column_int64(s, 1);
		outages[channel].reason = mem_string(stmt_text(s, 2));
	}
	stmt_end(s);
	return status == STORE_NONE ? STORE_OK : status;
}
