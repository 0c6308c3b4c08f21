-- Times are nanoseconds since 1970 in UTC; digests are written "sha256:…".

CREATE TABLE runs (
	id      INTEGER PRIMARY KEY AUTOINCREMENT,
	command TEXT    NOT NULL, -- as a person would type it
	folder  TEXT    NOT NULL, -- the working directory
	suffix  TEXT    NOT NULL, -- what --nightly or --snapshot put behind the tags
	pid     INTEGER NOT NULL, -- of the process, while ended is null
	began   INTEGER NOT NULL,
	ended   INTEGER,          -- null: it runs, or it was killed
	outcome TEXT    NOT NULL DEFAULT ''
);

-- One row for each time an image was built or tested.
CREATE TABLE builds (
	id       INTEGER PRIMARY KEY AUTOINCREMENT,
	run      INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
	ref      TEXT    NOT NULL, -- registry/namespace/name:tag
	name     TEXT    NOT NULL,
	version  TEXT    NOT NULL,
	platform TEXT    NOT NULL,
	reasons  TEXT    NOT NULL, -- JSON: why, as the plan said
	inputs   TEXT    NOT NULL DEFAULT '', -- digest of parts
	parts    TEXT    NOT NULL DEFAULT '', -- JSON
	tree     TEXT    NOT NULL DEFAULT '', -- digest of the build context, see trees
	digest   TEXT    NOT NULL DEFAULT '', -- of the image
	size     INTEGER NOT NULL DEFAULT 0,  -- of its blobs, in bytes
	began    INTEGER NOT NULL,
	ended    INTEGER,
	outcome  TEXT    NOT NULL DEFAULT '', -- '' while ended is null
	test     TEXT    NOT NULL DEFAULT '', -- passed, none or failed
	tries    INTEGER NOT NULL DEFAULT 1,
	error    TEXT    NOT NULL DEFAULT '',
	tail     TEXT    NOT NULL DEFAULT '', -- JSON: the last lines of a failure
	log      TEXT    NOT NULL DEFAULT ''  -- path
);
CREATE INDEX builds_of_name ON builds (name, platform, id);
CREATE INDEX builds_of_ref ON builds (ref, platform, id);
CREATE INDEX builds_of_run ON builds (run);

-- The images that a configuration file lists.
CREATE TABLE lists (
	path TEXT NOT NULL, -- of the configuration file
	name TEXT NOT NULL,
	PRIMARY KEY (path, name)
) WITHOUT ROWID;

-- What was in a build context: packed lines of path, mode and digest.
CREATE TABLE trees (
	digest  TEXT PRIMARY KEY,
	listing BLOB NOT NULL
) WITHOUT ROWID;

-- What the last look at a folder found, so that unchanged files are not read again.
CREATE TABLE contexts (
	folder  TEXT PRIMARY KEY, -- absolute path
	stamp   BLOB NOT NULL,    -- hash of all paths, sizes, times and inodes
	digest  TEXT NOT NULL,    -- of the tree
	entries BLOB NOT NULL     -- each file's path, size, times, inode and digest
) WITHOUT ROWID;
