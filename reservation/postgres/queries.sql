-- The statements of the PostgreSQL engine. A batch's rows come and go as arrays, one statement for all rows of a table.

-- name: begin
-- Named, not left to the server's default: the lock order is proven for READ COMMITTED, where every statement sees what
-- was committed before it began.
BEGIN ISOLATION LEVEL READ COMMITTED;

-- name: begin_read
BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;

-- name: commit
COMMIT;

-- name: rollback
ROLLBACK;

-- name: transaction_time
SELECT coalesce($1::timestamptz, now());

-- name: clock_time
SELECT clock_timestamp();

-- name: insert_batch
INSERT INTO batches (id, at) VALUES ($1::uuid, coalesce($2::timestamptz, now()));

-- name: find_batch
-- Waits for the end of a transaction that is writing the same id.
INSERT INTO batches (id, at) VALUES ($1::uuid, now()) ON CONFLICT (id) DO NOTHING;

-- name: claim_keys
-- Stores the keys in order of id, waiting for whoever is storing the same one, and locks those that are there already;
-- gives the latter. A function scan keeps the order of its arrays.
WITH claimed AS (
	INSERT INTO idempotency_keys AS k (id, request, reservation, batch, created_at, state, answer, facts)
	SELECT n.id, n.request, n.reservation, $7::uuid, coalesce($8::timestamptz, now()), n.state, n.answer, n.facts::json
	FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::smallint[], $5::smallint[], $6::text[])
		AS n (id, request, reservation, state, answer, facts)
	ON CONFLICT (id) DO UPDATE SET state = k.state
	RETURNING k.id, k.request, k.reservation, k.batch, k.created_at, k.state, k.answer, k.facts)
SELECT id, request, reservation, state, answer, facts, created_at FROM claimed WHERE batch <> $7::uuid;

-- name: unclaim_keys
DELETE FROM idempotency_keys WHERE id = ANY ($1::uuid[]);

-- name: set_keys
UPDATE idempotency_keys k SET reservation = n.reservation, state = n.state, answer = n.answer, facts = n.facts::json, request = n.request
FROM unnest($1::uuid[], $2::uuid[], $3::smallint[], $4::smallint[], $5::text[], $6::uuid[]) AS n (id, reservation, state, answer, facts, request)
WHERE k.id = n.id;

-- name: keys
SELECT id, request, reservation, state, answer, facts, created_at FROM idempotency_keys WHERE id = ANY ($1::uuid[]) ORDER BY id;

-- name: keys_of
SELECT id, request, reservation, state, answer, facts, created_at FROM idempotency_keys
WHERE reservation = ANY ($1::uuid[]) ORDER BY reservation, id;

-- name: lock_reservations
SELECT id, name, locator, caller, status, payment, currency, created_at, updated_at, hold_expires_at, placed_until, extensions,
	grace_used, attempt, method, pay_key, paid, refunded, owed, refund_id, step, step_due, step_tries, version
FROM reservations WHERE id = ANY ($1::uuid[]) ORDER BY id FOR UPDATE;

-- name: lock_due
-- Lapsed holds with live claims on the pools, the longest lapsed first; never waits. The scalar subquery is on purpose:
-- a join would let the planner read all claims of a pool to find the few lapsed ones.
SELECT r.id, r.name, r.locator, r.caller, r.status, r.payment, r.currency, r.created_at, r.updated_at, r.hold_expires_at,
	r.placed_until, r.extensions, r.grace_used, r.attempt, r.method, r.pay_key, r.paid, r.refunded, r.owed, r.refund_id, r.step,
	r.step_due, r.step_tries, r.version
FROM reservations r
WHERE r.status IN (1, 2) AND r.hold_expires_at <= coalesce($1::timestamptz, now())
	AND (SELECT true FROM claims c WHERE c.reservation = r.id AND c.life IN (1, 2) AND c.pool = ANY ($2::bigint[]) LIMIT 1)
ORDER BY r.hold_expires_at, r.id LIMIT $3::bigint FOR UPDATE OF r SKIP LOCKED;

-- name: reservations
SELECT id, name, locator, caller, status, payment, currency, created_at, updated_at, hold_expires_at, placed_until, extensions,
	grace_used, attempt, method, pay_key, paid, refunded, owed, refund_id, step, step_due, step_tries, version
