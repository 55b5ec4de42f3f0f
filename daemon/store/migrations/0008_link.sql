-- Links: credentials by which others look at one session. How often each was
-- used is counted. The words of kind stand in a CHECK, so the table is made anew.
CREATE TABLE token_next (
	id TEXT NOT NULL PRIMARY KEY,
	user_id TEXT NOT NULL REFERENCES user (id),
	name TEXT NOT NULL,
	kind TEXT NOT NULL CHECK (kind IN ('cli', 'cookie', 'code', 'link')),
	key_prefix TEXT NOT NULL,
	hash TEXT NOT NULL UNIQUE,
	page_hash TEXT,
	scopes TEXT NOT NULL,
	session_id TEXT REFERENCES session (id),
	expires_at INTEGER,
	last_used_at INTEGER,
	uses INTEGER NOT NULL DEFAULT 0,
	revoked_at INTEGER,
	created_at INTEGER NOT NULL
) STRICT;
INSERT INTO token_next (id, user_id, name, kind, key_prefix, hash, page_hash,
    scopes, session_id, expires_at, last_used_at, revoked_at, created_at)
    SELECT id, user_id, name, kind, key_prefix, hash, page_hash,
    scopes, session_id, expires_at, last_used_at, revoked_at, created_at
    FROM token;
DROP TABLE token;
ALTER TABLE token_next RENAME TO token;
CREATE INDEX token_user ON token (user_id, kind, created_at);
CREATE INDEX token_expiry ON token (expires_at);
CREATE INDEX token_revoked ON token (revoked_at);
CREATE INDEX token_session ON token (session_id);
