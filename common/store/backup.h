#pragma once

/*
 * Backups: one file that holds the whole store as one moment saw it, and the key files without which
 * the links in messages that were sent would not work. It is a database like the store itself, with a
 * table more (backup_file) and the moment in `meta` (backup_at).
 *
 * The moment is held by a read transaction, so that those who write meanwhile neither wait nor make
 * the copy begin again; only the log of changes grows until the copy is done.
 */

#include "common/store/store.h"
#include <stddef.h>

/* Key files by their names in the data directory; names and contents are owned. */
struct backup_keys {
	struct backup_key {
		char *name;
		char *text;
		size_t length;
	} * list;
	size_t count;
};
void backup_keys_add(struct backup_keys *keys, const char *name, const void *text, size_t length);
void backup_keys_free(struct backup_keys *keys); /* contents are wiped */

/* "secret.key": small letters, digits, - and _ before ".key". What else a file says is no name. */
MUST_USE bool backup_key_name(const char *name);

/* Told now and then; false breaks off. */
typedef bool (*backup_progress)(int64_t done, int64_t of, void *arg);

/*
 * Copies the store into `file`, which must be there and empty, and checks the copy. On failure
 * `trouble` says what, where it is not the store's own; the file holds nothing of use then.
 * STORE_NONE: broken off. *at: the moment it shows.
 */
MUST_USE enum store_status backup_write(struct store *store, const char *file,
					const struct backup_keys *keys, backup_progress progress,
					void *arg, int64_t *at, struct buf *trouble);

struct backup_facts {
	int64_t at; /* the moment it shows, UTC milliseconds */
	int schema; /* its version */
	struct backup_keys keys;
};

/*
 * Makes DIR/tenko.db, which must not be there yet, from a backup; DIR can be opened by store_open()
 * then. Refuses what is no backup, and one of a newer version. Statuses as above; on success the
 * caller frees facts->keys.
 */
MUST_USE enum store_status backup_read(const char *file, const char *dir,
				       struct backup_facts *facts, backup_progress progress,
				       void *arg, struct buf *trouble);

/*
 * In an opened copy: makes it a store of its own. What was given out after the backup is not given
 * out again: ids of attempts go on from the microseconds since 1970, those of broadcasts, people and
 * devices from the seconds since 2026, neither of which is ever reached by counting; and the queue
 * takes it for another store (meta `epoch`). Appends to the ledger who did it.
 */
MUST_USE enum store_status backup_begin_anew(struct store *store, const char *who, int64_t at);

/*
 * Whether somebody has DIR/tenko.db open, which is brought into one file on the way (nothing is left
 * in its log). STORE_BUSY: somebody has. Else *whole says whether that could be done; a database that
 * is damaged, or none, is no failure.
 */
MUST_USE enum store_status backup_seize(const char *dir, bool *whole);
