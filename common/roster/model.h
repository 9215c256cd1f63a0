#pragma once

/*
 * The roster in memory, as far as files must be checked against it and each other: every pattern,
 * group and person by code, as it was before the import and as it will be after. Filled from the
 * store, changed by the checks, made true by the apply step.
 */

#include "common/roster/names.h"
#include "common/store/roster.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { NONE = NAME_UNKNOWN };

struct entry {
	int64_t id;   /* 0: not in the store yet */
	uint32_t row; /* of the file that changes it, 0: none does */
	uint8_t was;  /* enum presence */
	uint8_t is;
	uint8_t update; /* the code in that row */
};

struct model_pattern {
	struct entry entry;
	int32_t people; /* not deleted ones who will have it */
};

struct model_group {
	struct entry entry;
	int32_t parent;    /* number, NONE */
	char *parent_code; /* as in the file, to be found once all groups are known; or NULL */
	char *approvers;   /* as they will be */
	char *upper;
	int32_t people;      /* who will be in it, not deleted */
	int32_t kept;        /* deleted, but still there */
	int32_t last_joined; /* number of a person whom the import puts into it, NONE */
};

struct model_user {
	struct entry entry;
	int32_t group, pattern; /* numbers; pattern NONE */
	bool joins;             /* the import puts the person into that group */
	bool has_card;
	uint32_t card_row;        /* of the contacts file */
	int32_t voice_was, voice; /* voice IDs, numbers; NONE */
	/* a new person's, from that row */
	uint8_t language;
	char region[CARD_REGIONS][CARD_REGION + 1];
	int64_t plan;
};

/* Known by "USER CODE": people choose the codes, so that two may have the same. */
struct model_family {
	struct entry entry;
};

struct model {
	struct names pattern_codes, group_codes, user_codes, voice_ids, family_codes;
	/* by number */
	struct model_pattern *patterns;
	struct model_group *groups;
	struct model_user *users;
	struct model_family *families;
	int32_t pattern_room, group_room, user_room, family_room;
	int64_t revision;
};

/* Reads it all, at one moment. `cards`: who has one, too; `families`: these, too. */
MUST_USE enum store_status model_load(struct model *model, struct store *store, bool cards,
				      bool families);
void model_free(struct model *model);

/* The number for a code; a new entry is absent. */
MUST_USE int32_t model_pattern(struct model *model, const char *code);
MUST_USE int32_t model_group(struct model *model, const char *code);
MUST_USE int32_t model_user(struct model *model, const char *code);
MUST_USE int32_t model_family(struct model *model, const char *user, const char *code);
/* NONE: it was never named. */
MUST_USE int32_t model_find_family(const struct model *model, const char *user, const char *code);

/* The entry of a code that will be there, deleted or not; NONE where it will not. */
MUST_USE int32_t model_find_pattern(const struct model *model, const char *code);
MUST_USE int32_t model_find_group(const struct model *model, const char *code);
MUST_USE int32_t model_find_user(const struct model *model, const char *code);

/* Takes the next of "U01;U02;" off *list into `code`; false at the end. Too long ones are cut. */
enum { CODE_ROOM = 128 };
MUST_USE bool next_code(const char **list, char code[CODE_ROOM]);
