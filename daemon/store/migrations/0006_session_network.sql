-- What a session is to have of the network, asked for each time it starts a
-- program. NULL: what the policy gives.
ALTER TABLE session ADD COLUMN network TEXT
    CHECK (network IN ('none', 'list', 'full'));
