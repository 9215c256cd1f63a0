#pragma once

#include "common/base/must.h"

/* Prints "tenkod: ..." for who started us, and returns `code` to be returned. */
MUST_USE int refuse(int code, const char *format, ...) PRINTF(2, 3);
