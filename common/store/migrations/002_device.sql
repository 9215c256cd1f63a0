-- Where a person's push notifications go: subscriptions of browsers, registrations of apps.
CREATE TABLE device (
	id INTEGER PRIMARY KEY AUTOINCREMENT,	-- stands in attempts: never used again
	person_id INTEGER NOT NULL REFERENCES person(id) ON DELETE CASCADE,
	kind INTEGER NOT NULL,			-- common/base/vocabulary.h
	endpoint TEXT NOT NULL UNIQUE,		-- Web Push: the URL; FCM: the registration token
	p256dh TEXT NOT NULL DEFAULT '',	-- Web Push: the browser's public key, base64url
	auth TEXT NOT NULL DEFAULT '',		-- Web Push: the secret shared with it, base64url
	label TEXT NOT NULL DEFAULT '',		-- what the device calls itself
	created_at INTEGER NOT NULL
);
CREATE INDEX device_person ON device(person_id);
