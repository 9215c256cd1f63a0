#include "common/store/curve.h"

#include "common/base/mem.h"
#include "common/store/stmt.h"

#include <stdlib.h>

enum { SLOT_MS = 10000 }; /* of the table progress */

/* So many slots of the table in each step of the curve that there is room for all. */
static enum store_status choose_step(struct store *store, int64_t broadcast, size_t room,
				     int64_t *step)
{
	int64_t slots;
	enum store_status status = stmt_number(
		store,
		stmt(store,
		     "SELECT max(slot) - min(slot) + 1 FROM progress"
		     " WHERE broadcast_id=? AND answers<>0",
		     "i", broadcast),
		1, &slots);

	*step = (slots + (int64_t)room - 2) / ((int64_t)room - 1);
	*step = *step > 0 ? *step : 1;
	return status;
}

enum store_status curve_load(struct store *store, int64_t broadcast, struct curve_point *points,
			     size_t room, size_t *count)
{
	int64_t step, answers = 0;
	enum store_status status = choose_step(store, broadcast, room, &step);

	*count = 0;
	if (status)
		return status;
	sqlite3_stmt *s = stmt(store,
			       "SELECT slot / ?1, sum(answers) FROM progress WHERE broadcast_id=?2"
			       " AND answers<>0 GROUP BY 1 ORDER BY 1",
			       "ii", step, broadcast);
	while (*count < room && (status = stmt_row(store, s)) == STORE_OK) {
		answers += sqlite3_column_int64(s, 1);
		points[(*count)++] = (struct curve_point){
			.at = (sqlite3_column_int64(s, 0) + 1) * step * SLOT_MS,
			.answers = answers,
		};
	}
	stmt_end(s);
	return status == STORE_NONE ? STORE_OK : status;
}

enum store_status group_figures_load(struct store *store, int64_t broadcast,
				     struct group_figure *groups, size_t room, size_t *count)
{
	sqlite3_stmt *s =
		stmt(store,
		     "SELECT g.name, t.n, ifnull(a.n, 0) FROM tally t"
		     " JOIN department g ON g.id = t.key LEFT JOIN tally a"
		     " ON a.broadcast_id = t.broadcast_id AND a.what = 'group.answered'"
		     " AND a.key = t.key WHERE t.broadcast_id=? AND t.what='group'"
		     " ORDER BY t.n - ifnull(a.n, 0) DESC, g.code LIMIT ?",
		     "ii", broadcast, (int64_t)room);
	enum store_status status = STORE_OK;

	*count = 0;
	while (*count < room && (status = stmt_row(store, s)) == STORE_OK)
		groups[(*count)++] = (struct group_figure){
			.name = mem_string(stmt_text(s, 0)),
			.people = sqlite3_column_int64(s, 1),
			.answered = sqlite3_column_int64(s, 2),
		};
	stmt_end(s);
	return status == STORE_NONE ? STORE_OK : status;
}

void group_figures_free(struct group_figure *groups, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(groups[i].name);
}
