-- Git may be writing in it, or was cut off as it did: set before git is told, and
-- taken back when it has said that it has written nothing, or all. It stays with
-- one that is back where it was. Of those that were open nobody can tell.
ALTER TABLE reset_repo ADD COLUMN begun INTEGER NOT NULL DEFAULT 0
    CHECK (begun IN (0, 1));
UPDATE reset_repo SET begun = 1 WHERE moved = 1 AND reset_id IN
    (SELECT id FROM reset WHERE state IN ('moving', 'returning'));
-- An undo of which one is back has begun, and is not to be called untouched.
UPDATE reset_repo SET begun = 1 WHERE moved = 0 AND from_head <> to_head
    AND reset_id IN
    (SELECT id FROM reset WHERE state = 'returning' AND cause IS NULL);
