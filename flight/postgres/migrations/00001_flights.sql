-- +goose Up

-- One row: the number of the last write. Writes lock it first.
CREATE TABLE counter (
    id     bigint NOT NULL PRIMARY KEY CHECK (id = 1),
    change bigint NOT NULL CHECK (change >= 0)
);
INSERT INTO counter (id, change) VALUES (1, 0);

-- The latest writes, for those whose answer was lost.
CREATE TABLE writes (
    change bigint NOT NULL PRIMARY KEY,
    id     bytea NOT NULL UNIQUE CHECK (octet_length(id) = 16)
);

CREATE TABLE airports (
    iata            text NOT NULL PRIMARY KEY CHECK (char_length(iata) = 3),
    icao            text NOT NULL,
    name            text NOT NULL,
    city            text NOT NULL,
    country         text NOT NULL CHECK (char_length(country) = 2),
    zone            text NOT NULL CHECK (char_length(zone) > 0),
    metro           text NOT NULL, -- '': none
    latitude        double precision NOT NULL CHECK (latitude BETWEEN -90 AND 90),
    longitude       double precision NOT NULL CHECK (longitude BETWEEN -180 AND 180),
    connect_minutes integer NOT NULL CHECK (connect_minutes BETWEEN 0 AND 1440), -- 0: the default
    change          bigint NOT NULL CHECK (change > 0) -- number of the last write
);
CREATE INDEX airports_change ON airports (change);

CREATE TABLE carriers (
    code        text NOT NULL PRIMARY KEY CHECK (char_length(code) BETWEEN 2 AND 3),
    supplier_id bytea NOT NULL CHECK (octet_length(supplier_id) = 16),
    name        text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 200),
    interline   text NOT NULL, -- carrier codes with blanks between them
    revision    bigint NOT NULL CHECK (revision > 0),
    change      bigint NOT NULL CHECK (change > 0)
);

CREATE TABLE aircraft (
    id          bytea NOT NULL PRIMARY KEY CHECK (octet_length(id) = 16),
    supplier_id bytea NOT NULL CHECK (octet_length(supplier_id) = 16),
    code        text NOT NULL CHECK (char_length(code) <= 4), -- '': known by its seats alone
    name        text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 200),
    sections    text NOT NULL CHECK (sections::json IS NOT NULL), -- JSON of []flight.Section
    revision    bigint NOT NULL CHECK (revision > 0),
    change      bigint NOT NULL CHECK (change > 0)
);

CREATE TABLE tariffs (
    supplier_id bytea NOT NULL PRIMARY KEY CHECK (octet_length(supplier_id) = 16),
    body        text NOT NULL CHECK (body::json IS NOT NULL), -- JSON of flight.Tariff
    revision    bigint NOT NULL CHECK (revision > 0),
    change      bigint NOT NULL CHECK (change > 0)
);

-- Offers name versions of fare families, so a version is never changed.
CREATE TABLE family_versions (
    id        bytea NOT NULL PRIMARY KEY CHECK (octet_length(id) = 16),
    family_id bytea NOT NULL CHECK (octet_length(family_id) = 16),
    body      text NOT NULL CHECK (body::json IS NOT NULL), -- JSON of flight.Family
    change    bigint NOT NULL CHECK (change > 0)
);

CREATE TABLE fares (
    supplier_id bytea NOT NULL CHECK (octet_length(supplier_id) = 16),
    origin      text NOT NULL CHECK (char_length(origin) = 3),
    destination text NOT NULL CHECK (char_length(destination) = 3),
    class       text NOT NULL CHECK (char_length(class) BETWEEN 1 AND 2),
    stamp       bigint NOT NULL,
    state       text NOT NULL CHECK (state::json IS NOT NULL), -- JSON of flight.Fare.State
    change      bigint NOT NULL CHECK (change > 0),
    PRIMARY KEY (supplier_id, origin, destination, class),
    CHECK (origin <> destination)
);
CREATE INDEX fares_change ON fares (change);

