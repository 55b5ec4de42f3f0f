-- A signal has stopped its program then, and it may go on: no state of a run.
ALTER TABLE run ADD COLUMN stopped_at INTEGER;
