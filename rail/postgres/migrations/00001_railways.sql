-- +goose Up
-- One row: the number of the last write. Writes lock it first.
CREATE TABLE counter (
    id     bigint NOT NULL PRIMARY KEY CHECK (id = 1),
    change bigint NOT NULL CHECK (change >= 0)
);
INSERT INTO counter (id, change) VALUES (1, 0);

-- The last writes by id, for those whose answer was lost.
CREATE TABLE writes (
    id     bytea NOT NULL PRIMARY KEY CHECK (octet_length(id) = 16),
    change bigint NOT NULL CHECK (change > 0)
);
CREATE INDEX writes_change ON writes (change);

CREATE TABLE railways (
    supplier_id bytea NOT NULL PRIMARY KEY CHECK (octet_length(supplier_id) = 16),
    templates   text NOT NULL, -- JSON; '': the built-in ones
    fares       text NOT NULL, -- JSON; '': those of the templates
    feeds       text NOT NULL, -- JSON: what was loaded last, by name
    revision    bigint NOT NULL CHECK (revision > 0),
    change      bigint NOT NULL CHECK (change > 0)
);
CREATE INDEX railways_change ON railways (change);

CREATE TABLE stations (
    supplier_id bytea NOT NULL REFERENCES railways (supplier_id),
    code        text NOT NULL CHECK (octet_length(code) BETWEEN 1 AND 24),
    name        text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 200),
    parent      text NOT NULL, -- '': none
    city        text NOT NULL,
    zone        text NOT NULL, -- '': that of the trains
    country     text NOT NULL CHECK (char_length(country) IN (0, 2)),
    latitude    double precision NOT NULL CHECK (latitude BETWEEN -90 AND 90),
    longitude   double precision NOT NULL CHECK (longitude BETWEEN -180 AND 180),
    located     boolean NOT NULL,
    transfer    bigint NOT NULL CHECK (transfer BETWEEN 0 AND 14400), -- seconds; 0: the template's
    footpaths   text NOT NULL, -- JSON: [{"to": "8000105", "seconds": 300}]
    feed        text NOT NULL,
    retired     boolean NOT NULL,
    change      bigint NOT NULL CHECK (change > 0),
    PRIMARY KEY (supplier_id, code)
);
CREATE INDEX stations_change ON stations (change);

-- What never changes, named by its content: the calls of trains, the coaches of trains, versions of fares.
CREATE TABLE documents (
    id     bytea NOT NULL PRIMARY KEY CHECK (octet_length(id) = 16),
    kind   bigint NOT NULL CHECK (kind BETWEEN 1 AND 3), -- pattern, formation, fare
    body   text NOT NULL,
    change bigint NOT NULL CHECK (change > 0)
);
CREATE INDEX documents_change ON documents (change);

CREATE TABLE trains (
    id          bytea NOT NULL PRIMARY KEY CHECK (octet_length(id) = 16),
    supplier_id bytea NOT NULL REFERENCES railways (supplier_id),
    feed        text NOT NULL,
    feed_key    text NOT NULL CHECK (feed_key <> ''),
    number      text NOT NULL CHECK (octet_length(number) BETWEEN 1 AND 16),
    name        text NOT NULL,
    category    text NOT NULL,
    carrier     text NOT NULL,
    zone        text NOT NULL CHECK (zone <> ''),
    line        text NOT NULL,
    bus         boolean NOT NULL,
    pattern_id  bytea NOT NULL REFERENCES documents (id),
    first_date  date NOT NULL,
    dates       bytea NOT NULL CHECK (octet_length(dates) <= 101), -- bit i % 8 of byte i / 8: first_date + i
    stamp       bigint NOT NULL,
    retired     boolean NOT NULL,
    change      bigint NOT NULL CHECK (change > 0),
    UNIQUE (supplier_id, feed, feed_key)
);
CREATE INDEX trains_change ON trains (change);

CREATE TABLE coach_types (
    supplier_id  bytea NOT NULL REFERENCES railways (supplier_id),
    code         text NOT NULL CHECK (code <> ''),
    name         text NOT NULL,
    first        bigint NOT NULL CHECK (first BETWEEN 0 AND 300),
    second       bigint NOT NULL CHECK (second BETWEEN 0 AND 300),
    compartments bigint NOT NULL CHECK (compartments BETWEEN 0 AND first + second),
    stamp        bigint NOT NULL,
    change       bigint NOT NULL CHECK (change > 0),
    PRIMARY KEY (supplier_id, code)
);
CREATE INDEX coach_types_change ON coach_types (change);

CREATE TABLE compositions (
    id           bytea NOT NULL PRIMARY KEY CHECK (octet_length(id) = 16),
    supplier_id  bytea NOT NULL REFERENCES railways (supplier_id),
    source       text NOT NULL, -- '': staff
    train        text NOT NULL CHECK (train <> ''),
    from_date    date NOT NULL,
    to_date      date NOT NULL,
    weekdays     bigint NOT NULL CHECK (weekdays BETWEEN 0 AND 127), -- bit 0 is Monday; 0: every day
    formation_id bytea NOT NULL REFERENCES documents (id),
    stamp        bigint NOT NULL,
    gone         boolean NOT NULL,
    change       bigint NOT NULL CHECK (change > 0),
    CHECK (from_date < to_date)
);
CREATE INDEX compositions_change ON compositions (change);

-- Runs inside the sale horizon, and those that were changed. todo: 1 define, 2 replace, 4 close, 8 tell.
CREATE TABLE runs (
    train_id       bytea NOT NULL REFERENCES trains (id),
    date           date NOT NULL,
    supplier_id    bytea NOT NULL REFERENCES railways (supplier_id),
    state          bigint NOT NULL CHECK (state BETWEEN 1 AND 4), -- scheduled, changed, cancelled, withdrawn
    pattern_id     bytea NOT NULL REFERENCES documents (id),
    formation_id   bytea REFERENCES documents (id), -- NULL: nothing is sold
    edition        bigint NOT NULL CHECK (edition > 0),
    first_pool     bigint NOT NULL CHECK (first_pool >= 0),
    second_pool    bigint NOT NULL CHECK (second_pool >= 0),
    ready          boolean NOT NULL,
    want           bigint NOT NULL CHECK (want BETWEEN 0 AND 2), -- nothing else, withdrawn, other calls or coaches
    want_pattern   bytea REFERENCES documents (id),
    want_formation bytea REFERENCES documents (id),
    conflict       boolean NOT NULL,
    todo           bigint NOT NULL CHECK (todo BETWEEN 0 AND 15),
    stamp          bigint NOT NULL,
    told           text NOT NULL, -- JSON: what is told of the run; '': nothing
    revision       bigint NOT NULL CHECK (revision > 0),
    change         bigint NOT NULL CHECK (change > 0),
    PRIMARY KEY (train_id, date),
    CHECK (ready OR first_pool = 0 AND second_pool = 0), -- pools are noted with their being made
    CHECK ((want = 2) = (want_pattern IS NOT NULL))
);
CREATE INDEX runs_change ON runs (change);
CREATE INDEX runs_date ON runs (date);

-- Who works on the stock of a railway, until when.
CREATE TABLE leases (
    supplier_id bytea NOT NULL PRIMARY KEY CHECK (octet_length(supplier_id) = 16),
    owner       text NOT NULL,
    until       timestamptz NOT NULL
);
