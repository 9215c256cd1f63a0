#include "dispatcher/cli/command.h"

#include "common/auth/hook_token.h"
#include "common/auth/token.h"
#include "common/auth/vapid.h"
#include "common/base/mem.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sysexits.h>
#include <unistd.h>

/*
 * Makes a data directory, or tells that there is one. All or nothing: where a step fails, what
 * was made is removed again. What is there already is never touched.
 */

enum { MADE_MOST = 10 };

struct making {
	struct cli *cli;
	char *dir;             /* absolute */
	char *config;          /* settings file in use, or the one made; NULL: none */
	char *made[MADE_MOST]; /* in the order they were made */
	int made_count;
};

static const char *const own_names[] = {
	".",          "..",       "run",          "redis",        "secret.key", "vapid.key", "hooks.key",
	"tenko.conf", "tenko.db", "tenko.db-wal", "tenko.db-shm", "lost+found"};

static bool exists(const char *dir, const char *name)
{
	char *path = mem_format("%s/%s", dir, name);
	struct stat found;
	bool there = lstat(path, &found) == 0;

	free(path);
	return there;
}

/* looking at what is there */

static bool is_own_name(const char *name)
{
	for (size_t i = 0; i < LENGTH(own_names); i++)
		if (strcmp(own_names[i], name) == 0)
			return true;
	return false;
}

/* Whether the folder holds something that is not ours; `all`: or anything at all. */
static bool holds_others(const char *path, bool all)
{
	DIR *folder = opendir(path);
	const struct dirent *entry;
	bool others = false;

	if (!folder)
		return errno != ENOENT;
	while ((entry = readdir(folder)))
		others |= all ? entry->d_name[0] != '.' : !is_own_name(entry->d_name);
	closedir(folder);
	return others;
}

/* A database is there: is all the rest as well? */
static int look_at_existing(struct making *m)
{
	struct cli *cli = m->cli;
	char *key = mem_format("%s/secret.key", m->dir);
	struct buf fault = {0};
	struct token_keys *keys = token_keys_load(key, &fault);
	int code = EX_OK;

	enum store_status status = store_open(m->dir, false, &cli->store);
	if (status)
		code = cli_store_failed(cli, status);
	else if (!keys)
		code = cli_fail(
			cli, EX_CONFIG,
			"%s has a database but no usable key: %s. Without it the links that "
			"were sent do not work: put it back from the backup",
			m->dir, buf_text(&fault));
	token_keys_free(keys);
	buf_free(&fault);
	free(key);
	return code;
}

/* EX_OK: fresh ground. */
static int look_at_ground(const struct making *m)
{
	char *redis = mem_format("%s/redis", m->dir);
	int code = EX_OK;

	if (holds_others(m->dir, false))
		code = cli_fail(
			m->cli, EX_CANTCREAT,
			"%s holds other files and no database of Tenko; name an empty or a new "
			"directory",
			m->dir);
	else if (holds_others(redis, true))
		code = cli_fail(m->cli, EX_CANTCREAT,
				"%s holds the queue of another database; move it away", redis);
	free(redis);
	return code;
}

/* making */

static void note_made(struct making *m, const char *path)
{
	m->made[m->made_count++] = mem_string(path);
}

static void undo(struct making *m)
{
	while (m->made_count > 0) {
		char *path = m->made[--m->made_count];
		if (unlink(path) && errno != ENOENT)
			rmdir(path);
		free(path);
	}
}

static int make_folder(struct making *m, const char *path)
{
	if (mkdir(path, 0700) == 0)
		note_made(m, path);
	else if (errno != EEXIST)
		return cli_fail(m->cli, EX_CANTCREAT, "%s cannot be made: %s", path,
				strerror(errno));
	return EX_OK;
}

static int make_inner_folder(struct making *m, const char *name)
{
	char *path = mem_format("%s/%s", m->dir, name);
	int code = make_folder(m, path);

	free(path);
	return code;
}

/* A key of its own is made once and never replaced. */
static int make_key(struct making *m, const char *name,
		    bool (*create)(const char *file, struct buf *fault))
{
	char *path = mem_format("%s/%s", m->dir, name);
	struct buf fault = {0};
	int code = EX_OK;

	if (!exists(m->dir, name)) {
		if (create(path, &fault))
			note_made(m, path);
		else
			code = cli_fail(m->cli, EX_CANTCREAT, "%s", buf_text(&fault));
	}
	buf_free(&fault);
	free(path);
	return code;
}

