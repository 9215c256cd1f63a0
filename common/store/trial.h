#pragma once

/*
 * Trials (Biz 安否確認/一斉通報, manual, section 5.3): a marked message to each contact of a person,
 * to see whether it arrives. All contacts are tried at once, so each is a broadcast of kind
 * KIND_TEST of its own, with TARGET_PERSON and TARGET_CONTACT: no answer to one, no outcome and no
 * wait of one, holds back another. Those of one trial have the same time of asking. They are in no
 * list of broadcasts and no figure of people; `tenko verify` and the ledger hold them as any other.
 */

#include "common/base/must.h"
#include "common/base/vocabulary.h"
#include "common/store/store.h"
#include <stddef.h>

enum { TRIAL_BROADCASTS = 5 };

/* Ids of the person's newest trial, in dial order; *count 0: there was none. */
MUST_USE enum store_status trial_newest(struct store *store, int64_t person,
					int64_t ids[TRIAL_BROADCASTS], size_t *count);

/* One address of one broadcast of a trial. The texts are good during the call alone. */
struct trial_attempt {
	int64_t id;
	int dial_order;
	int address_position; /* 1..3 within the contact */
	enum channel channel;
	const char *address;
	enum outcome outcome; /* OUTCOME_NONE: no result yet */
	const char *detail;   /* what relay or provider said; "" nothing */
};
MUST_USE enum store_status trial_each(struct store *store, int64_t broadcast,
				      void (*see)(const struct trial_attempt *attempt, void *arg),
				      void *arg);
