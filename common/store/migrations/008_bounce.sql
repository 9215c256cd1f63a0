-- Mail that comes back.

-- What a bounce said: a fact, read by the scheduler in order of id. Each kind once an attempt, so
-- that a bounce that is read twice changes nothing.
CREATE TABLE bounce (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	attempt_id INTEGER NOT NULL,
	kind INTEGER NOT NULL,			-- common/store/bounce.h
	status TEXT NOT NULL,			-- 5.1.1 (RFC 3463)
	detail TEXT NOT NULL DEFAULT '',	-- the other side's words, addresses masked
	at INTEGER NOT NULL,
	UNIQUE (attempt_id, kind)
);

-- How an attempt had ended before its mail came back; NULL: it did not.
ALTER TABLE attempt ADD COLUMN first_outcome INTEGER;
ALTER TABLE attempt ADD COLUMN first_detail TEXT;

-- Addresses whose mail came back for good; gone once the roster has another in their place.
CREATE TABLE bad_address (
	person_id INTEGER NOT NULL REFERENCES person(id) ON DELETE CASCADE,
	address TEXT NOT NULL,
	since INTEGER NOT NULL,			-- the first bounce
	status TEXT NOT NULL,			-- status, words and attempt of the newest
	detail TEXT NOT NULL DEFAULT '',
	attempt_id INTEGER NOT NULL,
	PRIMARY KEY (person_id, address)
) WITHOUT ROWID;
