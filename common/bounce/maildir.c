#include "common/bounce/maildir.h"

#include "common/base/mem.h"
#include "common/bounce/dsn.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct reading {
	const struct taking *t;
	int new_fd, cur_fd;
	void (*see)(enum taken taken, const char *name, const char *said, void *arg);
	void *arg;
	struct maildir_pass *pass;
};

bool bounce_message_read(int fd, struct buf *text)
{
	char part[65536];
	ssize_t got;

	while (text->length <= DSN_MOST) {
		size_t room = DSN_MOST + 1 - text->length;
		got = read(fd, part, room < sizeof part ? room : sizeof part);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got == 0;
		buf_add(text, part, (size_t)got);
	}
	return true;
}

/* O_NONBLOCK: a fifo that somebody put there does not hold us up. */
static bool read_file(int folder, const char *name, struct buf *text)
{
	int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat about;
	bool done = fd >= 0 && fstat(fd, &about) == 0 && S_ISREG(about.st_mode) &&
		    bounce_message_read(fd, text);

	if (fd >= 0)
		close(fd);
	return done;
}

static void count(struct maildir_pass *pass, enum taken taken)
{
	size_t *const counters[] = {[TAKEN_NEW] = &pass->recorded,
				    [TAKEN_AGAIN] = &pass->again,
				    [TAKEN_IGNORED] = &pass->ignored,
				    [TAKEN_REFUSED] = &pass->refused};
	(*counters[taken])++;
}

/* As maildir readers mark what was seen; a name with marks of its own keeps them. */
static bool move_file(const struct reading *r, const char *name)
{
	char *to = mem_format("%s%s", name, strstr(name, ":2,") ? "" : ":2,S");
	bool moved = renameat(r->new_fd, name, r->cur_fd, to) == 0;

	free(to);
	return moved;
}

static enum store_status take_file(const struct reading *r, const char *name, bool *moved)
{
	struct buf text = {0}, said = {0};
	enum taken taken = TAKEN_REFUSED;
	struct bounce bounce;
	enum store_status status = STORE_OK;

	*moved = true;
	if (read_file(r->new_fd, name, &text))
		status = bounce_take(r->t, text.data, text.length, &taken, &bounce, &said);
	else
		buf_format(&said, "no message that can be read");
	if (!status) {
		count(r->pass, taken);
		r->see(taken, name, buf_text(&said), r->arg);
		*moved = move_file(r, name);
	}
	buf_free(&text);
	buf_free(&said);
	return status;
}

static enum store_status take_files(const struct reading *r, DIR *new, bool *moved)
{
	enum store_status status = STORE_OK;
	const struct dirent *entry;

	*moved = true;
	while (!status && *moved && (entry = readdir(new)) != NULL)
		if (entry->d_name[0] != '.')
			status = take_file(r, entry->d_name, moved);
	return status;
}

static int open_folder(const char *dir, const char *name, struct buf *fault)
{
	char *path = mem_format("%s/%s", dir, name);
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		buf_format(fault, "%s: %s; it must be a maildir, with the folders new and cur",
			   path, strerror(errno));
	free(path);
	return fd;
}

bool maildir_read(const char *dir, const struct taking *t,
		  void (*see)(enum taken taken, const char *name, const char *said, void *arg),
		  void *arg, struct maildir_pass *pass, enum store_status *status,
		  struct buf *fault)
{
	struct reading r = {.t = t, .see = see, .arg = arg, .pass = pass};
	bool moved = true;

	*pass = (struct maildir_pass){0};
	*status = STORE_OK;
	r.new_fd = open_folder(dir, "new", fault);
	r.cur_fd = r.new_fd < 0 ? -1 : open_folder(dir, "cur", fault);
	int listed = r.cur_fd < 0 ? -1 : dup(r.new_fd);
	DIR *new = listed < 0 ? NULL : fdopendir(listed);
	if (new) {
		*status = take_files(&r, new, &moved);
		if (!moved)
			buf_format(fault, "%s/cur: files cannot be moved there: %s", dir,
				   strerror(errno));
		else if (*status)
			buf_text_add(fault, store_error(t->store));
		closedir(new);
	} else if (listed >= 0) {
		close(listed);
	}
	if (r.cur_fd >= 0)
		close(r.cur_fd);
	if (r.new_fd >= 0)
		close(r.new_fd);
	return new &&moved && !*status;
}
