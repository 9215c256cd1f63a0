#pragma once

/* `tenko list --bad-addresses`: whose mail came back for good, and since when. */

#include "dispatcher/cli/command.h"

enum bad_form { BAD_TEXT, BAD_JSON, BAD_CSV };

/* Addresses in full only where `addresses`; else masked. */
MUST_USE int bad_addresses_list(struct cli *cli, enum bad_form form, bool addresses);
