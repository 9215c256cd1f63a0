#include "common/base/options.h"
#include "common/conf/confine.h"
#include "common/conf/logging.h"
#include "dispatcher/scheduler/loop.h"

int main(int argc, char **argv)
{
	struct daemon_options options;

	options_read(argc, argv,
		     "Decides who is tried next, and how; the one writer of deliveries.", &options);
	struct settings *settings = settings_read_or_exit(options.config);
	logging_open("scheduler", settings);
	confine_begin(settings);
	int code = loop_run(settings);
	settings_free(settings);
	return code;
}
