-- The session that a run token is bound to. One from before, when run was bound to
-- none, may do nothing by that word any more.
ALTER TABLE token ADD COLUMN session_id TEXT REFERENCES session (id);

CREATE INDEX token_session ON token (session_id);
