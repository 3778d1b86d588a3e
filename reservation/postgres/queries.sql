-- The statements of the PostgreSQL engine. A batch's rows come and go as arrays, one statement for all rows of a table.
-- Updates find their rows with "= ANY (ARRAY[one])": it is a look-up in the index like "=", and nothing that a planner
-- could merge. One that has seen the table empty would else read the whole index to join it with the array.

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
WITH changed AS (
	DELETE FROM idempotency_keys WHERE id = ANY ($1::uuid[])
	RETURNING 1)
SELECT exactly(count(*), cardinality($1::uuid[])) FROM changed;

-- name: set_keys
WITH changed AS (
	UPDATE idempotency_keys k SET reservation = n.reservation, state = n.state, answer = n.answer, facts = n.facts::json, request = n.request
	FROM unnest($1::uuid[], $2::uuid[], $3::smallint[], $4::smallint[], $5::text[], $6::uuid[]) AS n (id, reservation, state, answer, facts, request)
	WHERE k.id = ANY (ARRAY[n.id])
	RETURNING 1)
SELECT exactly(count(*), cardinality($1::uuid[])) FROM changed;

-- name: keys
SELECT id, request, reservation, state, answer, facts, created_at FROM idempotency_keys WHERE id = ANY ($1::uuid[]) ORDER BY id;

-- name: keys_of
SELECT id, request, reservation, state, answer, facts, created_at FROM idempotency_keys
WHERE reservation = ANY ($1::uuid[]) ORDER BY reservation, id;

-- name: lock_reservations
SELECT id, name, locator, caller, status, payment, currency, created_at, updated_at, hold_expires_at, placed_until, extensions,
	grace_used, attempt, method, pay_key, paid, refunded, owed, refund_id, step, step_due, step_tries, version, item_status, amended, document
FROM reservations WHERE id = ANY ($1::uuid[]) ORDER BY id FOR UPDATE;

-- name: lock_due
-- Lapsed holds with live claims on the pools, of each pool the longest lapsed first and at most $4 claims; never waits.
-- Where nothing at all has lapsed, which one look tells, no pool is looked at. Else each pool is a range of claims_held,
-- in its order, and each reservation a look-up: scalar subqueries and LIMITs, because a join would be planned by what the
-- tables held when they were last analyzed.
SELECT n.pool, d.* FROM unnest($2::bigint[]) AS n (pool)
CROSS JOIN LATERAL (
	SELECT r.* FROM (
		SELECT c.reservation FROM claims c
		WHERE c.pool = n.pool AND c.life = 1 AND c.held_until <= coalesce($1::timestamptz, now()) ORDER BY c.held_until
	) AS lapsed
	CROSS JOIN LATERAL (
		SELECT x.id, x.name, x.locator, x.caller, x.status, x.payment, x.currency, x.created_at, x.updated_at, x.hold_expires_at,
			x.placed_until, x.extensions, x.grace_used, x.attempt, x.method, x.pay_key, x.paid, x.refunded, x.owed, x.refund_id, x.step,
			x.step_due, x.step_tries, x.version, x.item_status, x.amended, x.document
		FROM reservations x
		WHERE x.id = lapsed.reservation AND x.status IN (1, 2) AND x.hold_expires_at <= coalesce($1::timestamptz, now())
		LIMIT 1 FOR UPDATE SKIP LOCKED
	) r
	LIMIT $4::bigint
) d
WHERE (SELECT EXISTS (SELECT 1 FROM reservations WHERE status IN (1, 2) AND hold_expires_at <= coalesce($1::timestamptz, now())))
LIMIT $3::bigint;

-- name: reservations
SELECT id, name, locator, caller, status, payment, currency, created_at, updated_at, hold_expires_at, placed_until, extensions,
	grace_used, attempt, method, pay_key, paid, refunded, owed, refund_id, step, step_due, step_tries, version, item_status, amended, document
FROM reservations WHERE id = ANY ($1::uuid[]) ORDER BY id;

-- name: claims
SELECT reservation, item, pool, from_slot, to_slot, count, unit, life FROM claims
WHERE reservation = ANY ($1::uuid[]) ORDER BY reservation, item, ord;

-- name: lock_pool_counter
SELECT next FROM pool_counter WHERE one = 1 FOR UPDATE;

-- name: set_pool_counter
WITH changed AS (
	UPDATE pool_counter SET next = $1::bigint WHERE one = 1 AND next <= $1::bigint
	RETURNING 1)
SELECT exactly(count(*), 1) FROM changed;

-- name: lock_pools
SELECT id, ref, supplier, physical, overbooking_bp, from_slot, to_slot, retired, layout, version FROM pools
WHERE id = ANY ($1::bigint[] || ARRAY(SELECT p.id FROM pools p WHERE p.ref = ANY ($2::uuid[]))) ORDER BY id FOR UPDATE;

