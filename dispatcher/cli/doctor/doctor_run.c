#include "dispatcher/cli/doctor/doctor.h"

#include "common/base/clock.h"
#include "common/base/mem.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

enum {
	TELL_MS = 2000, /* what takes longer is told of, as often */
	ANSWER_MOST = 1 << 20,
	SPARE_MS = 2000,
	DAY_MS = 24 * 60 * 60 * 1000,
	CERTIFICATE_DAYS = 14,
};

static const char *const names[] = {
#define X(symbol, name, shown) [FINDING_##symbol] = (name),
	FINDINGS(X)
#undef X
};
static const char *const showns[] = {
#define X(symbol, name, shown) [FINDING_##symbol] = (shown),
	FINDINGS(X)
#undef X
};

const char *finding_name(enum finding level)
{
	return names[level];
}

const char *finding_shown(enum finding level)
{
	return showns[level];
}

/* what a check leaves */

static void add(json_t *findings, enum finding level, const char *advice, const char *text)
{
	json_t *one = json_pack("{s:s, s:o}", "level", names[level], "text", cli_json_text(text));

	if (advice)
		json_object_set_new(one, "advice", cli_json_text(advice));
	json_array_append_new(findings, one);
}

void doctor_note(struct doctor *d, enum finding level, const char *advice, const char *format, ...)
{
	char text[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	for (char *p = text; *p; p++) /* what others say may end in the middle of a line */
		if ((unsigned char)*p < ' ')
			*p = ' ';
	add(d->findings, level, advice, text);
}

bool doctor_workers_alone(const struct doctor *d)
{
	return *d->settings->roles_workers;
}

bool doctor_uses(struct doctor *d, enum channel channel)
{
	bool alone = doctor_workers_alone(d);
	const char *list = alone ? d->settings->roles_workers : d->settings->broadcast_channels;
	bool uses = channels_by_names(list) & 1u << channel;

	if (!uses)
		doctor_note(d, FINDING_UNSET, NULL, "%s is not in %s", channel_name(channel),
			    alone ? "roles.workers" : "broadcast.channels");
	return uses;
}

int64_t doctor_patience(const struct doctor *d)
{
	return d->timeout > 2 * SPARE_MS ? d->timeout - SPARE_MS : d->timeout / 2;
}

void doctor_note_certificate(struct doctor *d, const char *what, int64_t ends)
{
	int64_t left = ends - clock_utc();
	long long days = (long long)(left / DAY_MS);

	if (left <= 0)
		doctor_note(d, FINDING_FAULT, "renew it",
			    "%s: the certificate ran out %lld days ago", what, -days);
	else if (days < CERTIFICATE_DAYS)
		doctor_note(d, FINDING_WARNING, "renew it",
			    "%s: the certificate is good for %lld more days", what, days);
	else
		doctor_note(d, FINDING_FINE, NULL, "%s: the certificate is good for %lld more days",
			    what, days);
}

/* one process each */

struct examination {
	const struct check *check;
	pid_t pid;
	int fd; /* its findings; -1: it has ended */
	struct buf answer;
	json_t *findings; /* NULL: it is not known yet */
};

static void be_the_check(struct doctor *d, const struct check *check, int fd)
{
	d->findings = json_array();
	if (check->main_only && doctor_workers_alone(d))
		doctor_note(d, FINDING_UNSET, NULL,
			    "is the main machine's: this one has workers alone (roles.workers)");
	else
		check->run(d);
	int failed = json_dumpfd(d->findings, fd, JSON_COMPACT);
	json_decref(d->findings);
	close(fd);
	exit(failed ? EX_IOERR : EX_OK);
}

static void conclude(struct examination *x, enum finding level, const char *advice,
		     const char *text)
{
	x->findings = json_array();
	add(x->findings, level, advice, text);
}

static void begin(struct doctor *d, struct examination *x)
{
	int ends[2];

	x->fd = -1;
	if (pipe(ends) < 0) {
		conclude(x, FINDING_FAULT, NULL,
			 "could not be looked at: the system gives no pipe");
		return;
	}
	fflush(NULL); /* else the child prints it once more */
	x->pid = fork();
	if (x->pid == 0) {
		close(ends[0]);
		be_the_check(d, x->check, ends[1]);
	}
	close(ends[1]);
	x->fd = ends[0];
	if (x->pid < 0)
		conclude(x, FINDING_FAULT, NULL,
			 "could not be looked at: the system gives no process");
}

static void end(struct examination *x, bool late)
{
	int status = 0;

	close(x->fd);
	x->fd = -1;
	if (late)
		kill(x->pid, SIGKILL);
	while (waitpid(x->pid, &status, 0) < 0 && errno == EINTR)
		;
	json_t *findings = late ? NULL : json_loadb(x->answer.data, x->answer.length, 0, NULL);
	if (json_array_size(findings) > 0) {
		x->findings = findings;
	} else if (late && x->check->too_long) {
		conclude(x, FINDING_WARNING, x->check->too_long,
			 "did not end in time, and was left");
	} else if (late) {
		conclude(x, FINDING_FAULT,
			 "it hangs: see what it asks, or give it longer with --timeout",
			 "did not end in time, and was left");
	} else {
		conclude(x, FINDING_FAULT, "please report this", "the check itself broke off");
	}
	if (findings != x->findings)
		json_decref(findings);
	buf_free(&x->answer);
}

static void take(struct examination *x)
{
	char bytes[4096];
	ssize_t length = read(x->fd, bytes, sizeof bytes);

	if (length > 0 && x->answer.length < ANSWER_MOST)
		buf_add(&x->answer, bytes, (size_t)length);
	else if (length >= 0 || errno != EINTR)
		end(x, false);
}

static void wait_for_some(struct examination *list, size_t count, int64_t until)
{
	struct pollfd *fds = mem_array(count, sizeof *fds);
	int64_t left = until - clock_monotonic();

	for (size_t i = 0; i < count; i++)
		fds[i] = (struct pollfd){.fd = list[i].fd, .events = POLLIN};
	if (poll(fds, count, left > 0 ? (int)left : 0) > 0)
		for (size_t i = 0; i < count; i++)
			if (fds[i].revents)
				take(&list[i]);
	free(fds);
}

static void tell_who_is_left(const struct cli *cli, const struct examination *list, size_t count)
{
	struct buf left = {0};

	for (size_t i = 0; i < count; i++)
		if (!list[i].findings)
			buf_format(&left, "%s%s", left.length ? ", " : "", list[i].check->name);
	cli_say(cli, "still looking at: %s", buf_text(&left));
	buf_free(&left);
}

void doctor_run(struct doctor *d, const struct check *checks, size_t count,
		void (*see)(const struct check *check, json_t *findings, void *arg), void *arg)
{
	struct examination *list = mem_array(count, sizeof *list);
	int64_t began = clock_monotonic(), over = began + d->timeout, tell = began + TELL_MS;
	size_t seen = 0;

	for (size_t i = 0; i < count; i++) {
		list[i].check = &checks[i];
		begin(d, &list[i]);
	}
	while (seen < count) {
		wait_for_some(list, count, tell < over ? tell : over);
		int64_t now = clock_monotonic();
		for (size_t i = 0; i < count && now >= over; i++)
			if (list[i].fd >= 0)
				end(&list[i], true);
		for (; seen < count && list[seen].findings; seen++) {
			see(&checks[seen], list[seen].findings, arg);
			fflush(stdout);
		}
		if (seen < count && now >= tell) {
			tell_who_is_left(d->cli, list, count);
			tell = now + TELL_MS;
		}
	}
	for (size_t i = 0; i < count; i++)
		json_decref(list[i].findings);
	free(list);
}
