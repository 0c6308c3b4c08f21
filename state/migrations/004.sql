-- A folder has digests of several parts of its files; what was known of folders is found out again.
DROP TABLE contexts;
CREATE TABLE contexts (
	folder TEXT PRIMARY KEY, -- absolute path
	stamp BLOB NOT NULL,     -- of all paths, modes, sizes and times
	digests TEXT NOT NULL,   -- of the files: lines with what they are of, a tabulator and the digest
	entries BLOB NOT NULL,   -- what each file's digest was
	seen INTEGER NOT NULL    -- when it was looked at last, in nanoseconds since 1970
) STRICT, WITHOUT ROWID;
CREATE INDEX contexts_seen ON contexts (seen);
