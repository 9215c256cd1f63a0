#include "dispatcher/scheduler/closings.h"

#include "common/base/mem.h"
#include "dispatcher/scheduler/outcomes.h"
#include "dispatcher/scheduler/turn.h"

#include <stdlib.h>

void closings_add(struct closings *e, int64_t attempt)
{
	if (e->count == e->room) {
		e->room = e->room ? e->room * 2 : 64;
		e->ids = mem_resize(e->ids, e->room, sizeof *e->ids);
	}
	e->ids[e->count++] = attempt;
}

static enum store_status end_all(struct scheduler *s, void *arg)
{
	const struct closings *e = arg;
	enum store_status status = STORE_OK;

	for (size_t i = 0; !status && i < e->count; i++)
		status = outcomes_end(s, e->ids[i], e->outcome, e->detail);
	return status;
}

bool closings_carry_out(struct scheduler *s, struct closings *e)
{
	enum store_status status = STORE_OK;

	if (e->count > 0)
		status = turn_transaction(s, end_all, e);
	free(e->ids);
	e->ids = NULL;
	e->count = e->room = 0;
	return status == STORE_OK;
}
