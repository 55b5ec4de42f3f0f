-- Pushes, fetches and pulls. A row is written before anything else is, and says
-- by what the remote and the repository can be asked how it ended.
CREATE TABLE transfer (
	id TEXT NOT NULL PRIMARY KEY,
	user_id TEXT NOT NULL REFERENCES user (id),
	kind TEXT NOT NULL CHECK (kind IN ('push', 'fetch', 'pull')),
	path TEXT NOT NULL,
	repo_path TEXT NOT NULL,
	remote TEXT NOT NULL,
	url TEXT NOT NULL,
	branch TEXT,
	target TEXT,
	commit_id TEXT,
	lease TEXT,
	upstream INTEGER NOT NULL DEFAULT 0 CHECK (upstream IN (0, 1)),
	prune INTEGER NOT NULL DEFAULT 0 CHECK (prune IN (0, 1)),
	temp_path TEXT NOT NULL,
	identity TEXT,
	state TEXT NOT NULL CHECK (state IN ('making', 'reading', 'working',
	    'asking', 'landing', 'clearing', 'done', 'failed', 'cancelled')),
	outcome TEXT CHECK (outcome IN ('done', 'failed', 'cancelled')),
	cancelled INTEGER NOT NULL DEFAULT 0 CHECK (cancelled IN (0, 1)),
	code TEXT,
	cause TEXT,
	said_json TEXT,
	changed INTEGER NOT NULL DEFAULT 0,
	created_at INTEGER NOT NULL,
	updated_at INTEGER NOT NULL
) STRICT;

CREATE INDEX transfer_user ON transfer (user_id, created_at);

CREATE INDEX transfer_state ON transfer (state, created_at);
