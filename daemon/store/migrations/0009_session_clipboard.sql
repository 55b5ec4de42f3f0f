-- Whether programs of a session may put text on the clipboard of who looks.
ALTER TABLE session ADD COLUMN clipboard INTEGER NOT NULL DEFAULT 0
    CHECK (clipboard IN (0, 1));
