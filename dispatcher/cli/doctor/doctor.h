#pragma once

/*
 * `tenko doctor`: a row of checks, each in a process of its own, so that they go side by side and one
 * that hangs is ended without the others. A check leaves one finding or several; each problem says
 * what to do about it. None changes anything, sends a message or places a call.
 */

#include "common/base/must.h"
#include "common/base/vocabulary.h"
#include "dispatcher/cli/command.h"
#include <jansson.h>
#include <stdint.h>

/*      symbol   name       how it is printed */
#define FINDINGS(X)                      \
	X(FINE, "ok", "ok")              \
	X(WARNING, "warning", "warning") \
	X(FAULT, "fault", "FAULT")       \
	X(UNSET, "not_set_up", "-")

#define X(symbol, name, shown) FINDING_##symbol,
enum finding { FINDINGS(X) FINDING_END };
#undef X
const char *finding_name(enum finding level);
const char *finding_shown(enum finding level);

struct doctor {
	struct cli *cli;
	struct settings *settings;
	const char *resolver; /* NULL: the system's */
	int64_t timeout;      /* milliseconds for one check */
	json_t *findings;     /* of the check that runs */
};

/* Leaves a finding. `advice`: what to do, NULL where nothing is. No secrets, no addresses of people. */
void doctor_note(struct doctor *d, enum finding level, const char *advice, const char *format, ...)
	PRINTF(4, 5);

/* For what is asked over the network: leaves some time for the rest of the check. */
int64_t doctor_patience(const struct doctor *d);

/* Whether workers are all that is to run here (roles.workers). */
bool doctor_workers_alone(const struct doctor *d);

/* Whether this machine has to do with a channel: it has workers for it, or, where all runs, broadcasts use
 * it. Where not, that is left as a finding. */
MUST_USE bool doctor_uses(struct doctor *d, enum channel channel);

/* "12 days", and what it means for a certificate: a finding. `what` says whose. */
void doctor_note_certificate(struct doctor *d, const char *what, int64_t ends);

struct check {
	const char *name;
	void (*run)(struct doctor *d);
	/* Where it does not end in time: what to do; NULL: that is a fault, and nothing else is known. */
	const char *too_long;
	bool main_only; /* of what a machine with workers alone does not have */
};

/* Runs all; `see` is called in their order, each once it has ended, with its findings. */
void doctor_run(struct doctor *d, const struct check *checks, size_t count,
		void (*see)(const struct check *check, json_t *findings, void *arg), void *arg);

/* the checks */
void doctor_settings(struct doctor *d);
void doctor_files(struct doctor *d);
void doctor_disk(struct doctor *d);
void doctor_store(struct doctor *d);
void doctor_records(struct doctor *d);
void doctor_processes(struct doctor *d);
void doctor_redis(struct doctor *d);
void doctor_relay(struct doctor *d);
void doctor_dns(struct doctor *d);
void doctor_voice(struct doctor *d);
void doctor_push(struct doctor *d);
void doctor_feeds(struct doctor *d);
void doctor_reply(struct doctor *d);
void doctor_tls(struct doctor *d);
void doctor_clock(struct doctor *d);