-- name: lock_slots
-- The spans come in lock order and do not overlap, and each is read in the order of the primary key. A join would be
-- planned by the table's size, see lock_counts.
SELECT s.pool, s.slot, s.physical, s.out_of_order, s.overbooking_bp, s.target, s.by_hand, s.stock_limit, s.closed, s.held, s.sold, s.version
FROM unnest($1::bigint[], $2::integer[], $3::integer[]) AS n (pool, from_slot, to_slot)
CROSS JOIN LATERAL (
	SELECT c.pool, c.slot, c.physical, c.out_of_order, c.overbooking_bp, c.target, c.by_hand, c.stock_limit, c.closed, c.held, c.sold, c.version
	FROM slots c WHERE c.pool = n.pool AND c.slot >= n.from_slot AND c.slot < n.to_slot ORDER BY c.slot FOR UPDATE
) s;

-- name: lock_units
-- The pools come in order, and the blocks of each are read in the order of the primary key. A pool without a stored block
-- has one row without one.
SELECT n.pool, p.layout, p.to_slot, b.block, b.version, b.taken, b.blocked
FROM unnest($1::bigint[]) AS n (pool)
CROSS JOIN LATERAL (SELECT x.layout, x.to_slot FROM pools x WHERE x.id = n.pool AND x.layout IS NOT NULL LIMIT 1) p
LEFT JOIN LATERAL (
	SELECT u.block, u.version, u.taken, u.blocked FROM unit_blocks u WHERE u.pool = n.pool ORDER BY u.block FOR UPDATE
) b ON true;

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
INSERT INTO reservations (id, status, payment, updated_at, hold_expires_at, extensions, grace_used, attempt, method, pay_key, paid, refunded,
	owed, refund_id, step, step_due, step_tries, ends_at, version, item_status, amended, name, locator, caller, currency, created_at, placed_until,
	document)
SELECT id, status, payment, updated_at, hold_expires_at, extensions, grace_used, attempt, method, pay_key, paid, refunded,
	owed, refund_id, step, step_due, step_tries, ends_at, version, item_status, amended::json, name, locator, caller, currency, created_at, placed_until,
	document::json
FROM unnest($1::uuid[], $2::smallint[], $3::smallint[], $4::timestamptz[], $5::timestamptz[], $6::smallint[], $7::boolean[], $8::uuid[],
	$9::text[], $10::uuid[], $11::bigint[], $12::bigint[], $13::bigint[], $14::uuid[], $15::smallint[], $16::timestamptz[],
	$17::smallint[], $18::timestamptz[], $19::bigint[], $20::text[], $21::text[], $22::text[], $23::text[], $24::text[], $25::text[],
	$26::timestamptz[], $27::timestamptz[], $28::text[])
	AS n (id, status, payment, updated_at, hold_expires_at, extensions, grace_used, attempt, method, pay_key, paid, refunded, owed,
		refund_id, step, step_due, step_tries, ends_at, version, item_status, amended, name, locator, caller, currency, created_at, placed_until, document);

-- name: set_reservations
-- Every column that can change: name, locator, caller, currency, created_at, placed_until and document never do, and
-- there are as many items as there were.
WITH changed AS (
	UPDATE reservations r SET status = n.status, payment = n.payment, updated_at = n.updated_at, hold_expires_at = n.hold_expires_at,
		extensions = n.extensions, grace_used = n.grace_used, attempt = n.attempt, method = n.method, pay_key = n.pay_key, paid = n.paid,
		refunded = n.refunded, owed = n.owed, refund_id = n.refund_id, step = n.step, step_due = n.step_due, step_tries = n.step_tries,
		ends_at = n.ends_at, version = n.version, item_status = n.item_status, amended = n.amended::json
	FROM unnest($1::uuid[], $2::smallint[], $3::smallint[], $4::timestamptz[], $5::timestamptz[], $6::smallint[], $7::boolean[], $8::uuid[],
		$9::text[], $10::uuid[], $11::bigint[], $12::bigint[], $13::bigint[], $14::uuid[], $15::smallint[], $16::timestamptz[],
		$17::smallint[], $18::timestamptz[], $19::bigint[], $20::text[], $21::text[], $22::bigint[])
		AS n (id, status, payment, updated_at, hold_expires_at, extensions, grace_used, attempt, method, pay_key, paid, refunded, owed,
			refund_id, step, step_due, step_tries, ends_at, version, item_status, amended, stored)
	WHERE r.id = ANY (ARRAY[n.id]) AND r.version = n.stored AND length(r.item_status) = length(n.item_status)
	RETURNING 1)
