-- +goose Up
-- Instants are microseconds since 1970 UTC.
-- The instant 0001-01-01, an id of zeros and a digest of zeros mean none.

CREATE TABLE feeds (
    partner        TEXT NOT NULL PRIMARY KEY CHECK (length(partner) BETWEEN 1 AND 40),
    supplier_id    BLOB NOT NULL CHECK (length(supplier_id) = 16),
    format         TEXT NOT NULL CHECK (length(format) BETWEEN 1 AND 40),
    url            TEXT NOT NULL CHECK (length(url) <= 2000), -- '': pushed only
    every_ms       INTEGER NOT NULL CHECK (every_ms BETWEEN 60000 AND 2678400000),
    jitter_ms      INTEGER NOT NULL CHECK (jitter_ms BETWEEN 0 AND every_ms),
    max_removed_bp INTEGER NOT NULL CHECK (max_removed_bp BETWEEN 0 AND 10000),
    shift_weeks    INTEGER NOT NULL CHECK (shift_weeks BETWEEN -5000 AND 5000),
    enabled        INTEGER NOT NULL CHECK (enabled IN (0, 1)),
    header_name    TEXT NOT NULL CHECK (length(header_name) <= 64),
    header_value   TEXT NOT NULL CHECK (length(header_value) <= 4000 AND (header_value = '') = (header_name = '')),
    revision       INTEGER NOT NULL CHECK (revision > 0),
    created_at     INTEGER NOT NULL,
    updated_at     INTEGER NOT NULL,

    due            INTEGER NOT NULL,
    failures       INTEGER NOT NULL CHECK (failures >= 0),
    received_at    INTEGER NOT NULL,
    applied_at     INTEGER NOT NULL,
    stamp_n        INTEGER NOT NULL CHECK (stamp_n >= 0),
    stamp_at       INTEGER NOT NULL,
    begun_n        INTEGER NOT NULL,
    begun_at       INTEGER NOT NULL,
    digest         BLOB NOT NULL CHECK (length(digest) = 32),
    etag           TEXT NOT NULL CHECK (length(CAST(etag AS BLOB)) <= 500),
    last_modified  TEXT NOT NULL CHECK (length(CAST(last_modified AS BLOB)) <= 500),
    held_run       BLOB NOT NULL CHECK (length(held_run) = 16),
    held_n         INTEGER NOT NULL CHECK (held_n >= 0),
    held_at        INTEGER NOT NULL,
    held_digest    BLOB NOT NULL CHECK (length(held_digest) = 32),
    held_bytes     INTEGER NOT NULL CHECK (held_bytes >= 0),
    run_id         BLOB NOT NULL CHECK (length(run_id) = 16), -- works on it
    lease_until    INTEGER NOT NULL,
    -- what was begun is never older than what was applied
    CHECK (begun_n > stamp_n OR begun_n = stamp_n AND begun_at >= stamp_at)
) STRICT, WITHOUT ROWID;
CREATE INDEX feeds_due ON feeds (due, partner) WHERE enabled AND url <> '';
CREATE INDEX feeds_supplier ON feeds (supplier_id, partner);

CREATE TABLE runs (
    partner    TEXT NOT NULL REFERENCES feeds (partner) ON DELETE CASCADE,
    id         BLOB NOT NULL CHECK (length(id) = 16), -- in the order of time
    cause      INTEGER NOT NULL CHECK (cause BETWEEN 1 AND 4), -- scheduled, asked, pushed, approved
    actor      TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    ended_at   INTEGER NOT NULL,
    outcome    INTEGER NOT NULL CHECK (outcome BETWEEN 1 AND 8), -- running, applied, unchanged, stale, held, refused, failed, discarded
    dry_run    INTEGER NOT NULL CHECK (dry_run IN (0, 1)),
    stamp_n    INTEGER NOT NULL CHECK (stamp_n >= 0),
    stamp_at   INTEGER NOT NULL,
    bytes      INTEGER NOT NULL CHECK (bytes >= 0),
    kept       INTEGER NOT NULL CHECK (kept IN (0, 1)),
    of_run     BLOB NOT NULL CHECK (length(of_run) = 16),
    added      INTEGER NOT NULL CHECK (added >= 0),
    changed    INTEGER NOT NULL CHECK (changed >= 0),
    removed    INTEGER NOT NULL CHECK (removed >= 0),
    untouched  INTEGER NOT NULL CHECK (untouched >= 0),
    stale      INTEGER NOT NULL CHECK (stale >= 0),
    refused    INTEGER NOT NULL CHECK (refused >= 0),
    code       TEXT NOT NULL CHECK (length(code) <= 100),
    message    TEXT NOT NULL CHECK (length(message) <= 500),
    remarks    TEXT NOT NULL, -- JSON
    took_us    INTEGER NOT NULL CHECK (took_us >= 0),
    PRIMARY KEY (partner, id),
    CHECK (NOT kept OR outcome = 5),
    CHECK ((outcome = 1) = (ended_at = -62135596800000000))
) STRICT, WITHOUT ROWID;

-- Deliveries that wait for a human, in parts.
CREATE TABLE parts (
    partner TEXT NOT NULL,
    run_id  BLOB NOT NULL,
    n       INTEGER NOT NULL CHECK (n >= 0),
    body    BLOB NOT NULL CHECK (length(body) BETWEEN 1 AND 1048576),
    PRIMARY KEY (partner, run_id, n),
    FOREIGN KEY (partner, run_id) REFERENCES runs (partner, id) ON DELETE CASCADE
) STRICT;
