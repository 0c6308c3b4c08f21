-- What was made is a thing of its own: builds are attempts, and refer to what came of them.
CREATE TABLE artifacts (
	id       INTEGER PRIMARY KEY AUTOINCREMENT,
	ref      TEXT    NOT NULL, -- registry/namespace/name:tag
	name     TEXT    NOT NULL,
	platform TEXT    NOT NULL,
	digest   TEXT    NOT NULL, -- of the manifest
	inputs   TEXT    NOT NULL, -- digest of what it was made from; '' when that is not known
	size     INTEGER NOT NULL, -- of its blobs, in bytes; 0 when that is not known
	made     INTEGER NOT NULL, -- when it was first built or pulled, in nanoseconds since 1970
	run      INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE, -- that did so
	UNIQUE (ref, platform, digest)
);
CREATE INDEX artifacts_of_name ON artifacts (name, platform, id);
CREATE INDEX artifacts_of_run ON artifacts (run);

INSERT INTO artifacts (ref, name, platform, digest, inputs, size, made, run)
	SELECT ref, name, platform, digest, inputs, size, coalesce(ended, began), run FROM builds WHERE digest <> '' ORDER BY id
	ON CONFLICT DO UPDATE SET size = max(size, excluded.size), inputs = iif(inputs = '', excluded.inputs, inputs);

-- The table is written anew once: each changed column would do that again, and builds may be many megabytes.
CREATE TABLE attempts (
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
	artifact INTEGER REFERENCES artifacts (id) ON DELETE SET NULL, -- null: nothing was made
	began    INTEGER NOT NULL,
	ended    INTEGER,
	outcome  TEXT    NOT NULL DEFAULT '', -- '' while ended is null
	test     TEXT    NOT NULL DEFAULT '', -- passed, none or failed
	tries    INTEGER NOT NULL DEFAULT 1,
	error    TEXT    NOT NULL DEFAULT '',
	tail     TEXT    NOT NULL DEFAULT '', -- JSON: the last lines of a failure
	log      TEXT    NOT NULL DEFAULT ''  -- path
);
INSERT INTO attempts (id, run, ref, name, version, platform, reasons, inputs, parts, tree, artifact, began, ended, outcome, test, tries, error, tail, log)
	SELECT b.id, b.run, b.ref, b.name, b.version, b.platform, b.reasons, b.inputs, b.parts, b.tree, a.id,
		b.began, b.ended, b.outcome, b.test, b.tries, b.error, b.tail, b.log
	FROM builds AS b LEFT JOIN artifacts AS a ON a.ref = b.ref AND a.platform = b.platform AND a.digest = b.digest ORDER BY b.id;
DROP TABLE builds;
ALTER TABLE attempts RENAME TO builds;
CREATE INDEX builds_of_name ON builds (name, platform, id);
CREATE INDEX builds_of_ref ON builds (ref, platform, id);
CREATE INDEX builds_of_run ON builds (run);
CREATE INDEX builds_of_artifact ON builds (artifact);

-- What a run was to do: packed JSON, as `slipway plan --json` prints it.
ALTER TABLE runs ADD COLUMN plan BLOB;

-- The digest that a tag names is the tag's, be it a manifest's or an index'; what is inside is a platform's.
-- For that reason published has no platform.
ALTER TABLE remote ADD COLUMN inside TEXT NOT NULL DEFAULT '{}'; -- JSON: by platform, what was asked for and found
UPDATE remote SET inside = json_object(platform, json_object('looked', looked, 'id', id, 'annotations', json(annotations)))
	WHERE looked <> '' AND json_valid(annotations);
ALTER TABLE remote DROP COLUMN platform;
ALTER TABLE remote DROP COLUMN id;
ALTER TABLE remote DROP COLUMN annotations;
ALTER TABLE remote DROP COLUMN looked;
