#include "common/store/verify.h"

#include "common/base/mem.h"
#include "common/store/states.h"
#include "common/store/stmt.h"

#include <stdio.h>
#include <stdlib.h>

struct verification {
	struct store *store;
	void (*see)(const struct difference *difference, void *arg);
	void *arg;
	struct verified *verified;
	int64_t now;
	int64_t down_since[CHANNEL_END]; /* first sign of an outage; INT64_MAX: none */
};

/*
 * Each finds rows that must not be: person, attempt, what is wrong. Bound are ?1 the broadcast,
 * ?2 now, and ?3 to ?5 since when an outage can have changed the order, by channel.
 */
#define READ_REPLIES  "ifnull((SELECT position FROM cursor WHERE name='reply'), 0)"
#define READ_CONTROLS "ifnull((SELECT position FROM cursor WHERE name='control'), 0)"
#define NEWEST_READ                                                      \
	"(SELECT max(id) FROM reply WHERE broadcast_id = d.broadcast_id" \
	" AND person_id = d.person_id AND id <= " READ_REPLIES ")"
#define OF_BROADCAST " a.delivery_id >= ?1 << 32 AND a.delivery_id < (?1 + 1) << 32"
#define RETRIES                                                                  \
	" CASE a.channel WHEN 1 THEN b.mail_retries WHEN 2 THEN b.voice_retries" \
	" ELSE b.push_retries END"
#define REMINDERS                                                                                     \
	"(SELECT count(*) FROM control WHERE broadcast_id = ?1 AND verb = 4 AND id <= " READ_CONTROLS \
	")"
/* Where the clock was set meanwhile, times say nothing of what came first. */
#define CLOCK_RAN \
	" ?1 NOT IN (SELECT CAST(substr(subject, 11) AS INTEGER) FROM audit WHERE action = 'clock.set')"
/* Attempts that count: an outage and what was taken back do not. */
#define COUNTS " (a.outcome IS NULL OR a.outcome NOT IN (9, 10))"