SELECT exactly(count(*), cardinality($1::uuid[])) FROM changed;

-- name: insert_by_supplier
INSERT INTO by_supplier (supplier, placed_at, reservation)
SELECT supplier, placed_at, reservation FROM unnest($1::uuid[], $2::timestamptz[], $3::uuid[]) AS n (supplier, placed_at, reservation);

-- name: insert_ended
-- One that was over before, and was something else meanwhile, is there already.
INSERT INTO ended (created_at, reservation)
SELECT created_at, reservation FROM unnest($1::timestamptz[], $2::uuid[]) AS n (created_at, reservation) ON CONFLICT DO NOTHING;

-- name: insert_claims
INSERT INTO claims (reservation, item, ord, pool, from_slot, to_slot, count, life, held_until, unit)
SELECT reservation, item, ord, pool, from_slot, to_slot, count, life, held_until, unit
FROM unnest($1::uuid[], $2::smallint[], $3::smallint[], $4::bigint[], $5::integer[], $6::integer[], $7::integer[], $8::smallint[], $9::timestamptz[],
	$10::smallint[])
	AS n (reservation, item, ord, pool, from_slot, to_slot, count, life, held_until, unit);

-- name: delete_item_claims
-- $3 is how many claims these items have.
WITH gone AS (
	DELETE FROM claims c USING unnest($1::uuid[], $2::smallint[]) AS n (reservation, item)
	WHERE c.reservation = ANY (ARRAY[n.reservation]) AND c.item = n.item
	RETURNING 1)
SELECT exactly(count(*), $3::bigint) FROM gone;

-- name: set_claims
WITH changed AS (
	UPDATE claims c SET life = n.life FROM unnest($1::uuid[], $2::smallint[], $3::smallint[]) AS n (reservation, item, life)
	WHERE c.reservation = ANY (ARRAY[n.reservation]) AND c.item = n.item
	RETURNING 1)
SELECT exactly(count(*), $4::bigint) FROM changed;

-- name: set_held_until
-- "life < 2" is held, in words that do not make the planner read all held claims in claims_held.
UPDATE claims c SET held_until = n.held_until FROM unnest($1::uuid[], $2::timestamptz[]) AS n (reservation, held_until)
WHERE c.reservation = ANY (ARRAY[n.reservation]) AND c.life < 2 AND c.held_until IS DISTINCT FROM n.held_until;

-- name: insert_quotes
INSERT INTO quotes (id, reservation, version, items, refund, fee, expires_at, keyed)
SELECT id, reservation, version, items, refund, fee, expires_at, keyed
FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::bytea[], $5::bigint[], $6::bigint[], $7::timestamptz[], $8::boolean[])
	AS n (id, reservation, version, items, refund, fee, expires_at, keyed);

-- name: insert_pools
INSERT INTO pools (id, ref, supplier, physical, overbooking_bp, from_slot, to_slot, retired, version, layout)
SELECT id, ref, supplier, physical, overbooking_bp, from_slot, to_slot, retired, version, layout
FROM unnest($1::bigint[], $2::integer[], $3::integer[], $4::integer[], $5::integer[], $6::boolean[], $7::bigint[], $8::uuid[], $9::uuid[], $10::uuid[])
	AS n (id, physical, overbooking_bp, from_slot, to_slot, retired, version, layout, ref, supplier);

-- name: set_pools
-- A pool's layout never changes.
WITH changed AS (
	UPDATE pools p SET physical = n.physical, overbooking_bp = n.overbooking_bp, from_slot = n.from_slot, to_slot = n.to_slot,
		retired = n.retired, version = n.version
	FROM unnest($1::bigint[], $2::integer[], $3::integer[], $4::integer[], $5::integer[], $6::boolean[], $7::bigint[], $8::uuid[])
		AS n (id, physical, overbooking_bp, from_slot, to_slot, retired, version, layout)
	WHERE p.id = ANY (ARRAY[n.id]) AND p.version = n.version - 1 AND p.layout IS NOT DISTINCT FROM n.layout
	RETURNING 1)
SELECT exactly(count(*), cardinality($1::bigint[])) FROM changed;

-- name: insert_slots
INSERT INTO slots (pool, slot, physical, out_of_order, overbooking_bp, target, by_hand, stock_limit, closed, held, sold, version)
SELECT pool, slot, physical, out_of_order, overbooking_bp, target, by_hand, stock_limit, closed, held, sold, version
FROM unnest($1::bigint[], $2::integer[], $3::integer[], $4::integer[], $5::integer[], $6::integer[], $7::boolean[], $8::integer[],
	$9::boolean[], $10::integer[], $11::integer[], $12::bigint[])
	AS n (pool, slot, physical, out_of_order, overbooking_bp, target, by_hand, stock_limit, closed, held, sold, version);

