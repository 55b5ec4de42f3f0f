-- What runs ask leave for, and questions they ask. A row is written before
-- anybody is told of it, and its state leaves 'pending' once. `digest` is what a
-- decision is bound to; `key` is the agent's own id of it, '' the one row that
-- stands for all that a run asked beyond its bounds. `delivered_at`: who asked
-- has been told.
CREATE TABLE approval (
	id TEXT NOT NULL PRIMARY KEY,
	user_id TEXT NOT NULL REFERENCES user (id),
	session_id TEXT NOT NULL REFERENCES session (id),
	run_id TEXT NOT NULL REFERENCES run (id),
	kind TEXT NOT NULL CHECK (kind IN ('tool', 'question', 'plan')),
	key TEXT NOT NULL,
	tool TEXT NOT NULL,
	command TEXT,
	argv_json TEXT,
	input_json TEXT,
	cwd TEXT NOT NULL,
	env_json TEXT,
	profile TEXT NOT NULL,
	digest TEXT NOT NULL,
	asked_by TEXT,
	state TEXT NOT NULL CHECK (state IN ('pending', 'approved', 'denied',
	    'answered', 'timed_out', 'withdrawn', 'lapsed')),
	reason TEXT,
	answers_json TEXT,
	decided_user TEXT,
	decided_token TEXT,
	decided_via TEXT,
	decided_at INTEGER,
	delivered_at INTEGER,
	deadline_at INTEGER NOT NULL,
	repeats INTEGER NOT NULL DEFAULT 0,
	created_at INTEGER NOT NULL
) STRICT;

CREATE UNIQUE INDEX approval_once ON approval (run_id, key);

CREATE INDEX approval_user ON approval (user_id, state, id);

CREATE INDEX approval_newest ON approval (user_id, id);

CREATE INDEX approval_due ON approval (state, deadline_at);

CREATE INDEX approval_told ON approval (state, delivered_at);

-- Whoever tried to decide one, the one who did among them.
CREATE TABLE approval_attempt (
	approval_id TEXT NOT NULL REFERENCES approval (id),
	number INTEGER NOT NULL,
	user_id TEXT NOT NULL,
	token_id TEXT NOT NULL,
	via TEXT NOT NULL,
	verdict TEXT NOT NULL,
	outcome TEXT NOT NULL CHECK (outcome IN ('decided', 'late', 'digest',
	    'kind', 'self')),
	created_at INTEGER NOT NULL,
	PRIMARY KEY (approval_id, number)
) STRICT;

-- The words of one simple command, the last of which may be '*'; of a tool
-- that runs none it is an empty array.
CREATE TABLE approval_rule (
	id TEXT NOT NULL PRIMARY KEY,
	user_id TEXT NOT NULL REFERENCES user (id),
	scope TEXT NOT NULL CHECK (scope IN ('session', 'workspace', 'all')),
	session_id TEXT REFERENCES session (id),
	workspace_id TEXT REFERENCES workspace (id),
	verdict TEXT NOT NULL CHECK (verdict IN ('allow', 'deny', 'ask')),
	tool TEXT NOT NULL,
	pattern_json TEXT NOT NULL,
	made_by TEXT NOT NULL,
	created_at INTEGER NOT NULL
) STRICT;

CREATE INDEX approval_rule_user ON approval_rule (user_id, id);

-- Sessions whose tools are not asked about, since when and by whose act. No
-- other table says so, so nothing that makes a session can bring it along.
CREATE TABLE approval_bypass (
	session_id TEXT NOT NULL PRIMARY KEY REFERENCES session (id),
	user_id TEXT NOT NULL REFERENCES user (id),
	token_id TEXT NOT NULL,
	via TEXT NOT NULL,
	since INTEGER NOT NULL
) STRICT;
