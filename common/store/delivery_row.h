#pragma once

/* A delivery in a statement, for the files of common/store alone. */

#include "common/store/delivery.h"
#include "common/store/stmt.h"

/* Its columns, as delivery_read() reads them; `of` is "" or the table's name and a dot. */
#define DELIVERY_COLUMNS(of)                                                                    \
	of "id, " of "broadcast_id, " of "person_id, " of "state, " of "plan, " of "phase, " of \
	   "round, " of "step, " of "pass, " of "address, " of "marks, " of "owed, " of         \
	   "soft_passes, " of "queue, " of "due_at, " of "attempt_id, " of "reply_id, " of      \
	   "choice"

/* From column `first` on. */
void delivery_read(sqlite3_stmt *s, int first, struct delivery *d);
