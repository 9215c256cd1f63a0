#include "workers/push/push.h"

#include "common/auth/vapid.h"
#include "common/base/clock.h"
#include "common/base/crash.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "workers/push/sender.h"

#include <inttypes.h>
#include <stdlib.h>

/* The notifications of a batch, those of a job one behind the other. */
struct load {
	struct parcel *parcels;
	size_t count;
	struct push_devices *devices; /* by job */
	size_t jobs;
};

static int64_t push_batch(const struct settings *settings)
{
	return settings->push_batch;
}

/* The settings before a reload stay in use where the new ones cannot be used. */
static bool push_open(struct worker *worker, const struct settings *settings)
{
	struct buf fault = {0};
	struct sender *sender = sender_open(settings, &fault);

	if (sender) {
		sender_free(worker_state(worker));
		worker_set_state(worker, sender);
	} else {
		log_error("settings.fault", "fault=%s", log_quote(buf_text(&fault)));
	}
	if (sender && settings->push_allow_private)
		log_warning("push.private_allowed",
			    "hint=\"push.allow_private is for tests: phones can make us connect "
			    "to our own network\"");
	buf_free(&fault);
	return sender != NULL;
}

static void push_close(struct worker *worker)
{
	sender_free(worker_state(worker));
	worker_set_state(worker, NULL);
}

/* packing */

static void load_job(struct load *load, size_t i, const struct job *job,
		     const struct content *content, const struct settings *settings, int64_t now)
{
	const struct push_devices *devices = &load->devices[i];
	struct notification notification;

	load->parcels =
		mem_resize(load->parcels, load->count + devices->count, sizeof *load->parcels);
	notification_write(job, content, now, settings->push_ttl, &notification);
	for (size_t t = 0; t < devices->count; t++) {
		struct parcel *parcel = &load->parcels[load->count++];
		*parcel = (struct parcel){.job = i};
		sender_pack(&devices->list[t], &notification, now, parcel);
	}
	notification_free(&notification);
}

/* A job without a device to send to is reported at once. */
static void make_load(struct worker *worker, const struct job *jobs,
		      const struct content *const *contents, size_t count, int64_t now,
		      struct load *load)
{
	*load = (struct load){.devices = mem_array(count, sizeof *load->devices), .jobs = count};
	for (size_t i = 0; i < count; i++) {
		bool sound = push_devices_read(jobs[i].address, &load->devices[i]);
		if (load->devices[i].count > 0)
			load_job(load, i, &jobs[i], contents[i], worker_settings(worker), now);
		else
			worker_report(worker, i, OUTCOME_REFUSED,
				      sound ? "no device" : "the job's devices cannot be read");
	}
}

static void free_load(struct load *load)
{
	for (size_t i = 0; i < load->count; i++)
		parcel_free(&load->parcels[i]);
	for (size_t i = 0; i < load->jobs; i++)
		push_devices_free(&load->devices[i]);
	free(load->parcels);
	free(load->devices);
}

/* reporting */

/* The first of these that any device came to is what the job came to. */
static const enum outcome best[] = {OUTCOME_DELIVERED, OUTCOME_OUTAGE,    OUTCOME_TEMPORARY,
				    OUTCOME_UNKNOWN,   OUTCOME_NOT_TRIED, OUTCOME_REFUSED};

static enum outcome outcome_of(const struct parcel *parcels, size_t count)
{
	for (size_t b = 0; b < LENGTH(best); b++)
		for (size_t i = 0; i < count; i++)
			if (parcels[i].outcome == best[b])
				return best[b];
	return OUTCOME_OUTAGE;
}

/* The parcels of one job. */
static enum outcome report(struct worker *worker, const struct parcel *parcels, size_t count)
{
	enum outcome outcome = outcome_of(parcels, count);
	struct buf detail = {0}, gone = {0};

	for (size_t i = 0; i < count; i++) {
		buf_format(&detail, "%sdevice %" PRId64 ": %s", i ? ", " : "", parcels[i].device.id,
			   parcels[i].words);
		if (parcels[i].gone)
			buf_format(&gone, "%s%" PRId64, gone.length ? " " : "",
				   parcels[i].device.id);
	}
	if (gone.length)
		worker_report_gone(worker, parcels->job, buf_text(&gone));
	worker_report(worker, parcels->job, outcome, buf_text(&detail));
	buf_free(&detail);
	buf_free(&gone);
	return outcome;
}

/* The channel is down where nothing of a batch came to anything else. */
static void report_all(struct worker *worker, const struct load *load)
{
	const struct parcel *last_outage = NULL;
	bool worked = false;

	for (size_t i = 0, end; i < load->count; i = end) {
		for (end = i; end < load->count && load->parcels[end].job == load->parcels[i].job;)
			end++;
		if (report(worker, &load->parcels[i], end - i) == OUTCOME_OUTAGE)
			last_outage = &load->parcels[i];
		else
			worked = true;
	}
	if (last_outage && !worked)
		worker_outage(worker, last_outage->words);
}

static void push_deliver(struct worker *worker, const struct job *jobs,
			 const struct content *const *contents, size_t count)
{
	int64_t now = clock_utc();
	struct load load;

	make_load(worker, jobs, contents, count, now, &load);
	sender_send(worker_state(worker), worker_settings(worker), load.parcels, load.count, now,
		    worker_wanted, worker);
	crash_point(CRASH_PUSH_ACCEPTED);
	report_all(worker, &load);
	free_load(&load);
}

static void push_files(struct guard *guard, const struct settings *settings)
{
	char *vapid = vapid_file(settings);

	guard_allow(guard, vapid, GUARD_READ);
	if (*settings->push_fcm_service_account)
		guard_allow(guard, settings->push_fcm_service_account, GUARD_READ);
	if (*settings->push_tls_ca_file)
		guard_allow(guard, settings->push_tls_ca_file, GUARD_READ);
	free(vapid);
}

const struct worker_channel push_channel = {
	.channel = CHANNEL_PUSH,
	.program = "tenko-push",
	.purpose = "Sends notifications to phones, over Web Push and FCM.",
	.batch = push_batch,
	.open = push_open,
	.deliver = push_deliver,
	.close = push_close,
	.files = push_files,
};
