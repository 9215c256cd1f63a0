#include "common/store/group_tally.h"

#include "common/store/rows.h"

enum store_status group_tally_add(struct store *store, const struct group_count *counts,
				  size_t count)
{
	static const struct rows_field fields[] = {
		ROWS_FIELD(struct group_count, broadcast),
		ROWS_FIELD(struct group_count, group),
		ROWS_FIELD(struct group_count, people),
		ROWS_FIELD(struct group_count, answered),
	};
	const struct rows rows = {counts, sizeof *counts, count, fields};

	enum store_status status =
		rows_run(store,
			 "INSERT INTO tally SELECT c0, 'group', c1, c2 FROM rows WHERE c2 <> 0"
			 " ON CONFLICT DO UPDATE SET n = n + excluded.n",
			 &rows);
	if (status)
		return status;
	return rows_run(store,
			"INSERT INTO tally SELECT c0, 'group.answered', c1, c3 FROM rows WHERE c3 <> 0"
			" ON CONFLICT DO UPDATE SET n = n + excluded.n",
			&rows);
}
