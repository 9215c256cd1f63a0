#pragma once

/*
 * Records of a domain, asked of the system's resolvers or of one that is named. Answers come from
 * outside: they are read by the C library's own parser, and texts are cut at DNS_TEXT bytes.
 */

#include "common/base/must.h"
#include <stdbool.h>

enum dns_type { DNS_MX, DNS_TXT };
enum dns_end {
	DNS_FOUND,
	DNS_NO_RECORD, /* the name is there, but has none of this type */
	DNS_NO_NAME,   /* there is no such name */
	DNS_FAILED,    /* no resolver answered, or with a failure */
	DNS_MISNAMED,  /* the resolver is no address */
};
enum { DNS_TEXT = 1024 };

/*
 * `resolver`: "192.0.2.1" or "192.0.2.1:5353", IPv4; NULL: those of /etc/resolv.conf. `see` is called
 * for each record: the text of a TXT, its strings put together; the host of an MX. Takes eight
 * seconds at most for each of the system's resolvers.
 */
MUST_USE enum dns_end dns_ask(const char *resolver, const char *name, enum dns_type type,
			      void (*see)(const char *text, void *arg), void *arg);
