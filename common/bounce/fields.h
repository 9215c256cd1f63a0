#pragma once

/* Header fields as they stand in a delivery status and in returned headers (RFC 5322, 3464). */

#include <stddef.h>

/*
 * Calls `see` for each "Name: value", lines that go on put together, blanks around both taken off;
 * controls and bytes beyond ASCII are '?'. Groups are parted by empty lines, the first is 0. Lines
 * that are no field are passed over. A field beyond FIELD_MOST bytes is cut.
 */
enum { FIELD_MOST = 2000 };
void fields_each(const char *text, size_t length,
		 void (*see)(int group, const char *name, const char *value, void *arg), void *arg);