-- name: set_slots
WITH changed AS (
	UPDATE slots s SET physical = n.physical, out_of_order = n.out_of_order, overbooking_bp = n.overbooking_bp, target = n.target,
		by_hand = n.by_hand, stock_limit = n.stock_limit, closed = n.closed, held = n.held, sold = n.sold, version = n.version
	FROM unnest($1::bigint[], $2::integer[], $3::integer[], $4::integer[], $5::integer[], $6::integer[], $7::boolean[], $8::integer[],
		$9::boolean[], $10::integer[], $11::integer[], $12::bigint[])
		AS n (pool, slot, physical, out_of_order, overbooking_bp, target, by_hand, stock_limit, closed, held, sold, version)
	WHERE s.pool = ANY (ARRAY[n.pool]) AND s.slot = n.slot AND s.version = n.version - 1
	RETURNING 1)
SELECT exactly(count(*), cardinality($1::bigint[])) FROM changed;

-- name: set_counts
WITH changed AS (
	UPDATE hold_counts h SET holds = n.holds, units = n.units, lapsed = n.lapsed, lapsed_at = n.lapsed_at
	FROM unnest($1::bigint[], $2::text[], $3::integer[], $4::integer[], $5::integer[], $6::timestamptz[])
		AS n (pool, caller, holds, units, lapsed, lapsed_at)
	WHERE h.pool = ANY (ARRAY[n.pool]) AND h.caller = n.caller
	RETURNING 1)
SELECT exactly(count(*), cardinality($1::bigint[])) FROM changed;

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
WITH changed AS (
	UPDATE streams SET next = next + $2::bigint WHERE name = $1::text
	RETURNING 1)
SELECT exactly(count(*), 1) FROM changed;

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

-- name: common_events
SELECT n, type, subject, version, at, data FROM outbox
WHERE stream = $1::integer AND n > $2::bigint AND n <= $3::bigint AND subject IS NULL ORDER BY n LIMIT $4::bigint;

-- name: history
SELECT reservation, version, at, actor_kind, actor, cause, from_status, to_status, payment, note FROM history
WHERE reservation = ANY ($1::uuid[]) ORDER BY reservation, version;

-- name: created_at
SELECT created_at FROM reservations WHERE id = $1::uuid;

-- name: taken_locators
SELECT locator FROM reservations WHERE locator = ANY ($1::text[])
UNION ALL SELECT locator FROM archived_reservations WHERE locator = ANY ($1::text[]);

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
-- A scalar subquery again, so that the supplier's lines give the newest first and the limit ends the search.
SELECT i.reservation FROM by_supplier i
WHERE i.supplier = $8::uuid AND (i.placed_at, i.reservation) < ($1::timestamptz, $2::uuid) AND (i.placed_at, i.reservation) > ($3::timestamptz, $4::uuid)
	AND (SELECT true FROM reservations r WHERE r.id = i.reservation AND ($5::smallint = 0 OR r.status = $5::smallint) AND r.updated_at >= $6::timestamptz)
ORDER BY i.placed_at DESC, i.reservation DESC LIMIT $7::bigint;

-- name: find_supplier_up
SELECT i.reservation FROM by_supplier i
WHERE i.supplier = $8::uuid AND (i.placed_at, i.reservation) < ($1::timestamptz, $2::uuid) AND (i.placed_at, i.reservation) > ($3::timestamptz, $4::uuid)
	AND (SELECT true FROM reservations r WHERE r.id = i.reservation AND ($5::smallint = 0 OR r.status = $5::smallint) AND r.updated_at >= $6::timestamptz)
ORDER BY i.placed_at, i.reservation LIMIT $7::bigint;

-- name: due_holds
SELECT id FROM reservations WHERE status IN (1, 2) AND hold_expires_at <= $1::timestamptz ORDER BY hold_expires_at, id LIMIT $2::bigint;

-- name: due_steps
SELECT id FROM reservations WHERE step <> 0 AND step_due <= $1::timestamptz ORDER BY step_due, id LIMIT $2::bigint;

-- name: waiting_for_staff
-- They have no instant to be done at, which is how the index on steps finds them.
SELECT id FROM reservations WHERE step = 5 AND step <> 0 AND step_due IS NULL AND id > $1::uuid ORDER BY id LIMIT $2::bigint;

-- name: due_ends
SELECT id FROM reservations WHERE status = 3 AND step IN (0, 5) AND ends_at <= $1::timestamptz ORDER BY ends_at, id LIMIT $2::bigint;

-- name: pools_after
SELECT id, ref, supplier, physical, overbooking_bp, from_slot, to_slot, retired, layout, version FROM pools
WHERE id > $1::bigint ORDER BY id LIMIT $2::bigint;

