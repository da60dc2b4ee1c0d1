-- Version 7: rows that can't be read are set aside, and their runs say so.

-- Nothing is destroyed: `statement` is the SQL that would put the row back.
CREATE TABLE set_aside (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    at        INTEGER NOT NULL,
    source    TEXT NOT NULL, -- the table that it was in
    row       TEXT NOT NULL, -- what names it there
    reason    TEXT NOT NULL,
    statement BLOB NOT NULL
) STRICT;

ALTER TABLE runs ADD COLUMN damage TEXT; -- what was set aside of a run, in words
