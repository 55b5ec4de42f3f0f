-- What the entries of its conversation take of the disk beside its log.
ALTER TABLE run ADD COLUMN talk_bytes INTEGER NOT NULL DEFAULT 0;
