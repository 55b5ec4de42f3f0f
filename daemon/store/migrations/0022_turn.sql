-- Conversations: sessions whose work an agent does in a workspace. What one is
-- beside its row of `session`, which a terminal has as well.
CREATE TABLE conversation (
	id TEXT NOT NULL PRIMARY KEY REFERENCES session (id),
	user_id TEXT NOT NULL REFERENCES user (id),
	workspace_id TEXT NOT NULL REFERENCES workspace (id),
	agent TEXT NOT NULL,
	config_json TEXT NOT NULL,
	created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX conversation_user ON conversation (user_id, id);
CREATE INDEX conversation_workspace ON conversation (workspace_id, id);

-- One prompt to an agent and what came of it. Rows stay; a dropped one is no
-- part of the conversation any more.
CREATE TABLE turn (
	id TEXT NOT NULL PRIMARY KEY,
	session_id TEXT NOT NULL REFERENCES conversation (id),
	user_id TEXT NOT NULL REFERENCES user (id),
	workspace_id TEXT NOT NULL REFERENCES workspace (id),
	prompt TEXT NOT NULL,
	config_json TEXT,
	state TEXT NOT NULL CHECK (state IN ('waiting', 'running', 'completed',
	    'failed', 'killed', 'lost')),
	cause TEXT,
	run_id TEXT,
	agent_session TEXT,
	agent_message TEXT,
	summary TEXT,
	dropped INTEGER NOT NULL DEFAULT 0 CHECK (dropped IN (0, 1)),
	created_at INTEGER NOT NULL,
	ended_at INTEGER
) STRICT;
CREATE INDEX turn_session ON turn (session_id, id);
CREATE INDEX turn_run ON turn (run_id);

-- All that is done for one turn, link after link. `stop` is why it shall end.
CREATE TABLE chain (
	id TEXT NOT NULL PRIMARY KEY,
	session_id TEXT NOT NULL REFERENCES conversation (id),
	user_id TEXT NOT NULL REFERENCES user (id),
	workspace_id TEXT NOT NULL REFERENCES workspace (id),
	turn_id TEXT NOT NULL REFERENCES turn (id),
	state TEXT NOT NULL CHECK (state IN ('running', 'completed', 'failed',
	    'killed', 'lost')),
	cause TEXT,
	stop TEXT,
	created_at INTEGER NOT NULL,
	ended_at INTEGER
) STRICT;
-- Two agents never work in one workspace at a time.
CREATE UNIQUE INDEX chain_open ON chain (workspace_id)
    WHERE state = 'running';
CREATE UNIQUE INDEX chain_turn ON chain (turn_id);

-- `script` is what the repository wished when the chain began. With `beside`
-- the next link does not wait for it.
CREATE TABLE chain_link (
	chain_id TEXT NOT NULL REFERENCES chain (id),
	place INTEGER NOT NULL,
	workspace_id TEXT NOT NULL REFERENCES workspace (id),
	kind TEXT NOT NULL CHECK (kind IN ('setup', 'agent', 'cleanup',
	    'commit')),
	beside INTEGER NOT NULL DEFAULT 0 CHECK (beside IN (0, 1)),
	repo_id TEXT,
	script TEXT,
	state TEXT NOT NULL CHECK (state IN ('waiting', 'running', 'completed',
	    'failed', 'killed', 'lost', 'skipped')),
	cause TEXT,
	run_id TEXT,
	PRIMARY KEY (chain_id, place)
) STRICT;
CREATE INDEX chain_link_run ON chain_link (run_id);
CREATE INDEX chain_link_setup ON chain_link (workspace_id, repo_id)
    WHERE kind = 'setup' AND state = 'completed';

-- Where each repository of the workspace stood around a run.
CREATE TABLE run_repo (
	run_id TEXT NOT NULL REFERENCES run (id),
	place INTEGER NOT NULL,
	repo_id TEXT NOT NULL,
	before_head TEXT,
	after_head TEXT,
	PRIMARY KEY (run_id, place)
) STRICT;

-- Follow-ups that wait for the running turn to succeed, by `place`.
CREATE TABLE queued (
	id TEXT NOT NULL PRIMARY KEY,
	session_id TEXT NOT NULL REFERENCES conversation (id),
	user_id TEXT NOT NULL REFERENCES user (id),
	place INTEGER NOT NULL,
	prompt TEXT NOT NULL,
	config_json TEXT,
	state TEXT NOT NULL CHECK (state IN ('waiting', 'taken', 'cancelled')),
	turn_id TEXT,
	created_at INTEGER NOT NULL,
	updated_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX queued_place ON queued (session_id, place);
CREATE INDEX queued_waiting ON queued (session_id, place)
    WHERE state = 'waiting';
