#pragma once

/*
 * The options that every daemon takes: --config FILE, --help, --version. Prints and exits where
 * one of the last two is given or something is not understood (EX_USAGE).
 */

#define TENKO_VERSION "0.1.0"

struct daemon_options {
	const char *config; /* NULL: settings_file() decides */
	int instance;	    /* --instance N, from 1: which of several workers this is */
};

void options_read(int argc, char **argv, const char *purpose, struct daemon_options *options);
