#pragma once

/*
 * Knocks at a server and tells what it found: for `tenko doctor`. Nothing is sent by it and nothing
 * changed there. libcurl does the work, so that a connection is judged by another program than the
 * one that will use it.
 */

#include "common/base/must.h"
#include <stdbool.h>
#include <stdint.h>

enum { PROBE_TEXT = 256 };

enum probe_tls { PROBE_TLS_OFF, PROBE_TLS_IF_OFFERED, PROBE_TLS_REQUIRED };

struct probe_relay {
	const char *host;
	int port;
	const char *helo;                /* "": the host's own name */
	const char *username, *password; /* "": no AUTH */
	enum probe_tls tls;
	const char *ca_file; /* "": the system's */
	int64_t timeout;     /* milliseconds over all */
};

struct probe_found {
	bool connected;
	bool answered;   /* the conversation went to its end */
	bool introduced; /* the relay answered EHLO */
	bool login_refused;
	bool starttls, auth; /* were offered */
	bool encrypted;
	bool trusted;             /* its certificate, for that name; true without one */
	int64_t certificate_ends; /* UTC milliseconds; 0: there is none, or it was not seen */
	char certificate_fault[PROBE_TEXT]; /* why it is not trusted */
	char said[PROBE_TEXT];              /* the server's last line */
	char why[PROBE_TEXT];               /* where it did not go to its end: a sentence */
};

/* EHLO, STARTTLS as the settings have it, AUTH where there is a name, NOOP, QUIT. */
void probe_relay(const struct probe_relay *relay, struct probe_found *found);

/* The certificate of an https URL, and whether there is anybody. */
void probe_https(const char *url, int64_t timeout, struct probe_found *found);
