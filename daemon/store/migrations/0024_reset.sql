-- Conversations that are taken back to before one of their turns. The row is
-- there before anything is stopped, and those of `reset_repo` before anything
-- is moved. Rows stay.
CREATE TABLE reset (
	id TEXT NOT NULL PRIMARY KEY,
	session_id TEXT NOT NULL REFERENCES conversation (id),
	user_id TEXT NOT NULL REFERENCES user (id),
	workspace_id TEXT NOT NULL REFERENCES workspace (id),
	turn_id TEXT NOT NULL REFERENCES turn (id),
	state TEXT NOT NULL CHECK (state IN ('stopping', 'moving', 'returning',
	    'done', 'refused', 'failed', 'undone')),
	force INTEGER NOT NULL CHECK (force IN (0, 1)),
	cause TEXT,
	created_at INTEGER NOT NULL,
	ended_at INTEGER
) STRICT;
CREATE UNIQUE INDEX reset_open ON reset (workspace_id)
    WHERE state IN ('stopping', 'moving', 'returning');
CREATE INDEX reset_session ON reset (session_id, id);

-- Each repository: from where, to where, and whether it is there.
CREATE TABLE reset_repo (
	reset_id TEXT NOT NULL REFERENCES reset (id),
	place INTEGER NOT NULL,
	repo_id TEXT NOT NULL,
	name TEXT NOT NULL,
	path TEXT NOT NULL,
	from_head TEXT NOT NULL,
	to_head TEXT NOT NULL,
	discard_id TEXT,
	moved INTEGER NOT NULL DEFAULT 0 CHECK (moved IN (0, 1)),
	PRIMARY KEY (reset_id, place)
) STRICT;

-- Which one has dropped it.
ALTER TABLE turn ADD COLUMN reset_id TEXT REFERENCES reset (id);
CREATE INDEX turn_reset ON turn (reset_id) WHERE reset_id IS NOT NULL;

-- What is at work in a workspace, links that go on beside the others too.
CREATE INDEX chain_link_running ON chain_link (workspace_id)
    WHERE state = 'running';
