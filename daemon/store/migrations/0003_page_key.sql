-- What a cookie needs beside it: the SHA-256 of the key that its page was given.
-- A cookie from before has none and counts no more.
ALTER TABLE token ADD COLUMN page_hash TEXT;
