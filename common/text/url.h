#pragma once

#include "common/base/must.h"

/* A base address without the slashes at its end, so that paths go behind it. The caller frees. */
MUST_USE char *url_base(const char *url);
