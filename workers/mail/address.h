#pragma once

/*
 * Mail addresses as SMTP takes them (RFC 5321, section 4.1.2). What cannot be sent is refused
 * here, with a reason, before the relay is bothered: controls, blanks, brackets, bytes beyond
 * ASCII (the relay is not asked for SMTPUTF8), no or two much of a part.
 */

#include "common/base/buf.h"
#include "common/base/must.h"
#include <stdbool.h>
#include <stdint.h>

/*
 * Appends the address as it stands in RCPT TO. The local part is put in quotes where its dots
 * ask for it: a..b.@docomo.ne.jp exists and is sent as "a..b."@docomo.ne.jp. False: *reason,
 * a constant text, says what is wrong and nothing is appended.
 */
MUST_USE bool address_path(const char *address, struct buf *path, const char **reason);

/*
 * Appends the address with "+number" behind its local part: bounces of user+812@example.com
 * belong to attempt 812 (variable envelope return path). The address is one that address_path()
 * took without quotes (asserted).
 */
void address_numbered(const char *address, int64_t number, struct buf *path);
