-- Whether who comes by a link may see what was there before he came.
ALTER TABLE token ADD COLUMN history INTEGER NOT NULL DEFAULT 0
    CHECK (history IN (0, 1));
