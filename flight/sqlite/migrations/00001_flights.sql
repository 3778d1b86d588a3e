-- +goose Up
-- Instants are microseconds since 1970 UTC, dates days since 1970-01-01; amounts are minor units.

-- One row: the number of the last write. Writes lock it first.
CREATE TABLE counter (
    id     INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    change INTEGER NOT NULL CHECK (change >= 0)
) STRICT, WITHOUT ROWID;
INSERT INTO counter (id, change) VALUES (1, 0);

-- The latest writes, for those whose answer was lost.
CREATE TABLE writes (
    change INTEGER NOT NULL PRIMARY KEY,
    id     BLOB NOT NULL UNIQUE CHECK (length(id) = 16)
) STRICT, WITHOUT ROWID;

CREATE TABLE airports (
    iata            TEXT NOT NULL PRIMARY KEY CHECK (length(iata) = 3),
    icao            TEXT NOT NULL,
    name            TEXT NOT NULL,
    city            TEXT NOT NULL,
    country         TEXT NOT NULL CHECK (length(country) = 2),
    zone            TEXT NOT NULL CHECK (length(zone) > 0),
    metro           TEXT NOT NULL, -- '': none
    latitude        REAL NOT NULL CHECK (latitude BETWEEN -90 AND 90),
    longitude       REAL NOT NULL CHECK (longitude BETWEEN -180 AND 180),
    connect_minutes INTEGER NOT NULL CHECK (connect_minutes BETWEEN 0 AND 1440), -- 0: the default
    change          INTEGER NOT NULL CHECK (change > 0) -- number of the last write
) STRICT, WITHOUT ROWID;
CREATE INDEX airports_change ON airports (change);

CREATE TABLE carriers (
    code        TEXT NOT NULL PRIMARY KEY CHECK (length(code) BETWEEN 2 AND 3),
    supplier_id BLOB NOT NULL CHECK (length(supplier_id) = 16),
    name        TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    interline   TEXT NOT NULL, -- carrier codes with blanks between them
    revision    INTEGER NOT NULL CHECK (revision > 0),
    change      INTEGER NOT NULL CHECK (change > 0)
) STRICT, WITHOUT ROWID;

CREATE TABLE aircraft (
    id          BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    supplier_id BLOB NOT NULL CHECK (length(supplier_id) = 16),
    code        TEXT NOT NULL CHECK (length(code) <= 4), -- '': known by its seats alone
    name        TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    sections    TEXT NOT NULL CHECK (json_valid(sections)), -- JSON of []flight.Section
    revision    INTEGER NOT NULL CHECK (revision > 0),
    change      INTEGER NOT NULL CHECK (change > 0)
) STRICT, WITHOUT ROWID;

CREATE TABLE tariffs (
    supplier_id BLOB NOT NULL PRIMARY KEY CHECK (length(supplier_id) = 16),
    body        TEXT NOT NULL CHECK (json_valid(body)), -- JSON of flight.Tariff
    revision    INTEGER NOT NULL CHECK (revision > 0),
    change      INTEGER NOT NULL CHECK (change > 0)
) STRICT, WITHOUT ROWID;

-- Offers name versions of fare families, so a version is never changed.
CREATE TABLE family_versions (
    id        BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    family_id BLOB NOT NULL CHECK (length(family_id) = 16),
    body      TEXT NOT NULL CHECK (json_valid(body)), -- JSON of flight.Family
    change    INTEGER NOT NULL CHECK (change > 0)
) STRICT, WITHOUT ROWID;

CREATE TABLE fares (
    supplier_id BLOB NOT NULL CHECK (length(supplier_id) = 16),
    origin      TEXT NOT NULL CHECK (length(origin) = 3),
    destination TEXT NOT NULL CHECK (length(destination) = 3),
    class       TEXT NOT NULL CHECK (length(class) BETWEEN 1 AND 2),
    stamp       INTEGER NOT NULL,
    state       TEXT NOT NULL CHECK (json_valid(state)), -- JSON of flight.Fare.State
    change      INTEGER NOT NULL CHECK (change > 0),
    PRIMARY KEY (supplier_id, origin, destination, class),
    CHECK (origin <> destination)
) STRICT, WITHOUT ROWID;
CREATE INDEX fares_change ON fares (change);

