#pragma once

/* Asked right before a job is begun: whether it is still to be, see worker_wanted(). */

#include <stdbool.h>
#include <stddef.h>

typedef bool (*wanted_fn)(void *arg, size_t job);
