-- +goose Up
CREATE TABLE supplier (
    id         BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    name       TEXT    NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    kind       INTEGER NOT NULL CHECK (kind BETWEEN 1 AND 3),
    created_at INTEGER NOT NULL -- microseconds since 1970
) STRICT, WITHOUT ROWID;

-- What the data is for; one row, written once.
CREATE TABLE mode (
    one  INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    mode TEXT    NOT NULL CHECK (mode IN ('live', 'test'))
) STRICT;