-- name: pools_by_ref
SELECT id, ref, supplier, physical, overbooking_bp, from_slot, to_slot, retired, layout, version FROM pools
WHERE ref = ANY ($1::uuid[]) ORDER BY id;

-- name: slots
SELECT pool, slot, physical, out_of_order, overbooking_bp, target, by_hand, stock_limit, closed, held, sold, version
FROM slots WHERE pool = $1::bigint AND slot >= $2::integer AND slot < $3::integer
UNION ALL SELECT pool, slot, physical, out_of_order, overbooking_bp, target, by_hand, stock_limit, closed, held, sold, version
FROM slots_history WHERE pool = $1::bigint AND slot >= $2::integer AND slot < $3::integer ORDER BY slot;

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
-- Keys that belong to no reservation. Never waits: what a batch holds is in use.
DELETE FROM idempotency_keys WHERE id IN (
	SELECT id FROM idempotency_keys WHERE reservation IS NULL AND created_at < $1::timestamptz ORDER BY created_at LIMIT $2::bigint FOR UPDATE SKIP LOCKED);

-- name: prune_ended
-- The next reservations that are over: their old keys go with their quotes. What has younger keys comes again when those
-- are old; what a batch holds, at once; what lives again leaves the list until it is over again. Never waits.
WITH due AS MATERIALIZED (
	SELECT e.created_at, e.reservation,
		coalesce((SELECT r.status IN (4, 5, 6, 7) AND r.step = 0 FROM reservations r WHERE r.id = e.reservation), true) AS over
	FROM ended e WHERE e.created_at < $1::timestamptz ORDER BY e.created_at, e.reservation LIMIT $2::bigint FOR UPDATE OF e SKIP LOCKED
), gone AS (
	DELETE FROM idempotency_keys WHERE id IN (
		SELECT k.id FROM due CROSS JOIN LATERAL (
			SELECT x.id FROM idempotency_keys x WHERE x.reservation = due.reservation AND x.created_at < $1::timestamptz FOR UPDATE SKIP LOCKED
		) k WHERE due.over)
	RETURNING id
), quoted AS (
	DELETE FROM quotes q USING due WHERE due.over AND q.reservation = due.reservation AND q.expires_at < $1::timestamptz
), checked AS MATERIALIZED (
	SELECT due.created_at, due.reservation, CASE WHEN due.over THEN (
		SELECT min(k.created_at) FROM idempotency_keys k WHERE k.reservation = due.reservation AND k.id NOT IN (SELECT id FROM gone)) END AS again
	FROM due
), off AS (
	DELETE FROM ended e USING checked c
	WHERE e.created_at = c.created_at AND e.reservation = c.reservation AND (c.again IS NULL OR c.again > c.created_at)
), later AS (
	INSERT INTO ended (created_at, reservation) SELECT again, reservation FROM checked WHERE again > created_at ON CONFLICT DO NOTHING
)
SELECT count(*) + (SELECT count(*) FROM checked WHERE again IS NULL) FROM gone;

-- name: prune_quotes
-- Those that a key answers with live as long as it (prune_ended).
DELETE FROM quotes WHERE id IN (
	SELECT id FROM quotes WHERE NOT keyed AND expires_at < $1::timestamptz ORDER BY expires_at LIMIT $2::bigint FOR UPDATE SKIP LOCKED);

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
SELECT c.reservation, r.caller, c.life, c.pool, c.from_slot, c.to_slot, c.count, c.unit FROM (
	SELECT * FROM claims WHERE pool BETWEEN $1::bigint AND $2::bigint AND life = 1
	UNION ALL SELECT * FROM claims WHERE pool BETWEEN $1::bigint AND $2::bigint AND life = 2
) c JOIN reservations r ON r.id = c.reservation ORDER BY c.pool, c.reservation, c.item, c.ord;

-- name: audit_counts
SELECT caller, pool, holds, units, lapsed, lapsed_at FROM hold_counts
WHERE pool BETWEEN $1::bigint AND $2::bigint AND holds <> 0 ORDER BY pool, caller;

-- name: audit_reservations
SELECT id FROM reservations WHERE id > $1::uuid UNION ALL SELECT id FROM archived_reservations WHERE id > $1::uuid ORDER BY id LIMIT $2::bigint;

-- name: audit_events
-- The version in the event that each history entry names; 0 where there is none or it is about something else.
SELECT h.reservation, h.stream, h.n, coalesce(o.version, 0)
FROM history h LEFT JOIN outbox o ON o.stream = h.stream AND o.n = h.n AND o.subject = h.reservation
WHERE h.reservation = ANY ($1::uuid[]) ORDER BY h.reservation, h.version;

