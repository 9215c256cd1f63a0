#pragma once

/* What happened, in words for people. */

#include "common/base/buf.h"
#include "common/store/story.h"

/* Without time, subject and person: "mail: refused for good: bad address (refused): 550 no such user" */
void story_say(const struct story_event *e, struct buf *out);
