#include "dispatcher/master/redis.h"

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/mem.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* In the quotes of a Redis configuration file. */
static void add_quoted(struct buf *out, const char *text)
{
	buf_char(out, '"');
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;
		if (c == '"' || c == '\\')
			buf_format(out, "\\%c", c);
		else if (c < 0x20 || c == 0x7f)
			buf_format(out, "\\x%02x", c);
		else
			buf_char(out, *text);
	}
	buf_text_add(out, "\"\n");
}

static void add_path(struct buf *out, const char *key, const char *folder, const char *name)
{
	char *path = mem_format("%s%s", folder, name);

	buf_format(out, "%s ", key);
	add_quoted(out, path);
	free(path);
}

void redis_configuration(const struct settings *s, struct buf *out)
{
	char *folder = settings_path(s, "redis");
	/* It changes into its folder first: from there, a relative path would lead nowhere. */
	char *absolute = realpath(folder, NULL);
	const char *path = absolute ? absolute : folder;

	buf_text_add(out, "port 0\n"
			  "unixsocketperm 700\n"
			  "appendonly yes\n"
			  "appendfsync everysec\n"
			  "maxmemory-policy noeviction\n"
			  "save \"\"\n"
			  "daemonize no\n"
			  "set-proc-title no\n"
			  "loglevel warning\n");
	add_path(out, "dir", path, "");
	add_path(out, "unixsocket", path, "/redis.sock");
	add_path(out, "logfile", path, "/redis.log");
	free(folder);
	free(absolute);
}

void redis_set_aside(const struct settings *s)
{
	char *file = settings_path(s, "redis/appendonlydir");
	char *aside = mem_format("%s/redis/damaged-%" PRId64, s->tenko_data_dir, clock_utc());

	if (rename(file, aside) == 0)
		log_warning("redis.set_aside", "from=%s to=%s", log_quote(file), log_quote(aside));
	free(file);
	free(aside);
}

static int ask(const char *path)
{
	static const char question[] = "PING\r\n";
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -1;
	snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
	if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0 &&
	    send(fd, question, strlen(question), MSG_NOSIGNAL) == (ssize_t)strlen(question))
		return fd;
	close(fd);
	return -1;
}

bool redis_answers(struct redis_probe *probe, const struct settings *s)
{
	char answer[64] = "";

	if (probe->fd < 0) {
		char *path = settings_path(s, "redis/redis.sock");
		probe->fd = ask(path);
		free(path);
		return false;
	}
	ssize_t length = recv(probe->fd, answer, sizeof answer - 1, MSG_DONTWAIT);
	bool serves = length > 0 && strncmp(answer, "+PONG", 5) == 0;
	if (length >= 0) /* closed, or it still loads its file: ask anew */
		redis_probe_close(probe);
	return serves;
}

void redis_probe_close(struct redis_probe *probe)
{
	if (probe->fd >= 0)
		close(probe->fd);
	probe->fd = -1;
}
