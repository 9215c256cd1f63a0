#pragma once

/*
 * The signature on what a telephone provider sends us (X-Twilio-Signature): base64 of HMAC-SHA-1,
 * keyed with the account's token, over the URL as the provider called it, and behind it each field
 * of the form as name and value, fields in order of their names' bytes. Several values of one name
 * count in order of theirs, equal ones once.
 *
 * The URL is built from the settings, never from what the request says of itself. Providers differ
 * in whether they sign it with its port, so both ways are good.
 */

#include "common/base/must.h"
#include <stdbool.h>
#include <stddef.h>

struct webhook_field {
	const char *name, *value;
};

/* Takes the same time for every signature of the right length. Reorders the fields. */
MUST_USE bool webhook_is_signed(const char *token, const char *url, struct webhook_field *fields,
				size_t count, const char *signature);
