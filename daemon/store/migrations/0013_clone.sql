-- Clones of repositories: what was wished, and how far it is. A row is written
-- before anything else is, so that what a crash leaves behind is known.
CREATE TABLE clone (
	id TEXT NOT NULL PRIMARY KEY,
	user_id TEXT NOT NULL REFERENCES user (id),
	url TEXT NOT NULL,
	path TEXT NOT NULL,
	temp_path TEXT NOT NULL,
	identity TEXT,
	name TEXT,
	branch TEXT,
	depth INTEGER,
	filter TEXT,
	sparse INTEGER NOT NULL DEFAULT 0 CHECK (sparse IN (0, 1)),
	submodules INTEGER NOT NULL DEFAULT 0 CHECK (submodules IN (0, 1)),
	state TEXT NOT NULL CHECK (state IN ('making', 'cloning', 'landing',
	    'undoing', 'ready', 'failed', 'cancelled')),
	cancelled INTEGER NOT NULL DEFAULT 0 CHECK (cancelled IN (0, 1)),
	cause TEXT,
	said_json TEXT,
	repo_id TEXT,
	created_at INTEGER NOT NULL,
	updated_at INTEGER NOT NULL
) STRICT;

CREATE INDEX clone_user ON clone (user_id, created_at);

CREATE INDEX clone_state ON clone (state, created_at);
