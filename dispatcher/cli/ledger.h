#pragma once

/* `tenko verify`, as far as it is about the ledger. */

#include "common/store/ledger.h"
#include "dispatcher/cli/command.h"

/* Prints the newest row's id and hash, to be kept elsewhere. */
MUST_USE int ledger_tell_head(struct cli *cli);

/* Checks the ledger; `kept`: a head that must be part of it, or NULL. EX_DATAERR: it does not fit. */
MUST_USE int ledger_check(struct cli *cli, const struct ledger_head *kept);
