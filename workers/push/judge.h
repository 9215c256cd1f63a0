#pragma once

/*
 * What became of a notification: a judgement from the push service's answer. Pure functions.
 *
 *	web push (RFC 8030)	2xx		taken
 *				404, 410	gone: the subscription is no more
 *				429, 408, 5xx	trouble of the service
 *				any other	refused: what we sent does not suit it, and will not
 *	FCM v1			404 UNREGISTERED	gone
 *				401		trouble: our access has run out
 *				401 THIRD_PARTY_AUTH_ERROR	refused: the project cannot send to
 *							such a phone
 *				429, 5xx	trouble
 *				any other	refused
 *	both			nothing went out	trouble
 *				an address of our own network	refused
 *				broke off	unknown; the next try has the same topic and replaces it
 */

#include "common/base/must.h"
#include "common/base/vocabulary.h"
#include "common/net/http_client.h"
#include <stdbool.h>

enum verdict {
	VERDICT_REFUSED,
	VERDICT_GONE,
	VERDICT_UNKNOWN,
	VERDICT_TROUBLE,
	VERDICT_TAKEN,
};

MUST_USE enum verdict judge_answer(const struct http_request *request, enum device_kind kind);

/* Whether the service asks to be left alone; how long in *ms. */
MUST_USE bool judge_rest(const struct http_request *request, enum device_kind kind, int64_t *ms);
