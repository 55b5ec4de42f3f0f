-- Devices that a person wants to be told on (RFC 8030). `p256dh` and `auth` are
-- the browser's, in base64url; a device ends with the credential that made it.
CREATE TABLE push_device (
	id TEXT NOT NULL PRIMARY KEY,
	user_id TEXT NOT NULL REFERENCES user (id),
	token_id TEXT NOT NULL,
	name TEXT NOT NULL,
	endpoint TEXT NOT NULL,
	p256dh TEXT NOT NULL,
	auth TEXT NOT NULL,
	state TEXT NOT NULL CHECK (state IN ('active', 'gone')),
	last_attempt_at INTEGER,
	last_success_at INTEGER,
	failure TEXT,
	created_at INTEGER NOT NULL
) STRICT;

CREATE UNIQUE INDEX push_device_once ON push_device (user_id, endpoint);

-- One push to one device. It is 'sending' before a byte of it leaves, so after
-- a crash it may have arrived: then it is sent once more (`torn`), and after a
-- second crash given up. Without an approval it is a test.
CREATE TABLE push_delivery (
	id TEXT NOT NULL PRIMARY KEY,
	device_id TEXT NOT NULL REFERENCES push_device (id) ON DELETE CASCADE,
	user_id TEXT NOT NULL REFERENCES user (id),
	approval_id TEXT REFERENCES approval (id),
	state TEXT NOT NULL CHECK (state IN ('queued', 'sending', 'delivered',
	    'failed', 'dropped')),
	attempts INTEGER NOT NULL DEFAULT 0,
	torn INTEGER NOT NULL DEFAULT 0,
	status INTEGER,
	cause TEXT,
	next_at INTEGER NOT NULL,
	expires_at INTEGER NOT NULL,
	created_at INTEGER NOT NULL
) STRICT;

CREATE INDEX push_delivery_due ON push_delivery (state, next_at);

CREATE INDEX push_delivery_device ON push_delivery (device_id, id);
