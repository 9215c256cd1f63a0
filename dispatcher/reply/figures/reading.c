#include "dispatcher/reply/figures/reading.h"

#include "common/base/clock.h"
#include "common/base/mem.h"
#include "common/store/broadcast.h"
#include "common/store/decision.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

/* broadcasts */

static int64_t unaccounted(const struct figures *f)
{
	int64_t sum = 0;

	for (int state = 1; state < DELIVERY_STATE_END; state++)
		sum += f->people[state];
	return f->fanned_out ? llabs(f->targeted - sum) : 0;
}

static enum store_status read_broadcasts(struct reading *r)
{
	struct store *store = r->server->store;
	int64_t ids[READING_BROADCASTS];
	size_t count;
	enum store_status status = broadcast_shown(store, ids, READING_BROADCASTS, &count);

	for (size_t i = 0; i < count && !status; i++) {
		struct figures *figures = NULL;
		status = figures_load(store, ids[i], r->now, &figures);
		if (status)
			break;
		r->broadcasts[r->broadcast_count++] = figures;
		r->unaccounted += unaccounted(figures);
	}
	return status;
}

/* feeds */

static bool is_among(const char *urls, const char *url)
{
	size_t length = strlen(url);

	for (const char *at = urls; (at = strstr(at, url)); at += length)
		if ((at == urls || strchr(" \t\n", at[-1])) && strchr(" \t\n", at[length]))
			return true;
	return false;
}

/* Of those that are asked again and again: long feeds are asked after a start only. */
static bool is_asked(const struct settings *s, const char *url)
{
	return s->feed_enabled &&
	       (is_among(s->feed_atom_urls, url) || is_among(s->feed_p2pquake_url, url) ||
		is_among(s->feed_cap_urls, url));
}

/* Without user, password and query; two that look the same then are told apart by number. */
static char *shown_url(const struct reading *r, const char *url)
{
	const char *place = strstr(url, "://");
	size_t scheme = place ? (size_t)(place - url) + 3 : 0;
	size_t host = scheme + strcspn(url + scheme, "/?#");
	const char *at = memrchr(url + scheme, '@', host - scheme);
	const char *rest = at ? at + 1 : url + scheme;
	char *shown = mem_format("%.*s%.*s", (int)scheme, url, (int)strcspn(rest, "?#"), rest);

	for (size_t i = 0; i < r->feed_count; i++) {
		if (strcmp(r->feeds[i].shown, shown) != 0)
			continue;
		char *other = mem_format("%s#%zu", shown, r->feed_count + 1);
		free(shown);
		return other;
	}
	return shown;
}

static void take_feed(const struct feed_state *feed, void *arg)
{
	struct reading *r = arg;

	if (r->feed_count == READING_FEEDS || !is_asked(r->server->settings, feed->url))
		return;
	r->feeds[r->feed_count] = (struct feed_reading){
		.shown = shown_url(r, feed->url),
		.answered_at = feed->answered_at,
		.sound = !*feed->fault,
	};
	r->feed_count++;
}

/* boards */

/* What another program wrote: numbers within their ranges, texts that end. */
static void read_queue_board(struct reading *r)
{
	char *path = settings_path(r->server->settings, POSTED_QUEUE);

	r->queue_state =
		board_read(path, POSTED_QUEUE_VERSION, &r->queue, sizeof r->queue, &r->queue_age);
	if (r->queue.worker_count < 0 || r->queue.worker_count > POSTED_WORKERS)
		r->queue.worker_count = 0;
	for (int64_t i = 0; i < r->queue.worker_count; i++)
		r->queue.workers[i].name[sizeof r->queue.workers[i].name - 1] = '\0';
	free(path);
}

static void read_children_board(struct reading *r)
{
	char *path = settings_path(r->server->settings, POSTED_CHILDREN);

	r->children_state = board_read(path, POSTED_CHILDREN_VERSION, &r->children,
				       sizeof r->children, &r->children_age);
	if (r->children.count < 0 || r->children.count > POSTED_CHILDREN_MOST)
		r->children.count = 0;
	for (int64_t i = 0; i < r->children.count; i++)
		r->children.list[i].name[sizeof r->children.list[i].name - 1] = '\0';
	free(path);
}

bool reading_has_queue(const struct reading *r)
{
	return r->queue_state == BOARD_FRESH && r->queue.connected;
}

int64_t reading_oldest(const struct reading *r, const struct posted_stream *stream)
{
	if (!stream->oldest_at)
		return -1;
	return r->now > stream->oldest_at ? r->now - stream->oldest_at : 0;
}

bool reading_worker_is_up(const struct reading *r, const struct posted_worker *worker)
{
	int64_t silent = worker->idle + r->queue_age;

	return silent < WORKER_SILENT_MS ||
	       (worker->pending > 0 && silent < r->server->settings->redis_claim_timeout);
}

/* files */

/* By name: whoever opens the store's files beside SQLite lets go of its locks on closing them. */
static int64_t size_of(const struct settings *s, const char *name)
{
	char *path = settings_path(s, name);
	struct stat about;
	int64_t size = stat(path, &about) == 0 ? (int64_t)about.st_size : -1;

	free(path);
	return size;
}

static void read_files(struct reading *r)
{
	const struct settings *s = r->server->settings;
	struct statvfs about;

	r->database_bytes = size_of(s, "tenko.db");
	r->wal_bytes = size_of(s, "tenko.db-wal");
	r->free_bytes = statvfs(s->tenko_data_dir, &about) == 0
				? (int64_t)(about.f_bavail * about.f_frsize)
				: -1;
}

enum store_status reading_take(const struct server *server, struct reading **reading)
{
	struct reading *r = mem_alloc(sizeof *r);

	*reading = r;
	r->server = server;
	r->now = clock_utc();
	read_queue_board(r);
	read_children_board(r);
	read_files(r);
	enum store_status status = read_broadcasts(r);
	if (!status)
		status = totals_load(server->store, &r->totals);
	if (!status)
		status = feed_each(server->store, take_feed, r);
	return status;
}

void reading_free(struct reading *r)
{
	for (size_t i = 0; i < r->broadcast_count; i++)
		figures_free(r->broadcasts[i]);
	for (size_t i = 0; i < r->feed_count; i++)
		free(r->feeds[i].shown);
	free(r);
}
