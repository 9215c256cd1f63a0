#include "dispatcher/feed/answer.h"

#include "common/base/clock.h"
#include "common/base/digest.h"
#include "common/base/mem.h"
#include "dispatcher/feed/intake.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* False: the store failed. */
static bool take_in(struct source *source, enum telegram_source from, enum hazard_format format,
		    char *key, char *bytes, size_t length)
{
	struct telegram t = {
		.source = from,
		.key = key,
		.format = (int)format,
		.received_at = clock_utc(),
		.bytes = bytes,
		.length = length,
	};
	int64_t known;
	enum store_status status = telegram_find(source->feed->store, from, key, &known);
	enum intake taken = status == STORE_OK     ? INTAKE_KNOWN
			    : status == STORE_NONE ? intake_telegram(source->feed, &t, true)
						   : INTAKE_FAILED;

	telegram_free(&t);
	return taken != INTAKE_FAILED;
}

static bool take_atom(struct source *source, struct wanted_list *wanted, struct buf *fault)
{
	const struct buf *answer = &source->request.answer;
	struct atom atom;

	if (!atom_read(buf_text(answer), answer->length, &atom, fault))
		return false;
	bool taken = wanted_add(wanted, &atom, source->kind == PULL_ATOM_LONG);
	if (!taken)
		buf_text_add(fault, "the store failed, or too much waits to be fetched");
	atom_free(&atom);
	return taken;
}

/* Each message is a telegram of its own, by the id it has there. */
static bool take_message(struct source *source, const json_t *message)
{
	const char *id = json_string_value(json_object_get(message, "id"));
	char *bytes = json_dumps(message, JSON_COMPACT | JSON_ENCODE_ANY), digest[DIGEST_TEXT];

	if (!bytes)
		abort(); /* out of memory */
	if (!id)
		id = json_string_value(json_object_get(message, "_id"));
	char *key = mem_string(id ? id : digest_name(bytes, strlen(bytes), digest));
	return take_in(source, SOURCE_P2PQUAKE, FORMAT_P2PQUAKE, key, bytes, strlen(bytes));
}

/* The newest stands first. */
static bool take_messages(struct source *source, struct buf *fault)
{
	const struct buf *answer = &source->request.answer;
	json_error_t error;
	json_t *list = json_loadb(buf_text(answer), answer->length, JSON_REJECT_DUPLICATES, &error);
	bool taken = json_is_array(list);

	if (!list)
		buf_format(fault, "line %d: %s", error.line, error.text);
	else if (!taken)
		buf_text_add(fault, "no JSON array of messages");
	for (size_t i = json_array_size(list); taken && i-- > 0;) {
		taken = take_message(source, json_array_get(list, i));
		if (!taken)
			buf_text_add(fault, "the store failed");
	}
	json_decref(list);
	return taken;
}

static bool take_alert(struct source *source, struct buf *fault)
{
	const struct buf *answer = &source->request.answer;
	char digest[DIGEST_TEXT];
	bool taken = take_in(source, SOURCE_CAP, FORMAT_CAP,
			     mem_string(digest_name(buf_text(answer), answer->length, digest)),
			     mem_copy(buf_text(answer), answer->length), answer->length);

	if (!taken)
		buf_text_add(fault, "the store failed");
	return taken;
}

bool answer_take(struct source *source, struct wanted_list *wanted, struct buf *fault)
{
	switch (source->kind) {
	case PULL_ATOM:
	case PULL_ATOM_LONG:
		return take_atom(source, wanted, fault);
	case PULL_P2PQUAKE:
		return take_messages(source, fault);
	case PULL_CAP:
		return take_alert(source, fault);
	}
	return false;
}
