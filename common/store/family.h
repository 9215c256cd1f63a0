#pragma once

/*
 * Family users (Biz 安否確認/一斉通報, manual, sections 5.5 and 5.6): each belongs to a person and is
 * told by mail of a strong shaking in their own region and of the person's answers. They are no
 * people of the organisation: no target names them, no count holds them.
 *
 * Telling them is a broadcast of kind KIND_FAMILY with deliveries like any other. In these the
 * person is the family user's id, negative; so are all `person` below that say so.
 */

#include "common/base/must.h"
#include "common/base/plan.h"
#include "common/base/vocabulary.h"
#include "common/store/broadcast.h"
#include "common/store/store.h"

enum {
	FAMILY_CODE_MOST = 8, /* characters, here and below */
	FAMILY_NAME_MOST = 32,
	FAMILY_CITY_MOST = 40,
	FAMILY_STREET_MOST = 80,
	FAMILY_MAIL = 254,
	FAMILY_TELEPHONE = 15,
};

/* Texts are UTF-8; empty: none. */
struct family {
	int64_t id; /* 0: a new one; set by the put */
	int64_t person;
	char code[FAMILY_CODE_MOST + 1];
	char name[FAMILY_NAME_MOST * 4 + 1], kana[FAMILY_NAME_MOST * 4 + 1];
	enum language language;
	char region[4];
	char city[FAMILY_CITY_MOST * 4 + 1], street[FAMILY_STREET_MOST * 4 + 1];
	char mail[PLAN_ADDRESSES][FAMILY_MAIL + 1];
	char telephone[FAMILY_TELEPHONE + 1];
};

/* In a transaction of the caller's. STORE_CONFLICT: the roster is not what the caller thinks. */
MUST_USE enum store_status family_put(struct store *store, struct family *family);
MUST_USE enum store_status family_delete(struct store *store, int64_t id);
/* STORE_NONE: there is none. */
MUST_USE enum store_status family_load(struct store *store, int64_t id, struct family *family);

/* All, by user and family code; of one person where `person` is not 0. */
MUST_USE enum store_status family_each(struct store *store, int64_t person,
				       void (*see)(const char *user, const struct family *family,
						   void *arg),
				       void *arg);
MUST_USE enum store_status family_any(struct store *store, bool *any);

/* telling of answers */

/* The families of a person who is active: *ids, freed by the caller, and their plans. */
struct family_member {
	int64_t id, plan;
};
MUST_USE enum store_status family_members(struct store *store, int64_t person,
					  struct family_member **members, size_t *count);

/*
 * The broadcast that tells families of the answers to another, in a transaction of the caller's.
 * It is made where there is none, in state requested, with nobody in it and its fan-out over.
 */
MUST_USE enum store_status family_broadcast(struct store *store, const struct broadcast *of,
					    int64_t *broadcast);

/* What a family user is told of the person's newest answer. Texts are owned by the struct. */
struct family_news {
	int64_t reply;
	int64_t at;     /* UTC milliseconds */
	enum kind kind; /* of the broadcast that was answered */
	char *name;     /* the person's */
	char *choice;   /* key */
	char *choices;  /* JSON, see common/text/question.h */
	char *title[LANGUAGES];
};

/*
 * `person`: a family user's, negative. STORE_NONE: the broadcast is not about answers, there is
 * none, or the family user or the person is not there any more.
 */
MUST_USE enum store_status family_news_load(struct store *store, int64_t broadcast, int64_t person,
					    struct family_news *news);
void family_news_free(struct family_news *news);

/* Whether the newest answer says something else than `told`, a reply. False: as STORE_NONE above. */
MUST_USE enum store_status family_is_behind(struct store *store, int64_t broadcast, int64_t person,
					    int64_t told, bool *behind);

/* How far it is with telling families of the answers to a broadcast. */
struct family_figures {
	int64_t broadcast; /* that tells them; 0: nobody was to be told */
	int64_t users, waiting, in_flight;
	int64_t delivered, refused; /* mails */
};
MUST_USE enum store_status family_figures_load(struct store *store, int64_t of,
					       struct family_figures *figures);

/* telling of an event */

/*
 * Adds those that told of the event by this key already, as TARGET_EXCEPT, to a grown list. An event
 * that happened (`drill` 0) and each of its drills are told of once.
 */
MUST_USE enum store_status family_event_told(struct store *store, const char *key, int64_t drill,
					     struct target **targets, size_t *count);
MUST_USE enum store_status family_event_note(struct store *store, const char *key, int64_t drill,
					     int64_t broadcast);
