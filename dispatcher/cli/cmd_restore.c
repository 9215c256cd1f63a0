#include "dispatcher/cli/command.h"

#include "common/base/clock.h"
#include "common/base/keyfile.h"
#include "common/base/mem.h"
#include "common/store/backup.h"
#include "common/store/ledger_verify.h"
#include "common/store/verify.h"
#include "dispatcher/cli/interrupt.h"
#include "dispatcher/cli/progress.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

/*
 * The copy is made and checked in a folder of its own inside the data directory, then renamed into its
 * place. What was there is linked into another folder before, so that at every moment one database
 * or the other stands in its place.
 */

enum { INTERRUPTED = 130, SHOWN_MOST = 20, LOCKS = 2 };

struct restoring {
	struct cli *cli;
	const char *file, *dir;
	bool anyway;
	int locks[LOCKS];
	char *staging; /* DIR/restoring.XXXXXX */
	char *kept;    /* DIR/replaced-20261121-130506 */
	bool kept_any;
	struct backup_facts facts;
	struct store *store; /* the copy */
	struct progress progress;
	int64_t differences, broadcasts, people;
};

static char *path_of(const char *folder, const char *name)
{
	return mem_format("%s/%s", folder, name);
}

/* who runs */

/* A lock that is not there is held by nobody. */
static int take_lock(struct restoring *r, const char *name, const char *program, int *lock)
{
	char *path = path_of(r->dir, name), holder[24] = "";
	int code = EX_OK;

	*lock = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (*lock < 0 && errno != ENOENT) {
		code = cli_fail(r->cli, EX_NOPERM, "%s: %s", path, strerror(errno));
	} else if (*lock >= 0 && flock(*lock, LOCK_EX | LOCK_NB) < 0) {
		ssize_t length = pread(*lock, holder, sizeof holder - 1, 0);
		holder[length > 0 ? strspn(holder, "0123456789") : 0] = '\0';
		code = cli_fail(r->cli, EX_UNAVAILABLE,
				"%s runs on %s%s%s; end it first, nothing was changed", program,
				r->dir, *holder ? ", pid " : "", holder);
	}
	free(path);
	return code;
}

static int look_who_runs(struct restoring *r)
{
	int code = take_lock(r, "run/tenkod.lock", "tenkod", &r->locks[0]);

	return code ? code : take_lock(r, "run/scheduler.lock", "tenko-scheduler", &r->locks[1]);
}

/* the copy */

static int make_folder(struct restoring *r, char *path, bool made)
{
	return made ? EX_OK
		    : cli_fail(r->cli, EX_CANTCREAT, "%s cannot be made: %s", path,
			       strerror(errno));
}

static bool go_on(int64_t done, int64_t of, void *arg)
{
	progress_tell(done, of, arg);
	return !interrupt_came();
}

static int failed(const struct restoring *r, enum store_status status, const struct buf *trouble)
{
	if (status == STORE_NONE)
		return cli_fail(r->cli, INTERRUPTED, "broken off; nothing was changed");
	if (trouble && trouble->length)
		return cli_fail(r->cli,
				status == STORE_ERROR ? EX_DATAERR : store_exit_code(status),
				"%s; nothing was changed", buf_text(trouble));
	return cli_fail(r->cli, store_exit_code(status), "%s; nothing was changed",
			store_error(r->store));
}

static int make_copy(struct restoring *r)
{
	struct buf trouble = {0};

	r->staging = path_of(r->dir, "restoring.XXXXXX");
	int code = make_folder(r, r->staging, mkdtemp(r->staging));
	if (code) {
		free(r->staging);
		r->staging = NULL;
		return code;
	}
	r->progress = progress_begin(r->cli, "pages");
	enum store_status status =
		backup_read(r->file, r->staging, &r->facts, go_on, &r->progress, &trouble);
	if (!status)
		status = store_open(r->staging, false, &r->store);
	if (status)
		code = failed(r, status, &trouble);
	buf_free(&trouble);
	return code;
}

/* checking */

static void see_difference(const struct difference *d, void *arg)
{
	struct restoring *r = arg;

	if (r->differences++ < SHOWN_MOST)
		cli_say(r->cli, "%s: broadcast=%" PRId64 " person=%" PRId64 ": %s", d->check,
			d->broadcast, d->person, d->detail);
}

static void see_fault(const struct ledger_fault *fault, void *arg)
{
	struct restoring *r = arg;

	if (r->differences++ < SHOWN_MOST)
		cli_say(r->cli, "ledger: audit=%" PRId64 ": %s", fault->audit, fault->detail);
}

static void tell_progress(int64_t done, int64_t of, void *arg)
{
	struct restoring *r = arg;

	progress_tell(done, of, &r->progress);
}

