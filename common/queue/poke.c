#include "common/queue/poke.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static bool address_of(const struct settings *settings, enum poked who,
		       struct sockaddr_un *address)
{
	static const char *const names[] = {[POKED_SCHEDULER] = "scheduler", [POKED_FEED] = "feed"};

	*address = (struct sockaddr_un){.sun_family = AF_UNIX};
	int length = snprintf(address->sun_path, sizeof address->sun_path,
			      "%s/run/%s.sock", settings->tenko_data_dir, names[who]);
	if (length < (int)sizeof address->sun_path)
		return true;
	errno = ENAMETOOLONG;
	return false;
}

bool poke_send(const struct settings *settings)
{
	return poke_send_to(settings, POKED_SCHEDULER);
}

bool poke_send_to(const struct settings *settings, enum poked who)
{
	struct sockaddr_un address;
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool sent = false;

	if (fd < 0)
		return false;
	if (address_of(settings, who, &address))
		sent = sendto(fd, "", 0, MSG_NOSIGNAL, (struct sockaddr *)&address,
			      sizeof address) == 0 ||
		       errno == EAGAIN; /* it has pokes enough */
	close(fd);
	return sent;
}

int poke_listen(const struct settings *settings, enum poked who)
{
	struct sockaddr_un address;
	int fd;

	if (!address_of(settings, who, &address))
		return -1;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -1;
	unlink(address.sun_path);
	if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0) {
		int error = errno;
		close(fd);
		errno = error;
		return -1;
	}
	return fd;
}

void poke_drain(int fd)
{
	char byte;

	while (recv(fd, &byte, 1, 0) >= 0)
		;
}
