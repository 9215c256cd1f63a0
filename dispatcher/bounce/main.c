#include "common/base/options.h"
#include "common/conf/confine.h"
#include "common/conf/logging.h"
#include "dispatcher/bounce/watch.h"

int main(int argc, char **argv)
{
	struct daemon_options options;

	options_read(argc, argv, "Reads mail that came back out of a maildir.", &options);
	struct settings *settings = settings_read_or_exit(options.config);
	logging_open("bounce", settings);
	confine_begin(settings);
	int code = watch_run(settings);
	settings_free(settings);
	return code;
}
