#include "dispatcher/reply/http/listen.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static const char port_file[] = "run/reply.port";

/* One address; -1 with errno. */
static int open_at(const struct addrinfo *address)
{
	const int on = 1, off = 0;
	int fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	/* Connections have it from here: an answer of several writes is not held back at each. */
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	if (address->ai_family == AF_INET6) /* "::" takes IPv4 as well */
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
	if (bind(fd, address->ai_addr, address->ai_addrlen) < 0 || listen(fd, SOMAXCONN) < 0) {
		int error = errno;
		close(fd);
		errno = error;
		return -1;
	}
	return fd;
}

static const char *advice(int error)
{
	switch (error) {
	case EADDRINUSE:
		return "; another program has this port: end it, or choose another reply.port";
	case EACCES:
		return "; ports below 1024 need root: choose another reply.port";
	case EADDRNOTAVAIL:
		return "; reply.listen is no address of this machine";
	default:
		return "";
	}
}

int listen_open(const struct settings *settings, struct buf *fault)
{
	const struct addrinfo wanted = {.ai_socktype = SOCK_STREAM,
					.ai_flags = AI_PASSIVE | AI_NUMERICSERV};
	const char *host = *settings->reply_listen ? settings->reply_listen : NULL;
	struct addrinfo *found = NULL;
	char port[24];
	int fd = -1;

	snprintf(port, sizeof port, "%" PRId64, settings->reply_port);
	int error = getaddrinfo(host, port, &wanted, &found);
	if (error) {
		buf_format(fault,
			   "cannot listen at %s port %s: %s; set reply.listen to an address "
			   "of this machine",
			   settings->reply_listen, port, gai_strerror(error));
		return -1;
	}
	for (const struct addrinfo *one = found; one && fd < 0; one = one->ai_next)
		fd = open_at(one);
	if (fd < 0)
		buf_format(fault, "cannot listen at %s port %s: %s%s", settings->reply_listen, port,
			   strerror(errno), advice(errno));
	freeaddrinfo(found);
	return fd;
}

static int port_of(int fd)
{
	struct sockaddr_storage address = {0};
	socklen_t length = sizeof address;

	getsockname(fd, (struct sockaddr *)&address, &length);
	if (address.ss_family == AF_INET6)
		return ntohs(((struct sockaddr_in6 *)(void *)&address)->sin6_port);
	return ntohs(((struct sockaddr_in *)(void *)&address)->sin_port);
}

static bool write_port(const char *path, int port)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (fd < 0)
		return false;
	bool written = dprintf(fd, "%d\n", port) > 0;
	return close(fd) == 0 && written;
}

bool listen_publish(const struct settings *settings, int fd, struct buf *fault)
{
	char *folder = settings_path(settings, "run"), *path = settings_path(settings, port_file);
	struct buf fresh = {0};

	buf_format(&fresh, "%s.new", path);
	bool done = (mkdir(folder, 0700) == 0 || errno == EEXIST) &&
		    write_port(buf_text(&fresh), port_of(fd)) &&
		    rename(buf_text(&fresh), path) == 0;
	if (!done)
		buf_format(fault, "%s: cannot be written: %s", path, strerror(errno));
	buf_free(&fresh);
	free(folder);
	free(path);
	return done;
}

void listen_withdraw(const struct settings *settings)
{
	char *path = settings_path(settings, port_file);

	unlink(path);
	free(path);
}
