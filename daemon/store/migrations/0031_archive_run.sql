-- The last run of the archive script that this archiving has begun for it, so
-- that after a crash one that has ended is not begun once more.
ALTER TABLE workspace_repo ADD COLUMN archive_run TEXT;
