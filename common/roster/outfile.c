#include "common/roster/outfile.h"

#include "common/base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CHUNK = 65536 };

static bool fail(const struct outfile *out, struct buf *trouble)
{
	buf_format(trouble, "%s: %s", out->path ? out->path : "(standard output)", strerror(errno));
	return false;
}

/* The file a link leads to, so that the link itself stays. */
static char *final_path(const char *path)
{
	char *real = realpath(path, NULL);

	return real ? real : mem_string(path);
}

bool outfile_open(struct outfile *out, const char *path, struct buf *trouble)
{
	struct stat there;

	*out = (struct outfile){0};
	if (strcmp(path, "-") == 0) {
		out->file = tmpfile();
		return out->file || fail(out, trouble);
	}
	out->path = final_path(path);
	if (stat(out->path, &there) == 0 && !S_ISREG(there.st_mode)) {
		buf_format(trouble, "%s: is no plain file; name another, or - for standard output",
			   path);
		return false;
	}
	out->beside = mem_format("%s.XXXXXX", out->path);
	int file = mkostemp(out->beside, O_CLOEXEC);
	if (file >= 0)
		out->file = fdopen(file, "w");
	if (out->file)
		return true;
	fail(out, trouble);
	if (file >= 0)
		close(file);
	else
		out->beside[0] = '\0';
	return false;
}

bool outfile_settle(struct outfile *out, struct buf *trouble)
{
	bool written = !ferror(out->file) && fflush(out->file) == 0;

	if (written && out->path)
		written = fsync(fileno(out->file)) == 0;
	return written || fail(out, trouble);
}

static bool copy_out(struct outfile *out)
{
	char *chunk = mem_alloc(CHUNK);
	size_t got;

	rewind(out->file);
	while ((got = fread(chunk, 1, CHUNK, out->file)) > 0)
		if (fwrite(chunk, 1, got, stdout) != got)
			break;
	free(chunk);
	return got == 0 && !ferror(out->file) && fflush(stdout) == 0;
}

/* The new name must survive a power failure too. */
static void sync_folder(const char *path)
{
	char *folder = mem_string(path), *slash = strrchr(folder, '/');

	if (slash)
		slash[slash == folder] = '\0';
	int handle = open(slash ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (handle >= 0) {
		fsync(handle);
		close(handle);
	}
	free(folder);
}

bool outfile_publish(struct outfile *out, struct buf *trouble)
{
	if (!out->path)
		return copy_out(out) || fail(out, trouble);
	if (rename(out->beside, out->path) != 0)
		return fail(out, trouble);
	out->beside[0] = '\0';
	sync_folder(out->path);
	return true;
}

void outfile_close(struct outfile *out)
{
	if (out->file)
		fclose(out->file);
	if (out->beside && out->beside[0])
		unlink(out->beside);
	free(out->beside);
	free(out->path);
	*out = (struct outfile){0};
}
