-- Families of people: told by mail, never called, never counted among the people.
CREATE TABLE family (
	id INTEGER PRIMARY KEY AUTOINCREMENT,	-- stands, negative, in deliveries: never used again
	person_id INTEGER NOT NULL REFERENCES person(id) ON DELETE CASCADE,
	code TEXT NOT NULL,
	name TEXT NOT NULL,
	kana TEXT NOT NULL DEFAULT '',
	language INTEGER NOT NULL,
	region TEXT NOT NULL DEFAULT '',	-- JMA region (3 digits) or prefecture (2)
	city TEXT NOT NULL DEFAULT '',
	street TEXT NOT NULL DEFAULT '',
	mail1 TEXT NOT NULL DEFAULT '',
	mail2 TEXT NOT NULL DEFAULT '',
	mail3 TEXT NOT NULL DEFAULT '',
	telephone TEXT NOT NULL DEFAULT '',	-- kept, never dialled
	plan INTEGER NOT NULL,			-- packed, of the mail addresses
	UNIQUE (person_id, code)
);
CREATE INDEX family_region ON family(region) WHERE region <> '';

-- A broadcast to families that tells of the answers to another one.
ALTER TABLE broadcast ADD COLUMN answers_of INTEGER;
CREATE UNIQUE INDEX broadcast_answers_of ON broadcast(answers_of) WHERE answers_of IS NOT NULL;

-- The broadcasts that told families of an event: nobody is told of it twice.
CREATE TABLE family_event (
	key TEXT NOT NULL,
	drill INTEGER NOT NULL,
	broadcast_id INTEGER NOT NULL,
	PRIMARY KEY (key, drill, broadcast_id)
) WITHOUT ROWID;
