-- +goose Up
-- Instants are microseconds, dates days since 1970-01-01, ids 16 bytes.

-- One row: the number of the last write. Writes lock it first.
CREATE TABLE counter (
    id     INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    change INTEGER NOT NULL CHECK (change >= 0)
) STRICT;
INSERT INTO counter (id, change) VALUES (1, 0);

-- The last writes by id, for those whose answer was lost.
CREATE TABLE writes (
    id     BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    change INTEGER NOT NULL CHECK (change > 0)
) STRICT, WITHOUT ROWID;
CREATE INDEX writes_change ON writes (change);

CREATE TABLE railways (
    supplier_id BLOB NOT NULL PRIMARY KEY CHECK (length(supplier_id) = 16),
    templates   TEXT NOT NULL, -- JSON; '': the built-in ones
    fares       TEXT NOT NULL, -- JSON; '': those of the templates
    feeds       TEXT NOT NULL, -- JSON: what was loaded last, by name
    revision    INTEGER NOT NULL CHECK (revision > 0),
    change      INTEGER NOT NULL CHECK (change > 0)
) STRICT, WITHOUT ROWID;
CREATE INDEX railways_change ON railways (change);

CREATE TABLE stations (
    supplier_id BLOB NOT NULL REFERENCES railways (supplier_id),
    code        TEXT NOT NULL CHECK (length(CAST(code AS BLOB)) BETWEEN 1 AND 24),
    name        TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    parent      TEXT NOT NULL, -- '': none
    city        TEXT NOT NULL,
    zone        TEXT NOT NULL, -- '': that of the trains
    country     TEXT NOT NULL CHECK (length(country) IN (0, 2)),
    latitude    REAL NOT NULL CHECK (latitude BETWEEN -90 AND 90),
    longitude   REAL NOT NULL CHECK (longitude BETWEEN -180 AND 180),
    located     INTEGER NOT NULL CHECK (located IN (0, 1)),
    transfer    INTEGER NOT NULL CHECK (transfer BETWEEN 0 AND 14400), -- seconds; 0: the template's
    footpaths   TEXT NOT NULL, -- JSON: [{"to": "8000105", "seconds": 300}]
    feed        TEXT NOT NULL,
    retired     INTEGER NOT NULL CHECK (retired IN (0, 1)),
    change      INTEGER NOT NULL CHECK (change > 0),
    PRIMARY KEY (supplier_id, code)
) STRICT, WITHOUT ROWID;
CREATE INDEX stations_change ON stations (change);

-- What never changes, named by its content: the calls of trains, the coaches of trains, versions of fares.
CREATE TABLE documents (
    id     BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    kind   INTEGER NOT NULL CHECK (kind BETWEEN 1 AND 3), -- pattern, formation, fare
    body   TEXT NOT NULL,
    change INTEGER NOT NULL CHECK (change > 0)
) STRICT, WITHOUT ROWID;
CREATE INDEX documents_change ON documents (change);

CREATE TABLE trains (
    id          BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    supplier_id BLOB NOT NULL REFERENCES railways (supplier_id),
    feed        TEXT NOT NULL,
    feed_key    TEXT NOT NULL CHECK (feed_key <> ''),
    number      TEXT NOT NULL CHECK (length(CAST(number AS BLOB)) BETWEEN 1 AND 16),
    name        TEXT NOT NULL,
    category    TEXT NOT NULL,
    carrier     TEXT NOT NULL,
    zone        TEXT NOT NULL CHECK (zone <> ''),
    line        TEXT NOT NULL,
    bus         INTEGER NOT NULL CHECK (bus IN (0, 1)),
    pattern_id  BLOB NOT NULL REFERENCES documents (id),
    first_date  INTEGER NOT NULL,
    dates       BLOB NOT NULL CHECK (length(dates) <= 101), -- bit i % 8 of byte i / 8: first_date + i
    stamp       INTEGER NOT NULL,
    retired     INTEGER NOT NULL CHECK (retired IN (0, 1)),
    change      INTEGER NOT NULL CHECK (change > 0),
    UNIQUE (supplier_id, feed, feed_key)
) STRICT, WITHOUT ROWID;
CREATE INDEX trains_change ON trains (change);

