#include "common/base/board.h"

#include "common/base/clock.h"
#include "common/base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAGIC = 0x546b6264, READ_TIMES = 3 }; /* "Tkbd" */

/* In front of the content, in the byte order of the machine, which the file does not leave. */
struct header {
	uint32_t magic, version;
	uint64_t size;
	int64_t posted_at; /* monotonic */
	uint64_t sum;      /* over the content and the fields above */
};

struct board {
	int fd;
	uint32_t version;
	size_t size;
	char *bytes; /* header and content, as they are written */
};

/* FNV-1a: it tells a torn write, and is no protection against anybody. */
static uint64_t sum_of(const struct header *header, const char *content)
{
	const char *const parts[] = {(const char *)header, content};
	const size_t lengths[] = {offsetof(struct header, sum), header->size};
	uint64_t sum = UINT64_C(0xcbf29ce484222325);

	for (size_t p = 0; p < LENGTH(parts); p++)
		for (size_t i = 0; i < lengths[p]; i++)
			sum = (sum ^ (unsigned char)parts[p][i]) * UINT64_C(0x100000001b3);
	return sum;
}

struct board *board_open(const char *path, uint32_t version, size_t size)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	off_t length = (off_t)(sizeof(struct header) + size);

	if (fd < 0)
		return NULL;
	int error = posix_fallocate(fd, 0, length);
	if (!error && ftruncate(fd, length) < 0)
		error = errno;
	if (error) {
		close(fd);
		errno = error;
		return NULL;
	}
	struct board *board = mem_alloc(sizeof *board);
	*board = (struct board){
		.fd = fd,
		.version = version,
		.size = size,
		.bytes = mem_alloc(sizeof(struct header) + size),
	};
	return board;
}

void board_close(struct board *board)
{
	if (!board)
		return;
	close(board->fd);
	free(board->bytes);
	free(board);
}

bool board_post(struct board *board, const void *content)
{
	struct header header = {
		.magic = MAGIC,
		.version = board->version,
		.size = board->size,
		.posted_at = clock_monotonic(),
	};
	size_t length = sizeof header + board->size;

	header.sum = sum_of(&header, content);
	memcpy(board->bytes, &header, sizeof header);
	memcpy(board->bytes + sizeof header, content, board->size);
	ssize_t written = pwrite(board->fd, board->bytes, length, 0);
	if (written >= 0 && written != (ssize_t)length)
		errno = ENOSPC;
	return written == (ssize_t)length;
}

/* False: not whole, or none of ours. */
static bool read_whole(int fd, uint32_t version, struct header *header, char *content, size_t size)
{
	return pread(fd, header, sizeof *header, 0) == (ssize_t)sizeof *header &&
	       header->magic == MAGIC && header->version == version && header->size == size &&
	       pread(fd, content, size, sizeof *header) == (ssize_t)size &&
	       header->sum == sum_of(header, content);
}

enum board_state board_read(const char *path, uint32_t version, void *content, size_t size,
			    int64_t *age)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct header header = {0};
	bool whole = false;

	/* One that is being written while we read is whole a moment later. */
	for (int i = 0; fd >= 0 && !whole && i < READ_TIMES; i++)
		whole = read_whole(fd, version, &header, content, size);
	if (fd >= 0)
		close(fd);
	*age = 0;
	if (!whole) {
		memset(content, 0, size);
		return BOARD_NONE;
	}
	*age = clock_monotonic() - header.posted_at;
	if (*age >= 0 && *age <= BOARD_STALE_MS)
		return BOARD_FRESH;
	/* The machine was started anew since: nobody knows how long ago that was. */
	if (*age < 0)
		*age = BOARD_STALE_MS + 1;
	return BOARD_STALE;
}