FROM reservations WHERE id = ANY ($1::uuid[]) ORDER BY id;

-- name: items
SELECT reservation, id, status, supplier, ends_at, document FROM items WHERE reservation = ANY ($1::uuid[]) ORDER BY reservation, ord;

-- name: travellers
SELECT reservation, given_name, family_name, email FROM travellers WHERE reservation = ANY ($1::uuid[]) ORDER BY reservation, ord;

-- name: claims
SELECT reservation, item, pool, from_slot, to_slot, count, life FROM claims
WHERE reservation = ANY ($1::uuid[]) ORDER BY reservation, item, ord;

-- name: lock_pool_counter
SELECT next FROM pool_counter WHERE one = 1 FOR UPDATE;

-- name: set_pool_counter
UPDATE pool_counter SET next = $1::bigint WHERE one = 1 AND next <= $1::bigint;

-- name: lock_pools
SELECT id, ref, supplier, physical, overbooking_bp, from_slot, to_slot, retired, version FROM pools
WHERE id = ANY ($1::bigint[] || ARRAY(SELECT p.id FROM pools p WHERE p.ref = ANY ($2::uuid[]))) ORDER BY id FOR UPDATE;

-- name: lock_slots
SELECT s.pool, s.slot, s.physical, s.out_of_order, s.overbooking_bp, s.target, s.by_hand, s.stock_limit, s.closed, s.held, s.sold, s.version
FROM unnest($1::bigint[], $2::integer[], $3::integer[]) AS n (pool, from_slot, to_slot)
JOIN slots s ON s.pool = n.pool AND s.slot >= n.from_slot AND s.slot < n.to_slot
ORDER BY s.pool, s.slot FOR UPDATE OF s;

-- name: lock_counts
-- The keys come in lock order and are looked up one by one in it. A join would be planned by the table's size: analyzed
-- while it is empty, it reads the whole index once for every caller.
SELECT h.caller, h.pool, h.holds, h.units, h.lapsed, h.lapsed_at
FROM unnest($1::bigint[], $2::text[]) AS n (pool, caller)
CROSS JOIN LATERAL (
	SELECT c.caller, c.pool, c.holds, c.units, c.lapsed, c.lapsed_at FROM hold_counts c
	WHERE c.pool = n.pool AND c.caller = n.caller LIMIT 1 FOR UPDATE
) h;

-- name: quotes
SELECT id, reservation, version, items, refund, fee, expires_at FROM quotes WHERE id = ANY ($1::uuid[]);

-- name: insert_reservations
INSERT INTO reservations (id, name, locator, caller, status, payment, currency, created_at, updated_at, hold_expires_at, placed_until,
	extensions, grace_used, attempt, method, pay_key, paid, refunded, owed, refund_id, step, step_due, step_tries, ends_at, version)
SELECT id, name, locator, caller, status, payment, currency, created_at, updated_at, hold_expires_at, placed_until,
	extensions, grace_used, attempt, method, pay_key, paid, refunded, owed, refund_id, step, step_due, step_tries, ends_at, version
FROM unnest($1::uuid[], $2::smallint[], $3::smallint[], $4::timestamptz[], $5::timestamptz[], $6::smallint[], $7::boolean[], $8::uuid[],
	$9::text[], $10::uuid[], $11::bigint[], $12::bigint[], $13::bigint[], $14::uuid[], $15::smallint[], $16::timestamptz[],
	$17::smallint[], $18::timestamptz[], $19::bigint[], $20::text[], $21::text[], $22::text[], $23::text[], $24::timestamptz[],
	$25::timestamptz[])
	AS n (id, status, payment, updated_at, hold_expires_at, extensions, grace_used, attempt, method, pay_key, paid, refunded, owed,
		refund_id, step, step_due, step_tries, ends_at, version, name, locator, caller, currency, created_at, placed_until);

-- name: set_reservations
-- Every column that can change: name, locator, caller, currency, created_at and placed_until never do.
UPDATE reservations r SET status = n.status, payment = n.payment, updated_at = n.updated_at, hold_expires_at = n.hold_expires_at,
	extensions = n.extensions, grace_used = n.grace_used, attempt = n.attempt, method = n.method, pay_key = n.pay_key, paid = n.paid,
	refunded = n.refunded, owed = n.owed, refund_id = n.refund_id, step = n.step, step_due = n.step_due, step_tries = n.step_tries,
	ends_at = n.ends_at, version = n.version
