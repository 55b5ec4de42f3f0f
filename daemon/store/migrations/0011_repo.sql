-- Repositories that a user has made known to rdv, and what is wished of them.
CREATE TABLE repo (
	id TEXT NOT NULL PRIMARY KEY,
	user_id TEXT NOT NULL REFERENCES user (id),
	path TEXT NOT NULL,
	name TEXT NOT NULL,
	setup_script TEXT,
	cleanup_script TEXT,
	archive_script TEXT,
	dev_server_script TEXT,
	copy_files_json TEXT,
	parallel_setup INTEGER NOT NULL DEFAULT 0
	    CHECK (parallel_setup IN (0, 1)),
	working_dir TEXT,
	default_base TEXT,
	created_at INTEGER NOT NULL,
	updated_at INTEGER NOT NULL
) STRICT;

CREATE INDEX repo_name ON repo (user_id, name, id);

CREATE UNIQUE INDEX repo_path ON repo (user_id, path);
