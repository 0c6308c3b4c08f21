-- What registries last answered, so that what has not changed is not asked again.
CREATE TABLE remote (
	ref         TEXT PRIMARY KEY, -- canonical: docker.io/library/base:1.0
	platform    TEXT    NOT NULL, -- that id and annotations are for
	digest      TEXT    NOT NULL, -- of the manifest or index
	etag        TEXT    NOT NULL, -- as the registry wrote it
	id          TEXT    NOT NULL, -- digest of the configuration
	annotations TEXT    NOT NULL, -- JSON: those that were asked for and found
	looked      TEXT    NOT NULL, -- which annotations were asked for; '' when only the digest was
	at          INTEGER NOT NULL  -- when it was last seen to be so
) WITHOUT ROWID;

-- What this Slipway has published: if a tag names something else, others have moved it.
CREATE TABLE published (
	ref    TEXT PRIMARY KEY,
	digest TEXT    NOT NULL, -- of the manifest or index
	at     INTEGER NOT NULL
) WITHOUT ROWID;
