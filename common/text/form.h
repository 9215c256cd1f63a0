#pragma once

/*
 * A form as browsers send it (application/x-www-form-urlencoded, WHATWG URL section 5), decoded
 * strictly: what a browser would not send is refused, never guessed at.
 */

#include "common/base/must.h"
#include <stddef.h>

enum { FORM_FIELDS = 64 };

enum form_fault {
	FORM_SOUND = 0,
	FORM_BROKEN,   /* a % without two hexadecimal digits, a control character, an empty field
		      */
	FORM_NOT_UTF8, /* also: a NUL */
	FORM_TWICE,    /* a field that is there twice */
	FORM_TOO_MANY, /* more fields than FORM_FIELDS */
};

struct form {
	size_t count;
	struct {
		char *name, *value; /* UTF-8; newlines as LF */
	} field[FORM_FIELDS];
};

/* On a fault nothing is kept. No bytes at all are a form without fields. */
MUST_USE enum form_fault form_decode(const char *bytes, size_t length, struct form *form);

/* As programs send it: a name may be there several times, and line ends stay as they are. */
MUST_USE enum form_fault form_decode_raw(const char *bytes, size_t length, struct form *form);
void form_free(struct form *form);

/* NULL: there is no such field. */
const char *form_value(const struct form *form, const char *name);
