-- Drills that come again by themselves.

CREATE TABLE planned_drill (
	name TEXT PRIMARY KEY,
	every TEXT NOT NULL,			-- common/text/recurrence.h
	title TEXT NOT NULL,
	title_en TEXT NOT NULL,
	body TEXT NOT NULL,
	body_en TEXT NOT NULL,
	targets TEXT NOT NULL,			-- words by blank, read again each time
	channels INTEGER NOT NULL,		-- set of 1 << channel; 0: those of the settings
	made_by TEXT NOT NULL,
	next_at INTEGER NOT NULL,
	broadcast_id INTEGER			-- the newest that came of it
) WITHOUT ROWID;
CREATE INDEX planned_drill_next ON planned_drill(next_at);
