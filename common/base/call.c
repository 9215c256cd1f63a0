#include "common/base/call.h"

#include <string.h>

static const struct {
	const char *name;
	enum outcome outcome;
} statuses[CALL_END] = {
#define X(symbol, number, text, end) [number] = {text, OUTCOME_##end},
	CALL_STATUSES(X)
#undef X
};

enum call_status call_status_by_name(const char *name)
{
	for (int i = CALL_NONE + 1; i < CALL_END; i++)
		if (strcmp(statuses[i].name, name) == 0)
			return (enum call_status)i;
	return CALL_NONE;
}

const char *call_status_name(enum call_status status)
{
	return status > CALL_NONE && status < CALL_END ? statuses[status].name : "";
}

bool call_by_machine(const char *answered_by)
{
	return strncmp(answered_by, "machine", 7) == 0 || strcmp(answered_by, "fax") == 0;
}

enum outcome call_outcome(enum call_status status, const char *answered_by)
{
	if (status <= CALL_NONE || status >= CALL_END)
		return OUTCOME_NONE;
	if (status == CALL_COMPLETED && call_by_machine(answered_by))
		return OUTCOME_MACHINE;
	return statuses[status].outcome;
}