static int make_secret_key(struct making *m)
{
	return make_key(m, "secret.key", token_keys_create);
}

/* Push services know us by it; without it everything but push works. */
static int make_vapid_key(struct making *m)
{
	return make_key(m, "vapid.key", vapid_create);
}

/* Monitoring sets off broadcasts by it. */
static int make_hook_token(struct making *m)
{
	return make_key(m, "hooks.key", hook_token_create);
}

static bool write_whole(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	FILE *out = fd < 0 ? NULL : fdopen(fd, "w");
	bool sound = out && fputs(text, out) >= 0 && fflush(out) == 0 && fsync(fd) == 0;

	if (out)
		sound = fclose(out) == 0 && sound;
	return sound;
}

/* A path that an INI file cannot hold (too long, a line break in it) shows on reading back. */
static bool reads_back(const char *path, const char *dir)
{
	struct buf faults = {0};
	struct settings *s = settings_read(path, &faults);
	bool same = s && strcmp(s->tenko_data_dir, dir) == 0;

	settings_free(s);
	buf_free(&faults);
	return same;
}

static int write_settings(struct making *m, const char *path)
{
	struct buf none = {0}, text = {0};
	struct settings *s = settings_read(NULL, &none);
	int code = EX_OK;

	free(s->tenko_data_dir);
	s->tenko_data_dir = mem_string(m->dir);
	buf_text_add(&text, "# Tenko's settings. After a change: tenko config check\n\n");
	settings_dump(s, SETTINGS_DOCUMENTED, &text);
	note_made(m, path);
	if (!write_whole(path, buf_text(&text)))
		code = cli_fail(m->cli, EX_CANTCREAT, "%s cannot be written: %s", path,
				strerror(errno));
	else if (!reads_back(path, m->dir))
		code = cli_fail(m->cli, EX_USAGE,
				"%s: a settings file cannot hold this path; name "
				"a plainer one",
				m->dir);
	settings_free(s);
	buf_free(&text);
	return code;
}

static int make_settings(struct making *m)
{
	char *path = mem_format("%s/tenko.conf", m->dir);
	int code = EX_OK;

	if (!exists(m->dir, "tenko.conf"))
		code = write_settings(m, path);
	m->config = path;
	return code;
}

static int make_database(struct making *m)
{
	static const char *const files[] = {"tenko.db", "tenko.db-wal", "tenko.db-shm"};
	struct cli *cli = m->cli;

	for (size_t i = 0; i < LENGTH(files); i++) {
		char *path = mem_format("%s/%s", m->dir, files[i]);
		note_made(m, path);
		free(path);
	}
	enum store_status status = store_open(m->dir, true, &cli->store);
	if (!status)
		status = cli_audit(cli, "store.made", "store", "");
	int code = status ? cli_store_failed(cli, status) : EX_OK;
	store_close(cli->store);
	cli->store = NULL;
	return code;
}

/* Root makes it for whom the programs will run as. */
static int hand_over(const struct making *m)
{
	const struct settings *s = m->cli->settings;
	bool named = s && *s->tenko_user;
	const char *name = named ? s->tenko_user : "tenko";
	const struct passwd *user = getpwnam(name);

	if (geteuid() != 0 || (!user && !named))
		return EX_OK;
	if (!user)
		return cli_fail(m->cli, EX_NOUSER, "settings: tenko.user: there is no user \"%s\"",
				name);
	for (int i = 0; i < m->made_count; i++)
		if (lchown(m->made[i], user->pw_uid, user->pw_gid) && errno != ENOENT)
			return cli_fail(m->cli, EX_OSERR, "%s cannot be given to the user %s: %s",
					m->made[i], name, strerror(errno));
	return EX_OK;
}

static int make_all(struct making *m)
{
	int code = make_inner_folder(m, "run");

	if (!code)
		code = make_inner_folder(m, "redis");
	if (!code)
		code = make_secret_key(m);
	if (!code)
		code = make_vapid_key(m);
	if (!code)
		code = make_hook_token(m);
	if (!code && !m->config)
		code = make_settings(m);
	if (!code)
		code = make_database(m);
	if (!code)
		code = hand_over(m);
	return code;
}

