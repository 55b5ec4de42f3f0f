-- Scripts that run in a workspace beside its chains: somebody's own, dev
-- servers, and what is done before it is put away.
CREATE TABLE script (
	run_id TEXT NOT NULL PRIMARY KEY REFERENCES run (id),
	user_id TEXT NOT NULL REFERENCES user (id),
	workspace_id TEXT NOT NULL REFERENCES workspace (id),
	repo_id TEXT,
	name TEXT
) STRICT;
CREATE INDEX script_workspace ON script (workspace_id, run_id);
-- All runs of an account, the newest first.
CREATE INDEX run_newest ON run (user_id, id);

-- Where a dev server listens now, by the kernel's word.
CREATE TABLE run_port (
	run_id TEXT NOT NULL REFERENCES run (id),
	address TEXT NOT NULL,
	port INTEGER NOT NULL CHECK (port BETWEEN 1 AND 65535),
	since INTEGER NOT NULL,
	PRIMARY KEY (run_id, address, port)
) STRICT;
