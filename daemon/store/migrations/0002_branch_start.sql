-- Where a branch began that was made together with its worktree: what was cut
-- short is taken back, and the branch with it if it is still there.
ALTER TABLE worktree ADD COLUMN branch_start TEXT;