static const struct check {
	const char *name, *sql;
} checks[] = {
	{"people",
	 "SELECT 0, 0, printf('targeted %d, deliveries %d, numbered %d', b.targeted, n, b.next_ordinal)"
	 " FROM broadcast b, (SELECT count(*) AS n FROM delivery WHERE broadcast_id = ?1)"
	 " WHERE b.id = ?1 AND (n <> b.next_ordinal OR (b.fanout_person IS NULL AND n <> b.targeted))"},
	{"state", "SELECT person_id, ifnull(attempt_id, 0), printf('state %d is none', state)"
		  " FROM delivery WHERE broadcast_id = ?1 AND state NOT BETWEEN 1 AND 5"},
	{"left",
	 "SELECT d.person_id, 0, 'the broadcast is over, the person is not accounted for'"
	 " FROM broadcast b JOIN delivery d ON d.broadcast_id = b.id"
	 " WHERE b.id = ?1 AND b.state IN (5, 6) AND b.sweep = 0 AND b.fanout_person IS NULL"
	 " AND d.state IN (1, 2)"},
	{"in_flight",
	 "SELECT d.person_id, ifnull(d.attempt_id, 0), 'in flight, but its attempt is not open'"
	 " FROM delivery d LEFT JOIN attempt a ON a.id = d.attempt_id"
	 " AND a.delivery_id = d.id AND a.outcome IS NULL"
	 " WHERE d.broadcast_id = ?1 AND d.state = 2 AND a.id IS NULL"},
	{"open",
	 "SELECT d.person_id, max(a.id), printf('%d attempts are open at once', count(*))"
	 " FROM attempt a JOIN delivery d ON d.id = a.delivery_id"
	 " WHERE a.outcome IS NULL AND" OF_BROADCAST " GROUP BY a.delivery_id HAVING count(*) > 1"},
	{"open", "SELECT d.person_id, a.id, printf('open, but the delivery is %s',"
		 " iif(d.state = 1, 'waiting', 'exhausted'))"
		 " FROM attempt a JOIN delivery d ON d.id = a.delivery_id"
		 " JOIN broadcast b ON b.id = d.broadcast_id"
		 " WHERE a.outcome IS NULL AND" OF_BROADCAST
		 " AND (d.state = 1 OR (d.state = 4 AND b.expires_at > ?2))"},
	{"rider", "SELECT d.person_id, a.id, printf('rides on call %d, which has ended',"
		  " a.call_attempt_id) FROM attempt a JOIN delivery d ON d.id = a.delivery_id"
		  " LEFT JOIN attempt l ON l.id = a.call_attempt_id AND l.outcome IS NULL"
		  " WHERE a.outcome IS NULL AND a.call_attempt_id IS NOT NULL AND l.id IS NULL"
		  " AND" OF_BROADCAST},
	{"bounce",
	 "SELECT d.person_id, a.id, 'counts as come back, but no bounce says so'"
	 " FROM attempt a JOIN delivery d ON d.id = a.delivery_id"
	 " WHERE a.first_outcome IS NOT NULL AND" OF_BROADCAST " AND NOT EXISTS"
	 " (SELECT 1 FROM bounce WHERE attempt_id = a.id AND kind = iif(a.outcome = 6, 1, 2))"},
	{"orphan",
	 "SELECT 0, a.id, 'its delivery is not there' FROM attempt a"
	 " LEFT JOIN delivery d ON d.id = a.delivery_id WHERE" OF_BROADCAST " AND d.id IS NULL"},
	{"answer",
	 "SELECT d.person_id, 0, 'answered, but there is no such reply'"
	 " FROM delivery d LEFT JOIN reply r ON r.id = d.reply_id"
	 " AND r.broadcast_id = d.broadcast_id AND r.person_id = d.person_id AND r.choice = d.choice"
	 " WHERE d.broadcast_id = ?1 AND d.state = 3 AND r.id IS NULL"},
	{"answer",
	 "SELECT d.person_id, 0, printf('reply %d counts, but %d is newer', d.reply_id, " NEWEST_READ
	 ")"
	 " FROM delivery d WHERE d.broadcast_id = ?1 AND d.state = 3"
	 " AND d.reply_id < " NEWEST_READ},
	{"answer",
	 "SELECT d.person_id, 0, printf('reply %d was read, but the person is not answered', " NEWEST_READ
	 ") FROM delivery d WHERE d.broadcast_id = ?1 AND d.state <> 3"
	 " AND " NEWEST_READ " IS NOT NULL"},
	{"retries",
	 "SELECT d.person_id, max(a.id), printf('order %d, address %d: %d attempts in a round',"
	 " a.dial_order, a.address_position, count(*))"
	 " FROM attempt a JOIN delivery d ON d.id = a.delivery_id"
	 " JOIN broadcast b ON b.id = d.broadcast_id WHERE" OF_BROADCAST " AND" COUNTS
	 " GROUP BY a.delivery_id, a.round, a.dial_order, a.address_position"
	 " HAVING count(*) > (" RETRIES " + 1 + b.temporary_retries) * (1 + " REMINDERS ")"},
	{"repeated",
	 "SELECT d.person_id, max(a.id), printf('order %d, address %d: try %d was made %d times',"
	 " a.dial_order, a.address_position, a.try, count(*))"
	 " FROM attempt a JOIN delivery d ON d.id = a.delivery_id WHERE" OF_BROADCAST " AND" COUNTS
	 " GROUP BY a.delivery_id, a.round, a.dial_order, a.address_position, a.try"
	 " HAVING count(*) > 1 + " REMINDERS},
	/* What an outage skipped, and what was refused for now, comes later than its turn. */
	{"order",
	 "SELECT d.person_id, a.id, printf('order %d after order %d', a.dial_order, a.before)"
	 " FROM (SELECT *, max(dial_order) OVER (PARTITION BY delivery_id, round ORDER BY id"
	 " ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before FROM attempt a WHERE" OF_BROADCAST
	 ") a JOIN delivery d ON d.id = a.delivery_id"
	 " JOIN broadcast b ON b.id = d.broadcast_id"
	 " WHERE a.dial_order < a.before AND a.try <= " RETRIES " + 1"
	 " AND a.created_at < CASE a.channel WHEN 1 THEN ?3 WHEN 2 THEN ?4 ELSE ?5 END"
	 " AND" CLOCK_RAN
	 " AND " REMINDERS " = 0"},
	/* Replies are read some time after they were given; ten seconds is ample. */
	{"after_answer",
	 "SELECT d.person_id, a.id, 'made after the person had answered'"
	 " FROM attempt a JOIN delivery d ON d.id = a.delivery_id WHERE" OF_BROADCAST
	 " AND" CLOCK_RAN " AND a.created_at > 10000 + (SELECT min(at) FROM reply WHERE broadcast_id = d.broadcast_id"
	 " AND person_id = d.person_id AND id <= " READ_REPLIES ")"},
	{"untried",
	 "SELECT d.person_id, 0, printf('exhausted with %d of %d addresses tried', tried, addresses)"
	 " FROM (SELECT d.*, (d.plan >> 8 & 3) + (d.plan >> 18 & 3) + (d.plan >> 28 & 3)"
	 " + (d.plan >> 38 & 3) + (d.plan >> 48 & 3) AS addresses,"
	 " (SELECT count(DISTINCT a.dial_order * 4 + a.address_position) FROM attempt a"
	 " WHERE a.delivery_id = d.id AND" COUNTS ") AS tried"
	 " FROM delivery d WHERE d.broadcast_id = ?1 AND d.state = 4) d"
	 " JOIN broadcast b ON b.id = d.broadcast_id"
	 " WHERE tried < addresses AND b.expires_at > ?2"},
};