-- name: audit_streams
SELECT s.stream, s.name, s.next, coalesce((SELECT min(o.n) FROM outbox o WHERE o.stream = s.stream), 0),
	coalesce((SELECT max(o.n) FROM outbox o WHERE o.stream = s.stream), 0)
FROM streams s ORDER BY s.stream;

-- name: audit_outbox
SELECT count(*), count(subject) FROM outbox WHERE stream = $1::integer AND n > $2::bigint AND n <= $3::bigint;

-- name: audit_keys
SELECT k.id, k.state, k.created_at, CASE WHEN coalesce(r.id, a.id) IS NULL THEN 1 ELSE 0 END::bigint
FROM idempotency_keys k LEFT JOIN reservations r ON r.id = k.reservation LEFT JOIN archived_reservations a ON a.id = k.reservation WHERE k.id > $1::uuid ORDER BY k.id LIMIT $2::bigint;

-- The archive (archive.go).

-- name: open_pools
-- Pools of which a reservation that may still move claims a slot before the given one. Asked under the locks of the slots:
-- who claims one of them meanwhile waits for them, and finds them gone. One that has a step to do counts whatever its claims
-- count as: money that comes late takes freed stock again.
SELECT n.pool FROM unnest($1::bigint[], $2::integer[]) AS n (pool, to_slot)
WHERE coalesce((SELECT true FROM claims c WHERE c.pool = n.pool AND c.life = 1 AND c.from_slot < n.to_slot LIMIT 1), false)
	OR coalesce((SELECT true FROM claims c WHERE c.pool = n.pool AND c.life = 2 AND c.from_slot < n.to_slot
		AND c.to_slot > (SELECT p.from_slot FROM pools p WHERE p.id = n.pool)
		AND (SELECT r.status NOT IN (4, 5, 6, 7) OR r.step <> 0 FROM reservations r WHERE r.id = c.reservation) LIMIT 1), false)
	OR coalesce((SELECT true FROM reservations r WHERE r.step <> 0
		AND (SELECT true FROM claims c WHERE c.reservation = r.id AND c.pool = n.pool AND c.from_slot < n.to_slot LIMIT 1) LIMIT 1), false);

-- name: archive_slots
-- $4 is how many rows these spans have.
WITH gone AS (
	DELETE FROM slots s USING unnest($1::bigint[], $2::integer[], $3::integer[]) AS n (pool, from_slot, to_slot)
	WHERE s.pool = ANY (ARRAY[n.pool]) AND s.slot >= n.from_slot AND s.slot < n.to_slot
	RETURNING s.pool, s.slot, s.physical, s.out_of_order, s.overbooking_bp, s.target, s.by_hand, s.stock_limit, s.closed, s.held, s.sold, s.version
), kept AS (
	INSERT INTO slots_history (pool, slot, physical, out_of_order, overbooking_bp, target, by_hand, stock_limit, closed, held, sold, version)
	SELECT pool, slot, physical, out_of_order, overbooking_bp, target, by_hand, stock_limit, closed, held, sold, version FROM gone ORDER BY pool, slot
	RETURNING 1)
SELECT exactly(count(*), $4::bigint) FROM kept;

-- name: history_lines
SELECT reservation, version, at, actor_kind, actor, cause, from_status, to_status, payment, note, stream, n FROM history
WHERE reservation = ANY ($1::uuid[]) ORDER BY reservation, version;

-- name: insert_archived
INSERT INTO archived_reservations (id, created_at, updated_at, archived_at, status, locator, name, caller, document)
SELECT n.id, n.created_at, n.updated_at, $3::timestamptz, n.status, n.locator, n.name, n.caller, n.document::json
FROM unnest($1::uuid[], $2::timestamptz[], $4::timestamptz[], $5::smallint[], $6::text[], $7::text[], $8::text[], $9::text[])
	AS n (id, created_at, updated_at, status, locator, name, caller, document);

-- name: move_by_supplier
WITH gone AS (
	DELETE FROM by_supplier b USING unnest($1::uuid[], $2::timestamptz[], $3::uuid[]) AS n (supplier, placed_at, reservation)
	WHERE b.supplier = ANY (ARRAY[n.supplier]) AND b.placed_at = n.placed_at AND b.reservation = n.reservation
	RETURNING b.supplier, b.placed_at, b.reservation
), kept AS (
	INSERT INTO archived_by_supplier (supplier, placed_at, reservation) SELECT supplier, placed_at, reservation FROM gone
	RETURNING 1)
SELECT exactly(count(*), cardinality($1::uuid[])) FROM kept;

-- name: delete_history
-- The guard of the table lets go what is in the archive.
WITH gone AS (
	DELETE FROM history WHERE reservation = ANY ($1::uuid[])
	RETURNING 1)
