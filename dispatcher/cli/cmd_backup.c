#include "dispatcher/cli/command.h"

#include "common/base/clock.h"
#include "common/base/keyfile.h"
#include "common/base/mem.h"
#include "common/store/backup.h"
#include "dispatcher/cli/interrupt.h"
#include "dispatcher/cli/progress.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

/*
 * Written beside its place under another name, mode 0600, brought to the disk, then renamed: a file
 * of the name that was asked for is whole.
 */

enum { INTERRUPTED = 130, PATIENCE_MS = 60000 };

/* keys */

static int take_key(struct cli *cli, const char *name, struct backup_keys *keys)
{
	char *path = settings_path(cli_settings(cli), name);
	struct buf text = {0}, fault = {0};
	int code = EX_OK;

	if (keyfile_read(path, "it was there a moment ago", &text, &fault))
		backup_keys_add(keys, name, text.data, text.length);
	else
		code = cli_fail(cli, EX_NOPERM, "%s", buf_text(&fault));
	keyfile_forget(&text);
	buf_free(&fault);
	free(path);
	return code;
}

static int take_keys(struct cli *cli, struct backup_keys *keys)
{
	const char *dir = cli_settings(cli)->tenko_data_dir;
	DIR *folder = opendir(dir);
	const struct dirent *entry;
	int code = EX_OK;

	if (!folder)
		return cli_fail(cli, EX_NOPERM, "%s: %s", dir, strerror(errno));
	while (code == EX_OK && (entry = readdir(folder)))
		if (backup_key_name(entry->d_name))
			code = take_key(cli, entry->d_name, keys);
	closedir(folder);
	return code;
}

/* the file */

static bool go_on(int64_t done, int64_t of, void *arg)
{
	progress_tell(done, of, arg);
	return !interrupt_came();
}

static int write_copy(struct cli *cli, const char *beside, const struct backup_keys *keys,
		      int64_t *at)
{
	struct progress progress = progress_begin(cli, "pages");
	struct buf trouble = {0};
	enum store_status status =
		backup_write(cli_store(cli), beside, keys, go_on, &progress, at, &trouble);
	int code = EX_OK;

	if (status == STORE_NONE)
		code = cli_fail(cli, INTERRUPTED, "broken off; nothing was kept");
	else if (status && trouble.length)
		code = cli_fail(cli, store_exit_code(status), "%s", buf_text(&trouble));
	else if (status)
		code = cli_store_failed(cli, status);
	buf_free(&trouble);
	return code;
}

static bool sync_path(const char *path, int flags)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | flags);
	bool done = fd >= 0 && fsync(fd) == 0;

	if (fd >= 0)
		close(fd);
	return done;
}

/* Never over another file. Where the file system cannot promise that, a look must do. */
static bool rename_new(const char *from, const char *to)
{
	if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
		return true;
	if (errno != EINVAL && errno != ENOSYS)
		return false;
	errno = EEXIST;
	return access(to, F_OK) != 0 && rename(from, to) == 0;
}

static int publish(const struct cli *cli, const char *beside, const char *file)
{
	char *copy = mem_string(file);
	bool done = sync_path(beside, 0) && rename_new(beside, file) &&
		    sync_path(dirname(copy), O_DIRECTORY);

	free(copy);
	return done ? EX_OK : cli_fail(cli, EX_CANTCREAT, "%s: %s", file, strerror(errno));
}

static int make(struct cli *cli, const char *file, const struct backup_keys *keys, int64_t *at)
{
	char *beside = mem_format("%s.XXXXXX", file);
	int fd = mkostemp(beside, O_CLOEXEC), code;

	if (fd < 0) {
		code = cli_fail(cli, EX_CANTCREAT, "%s cannot be made: %s", file, strerror(errno));
		free(beside);
		return code;
	}
	close(fd);
	code = write_copy(cli, beside, keys, at);
	if (!code)
		code = publish(cli, beside, file);
	if (code)
		unlink(beside);
	free(beside);
	return code;
}

/* the answer */

static void answer(struct cli *cli, const char *file, const struct backup_keys *keys, int64_t at)
{
	const struct settings *s = cli_settings(cli);
	struct stat about = {0};
	struct buf names = {0};
	char moment[CLOCK_TEXT];

	(void)stat(file, &about);
	for (size_t i = 0; i < keys->count; i++)
		buf_format(&names, "%s%s", i ? ", " : "", keys->list[i].name);
	if (cli->json) {
		cli_answer(json_pack("{s:o, s:s, s:I, s:s}", "file", cli_json_text(file), "at",
				     clock_utc_text(at, moment), "bytes", (json_int_t)about.st_size,
				     "keys", buf_text(&names)));
	} else {
		printf("%s: everything up to %s, with %s; %.1f MB\n", file,
		       clock_local_text(at, moment), names.length ? buf_text(&names) : "no keys",
		       (double)about.st_size / 1e6);
		printf("Who has it has every address and key: keep it as safe as the data "
		       "directory.\n");
		printf("Not in it: the settings (%s), and files they name elsewhere.\n",
		       s->file ? s->file : "built-in");
	}
	buf_free(&names);
}

int cmd_backup(struct cli *cli, int argc, char **argv)
{
	static const struct option known[] = {{NULL, 0, NULL, 0}};
	struct backup_keys keys = {0};
	int64_t at = 0;

	if (cli_option(cli, argc, argv, known) != -1)
		return EX_USAGE;
	if (argc - optind != 1 || strcmp(argv[optind], "-") == 0)
		return cli_misused(cli, "takes the name of one file");
	const char *file = argv[optind];
	if (access(file, F_OK) == 0)
		return cli_fail(cli, EX_CANTCREAT,
				"%s is there already; a backup overwrites nothing: name another",
				file);
	interrupt_catch();
	int code = take_keys(cli, &keys);
	/* Before the copy, so that it stands in it; however busy others are. */
	store_set_patience(cli_store(cli), PATIENCE_MS);
	enum store_status status = code ? STORE_OK : cli_audit(cli, "store.backup", "store", "");
	if (status)
		code = cli_store_failed(cli, status);
	if (!code)
		code = make(cli, file, &keys, &at);
	if (!code)
		answer(cli, file, &keys, at);
	backup_keys_free(&keys);
	return code;
}
