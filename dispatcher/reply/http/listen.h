#pragma once

/* The listening socket, and the file that says which port it got. */

#include "common/base/buf.h"
#include "common/base/must.h"
#include "common/conf/settings.h"

/* At reply.listen and reply.port; -1 with a sentence in `fault`. */
MUST_USE int listen_open(const struct settings *settings, struct buf *fault);

/* Writes the port to run/reply.port, at one stroke. */
MUST_USE bool listen_publish(const struct settings *settings, int fd, struct buf *fault);
void listen_withdraw(const struct settings *settings);
