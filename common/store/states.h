#pragma once

/*
 * The states of a broadcast and of a delivery, each list once, with the moves that are allowed.
 * Only the scheduler moves them (a broadcast is born requested by whoever asks for it). The
 * numbers are stored: never change one.
 */

#include "common/base/must.h"
#include <stdbool.h>

#define TO(state) (1u << (state))

/*      symbol     number  name         phrase                          moves to */
#define BROADCAST_STATES(X)                                                                       \
	X(REQUESTED, 1, "requested", "asked for",                                                 \
	  TO(2) | TO(3) | TO(5) | TO(6))                                                          \
	X(RUNNING,   2, "running",   "people are being reached", TO(3) | TO(5) | TO(6))           \
	X(PAUSED,    3, "paused",    "nothing new is sent",      TO(2) | TO(5) | TO(6))           \
	X(FINISHED,  5, "finished",  "everyone is accounted for", TO(2) | TO(6))                  \
	X(CANCELLED, 6, "cancelled", "called off",               0)

/*
 * waiting    its next step is due some time, or the chain is over and an answer is waited for
 * in flight  an attempt was handed over and has not been reported back
 * A late reply still counts: exhausted and cancelled people can become answered.
 * A reminder puts exhausted people back to waiting.
 */
#define DELIVERY_STATES(X)                                                                        \
	X(WAITING,   1, "waiting",   "waiting for the next step", TO(2) | TO(3) | TO(4) | TO(5))  \
	X(IN_FLIGHT, 2, "in_flight", "an attempt is under way",   TO(1) | TO(3) | TO(4) | TO(5))  \
	X(ANSWERED,  3, "answered",  "answered",                  0)                              \
	X(EXHAUSTED, 4, "exhausted", "tried to the end",          TO(1) | TO(3))                  \
	X(CANCELLED, 5, "cancelled", "called off",                TO(3))

/* What can be asked of a broadcast. */
#define CONTROL_VERBS(X)                                                                          \
	X(CANCEL, 1, "cancel", "", 0)                                                             \
	X(PAUSE,  2, "pause",  "", 0)                                                             \
	X(RESUME, 3, "resume", "", 0)                                                             \
	X(REMIND, 4, "remind", "", 0)

#define X(symbol, number, name, phrase, moves) BROADCAST_##symbol = (number),
enum broadcast_state { BROADCAST_NONE = 0, BROADCAST_STATES(X) BROADCAST_STATE_END };
#undef X
#define X(symbol, number, name, phrase, moves) DELIVERY_##symbol = (number),
enum delivery_state { DELIVERY_NONE = 0, DELIVERY_STATES(X) DELIVERY_STATE_END };
#undef X
#define X(symbol, number, name, phrase, moves) CONTROL_##symbol = (number),
enum control_verb { CONTROL_NONE = 0, CONTROL_VERBS(X) CONTROL_END };
#undef X

const char *broadcast_state_name(enum broadcast_state state);
const char *broadcast_state_phrase(enum broadcast_state state);
const char *delivery_state_name(enum delivery_state state);
const char *delivery_state_phrase(enum delivery_state state);
const char *control_verb_name(enum control_verb verb);

MUST_USE enum delivery_state delivery_state_by_name(const char *name); /* NONE: no such state */

MUST_USE bool broadcast_may_move(enum broadcast_state from, enum broadcast_state to);
MUST_USE bool delivery_may_move(enum delivery_state from, enum delivery_state to);
