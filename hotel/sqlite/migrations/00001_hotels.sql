-- +goose Up
-- Instants are microseconds since 1970 UTC, dates days since 1970-01-01; amounts are minor units of the hotel's currency.

-- One row: the number of the last write. Writes lock it first.
CREATE TABLE counter (
    id     INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    change INTEGER NOT NULL CHECK (change >= 0)
) STRICT, WITHOUT ROWID;
INSERT INTO counter (id, change) VALUES (1, 0);

CREATE TABLE hotels (
    id              BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    supplier_id     BLOB NOT NULL CHECK (length(supplier_id) = 16),
    name            TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    stars           INTEGER NOT NULL CHECK (stars BETWEEN 0 AND 5),
    address         TEXT NOT NULL,
    postal_code     TEXT NOT NULL,
    city            TEXT NOT NULL,
    country         TEXT NOT NULL CHECK (length(country) = 2),
    latitude        REAL NOT NULL CHECK (latitude BETWEEN -90 AND 90),
    longitude       REAL NOT NULL CHECK (longitude BETWEEN -180 AND 180),
    time_zone       TEXT NOT NULL,
    currency        TEXT NOT NULL CHECK (length(currency) = 3),
    amenities       TEXT NOT NULL, -- words with blanks between them
    check_in_from   TEXT NOT NULL,
    check_out_until TEXT NOT NULL,
    overbooking_bp  INTEGER NOT NULL CHECK (overbooking_bp BETWEEN -10000 AND 20000),
    capacity        INTEGER CHECK (capacity > 0),
    cap_pool        INTEGER NOT NULL CHECK (cap_pool >= 0), -- 0: none
    external_ref    TEXT NOT NULL, -- '': none
    status          INTEGER NOT NULL CHECK (status BETWEEN 1 AND 3), -- preparing, active, retired
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL,
    nights_to       INTEGER NOT NULL,
    revision        INTEGER NOT NULL CHECK (revision > 0),
    change          INTEGER NOT NULL CHECK (change > 0), -- number of the last write
    write_id        BLOB NOT NULL CHECK (length(write_id) = 16)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX hotels_change ON hotels (change, id);
CREATE UNIQUE INDEX hotels_external_ref ON hotels (supplier_id, external_ref) WHERE external_ref <> '' AND status <> 3;

CREATE TABLE levies (
    hotel_id BLOB NOT NULL REFERENCES hotels (id),
    n        INTEGER NOT NULL,
    kind     INTEGER NOT NULL CHECK (kind IN (1, 2)), -- tax, fee
    code     TEXT NOT NULL,
    rule     INTEGER NOT NULL CHECK (rule BETWEEN 1 AND 5),
    bp       INTEGER NOT NULL CHECK (bp BETWEEN 0 AND 10000),
    minor    INTEGER NOT NULL CHECK (minor BETWEEN 0 AND 4294967295),
    included INTEGER NOT NULL CHECK (included IN (0, 1)),
    PRIMARY KEY (hotel_id, n),
    UNIQUE (hotel_id, code)
) STRICT, WITHOUT ROWID;

CREATE TABLE room_types (
    hotel_id       BLOB NOT NULL REFERENCES hotels (id),
    id             BLOB NOT NULL CHECK (length(id) = 16),
    name           TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    adults         INTEGER NOT NULL CHECK (adults BETWEEN 1 AND 20),
    children       INTEGER NOT NULL CHECK (children BETWEEN 0 AND 9),
    base_price     INTEGER NOT NULL CHECK (base_price BETWEEN 0 AND 4294967295),
    capacity       INTEGER NOT NULL CHECK (capacity BETWEEN 0 AND 100000),
    overbooking_bp INTEGER CHECK (overbooking_bp BETWEEN -10000 AND 20000), -- NULL: the hotel's
    pool           INTEGER NOT NULL CHECK (pool >= 0),
    status         INTEGER NOT NULL CHECK (status BETWEEN 1 AND 3),
    created_at     INTEGER NOT NULL,
    updated_at     INTEGER NOT NULL,
    PRIMARY KEY (hotel_id, id),
    CHECK (status <> 2 OR pool > 0) -- nothing is sold without stock
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX room_types_pool ON room_types (pool) WHERE pool > 0;

-- What nights cost that have a price of their own.
CREATE TABLE rates (
    hotel_id     BLOB NOT NULL,
    room_type_id BLOB NOT NULL,
    from_date    INTEGER NOT NULL,
    to_date      INTEGER NOT NULL,
    minor        INTEGER NOT NULL CHECK (minor BETWEEN 0 AND 4294967295),
    PRIMARY KEY (hotel_id, room_type_id, from_date),
    FOREIGN KEY (hotel_id, room_type_id) REFERENCES room_types (hotel_id, id),
    CHECK (from_date < to_date)
) STRICT, WITHOUT ROWID;

-- Bits: 0-7 min stay, 8-15 max stay, 16 closed to arrival, 17 closed to departure.
CREATE TABLE restrictions (
    hotel_id     BLOB NOT NULL,
    room_type_id BLOB NOT NULL,
    from_date    INTEGER NOT NULL,
    to_date      INTEGER NOT NULL,
    bits         INTEGER NOT NULL CHECK (bits BETWEEN 1 AND 262143),
    PRIMARY KEY (hotel_id, room_type_id, from_date),
    FOREIGN KEY (hotel_id, room_type_id) REFERENCES room_types (hotel_id, id),
    CHECK (from_date < to_date)
) STRICT, WITHOUT ROWID;

CREATE TABLE rooms (
    hotel_id     BLOB NOT NULL REFERENCES hotels (id),
    id           BLOB NOT NULL CHECK (length(id) = 16),
    room_type_id BLOB NOT NULL,
    number       TEXT NOT NULL CHECK (length(number) BETWEEN 1 AND 20),
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL,
    PRIMARY KEY (hotel_id, id),
    UNIQUE (hotel_id, number),
    FOREIGN KEY (hotel_id, room_type_id) REFERENCES room_types (hotel_id, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE outages (
    hotel_id  BLOB NOT NULL,
    room_id   BLOB NOT NULL,
    n         INTEGER NOT NULL,
    from_date INTEGER NOT NULL,
    to_date   INTEGER NOT NULL,
    reason    TEXT NOT NULL,
    PRIMARY KEY (hotel_id, room_id, n),
    FOREIGN KEY (hotel_id, room_id) REFERENCES rooms (hotel_id, id),
    CHECK (from_date < to_date)
) STRICT, WITHOUT ROWID;

CREATE TABLE rate_plans (
    hotel_id   BLOB NOT NULL REFERENCES hotels (id),
    id         BLOB NOT NULL CHECK (length(id) = 16),
    version_id BLOB NOT NULL CHECK (length(version_id) = 16), -- the current one
    status     INTEGER NOT NULL CHECK (status IN (2, 3)),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (hotel_id, id)
) STRICT, WITHOUT ROWID;

-- Offers name versions, so a version is never changed.
CREATE TABLE rate_plan_versions (
    hotel_id         BLOB NOT NULL,
    plan_id          BLOB NOT NULL,
    id               BLOB NOT NULL CHECK (length(id) = 16),
    name             TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    board            INTEGER NOT NULL CHECK (board BETWEEN 1 AND 5),
    percent_bp       INTEGER NOT NULL CHECK (percent_bp >= 0),
    amount           INTEGER NOT NULL,
    included_adults  INTEGER NOT NULL CHECK (included_adults >= 0),
    extra_adult      INTEGER NOT NULL CHECK (extra_adult >= 0),
    child_bands      TEXT NOT NULL, -- JSON: [{"up_to_age": 5, "minor": 0}]
    free_until_hours INTEGER NOT NULL CHECK (free_until_hours >= -1),
    fee_bp           INTEGER NOT NULL CHECK (fee_bp BETWEEN 0 AND 10000),
    room_types       TEXT NOT NULL, -- public ids with blanks between them; '': all
    created_at       INTEGER NOT NULL,
    PRIMARY KEY (hotel_id, plan_id, id),
    FOREIGN KEY (hotel_id, plan_id) REFERENCES rate_plans (hotel_id, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE overrides (
    hotel_id     BLOB NOT NULL,
    plan_id      BLOB NOT NULL,
    room_type_id BLOB NOT NULL,
    from_date    INTEGER NOT NULL,
    to_date      INTEGER NOT NULL,
    minor        INTEGER NOT NULL CHECK (minor BETWEEN 0 AND 4294967295),
    PRIMARY KEY (hotel_id, plan_id, room_type_id, from_date),
    FOREIGN KEY (hotel_id, plan_id) REFERENCES rate_plans (hotel_id, id),
    FOREIGN KEY (hotel_id, room_type_id) REFERENCES room_types (hotel_id, id),
    CHECK (from_date < to_date)
) STRICT, WITHOUT ROWID;

-- Stock commands that have not taken effect yet, in the order of their changes.
CREATE TABLE commands (
    hotel_id   BLOB NOT NULL REFERENCES hotels (id),
    change     INTEGER NOT NULL,
    body       TEXT NOT NULL, -- JSON of hotel.Command
    created_at INTEGER NOT NULL,
    PRIMARY KEY (hotel_id, change)
) STRICT, WITHOUT ROWID;

-- Who sends the commands of a hotel: owner until a time, or, with owner '', anybody from that time on.
CREATE TABLE queues (
    hotel_id BLOB NOT NULL PRIMARY KEY REFERENCES hotels (id),
    owner    TEXT NOT NULL,
    until    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX queues_until ON queues (until);
