-- By which field of its configuration nobody was asked in a turn, and whose
-- token had allowed that for its session. NULL: its agent asks.
ALTER TABLE turn ADD COLUMN unasked TEXT;
ALTER TABLE turn ADD COLUMN unasked_by TEXT;
