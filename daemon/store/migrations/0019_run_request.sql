-- The id of the request that asked for it, by which the logs name what was done
-- for it. NULL: nobody's request, or of before this column.
ALTER TABLE run ADD COLUMN request_id TEXT;
