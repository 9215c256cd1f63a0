#include "common/store/control.h"

#include "common/store/stmt.h"

enum store_status control_pending(struct store *store, int64_t broadcast, enum control_verb *verb)
{
	int64_t number;
	enum store_status status = stmt_number(
		store,
		stmt(store,
		     "SELECT verb FROM control WHERE broadcast_id=?"
		     " AND id > ifnull((SELECT position FROM cursor WHERE name='control'), 0)"
		     " ORDER BY id DESC LIMIT 1",
		     "i", broadcast),
		CONTROL_NONE, &number);

	*verb = (enum control_verb)number;
	return status;
}
