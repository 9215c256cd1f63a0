#include "dispatcher/master/arguments.h"

#include "common/base/options.h"
#include "dispatcher/master/refuse.h"

#include <getopt.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

static const char help[] =
	"Usage: tenkod [--config FILE] [--daemon] [--log FILE]\n"
	"Starts and watches everything: the embedded Redis, the scheduler, the reply endpoint and\n"
	"the workers. What dies is started again.\n\n"
	"  --config FILE   settings; else $TENKO_CONFIG, else /etc/tenko/tenko.conf\n"
	"  --daemon        go to the background; returns once all children serve (exit code 0)\n"
	"  --log FILE      append the log to FILE instead of the standard error stream; a daemon\n"
	"                  whose standard error is no file logs to tenko.log in the data directory\n"
	"  --version, --help\n\n"
	"SIGTERM ends it, SIGHUP reads the settings again.\n"
	"Exit codes: 0 ended as told; 64 usage; 69 runs already, or a program is missing or cannot\n"
	"serve; 75 not all children are up yet (--daemon); 77 no permission; 78 settings or data\n"
	"directory at fault.\n";

void arguments_read(int argc, char **argv, struct arguments *arguments)
{
	static const struct option known[] = {
		{"config", required_argument, NULL, 'c'}, {"log", required_argument, NULL, 'l'},
		{"daemon", no_argument, NULL, 'd'},       {"version", no_argument, NULL, 'v'},
		{"help", no_argument, NULL, 'h'},         {NULL, 0, NULL, 0},
	};
	int c;

	*arguments = (struct arguments){.daemon = false};
	while ((c = getopt_long(argc, argv, "", known, NULL)) != -1) {
		switch (c) {
		case 'c':
			arguments->config = optarg;
			break;
		case 'l':
			arguments->log = optarg;
			break;
		case 'd':
			arguments->daemon = true;
			break;
		case 'v':
			printf("tenkod %s\n", TENKO_VERSION);
			exit(EX_OK);
		case 'h':
			fputs(help, stdout);
			exit(EX_OK);
		default:
			exit(refuse(EX_USAGE, "see --help"));
		}
	}
	if (optind < argc)
		exit(refuse(EX_USAGE, "does not take \"%s\"; see --help", argv[optind]));
}
