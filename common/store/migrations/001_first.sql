-- Moments are UTC milliseconds. Numbered words (channel, outcome, state, kind, way) are those of
-- common/base/vocabulary.h and common/store/states.h.

CREATE TABLE meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID;

-- Roster ------------------------------------------------------------------------------------

CREATE TABLE work_pattern (
	id INTEGER PRIMARY KEY,
	code TEXT NOT NULL UNIQUE,
	name TEXT NOT NULL,
	breaks TEXT NOT NULL DEFAULT '',	-- HH:mm-HH:mm;...
	work_minutes INTEGER NOT NULL,
	morning_minutes INTEGER,
	auto_end TEXT NOT NULL DEFAULT '',	-- H:mm
	deleted INTEGER NOT NULL DEFAULT 0
);

CREATE TABLE department (
	id INTEGER PRIMARY KEY,
	code TEXT NOT NULL UNIQUE,
	name TEXT NOT NULL,
	approvers TEXT NOT NULL,		-- person codes, by semicolon
	upper_approvers TEXT NOT NULL DEFAULT '',
	parent_id INTEGER REFERENCES department(id),
	deleted INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX department_parent ON department(parent_id);

CREATE TABLE person (
	id INTEGER PRIMARY KEY AUTOINCREMENT,	-- stands in reply tokens: never used again
	code TEXT NOT NULL UNIQUE,
	employee_number TEXT NOT NULL,
	name TEXT NOT NULL,
	kana TEXT NOT NULL DEFAULT '',
	department_id INTEGER NOT NULL REFERENCES department(id),
	work_pattern_id INTEGER REFERENCES work_pattern(id),
	email TEXT NOT NULL,			-- account mail; the dialled ones are contacts
	admin INTEGER NOT NULL DEFAULT 0,
	-- The divisions of the user file in its order, columns 8, 9 and 11 to 19, as written there,
	-- by comma: kept for the round trip, none of them drives anything here.
	divisions TEXT NOT NULL DEFAULT '',
	state INTEGER NOT NULL DEFAULT 0,	-- 0 active, 1 no login, 2 deleted
	reissue_asked_at INTEGER,		-- password to be issued again (update code 5)
	language INTEGER NOT NULL DEFAULT 0,	-- 0 ja, 1 en
	work_region TEXT NOT NULL DEFAULT '',	-- JMA region (3 digits) or prefecture (2)
	home_region TEXT NOT NULL DEFAULT '',
	second_region TEXT NOT NULL DEFAULT '',
	plan INTEGER NOT NULL DEFAULT 0		-- packed dial order, see common/base/plan.h
);
CREATE INDEX person_department ON person(department_id);

-- One row an address. dial_order NULL: kept but not dialled; spare addresses never are.
CREATE TABLE contact (
	person_id INTEGER NOT NULL REFERENCES person(id) ON DELETE CASCADE,
	spare INTEGER NOT NULL DEFAULT 0,
	channel INTEGER NOT NULL,
	position INTEGER NOT NULL,		-- 1..3
	dial_order INTEGER,			-- 1..4
	address TEXT NOT NULL,
	PRIMARY KEY (person_id, spare, channel, position)
) WITHOUT ROWID;

-- Broadcasts --------------------------------------------------------------------------------

CREATE TABLE broadcast (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	title TEXT NOT NULL,
	title_en TEXT NOT NULL DEFAULT '',	-- empty: the title
	body TEXT NOT NULL,
	body_en TEXT NOT NULL DEFAULT '',	-- empty: the body
	kind INTEGER NOT NULL,
	state INTEGER NOT NULL,
	lane INTEGER NOT NULL,			-- 0 urgent, 1 routine
	targets TEXT NOT NULL,			-- the words given, by blank
	channels INTEGER NOT NULL,		-- set of 1 << channel
	mail_retries INTEGER NOT NULL,
	voice_retries INTEGER NOT NULL,
	push_retries INTEGER NOT NULL,
	temporary_retries INTEGER NOT NULL,
	retry_interval INTEGER NOT NULL,
	final_wait INTEGER NOT NULL,
	rounds INTEGER NOT NULL,
	round_interval INTEGER NOT NULL,
	targeted INTEGER NOT NULL,		-- people counted when it was asked for
	requested_at INTEGER NOT NULL,
	requested_by TEXT NOT NULL,
	expires_at INTEGER NOT NULL,		-- links end, chains end
	fanout_person INTEGER,			-- people up to this id have their delivery; NULL: all
	next_ordinal INTEGER NOT NULL DEFAULT 0,
	sweep INTEGER NOT NULL DEFAULT 0,	-- a change to all deliveries under way, and how far
	sweep_ordinal INTEGER NOT NULL DEFAULT 0,
	started_at INTEGER,
	finished_at INTEGER
);
CREATE INDEX broadcast_open ON broadcast(state) WHERE state < 5;

-- Whom it is for, the words resolved: kind as in common/store/broadcast.h.
CREATE TABLE target (
	broadcast_id INTEGER NOT NULL,
	kind INTEGER NOT NULL,
	value NOT NULL,				-- department, person or broadcast id; region code
	PRIMARY KEY (broadcast_id, kind, value)
) WITHOUT ROWID;

CREATE TABLE question (
	broadcast_id INTEGER PRIMARY KEY REFERENCES broadcast(id),
	choices TEXT NOT NULL,			-- JSON [{"key","ja","en"}]
	items TEXT NOT NULL			-- JSON [{"ja","en"}]
);

-- What was asked of a running broadcast: a fact, read by the scheduler in order of id.
CREATE TABLE control (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	broadcast_id INTEGER NOT NULL REFERENCES broadcast(id),
	verb INTEGER NOT NULL,			-- common/store/states.h
	at INTEGER NOT NULL,
	by TEXT NOT NULL
);

-- One per broadcast and person. id = broadcast_id << 32 | ordinal, ordinals from 0.
CREATE TABLE delivery (
	id INTEGER PRIMARY KEY,
	broadcast_id INTEGER NOT NULL,
	person_id INTEGER NOT NULL,
	state INTEGER NOT NULL,
	plan INTEGER NOT NULL,			-- the person's at fan-out
	-- where the chain stands: dispatcher/scheduler/escalation.h
	phase INTEGER NOT NULL,
	round INTEGER NOT NULL,
	step INTEGER NOT NULL,
	pass INTEGER NOT NULL,
	address INTEGER NOT NULL,
	marks INTEGER NOT NULL,			-- refused and soft addresses
	owed INTEGER NOT NULL,			-- steps that an outage skipped
	soft_passes INTEGER NOT NULL,
	queue INTEGER NOT NULL,			-- what it waits for: channel, lane, owed
	due_at INTEGER NOT NULL,
	attempt_id INTEGER,			-- in flight: the attempt
	reply_id INTEGER,			-- answered: the newest reply
	choice TEXT
);
CREATE UNIQUE INDEX delivery_person ON delivery(broadcast_id, person_id);
CREATE INDEX delivery_due ON delivery(queue, due_at, id) WHERE state = 1;

-- One per try. Ids only grow and are never used again: they are the queue's entry ids.
CREATE TABLE attempt (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	delivery_id INTEGER NOT NULL,
	channel INTEGER NOT NULL,
	lane INTEGER NOT NULL,
	dial_order INTEGER NOT NULL,
	position INTEGER NOT NULL,		-- of the contact within its channel
	address_position INTEGER NOT NULL,	-- 1..3 within the contact
	round INTEGER NOT NULL,
	try INTEGER NOT NULL,			-- 1.. within the step
	address TEXT NOT NULL,
	outcome INTEGER,			-- NULL: handed over, no result yet
	detail TEXT,
	created_at INTEGER NOT NULL,
	finished_at INTEGER
);
CREATE INDEX attempt_delivery ON attempt(delivery_id);
CREATE INDEX attempt_open ON attempt(channel, lane, id) WHERE outcome IS NULL;

-- Every reply, the newest counts. A fact, read by the scheduler in order of id.
CREATE TABLE reply (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	broadcast_id INTEGER NOT NULL,
	person_id INTEGER NOT NULL,
	choice TEXT NOT NULL,
	items TEXT NOT NULL DEFAULT '[]',	-- JSON array of texts
	comment TEXT NOT NULL DEFAULT '',
	way INTEGER NOT NULL,
	by TEXT NOT NULL DEFAULT '',		-- who entered it, where not the person
	at INTEGER NOT NULL
);
CREATE INDEX reply_person ON reply(broadcast_id, person_id, id);

-- The scheduler's own bookkeeping -----------------------------------------------------------

-- How far each kind of fact was read; moved in the transaction that acts on it.
CREATE TABLE cursor (name TEXT PRIMARY KEY, position INTEGER NOT NULL) WITHOUT ROWID;

-- The largest attempt id that the queue is known to have held, per stream.
CREATE TABLE handover (
	channel INTEGER NOT NULL,
	lane INTEGER NOT NULL,
	attempt_id INTEGER NOT NULL,
	PRIMARY KEY (channel, lane)
) WITHOUT ROWID;

-- Counters kept in the transaction that changes what they count. what: 'state' by delivery
-- state, 'attempt' by channel * 256 + outcome, 'answer' by choice.
CREATE TABLE tally (
	broadcast_id INTEGER NOT NULL,
	what TEXT NOT NULL,
	key NOT NULL,
	n INTEGER NOT NULL,
	PRIMARY KEY (broadcast_id, what, key)
) WITHOUT ROWID;

-- Channels that are down as a whole; a row is gone once the channel works again.
CREATE TABLE channel_down (
	channel INTEGER PRIMARY KEY,
	since INTEGER NOT NULL,
	reason TEXT NOT NULL
);

-- Attempts ended and answers taken per ten seconds: rate and curve.
CREATE TABLE progress (
	broadcast_id INTEGER NOT NULL,
	slot INTEGER NOT NULL,			-- UTC milliseconds / 10000
	attempts INTEGER NOT NULL DEFAULT 0,
	answers INTEGER NOT NULL DEFAULT 0,
	PRIMARY KEY (broadcast_id, slot)
) WITHOUT ROWID;

CREATE TABLE audit (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	at INTEGER NOT NULL,
	who TEXT NOT NULL,
	action TEXT NOT NULL,			-- dotted, object first: broadcast.requested
	subject TEXT NOT NULL,			-- "broadcast=1", "person=U01"
	detail TEXT NOT NULL DEFAULT ''
);
