#include "common/base/options.h"
#include "common/conf/confine.h"
#include "common/conf/logging.h"
#include "dispatcher/feed/loop.h"

int main(int argc, char **argv)
{
	struct daemon_options options;

	options_read(argc, argv,
		     "Watches hazard feeds, and asks for a broadcast where a rule says so.",
		     &options);
	struct settings *settings = settings_read_or_exit(options.config);
	logging_open("feed", settings);
	confine_begin(settings);
	int code = loop_run(settings);
	settings_free(settings);
	return code;
}
