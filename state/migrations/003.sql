-- When a folder was last looked at, to a day: those that nobody looks at any more make room.
ALTER TABLE contexts ADD COLUMN seen INTEGER NOT NULL DEFAULT 0;
CREATE INDEX contexts_seen ON contexts (seen);
