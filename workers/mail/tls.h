#pragma once

/*
 * Our own TLS context for STARTTLS. libesmtp's default one is freed with its first session and
 * used again in the second. At most TLS 1.2: a session ticket of 1.3 that comes before the second
 * EHLO can make libesmtp wait for its timeout.
 *
 * With verification the certificate must be sound and made out to the relay's name as the
 * settings have it. (libesmtp compares with the name that DNS made of it.)
 */

#include "common/base/buf.h"
#include "common/base/must.h"
#include <openssl/ssl.h>
#include <stdbool.h>

struct tls_name {
	char *host;
	bool is_address;
	const char *fault; /* what was wrong with the certificate; NULL: nothing was */
};

/*
 * `name` stands as long as the context is used. `ca_file` empty: the system's certificates. NULL,
 * with a sentence in `fault`.
 */
MUST_USE SSL_CTX *tls_context(struct tls_name *name, bool verify, const char *ca_file,
			      struct buf *fault);
