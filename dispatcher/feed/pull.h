#pragma once

/*
 * Fetching: each source is asked in its rhythm, and what an Atom feed names anew is fetched. No
 * telegram is fetched again once it is in the store; one whose fetch failed is.
 *
 * Everything is on the loop: a slow source holds up nobody else.
 */

#include "dispatcher/feed/feed.h"

/* The sources of the settings, asked from now on; NULL: none, or fetching is off. */
struct pull *pull_new(struct feed *feed);
void pull_free(struct pull *pull); /* what is under way is dropped; NULL is allowed */

/* Now and then: warns of what could not be fetched for long. */
void pull_look(struct pull *pull);
