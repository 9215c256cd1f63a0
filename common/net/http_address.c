#include "common/net/http_address.h"

#include <netinet/in.h>
#include <stdint.h>
#include <string.h>

/* IANA's special-purpose registry (RFC 6890 and its updates), and multicast. */
static const struct {
	uint32_t network;
	int bits;
} closed_v4[] = {
	{0x00000000, 8},  /* this network */
	{0x0a000000, 8},  /* private */
	{0x64400000, 10}, /* shared, carrier-grade NAT */
	{0x7f000000, 8},  /* loopback */
	{0xa9fe0000, 16}, /* link-local, cloud metadata among it */
	{0xac100000, 12}, /* private */
	{0xc0000000, 24}, /* protocol assignments */
	{0xc0000200, 24}, /* documentation */
	{0xc0586300, 24}, /* 6to4 relays */
	{0xc0a80000, 16}, /* private */
	{0xc6120000, 15}, /* benchmarks */
	{0xc6336400, 24}, /* documentation */
	{0xcb007100, 24}, /* documentation */
	{0xe0000000, 3},  /* multicast, reserved, broadcast */
};

static bool v4_is_public(uint32_t address)
{
	for (size_t i = 0; i < sizeof closed_v4 / sizeof closed_v4[0]; i++)
		if ((address ^ closed_v4[i].network) >> (32 - closed_v4[i].bits) == 0)
			return false;
	return true;
}

static uint32_t number_at(const uint8_t *bytes)
{
	return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 |
	       bytes[3];
}

/* Only 2000::/3 is given out; within it some parts are not for the public. */
static bool v6_is_public(const uint8_t *b)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	static const uint8_t nat64[12] = {0x00, 0x64, 0xff, 0x9b};
	uint32_t first = number_at(b);

	if (memcmp(b, mapped, sizeof mapped) == 0 || memcmp(b, nat64, sizeof nat64) == 0)
		return v4_is_public(number_at(b + 12));
	if (first >> 16 == 0x2002) /* 6to4 */
		return v4_is_public(number_at(b + 2));
	if (first >> 9 == 0x20010000 >> 9 || first == 0x20010db8) /* assignments, documentation */
		return false;
	if (first >> 12 == 0x3fff0000 >> 12) /* documentation */
		return false;
	return first >> 29 == 1;
}

bool http_address_is_public(const struct sockaddr *address)
{
	if (address->sa_family == AF_INET) {
		struct sockaddr_in v4;
		memcpy(&v4, address, sizeof v4);
		return v4_is_public(ntohl(v4.sin_addr.s_addr));
	}
	if (address->sa_family == AF_INET6) {
		struct sockaddr_in6 v6;
		memcpy(&v6, address, sizeof v6);
		return v6_is_public(v6.sin6_addr.s6_addr);
	}
	return false;
}