CREATE TABLE coach_types (
    supplier_id  BLOB NOT NULL REFERENCES railways (supplier_id),
    code         TEXT NOT NULL CHECK (code <> ''),
    name         TEXT NOT NULL,
    first        INTEGER NOT NULL CHECK (first BETWEEN 0 AND 300),
    second       INTEGER NOT NULL CHECK (second BETWEEN 0 AND 300),
    compartments INTEGER NOT NULL CHECK (compartments BETWEEN 0 AND first + second),
    stamp        INTEGER NOT NULL,
    change       INTEGER NOT NULL CHECK (change > 0),
    PRIMARY KEY (supplier_id, code)
) STRICT, WITHOUT ROWID;
CREATE INDEX coach_types_change ON coach_types (change);

CREATE TABLE compositions (
    id           BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    supplier_id  BLOB NOT NULL REFERENCES railways (supplier_id),
    source       TEXT NOT NULL, -- '': staff
    train        TEXT NOT NULL CHECK (train <> ''),
    from_date    INTEGER NOT NULL,
    to_date      INTEGER NOT NULL,
    weekdays     INTEGER NOT NULL CHECK (weekdays BETWEEN 0 AND 127), -- bit 0 is Monday; 0: every day
    formation_id BLOB NOT NULL REFERENCES documents (id),
    stamp        INTEGER NOT NULL,
    gone         INTEGER NOT NULL CHECK (gone IN (0, 1)),
    change       INTEGER NOT NULL CHECK (change > 0),
    CHECK (from_date < to_date)
) STRICT, WITHOUT ROWID;
CREATE INDEX compositions_change ON compositions (change);

-- Runs inside the sale horizon, and those that were changed. todo: 1 define, 2 replace, 4 close, 8 tell.
CREATE TABLE runs (
    train_id       BLOB NOT NULL REFERENCES trains (id),
    date           INTEGER NOT NULL,
    supplier_id    BLOB NOT NULL REFERENCES railways (supplier_id),
    state          INTEGER NOT NULL CHECK (state BETWEEN 1 AND 4), -- scheduled, changed, cancelled, withdrawn
    pattern_id     BLOB NOT NULL REFERENCES documents (id),
    formation_id   BLOB REFERENCES documents (id), -- NULL: nothing is sold
    edition        INTEGER NOT NULL CHECK (edition > 0),
    first_pool     INTEGER NOT NULL CHECK (first_pool >= 0),
    second_pool    INTEGER NOT NULL CHECK (second_pool >= 0),
    ready          INTEGER NOT NULL CHECK (ready IN (0, 1)),
    want           INTEGER NOT NULL CHECK (want BETWEEN 0 AND 2), -- nothing else, withdrawn, other calls or coaches
    want_pattern   BLOB REFERENCES documents (id),
    want_formation BLOB REFERENCES documents (id),
    conflict       INTEGER NOT NULL CHECK (conflict IN (0, 1)),
    todo           INTEGER NOT NULL CHECK (todo BETWEEN 0 AND 15),
    stamp          INTEGER NOT NULL,
    told           TEXT NOT NULL, -- JSON: what is told of the run; '': nothing
    revision       INTEGER NOT NULL CHECK (revision > 0),
    change         INTEGER NOT NULL CHECK (change > 0),
    PRIMARY KEY (train_id, date),
    CHECK (ready = 1 OR first_pool = 0 AND second_pool = 0), -- pools are noted with their being made
    CHECK ((want = 2) = (want_pattern IS NOT NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX runs_change ON runs (change);
CREATE INDEX runs_date ON runs (date);

-- Who works on the stock of a railway, until when.
CREATE TABLE leases (
    supplier_id BLOB NOT NULL PRIMARY KEY CHECK (length(supplier_id) = 16),
    owner       TEXT NOT NULL,
    until       INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
