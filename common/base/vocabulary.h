#pragma once

/*
 * The words of the field, each list once: channels, outcomes of an attempt, ways a reply comes
 * in, kinds of broadcast, kinds of device. The numbers are stored and sent: never change one, only
 * add.
 *
 * Each word has its name (logs, JSON, settings) and a phrase for people.
 */

#include "common/base/buf.h"
#include "common/base/must.h"
#include <stdbool.h>

/*      symbol  number  name     phrase */
#define CHANNELS(X)                                                                               \
	X(MAIL,  1, "mail",  "mail")                                                              \
	X(VOICE, 2, "voice", "telephone")                                                         \
	X(PUSH,  3, "push",  "push notification")

/*
 * How an attempt ended. What each means for the chain is said in the escalation.
 *      symbol            number  name                     phrase */
#define OUTCOMES(X)                                                                               \
	X(DELIVERED,          1, "delivered",              "accepted by the relay or provider")  \
	X(ANSWERED_NO_INPUT,  2, "answered_without_input", "answered, no key pressed")           \
	X(MACHINE,            3, "machine",                "an answering machine took it")       \
	X(BUSY,               4, "busy",                   "the line was busy")                  \
	X(NO_ANSWER,          5, "no_answer",              "nobody answered")                    \
	X(REFUSED,            6, "refused",                "refused for good: bad address")      \
	X(TEMPORARY,          7, "temporary",              "refused for now")                    \
	X(UNKNOWN,            8, "unknown",                "broke off; it may have arrived")     \
	X(OUTAGE,             9, "outage",                 "the channel as a whole was down")    \
	X(NOT_TRIED,         10, "not_tried",              "taken back before it was tried")     \
	X(REPLIED,           11, "replied",                "answered, and the reply was taken")  \
	X(PLACED,            12, "placed",                 "placed; its end is not known yet")

/*      symbol   number  name       phrase */
#define REPLY_WAYS(X)                                                                             \
	X(WEB,     1, "web",     "reply page")                                                    \
	X(VOICE,   2, "voice",   "key press in a call")                                           \
	X(CALL_IN, 3, "call_in", "calling in")                                                    \
	X(PUSH,    4, "push",    "push notification")                                             \
	X(MAIL,    5, "mail",    "mail")                                                          \
	X(PROXY,   6, "proxy",   "entered by somebody else")

/*      symbol   number  name       phrase */
#define KINDS(X)                                                                                  \
	X(SAFETY,  1, "safety",  "safety confirmation")                                           \
	X(NOTICE,  2, "notice",  "notice")                                                        \
	X(DRILL,   3, "drill",   "drill")                                                         \
	X(FAMILY,  4, "family",  "news for families")                                             \
	X(TEST,    5, "test",    "trial of a person's contacts")

/*      symbol   number  name       phrase */
#define DEVICE_KINDS(X)                                                                           \
	X(WEBPUSH, 1, "webpush", "browser")                                                       \
	X(FCM,     2, "fcm",     "app")

/*
 * Which of a person's addresses make them concerned by what happens in a region. A set is their sum.
 *      symbol       number  name          phrase */
#define ADDRESSES(X)                                                                              \
	X(WORK,       1, "work",       "where they work")                                         \
	X(HOME,       2, "home",       "where they live")                                         \
	X(SECOND,     4, "second",     "their second address")                                    \
	X(DEPARTMENT, 8, "department", "where their department is")

#define X(symbol, number, name, phrase) CHANNEL_##symbol = (number),
enum channel { CHANNEL_NONE = 0, CHANNELS(X) CHANNEL_END };
#undef X
#define X(symbol, number, name, phrase) OUTCOME_##symbol = (number),
enum outcome { OUTCOME_NONE = 0, OUTCOMES(X) OUTCOME_END };
#undef X
#define X(symbol, number, name, phrase) WAY_##symbol = (number),
enum reply_way { WAY_NONE = 0, REPLY_WAYS(X) WAY_END };
#undef X
#define X(symbol, number, name, phrase) KIND_##symbol = (number),
enum kind { KIND_NONE = 0, KINDS(X) KIND_END };
#undef X
#define X(symbol, number, name, phrase) DEVICE_##symbol = (number),
enum device_kind { DEVICE_NONE = 0, DEVICE_KINDS(X) DEVICE_END };
#undef X
#define X(symbol, number, name, phrase) ADDRESS_##symbol = (number),
enum address { ADDRESSES(X) };
#undef X
enum { ADDRESSES_OF_PERSON = ADDRESS_WORK | ADDRESS_HOME | ADDRESS_SECOND };

/* "" for a number that is none of the list. */
const char *channel_name(enum channel channel);
const char *outcome_name(enum outcome outcome);
const char *outcome_phrase(enum outcome outcome);
const char *reply_way_name(enum reply_way way);
const char *kind_name(enum kind kind);
const char *device_kind_name(enum device_kind kind);

/* The NONE of the list where no word has that name. */
MUST_USE enum channel channel_by_name(const char *name);
MUST_USE enum kind kind_by_name(const char *name);
/* The same for those that people ask for: broadcasts to families and trials are made otherwise. */
MUST_USE enum kind kind_asked_for(const char *name);
MUST_USE enum device_kind device_kind_by_name(const char *name);

/* A set of channels: bit 1 << channel. */
enum { CHANNELS_ALL = 1 << CHANNEL_MAIL | 1 << CHANNEL_VOICE | 1 << CHANNEL_PUSH };

/* "mail,voice" -> set; 0 where a name is unknown or the list empty. */
MUST_USE unsigned channels_by_names(const char *names);

/* "work,home" -> set of enum address; 0 where a name is unknown or the list empty. */
MUST_USE unsigned addresses_by_names(const char *names, char separator);

/* Appends the names of a set of addresses, in order. */
void addresses_put(unsigned addresses, const char *separator, struct buf *out);

/* Languages are stored as 0 and 1. */
enum language { LANGUAGE_JA = 0, LANGUAGE_EN = 1, LANGUAGES = 2 };
const char *language_name(enum language language);             /* "ja", "en" */
MUST_USE bool language_by_name(const char *name, enum language *language);
