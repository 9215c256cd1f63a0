#include "dispatcher/cli/doctor/doctor.h"

#include "common/auth/vapid.h"
#include "common/base/clock.h"
#include "common/base/mem.h"
#include "common/conf/transport.h"
#include "common/net/http_client.h"
#include "common/queue/figures.h"
#include "common/queue/poke.h"
#include "dispatcher/cli/doctor/config_check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <unistd.h>

/* What this machine itself has: settings, files, disk, processes, clock. */

enum {
	LITTLE_MB = 1024,
	TOO_LITTLE_MB = 100,
	LITTLE_PERCENT = 5,
	WORKER_IDLE_MS = 60 * 1000,
	CLOCK_SOME_MS = 5 * 1000,
	CLOCK_MUCH_MS = 60 * 1000,
	HOST_ROOM = 64, /* as workers have it for their names */
};

/* settings */

static void note_lines(struct doctor *d, enum finding level, const char *advice, const char *lines)
{
	while (*lines) {
		size_t length = strcspn(lines, "\n");
		if (length)
			doctor_note(d, level, advice, "%.*s", (int)length, lines);
		lines += length + (lines[length] == '\n');
	}
}

void doctor_settings(struct doctor *d)
{
	const struct settings *s = d->settings;
	const char *file = s->file ? s->file : "(no file: all by default)";
	struct buf faults = {0}, warnings = {0};

	config_check_values(s, file, &faults);
	transport_warnings(s, &warnings);
	note_lines(d, FINDING_FAULT, "change it, then: tenko config check", buf_text(&faults));
	note_lines(d, FINDING_WARNING, "for earnest, set the transport back and restart tenkod",
		   buf_text(&warnings));
	if (!doctor_workers_alone(d) && !*s->tenko_organisation)
		doctor_note(d, FINDING_WARNING, "set tenko.organisation",
			    "people are not told who writes to them: tenko.organisation is empty");
	if (!faults.length)
		doctor_note(d, FINDING_FINE, NULL, "%s: sound", file);
	buf_free(&faults);
	buf_free(&warnings);
}

/* files */

static bool is_secret_kept(struct doctor *d, const char *path, const struct stat *about)
{
	if (!(about->st_mode & 077))
		return true;
	doctor_note(d, FINDING_FAULT,
		    "chmod 600, and give out a new one if others may have read it",
		    "%s: others than its owner can read it (mode %03o)", path,
		    (unsigned)about->st_mode & 0777);
	return false;
}

/* A file that must be there, and be its owner's alone. */
static void look_at_key(struct doctor *d, const char *path, uid_t owner, const char *made_by)
{
	struct stat about;

	if (stat(path, &about) < 0) {
		doctor_note(d, FINDING_FAULT, made_by, "%s: %s", path, strerror(errno));
		return;
	}
	bool kept = is_secret_kept(d, path, &about);
	if (about.st_uid != owner && about.st_uid != 0)
		doctor_note(d, FINDING_FAULT, "chown it to the owner of the data directory",
			    "%s: is owned by another user (%d)", path, (int)about.st_uid);
	else if (kept)
		doctor_note(d, FINDING_FINE, NULL, "%s: its owner's alone", path);
}

static void look_at_data_dir(struct doctor *d, const struct stat *about)
{
	const char *dir = d->settings->tenko_data_dir;

	if (about->st_mode & 077)
		doctor_note(d, FINDING_WARNING, "chmod 700",
			    "%s: others can look into it (mode %03o)", dir,
			    (unsigned)about->st_mode & 0777);
	else if (access(dir, R_OK | W_OK | X_OK) < 0)
		doctor_note(d, FINDING_FAULT, "run this as root or as its owner", "%s: %s", dir,
			    strerror(errno));
	else
		doctor_note(d, FINDING_FINE, NULL, "%s: its owner's alone", dir);
}

static void look_at_settings_file(struct doctor *d)
{
	const struct settings *s = d->settings;
	bool secrets = *s->mail_password || *s->redis_password || *s->voice_accounts ||
		       *s->reply_stats_token || *s->reply_admin_token;
	struct stat about;

	if (s->file && secrets && stat(s->file, &about) == 0 && (about.st_mode & 07))
		doctor_note(d, FINDING_FAULT, "chmod o-rwx",
			    "%s: holds passwords, and everybody on this machine can read it",
			    s->file);
}

