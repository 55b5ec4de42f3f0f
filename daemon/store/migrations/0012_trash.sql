-- Of what lies in the trash: which directory it is (device, inode, birth), what
-- it is like (bits), how much it is, and whether it is being deleted already.
ALTER TABLE worktree ADD COLUMN identity TEXT;
ALTER TABLE worktree ADD COLUMN holds INTEGER NOT NULL DEFAULT 0;
ALTER TABLE worktree ADD COLUMN files INTEGER;
ALTER TABLE worktree ADD COLUMN bytes INTEGER;
ALTER TABLE worktree ADD COLUMN ending INTEGER NOT NULL DEFAULT 0
    CHECK (ending IN (0, 1));
