-- +goose Up
-- Amounts are minor units of the hotel's currency; runs of nights are half-open.

-- One row: the number of the last write. Writes lock it first.
CREATE TABLE counter (
    id     bigint NOT NULL PRIMARY KEY CHECK (id = 1),
    change bigint NOT NULL CHECK (change >= 0)
);
INSERT INTO counter (id, change) VALUES (1, 0);

CREATE TABLE hotels (
    id              bytea NOT NULL PRIMARY KEY CHECK (octet_length(id) = 16),
    supplier_id     bytea NOT NULL CHECK (octet_length(supplier_id) = 16),
    name            text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 200),
    stars           integer NOT NULL CHECK (stars BETWEEN 0 AND 5),
    address         text NOT NULL,
    postal_code     text NOT NULL,
    city            text NOT NULL,
    country         text NOT NULL CHECK (char_length(country) = 2),
    latitude        double precision NOT NULL CHECK (latitude BETWEEN -90 AND 90),
    longitude       double precision NOT NULL CHECK (longitude BETWEEN -180 AND 180),
    time_zone       text NOT NULL,
    currency        text NOT NULL CHECK (char_length(currency) = 3),
    amenities       text NOT NULL, -- words with blanks between them
    check_in_from   text NOT NULL,
    check_out_until text NOT NULL,
    overbooking_bp  integer NOT NULL CHECK (overbooking_bp BETWEEN -10000 AND 20000),
    capacity        bigint CHECK (capacity > 0),
    cap_pool        bigint NOT NULL CHECK (cap_pool >= 0), -- 0: none
    external_ref    text NOT NULL, -- '': none
    status          integer NOT NULL CHECK (status BETWEEN 1 AND 3), -- preparing, active, retired
    created_at      timestamptz NOT NULL,
    updated_at      timestamptz NOT NULL,
    nights_to       date NOT NULL,
    revision        bigint NOT NULL CHECK (revision > 0),
    change          bigint NOT NULL CHECK (change > 0), -- number of the last write
    write_id        bytea NOT NULL CHECK (octet_length(write_id) = 16)
);
CREATE UNIQUE INDEX hotels_change ON hotels (change, id);
CREATE UNIQUE INDEX hotels_external_ref ON hotels (supplier_id, external_ref) WHERE external_ref <> '' AND status <> 3;

CREATE TABLE levies (
    hotel_id bytea NOT NULL REFERENCES hotels (id),
    n        integer NOT NULL,
    kind     integer NOT NULL CHECK (kind IN (1, 2)), -- tax, fee
    code     text NOT NULL,
    rule     integer NOT NULL CHECK (rule BETWEEN 1 AND 5),
    bp       integer NOT NULL CHECK (bp BETWEEN 0 AND 10000),
    minor    bigint NOT NULL CHECK (minor BETWEEN 0 AND 4294967295),
    included boolean NOT NULL,
    PRIMARY KEY (hotel_id, n),
    UNIQUE (hotel_id, code)
);

CREATE TABLE room_types (
    hotel_id       bytea NOT NULL REFERENCES hotels (id),
    id             bytea NOT NULL CHECK (octet_length(id) = 16),
    name           text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 200),
    adults         integer NOT NULL CHECK (adults BETWEEN 1 AND 20),
    children       integer NOT NULL CHECK (children BETWEEN 0 AND 9),
    base_price     bigint NOT NULL CHECK (base_price BETWEEN 0 AND 4294967295),
    capacity       bigint NOT NULL CHECK (capacity BETWEEN 0 AND 100000),
    overbooking_bp integer CHECK (overbooking_bp BETWEEN -10000 AND 20000), -- NULL: the hotel's
    pool           bigint NOT NULL CHECK (pool >= 0),
    status         integer NOT NULL CHECK (status BETWEEN 1 AND 3),
    created_at     timestamptz NOT NULL,
    updated_at     timestamptz NOT NULL,
    PRIMARY KEY (hotel_id, id),
    CHECK (status <> 2 OR pool > 0) -- nothing is sold without stock
);
CREATE UNIQUE INDEX room_types_pool ON room_types (pool) WHERE pool > 0;

-- What nights cost that have a price of their own.
CREATE TABLE rates (
    hotel_id     bytea NOT NULL,
    room_type_id bytea NOT NULL,
    from_date    date NOT NULL,
    to_date      date NOT NULL,
    minor        bigint NOT NULL CHECK (minor BETWEEN 0 AND 4294967295),
    PRIMARY KEY (hotel_id, room_type_id, from_date),
    FOREIGN KEY (hotel_id, room_type_id) REFERENCES room_types (hotel_id, id),
    CHECK (from_date < to_date)
);

