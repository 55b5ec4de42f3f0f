-- Names under refs/rdv that rdv made to keep what would have none: of a stash
-- or a branch since it was made, of what has a row of its own since its end was
-- begun. What has no row is never taken away.
CREATE TABLE pin (
	user_id TEXT NOT NULL REFERENCES user (id),
	repo_path TEXT NOT NULL,
	name TEXT NOT NULL,
	state TEXT NOT NULL CHECK (state IN ('kept', 'ending', 'gone')),
	updated_at INTEGER NOT NULL,
	PRIMARY KEY (user_id, repo_path, name)
) STRICT;
