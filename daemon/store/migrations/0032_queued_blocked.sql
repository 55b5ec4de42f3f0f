-- Why a message that waits was not taken when its turn had come. NULL: it has
-- not, or what stood against it is judged anew.
ALTER TABLE queued ADD COLUMN blocked TEXT;
CREATE INDEX queued_blocked ON queued (session_id) WHERE blocked IS NOT NULL;
