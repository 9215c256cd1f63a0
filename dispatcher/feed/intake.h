#pragma once

/*
 * One telegram: read, decided about, and settled with everything that follows from it in one
 * transaction. Whatever kills us in between, it is either all there or not at all, so that each
 * telegram is acted on exactly once.
 */

#include "common/store/telegram.h"
#include "dispatcher/feed/feed.h"

enum intake {
	INTAKE_DONE = 1, /* it is settled */
	INTAKE_KNOWN,    /* it was settled before; nothing was done */
	INTAKE_DAMAGED,  /* it cannot be read; nothing was stored */
	INTAKE_FAILED,   /* the store failed; nothing was stored: try again */
};

/*
 * Takes a telegram in: with an id, one that waits in the store; without, one that was fetched, with
 * source, key, received_at and bytes. `format` FORMAT_NONE: by its looks. One that cannot be read
 * is stored as refused where `final` is set. Sets the telegram's state and reason.
 */
MUST_USE enum intake intake_telegram(struct feed *feed, struct telegram *telegram, bool final);

/* Takes in all that wait in the store. False: the store failed, try again. */
MUST_USE bool intake_waiting(struct feed *feed);

/*
 * Decides what is due again, and sets feed->held_until. False: the store failed, try again.
 */
MUST_USE bool intake_held(struct feed *feed);
