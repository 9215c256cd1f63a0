#include "workers/voice/answer.h"

#include "common/base/call.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { OK = 200, CREATED = 201, UNSUITABLE = 400, TOO_MANY = 429 };

static const struct {
	int code;
	enum verdict verdict;
} codes[] = {
	{20429, VERDICT_THROTTLED}, {21211, VERDICT_REFUSED}, {21217, VERDICT_REFUSED},
	{21215, VERDICT_REFUSED},   {21210, VERDICT_REFUSED}, {13226, VERDICT_REFUSED},
	{13224, VERDICT_TEMPORARY}, {10004, VERDICT_FAILED},  {22005, VERDICT_FAILED},
	{21205, VERDICT_FAILED},
};

static const char *text_of(const json_t *json, const char *key)
{
	const char *text = json_string_value(json_object_get(json, key));

	return text ? text : "";
}

/* It goes into paths, into the log and into the store. */
static bool take_sid(const json_t *json, char *sid)
{
	static const char good[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
	const char *text = text_of(json, "sid");
	size_t length = strlen(text);

	if (length == 0 || length > ANSWER_SID || strspn(text, good) != length)
		return false;
	memcpy(sid, text, length + 1);
	return true;
}

static enum verdict judge(int status, int code)
{
	for (size_t i = 0; i < LENGTH(codes); i++)
		if (codes[i].code == code)
			return codes[i].verdict;
	if (status == TOO_MANY)
		return VERDICT_THROTTLED;
	return status == UNSUITABLE ? VERDICT_DOUBTFUL : VERDICT_FAILED;
}

struct placed answer_to_placing(int status, const char *text, size_t length)
{
	struct placed p = {.verdict = VERDICT_UNCLEAR};
	json_t *json = json_loadb(text, length, 0, NULL);

	if (status == CREATED) {
		if (take_sid(json, p.sid))
			p.verdict = VERDICT_PLACED;
	} else {
		int code = (int)json_integer_value(json_object_get(json, "code"));
		p.verdict = judge(status, code);
		snprintf(p.detail, sizeof p.detail, "%d %d %s", status, code,
			 text_of(json, "message"));
	}
	json_decref(json);
	return p;
}

/* "Tue, 31 Aug 2010 20:36:28 +0000" (RFC 2822); 0 where it is none. */
static int64_t moment(const char *text)
{
	struct tm tm = {0};
	const char *end = strptime(text, "%a, %d %b %Y %H:%M:%S %z", &tm);
	long offset = tm.tm_gmtoff;

	if (!end || *end)
		return 0;
	return ((int64_t)timegm(&tm) - offset) * 1000;
}

bool answer_find(const char *text, size_t length, int64_t since,
		 bool (*known)(const char *sid, void *arg), void *arg, char *sid, bool *readable)
{
	json_t *json = json_loadb(text, length, 0, NULL);
	const json_t *calls = json_object_get(json, "calls");
	int64_t newest = 0;
	size_t i;
	json_t *call;

	*readable = json_is_array(calls);
	json_array_foreach(calls, i, call)
	{
		char candidate[ANSWER_SID + 1];
		int64_t created = moment(text_of(call, "date_created"));
		if (created < since || created <= newest || !take_sid(call, candidate) ||
		    known(candidate, arg))
			continue;
		newest = created;
		memcpy(sid, candidate, sizeof candidate);
	}
	json_decref(json);
	return newest > 0;
}

enum outcome answer_to_look(int status, const char *text, size_t length, char *detail)
{
	json_t *json = status == OK ? json_loadb(text, length, 0, NULL) : NULL;
	enum call_status state = call_status_by_name(text_of(json, "status"));
	enum outcome outcome = call_outcome(state, text_of(json, "answered_by"));

	snprintf(detail, ANSWER_DETAIL, "%s", call_status_name(state));
	json_decref(json);
	if (state != CALL_NONE && outcome == OUTCOME_NONE)
		return OUTCOME_PLACED;
	return outcome;
}
