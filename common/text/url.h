#pragma once

/* Web addresses. */

#include "common/base/buf.h"
#include "common/base/must.h"

/* A base address without the slashes at its end, so that paths go behind it. The caller frees. */
MUST_USE char *url_base(const char *url);

/* Puts the text in as part of a query or a form (RFC 3986, section 2.1). */
void url_encode(struct buf *out, const char *text);
