#include "dispatcher/master/ground.h"

#include "common/base/log.h"
#include "common/base/mem.h"
#include "dispatcher/master/refuse.h"

#include <errno.h>
#include <grp.h>
#include <libgen.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sysexits.h>
#include <unistd.h>

/* The longest path of a socket in the data directory. */
static const char longest_socket[] = "run/scheduler.sock";

static int check_length(const char *dir)
{
	size_t most = sizeof((struct sockaddr_un *)NULL)->sun_path - 1 - sizeof longest_socket;

	if (strlen(dir) <= most)
		return EX_OK;
	return refuse(EX_CONFIG,
		      "%s: the path is too long: the sockets in it allow one of %zu bytes at most; "
		      "see tenko.data_dir in the settings",
		      dir, most);
}

/* The children go by the path as it is written, Redis by the absolute one. */
static int check_both_lengths(const char *dir)
{
	char *absolute = realpath(dir, NULL);
	int code = check_length(dir);

	if (code == EX_OK && absolute)
		code = check_length(absolute);
	free(absolute);
	return code;
}

int ground_data_dir(const struct settings *s)
{
	const char *dir = s->tenko_data_dir;
	struct stat about;

	if (stat(dir, &about) < 0 && errno == ENOENT && *s->roles_workers)
		return refuse(EX_CONFIG,
			      "%s: no data directory there; even workers alone keep a lock in it: "
			      "mkdir -m 700 %s, and give it to the user they run as",
			      dir, dir);
	if (stat(dir, &about) < 0 && errno == ENOENT)
		return refuse(EX_CONFIG,
			      "%s: no data directory there; make one with: tenko init %s", dir,
			      dir);
	if (stat(dir, &about) < 0)
		return refuse(EX_NOPERM, "%s: %s", dir, strerror(errno));
	if (!S_ISDIR(about.st_mode))
		return refuse(EX_CONFIG, "%s: is no directory; see tenko.data_dir in the settings",
			      dir);

	char *database = settings_path(s, "tenko.db");
	int code = check_both_lengths(dir);
	if (code == EX_OK && !*s->roles_workers && access(database, F_OK) < 0 && errno == ENOENT)
		code = refuse(EX_CONFIG, "%s: no database there; make one with: tenko init %s",
			      database, dir);
	free(database);
	return code;
}

/* privileges */

static int become(uid_t uid, gid_t gid, const char *user)
{
	bool done = (user ? initgroups(user, gid) : setgroups(0, NULL)) == 0 && setgid(gid) == 0 &&
		    setuid(uid) == 0;

	if (!done)
		return refuse(EX_OSERR, "cannot become user %d: %s", (int)uid, strerror(errno));
	if (setuid(0) == 0)
		return refuse(EX_OSERR, "is still root after becoming user %d", (int)uid);
	log_info("master.user", "uid=%d user=%s", (int)uid, log_quote(user ? user : ""));
	return EX_OK;
}

static int stay_root(const struct settings *s)
{
	log_warning("master.root", "data_dir=%s advice=%s", log_quote(s->tenko_data_dir),
		    log_quote("everything runs as root; give the data directory to a user of its "
			      "own, or set tenko.user"));
	return EX_OK;
}

int ground_privileges(const struct settings *s)
{
	struct stat about;
	const struct passwd *user;

	if (geteuid() != 0)
		return EX_OK;
	if (stat(s->tenko_data_dir, &about) < 0)
		return refuse(EX_NOPERM, "%s: %s", s->tenko_data_dir, strerror(errno));
	user = *s->tenko_user ? getpwnam(s->tenko_user) : getpwuid(about.st_uid);
	if (*s->tenko_user && !user)
		return refuse(EX_CONFIG, "tenko.user: there is no user \"%s\" on this machine",
			      s->tenko_user);
	if (user ? user->pw_uid == 0 : about.st_uid == 0)
		return stay_root(s);
	if (user)
		return become(user->pw_uid, user->pw_gid, user->pw_name);
	return become(about.st_uid, about.st_gid, NULL);
}

/* folders */

static int check_writable(const struct settings *s, const char *name)
{
	char *path = settings_path(s, name);
	int code = EX_OK;

	if (access(path, R_OK | W_OK) < 0 && errno != ENOENT)
		code = refuse(errno == EROFS ? EX_IOERR : EX_NOPERM,
			      "%s: cannot be written by user %d: %s; give it to that user with: "
			      "chown -R %d %s",
			      path, (int)geteuid(), strerror(errno), (int)geteuid(),
			      s->tenko_data_dir);
	free(path);
	return code;
}

static int make_folder(const struct settings *s, const char *name)
{
	char *path = settings_path(s, name);
	int code = EX_OK;

	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		code = refuse(EX_CANTCREAT, "%s: cannot be made: %s", path, strerror(errno));
	free(path);
	return code;
}

int ground_folders(const struct settings *s)
{
	static const char *const written[] = {".", "tenko.db", "run", "redis"};
	int code = EX_OK;

	for (size_t i = 0; i < LENGTH(written) && code == EX_OK; i++)
		code = check_writable(s, written[i]);
	if (code == EX_OK)
		code = make_folder(s, "run");
	if (code == EX_OK && !*s->roles_workers)
		code = make_folder(s, "redis");
	return code;
}

/* programs */

char *ground_program_dir(void)
{
	char path[PATH_MAX] = "";
	ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);

	return mem_string(length > 0 ? dirname(path) : ".");
}

char *ground_find_program(const char *name)
{
	const char *path = getenv("PATH");

	if (strchr(name, '/'))
		return access(name, X_OK) == 0 ? mem_string(name) : NULL;
	while (path && *path) {
		size_t length = strcspn(path, ":");
		char *file = mem_format("%.*s/%s", (int)length, path, name);
		if (length && access(file, X_OK) == 0)
			return file;
		free(file);
		path += length + (path[length] == ':');
	}
	return NULL;
}