static int check(struct restoring *r)
{
	const struct ledger_watcher watcher = {
		.see = see_fault, .progress = tell_progress, .arg = r};
	struct ledger_verified ledger;
	struct verified verified;
	enum store_status status =
		verify_all(r->store, clock_utc(), cli_settings(r->cli)->pacing_outage_after,
			   see_difference, r, &verified);

	r->progress = progress_begin(r->cli, "rows of the ledger");
	if (!status)
		status = ledger_verify(r->store, NULL, &watcher, &ledger);
	if (status)
		return failed(r, status, NULL);
	r->broadcasts = verified.broadcasts;
	r->people = verified.people;
	if (r->differences == 0 || r->anyway)
		return EX_OK;
	return cli_fail(r->cli, EX_DATAERR,
			"%s: %" PRId64 " differences; nothing was changed: try another backup, or "
			"say --anyway",
			r->file, r->differences);
}

/* The copy is whole in one file once its only connection is closed. */
static int settle(struct restoring *r)
{
	enum store_status status = backup_begin_anew(r->store, cli_who(), r->facts.at);

	if (status)
		return failed(r, status, NULL);
	store_close(r->store);
	r->store = NULL;
	if (interrupt_came())
		return failed(r, STORE_NONE, NULL);
	char *path = path_of(r->staging, "tenko.db");
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool done = fd >= 0 && fsync(fd) == 0;
	int code = done ? EX_OK : cli_fail(r->cli, EX_IOERR, "%s: %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	free(path);
	return code;
}

/* into its place */

static int name_kept(struct restoring *r)
{
	time_t now = (time_t)(clock_utc() / 1000);
	struct tm local;
	char day[32];

	localtime_r(&now, &local);
	strftime(day, sizeof day, "%Y%m%d-%H%M%S", &local);
	r->kept = mem_format("%s/replaced-%s", r->dir, day);
	return make_folder(r, r->kept, mkdir(r->kept, 0700) == 0);
}

static bool keep(struct restoring *r, const char *name)
{
	char *from = path_of(r->dir, name), *to = path_of(r->kept, name);
	bool there = access(from, F_OK) == 0;
	bool done = !there || link(from, to) == 0;

	r->kept_any |= there;
	free(from);
	free(to);
	return done;
}

/* Root makes it for whom the data directory belongs to. */
static bool hand_over(const struct restoring *r, const char *path)
{
	struct stat about;

	return geteuid() != 0 ||
	       (stat(r->dir, &about) == 0 && lchown(path, about.st_uid, about.st_gid) == 0);
}

static bool move_in(const struct restoring *r, const char *name)
{
	char *from = path_of(r->staging, name), *to = path_of(r->dir, name);
	bool done = hand_over(r, from) && rename(from, to) == 0;

	free(from);
	free(to);
	return done;
}

static bool same_key(const struct restoring *r, const struct backup_key *key)
{
	char *path = path_of(r->dir, key->name);
	struct buf text = {0}, fault = {0};
	bool same = keyfile_read(path, "", &text, &fault) && text.length == key->length &&
		    memcmp(text.data, key->text, key->length) == 0;

	keyfile_forget(&text);
	buf_free(&fault);
	free(path);
	return same;
}

static int put_key(struct restoring *r, const struct backup_key *key)
{
	char *path = path_of(r->staging, key->name);
	struct buf fault = {0};
	int code = EX_OK;

	if (!keyfile_create(path, key->text, key->length, &fault))
		code = cli_fail(r->cli, EX_CANTCREAT, "%s", buf_text(&fault));
	else if (!keep(r, key->name) || !move_in(r, key->name))
		code = cli_fail(r->cli, EX_CANTCREAT, "%s/%s: %s", r->dir, key->name,
				strerror(errno));
	buf_free(&fault);
	free(path);
	return code;
}

static const char *const database_files[] = {"tenko.db", "tenko.db-wal", "tenko.db-shm"};

static bool keep_database(struct restoring *r)
{
	bool done = true;

	for (size_t i = 0; done && i < LENGTH(database_files); i++)
		done = keep(r, database_files[i]);
	return done;
}

static void remove_files(const char *folder, size_t from)
{
	for (size_t i = from; i < LENGTH(database_files); i++) {
		char *path = path_of(folder, database_files[i]);
		unlink(path);
		free(path);
	}
}

/*
 * Nobody else has it open, and its log is in it, or stays beside it in the folder of what is kept: a
 * log belongs to the database it was written for, never to the one that comes.
 */
static int seize(struct restoring *r)
{
	bool whole;

	if (backup_seize(r->dir, &whole) == STORE_BUSY) {
		remove_files(r->kept, 0);
		return cli_fail(r->cli, EX_UNAVAILABLE,
				"%s/tenko.db: another process has it open; end it first, nothing "
				"was changed",
				r->dir);
	}
	remove_files(whole ? r->kept : r->dir, 1);
	return EX_OK;
}

static bool sync_folder(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool done = fd >= 0 && fsync(fd) == 0;

	if (fd >= 0)
		close(fd);
	return done;
}

static int put_in_place(struct restoring *r)
{
	int code = name_kept(r);

	if (code)
		return code;
	if (!keep_database(r))
		return cli_fail(r->cli, EX_CANTCREAT, "%s: %s; nothing was changed", r->kept,
				strerror(errno));
	code = seize(r);
	for (size_t i = 0; !code && i < r->facts.keys.count; i++)
		if (!same_key(r, &r->facts.keys.list[i]))
			code = put_key(r, &r->facts.keys.list[i]);
	if (code)
		return code;
	bool done = sync_folder(r->kept) && hand_over(r, r->kept) && move_in(r, "tenko.db") &&
		    sync_folder(r->dir);
	return done ? EX_OK
		    : cli_fail(r->cli, EX_CANTCREAT, "%s: %s; what was there is in %s", r->dir,
			       strerror(errno), r->kept);
}

/* the end */

static void answer(const struct restoring *r)
{
	char moment[CLOCK_TEXT];

	if (r->cli->json) {
		cli_answer(json_pack("{s:o, s:s, s:I, s:I, s:I, s:o?}", "file",
				     cli_json_text(r->file), "at",
				     clock_utc_text(r->facts.at, moment), "broadcasts",
				     (json_int_t)r->broadcasts, "people", (json_int_t)r->people,
				     "difference_count", (json_int_t)r->differences, "kept",
				     r->kept_any ? cli_json_text(r->kept) : NULL));
		return;
	}
	printf("Restored %s as it was at %s: %" PRId64 " broadcasts, %" PRId64 " people in them.\n",
	       r->dir, clock_local_text(r->facts.at, moment), r->broadcasts, r->people);
	if (r->kept_any)
		printf("What was there is kept in %s\n", r->kept);
	printf("What was sent after that moment may be sent again, answers taken after it are gone "
	       "with\nthe disk and asked for again, and broadcasts asked for after it are not "
	       "known.\nNext: tenkod\n");
}

static void tidy(struct restoring *r)
{
	static const char *const names[] = {"tenko.db", "tenko.db-wal", "tenko.db-shm",
					    "tenko.db-journal"};

	store_close(r->store);
	for (size_t i = 0; r->staging && i < LENGTH(names) + r->facts.keys.count; i++) {
		const char *name =
			i < LENGTH(names) ? names[i] : r->facts.keys.list[i - LENGTH(names)].name;
		char *path = path_of(r->staging, name);
		unlink(path);
		free(path);
	}
	if (r->staging)
		rmdir(r->staging);
	if (r->kept)
		rmdir(r->kept); /* where nothing had to be kept */
	for (int i = 0; i < LOCKS; i++)
		if (r->locks[i] >= 0)
			close(r->locks[i]);
	backup_keys_free(&r->facts.keys);
	free(r->staging);
	free(r->kept);
}

static int restore(struct restoring *r)
{
	struct stat about;

	if (stat(r->dir, &about) < 0 || !S_ISDIR(about.st_mode))
		return cli_fail(r->cli, EX_CONFIG,
				"%s: no data directory there; make one with: tenko init %s", r->dir,
				r->dir);
	if (access(r->file, R_OK))
		return cli_fail(r->cli, EX_NOINPUT, "%s: %s", r->file, strerror(errno));
	int code = look_who_runs(r);
	if (!code)
		code = make_copy(r);
	if (!code)
		code = check(r);
	if (!code)
		code = settle(r);
	return code ? code : put_in_place(r);
}

int cmd_restore(struct cli *cli, int argc, char **argv)
{
	static const struct option known[] = {{"anyway", no_argument, NULL, 'a'},
					      {NULL, 0, NULL, 0}};
	struct restoring r = {.cli = cli, .locks = {-1, -1}};
	int c;

	while ((c = cli_option(cli, argc, argv, known)) != -1) {
		if (c == '?')
			return EX_USAGE;
		r.anyway = true;
	}
	if (argc - optind != 1)
		return cli_misused(cli, "takes the name of one file");
	r.file = argv[optind];
	r.dir = cli_settings(cli)->tenko_data_dir;
	umask(077);
	interrupt_catch();
	int code = restore(&r);
	if (!code)
		answer(&r);
	tidy(&r);
	return code;
}
