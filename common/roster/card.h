#pragma once

/*
 * Contact cards: from the cells of a contacts row to what is stored, with the dial order packed
 * into a plan. Used twice a row: to check and to store.
 */

#include "common/base/must.h"
#include "common/roster/faults.h"
#include "common/roster/sheet.h"
#include "common/roster/telephone.h"
#include "common/store/roster.h"

/*
 * Takes the columns that the file has into the card. The cells have passed their rules. A telephone
 * that cannot be dialled stays without its number.
 */
void card_take(struct roster_card *card, const struct sheet *sheet,
	       const struct telephone_rules *telephones);

/* Whether the file has all columns, so that nothing of an earlier card is kept. */
MUST_USE bool card_is_whole(const struct sheet *sheet);

/*
 * Adds what no cell shows by itself: gaps, orders given twice or without an address, numbers that
 * cannot be dialled, a PIN without an ID, nothing at all.
 */
void card_check(const struct roster_card *card, const struct sheet *sheet,
		const struct telephone_rules *telephones, struct faults *faults);

/* The contacts in dial order, packed. */
MUST_USE int64_t card_plan(const struct roster_card *card);
