-- What the checks of daemon/store/integrity.c find things by, and how old the
-- queue is; each over a few rows of its table only.
CREATE INDEX event_over ON event (subject)
    WHERE kind IN ('run.ended', 'turn.ended');
CREATE INDEX turn_working ON turn (workspace_id) WHERE state = 'running';
CREATE INDEX queued_turn ON queued (turn_id) WHERE turn_id IS NOT NULL;
CREATE INDEX queued_age ON queued (created_at) WHERE state = 'waiting';
