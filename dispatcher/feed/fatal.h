#pragma once

/*
 * A telegram on which we die again and again must not keep all others from being read. While one is
 * read, a file in run/ (feed.reading-DIGEST) holds how often that began in a row without an end.
 */

#include "common/base/must.h"
#include "common/conf/settings.h"
#include "common/store/telegram.h"
#include <stdbool.h>

enum { FATAL_DEATHS = 10 };

/* Before it is read. True: we died of it FATAL_DEATHS times, it must not be read. */
MUST_USE bool fatal_begin(const struct settings *settings, const struct telegram *telegram);

/* It was read, and is settled or not: we live. */
void fatal_end(const struct settings *settings, const struct telegram *telegram);
