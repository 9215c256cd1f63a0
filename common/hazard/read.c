#include "common/hazard/build.h"
#include "common/hazard/parsers.h"

#include <jansson.h>
#include <string.h>

typedef enum hazard_read parser(const void *bytes, size_t length, struct events *events,
				struct buf *reason);

static parser *const parsers[FORMAT_END] = {
	[FORMAT_JMA] = jma_read,
	[FORMAT_P2PQUAKE] = p2pquake_read,
	[FORMAT_CAP] = cap_read,
	[FORMAT_ALERTMANAGER] = alertmanager_read,
};

enum hazard_read hazard_read(enum hazard_format format, const void *bytes, size_t length,
			     struct events *events, struct buf *reason)
{
	enum hazard_read verdict;

	*events = (struct events){0};
	buf_clear(reason);
	if (format <= FORMAT_NONE || format >= FORMAT_END)
		return hazard_refuse(reason, "is of no format that can be read");
	if (length > TELEGRAM_MOST)
		return hazard_refuse(reason, "has %zu bytes; at most %d are read", length,
				     TELEGRAM_MOST);
	if (length == 0)
		return hazard_refuse(reason, "is empty");
	verdict = parsers[format](bytes, length, events, reason);
	if (verdict != HAZARD_READ)
		events_free(events);
	return verdict;
}

static bool holds(const void *bytes, size_t length, const char *what)
{
	return memmem(bytes, length, what, strlen(what)) != NULL;
}

static enum hazard_format guess_json(const void *bytes, size_t length)
{
	enum hazard_format format = FORMAT_NONE;
	json_t *json = json_loadb(bytes, length, 0, NULL);
	const json_t *first = json_is_array(json) ? json_array_get(json, 0) : json;

	if (json_is_array(json_object_get(json, "alerts")))
		format = FORMAT_ALERTMANAGER;
	else if (json_is_integer(json_object_get(first, "code")))
		format = FORMAT_P2PQUAKE;
	json_decref(json);
	return format;
}

enum hazard_format hazard_guess(const void *bytes, size_t length)
{
	enum { HEAD = 4096 };
	const char *at = bytes;

	if (length >= 3 && memcmp(at, "\xef\xbb\xbf", 3) == 0)
		at += 3, length -= 3;
	while (length > 0 && strchr(" \t\r\n", *at) && *at)
		at++, length--;
	if (length == 0 || length > TELEGRAM_MOST)
		return FORMAT_NONE;
	if (*at == '{' || *at == '[')
		return guess_json(at, length);
	if (*at != '<')
		return FORMAT_NONE;
	size_t head = length < HEAD ? length : HEAD;
	if (holds(at, head, "http://xml.kishou.go.jp/jmaxml1/"))
		return FORMAT_JMA;
	return holds(at, head, "urn:oasis:names:tc:emergency:cap:") ? FORMAT_CAP : FORMAT_NONE;
}
