#pragma once

/* Which addresses are out there, for requests to places that somebody else has named. */

#include "common/base/must.h"
#include <stdbool.h>
#include <sys/socket.h>

/*
 * Whether it is a public unicast address. Not so: private, shared (RFC 6598), loopback, link-local,
 * multicast, reserved and documentation addresses, and IPv6 addresses that stand for an IPv4
 * one of these (mapped, compatible, NAT64, 6to4).
 */
MUST_USE bool http_address_is_public(const struct sockaddr *address);
