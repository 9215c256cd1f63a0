#include "common/store/trial.h"

#include "common/store/stmt.h"

/* There are few trials: they are looked through from the newest on. */
enum store_status trial_newest(struct store *store, int64_t person, int64_t ids[TRIAL_BROADCASTS],
			       size_t *count)
{
	sqlite3_stmt *s = stmt(store,
			       "SELECT b.id, b.requested_at FROM broadcast b CROSS JOIN target t"
			       " ON t.broadcast_id = b.id AND t.kind = 3 AND t.value = ?1"
			       " WHERE b.kind = 5 ORDER BY b.id DESC LIMIT ?2",
			       "ii", person, (int64_t)TRIAL_BROADCASTS);
	int64_t newest_first[TRIAL_BROADCASTS], asked_at = 0;
	size_t found = 0;
	enum store_status status;

	while ((status = stmt_row(store, s)) == STORE_OK) {
		int64_t at = sqlite3_column_int64(s, 1);
		if (found > 0 && at != asked_at)
			break;
		asked_at = at;
		newest_first[found++] = sqlite3_column_int64(s, 0);
	}
	stmt_end(s);
	for (size_t i = 0; i < found; i++)
		ids[i] = newest_first[found - 1 - i];
	*count = found;
	return status == STORE_NONE ? STORE_OK : status;
}

enum store_status trial_each(struct store *store, int64_t broadcast,
			     void (*see)(const struct trial_attempt *attempt, void *arg), void *arg)
{
	sqlite3_stmt *s = stmt(
		store,
		"SELECT a.id, a.dial_order, a.address_position, a.channel, a.address,"
		" ifnull(a.outcome, 0), ifnull(a.detail, '') FROM delivery d CROSS JOIN attempt a"
		" ON a.delivery_id = d.id WHERE d.broadcast_id = ? ORDER BY a.id",
		"i", broadcast);
	enum store_status status;

	while ((status = stmt_row(store, s)) == STORE_OK) {
		const struct trial_attempt attempt = {
			.id = sqlite3_column_int64(s, 0),
			.dial_order = sqlite3_column_int(s, 1),
			.address_position = sqlite3_column_int(s, 2),
			.channel = (enum channel)sqlite3_column_int(s, 3),
			.address = stmt_text(s, 4),
			.outcome = (enum outcome)sqlite3_column_int(s, 5),
			.detail = stmt_text(s, 6),
		};
		see(&attempt, arg);
	}
	stmt_end(s);
	return status == STORE_NONE ? STORE_OK : status;
}
