#include "workers/mail/mail.h"

#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/conf/transport.h"
#include "workers/mail/compose.h"
#include "workers/mail/smtp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct mail {
	struct composer *composer;
	struct relay *relay; /* NULL: the null transport */
	/* Of one batch; kept for their buffers. */
	struct letter *letters;
	struct parcel *parcels;
	size_t *indexes; /* of the parcels' jobs */
	size_t room;
};

static void mail_free(struct mail *mail)
{
	if (!mail)
		return;
	composer_free(mail->composer);
	relay_close(mail->relay);
	for (size_t i = 0; i < mail->room; i++)
		letter_free(&mail->letters[i]);
	free(mail->letters);
	free(mail->parcels);
	free(mail->indexes);
	free(mail);
}

static int64_t mail_batch(const struct settings *settings)
{
	return settings->mail_session_messages;
}

static bool is_loopback(const char *host)
{
	return strncmp(host, "127.", 4) == 0 || strcmp(host, "localhost") == 0;
}

/* The settings before a reload stay in use where the new ones cannot be used. */
static bool mail_open(struct worker *worker, const struct settings *settings)
{
	struct mail *mail = mem_alloc(sizeof *mail);
	struct buf fault = {0};

	mail->composer = composer_new(settings, &fault);
	bool opened = mail->composer != NULL;
	if (opened && !transport_is_null(settings, CHANNEL_MAIL)) {
		mail->relay = relay_open(settings, &fault);
		opened = mail->relay != NULL;
	}
	if (opened) {
		mail_free(worker_state(worker));
		worker_set_state(worker, mail);
	} else {
		log_error("settings.fault", "fault=%s", log_quote(buf_text(&fault)));
		mail_free(mail);
	}
	if (opened && *settings->mail_username && strcmp(settings->mail_tls, "required") != 0 &&
	    !is_loopback(settings->mail_relay_host))
		log_warning("mail.password_exposed",
			    "hint=\"set mail.tls = required, or the password may go over the "
			    "network in the clear\"");
	buf_free(&fault);
	return opened;
}

static void make_room(struct mail *mail, size_t count)
{
	if (count <= mail->room)
		return;
	mail->letters = mem_resize(mail->letters, count, sizeof *mail->letters);
	mail->parcels = mem_resize(mail->parcels, count, sizeof *mail->parcels);
	mail->indexes = mem_resize(mail->indexes, count, sizeof *mail->indexes);
	memset(mail->letters + mail->room, 0, (count - mail->room) * sizeof *mail->letters);
	mail->room = count;
}

/* What cannot be sent at all is reported at once. How many parcels there are. */
static size_t compose(struct worker *worker, const struct job *jobs,
		      const struct content *const *contents, size_t count)
{
	struct mail *mail = worker_state(worker);
	size_t made = 0;

	for (size_t i = 0; i < count; i++) {
		struct letter *letter = &mail->letters[made];
		const char *reason;
		if (!composer_write(mail->composer, &jobs[i], contents[i], letter, &reason)) {
			worker_report(worker, i, OUTCOME_REFUSED, reason);
			continue;
		}
		mail->parcels[made] = (struct parcel){
			.return_path = buf_text(&letter->return_path),
			.recipient = buf_text(&letter->recipient),
			.text = buf_text(&letter->text),
			.length = letter->text.length,
		};
		mail->indexes[made++] = i;
	}
	return made;
}

/* Of the parcels, which leave out what could not be written. */
static bool is_wanted(void *arg, size_t parcel)
{
	const struct mail *mail = worker_state(arg);

	return worker_wanted(arg, mail->indexes[parcel]);
}

/* The null transport: whoever is still wanted counts as reached. */
static void discard(struct worker *worker, struct parcel *parcels, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		bool wanted = is_wanted(worker, i);
		parcels[i].outcome = wanted ? OUTCOME_DELIVERED : OUTCOME_NOT_TRIED;
		snprintf(parcels[i].detail, sizeof parcels[i].detail, "%s",
			 wanted ? "null transport: not sent" : "stopped");
	}
}

static bool send_off(struct worker *worker, size_t count, struct buf *why)
{
	struct mail *mail = worker_state(worker);

	if (count > 0 && mail->relay)
		return relay_send(mail->relay, mail->parcels, count, is_wanted, worker, why);
	discard(worker, mail->parcels, count);
	return true;
}

static void mail_deliver(struct worker *worker, const struct job *jobs,
			 const struct content *const *contents, size_t count)
{
	struct mail *mail = worker_state(worker);
	struct buf why = {0};

	make_room(mail, count);
	size_t made = compose(worker, jobs, contents, count);
	bool up = send_off(worker, made, &why);
	for (size_t i = 0; i < made; i++)
		if (mail->parcels[i].outcome != OUTCOME_OUTAGE)
			worker_report(worker, mail->indexes[i], mail->parcels[i].outcome,
				      mail->parcels[i].detail);
	if (!up)
		worker_outage(worker, buf_text(&why));
	buf_free(&why);
}

static void mail_close(struct worker *worker)
{
	mail_free(worker_state(worker));
	worker_set_state(worker, NULL);
}

static void mail_files(struct guard *guard, const struct settings *settings)
{
	if (*settings->mail_tls_ca_file)
		guard_allow(guard, settings->mail_tls_ca_file, GUARD_READ);
}

const struct worker_channel mail_channel = {
	.channel = CHANNEL_MAIL,
	.program = "tenko-mail",
	.purpose = "Sends the mails of broadcasts to the relay over SMTP.",
	.batch = mail_batch,
	.open = mail_open,
	.deliver = mail_deliver,
	.close = mail_close,
	.files = mail_files,
};
