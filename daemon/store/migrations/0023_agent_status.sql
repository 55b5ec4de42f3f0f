-- What the agent in a session's terminal says of itself, and when it did.
ALTER TABLE session ADD COLUMN agent_status TEXT
    CHECK (agent_status IN ('running', 'subagent', 'waiting', 'compacting',
    'idle', 'ended', 'error'));
ALTER TABLE session ADD COLUMN agent_status_at INTEGER;
