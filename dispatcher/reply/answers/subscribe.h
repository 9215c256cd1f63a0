#pragma once

/*
 * Devices that people add on their reply page: POST /r/TOKEN/device with the browser's
 * subscription (PushSubscription.toJSON() of the Push API), or {"fcm": TOKEN} of an app.
 * What is taken is checked to the last: it decides where our worker will connect to.
 */

#include "common/store/reply.h"
#include "dispatcher/reply/http/respond.h"

/* Push is in use: there is a key, and broadcast.channels names it. */
MUST_USE bool subscribe_possible(const struct server *server);

/* Whether this person's page offers it: push has a place in their dial order. */
MUST_USE bool subscribe_offered(const struct server *server, const struct reply_page *page);

/* For page_view.push_key: our public key on a page that offers it, else NULL. */
const char *subscribe_key(const struct visit *visit);

/* Stores the request's device for the visit's person, and answers. */
void subscribe_take(struct visit *visit);
