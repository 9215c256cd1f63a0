#pragma once

/*
 * The provider's API (Twilio's of 2010-04-01 and what is compatible with it): places calls, and asks
 * what became of them.
 *
 * It has nothing that would keep a request that is made twice from being two calls. So one that
 * went out and was not answered is looked for among the provider's calls before anything is said of
 * it. Only where that is not answered either may a telephone ring twice.
 */

#include "common/base/buf.h"
#include "common/base/must.h"
#include "common/base/vocabulary.h"
#include "common/conf/settings.h"
#include "common/queue/look.h"
#include "workers/voice/answer.h"
#include "workers/wanted.h"
#include <stddef.h>

struct provider;

/* NULL, with a sentence in `fault`: the settings do not do. They must outlive the provider. */
MUST_USE struct provider *provider_open(const struct settings *settings, struct buf *fault);
void provider_close(struct provider *provider); /* NULL is allowed */

struct call {
	const char *to;     /* E.164 */
	const char *url;    /* of the script */
	const char *events; /* where its states are reported */

	/* set by provider_place(): placed, refused, temporary, outage or not tried; with the null
	 * transport no answer */
	enum outcome outcome;
	struct placed answer;

	/* the provider's own */
	wanted_fn wanted;
	void *wanted_arg;
	size_t index;
	size_t account;
	int64_t sent_at; /* UTC milliseconds */
};

/*
 * All of them side by side. `wanted` is asked with `arg` and the call's index right before a request
 * goes out, be it the first for that call or another try.
 */
void provider_place(struct provider *provider, struct call *calls, size_t count, wanted_fn wanted,
		    void *arg);

/* Fills in what became of each. */
void provider_look(struct provider *provider, struct look *looks, size_t count);
