#pragma once

/*
 * Memory that is there or the process dies: out of memory is fatal, nobody checks for it.
 */

#include "common/base/must.h"
#include <stddef.h>

MUST_USE void *mem_alloc(size_t size); /* zeroed */
MUST_USE void *mem_array(size_t count, size_t size);
MUST_USE void *mem_resize(void *old, size_t count, size_t size);
MUST_USE char *mem_string(const char *text);
MUST_USE char *mem_copy(const void *bytes, size_t length); /* with a NUL put behind */
MUST_USE char *mem_format(const char *format, ...) PRINTF(1, 2);
