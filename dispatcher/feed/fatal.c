#include "dispatcher/feed/fatal.h"

#include "common/base/digest.h"
#include "common/base/log.h"
#include "common/base/mem.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { DIGITS = 24 }; /* of the digest */

static char *path_of(const struct settings *settings, const struct telegram *t)
{
	char *name = mem_format("%s %s", telegram_source_name(t->source), t->key);
	char digest[DIGEST_TEXT];
	char *file = mem_format("run/feed.reading-%.*s", DIGITS,
				digest_name(name, strlen(name), digest));
	char *path = settings_path(settings, file);

	free(file);
	free(name);
	return path;
}

static int read_deaths(const char *path)
{
	char text[16] = "";
	FILE *in = fopen(path, "re");

	if (!in)
		return 0;
	if (!fgets(text, sizeof text, in))
		text[0] = '\0';
	fclose(in);
	return atoi(text);
}

static void write_deaths(const char *path, int deaths)
{
	FILE *out = fopen(path, "we");
	bool written = out && fprintf(out, "%d\n", deaths) > 0;

	if (out)
		written = fclose(out) == 0 && written;
	if (!written)
		log_warning("feed.fatal", "error=%s", log_quote(strerror(errno)));
}

bool fatal_begin(const struct settings *settings, const struct telegram *t)
{
	char *path = path_of(settings, t);
	int deaths = read_deaths(path);

	if (deaths < FATAL_DEATHS)
		write_deaths(path, deaths + 1);
	free(path);
	return deaths >= FATAL_DEATHS;
}

void fatal_end(const struct settings *settings, const struct telegram *t)
{
	char *path = path_of(settings, t);

	if (unlink(path) && errno != ENOENT)
		log_warning("feed.fatal", "error=%s", log_quote(strerror(errno)));
	free(path);
}