SELECT exactly(count(*), $2::bigint) FROM gone;

-- name: delete_claims
WITH gone AS (
	DELETE FROM claims WHERE reservation = ANY ($1::uuid[])
	RETURNING 1)
SELECT exactly(count(*), $2::bigint) FROM gone;

-- name: delete_quotes
DELETE FROM quotes WHERE reservation = ANY ($1::uuid[]);

-- name: delete_reservations
WITH gone AS (
	DELETE FROM reservations r USING unnest($1::uuid[], $2::bigint[]) AS n (id, version)
	WHERE r.id = ANY (ARRAY[n.id]) AND r.version = n.version
	RETURNING 1)
SELECT exactly(count(*), cardinality($1::uuid[])) FROM gone;

-- name: fresh_locators
-- The locators of new reservations: none of them is in the archive.
SELECT fresh_locators(EXISTS (SELECT 1 FROM archived_reservations WHERE locator = ANY ($1::text[])));

-- name: archived
SELECT id, document FROM archived_reservations WHERE id = ANY ($1::uuid[]) ORDER BY id;

-- name: archived_by_locator
SELECT id FROM archived_reservations WHERE locator = $1::text;

-- name: archived_created_at
SELECT created_at FROM archived_reservations WHERE id = $1::uuid;

-- name: archived_all_down
SELECT id FROM archived_reservations
WHERE (created_at, id) < ($1::timestamptz, $2::uuid) AND (created_at, id) > ($3::timestamptz, $4::uuid)
	AND ($5::smallint = 0 OR status = $5::smallint) AND updated_at >= $6::timestamptz
ORDER BY created_at DESC, id DESC LIMIT $7::bigint;

-- name: archived_all_up
SELECT id FROM archived_reservations
WHERE (created_at, id) < ($1::timestamptz, $2::uuid) AND (created_at, id) > ($3::timestamptz, $4::uuid)
	AND ($5::smallint = 0 OR status = $5::smallint) AND updated_at >= $6::timestamptz
ORDER BY created_at, id LIMIT $7::bigint;

-- name: archived_caller_down
SELECT id FROM archived_reservations
WHERE caller = $8::text AND (created_at, id) < ($1::timestamptz, $2::uuid) AND (created_at, id) > ($3::timestamptz, $4::uuid)
	AND ($5::smallint = 0 OR status = $5::smallint) AND updated_at >= $6::timestamptz
ORDER BY created_at DESC, id DESC LIMIT $7::bigint;

-- name: archived_caller_up
SELECT id FROM archived_reservations
WHERE caller = $8::text AND (created_at, id) < ($1::timestamptz, $2::uuid) AND (created_at, id) > ($3::timestamptz, $4::uuid)
	AND ($5::smallint = 0 OR status = $5::smallint) AND updated_at >= $6::timestamptz
ORDER BY created_at, id LIMIT $7::bigint;

-- name: archived_supplier_down
-- A scalar subquery again, so that the supplier's lines give the newest first and the limit ends the search.
SELECT i.reservation FROM archived_by_supplier i
WHERE i.supplier = $8::uuid AND (i.placed_at, i.reservation) < ($1::timestamptz, $2::uuid) AND (i.placed_at, i.reservation) > ($3::timestamptz, $4::uuid)
	AND (SELECT true FROM archived_reservations r WHERE r.id = i.reservation AND ($5::smallint = 0 OR r.status = $5::smallint) AND r.updated_at >= $6::timestamptz)
ORDER BY i.placed_at DESC, i.reservation DESC LIMIT $7::bigint;

-- name: archived_supplier_up
SELECT i.reservation FROM archived_by_supplier i
WHERE i.supplier = $8::uuid AND (i.placed_at, i.reservation) < ($1::timestamptz, $2::uuid) AND (i.placed_at, i.reservation) > ($3::timestamptz, $4::uuid)
	AND (SELECT true FROM archived_reservations r WHERE r.id = i.reservation AND ($5::smallint = 0 OR r.status = $5::smallint) AND r.updated_at >= $6::timestamptz)
ORDER BY i.placed_at, i.reservation LIMIT $7::bigint;

-- name: archivable
SELECT r.updated_at, r.id, EXISTS (SELECT 1 FROM idempotency_keys k WHERE k.reservation = r.id) FROM reservations r
WHERE r.step = 0 AND r.status IN (4, 5, 6, 7) AND (r.status = 4 OR r.paid > 0)
	AND r.updated_at < $1::timestamptz AND (r.updated_at, r.id) > ($2::timestamptz, $3::uuid)
ORDER BY r.updated_at, r.id LIMIT $4::bigint;