/* answers */

static void print_next(const struct making *m)
{
	printf("Made %s: database, keys, folders.\n", m->dir);
	if (m->config)
		printf("Settings: %s\n", m->config);
	printf("Next:\n");
	if (m->config)
		printf("  export TENKO_CONFIG='%s'\n"
		       "  edit it: organisation, mail.relay_host, mail.from_address, reply.base_url\n",
		       m->config);
	printf("  tenko config check\n"
	       "  tenko import --groups group.csv --users user.csv --contacts contact.csv\n"
	       "  tenkod\n");
}

static void answer(const struct making *m, bool made)
{
	if (m->cli->json)
		cli_answer(json_pack("{s:o, s:o?, s:b}", "data_dir", cli_json_text(m->dir),
				     "config", m->config ? cli_json_text(m->config) : NULL,
				     "created", made));
	else if (made)
		print_next(m);
	else if (m->made_count > 0)
		printf("%s is a data directory of Tenko already; made %s.\n", m->dir, m->made[0]);
	else
		printf("%s is a data directory of Tenko already; nothing was changed.\n", m->dir);
}

static void warn_of_loose_ends(const struct making *m)
{
	const struct settings *s = m->cli->settings;
	struct stat found;

	if (stat(m->dir, &found) == 0 && (found.st_mode & 077))
		cli_say(m->cli, "others can look into %s; close it: chmod 700 '%s'", m->dir,
			m->dir);
	if (s && s->file && strcmp(s->tenko_data_dir, m->dir) != 0)
		cli_say(m->cli, "%s says tenko.data_dir = %s; set it to %s", s->file,
			s->tenko_data_dir, m->dir);
}

/* What a later version needs beside the rest. */
static int complete(struct making *m)
{
	int code = look_at_existing(m);

	if (!code)
		code = make_vapid_key(m);
	if (!code)
		code = make_hook_token(m);
	return code ? code : hand_over(m);
}

/* The directory itself, and its absolute path in m->dir. */
static int make_directory(struct making *m, const char *given)
{
	static const char longest[] = "/run/scheduler.sock";
	struct sockaddr_un address;
	int code = make_folder(m, given);

	if (code)
		return code;
	m->dir = realpath(given, NULL);
	if (!m->dir)
		return cli_fail(m->cli, EX_CANTCREAT, "%s: %s", given, strerror(errno));
	if (strlen(m->dir) + sizeof longest > sizeof address.sun_path)
		return cli_fail(m->cli, EX_USAGE,
				"%s is too long: %zu bytes at most, because of the sockets in it",
				m->dir, sizeof address.sun_path - sizeof longest);
	struct stat found;
	if (stat(m->dir, &found) == 0 && !S_ISDIR(found.st_mode))
		return cli_fail(m->cli, EX_CANTCREAT, "%s: %s", m->dir, strerror(ENOTDIR));
	if (access(m->dir, W_OK | X_OK))
		return cli_fail(m->cli, EX_CANTCREAT, "%s: %s", m->dir, strerror(errno));
	return EX_OK;
}

static int init(struct making *m, const char *given)
{
	int code = make_directory(m, given);

	if (code)
		return code;
	bool fresh = !exists(m->dir, "tenko.db");
	if (!fresh)
		code = complete(m);
	else if ((code = look_at_ground(m)) == EX_OK)
		code = make_all(m);
	if (code)
		return code;
	answer(m, fresh);
	warn_of_loose_ends(m);
	return EX_OK;
}

int cmd_init(struct cli *cli, int argc, char **argv)
{
	static const struct option known[] = {{NULL, 0, NULL, 0}};
	struct making m = {.cli = cli};

	if (cli_option(cli, argc, argv, known) != -1)
		return EX_USAGE;
	if (argc - optind > 1)
		return cli_misused(cli, "takes one directory");
	/* Without a directory the settings name it, and their file is the one in use. */
	if (cli->config || optind == argc)
		m.config = cli_settings(cli)->file ? mem_string(cli->settings->file) : NULL;
	umask(077);
	int code = init(&m, optind < argc ? argv[optind] : cli->settings->tenko_data_dir);
	if (code)
		undo(&m);
	for (int i = 0; i < m.made_count; i++)
		free(m.made[i]);
	free(m.config);
	free(m.dir);
	return code;
}
