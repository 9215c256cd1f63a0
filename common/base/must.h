#pragma once

/* A status that must be looked at, and printf-like functions. */
#define MUST_USE __attribute__((warn_unused_result))
#define PRINTF(text, first) __attribute__((format(printf, text, first)))

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))
