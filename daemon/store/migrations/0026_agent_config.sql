-- How an account has its agents run: what differs from their defaults, as
-- agent/variant.h writes it.
CREATE TABLE agent_config (
	user_id TEXT NOT NULL PRIMARY KEY REFERENCES user (id),
	config_json TEXT NOT NULL,
	updated_at INTEGER NOT NULL
) STRICT;