CREATE TABLE feeds (
    supplier_id BLOB NOT NULL CHECK (length(supplier_id) = 16),
    name        TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 64),
    stamp       INTEGER NOT NULL,
    change      INTEGER NOT NULL CHECK (change > 0),
    PRIMARY KEY (supplier_id, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE schedules (
    supplier_id BLOB NOT NULL CHECK (length(supplier_id) = 16),
    feed        TEXT NOT NULL,
    id          BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
    carrier     TEXT NOT NULL,
    number      TEXT NOT NULL,
    suffix      TEXT NOT NULL,
    first_date  INTEGER NOT NULL,
    last_date   INTEGER NOT NULL,
    weekdays    INTEGER NOT NULL CHECK (weekdays BETWEEN 1 AND 127), -- bit 0 is Monday
    legs        TEXT NOT NULL CHECK (json_valid(legs)), -- JSON of []flight.ScheduleLeg
    PRIMARY KEY (supplier_id, feed, id),
    CHECK (first_date <= last_date)
) STRICT, WITHOUT ROWID;

CREATE TABLE departures (
    id          BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    supplier_id BLOB NOT NULL CHECK (length(supplier_id) = 16),
    feed        TEXT NOT NULL,
    carrier     TEXT NOT NULL CHECK (length(carrier) BETWEEN 2 AND 3),
    number      TEXT NOT NULL CHECK (length(number) BETWEEN 1 AND 8),
    suffix      TEXT NOT NULL CHECK (length(suffix) <= 1),
    date        INTEGER NOT NULL, -- at the first airport
    origin      TEXT NOT NULL CHECK (length(origin) = 3),
    destination TEXT NOT NULL CHECK (length(destination) = 3),
    operator    TEXT NOT NULL, -- '': carrier
    codeshares  TEXT NOT NULL, -- numbers with blanks between them
    equipment   TEXT NOT NULL,
    tail        TEXT NOT NULL,
    aircraft_id BLOB NOT NULL CHECK (length(aircraft_id) = 16), -- zeros: none
    removed     INTEGER NOT NULL CHECK (removed IN (0, 1)),
    live        TEXT NOT NULL CHECK (live = '' OR json_valid(live)), -- JSON of flight.Live; '': none
    control     TEXT NOT NULL CHECK (control = '' OR json_valid(control)), -- JSON of flight.Control; '': none
    pools       TEXT NOT NULL CHECK (pools = '' OR json_valid(pools)), -- JSON of []flight.Pool; '': none
    told        INTEGER NOT NULL CHECK (told >= 0),
    change      INTEGER NOT NULL CHECK (change > 0)
) STRICT, WITHOUT ROWID;
CREATE INDEX departures_change ON departures (change);

CREATE TABLE legs (
    departure_id  BLOB NOT NULL REFERENCES departures (id),
    n             INTEGER NOT NULL CHECK (n BETWEEN 0 AND 9),
    origin        TEXT NOT NULL CHECK (length(origin) = 3),
    destination   TEXT NOT NULL CHECK (length(destination) = 3),
    departs       INTEGER NOT NULL,
    arrives       INTEGER NOT NULL,
    depart_offset INTEGER NOT NULL CHECK (depart_offset BETWEEN -1080 AND 1080), -- minutes east of UTC
    arrive_offset INTEGER NOT NULL CHECK (arrive_offset BETWEEN -1080 AND 1080),
    PRIMARY KEY (departure_id, n),
    CHECK (departs < arrives),
    CHECK (origin <> destination)
) STRICT, WITHOUT ROWID;

-- Departures that reservation is to be told of. owner sends until a time; with owner '', anybody from that time on.
CREATE TABLE commands (
    departure_id BLOB NOT NULL PRIMARY KEY REFERENCES departures (id),
    change       INTEGER NOT NULL CHECK (change > 0), -- the last write that asked for it
    stock        INTEGER NOT NULL CHECK (stock IN (0, 1)),
    disrupt      INTEGER NOT NULL CHECK (disrupt IN (0, 1)),
    owner        TEXT NOT NULL,
    until        INTEGER NOT NULL,
    CHECK (stock OR disrupt)
) STRICT, WITHOUT ROWID;
CREATE INDEX commands_until ON commands (until, departure_id);
