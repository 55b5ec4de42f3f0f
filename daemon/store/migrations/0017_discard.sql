-- Changes of a worktree that were thrown away. What they were is a commit of
-- the repository under refs/rdv/trash/<id>/; rows stay.
CREATE TABLE discard (
	id TEXT NOT NULL PRIMARY KEY,
	user_id TEXT NOT NULL REFERENCES user (id),
	repo_path TEXT NOT NULL,
	path TEXT NOT NULL,
	state TEXT NOT NULL CHECK (state IN ('taking', 'kept', 'restoring',
	    'restored', 'failed')),
	commit_id TEXT,
	files INTEGER NOT NULL DEFAULT 0,
	cause TEXT,
	created_at INTEGER NOT NULL,
	updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX discard_user ON discard (user_id, id);
CREATE INDEX discard_state ON discard (state, id);
