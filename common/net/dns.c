#include "common/net/dns.h"

#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <netdb.h>
#include <netinet/in.h>
#include <resolv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	PACKET = 65535,
	WAIT_SECONDS = 2,
	TRIES = 2,
};

static bool use_resolver(res_state state, const char *resolver)
{
	char host[INET_ADDRSTRLEN];
	size_t length = strcspn(resolver, ":");
	const char *port = resolver[length] ? resolver + length + 1 : "53";
	char *end;
	long number = strtol(port, &end, 10);
	struct sockaddr_in *address = &state->nsaddr_list[0];

	if (length >= sizeof host || *end || number < 1 || number > 65535)
		return false;
	snprintf(host, sizeof host, "%.*s", (int)length, resolver);
	*address = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)number)};
	state->nscount = 1;
	return inet_pton(AF_INET, host, &address->sin_addr) == 1;
}

/* A TXT record is a row of strings, each behind its length. */
static void read_strings(const ns_rr *record, char text[DNS_TEXT + 1])
{
	const unsigned char *at = ns_rr_rdata(*record), *end = at + ns_rr_rdlen(*record);
	size_t length = 0;

	while (at < end) {
		size_t part = *at++;
		if (part > (size_t)(end - at))
			part = (size_t)(end - at);
		for (size_t i = 0; i < part && length < DNS_TEXT; i++)
			text[length++] = at[i] >= ' ' && at[i] <= '~' ? (char)at[i] : '?';
		at += part;
	}
	text[length] = '\0';
}

static bool read_record(const ns_msg *message, const ns_rr *record, enum dns_type type,
			char text[DNS_TEXT + 1])
{
	if (type == DNS_TXT && ns_rr_type(*record) == ns_t_txt) {
		read_strings(record, text);
		return true;
	}
	return type == DNS_MX && ns_rr_type(*record) == ns_t_mx && ns_rr_rdlen(*record) > 2 &&
	       ns_name_uncompress(ns_msg_base(*message), ns_msg_end(*message),
				  ns_rr_rdata(*record) + 2, text, DNS_TEXT) >= 0;
}

static enum dns_end read_answer(const unsigned char *packet, int length, enum dns_type type,
				void (*see)(const char *text, void *arg), void *arg)
{
	ns_msg message;
	ns_rr record;
	char text[DNS_TEXT + 1];
	enum dns_end end = DNS_NO_RECORD;

	if (ns_initparse(packet, length, &message) < 0)
		return DNS_FAILED;
	for (int i = 0; i < ns_msg_count(message, ns_s_an); i++) {
		if (ns_parserr(&message, ns_s_an, i, &record) < 0)
			return DNS_FAILED;
		if (!read_record(&message, &record, type, text))
			continue;
		end = DNS_FOUND;
		see(text, arg);
	}
	return end;
}

enum dns_end dns_ask(const char *resolver, const char *name, enum dns_type type,
		     void (*see)(const char *text, void *arg), void *arg)
{
	static unsigned char packet[PACKET];
	struct __res_state state = {0};
	enum dns_end end = DNS_FAILED;

	if (res_ninit(&state) < 0)
		return DNS_FAILED;
	state.retrans = WAIT_SECONDS;
	state.retry = TRIES;
	if (resolver && !use_resolver(&state, resolver)) {
		res_nclose(&state);
		return DNS_MISNAMED;
	}
	int length = res_nquery(&state, name, ns_c_in, type == DNS_MX ? ns_t_mx : ns_t_txt, packet,
				sizeof packet);
	if (length >= 0)
		end = read_answer(packet, length, type, see, arg);
	else if (state.res_h_errno == HOST_NOT_FOUND)
		end = DNS_NO_NAME;
	else if (state.res_h_errno == NO_DATA)
		end = DNS_NO_RECORD;
	res_nclose(&state);
	return end;
}
