#include "dispatcher/cli/doctor/doctor.h"

#include "common/base/clock.h"
#include "common/queue/health.h"
#include "common/store/verify.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* What holds the data: the store, its records, and Redis. */

enum { MB = 1 << 20, OLDEST_REDIS = 602 };

/* NULL: a finding says why. */
static struct store *open_store(struct doctor *d)
{
	struct store *store = NULL;
	enum store_status status = store_open(d->settings->tenko_data_dir, false, &store);

	if (!status)
		return store;
	doctor_note(d, FINDING_FAULT,
		    status == STORE_MISSING ? "tenko init makes it; see tenko.data_dir"
		    : status == STORE_NEWER ? "run the newer version of Tenko"
		    : status == STORE_BUSY
			    ? "try again"
			    : "keep a copy of the data directory, then: tenko restore",
		    "%s", store_error(store));
	store_close(store);
	return NULL;
}

static void note_size(struct doctor *d, int schema)
{
	char *path = settings_path(d->settings, "tenko.db");
	struct stat about = {0};
	int known = stat(path, &about);

	doctor_note(d, FINDING_FINE, NULL, "%s: sound, %lld MB, schema %d", path,
		    known == 0 ? (long long)(about.st_size / MB) : 0LL, schema);
	free(path);
}

void doctor_store(struct doctor *d)
{
	struct store *store = open_store(d);
	struct buf report = {0};

	if (!store)
		return;
	enum store_status status = store_check_quickly(store, &report);
	if (!status)
		note_size(d, store_schema(store));
	else if (report.length)
		doctor_note(d, FINDING_FAULT,
			    "keep a copy of the data directory, then: tenko restore",
			    "the database is damaged: %.200s", buf_text(&report));
	else
		doctor_note(d, FINDING_FAULT, "try again; then see: tenko verify", "%s",
			    store_error(store));
	buf_free(&report);
	store_close(store);
}

static void count(const struct difference *difference, void *arg)
{
	int64_t *differences = arg;

	(void)difference;
	++*differences;
}

void doctor_records(struct doctor *d)
{
	struct verified verified;
	int64_t differences = 0;
	struct store *store = NULL;

	/* That it cannot be opened is said by the check of the store. */
	if (store_open(d->settings->tenko_data_dir, false, &store)) {
		doctor_note(d, FINDING_UNSET, NULL, "no store, so no records");
		store_close(store);
		return;
	}
	enum store_status status = verify_all(store, clock_utc(), d->settings->pacing_outage_after,
					      count, &differences, &verified);
	if (status)
		doctor_note(d, FINDING_FAULT, "see: tenko verify", "%s", store_error(store));
	else if (differences)
		doctor_note(d, FINDING_FAULT,
			    "tenko verify names each; keep a backup and report it",
			    "%" PRId64 " differences: it does not add up", differences);
	else
		doctor_note(d, FINDING_FINE, NULL,
			    "%" PRId64 " broadcasts, %" PRId64 " attempts, %" PRId64
			    " replies: everything adds up",
			    verified.broadcasts, verified.attempts, verified.replies);
	store_close(store);
}

/* Redis */

static int version_number(const char *version)
{
	char *end;
	long major = strtol(version, &end, 10);
	long minor = *end == '.' ? strtol(end + 1, NULL, 10) : 0;

	return (int)(major * 100 + minor);
}

static void judge_memory(struct doctor *d, const struct redis_health *h)
{
	static const char advice[] = "set maxmemory-policy noeviction in redis.conf";
	bool keeps = strcmp(h->policy, "noeviction") == 0;

	if (!keeps && h->memory_most)
		doctor_note(d, FINDING_FAULT, advice,
			    "it throws jobs away when its memory is full (%s, %lld MB)", h->policy,
			    (long long)(h->memory_most / MB));
	else if (!keeps && *h->policy)
		doctor_note(d, FINDING_WARNING, advice,
			    "it would throw jobs away if its memory were limited (%s)", h->policy);
	if (h->memory_most && h->memory > h->memory_most / 10 * 9)
		doctor_note(d, FINDING_FAULT, "raise maxmemory",
			    "its memory is nearly full: %lld of %lld MB",
			    (long long)(h->memory / MB), (long long)(h->memory_most / MB));
}

static void judge_disk(struct doctor *d, const struct redis_health *h)
{
	if (!h->aof)
		doctor_note(
			d, FINDING_WARNING,
			"set appendonly yes in redis.conf: without it each restart of Redis makes "
			"the queue anew, and what was in workers' hands may go out twice",
			"it keeps nothing on disk (appendonly no)");
	else if (!h->aof_sound)
		doctor_note(d, FINDING_FAULT, "look at its disk and its log",
			    "it cannot write its file to the disk");
}

/* Settings that do not say so expressly are refused as a whole. */
static void judge_access(struct doctor *d, const struct redis_health *h)
{
	if (h->tcp && !h->password)
		doctor_note(d, FINDING_WARNING,
			    "set requirepass or an ACL there, and redis.password here",
			    "spoken to over TCP without a password: whoever reaches it reads "
			    "addresses");
}

void doctor_redis(struct doctor *d)
{
	struct redis_health h;

	redis_health_read(d->settings, &h);
	judge_access(d, &h);
	if (!h.reached) {
		doctor_note(
			d, FINDING_FAULT,
			strcmp(d->settings->redis_mode, "embedded") == 0
				? "tenkod starts it: is tenkod running? See redis/redis.log in the data "
				  "directory"
				: "start it; see redis.address and redis.password. Answers are taken "
				  "meanwhile, nothing is sent",
			"%s", h.why);
		return;
	}
	if (!h.writable)
		doctor_note(
			d, FINDING_FAULT,
			"let the user of redis.password write keys below redis.prefix, and see its disk",
			"it does not let us write: %s", h.why);
	if (*h.version && version_number(h.version) < OLDEST_REDIS)
		doctor_note(d, FINDING_FAULT, "use Redis 6.2 or newer", "Redis %s is too old",
			    h.version);
	else if (h.writable)
		doctor_note(d, FINDING_FINE, NULL, "Redis %s answers, %lld MB in use", h.version,
			    (long long)(h.memory / MB));
	judge_disk(d, &h);
	judge_memory(d, &h);
}
