#include "common/store/states.h"

#include <string.h>

struct state {
	const char *name;
	const char *phrase;
	unsigned moves; /* set of 1 << state */
};

#define X(symbol, number, text, words, targets) [number] = {text, words, targets},
static const struct state broadcast_states[BROADCAST_STATE_END] = {BROADCAST_STATES(X)};
static const struct state delivery_states[DELIVERY_STATE_END] = {DELIVERY_STATES(X)};
static const struct state control_verbs[CONTROL_END] = {CONTROL_VERBS(X)};
#undef X

static const struct state *state_of(const struct state *states, int count, int number)
{
	static const struct state none = {"", "", 0};
	bool known = number > 0 && number < count && states[number].name;
	return known ? &states[number] : &none;
}

#define BROADCAST(state) state_of(broadcast_states, BROADCAST_STATE_END, (int)(state))
#define DELIVERY(state)	 state_of(delivery_states, DELIVERY_STATE_END, (int)(state))

const char *broadcast_state_name(enum broadcast_state state)
{
	return BROADCAST(state)->name;
}

const char *broadcast_state_phrase(enum broadcast_state state)
{
	return BROADCAST(state)->phrase;
}

const char *delivery_state_name(enum delivery_state state)
{
	return DELIVERY(state)->name;
}

const char *delivery_state_phrase(enum delivery_state state)
{
	return DELIVERY(state)->phrase;
}

const char *control_verb_name(enum control_verb verb)
{
	return state_of(control_verbs, CONTROL_END, (int)verb)->name;
}

enum delivery_state delivery_state_by_name(const char *name)
{
	for (int i = 1; i < DELIVERY_STATE_END; i++)
		if (strcmp(delivery_states[i].name, name) == 0)
			return (enum delivery_state)i;
	return DELIVERY_NONE;
}

bool broadcast_may_move(enum broadcast_state from, enum broadcast_state to)
{
	return BROADCAST(from)->moves & TO(to);
}

bool delivery_may_move(enum delivery_state from, enum delivery_state to)
{
	return DELIVERY(from)->moves & TO(to);
}
