#pragma once

/*
 * What a cell of a roster file may hold. A rule gets a cell that is not empty and returns NULL, or
 * what is wrong in Japanese and English. Rules never quote the cell: it may be an address.
 */

#include "common/base/must.h"
#include <stdbool.h>

typedef const char *roster_rule(const char *cell);

roster_rule rule_group_id; /* groups and patterns */
roster_rule rule_user_id;
roster_rule rule_user_ids;     /* by semicolon */
roster_rule rule_switch;       /* 0 1 */
roster_rule rule_division;     /* 0 1 2 */
roster_rule rule_breaks;       /* HH:mm-HH:mm;... ascending */
roster_rule rule_minutes;      /* 0 to 1440 */
roster_rule rule_some_minutes; /* 1 to 1440 */
roster_rule rule_time;         /* H:mm or HH:mm, to 29:59 */
roster_rule rule_mail;
roster_rule rule_telephone;
roster_rule rule_voice_id;   /* up to 10 digits */
roster_rule rule_voice_pin;  /* 4 to 8 digits */
roster_rule rule_dial_order; /* 1 to 4 */
roster_rule rule_region;
roster_rule rule_language;     /* ja en */
roster_rule rule_family_code;  /* letters and digits */
roster_rule rule_no_half_kana; /* any characters but half-width kana */
roster_rule rule_kana;         /* full-width kana, and the full-width blank */

/* Control characters, also those above ASCII: in no cell. */
MUST_USE bool has_controls(const char *cell);
