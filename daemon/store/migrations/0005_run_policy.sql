-- How a run is held, as the helper told it at the start. A run from before, or
-- one that was never started, has none.
ALTER TABLE run ADD COLUMN policy_json TEXT;