FROM unnest($1::uuid[], $2::smallint[], $3::smallint[], $4::timestamptz[], $5::timestamptz[], $6::smallint[], $7::boolean[], $8::uuid[],
	$9::text[], $10::uuid[], $11::bigint[], $12::bigint[], $13::bigint[], $14::uuid[], $15::smallint[], $16::timestamptz[],
	$17::smallint[], $18::timestamptz[], $19::bigint[], $20::bigint[])
	AS n (id, status, payment, updated_at, hold_expires_at, extensions, grace_used, attempt, method, pay_key, paid, refunded, owed,
		refund_id, step, step_due, step_tries, ends_at, version, stored)
WHERE r.id = n.id AND r.version = n.stored;

-- name: insert_items
INSERT INTO items (reservation, ord, id, status, supplier, placed_at, ends_at, document)
SELECT reservation, ord, id, status, supplier, placed_at, ends_at, document::json
FROM unnest($1::uuid[], $2::smallint[], $3::uuid[], $4::smallint[], $5::uuid[], $6::timestamptz[], $7::timestamptz[], $8::text[])
	AS n (reservation, ord, id, status, supplier, placed_at, ends_at, document);

-- name: set_items
UPDATE items i SET status = n.status FROM unnest($1::uuid[], $2::smallint[], $3::smallint[]) AS n (reservation, ord, status)
WHERE i.reservation = n.reservation AND i.ord = n.ord;

-- name: insert_travellers
INSERT INTO travellers (reservation, ord, given_name, family_name, email)
SELECT reservation, ord, given_name, family_name, email
FROM unnest($1::uuid[], $2::smallint[], $3::text[], $4::text[], $5::text[]) AS n (reservation, ord, given_name, family_name, email);

-- name: insert_claims
INSERT INTO claims (reservation, item, ord, pool, from_slot, to_slot, count, life)
SELECT reservation, item, ord, pool, from_slot, to_slot, count, 1
FROM unnest($1::uuid[], $2::smallint[], $3::smallint[], $4::bigint[], $5::integer[], $6::integer[], $7::integer[])
	AS n (reservation, item, ord, pool, from_slot, to_slot, count);

-- name: set_claims
UPDATE claims c SET life = n.life FROM unnest($1::uuid[], $2::smallint[], $3::smallint[]) AS n (reservation, item, life)
WHERE c.reservation = n.reservation AND c.item = n.item;

-- name: insert_quotes
INSERT INTO quotes (id, reservation, version, items, refund, fee, expires_at)
SELECT id, reservation, version, items, refund, fee, expires_at
FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::bytea[], $5::bigint[], $6::bigint[], $7::timestamptz[])
	AS n (id, reservation, version, items, refund, fee, expires_at);

-- name: insert_pools
INSERT INTO pools (id, ref, supplier, physical, overbooking_bp, from_slot, to_slot, retired, version)
SELECT id, ref, supplier, physical, overbooking_bp, from_slot, to_slot, retired, version
FROM unnest($1::bigint[], $2::integer[], $3::integer[], $4::integer[], $5::integer[], $6::boolean[], $7::bigint[], $8::uuid[], $9::uuid[])
	AS n (id, physical, overbooking_bp, from_slot, to_slot, retired, version, ref, supplier);

-- name: set_pools
UPDATE pools p SET physical = n.physical, overbooking_bp = n.overbooking_bp, from_slot = n.from_slot, to_slot = n.to_slot,
	retired = n.retired, version = n.version
FROM unnest($1::bigint[], $2::integer[], $3::integer[], $4::integer[], $5::integer[], $6::boolean[], $7::bigint[])
	AS n (id, physical, overbooking_bp, from_slot, to_slot, retired, version)
WHERE p.id = n.id AND p.version = n.version - 1;

