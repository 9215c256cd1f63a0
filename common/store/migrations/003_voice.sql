-- Telephone calls.

-- For calling in.
ALTER TABLE person ADD COLUMN voice_id TEXT;		-- digits
ALTER TABLE person ADD COLUMN voice_pin_hash TEXT;
ALTER TABLE person ADD COLUMN voice_wrong INTEGER NOT NULL DEFAULT 0;	-- wrong PINs in a row
ALTER TABLE person ADD COLUMN voice_locked_until INTEGER NOT NULL DEFAULT 0;
CREATE UNIQUE INDEX person_voice ON person(voice_id) WHERE voice_id IS NOT NULL;

-- A telephone number as it is dialled (E.164); `address` stays as the roster file has it. Numbers
-- from before this are taken for Japanese ones; the next import looks at them closely.
ALTER TABLE contact ADD COLUMN number TEXT;
CREATE INDEX contact_number ON contact(number) WHERE number IS NOT NULL;
UPDATE contact SET number = '+81' || substr(address, 2)
	WHERE channel = 2 AND spare = 0 AND address LIKE '0%';

-- A call is placed, and its end comes later. An attempt with call_attempt_id has no call of its own:
-- it rides on that attempt's, as both people have the same telephone.
ALTER TABLE attempt ADD COLUMN call_attempt_id INTEGER;
ALTER TABLE attempt ADD COLUMN reference TEXT;		-- placed: the provider's id of the call
ALTER TABLE attempt ADD COLUMN expected_by INTEGER;	-- placed: when its end should be known
ALTER TABLE attempt ADD COLUMN looked INTEGER NOT NULL DEFAULT 0; -- overdue: the provider was asked
CREATE INDEX attempt_rider ON attempt(call_attempt_id) WHERE call_attempt_id IS NOT NULL;
CREATE INDEX attempt_expected ON attempt(expected_by)
	WHERE outcome IS NULL AND expected_by IS NOT NULL;
CREATE INDEX attempt_number ON attempt(address) WHERE outcome IS NULL AND channel = 2;

-- What the provider said of a call: facts, read by the scheduler in order of id.
CREATE TABLE call_event (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	attempt_id INTEGER NOT NULL,
	call_sid TEXT NOT NULL,
	status INTEGER NOT NULL,		-- common/base/call.h
	answered_by TEXT NOT NULL DEFAULT '',	-- human, machine_start, fax, ...
	sequence INTEGER NOT NULL,
	at INTEGER NOT NULL
);
CREATE INDEX call_event_attempt ON call_event(attempt_id);
