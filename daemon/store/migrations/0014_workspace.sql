-- A workspace: one branch of work over one or more repositories, in a directory
-- with a worktree of each. `wish` says what a state in between is on its way to.
CREATE TABLE workspace (
	id TEXT NOT NULL PRIMARY KEY,
	user_id TEXT NOT NULL REFERENCES user (id),
	name TEXT NOT NULL,
	branch TEXT NOT NULL,
	directory TEXT NOT NULL,
	state TEXT NOT NULL CHECK (state IN ('creating', 'ready', 'archiving',
	    'deleting', 'deleted', 'failed')),
	cause TEXT,
	wish INTEGER NOT NULL DEFAULT 0,
	pinned INTEGER NOT NULL DEFAULT 0 CHECK (pinned IN (0, 1)),
	archived_at INTEGER,
	created_at INTEGER NOT NULL,
	updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX workspace_user ON workspace (user_id, id);
CREATE INDEX workspace_state ON workspace (state, id);
-- One that is gone has its directory no more.
CREATE UNIQUE INDEX workspace_directory ON workspace (user_id, directory)
    WHERE state NOT IN ('deleted', 'failed');

-- The worktree's id stands here before that is made, so that what a creation
-- has made, and nothing else, can be taken back after a crash.
CREATE TABLE workspace_repo (
	workspace_id TEXT NOT NULL REFERENCES workspace (id),
	place INTEGER NOT NULL,
	repo_id TEXT NOT NULL,
	repo_path TEXT NOT NULL,
	name TEXT NOT NULL,
	base TEXT,
	worktree_id TEXT NOT NULL,
	made_branch INTEGER NOT NULL DEFAULT 0 CHECK (made_branch IN (0, 1)),
	PRIMARY KEY (workspace_id, place)
) STRICT;
CREATE UNIQUE INDEX workspace_repo_once ON workspace_repo (workspace_id, repo_id);
CREATE UNIQUE INDEX workspace_repo_name ON workspace_repo (workspace_id, name);
CREATE INDEX workspace_repo_worktree ON workspace_repo (worktree_id);

-- Its directory was missing and is being filled again from its index.
ALTER TABLE worktree ADD COLUMN mending INTEGER NOT NULL DEFAULT 0
    CHECK (mending IN (0, 1));