static void report(struct verification *v, const struct difference *difference)
{
	v->verified->differences++;
	v->see(difference, v->arg);
}

static enum store_status run_check(struct verification *v, const struct check *check,
				   int64_t broadcast)
{
	sqlite3_stmt *s =
		stmt(v->store, check->sql, "iiiii", broadcast, v->now, v->down_since[CHANNEL_MAIL],
		     v->down_since[CHANNEL_VOICE], v->down_since[CHANNEL_PUSH]);
	enum store_status status;

	while ((status = stmt_row(v->store, s)) == STORE_OK)
		report(v, &(struct difference){
				  .check = check->name,
				  .broadcast = broadcast,
				  .person = sqlite3_column_int64(s, 0),
				  .attempt = sqlite3_column_int64(s, 1),
				  .detail = stmt_text(s, 2),
			  });
	stmt_end(s);
	return status == STORE_NONE ? STORE_OK : status;
}

/* counters: what is counted, and the rows counted again */

static void name_state(sqlite3_stmt *s, char *name, size_t room)
{
	snprintf(name, room, "%s",
		 delivery_state_name((enum delivery_state)sqlite3_column_int(s, 0)));
}

static void name_attempt(sqlite3_stmt *s, char *name, size_t room)
{
	int key = sqlite3_column_int(s, 0);

	snprintf(name, room, "%s %s", channel_name((enum channel)(key / 256)),
		 outcome_name((enum outcome)(key % 256)));
}

static void name_answer(sqlite3_stmt *s, char *name, size_t room)
{
	snprintf(name, room, "%s", stmt_text(s, 0));
}

#define COMPARE(what, rows)                                                                     \
	"SELECT k, sum(n), sum(kept) FROM (" rows                                               \
	" UNION ALL SELECT key, 0, n FROM tally WHERE broadcast_id = ?1 AND what = '" what "')" \
	" GROUP BY k HAVING sum(n) <> sum(kept)"

static const struct count {
	const char *of, *sql;
	void (*name)(sqlite3_stmt *s, char *name, size_t room);
} counts[] = {
	{"people",
	 COMPARE("state", "SELECT state AS k, count(*) AS n, 0 AS kept FROM delivery"
			  " WHERE broadcast_id = ?1 GROUP BY state"),
	 name_state},
	{"attempts",
	 COMPARE("attempt", "SELECT a.channel * 256 + a.outcome AS k, count(*) AS n,"
			    " 0 AS kept FROM attempt a WHERE a.outcome IS NOT NULL"
			    " AND" OF_BROADCAST " GROUP BY k"),
	 name_attempt},
	{"answers",
	 COMPARE("answer", "SELECT choice AS k, count(*) AS n, 0 AS kept FROM delivery"
			   " WHERE broadcast_id = ?1 AND state = 3 GROUP BY choice"),
	 name_answer},
};

static enum store_status compare_counts(struct verification *v, const struct count *count,
					int64_t broadcast)
{
	sqlite3_stmt *s = stmt(v->store, count->sql, "i", broadcast);
	enum store_status status;
	char name[64], detail[160];

	while ((status = stmt_row(v->store, s)) == STORE_OK) {
		count->name(s, name, sizeof name);
		snprintf(detail, sizeof detail, "%s %s: %lld, but the counter says %lld", count->of,
			 name, (long long)sqlite3_column_int64(s, 1),
			 (long long)sqlite3_column_int64(s, 2));
		report(v, &(struct difference){
				  .check = "tally", .broadcast = broadcast, .detail = detail});
	}
	stmt_end(s);
	return status == STORE_NONE ? STORE_OK : status;
}

/* The counters over everything, from all attempts by how they ended first. */
static enum store_status compare_totals(struct verification *v)
{
	sqlite3_stmt *s =
		stmt(v->store,
		     "SELECT k, sum(n), sum(kept) FROM ("
		     "SELECT channel * 256 + ifnull(first_outcome, outcome) AS k, count(*) AS n,"
		     " 0 AS kept FROM attempt WHERE outcome IS NOT NULL GROUP BY k"
		     " UNION ALL SELECT key, 0, n FROM total WHERE what = 1)"
		     " GROUP BY k HAVING sum(n) <> sum(kept)",
		     "");
	enum store_status status;
	char name[64], detail[160];

