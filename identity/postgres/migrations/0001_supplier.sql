-- +goose Up
CREATE TABLE supplier (
    id         uuid        NOT NULL PRIMARY KEY,
    name       text        NOT NULL COLLATE "C" CHECK (length(name) BETWEEN 1 AND 200),
    kind       smallint    NOT NULL CHECK (kind BETWEEN 1 AND 3),
    created_at timestamptz NOT NULL
);

-- What the data is for; one row, written once.
CREATE TABLE mode (
    one  smallint NOT NULL PRIMARY KEY CHECK (one = 1),
    mode text     NOT NULL CHECK (mode IN ('live', 'test'))
);
