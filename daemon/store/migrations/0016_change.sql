-- What rdv does to branches in more than one step: where they stood before, and
-- where they are to stand, so that after a crash it is known which it became.
CREATE TABLE change (
	id TEXT NOT NULL PRIMARY KEY,
	user_id TEXT NOT NULL REFERENCES user (id),
	kind TEXT NOT NULL CHECK (kind IN ('merge', 'squash', 'rebase', 'pick')),
	repo_path TEXT NOT NULL,
	path TEXT NOT NULL,
	branch TEXT NOT NULL,
	target TEXT NOT NULL,
	target_path TEXT,
	state TEXT NOT NULL CHECK (state IN ('running', 'conflict', 'done',
	    'failed', 'aborted')),
	cause TEXT,
	branch_before TEXT NOT NULL,
	target_before TEXT NOT NULL,
	branch_after TEXT,
	target_after TEXT,
	created_at INTEGER NOT NULL,
	updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX change_state ON change (state, id);
CREATE INDEX change_user ON change (user_id, id);
-- In a worktree one thing is open at a time.
CREATE UNIQUE INDEX change_open ON change (user_id, path)
    WHERE state IN ('running', 'conflict');
