#include "dispatcher/scheduler/timekeeping.h"

#include "common/base/log.h"
#include "common/store/schedule.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Less is the clock being slewed, or our own delay between the two readings. */
enum { SET_MS = 2000 };

static const char name[] = "clock";

/* The monotonic clock begins anew with the machine: what was noted before that says nothing. */
static void read_boot(char *id, size_t room)
{
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t length = fd < 0 ? 0 : read(fd, id, room - 1);

	if (fd >= 0)
		close(fd);
	id[length > 0 ? length : 0] = '\0';
	id[strcspn(id, "\n ")] = '\0';
}

static enum store_status note(struct scheduler *s, const char *boot, int64_t offset)
{
	char text[80];

	snprintf(text, sizeof text, "%s %" PRId64, boot, offset);
	s->clock_noted = true;
	s->clock_offset = offset;
	return store_meta_set(s->store, name, text);
}

/* What an earlier scheduler, or we before a transaction failed, noted. */
static enum store_status recall(struct scheduler *s, const char *boot, int64_t offset)
{
	struct buf text = {0};
	size_t length = strlen(boot);
	enum store_status status = store_meta_get(s->store, name, &text);

	if (!status && strncmp(buf_text(&text), boot, length) == 0 && text.data[length] == ' ') {
		s->clock_noted = true;
		s->clock_offset = strtoll(text.data + length, NULL, 10);
	} else if (!status || status == STORE_NONE) {
		status = note(s, boot, offset);
	}
	buf_free(&text);
	return status;
}

/* The record says of which broadcasts the times do not follow each other. */
static enum store_status record(struct scheduler *s, int64_t by)
{
	char subject[40], detail[40];
	int64_t *ids = NULL;
	size_t count = 0;
	enum store_status status = broadcast_open_ids(s->store, &ids, &count);

	snprintf(detail, sizeof detail, "by_ms=%" PRId64, by);
	for (size_t i = 0; !status && i < count; i++) {
		snprintf(subject, sizeof subject, "broadcast=%" PRId64, ids[i]);
		status = store_audit(s->store, "scheduler", "clock.set", subject, detail);
	}
	free(ids);
	return status;
}

static enum store_status move_all(struct scheduler *s, int64_t by)
{
	enum store_status status = schedule_move(s->store, by);

	if (!status)
		status = record(s, by);
	for (size_t i = 0; !status && i < s->runs.count; i++)
		s->runs.list[i]->b->expires_at += by;
	return status;
}

enum store_status timekeeping_turn(struct scheduler *s)
{
	int64_t offset = s->now - s->monotonic;
	char boot[40];

	if (s->clock_noted && llabs(offset - s->clock_offset) <= SET_MS)
		return STORE_OK;
	read_boot(boot, sizeof boot);
	enum store_status status = s->clock_noted ? STORE_OK : recall(s, boot, offset);
	int64_t by = offset - s->clock_offset;
	if (status || llabs(by) <= SET_MS)
		return status;
	log_warning("clock.set", "by_ms=%" PRId64 " done=\"all that is to come moves with it\"", by);
	status = move_all(s, by);
	return status ? status : note(s, boot, offset);
}
