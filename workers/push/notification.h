#pragma once

/*
 * What a notification says: the broadcast's title, the beginning of its text, and the personal link
 * that it opens. Short, so that it fits a push service's limit in every language.
 */

#include "common/base/buf.h"
#include "common/queue/job.h"
#include <stdint.h>

enum { TOPIC_ROOM = 33 /* a topic has 32 characters at most (RFC 8030, section 5.4) */ };

/* The link says (?by=push) that the answer to come is one to the notification. */
struct notification {
	const char *title;      /* the content's */
	struct buf body, url;   /* owned */
	char topic[TOPIC_ROOM]; /* one a broadcast: what comes later replaces what came before */
	enum language language;
	int64_t ttl; /* seconds that it is worth keeping */
};

/* `now` UTC milliseconds, `ttl_most` milliseconds. */
void notification_write(const struct job *job, const struct content *content, int64_t now,
			int64_t ttl_most, struct notification *notification);
void notification_free(struct notification *notification);

/* As our service worker reads it (dispatcher/reply/answers/sw.js): JSON. */
void notification_for_browser(const struct notification *notification, struct buf *out);

/* As FCM takes it, for the device with that registration token: JSON. */
void notification_for_app(const struct notification *notification, const char *registration,
			  int64_t now, struct buf *out);
