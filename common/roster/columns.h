#pragma once

/*
 * The five kinds of roster file: their columns in the order of the templates, what each may hold,
 * their update codes and comment lines. Reading, checking and writing all go by these tables.
 */

#include "common/roster/rules.h"
#include <stdbool.h>
#include <stddef.h>

/* In the order in which they are told of. */
enum roster_file {
	ROSTER_GROUPS,
	ROSTER_USERS,
	ROSTER_PATTERNS,
	ROSTER_CONTACTS,
	ROSTER_FAMILY, /* Biz 安否確認/一斉通報, manual, section 5.6 */
	ROSTER_FILES,
};

enum { COLUMN_UPDATE = 0, COLUMN_ID = 1, COLUMNS_MOST = 21 };

enum group_column {
	GROUP_NAME = 2,
	GROUP_APPROVERS,
	GROUP_UPPER,
	GROUP_PARENT,
	GROUP_DELETED,
	GROUP_REGION,
	GROUP_COLUMNS,
};

enum user_column {
	USER_NUMBER = 2,
	USER_NAME,
	USER_KANA,
	USER_GROUP,
	USER_ADMIN,
	USER_DASHBOARD,
	USER_SEARCH,
	USER_MAIL,
	USER_START_APPROVAL, /* this and the eight behind are divisions */
	USER_PATTERN = USER_START_APPROVAL + 9,
	USER_DELETED,
	USER_COLUMNS,
};

enum pattern_column {
	PATTERN_NAME = 2,
	PATTERN_BREAKS,
	PATTERN_WORK,
	PATTERN_MORNING,
	PATTERN_END,
	PATTERN_DELETED,
	PATTERN_COLUMNS,
};

enum contact_column {
	CONTACT_LANGUAGE = 2,
	CONTACT_MAIL,                         /* three */
	CONTACT_TELEPHONE = CONTACT_MAIL + 3, /* three */
	CONTACT_MAIL_ORDER = CONTACT_TELEPHONE + 3,
	CONTACT_TELEPHONE_ORDER,                      /* three */
	CONTACT_REGION = CONTACT_TELEPHONE_ORDER + 3, /* work, home, second */
	CONTACT_SPARE_MAIL = CONTACT_REGION + 3,
	CONTACT_SPARE_TELEPHONE,
	CONTACT_PUSH_ORDER,
	CONTACT_VOICE_ID,
	CONTACT_VOICE_PIN,
	CONTACT_COLUMNS,
};

enum family_column {
	FAMILY_USER = 2,
	FAMILY_NAME,
	FAMILY_KANA,
	FAMILY_LANGUAGE,
	FAMILY_REGION,
	FAMILY_CITY,
	FAMILY_STREET,
	FAMILY_MAIL1, /* three */
	FAMILY_TEL = FAMILY_MAIL1 + 3,
	FAMILY_COLUMNS,
};

enum {
	NEEDED = 1, /* the header must name the column */
	FILLED = 2, /* no empty cell in a row that is stored */
	SECRET = 4, /* addresses: never shown in a message */
	EXTRA = 8,  /* among the last of a file: only written where somebody needs it */
};

struct column {
	const char *name;
	unsigned flags;
	size_t most; /* characters; 0: the rule says */
	roster_rule *rule;
};

/* What an update code does, by presence before (bits) and after; see presence in the store. */
struct update {
	const char *word; /* in the answer; NULL: no such code */
	bool stores;      /* the row's cells are stored, not only its state */
	unsigned from;    /* bits 1 << enum presence */
	int to;           /* enum presence; -1: as it was */
};

enum { UPDATE_NONE, UPDATE_REGISTER, UPDATE_CHANGE, UPDATES_MOST = 8 };

struct file_kind {
	const char *word; /* "users": in options, answers, messages */
	const char *stem; /* "user": the name of the file that `export --dir` makes */
	const struct column *columns;
	size_t column_count;
	const char *codes; /* the update codes in words */
	struct update update[UPDATES_MOST];
	const char *const *comments; /* ends with NULL */
};

extern const struct file_kind roster_kinds[ROSTER_FILES];