void doctor_files(struct doctor *d)
{
	static const char *const keys[] = {"secret.key", "hooks.key"};
	const struct settings *s = d->settings;
	bool alone = doctor_workers_alone(d);
	struct stat dir;

	look_at_settings_file(d);
	if (stat(s->tenko_data_dir, &dir) < 0) {
		doctor_note(d, FINDING_FAULT,
			    doctor_workers_alone(d)
				    ? "mkdir -m 700, for the user that the workers run as"
				    : "tenko init makes it; see tenko.data_dir",
			    "%s: %s", s->tenko_data_dir, strerror(errno));
		return;
	}
	look_at_data_dir(d, &dir);
	for (size_t i = 0; i < LENGTH(keys) && !alone; i++) {
		char *path = settings_path(s, keys[i]);
		look_at_key(
			d, path, dir.st_uid,
			"bring it back from a backup: links that were sent need it; on a new system, "
			"tenko init makes one");
		free(path);
	}
	if (!alone || channels_by_names(s->roles_workers) & 1u << CHANNEL_PUSH) {
		char *vapid = vapid_file(s);
		look_at_key(d, vapid, dir.st_uid,
			    alone ? "copy it from the main machine: phones know no other"
				  : "bring it back from a backup: phones know no other; on a new "
				    "system, tenko init makes one");
		free(vapid);
	}
	if (*s->reply_tls_key && !alone)
		look_at_key(d, s->reply_tls_key, dir.st_uid, "see reply.tls_key");
	if (*s->push_fcm_service_account)
		look_at_key(d, s->push_fcm_service_account, dir.st_uid,
			    "see push.fcm_service_account");
}

/* disk */

static int percent(uint64_t part, uint64_t of)
{
	return of ? (int)(part * 100 / of) : 100;
}

void doctor_disk(struct doctor *d)
{
	static const char advice[] =
		"make room, or move the data directory: a full disk stops answers "
		"from being recorded";
	const char *dir = d->settings->tenko_data_dir;
	struct statvfs about;

	if (statvfs(dir, &about) < 0) {
		doctor_note(d, FINDING_FAULT, "see tenko.data_dir", "%s: %s", dir, strerror(errno));
		return;
	}
	uint64_t free_mb = (uint64_t)about.f_bavail * about.f_frsize >> 20;
	int bytes = percent(about.f_bavail, about.f_blocks);
	int inodes = percent(about.f_favail, about.f_files);
	bool little = free_mb < LITTLE_MB || bytes < LITTLE_PERCENT;
	enum finding level = free_mb < TOO_LITTLE_MB ? FINDING_FAULT
			     : little                ? FINDING_WARNING
						     : FINDING_FINE;

	doctor_note(d, level, level == FINDING_FINE ? NULL : advice, "%s: %llu MB free (%d %%)",
		    dir, (unsigned long long)free_mb, bytes);
	if (inodes < LITTLE_PERCENT)
		doctor_note(d, inodes < 1 ? FINDING_FAULT : FINDING_WARNING, advice,
			    "%s: %d %% of the inodes are free", dir, inodes);
}

/* processes */

static bool is_locked(const struct settings *s, const char *name)
{
	char *path = settings_path(s, name);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool locked = fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) < 0;

	if (fd >= 0)
		close(fd);
	free(path);
	return locked;
}

static const struct stream_figures *stream_of(const struct queue_figures *f, enum channel channel)
{
	for (size_t i = 0; i < f->stream_count; i++)
		if (f->streams[i].channel == channel && f->streams[i].consumer_count)
			return &f->streams[i];
	return NULL;
}

/* Workers are named channel-number@host. `host` NULL: on whatever machine. */
static bool is_of(const char *worker, const char *host)
{
	const char *at = strchr(worker, '@');

	return !host || (at && strcmp(at + 1, host) == 0);
}

static void look_for_workers(struct doctor *d, const struct queue_figures *f, enum channel channel,
			     const char *host)
{
	const struct stream_figures *stream = stream_of(f, channel);
	int heard = 0;

	for (size_t i = 0; stream && i < stream->consumer_count; i++)
		heard += stream->consumers[i].idle_ms < WORKER_IDLE_MS &&
			 is_of(stream->consumers[i].name, host);
	if (heard)
		doctor_note(d, FINDING_FINE, NULL, "%s: %d worker%s%s", channel_name(channel),
			    heard, heard == 1 ? "" : "s", host ? " on this machine" : "");
	else
		doctor_note(d, FINDING_FAULT,
			    host ? "systemctl start tenko, or tenkod; see its log"
				 : "start one (workers in the settings), see its log",
			    "%s: no worker%s was heard of in the last minute",
			    channel_name(channel), host ? " of this machine" : "");
}

