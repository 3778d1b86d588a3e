-- +goose Up
-- The instant 0001-01-01, an id of zeros and a digest of zeros mean none.

CREATE TABLE feeds (
    partner        text NOT NULL COLLATE "C" PRIMARY KEY CHECK (char_length(partner) BETWEEN 1 AND 40),
    supplier_id    bytea NOT NULL CHECK (octet_length(supplier_id) = 16),
    format         text NOT NULL CHECK (char_length(format) BETWEEN 1 AND 40),
    url            text NOT NULL CHECK (char_length(url) <= 2000), -- '': pushed only
    every_ms       bigint NOT NULL CHECK (every_ms BETWEEN 60000 AND 2678400000),
    jitter_ms      bigint NOT NULL CHECK (jitter_ms BETWEEN 0 AND every_ms),
    max_removed_bp bigint NOT NULL CHECK (max_removed_bp BETWEEN 0 AND 10000),
    shift_weeks    bigint NOT NULL CHECK (shift_weeks BETWEEN -5000 AND 5000),
    enabled        boolean NOT NULL,
    header_name    text NOT NULL CHECK (char_length(header_name) <= 64),
    header_value   text NOT NULL CHECK (char_length(header_value) <= 4000 AND (header_value = '') = (header_name = '')),
    revision       bigint NOT NULL CHECK (revision > 0),
    created_at     timestamptz NOT NULL,
    updated_at     timestamptz NOT NULL,

    due            timestamptz NOT NULL,
    failures       bigint NOT NULL CHECK (failures >= 0),
    received_at    timestamptz NOT NULL,
    applied_at     timestamptz NOT NULL,
    stamp_n        bigint NOT NULL CHECK (stamp_n >= 0),
    stamp_at       timestamptz NOT NULL,
    begun_n        bigint NOT NULL,
    begun_at       timestamptz NOT NULL,
    digest         bytea NOT NULL CHECK (octet_length(digest) = 32),
    etag           text NOT NULL CHECK (octet_length(etag) <= 500),
    last_modified  text NOT NULL CHECK (octet_length(last_modified) <= 500),
    held_run       bytea NOT NULL CHECK (octet_length(held_run) = 16),
    held_n         bigint NOT NULL CHECK (held_n >= 0),
    held_at        timestamptz NOT NULL,
    held_digest    bytea NOT NULL CHECK (octet_length(held_digest) = 32),
    held_bytes     bigint NOT NULL CHECK (held_bytes >= 0),
    run_id         bytea NOT NULL CHECK (octet_length(run_id) = 16), -- works on it
    lease_until    timestamptz NOT NULL,
    -- what was begun is never older than what was applied
    CHECK (begun_n > stamp_n OR begun_n = stamp_n AND begun_at >= stamp_at)
);
CREATE INDEX feeds_due ON feeds (due, partner) WHERE enabled AND url <> '';
CREATE INDEX feeds_supplier ON feeds (supplier_id, partner);

CREATE TABLE runs (
    partner    text NOT NULL COLLATE "C" REFERENCES feeds (partner) ON DELETE CASCADE,
    id         bytea NOT NULL CHECK (octet_length(id) = 16), -- in the order of time
    cause      bigint NOT NULL CHECK (cause BETWEEN 1 AND 4), -- scheduled, asked, pushed, approved
    actor      text NOT NULL,
    started_at timestamptz NOT NULL,
    ended_at   timestamptz NOT NULL,
    outcome    bigint NOT NULL CHECK (outcome BETWEEN 1 AND 8), -- running, applied, unchanged, stale, held, refused, failed, discarded
    dry_run    boolean NOT NULL,
    stamp_n    bigint NOT NULL CHECK (stamp_n >= 0),
    stamp_at   timestamptz NOT NULL,
    bytes      bigint NOT NULL CHECK (bytes >= 0),
    kept       boolean NOT NULL,
    of_run     bytea NOT NULL CHECK (octet_length(of_run) = 16),
    added      bigint NOT NULL CHECK (added >= 0),
    changed    bigint NOT NULL CHECK (changed >= 0),
    removed    bigint NOT NULL CHECK (removed >= 0),
    untouched  bigint NOT NULL CHECK (untouched >= 0),
    stale      bigint NOT NULL CHECK (stale >= 0),
    refused    bigint NOT NULL CHECK (refused >= 0),
    code       text NOT NULL CHECK (char_length(code) <= 100),
    message    text NOT NULL CHECK (char_length(message) <= 500),
    remarks    text NOT NULL, -- JSON
    took_us    bigint NOT NULL CHECK (took_us >= 0),
    PRIMARY KEY (partner, id),
    CHECK (NOT kept OR outcome = 5),
    CHECK ((outcome = 1) = (ended_at = '0001-01-01 00:00:00+00'))
);

-- Deliveries that wait for a human, in parts.
CREATE TABLE parts (
    partner text NOT NULL COLLATE "C",
    run_id  bytea NOT NULL,
    n       bigint NOT NULL CHECK (n >= 0),
    body    bytea NOT NULL CHECK (octet_length(body) BETWEEN 1 AND 1048576),
    PRIMARY KEY (partner, run_id, n),
    FOREIGN KEY (partner, run_id) REFERENCES runs (partner, id) ON DELETE CASCADE
);
