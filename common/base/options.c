#include "common/base/options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

enum { INSTANCE_MOST = 1000 };

static void print_help(const char *program, const char *purpose)
{
	printf("Usage: %s [--config FILE] [--instance N]\n%s\n\n"
	       "  --config FILE   settings; else $TENKO_CONFIG, else /etc/tenko/tenko.conf\n"
	       "  --instance N    which of several workers of a kind this is, from 1\n"
	       "  --version, --help\n",
	       program, purpose);
}

static int read_instance(const char *text)
{
	char *end;
	long number = strtol(text, &end, 10);

	return end != text && !*end && number >= 1 && number <= INSTANCE_MOST ? (int)number : 0;
}

void options_read(int argc, char **argv, const char *purpose, struct daemon_options *options)
{
	static const struct option known[] = {
		{"config", required_argument, NULL, 'c'}, {"instance", required_argument, NULL, 'i'},
		{"version", no_argument, NULL, 'v'},	  {"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	const char *slash = strrchr(argv[0], '/');
	const char *program = slash ? slash + 1 : argv[0];
	int c;

	*options = (struct daemon_options){.instance = 1};
	while ((c = getopt_long(argc, argv, "", known, NULL)) != -1) {
		switch (c) {
		case 'c':
			options->config = optarg;
			break;
		case 'i':
			options->instance = read_instance(optarg);
			break;
		case 'v':
			printf("%s %s\n", program, TENKO_VERSION);
			exit(EX_OK);
		case 'h':
			print_help(program, purpose);
			exit(EX_OK);
		default:
			fprintf(stderr, "%s: see --help\n", program);
			exit(EX_USAGE);
		}
	}
	if (optind < argc || options->instance == 0) {
		fprintf(stderr, "%s: %s; see --help\n", program,
			optind < argc ? "takes no words" : "--instance is from 1 to 1000");
		exit(EX_USAGE);
	}
}
