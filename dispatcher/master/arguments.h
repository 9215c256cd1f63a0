#pragma once

/* tenkod's command line. Prints and exits on --help, --version and what is not understood. */

#include <stdbool.h>

struct arguments {
	const char *config; /* NULL: settings_file() decides */
	const char *log;    /* NULL: the standard error stream, or tenko.log as a daemon */
	bool daemon;
};

void arguments_read(int argc, char **argv, struct arguments *arguments);