-- name: insert_slots
INSERT INTO slots (pool, slot, physical, out_of_order, overbooking_bp, target, by_hand, stock_limit, closed, held, sold, version)
SELECT pool, slot, physical, out_of_order, overbooking_bp, target, by_hand, stock_limit, closed, held, sold, version
FROM unnest($1::bigint[], $2::integer[], $3::integer[], $4::integer[], $5::integer[], $6::integer[], $7::boolean[], $8::integer[],
	$9::boolean[], $10::integer[], $11::integer[], $12::bigint[])
	AS n (pool, slot, physical, out_of_order, overbooking_bp, target, by_hand, stock_limit, closed, held, sold, version);

-- name: set_slots
UPDATE slots s SET physical = n.physical, out_of_order = n.out_of_order, overbooking_bp = n.overbooking_bp, target = n.target,
	by_hand = n.by_hand, stock_limit = n.stock_limit, closed = n.closed, held = n.held, sold = n.sold, version = n.version
FROM unnest($1::bigint[], $2::integer[], $3::integer[], $4::integer[], $5::integer[], $6::integer[], $7::boolean[], $8::integer[],
	$9::boolean[], $10::integer[], $11::integer[], $12::bigint[])
	AS n (pool, slot, physical, out_of_order, overbooking_bp, target, by_hand, stock_limit, closed, held, sold, version)
WHERE s.pool = n.pool AND s.slot = n.slot AND s.version = n.version - 1;

-- name: set_counts
UPDATE hold_counts h SET holds = n.holds, units = n.units, lapsed = n.lapsed, lapsed_at = n.lapsed_at
FROM unnest($1::bigint[], $2::text[], $3::integer[], $4::integer[], $5::integer[], $6::timestamptz[])
	AS n (pool, caller, holds, units, lapsed, lapsed_at)
WHERE h.pool = n.pool AND h.caller = n.caller;

-- name: insert_counts
-- Two batches that both found no row cannot both start from zero: the later one waits here, is refused by the primary
-- key and runs again on fresh rows.
INSERT INTO hold_counts (pool, caller, holds, units, lapsed, lapsed_at)
SELECT pool, caller, holds, units, lapsed, lapsed_at
FROM unnest($1::bigint[], $2::text[], $3::integer[], $4::integer[], $5::integer[], $6::timestamptz[])
	AS n (pool, caller, holds, units, lapsed, lapsed_at);

-- name: insert_revocations
INSERT INTO revocations (supplier, rate_plan, before, actor_kind, actor, at)
SELECT supplier, rate_plan, before, actor_kind, actor, at
FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::smallint[], $5::text[], $6::timestamptz[])
	AS n (supplier, rate_plan, before, actor_kind, actor, at);

-- name: revocations
SELECT supplier, rate_plan, before, actor_kind, actor, at FROM revocations ORDER BY id;

-- name: insert_stream
INSERT INTO streams (name, next) VALUES ($1::text, 1) ON CONFLICT (name) DO NOTHING;

-- name: advance_stream
-- The last lock of a batch: whoever writes to the same stream waits here until this one has ended.
UPDATE streams SET next = next + $2::bigint WHERE name = $1::text;

-- name: insert_events
-- $2 numbers were taken just now, in this transaction; the first of them is next - $2.
INSERT INTO outbox (stream, n, type, subject, version, at, data)
SELECT s.stream, s.next - $2::bigint + n.ord - 1, n.type, n.subject, n.version, n.at, n.data::json
FROM unnest($3::text[], $4::uuid[], $5::bigint[], $6::timestamptz[], $7::text[])
	WITH ORDINALITY AS n (type, subject, version, at, data, ord)
CROSS JOIN (SELECT stream, next FROM streams WHERE name = $1::text) AS s;

-- name: insert_history
INSERT INTO history (reservation, version, at, actor_kind, actor, cause, from_status, to_status, payment, note, stream, n)
SELECT h.reservation, h.version, h.at, h.actor_kind, h.actor, h.cause, h.from_status, h.to_status, h.payment, h.note,
	s.stream, s.next - $2::bigint + h.event
FROM unnest($3::uuid[], $4::bigint[], $5::timestamptz[], $6::smallint[], $7::text[], $8::smallint[], $9::smallint[], $10::smallint[],
	$11::smallint[], $12::text[], $13::bigint[])
	AS h (reservation, version, at, actor_kind, actor, cause, from_status, to_status, payment, note, event)
