#pragma once

/* What a broadcast would take, before it is sent. */

#include "dispatcher/cli/command.h"

#include "common/roster/forecast.h"
#include "common/store/broadcast.h"
#include "dispatcher/cli/targets.h"

struct estimate {
	struct forecast forecast;
};

/* EX_OK, or the exit code after a message. */
MUST_USE int estimate_make(struct cli *cli, const struct broadcast *b,
			   const struct targets *targets, struct estimate *estimate);

/*
 * The answer of a dry run: how many people and attempts, how long, and who has no usable
 * contact. `b` is as broadcast_request() needs it; it is asked for and taken back.
 */
MUST_USE int estimate_print(struct cli *cli, struct broadcast *b, const struct targets *targets,
			    const struct estimate *estimate);
