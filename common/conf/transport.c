#include "common/conf/transport.h"

#include "common/base/log.h"

#include <string.h>

bool transport_is_null(const struct settings *settings, enum channel channel)
{
	const char *const chosen[CHANNEL_END] = {
		[CHANNEL_MAIL] = settings->mail_transport,
		[CHANNEL_VOICE] = settings->voice_transport,
		[CHANNEL_PUSH] = settings->push_transport,
	};

	return chosen[channel] && strcmp(chosen[channel], "null") == 0;
}

void transport_warnings(const struct settings *settings, struct buf *out)
{
	unsigned in_use = channels_by_names(settings->broadcast_channels);

	for (int i = CHANNEL_NONE + 1; i < CHANNEL_END; i++) {
		enum channel channel = (enum channel)i;
		if (in_use & 1u << i && transport_is_null(settings, channel))
			buf_format(
				out,
				"! NOTHING GOES OUT by %s: %s.transport = null is for benchmarks "
				"and drills\n",
				channel_name(channel), channel_name(channel));
	}
}

void transport_log(const struct settings *settings, enum channel channel)
{
	if (transport_is_null(settings, channel))
		log_warning("transport.null",
			    "channel=%s hint=\"NOTHING GOES OUT: %s.transport = null is for "
			    "benchmarks and drills\"",
			    channel_name(channel), channel_name(channel));
}
