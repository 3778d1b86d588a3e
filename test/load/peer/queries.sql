-- The forms that reservation systems usually have, on the tables of reservation/postgres: the same rows with the same
-- indexes and constraints as ours.

-- name: pools
INSERT INTO pools (id, ref, supplier, physical, overbooking_bp, from_slot, to_slot, retired, version)
SELECT p, gen_random_uuid(), $5, $2, 0, $3, $4, false, 1 FROM generate_series(1, $1::bigint) p;

-- name: slots
INSERT INTO slots (pool, version, slot, physical, out_of_order, overbooking_bp, target, stock_limit, held, sold, by_hand, closed)
SELECT p, 1, s, $2, 0, 0, $2, $2, 0, 0, false, false FROM generate_series(1, $1::bigint) p, generate_series($3::integer, $4::integer - 1) s;

-- name: stream
INSERT INTO streams (name, next) VALUES ($1, 1) RETURNING stream;

-- name: key
SELECT request, reservation FROM idempotency_keys WHERE id = $1;

-- name: lock_slots
SELECT slot, target, held + sold, closed FROM slots WHERE pool = $1 AND slot >= $2 AND slot < $3 ORDER BY slot FOR UPDATE;

-- name: read_slots
SELECT slot, target, held + sold, closed, version FROM slots WHERE pool = $1 AND slot >= $2 AND slot < $3 ORDER BY slot;

-- name: take_slots
UPDATE slots SET held = held + $4, version = version + 1 WHERE pool = $1 AND slot >= $2 AND slot < $3;

-- name: take_slots_if_free
UPDATE slots SET held = held + $4, version = version + 1
WHERE pool = $1 AND slot >= $2 AND slot < $3 AND NOT closed AND held + sold + $4 <= target;

-- name: take_slots_if_unchanged
UPDATE slots s SET held = s.held + $2, version = s.version + 1
FROM unnest($3::integer[], $4::bigint[]) AS seen (slot, version)
WHERE s.pool = $1 AND s.slot = seen.slot AND s.version = seen.version;

-- name: set_slots
-- Without a guard: what was read before is written back with one more.
UPDATE slots s SET held = seen.taken + $2 - s.sold, version = s.version + 1
FROM unnest($3::integer[], $4::integer[]) AS seen (slot, taken)
WHERE s.pool = $1 AND s.slot = seen.slot;

-- name: insert_key
INSERT INTO idempotency_keys (id, request, reservation, batch, created_at, state, answer, facts)
VALUES ($1, $2, $3, $4, $5, 2, 1, NULL);

-- name: insert_reservation
INSERT INTO reservations (id, name, locator, caller, status, payment, currency, created_at, updated_at, hold_expires_at, placed_until,
	extensions, grace_used, attempt, method, pay_key, paid, refunded, owed, refund_id, step, step_due, step_tries, ends_at, version, item_status, document)
VALUES ($1, NULL, $2, $3, 1, 1, $4, $5, $5, $6, $6, 0, false, NULL, '', NULL, 0, 0, 0, NULL, 0, NULL, 0, $7, 1, '1', $8);

-- name: insert_by_supplier
INSERT INTO by_supplier (supplier, placed_at, reservation) VALUES ($1, $2, $3);

-- name: insert_claim
INSERT INTO claims (reservation, pool, from_slot, to_slot, count, item, ord, life, held_until) VALUES ($1, $2, $3, $4, $5, 0, 0, 1, $6);

-- name: insert_history
INSERT INTO history (reservation, version, at, n, stream, actor_kind, cause, from_status, to_status, payment, actor, note)
VALUES ($1, 1, $2, $3, $4, 1, 1, 0, 1, 1, $5, '');

-- name: insert_event
INSERT INTO outbox (stream, n, at, version, subject, type, data) VALUES ($1, $2, $3, 1, $4, 'reservation.placed', $5);

-- name: put_count
INSERT INTO hold_counts (pool, caller, holds, units, lapsed, lapsed_at) VALUES ($1, $2, 1, $3, 0, NULL)
ON CONFLICT (pool, caller) DO UPDATE SET holds = hold_counts.holds + 1, units = hold_counts.units + excluded.units;

