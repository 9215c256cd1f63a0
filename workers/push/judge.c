#include "workers/push/judge.h"

#include <string.h>

enum {
	UNAUTHORIZED = 401,
	NOT_FOUND = 404,
	TIMED_OUT = 408,
	GONE = 410,
	TOO_MANY = 429,
	UNAVAILABLE = 503,
	FCM_REST_SECONDS = 60, /* where it does not say how long */
};

static bool is_trouble(int status)
{
	return status == TOO_MANY || status == TIMED_OUT || status >= 500;
}

static enum verdict judge_webpush(int status)
{
	if (status / 100 == 2)
		return VERDICT_TAKEN;
	if (status == NOT_FOUND || status == GONE)
		return VERDICT_GONE;
	return is_trouble(status) ? VERDICT_TROUBLE : VERDICT_REFUSED;
}

/*
 * A 404 can also mean that the project is wrong, which is no fault of the device; a 401 also that
 * the project has no access to the phones of one maker, which would look like an outage of all.
 */
static enum verdict judge_fcm(int status, const char *answer)
{
	if (status / 100 == 2)
		return VERDICT_TAKEN;
	if (status == NOT_FOUND && strstr(answer, "UNREGISTERED"))
		return VERDICT_GONE;
	if (status == UNAUTHORIZED && strstr(answer, "THIRD_PARTY_AUTH_ERROR"))
		return VERDICT_REFUSED;
	return is_trouble(status) || status == UNAUTHORIZED ? VERDICT_TROUBLE : VERDICT_REFUSED;
}

enum verdict judge_answer(const struct http_request *request, enum device_kind kind)
{
	switch (request->end) {
	case HTTP_ANSWERED:
		return kind == DEVICE_FCM ? judge_fcm(request->status, buf_text(&request->answer))
					  : judge_webpush(request->status);
	case HTTP_UNKNOWN: /* a repeat takes the place of the first: silence may count as trouble */
		return request->timed_out ? VERDICT_TROUBLE : VERDICT_UNKNOWN;
	case HTTP_FORBIDDEN:
		return VERDICT_REFUSED;
	case HTTP_NOT_SENT:
	case HTTP_CALLED_OFF: /* nothing was asked: the sender does not judge it */
	case HTTP_NONE:
		break;
	}
	return VERDICT_TROUBLE;
}

bool judge_rest(const struct http_request *request, enum device_kind kind, int64_t *ms)
{
	int64_t standard = kind == DEVICE_FCM ? FCM_REST_SECONDS : 0;

	*ms = (request->retry_after ? request->retry_after : standard) * 1000;
	return request->end == HTTP_ANSWERED &&
	       (request->status == TOO_MANY || request->status == UNAVAILABLE);
}
