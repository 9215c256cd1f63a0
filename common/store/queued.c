#include "common/store/queued.h"

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