-- name: one_statement
-- Everything in one round trip. Some nights free and others not is a division by zero, which undoes the statement; none
-- free places nothing. The slots are locked in order first, so that two statements cannot wait for each other, and not at
-- all where a look says that there is nothing to be had.
WITH locked AS (
	SELECT pool, slot FROM slots WHERE pool = $1 AND slot >= $2 AND slot < $3
		AND (SELECT count(*) FROM slots WHERE pool = $1 AND slot >= $2 AND slot < $3 AND NOT closed AND held + sold + $4 <= target) = $3 - $2
	ORDER BY slot FOR NO KEY UPDATE
), taken AS (
	UPDATE slots s SET held = s.held + $4, version = s.version + 1 FROM locked l
	WHERE s.pool = l.pool AND s.slot = l.slot AND NOT s.closed AND s.held + s.sold + $4 <= s.target
	RETURNING s.slot
), decided AS (
	SELECT CASE WHEN n = $3 - $2 THEN true WHEN n = 0 THEN false ELSE 1 / (n - n) = 0 END AS placed FROM (SELECT count(*) AS n FROM taken) t
), new_key AS (
	INSERT INTO idempotency_keys (id, request, reservation, batch, created_at, state, answer, facts)
	SELECT $5::uuid, $6::uuid, $7::uuid, $7::uuid, $8::timestamptz, 2, 1, NULL FROM decided WHERE placed
), new_reservation AS (
	INSERT INTO reservations (id, name, locator, caller, status, payment, currency, created_at, updated_at, hold_expires_at, placed_until,
		extensions, grace_used, attempt, method, pay_key, paid, refunded, owed, refund_id, step, step_due, step_tries, ends_at, version, item_status, document)
	SELECT $7::uuid, NULL, $9::text, $10::text, 1, 1, $11::text, $8, $8, $12::timestamptz, $12, 0, false, NULL, '', NULL, 0, 0, 0, NULL, 0, NULL, 0,
		$13::timestamptz, 1, '1', $15::json
	FROM decided WHERE placed
	RETURNING id
), new_line AS (
	INSERT INTO by_supplier (supplier, placed_at, reservation) SELECT $14::uuid, $8, id FROM new_reservation
), new_claim AS (
	INSERT INTO claims (reservation, pool, from_slot, to_slot, count, item, ord, life, held_until)
	SELECT id, $1, $2, $3, $4, 0, 0, 1, $12 FROM new_reservation
), new_history AS (
	INSERT INTO history (reservation, version, at, n, stream, actor_kind, cause, from_status, to_status, payment, actor, note)
	SELECT id, 1, $8, $16::bigint, $17::integer, 1, 1, 0, 1, 1, $10, '' FROM new_reservation
), new_event AS (
	INSERT INTO outbox (stream, n, at, version, subject, type, data)
	SELECT $17, $16, $8, 1, id, 'reservation.placed', $18::json FROM new_reservation
), new_count AS (
	INSERT INTO hold_counts (pool, caller, holds, units, lapsed, lapsed_at)
	SELECT $1, $10, 1, $4, 0, NULL FROM new_reservation
	ON CONFLICT (pool, caller) DO UPDATE SET holds = hold_counts.holds + 1, units = hold_counts.units + excluded.units
)
SELECT count(*), (SELECT true FROM idempotency_keys WHERE id = $5) IS NOT NULL FROM new_reservation;

-- name: batch_keys
SELECT id, request, reservation FROM idempotency_keys WHERE id = ANY ($1::uuid[]);

-- name: batch_lock_slots
SELECT s.pool, s.slot, s.target, s.held + s.sold, s.closed
FROM slots s JOIN unnest($1::bigint[], $2::integer[]) AS want (pool, slot) ON s.pool = want.pool AND s.slot = want.slot
ORDER BY s.pool, s.slot FOR NO KEY UPDATE OF s;

-- name: batch_take_slots
UPDATE slots s SET held = s.held + t.units, version = s.version + 1
FROM unnest($1::bigint[], $2::integer[], $3::integer[]) AS t (pool, slot, units) WHERE s.pool = t.pool AND s.slot = t.slot;