static void look_for_workers_here(struct doctor *d)
{
	unsigned channels = channels_by_names(d->settings->roles_workers);
	struct queue_figures figures;
	struct buf fault = {0};
	char host[HOST_ROOM] = "";

	gethostname(host, sizeof host - 1);
	if (queue_figures_read(d->settings, &figures, &fault)) {
		for (int c = CHANNEL_NONE + 1; c < CHANNEL_END; c++)
			if (channels & 1u << c)
				look_for_workers(d, &figures, (enum channel)c, host);
		queue_figures_free(&figures);
	} else {
		doctor_note(d, FINDING_UNSET, NULL,
			    "whether workers run is not known while Redis is out of reach");
	}
	buf_free(&fault);
}

void doctor_processes(struct doctor *d)
{
	unsigned channels = channels_by_names(d->settings->broadcast_channels);
	struct queue_figures figures;
	struct buf fault = {0};

	if (doctor_workers_alone(d)) {
		look_for_workers_here(d);
		return;
	}
	if (!is_locked(d->settings, "run/tenkod.lock") && !poke_send(d->settings)) {
		doctor_note(d, FINDING_FAULT, "start it: tenkod, or systemctl start tenko",
			    "tenkod does not run");
		return;
	}
	if (poke_send(d->settings))
		doctor_note(d, FINDING_FINE, NULL, "tenko-scheduler runs");
	else
		doctor_note(d, FINDING_FAULT, "see the log for why it ended",
			    "tenko-scheduler does not run: nothing is sent");
	if (!queue_figures_read(d->settings, &figures, &fault)) {
		buf_free(&fault); /* said by the check of Redis */
		return;
	}
	for (int c = CHANNEL_NONE + 1; c < CHANNEL_END; c++)
		if (channels & 1u << c)
			look_for_workers(d, &figures, (enum channel)c, NULL);
	queue_figures_free(&figures);
}

/* clock */

static void look_at_kernel(struct doctor *d)
{
	struct timex about = {0};
	int state = adjtimex(&about);

	if (state < 0)
		doctor_note(d, FINDING_UNSET, NULL,
			    "the kernel does not say how the clock is kept: %s", strerror(errno));
	else if (state == TIME_ERROR || (about.status & STA_UNSYNC))
		doctor_note(
			d, FINDING_WARNING,
			"turn on systemd-timesyncd or chrony: links, certificates and the age of "
			"telegrams go by the clock",
			"nothing keeps this machine's clock in time");
	else
		doctor_note(d, FINDING_FINE, NULL, "kept in time from outside");
}

static void judge_difference(struct doctor *d, int64_t ahead)
{
	int64_t off = ahead < 0 ? -ahead : ahead;
	enum finding level = off >= CLOCK_MUCH_MS   ? FINDING_FAULT
			     : off >= CLOCK_SOME_MS ? FINDING_WARNING
						    : FINDING_FINE;

	doctor_note(d, level, level == FINDING_FINE ? NULL : "set it, and have it kept in time",
		    "%lld s %s the clock of the first feed", (long long)(off / 1000),
		    ahead < 0 ? "behind" : "ahead of");
}

/* By the header Date of the first feed, where feeds are used. */
static void look_at_feed(struct doctor *d)
{
	const struct settings *s = d->settings;
	char *url = mem_copy(s->feed_atom_urls, strcspn(s->feed_atom_urls, " "));
	struct http_request request = {.url = url, .answer_most = 1};
	struct buf fault = {0};
	struct http_client *client = http_client_new(s->feed_allow_private, "", "", &fault);

	if (client) {
		http_run(client, &request, 1, doctor_patience(d));
		if (request.date)
			judge_difference(d, clock_utc() - request.date);
	}
	http_client_free(client);
	buf_free(&request.answer);
	buf_free(&fault);
	free(url);
}

void doctor_clock(struct doctor *d)
{
	look_at_kernel(d);
	if (!doctor_workers_alone(d) && d->settings->feed_enabled && *d->settings->feed_atom_urls)
		look_at_feed(d);
}