CROSS JOIN (SELECT stream, next FROM streams WHERE name = $1::text) AS s;

-- name: streams
SELECT stream, next - 1 FROM streams;

-- name: events
SELECT n, type, subject, version, at, data FROM outbox WHERE stream = $1::integer AND n > $2::bigint ORDER BY n LIMIT $3::bigint;

-- name: history
SELECT reservation, version, at, actor_kind, actor, cause, from_status, to_status, payment, note FROM history
WHERE reservation = ANY ($1::uuid[]) ORDER BY reservation, version;

-- name: created_at
SELECT created_at FROM reservations WHERE id = $1::uuid;

-- name: taken_locators
SELECT locator FROM reservations WHERE locator = ANY ($1::text[]);

-- name: by_locator
SELECT id FROM reservations WHERE locator = $1::text;

-- name: find_all_down
SELECT id FROM reservations
WHERE (created_at, id) < ($1::timestamptz, $2::uuid) AND (created_at, id) > ($3::timestamptz, $4::uuid)
	AND ($5::smallint = 0 OR status = $5::smallint) AND updated_at >= $6::timestamptz
ORDER BY created_at DESC, id DESC LIMIT $7::bigint;

-- name: find_all_up
SELECT id FROM reservations
WHERE (created_at, id) < ($1::timestamptz, $2::uuid) AND (created_at, id) > ($3::timestamptz, $4::uuid)
	AND ($5::smallint = 0 OR status = $5::smallint) AND updated_at >= $6::timestamptz
ORDER BY created_at, id LIMIT $7::bigint;

-- name: find_caller_down
SELECT id FROM reservations
WHERE caller = $8::text AND (created_at, id) < ($1::timestamptz, $2::uuid) AND (created_at, id) > ($3::timestamptz, $4::uuid)
	AND ($5::smallint = 0 OR status = $5::smallint) AND updated_at >= $6::timestamptz
ORDER BY created_at DESC, id DESC LIMIT $7::bigint;

-- name: find_caller_up
SELECT id FROM reservations
WHERE caller = $8::text AND (created_at, id) < ($1::timestamptz, $2::uuid) AND (created_at, id) > ($3::timestamptz, $4::uuid)
	AND ($5::smallint = 0 OR status = $5::smallint) AND updated_at >= $6::timestamptz
ORDER BY created_at, id LIMIT $7::bigint;

-- name: find_supplier_down
-- A scalar subquery again, so that the supplier's index gives the newest first and the limit ends the search.
SELECT i.reservation FROM items i
WHERE i.supplier = $8::uuid AND (i.placed_at, i.reservation) < ($1::timestamptz, $2::uuid) AND (i.placed_at, i.reservation) > ($3::timestamptz, $4::uuid)
	AND (SELECT true FROM reservations r WHERE r.id = i.reservation AND ($5::smallint = 0 OR r.status = $5::smallint) AND r.updated_at >= $6::timestamptz)
GROUP BY i.placed_at, i.reservation ORDER BY i.placed_at DESC, i.reservation DESC LIMIT $7::bigint;

-- name: find_supplier_up
SELECT i.reservation FROM items i
WHERE i.supplier = $8::uuid AND (i.placed_at, i.reservation) < ($1::timestamptz, $2::uuid) AND (i.placed_at, i.reservation) > ($3::timestamptz, $4::uuid)
	AND (SELECT true FROM reservations r WHERE r.id = i.reservation AND ($5::smallint = 0 OR r.status = $5::smallint) AND r.updated_at >= $6::timestamptz)
GROUP BY i.placed_at, i.reservation ORDER BY i.placed_at, i.reservation LIMIT $7::bigint;

-- name: due_holds
SELECT id FROM reservations WHERE status IN (1, 2) AND hold_expires_at <= $1::timestamptz ORDER BY hold_expires_at, id LIMIT $2::bigint;

-- name: due_steps
SELECT id FROM reservations WHERE step <> 0 AND step_due <= $1::timestamptz ORDER BY step_due, id LIMIT $2::bigint;

-- name: due_ends
SELECT id FROM reservations WHERE status = 3 AND step = 0 AND ends_at <= $1::timestamptz ORDER BY ends_at, id LIMIT $2::bigint;

