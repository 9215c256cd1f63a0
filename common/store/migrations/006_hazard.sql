-- Hazard feeds: telegrams as they came, what they said, and what was decided about it.

CREATE TABLE telegram (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	source INTEGER NOT NULL,		-- common/store/telegram.h
	key TEXT NOT NULL,			-- its URL or id, else the hash of its bytes
	format INTEGER NOT NULL DEFAULT 0,	-- common/hazard/event.h; 0 not known
	state INTEGER NOT NULL,			-- common/store/telegram.h
	reason TEXT NOT NULL DEFAULT '',	-- why it was passed over, refused, skipped
	drill INTEGER NOT NULL DEFAULT 0,	-- injected as a drill: the first telegram of it
	by TEXT NOT NULL DEFAULT '',		-- who injected it
	received_at INTEGER NOT NULL,
	bytes BLOB NOT NULL			-- as received
);
CREATE UNIQUE INDEX telegram_key ON telegram(source, key);
CREATE INDEX telegram_waiting ON telegram(id) WHERE state = 1;
CREATE INDEX telegram_received ON telegram(received_at);

-- What a telegram says, one row a report.
CREATE TABLE event (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	telegram_id INTEGER NOT NULL REFERENCES telegram(id),
	hazard INTEGER NOT NULL,
	status INTEGER NOT NULL,
	act INTEGER NOT NULL,
	title TEXT NOT NULL,
	keys TEXT NOT NULL,			-- JSON array of the event's ids
	sent_at INTEGER NOT NULL,
	occurred_at INTEGER NOT NULL,		-- 0 unknown
	event TEXT NOT NULL			-- the whole as JSON
);
CREATE INDEX event_telegram ON event(telegram_id);

-- Every decision there was, also those to send nothing.
CREATE TABLE decision (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	event_id INTEGER NOT NULL REFERENCES event(id),
	rule TEXT NOT NULL,			-- empty: no rule is for the event
	verdict INTEGER NOT NULL,
	reason TEXT NOT NULL,
	acted TEXT NOT NULL,			-- JSON [[region, what, level], ...]; levels up to 0 are marks
	at INTEGER NOT NULL,
	broadcast_id INTEGER,			-- that was asked for
	due_at INTEGER				-- held until then; NULL: not, or not any more
);
CREATE INDEX decision_event ON decision(event_id);
CREATE INDEX decision_at ON decision(at);
CREATE INDEX decision_due ON decision(due_at) WHERE due_at IS NOT NULL;
CREATE INDEX decision_broadcast ON decision(broadcast_id) WHERE broadcast_id IS NOT NULL;

-- How each address that is asked again and again does.
CREATE TABLE feed (
	url TEXT PRIMARY KEY,
	asked_at INTEGER NOT NULL,
	answered_at INTEGER,			-- the last sound answer; NULL: none yet
	fault TEXT NOT NULL DEFAULT ''		-- of the last answer; empty: it was sound
) WITHOUT ROWID;
