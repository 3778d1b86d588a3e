-- The statements of the PostgreSQL store of feeds. Their arguments are those of intake/relational.

-- name: now
-- The clock that leases go by.
SELECT clock_timestamp();

-- name: lock_feed
SELECT partner, supplier_id, format, url, every_ms, jitter_ms, max_removed_bp, shift_weeks, enabled, header_name,
       header_value, revision, created_at, updated_at, due, failures, received_at, applied_at, stamp_n, stamp_at,
       begun_n, begun_at, digest, etag, last_modified, held_run, held_n, held_at, held_digest, held_bytes, run_id,
       lease_until
FROM feeds
WHERE partner = $1
FOR UPDATE;

-- name: feed
SELECT partner, supplier_id, format, url, every_ms, jitter_ms, max_removed_bp, shift_weeks, enabled, header_name,
       header_value, revision, created_at, updated_at, due, failures, received_at, applied_at, stamp_n, stamp_at,
       begun_n, begun_at, digest, etag, last_modified, held_run, held_n, held_at, held_digest, held_bytes, run_id,
       lease_until
FROM feeds
WHERE partner = $1;

-- name: feeds
SELECT partner, supplier_id, format, url, every_ms, jitter_ms, max_removed_bp, shift_weeks, enabled, header_name,
       header_value, revision, created_at, updated_at, due, failures, received_at, applied_at, stamp_n, stamp_at,
       begun_n, begun_at, digest, etag, last_modified, held_run, held_n, held_at, held_digest, held_bytes, run_id,
       lease_until
FROM feeds
WHERE ($1 OR supplier_id = $2) AND partner > $3
ORDER BY partner
LIMIT $4;

-- name: due
SELECT partner
FROM feeds
WHERE enabled AND url <> '' AND due <= $1 AND lease_until <= $2
ORDER BY due, partner
LIMIT $3;

-- name: insert_feed
INSERT INTO feeds (partner, supplier_id, format, url, every_ms, jitter_ms, max_removed_bp, shift_weeks, enabled, header_name,
       header_value, revision, created_at, updated_at, due, failures, received_at, applied_at, stamp_n, stamp_at,
       begun_n, begun_at, digest, etag, last_modified, held_run, held_n, held_at, held_digest, held_bytes, run_id,
       lease_until)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25,
       $26, $27, $28, $29, $30, $31, $32);

-- name: update_feed
UPDATE feeds
SET supplier_id = $2, format = $3, url = $4, every_ms = $5, jitter_ms = $6, max_removed_bp = $7, shift_weeks = $8,
    enabled = $9, header_name = $10, header_value = $11, revision = $12, created_at = $13, updated_at = $14
WHERE partner = $1;

-- name: update_state
UPDATE feeds
SET due = $2, failures = $3, received_at = $4, applied_at = $5, stamp_n = $6, stamp_at = $7, begun_n = $8, begun_at =
    $9, digest = $10, etag = $11, last_modified = $12, held_run = $13, held_n = $14, held_at = $15, held_digest =
    $16, held_bytes = $17, run_id = $18, lease_until = $19
WHERE partner = $1;

-- name: delete_feed
-- Its runs and what is kept of them go with it.
DELETE FROM feeds WHERE partner = $1;

-- name: put_run
INSERT INTO runs (partner, id, cause, actor, started_at, ended_at, outcome, dry_run, stamp_n, stamp_at, bytes, kept, of_run, added,
       changed, removed, untouched, stale, refused, code, message, remarks, took_us)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23)
ON CONFLICT (partner, id) DO UPDATE
SET cause = excluded.cause, actor = excluded.actor, started_at = excluded.started_at, ended_at = excluded.ended_at,
    outcome = excluded.outcome, dry_run = excluded.dry_run, stamp_n = excluded.stamp_n, stamp_at =
    excluded.stamp_at, bytes = excluded.bytes, kept = excluded.kept, of_run = excluded.of_run, added =
    excluded.added, changed = excluded.changed, removed = excluded.removed, untouched = excluded.untouched, stale =
    excluded.stale, refused = excluded.refused, code = excluded.code, message = excluded.message, remarks =
    excluded.remarks, took_us = excluded.took_us;

-- name: lose_run
UPDATE runs
SET outcome = $4, ended_at = $3, code = 'lost', message = 'The process that worked on it is gone.'
WHERE partner = $1 AND id = $2 AND outcome = $5;

-- name: prune_runs
-- Those before the newest ones, but for what waits for a human and what still runs.
DELETE FROM runs
WHERE partner = $1 AND NOT kept AND outcome <> 1
  AND id <= (SELECT r.id FROM runs AS r WHERE r.partner = $1 ORDER BY r.id DESC LIMIT 1 OFFSET $2);

-- name: unkeep_run
UPDATE runs SET kept = false WHERE partner = $1 AND id = $2;

-- name: drop_parts
DELETE FROM parts WHERE partner = $1 AND run_id = $2;

-- name: runs
SELECT partner, id, cause, actor, started_at, ended_at, outcome, dry_run, stamp_n, stamp_at, bytes, kept, of_run, added,
       changed, removed, untouched, stale, refused, code, message, remarks, took_us
FROM runs
WHERE partner = $1 AND ($2 OR id < $3)
ORDER BY id DESC
LIMIT $4;

-- name: run
SELECT partner, id, cause, actor, started_at, ended_at, outcome, dry_run, stamp_n, stamp_at, bytes, kept, of_run, added,
       changed, removed, untouched, stale, refused, code, message, remarks, took_us
FROM runs
WHERE partner = $1 AND id = $2;

-- name: put_part
INSERT INTO parts (partner, run_id, n, body)
VALUES ($1, $2, $3, $4)
ON CONFLICT (partner, run_id, n) DO UPDATE SET body = excluded.body;

-- name: part
SELECT body FROM parts WHERE partner = $1 AND run_id = $2 AND n = $3;

-- name: kept_bytes
SELECT coalesce(sum(held_bytes), 0)::bigint FROM feeds;
