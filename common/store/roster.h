#pragma once

/*
 * The roster's tables: work patterns, groups (departments), people and their contact cards.
 * This is the storing alone; what may be stored is judged in common/roster.
 *
 * Texts that are read belong to the store and are good until the next row. In the put functions
 * a text that is NULL leaves the column as it is (a new row gets the column's default).
 */

#include "common/base/plan.h"
#include "common/base/vocabulary.h"
#include "common/store/store.h"

/* Stored numbers. Groups and patterns are active or deleted. */
enum presence {
	PRESENCE_ACTIVE = 0,
	PRESENCE_NO_LOGIN = 1,
	PRESENCE_DELETED = 2, /* kept, not dialled, can be registered again */
	PRESENCE_ABSENT = 3,  /* there is no row */
};

struct roster_pattern {
	int64_t id; /* 0: a new one; set by the put */
	const char *code, *name, *breaks, *work_minutes, *morning_minutes, *auto_end;
	bool deleted;
};

struct roster_group {
	int64_t id;
	const char *code, *name, *approvers, *upper_approvers;
	const char *region;      /* where it is; "" as the group above it */
	int64_t parent;          /* 0: none; read only, see roster_group_parent() */
	const char *parent_code; /* "" none; read only */
	bool deleted;
};

enum { CARD_MAIL = 254, CARD_TELEPHONE = 15, CARD_REGIONS = 3, CARD_REGION = 3 };
enum { CARD_NUMBER = 16, CARD_VOICE_ID = 10, CARD_PIN = 8, CARD_PIN_HASH = 127 };

/* Dashboard, search, four approval and report divisions, five notices: see person.divisions. */
enum { ROSTER_DIVISIONS = 11 };

struct roster_person {
	int64_t id;
	const char *code, *employee_number, *name, *kana, *email, *admin;
	const char *division[ROSTER_DIVISIONS];
	int64_t group;
	int64_t pattern;                       /* 0: none; PATTERN_AS_IT_IS */
	const char *group_code, *pattern_code; /* read only */
	enum presence state;
	/* Of a new person alone: the card's, so that the row is written once. */
	enum language language;
	const char *region[CARD_REGIONS];
	int64_t plan;
};
enum { PATTERN_AS_IT_IS = -1 };

/* Of a person, what an import must know beforehand. */
struct roster_member {
	int64_t id;
	const char *code;
	enum presence state;
	int64_t group, pattern;
	bool has_card;
	const char *voice_id; /* "" none */
};

/* How a person is reached and where they are. Empty texts: none. Orders 1..4; 0: not dialled.
 */
struct roster_card {
	enum language language;
	char mail[PLAN_ADDRESSES][CARD_MAIL + 1];
	char telephone[PLAN_ADDRESSES][CARD_TELEPHONE + 1];
	char number[PLAN_ADDRESSES][CARD_NUMBER + 1]; /* the same as dialled (E.164); not loaded */
	int mail_order;
	int telephone_order[PLAN_ADDRESSES];
	int push_order; /* all devices of the person; common/store/device.h has them */
	char region[CARD_REGIONS][CARD_REGION + 1]; /* work, home, second */
	char spare_mail[CARD_MAIL + 1];
	char spare_telephone[CARD_TELEPHONE + 1];
	char voice_id[CARD_VOICE_ID + 1];
	char voice_pin[CARD_PIN + 1];           /* a new one, not loaded; empty: as it was */
	char voice_pin_hash[CARD_PIN_HASH + 1]; /* of the new one, not loaded */
	int64_t plan;                           /* packed, of what is dialled */
};

/* Several reads that see the same moment; ends with store_rollback(). */
MUST_USE enum store_status roster_read_begin(struct store *store);

/* A number that each import raises: the same number, the same roster. */
MUST_USE enum store_status roster_revision(struct store *store, int64_t *revision);
MUST_USE enum store_status roster_revise(struct store *store);

/* Each by code, but members by id. */
MUST_USE enum store_status roster_each_pattern(struct store *store,
					       void (*see)(const struct roster_pattern *pattern,
							   void *arg),
					       void *arg);
MUST_USE enum store_status roster_each_group(
	struct store *store, void (*see)(const struct roster_group *group, void *arg), void *arg);
MUST_USE enum store_status roster_each_person(
	struct store *store, void (*see)(const struct roster_person *person, void *arg), void *arg);
/* Whether there is a card is only looked up where `cards`. */
MUST_USE enum store_status roster_each_member(struct store *store, bool cards,
					      void (*see)(const struct roster_member *member,
							  void *arg),
					      void *arg);
/* Only people who have one: an address, a region or a language of their own. */
MUST_USE enum store_status roster_each_card(struct store *store,
					    void (*see)(const char *code,
							const struct roster_card *card, void *arg),
					    void *arg);
/* Whether anybody has push in their dial order, or a voice ID. */
MUST_USE enum store_status roster_any_push(struct store *store, bool *any);
MUST_USE enum store_status roster_any_voice_id(struct store *store, bool *any);
/* Whether a group has a region of its own. */
MUST_USE enum store_status roster_any_group_region(struct store *store, bool *any);
MUST_USE enum store_status roster_card_load(struct store *store, int64_t person,
					    struct roster_card *card);

/* In a transaction of the caller's. STORE_CONFLICT: the roster is not what the caller thinks.
 */
MUST_USE enum store_status roster_put_pattern(struct store *store, struct roster_pattern *pattern);
MUST_USE enum store_status roster_put_group(struct store *store, struct roster_group *group);
MUST_USE enum store_status roster_put_person(struct store *store, struct roster_person *person);
MUST_USE enum store_status roster_put_card(struct store *store, int64_t person,
					   const struct roster_card *card);
/* The same for a person who was put with the card's language, regions and plan just now. */
MUST_USE enum store_status roster_add_addresses(struct store *store, int64_t person,
						const struct roster_card *card);

/* The card's voice ID, and its PIN where there is a new one. Without an ID there is no PIN. */
MUST_USE enum store_status roster_put_voice(struct store *store, int64_t person,
					    const struct roster_card *card);
/* Lets go of the voice ID, so that another person can have it. */
MUST_USE enum store_status roster_release_voice(struct store *store, int64_t person);

MUST_USE enum store_status roster_group_parent(struct store *store, int64_t group,
					       int64_t parent /* 0: none */);
/* Where each group is, from its own region or the nearest one's above it: after changes of either. */
MUST_USE enum store_status roster_place_groups(struct store *store);
MUST_USE enum store_status roster_pattern_delete(struct store *store, int64_t pattern);
MUST_USE enum store_status roster_group_delete(struct store *store, int64_t group);
MUST_USE enum store_status roster_person_state(struct store *store, int64_t person,
					       enum presence state);
MUST_USE enum store_status roster_person_reissue(struct store *store, int64_t person);
MUST_USE enum store_status roster_card_delete(struct store *store, int64_t person);

/* Whether a broadcast, a delivery or a reply names it: then it must stay. */
MUST_USE enum store_status roster_person_used(struct store *store, int64_t person, bool *used);
MUST_USE enum store_status roster_group_used(struct store *store, int64_t group, bool *used);

/* For good; a person with the contacts. */
MUST_USE enum store_status roster_person_remove(struct store *store, int64_t person);
MUST_USE enum store_status roster_group_remove(struct store *store, int64_t group);
