#pragma once

/*
 * What a notification says: the broadcast's title, the beginning of its text, and the personal link
 * that it opens. Short, so that it fits a push service's limit in every language.
 */

#include "common/base/buf.h"
#include "common/queue/job.h"
#include <stdint.h>

enum { TOPIC_ROOM = 33 /* a topic has 32 characters at most (RFC 8030, section 5.4) */ };

struct message {
	const char *title;      /* the content's */
	struct buf body, url;   /* owned */
	char topic[TOPIC_ROOM]; /* one a broadcast: what comes later replaces what came before */
	enum language language;
	int64_t ttl; /* seconds that it is worth keeping */
};

/* `now` UTC milliseconds, `ttl_most` milliseconds. */
void message_write(const struct job *job, const struct content *content, int64_t now,
		   int64_t ttl_most, struct message *message);
void message_free(struct message *message);

/* As our service worker reads it (dispatcher/reply/script/sw.js): JSON. */
void message_for_browser(const struct message *message, struct buf *out);

/* As FCM takes it, for the device with that registration token: JSON. */
void message_for_app(const struct message *message, const char *registration, int64_t now,
		     struct buf *out);
