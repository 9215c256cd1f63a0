#include "common/store/caller.h"

#include "common/store/stmt.h"

#include <stdio.h>

enum store_status caller_find(struct store *store, const char *voice_id, struct caller *caller)
{
	sqlite3_stmt *s = stmt(store,
			       "SELECT id, language, voice_pin_hash, voice_wrong,"
			       " voice_locked_until FROM person WHERE voice_id=? AND state<>2",
			       "k", voice_id);
	enum store_status status = stmt_row(store, s);

	if (!status) {
		*caller = (struct caller){
			.person = sqlite3_column_int64(s, 0),
			.language = sqlite3_column_int(s, 1) ? LANGUAGE_EN : LANGUAGE_JA,
			.wrong = sqlite3_column_int64(s, 3),
			.locked_until = sqlite3_column_int64(s, 4),
		};
		snprintf(caller->pin_hash, sizeof caller->pin_hash, "%s", stmt_text(s, 2));
	}
	stmt_end(s);
	return status;
}

enum store_status caller_save(struct store *store, const struct caller *caller)
{
	return stmt_run(store,
			stmt(store,
			     "UPDATE person SET voice_wrong=?2, voice_locked_until=?3 WHERE id=?1",
			     "iii", caller->person, caller->wrong, caller->locked_until));
}

enum store_status caller_broadcast(struct store *store, int64_t person, int64_t now,
				   int64_t *broadcast)
{
	/* From the newest on: the first one found ends it. */
	sqlite3_stmt *s = stmt(store,
			       "SELECT b.id FROM broadcast b CROSS JOIN delivery d"
			       " ON d.broadcast_id = b.id AND d.person_id = ?1"
			       " WHERE b.expires_at > ?2 AND b.state <> 6 AND b.kind <> 5"
			       " ORDER BY b.id DESC LIMIT 1",
			       "ii", person, now);
	enum store_status status = stmt_row(store, s);

	if (!status)
		*broadcast = sqlite3_column_int64(s, 0);
	stmt_end(s);
	return status;
}