	while ((status = stmt_row(v->store, s)) == STORE_OK) {
		name_attempt(s, name, sizeof name);
		snprintf(detail, sizeof detail,
			 "attempts of all broadcasts, %s: %lld, but the counter says %lld", name,
			 (long long)sqlite3_column_int64(s, 1),
			 (long long)sqlite3_column_int64(s, 2));
		report(v, &(struct difference){.check = "total", .detail = detail});
	}
	stmt_end(s);
	return status == STORE_NONE ? STORE_OK : status;
}

/* all of it */

/*
 * From when on a channel may have been passed over: an attempt that met an outage, was taken
 * back, or stayed without a word for as long as makes a channel count as down (which a call that
 * was placed does not).
 */
static enum store_status find_outages(struct verification *v, int64_t silence)
{
	sqlite3_stmt *s =
		stmt(v->store,
		     "SELECT channel, min(created_at) FROM attempt"
		     " WHERE outcome IN (9, 10) OR (ifnull(finished_at, ?) - created_at >= ?"
		     " AND reference IS NULL AND call_attempt_id IS NULL)"
		     " GROUP BY channel",
		     "ii", v->now, silence);
	enum store_status status;

	for (int channel = 0; channel < CHANNEL_END; channel++)
		v->down_since[channel] = INT64_MAX;
	while ((status = stmt_row(v->store, s)) == STORE_OK) {
		int channel = sqlite3_column_int(s, 0);
		if (channel > CHANNEL_NONE && channel < CHANNEL_END)
			v->down_since[channel] = sqlite3_column_int64(s, 1);
	}
	stmt_end(s);
	return status == STORE_NONE ? STORE_OK : status;
}

static enum store_status verify_broadcast(struct verification *v, int64_t broadcast)
{
	enum store_status status = STORE_OK;

	for (size_t i = 0; !status && i < LENGTH(checks); i++)
		status = run_check(v, &checks[i], broadcast);
	for (size_t i = 0; !status && i < LENGTH(counts); i++)
		status = compare_counts(v, &counts[i], broadcast);
	v->verified->broadcasts++;
	return status;
}

static enum store_status verify_broadcasts(struct verification *v)
{
	sqlite3_stmt *s = stmt(v->store, "SELECT id FROM broadcast ORDER BY id", "");
	enum store_status status, verified = STORE_OK;

	while (!verified && (status = stmt_row(v->store, s)) == STORE_OK)
		verified = verify_broadcast(v, sqlite3_column_int64(s, 0));
	stmt_end(s);
	if (verified)
		return verified;
	return status == STORE_NONE ? STORE_OK : status;
}

static enum store_status count_rows(struct store *store, struct verified *verified)
{
	sqlite3_stmt *s =
		stmt(store,
		     "SELECT (SELECT count(*) FROM delivery WHERE person_id > 0), (SELECT count(*) FROM attempt),"
		     " (SELECT count(*) FROM reply),"
		     " (SELECT count(*) FROM reply WHERE id > " READ_REPLIES "),"
		     " (SELECT count(*) FROM delivery WHERE person_id < 0)",
		     "");
	enum store_status status = stmt_row(store, s);

	if (!status) {
		verified->people = sqlite3_column_int64(s, 0);
		verified->attempts = sqlite3_column_int64(s, 1);
		verified->replies = sqlite3_column_int64(s, 2);
		verified->unread = sqlite3_column_int64(s, 3);
		verified->family = sqlite3_column_int64(s, 4);
	}
	stmt_end(s);
	return status;
}

static enum store_status verify_structure(struct verification *v)
{
	struct buf found = {0};
	enum store_status status = store_check(v->store, &found);

	if (found.length) {
		report(v, &(struct difference){.check = "integrity", .detail = buf_text(&found)});
		status = STORE_OK;
	}
	buf_free(&found);
	return status;
}

enum store_status verify_all(struct store *store, int64_t now, int64_t silence,
			     void (*see)(const struct difference *difference, void *arg), void *arg,
			     struct verified *verified)
{
	struct verification v = {
		.store = store, .see = see, .arg = arg, .verified = verified, .now = now};
	enum store_status status = stmt_run(store, stmt(store, "BEGIN", ""));

	*verified = (struct verified){0};
	if (status)
		return status;
	status = verify_structure(&v);
	if (!status)
		status = count_rows(store, verified);
	if (!status)
		status = find_outages(&v, silence);
	if (!status)
		status = verify_broadcasts(&v);
	if (!status && verified->differences == 0) /* else it is these that they tell of */
		status = compare_totals(&v);
	store_rollback(store);
	return status;
}
