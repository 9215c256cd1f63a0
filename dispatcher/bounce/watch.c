#include "dispatcher/bounce/watch.h"

#include "common/auth/token.h"
#include "common/base/log.h"
#include "common/base/ready.h"
#include "common/bounce/maildir.h"
#include "common/conf/confine.h"
#include "common/conf/logging.h"
#include "common/queue/poke.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

enum { LOOK_SECONDS = 2 };

static void log_file(enum taken taken, const char *name, const char *said, void *arg)
{
	(void)arg;
	if (taken == TAKEN_REFUSED)
		log_warning("bounce.refused", "file=%s reason=%s", log_quote(name),
			    log_quote(said));
	else
		log_info("bounce.read", "file=%s said=%s", log_quote(name), log_quote(said));
}

/* `last`: what was said of the last trouble; nobody needs it twice in a row. */
static void look(const struct taking *t, struct buf *last)
{
	struct maildir_pass pass;
	struct buf fault = {0};
	enum store_status status;

	bool done = maildir_read(t->settings->mail_bounce_maildir, t, log_file, NULL, &pass,
				 &status, &fault);
	if (pass.recorded)
		poke_send(t->settings);
	if (!done && strcmp(buf_text(last), buf_text(&fault)) != 0)
		log_error("bounce.maildir_failed", "error=%s", log_quote(buf_text(&fault)));
	buf_free(last);
	*last = fault;
}

static void give_up_rights(const struct settings *settings, struct store *store)
{
	struct guard guard = {0};

	confine_to_store(&guard, settings);
	confine_to_redis(&guard, settings);
	guard_allow(&guard, settings->mail_bounce_maildir,
		    GUARD_READ | GUARD_WRITE | GUARD_MAKE | GUARD_MOVE);
	confine_enter(&guard, settings);
	if (settings->tenko_confine)
		store_keep_files(store);
}

static void watch(struct settings *settings, const struct taking *t, const sigset_t *signals)
{
	const struct timespec pause = {.tv_sec = LOOK_SECONDS};
	struct buf last = {0};
	int number = 0;

	ready_tell();
	log_info("bounce.watching", "maildir=%s", log_quote(settings->mail_bounce_maildir));
	while (number != SIGTERM && number != SIGINT) {
		if (number == SIGHUP && settings_refresh(settings))
			logging_reload(settings);
		look(t, &last);
		number = sigtimedwait(signals, NULL, &pause);
	}
	buf_free(&last);
}

int watch_run(struct settings *settings)
{
	struct taking t = {.settings = settings};
	struct buf fault = {0};
	sigset_t signals;
	char *path = settings_path(settings, "secret.key");
	int code = EX_OK;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGHUP);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	enum store_status status = store_open(settings->tenko_data_dir, false, &t.store);
	struct token_keys *keys = status ? NULL : token_keys_load(path, &fault);
	t.keys = keys;
	if (status) {
		fprintf(stderr, "tenko-bounce: %s\n", store_error(t.store));
		code = store_exit_code(status);
	} else if (!keys) {
		fprintf(stderr, "tenko-bounce: %s\n", buf_text(&fault));
		code = EX_CONFIG;
	} else if (!*settings->mail_bounce_maildir) {
		fprintf(stderr, "tenko-bounce: mail.bounce_maildir is empty: nothing to watch\n");
		code = EX_CONFIG;
	} else {
		give_up_rights(settings, t.store);
		watch(settings, &t, &signals);
	}
	token_keys_free(keys);
	store_close(t.store);
	buf_free(&fault);
	free(path);
	return code;
}
