#include "common/base/options.h"
#include "common/conf/confine.h"
#include "common/conf/logging.h"
#include "dispatcher/reply/server.h"

int main(int argc, char **argv)
{
	struct daemon_options options;

	options_read(argc, argv, "Takes the answers: the reply pages, over HTTP.", &options);
	struct settings *settings = settings_read_or_exit(options.config);
	logging_open("reply", settings);
	confine_begin(settings);
	return server_run(settings);
}
