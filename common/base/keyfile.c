#include "common/base/keyfile.h"

#include "common/base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool write_whole(int fd, const char *text, size_t length)
{
	while (length) {
		ssize_t n = write(fd, text, length);
		if (n < 0 && errno != EINTR)
			return false;
		if (n > 0) {
			text += n;
			length -= (size_t)n;
		}
	}
	return fsync(fd) == 0;
}

/* The file's name is safe on disk only once its directory is. */
static bool sync_directory_of(const char *file)
{
	char *copy = mem_string(file);
	int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool done = fd >= 0 && fsync(fd) == 0;

	if (fd >= 0)
		close(fd);
	free(copy);
	return done;
}

bool keyfile_create(const char *file, const char *text, size_t length, struct buf *fault)
{
	int fd = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	bool made = fd >= 0;
	bool done = made && write_whole(fd, text, length) && sync_directory_of(file);

	if (!done)
		buf_format(fault, "%s: the key file cannot be made: %s", file, strerror(errno));
	if (made)
		close(fd);
	if (made && !done)
		unlink(file);
	return done;
}

/* Opens a regular file that nobody but its owner may read; -1 with a sentence in `fault`. */
static int open_private(const char *file, const char *missing, struct buf *fault)
{
	struct stat facts;
	int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	if (fd < 0 || fstat(fd, &facts) < 0) {
		buf_format(fault, "%s: the key file cannot be read: %s%s%s", file, strerror(errno),
			   errno == ENOENT ? "; " : "", errno == ENOENT ? missing : "");
	} else if (!S_ISREG(facts.st_mode)) {
		buf_format(fault, "%s: the key file is no regular file", file);
	} else if (facts.st_mode & 077) {
		buf_format(fault,
			   "%s: others than its owner may read the key (mode %03o); "
			   "set it right with: chmod 600 %s",
			   file, (unsigned)facts.st_mode & 0777, file);
	} else {
		return fd;
	}
	if (fd >= 0)
		close(fd);
	return -1;
}

bool keyfile_read(const char *file, const char *missing, struct buf *text, struct buf *fault)
{
	int fd = open_private(file, missing, fault);

	if (fd < 0)
		return false;
	/* In one piece, so that no copy is left behind where a buffer grew. */
	*text = (struct buf){.data = mem_alloc(KEYFILE_MOST + 2), .room = KEYFILE_MOST + 2};
	ssize_t n;
	while ((n = read(fd, text->data + text->length, KEYFILE_MOST + 1 - text->length)) > 0)
		text->length += (size_t)n;
	if (n < 0)
		buf_format(fault, "%s: the key file cannot be read: %s", file, strerror(errno));
	else if (text->length > KEYFILE_MOST)
		buf_format(fault, "%s: too long for a key file", file);
	bool sound = n == 0 && text->length <= KEYFILE_MOST;
	close(fd);
	if (!sound)
		keyfile_forget(text);
	return sound;
}

void keyfile_forget(struct buf *text)
{
	if (text->data)
		explicit_bzero(text->data, text->room);
	buf_free(text);
}