-- name: archivable_unpaid
SELECT r.updated_at, r.id, EXISTS (SELECT 1 FROM idempotency_keys k WHERE k.reservation = r.id) FROM reservations r
WHERE r.step = 0 AND r.paid = 0 AND r.status IN (5, 6, 7)
	AND r.updated_at < $1::timestamptz AND (r.updated_at, r.id) > ($2::timestamptz, $3::uuid)
ORDER BY r.updated_at, r.id LIMIT $4::bigint;

-- name: audit_archived
-- With how many rows of it are left among what lives.
SELECT a.id, a.locator, a.caller, coalesce(a.name, ''), a.status, a.document,
	(SELECT count(*) FROM reservations r WHERE r.id = a.id) + (SELECT count(*) FROM reservations r WHERE r.locator = a.locator AND r.id <> a.id)
	+ (SELECT count(*) FROM claims c WHERE c.reservation = a.id) + (SELECT count(*) FROM history h WHERE h.reservation = a.id)
	+ (SELECT count(*) FROM quotes q WHERE q.reservation = a.id)
FROM archived_reservations a WHERE a.id = ANY ($1::uuid[]) ORDER BY a.id;

-- name: audit_lines
-- The version in the event that each line of an archived history names; 0 where there is none or it is about something else.
SELECT n.reservation, n.stream, n.n, coalesce((SELECT o.version FROM outbox o WHERE o.stream = n.stream AND o.n = n.n AND o.subject = n.reservation), 0)
FROM unnest($1::uuid[], $2::integer[], $3::bigint[]) WITH ORDINALITY AS n (reservation, stream, n, ord) ORDER BY n.ord;

-- Units (units.go).

-- name: layouts
SELECT id, document FROM layouts WHERE id = ANY ($1::uuid[]);

-- name: insert_layouts
-- In order of id, so that two who store the same ones wait for each other in one order.
INSERT INTO layouts (id, document) SELECT n.id, n.document::json FROM unnest($1::uuid[], $2::text[]) AS n (id, document) ON CONFLICT (id) DO NOTHING;

-- name: units
-- As lock_units reads them.
SELECT n.pool, p.layout, p.to_slot, b.block, b.version, b.taken, b.blocked
FROM unnest($1::bigint[]) AS n (pool)
CROSS JOIN LATERAL (SELECT x.layout, x.to_slot FROM pools x WHERE x.id = n.pool AND x.layout IS NOT NULL LIMIT 1) p
LEFT JOIN LATERAL (
	SELECT u.block, u.version, u.taken, u.blocked FROM unit_blocks u WHERE u.pool = n.pool ORDER BY u.block
) b ON true;

-- name: insert_blocks
-- Two batches that both found a block without a row cannot both give out its units: the later one waits here, is refused
-- by the primary key and runs again on fresh rows.
INSERT INTO unit_blocks (pool, block, version, taken, blocked)
SELECT pool, block, 1, taken, blocked FROM unnest($1::bigint[], $2::integer[], $3::bytea[], $4::bytea[]) AS n (pool, block, taken, blocked);

-- name: set_blocks
WITH changed AS (
	UPDATE unit_blocks b SET version = n.version, taken = n.taken, blocked = n.blocked
	FROM unnest($1::bigint[], $2::integer[], $3::bytea[], $4::bytea[], $5::bigint[]) AS n (pool, block, taken, blocked, version)
	WHERE b.pool = ANY (ARRAY[n.pool]) AND b.block = n.block AND b.version = n.version - 1 AND length(b.taken) = length(n.taken)
	RETURNING 1)
SELECT exactly(count(*), cardinality($1::bigint[])) FROM changed;

-- name: slots_of
SELECT s.pool, s.slot, s.physical, s.out_of_order, s.overbooking_bp, s.target, s.by_hand, s.stock_limit, s.closed, s.held, s.sold, s.version
FROM unnest($1::bigint[]) AS n (pool)
CROSS JOIN LATERAL (
	SELECT c.pool, c.slot, c.physical, c.out_of_order, c.overbooking_bp, c.target, c.by_hand, c.stock_limit, c.closed, c.held, c.sold, c.version
	FROM slots c WHERE c.pool = n.pool ORDER BY c.slot
) s;

-- name: claimants
-- The live claims of the pool by their indexes, all of them before the page is cut out: asked for in order of reservation,
-- a planner would read the primary key through.
WITH live AS MATERIALIZED (
	SELECT reservation FROM claims WHERE pool = $1::bigint AND life = 1
	UNION ALL SELECT reservation FROM claims WHERE pool = $1::bigint AND life = 2)
SELECT DISTINCT reservation FROM live WHERE reservation > $2::uuid ORDER BY reservation LIMIT $3::bigint;
