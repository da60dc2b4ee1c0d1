-- What automation remembers of each asset.

CREATE TABLE automation (
    asset TEXT PRIMARY KEY,
    state TEXT NOT NULL -- JSON
) STRICT, WITHOUT ROWID;
