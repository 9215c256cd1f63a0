#include "common/store/schedule.h"

#include "common/store/stmt.h"

enum store_status schedule_move(struct store *store, int64_t by)
{
	enum store_status status =
		stmt_run(store, stmt(store, "UPDATE delivery SET due_at=due_at+? WHERE state=1", "i",
				     by));

	if (!status)
		status = stmt_run(store,
				  stmt(store,
				       "UPDATE attempt SET expected_by=expected_by+?"
				       " WHERE outcome IS NULL AND expected_by IS NOT NULL",
				       "i", by));
	if (!status)
		status = stmt_run(store,
				  stmt(store,
				       "UPDATE broadcast SET expires_at=expires_at+? WHERE state<5",
				       "i", by));
	return status;
}