-- name: batch_insert_keys
INSERT INTO idempotency_keys (id, request, reservation, batch, created_at, state, answer, facts)
SELECT id, request, reservation, $4, $5, 2, 1, NULL FROM unnest($1::uuid[], $2::uuid[], $3::uuid[]) AS t (id, request, reservation);

-- name: batch_insert_reservations
INSERT INTO reservations (id, name, locator, caller, status, payment, currency, created_at, updated_at, hold_expires_at, placed_until,
	extensions, grace_used, attempt, method, pay_key, paid, refunded, owed, refund_id, step, step_due, step_tries, ends_at, version, item_status, document)
SELECT id, NULL, locator, caller, 1, 1, $5, $6, $6, $7, $7, 0, false, NULL, '', NULL, 0, 0, 0, NULL, 0, NULL, 0, $8, 1, '1', document::json
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[]) AS t (id, locator, caller, document);

-- name: batch_insert_by_supplier
INSERT INTO by_supplier (supplier, placed_at, reservation)
SELECT supplier, $3, reservation FROM unnest($1::uuid[], $2::uuid[]) AS t (supplier, reservation);

-- name: batch_insert_claims
INSERT INTO claims (reservation, pool, from_slot, to_slot, count, item, ord, life, held_until)
SELECT reservation, pool, from_slot, to_slot, units, 0, 0, 1, $6
FROM unnest($1::uuid[], $2::bigint[], $3::integer[], $4::integer[], $5::integer[]) AS t (reservation, pool, from_slot, to_slot, units);

-- name: batch_insert_history
INSERT INTO history (reservation, version, at, n, stream, actor_kind, cause, from_status, to_status, payment, actor, note)
SELECT reservation, 1, $3, $4 + ord, $5, 1, 1, 0, 1, 1, actor, ''
FROM unnest($1::uuid[], $2::text[]) WITH ORDINALITY AS t (reservation, actor, ord);

-- name: batch_insert_events
INSERT INTO outbox (stream, n, at, version, subject, type, data)
SELECT $4, $5 + ord, $3, 1, subject, 'reservation.placed', data::json
FROM unnest($1::uuid[], $2::text[]) WITH ORDINALITY AS t (subject, data, ord);

-- name: batch_put_counts
INSERT INTO hold_counts (pool, caller, holds, units, lapsed, lapsed_at)
SELECT pool, caller, count(*), sum(units), 0, NULL FROM unnest($1::bigint[], $2::text[], $3::integer[]) AS t (pool, caller, units)
GROUP BY pool, caller ORDER BY caller, pool
ON CONFLICT (pool, caller) DO UPDATE SET holds = hold_counts.holds + excluded.holds, units = hold_counts.units + excluded.units;

-- name: seat_table
CREATE TABLE peer_seats (pool bigint, seat smallint, mask bigint NOT NULL, PRIMARY KEY (pool, seat)) WITH (fillfactor = 50);

-- name: seats
INSERT INTO peer_seats (pool, seat, mask) SELECT p, s, 0 FROM generate_series(1, $1::bigint) p, generate_series(1, $2::integer) s ORDER BY p, s;

-- name: lock_seats
SELECT seat FROM peer_seats WHERE pool = $1 AND mask & $2 = 0 ORDER BY seat LIMIT $3 FOR UPDATE SKIP LOCKED;

-- name: read_seats
SELECT seat FROM peer_seats WHERE pool = $1 AND mask & $2 = 0 ORDER BY seat LIMIT $3;

-- name: take_seats
UPDATE peer_seats SET mask = mask | $2 WHERE pool = $1 AND seat = ANY ($3::smallint[]);

-- name: insert_claim_of_units
INSERT INTO claims (reservation, pool, from_slot, to_slot, count, item, ord, life, held_until, unit)
SELECT $1, $2, $3, $4, 1, 0, ord - 1, 1, $5, unit FROM unnest($6::smallint[]) WITH ORDINALITY AS u (unit, ord);