-- name: pools_after
SELECT id, ref, supplier, physical, overbooking_bp, from_slot, to_slot, retired, version FROM pools
WHERE id > $1::bigint ORDER BY id LIMIT $2::bigint;

-- name: pools_by_ref
SELECT id, ref, supplier, physical, overbooking_bp, from_slot, to_slot, retired, version FROM pools
WHERE ref = ANY ($1::uuid[]) ORDER BY id;

-- name: slots
SELECT pool, slot, physical, out_of_order, overbooking_bp, target, by_hand, stock_limit, closed, held, sold, version
FROM slots WHERE pool = $1::bigint AND slot >= $2::integer AND slot < $3::integer ORDER BY slot;

-- name: ordered_scan
-- For this transaction: read in the order of the index instead of sorting all slots.
SELECT set_config('enable_sort', 'off', true);

-- name: all_slots
SELECT pool, slot, physical, out_of_order, overbooking_bp, target, by_hand, stock_limit, closed, held, sold, version
FROM slots WHERE slot >= $1::integer ORDER BY pool, slot;

-- name: secret
SELECT value FROM secrets WHERE name = $1::text;

-- name: insert_secret
INSERT INTO secrets (name, value) VALUES ($1::text, $2::bytea) ON CONFLICT (name) DO NOTHING;

-- name: prune_keys
-- A reservation that still waits for money is not over, whatever its status. Never waits: what a batch holds is in use.
DELETE FROM idempotency_keys WHERE id IN (
	SELECT k.id FROM idempotency_keys k LEFT JOIN reservations r ON r.id = k.reservation
	WHERE k.created_at < $1::timestamptz AND (r.id IS NULL OR (r.status IN (4, 5, 6, 7) AND r.step = 0))
	ORDER BY k.created_at LIMIT $2::bigint FOR UPDATE OF k SKIP LOCKED);

-- name: prune_batches
DELETE FROM batches WHERE id IN (
	SELECT id FROM batches WHERE at < $1::timestamptz ORDER BY at LIMIT $2::bigint FOR UPDATE SKIP LOCKED);

-- name: prune_counts
DELETE FROM hold_counts WHERE (pool, caller) IN (
	SELECT pool, caller FROM hold_counts
	WHERE holds = 0 AND units = 0 AND (lapsed_at IS NULL OR lapsed_at < $1::timestamptz) LIMIT $2::bigint FOR UPDATE SKIP LOCKED);

-- name: audit_slots
SELECT pool, slot, physical, out_of_order, overbooking_bp, target, by_hand, stock_limit, closed, held, sold, version
FROM slots WHERE pool BETWEEN $1::bigint AND $2::bigint ORDER BY pool, slot;

-- name: audit_claims
SELECT c.reservation, r.caller, c.life, c.pool, c.from_slot, c.to_slot, c.count FROM claims c JOIN reservations r ON r.id = c.reservation
WHERE c.pool BETWEEN $1::bigint AND $2::bigint AND c.life IN (1, 2) ORDER BY c.pool, c.reservation, c.item, c.ord;

-- name: audit_counts
SELECT caller, pool, holds, units, lapsed, lapsed_at FROM hold_counts
WHERE pool BETWEEN $1::bigint AND $2::bigint AND holds <> 0 ORDER BY pool, caller;

-- name: audit_reservations
SELECT id FROM reservations WHERE id > $1::uuid ORDER BY id LIMIT $2::bigint;

-- name: audit_events
-- The version in the event that each history entry names; 0 where there is none or it is about something else.
SELECT h.reservation, coalesce(o.version, 0)
FROM history h LEFT JOIN outbox o ON o.stream = h.stream AND o.n = h.n AND o.subject = h.reservation
WHERE h.reservation = ANY ($1::uuid[]) ORDER BY h.reservation, h.version;

-- name: audit_streams
SELECT s.stream, s.name, s.next, coalesce(min(o.n), 0), coalesce(max(o.n), 0), count(o.n), count(o.subject)
FROM streams s LEFT JOIN outbox o ON o.stream = s.stream GROUP BY s.stream, s.name, s.next ORDER BY s.stream;

-- name: count_history
SELECT count(*) FROM history;