-- Bits: 0-7 min stay, 8-15 max stay, 16 closed to arrival, 17 closed to departure.
CREATE TABLE restrictions (
    hotel_id     bytea NOT NULL,
    room_type_id bytea NOT NULL,
    from_date    date NOT NULL,
    to_date      date NOT NULL,
    bits         bigint NOT NULL CHECK (bits BETWEEN 1 AND 262143),
    PRIMARY KEY (hotel_id, room_type_id, from_date),
    FOREIGN KEY (hotel_id, room_type_id) REFERENCES room_types (hotel_id, id),
    CHECK (from_date < to_date)
);

CREATE TABLE rooms (
    hotel_id     bytea NOT NULL REFERENCES hotels (id),
    id           bytea NOT NULL CHECK (octet_length(id) = 16),
    room_type_id bytea NOT NULL,
    number       text NOT NULL CHECK (char_length(number) BETWEEN 1 AND 20),
    created_at   timestamptz NOT NULL,
    updated_at   timestamptz NOT NULL,
    PRIMARY KEY (hotel_id, id),
    UNIQUE (hotel_id, number),
    FOREIGN KEY (hotel_id, room_type_id) REFERENCES room_types (hotel_id, id)
);

CREATE TABLE outages (
    hotel_id  bytea NOT NULL,
    room_id   bytea NOT NULL,
    n         integer NOT NULL,
    from_date date NOT NULL,
    to_date   date NOT NULL,
    reason    text NOT NULL,
    PRIMARY KEY (hotel_id, room_id, n),
    FOREIGN KEY (hotel_id, room_id) REFERENCES rooms (hotel_id, id),
    CHECK (from_date < to_date)
);

CREATE TABLE rate_plans (
    hotel_id   bytea NOT NULL REFERENCES hotels (id),
    id         bytea NOT NULL CHECK (octet_length(id) = 16),
    version_id bytea NOT NULL CHECK (octet_length(version_id) = 16), -- the current one
    status     integer NOT NULL CHECK (status IN (2, 3)),
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (hotel_id, id)
);

-- Offers name versions, so a version is never changed.
CREATE TABLE rate_plan_versions (
    hotel_id         bytea NOT NULL,
    plan_id          bytea NOT NULL,
    id               bytea NOT NULL CHECK (octet_length(id) = 16),
    name             text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 200),
    board            integer NOT NULL CHECK (board BETWEEN 1 AND 5),
    percent_bp       integer NOT NULL CHECK (percent_bp >= 0),
    amount           bigint NOT NULL,
    included_adults  integer NOT NULL CHECK (included_adults >= 0),
    extra_adult      bigint NOT NULL CHECK (extra_adult >= 0),
    child_bands      text NOT NULL, -- JSON: [{"up_to_age": 5, "minor": 0}]
    free_until_hours integer NOT NULL CHECK (free_until_hours >= -1),
    fee_bp           integer NOT NULL CHECK (fee_bp BETWEEN 0 AND 10000),
    room_types       text NOT NULL, -- public ids with blanks between them; '': all
    created_at       timestamptz NOT NULL,
    PRIMARY KEY (hotel_id, plan_id, id),
    FOREIGN KEY (hotel_id, plan_id) REFERENCES rate_plans (hotel_id, id)
);

CREATE TABLE overrides (
    hotel_id     bytea NOT NULL,
    plan_id      bytea NOT NULL,
    room_type_id bytea NOT NULL,
    from_date    date NOT NULL,
    to_date      date NOT NULL,
    minor        bigint NOT NULL CHECK (minor BETWEEN 0 AND 4294967295),
    PRIMARY KEY (hotel_id, plan_id, room_type_id, from_date),
    FOREIGN KEY (hotel_id, plan_id) REFERENCES rate_plans (hotel_id, id),
    FOREIGN KEY (hotel_id, room_type_id) REFERENCES room_types (hotel_id, id),
    CHECK (from_date < to_date)
);

-- Stock commands that have not taken effect yet, in the order of their changes.
CREATE TABLE commands (
    hotel_id   bytea NOT NULL REFERENCES hotels (id),
    change     bigint NOT NULL,
    body       text NOT NULL, -- JSON of hotel.Command
    created_at timestamptz NOT NULL,
    PRIMARY KEY (hotel_id, change)
);

-- Who sends the commands of a hotel: owner until a time, or, with owner '', anybody from that time on.
CREATE TABLE queues (
    hotel_id bytea NOT NULL PRIMARY KEY REFERENCES hotels (id),
    owner    text NOT NULL,
    until    timestamptz NOT NULL
);
CREATE INDEX queues_until ON queues (until);
