#pragma once

/*
 * Brings the belt in line with the store. Both may have been killed, and the belt may have been
 * emptied or put back to an older copy, at any moment. Per stream, `last` is the largest id it
 * ever held, `mark` the largest that the store knows it to have held:
 *
 *	the epoch is gone, or last < mark   the belt lost what it had: it is made anew from all open
 *	                                    attempts, after a moment in which workers report again
 *	                                    what they had just done. Jobs of an old copy go before it:
 *	                                    some are done, and without them workers report at once
 *	the epoch is another store's, or    the same. A restored store is another
 *	last > any attempt there is
 *	else                                open attempts above last are handed over
 *	open, up to last, not in the stream its result got lost, or it was being recalled when we
 *	                                    died: it is made again. The one window here in which a
 *	                                    message may go out twice.
 */

#include "dispatcher/scheduler/scheduler.h"

/* After connecting. False: the belt or the store failed; connect again later. */
MUST_USE bool compare_on_connect(struct scheduler *s);
/* When settling is over: fills the belt anew. False: as above. */
MUST_USE bool compare_settled(struct scheduler *s);
/* Now and then: looks for the last case, and whether the belt was emptied. */
MUST_USE bool compare_now_and_then(struct scheduler *s);