CREATE TABLE feeds (
    supplier_id bytea NOT NULL CHECK (octet_length(supplier_id) = 16),
    name        text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 64),
    stamp       bigint NOT NULL,
    change      bigint NOT NULL CHECK (change > 0),
    PRIMARY KEY (supplier_id, name)
);

CREATE TABLE schedules (
    supplier_id bytea NOT NULL CHECK (octet_length(supplier_id) = 16),
    feed        text NOT NULL,
    id          bytea NOT NULL UNIQUE CHECK (octet_length(id) = 16),
    carrier     text NOT NULL,
    number      text NOT NULL,
    suffix      text NOT NULL,
    first_date  date NOT NULL,
    last_date   date NOT NULL,
    weekdays    integer NOT NULL CHECK (weekdays BETWEEN 1 AND 127), -- bit 0 is Monday
    legs        text NOT NULL CHECK (legs::json IS NOT NULL), -- JSON of []flight.ScheduleLeg
    PRIMARY KEY (supplier_id, feed, id),
    CHECK (first_date <= last_date)
);

CREATE TABLE departures (
    id          bytea NOT NULL PRIMARY KEY CHECK (octet_length(id) = 16),
    supplier_id bytea NOT NULL CHECK (octet_length(supplier_id) = 16),
    feed        text NOT NULL,
    carrier     text NOT NULL CHECK (char_length(carrier) BETWEEN 2 AND 3),
    number      text NOT NULL CHECK (char_length(number) BETWEEN 1 AND 8),
    suffix      text NOT NULL CHECK (char_length(suffix) <= 1),
    date        date NOT NULL, -- at the first airport
    origin      text NOT NULL CHECK (char_length(origin) = 3),
    destination text NOT NULL CHECK (char_length(destination) = 3),
    operator    text NOT NULL, -- '': carrier
    codeshares  text NOT NULL, -- numbers with blanks between them
    equipment   text NOT NULL,
    tail        text NOT NULL,
    aircraft_id bytea NOT NULL CHECK (octet_length(aircraft_id) = 16), -- zeros: none
    removed     boolean NOT NULL,
    live        text NOT NULL CHECK (live = '' OR live::json IS NOT NULL), -- JSON of flight.Live; '': none
    control     text NOT NULL CHECK (control = '' OR control::json IS NOT NULL), -- JSON of flight.Control; '': none
    pools       text NOT NULL CHECK (pools = '' OR pools::json IS NOT NULL), -- JSON of []flight.Pool; '': none
    told        integer NOT NULL CHECK (told >= 0),
    change      bigint NOT NULL CHECK (change > 0)
);
CREATE INDEX departures_change ON departures (change);

CREATE TABLE legs (
    departure_id  bytea NOT NULL REFERENCES departures (id),
    n             integer NOT NULL CHECK (n BETWEEN 0 AND 9),
    origin        text NOT NULL CHECK (char_length(origin) = 3),
    destination   text NOT NULL CHECK (char_length(destination) = 3),
    departs       timestamptz NOT NULL,
    arrives       timestamptz NOT NULL,
    depart_offset integer NOT NULL CHECK (depart_offset BETWEEN -1080 AND 1080), -- minutes east of UTC
    arrive_offset integer NOT NULL CHECK (arrive_offset BETWEEN -1080 AND 1080),
    PRIMARY KEY (departure_id, n),
    CHECK (departs < arrives),
    CHECK (origin <> destination)
);

-- Departures that reservation is to be told of. owner sends until a time; with owner '', anybody from that time on.
CREATE TABLE commands (
    departure_id bytea NOT NULL PRIMARY KEY REFERENCES departures (id),
    change       bigint NOT NULL CHECK (change > 0), -- the last write that asked for it
    stock        boolean NOT NULL,
    disrupt      boolean NOT NULL,
    owner        text NOT NULL,
    until        timestamptz NOT NULL,
    CHECK (stock OR disrupt)
);
CREATE INDEX commands_until ON commands (until, departure_id);
