-- The statements of the SQLite engine. Those of a batch are run row by row in one write transaction.

-- name: reservation
SELECT id, name, locator, caller, status, payment, currency, created_at, updated_at, hold_expires_at, placed_until, extensions,
	grace_used, attempt, method, pay_key, paid, refunded, owed, refund_id, step, step_due, step_tries, version, item_status, amended, document
FROM reservations WHERE id = ?1;

-- name: claims
SELECT item, pool, from_slot, to_slot, count, unit, life FROM claims WHERE reservation = ?1 ORDER BY item, ord;

-- name: any_lapsed
SELECT 1 FROM reservations WHERE status IN (1, 2) AND hold_expires_at <= ?1 LIMIT 1;

-- name: lapsed
-- Holds of a pool whose time is over, the longest lapsed first. CROSS JOIN fixes the order of the loops: the pool's range
-- of claims_held, and a look-up for each.
SELECT c.reservation FROM claims c CROSS JOIN reservations r ON r.id = c.reservation
WHERE c.pool = ?1 AND c.life = 1 AND c.held_until <= ?2 AND r.status IN (1, 2) AND r.hold_expires_at <= ?2
ORDER BY c.held_until LIMIT ?3;

-- name: key
SELECT request, reservation, state, answer, facts, created_at FROM idempotency_keys WHERE id = ?1;

-- name: keys_of
SELECT id FROM idempotency_keys WHERE reservation = ?1 ORDER BY id;

-- name: quote
SELECT reservation, version, items, refund, fee, expires_at FROM quotes WHERE id = ?1;

-- name: pool
SELECT id, ref, supplier, physical, overbooking_bp, from_slot, to_slot, retired, layout, version FROM pools WHERE id = ?1;

-- name: pool_by_ref
SELECT id, ref, supplier, physical, overbooking_bp, from_slot, to_slot, retired, layout, version FROM pools WHERE ref = ?1;

-- name: pools_after
SELECT id, ref, supplier, physical, overbooking_bp, from_slot, to_slot, retired, layout, version FROM pools WHERE id > ?1 ORDER BY id LIMIT ?2;

-- name: next_pool
SELECT next FROM pool_counter WHERE one = 1;

-- name: set_next_pool
UPDATE pool_counter SET next = ?1 WHERE one = 1 AND next <= ?1;

-- name: slots
SELECT pool, slot, physical, out_of_order, overbooking_bp, target, by_hand, stock_limit, closed, held, sold, version
FROM slots WHERE pool = ?1 AND slot >= ?2 AND slot < ?3 ORDER BY slot;

-- name: slots_with_history
SELECT pool, slot, physical, out_of_order, overbooking_bp, target, by_hand, stock_limit, closed, held, sold, version
FROM slots WHERE pool = ?1 AND slot >= ?2 AND slot < ?3
UNION ALL SELECT pool, slot, physical, out_of_order, overbooking_bp, target, by_hand, stock_limit, closed, held, sold, version
FROM slots_history WHERE pool = ?1 AND slot >= ?2 AND slot < ?3 ORDER BY slot;

-- name: all_slots
SELECT pool, slot, physical, out_of_order, overbooking_bp, target, by_hand, stock_limit, closed, held, sold, version
FROM slots WHERE slot >= ?1 ORDER BY pool, slot;

-- name: count
SELECT holds, units, lapsed, lapsed_at FROM hold_counts WHERE pool = ?1 AND caller = ?2;

-- name: insert_key
INSERT INTO idempotency_keys (id, request, reservation, state, answer, facts, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7);

-- name: set_key
UPDATE idempotency_keys SET reservation = ?2, state = ?3, answer = ?4, facts = ?5 WHERE id = ?1;

-- name: insert_reservation
INSERT INTO reservations (id, name, locator, caller, status, payment, currency, created_at, updated_at, hold_expires_at, placed_until,
	extensions, grace_used, attempt, method, pay_key, paid, refunded, owed, refund_id, step, step_due, step_tries, ends_at, version, item_status, amended,
	document)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27, ?28);

-- name: set_reservation
-- Every column that can change: name, locator, caller, currency, created_at, placed_until and document never do, and
-- there are as many items as there were.
UPDATE reservations SET status = ?2, payment = ?3, updated_at = ?4, hold_expires_at = ?5, extensions = ?6, grace_used = ?7, attempt = ?8,
	method = ?9, pay_key = ?10, paid = ?11, refunded = ?12, owed = ?13, refund_id = ?14, step = ?15, step_due = ?16, step_tries = ?17,
	ends_at = ?18, version = ?19, item_status = ?20, amended = ?21
WHERE id = ?1 AND version = ?22 AND length(item_status) = length(?20);

-- name: has_locator
SELECT 1 FROM reservations WHERE locator = ?1 UNION ALL SELECT 1 FROM archived_reservations WHERE locator = ?1 LIMIT 1;

-- name: insert_by_supplier
INSERT INTO by_supplier (supplier, placed_at, reservation) VALUES (?1, ?2, ?3);

-- name: insert_ended
-- One that was over before, and was something else meanwhile, is there already.
INSERT INTO ended (created_at, reservation) VALUES (?1, ?2) ON CONFLICT DO NOTHING;

-- name: insert_claim
INSERT INTO claims (reservation, item, ord, pool, from_slot, to_slot, count, life, held_until, unit)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10);

-- name: delete_item_claims
DELETE FROM claims WHERE reservation = ?1 AND item = ?2;

-- name: set_claims
UPDATE claims SET life = ?3 WHERE reservation = ?1 AND item = ?2;

-- name: set_held_until
UPDATE claims SET held_until = ?2 WHERE reservation = ?1 AND life = 1 AND held_until IS NOT ?2;

-- name: insert_quote
INSERT INTO quotes (id, reservation, version, items, refund, fee, expires_at, keyed) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8);

-- name: insert_pool
INSERT INTO pools (id, ref, supplier, physical, overbooking_bp, from_slot, to_slot, retired, version, layout)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10);

-- name: set_pool
-- A pool's layout never changes.
UPDATE pools SET physical = ?2, overbooking_bp = ?3, from_slot = ?4, to_slot = ?5, retired = ?6, version = ?7
WHERE id = ?1 AND version = ?7 - 1 AND layout IS ?8;

-- name: insert_slot
INSERT INTO slots (pool, slot, physical, out_of_order, overbooking_bp, target, by_hand, stock_limit, closed, held, sold, version)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12);

-- name: set_slot
UPDATE slots SET physical = ?3, out_of_order = ?4, overbooking_bp = ?5, target = ?6, by_hand = ?7, stock_limit = ?8, closed = ?9,
	held = ?10, sold = ?11, version = ?12
WHERE pool = ?1 AND slot = ?2 AND version = ?12 - 1;

-- name: put_count
INSERT INTO hold_counts (pool, caller, holds, units, lapsed, lapsed_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
ON CONFLICT (pool, caller) DO UPDATE SET holds = excluded.holds, units = excluded.units, lapsed = excluded.lapsed, lapsed_at = excluded.lapsed_at;

-- name: insert_revocation
INSERT INTO revocations (supplier, rate_plan, before, actor_kind, actor, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6);

-- name: revocations
SELECT supplier, rate_plan, before, actor_kind, actor, at FROM revocations ORDER BY id;

-- name: advance_stream
UPDATE streams SET next = next + ?2 WHERE name = ?1 RETURNING stream, next - ?2;

-- name: insert_stream
INSERT INTO streams (stream, name, next) VALUES ((SELECT coalesce(max(stream), 0) + 1 FROM streams), ?1, 1);

-- name: streams
SELECT stream, next - 1 FROM streams;

-- name: insert_event
INSERT INTO outbox (stream, n, type, subject, version, at, data) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7);

-- name: events
SELECT n, type, subject, version, at, data FROM outbox WHERE stream = ?1 AND n > ?2 ORDER BY n LIMIT ?3;

-- name: common_events
SELECT n, type, subject, version, at, data FROM outbox WHERE stream = ?1 AND n > ?2 AND n <= ?3 AND subject IS NULL ORDER BY n LIMIT ?4;

-- name: insert_history
INSERT INTO history (reservation, version, at, actor_kind, actor, cause, from_status, to_status, payment, note, stream, n)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12);

-- name: history
SELECT version, at, actor_kind, actor, cause, from_status, to_status, payment, note FROM history WHERE reservation = ?1 ORDER BY version;

-- name: insert_batch
INSERT INTO batches (id, at) VALUES (?1, ?2);

-- name: batch
SELECT 1 FROM batches WHERE id = ?1;

-- name: created_at
SELECT created_at FROM reservations WHERE id = ?1;

-- name: by_locator
SELECT id FROM reservations WHERE locator = ?1;

-- name: find_all_down
SELECT id FROM reservations
WHERE (created_at, id) < (?1, ?2) AND (created_at, id) > (?3, ?4) AND (?5 = 0 OR status = ?5) AND updated_at >= ?6
ORDER BY created_at DESC, id DESC LIMIT ?7;

-- name: find_all_up
SELECT id FROM reservations
WHERE (created_at, id) < (?1, ?2) AND (created_at, id) > (?3, ?4) AND (?5 = 0 OR status = ?5) AND updated_at >= ?6
ORDER BY created_at, id LIMIT ?7;

-- name: find_caller_down
SELECT id FROM reservations
WHERE caller = ?8 AND (created_at, id) < (?1, ?2) AND (created_at, id) > (?3, ?4) AND (?5 = 0 OR status = ?5) AND updated_at >= ?6
ORDER BY created_at DESC, id DESC LIMIT ?7;

-- name: find_caller_up
SELECT id FROM reservations
WHERE caller = ?8 AND (created_at, id) < (?1, ?2) AND (created_at, id) > (?3, ?4) AND (?5 = 0 OR status = ?5) AND updated_at >= ?6
ORDER BY created_at, id LIMIT ?7;

-- name: find_supplier_down
-- CROSS JOIN fixes the order of the loops: the supplier's lines give the newest first and the limit ends the search.
SELECT i.reservation FROM by_supplier i CROSS JOIN reservations r ON r.id = i.reservation
WHERE i.supplier = ?8 AND (i.placed_at, i.reservation) < (?1, ?2) AND (i.placed_at, i.reservation) > (?3, ?4)
	AND (?5 = 0 OR r.status = ?5) AND r.updated_at >= ?6
ORDER BY i.placed_at DESC, i.reservation DESC LIMIT ?7;

-- name: find_supplier_up
SELECT i.reservation FROM by_supplier i CROSS JOIN reservations r ON r.id = i.reservation
WHERE i.supplier = ?8 AND (i.placed_at, i.reservation) < (?1, ?2) AND (i.placed_at, i.reservation) > (?3, ?4)
	AND (?5 = 0 OR r.status = ?5) AND r.updated_at >= ?6
ORDER BY i.placed_at, i.reservation LIMIT ?7;

-- name: due_holds
SELECT id FROM reservations WHERE status IN (1, 2) AND hold_expires_at <= ?1 ORDER BY hold_expires_at, id LIMIT ?2;

-- name: due_steps
SELECT id FROM reservations WHERE step <> 0 AND step_due <= ?1 ORDER BY step_due, id LIMIT ?2;

-- name: waiting_for_staff
-- They have no instant to be done at, which is how the index on steps finds them.
SELECT id FROM reservations WHERE step = 5 AND step <> 0 AND step_due IS NULL AND id > ?1 ORDER BY id LIMIT ?2;

-- name: due_ends
SELECT id FROM reservations WHERE status = 3 AND step IN (0, 5) AND ends_at <= ?1 ORDER BY ends_at, id LIMIT ?2;

-- name: secret
SELECT value FROM secrets WHERE name = ?1;

-- name: insert_secret
INSERT INTO secrets (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO NOTHING;

-- name: prune_keys
-- Keys that belong to no reservation.
DELETE FROM idempotency_keys WHERE id IN (
	SELECT id FROM idempotency_keys WHERE reservation IS NULL AND created_at < ?1 ORDER BY created_at LIMIT ?2);

-- name: ended
-- The next reservations that are over, and whether they still are.
SELECT e.created_at, e.reservation, coalesce((SELECT r.status IN (4, 5, 6, 7) AND r.step = 0 FROM reservations r WHERE r.id = e.reservation), 1)
FROM ended e WHERE e.created_at < ?1 ORDER BY e.created_at, e.reservation LIMIT ?2;

-- name: delete_ended
DELETE FROM ended WHERE created_at = ?1 AND reservation = ?2;

-- name: prune_keys_of
DELETE FROM idempotency_keys WHERE reservation = ?1 AND created_at < ?2;

-- name: prune_quotes_of
DELETE FROM quotes WHERE reservation = ?1 AND expires_at < ?2;

-- name: oldest_key
SELECT min(created_at) FROM idempotency_keys WHERE reservation = ?1;

-- name: prune_quotes
-- Those that a key answers with live as long as it (prune_quotes_of).
DELETE FROM quotes WHERE id IN (SELECT id FROM quotes WHERE keyed = 0 AND expires_at < ?1 ORDER BY expires_at LIMIT ?2);

-- name: prune_batches
DELETE FROM batches WHERE id IN (SELECT id FROM batches WHERE at < ?1 ORDER BY at LIMIT ?2);

-- name: prune_counts
DELETE FROM hold_counts WHERE (pool, caller) IN (
	SELECT pool, caller FROM hold_counts WHERE holds = 0 AND units = 0 AND (lapsed_at IS NULL OR lapsed_at < ?1) LIMIT ?2);

-- name: audit_slots
SELECT pool, slot, physical, out_of_order, overbooking_bp, target, by_hand, stock_limit, closed, held, sold, version
FROM slots WHERE pool BETWEEN ?1 AND ?2 ORDER BY pool, slot;

-- name: audit_claims
SELECT c.reservation, r.caller, c.life, c.pool, c.from_slot, c.to_slot, c.count, c.unit, c.item, c.ord
FROM claims c CROSS JOIN reservations r ON r.id = c.reservation WHERE c.pool BETWEEN ?1 AND ?2 AND c.life = 1
UNION ALL SELECT c.reservation, r.caller, c.life, c.pool, c.from_slot, c.to_slot, c.count, c.unit, c.item, c.ord
FROM claims c CROSS JOIN reservations r ON r.id = c.reservation WHERE c.pool BETWEEN ?1 AND ?2 AND c.life = 2
ORDER BY 4, 1, 9, 10;

-- name: audit_counts
SELECT caller, pool, holds, units, lapsed, lapsed_at FROM hold_counts WHERE pool BETWEEN ?1 AND ?2 AND holds <> 0 ORDER BY pool, caller;

-- name: audit_reservations
SELECT id FROM reservations WHERE id > ?1 UNION ALL SELECT id FROM archived_reservations WHERE id > ?1 ORDER BY id LIMIT ?2;

-- name: audit_events
-- The version in the event that each history entry names; 0 where there is none or it is about something else.
SELECT h.stream, h.n, coalesce(o.version, 0) FROM history h LEFT JOIN outbox o ON o.stream = h.stream AND o.n = h.n AND o.subject = h.reservation
WHERE h.reservation = ?1 ORDER BY h.version;

-- name: audit_streams
SELECT s.stream, s.name, s.next, coalesce((SELECT min(o.n) FROM outbox o WHERE o.stream = s.stream), 0),
	coalesce((SELECT max(o.n) FROM outbox o WHERE o.stream = s.stream), 0)
FROM streams s ORDER BY s.stream;

-- name: audit_outbox
SELECT count(*), count(subject) FROM outbox WHERE stream = ?1 AND n > ?2 AND n <= ?3;

-- name: audit_keys
SELECT k.id, k.state, k.created_at, coalesce(r.id, a.id) IS NULL
FROM idempotency_keys k LEFT JOIN reservations r ON r.id = k.reservation LEFT JOIN archived_reservations a ON a.id = k.reservation WHERE k.id > ?1 ORDER BY k.id LIMIT ?2;

-- The archive (archive.go).

-- name: open_held
-- Of a pool whether a reservation that may still move claims a slot before the given one: open_held, open_sold, open_step.
SELECT 1 FROM claims WHERE pool = ?1 AND life = 1 AND from_slot < ?2 LIMIT 1;

-- name: open_sold
SELECT 1 FROM claims c CROSS JOIN reservations r ON r.id = c.reservation
WHERE c.pool = ?1 AND c.life = 2 AND c.from_slot < ?2 AND c.to_slot > (SELECT from_slot FROM pools WHERE id = ?1)
	AND (r.status NOT IN (4, 5, 6, 7) OR r.step <> 0) LIMIT 1;

-- name: open_step
-- Whatever the claims count as: money that comes late takes freed stock again.
SELECT 1 FROM reservations r CROSS JOIN claims c ON c.reservation = r.id
WHERE r.step <> 0 AND c.pool = ?1 AND c.from_slot < ?2 LIMIT 1;

-- name: keep_slots
INSERT INTO slots_history (pool, slot, physical, out_of_order, overbooking_bp, target, by_hand, stock_limit, closed, held, sold, version)
SELECT pool, slot, physical, out_of_order, overbooking_bp, target, by_hand, stock_limit, closed, held, sold, version FROM slots
WHERE pool = ?1 AND slot >= ?2 AND slot < ?3 ORDER BY slot;

-- name: delete_slots
DELETE FROM slots WHERE pool = ?1 AND slot >= ?2 AND slot < ?3;

-- name: history_lines
SELECT version, at, actor_kind, actor, cause, from_status, to_status, payment, note, stream, n FROM history WHERE reservation = ?1 ORDER BY version;

-- name: insert_archived
INSERT INTO archived_reservations (id, name, locator, caller, status, created_at, updated_at, archived_at, document)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9);

-- name: insert_archived_by_supplier
INSERT INTO archived_by_supplier (supplier, placed_at, reservation) VALUES (?1, ?2, ?3);

-- name: delete_by_supplier
DELETE FROM by_supplier WHERE supplier = ?1 AND placed_at = ?2 AND reservation = ?3;

-- name: delete_history
-- The guard of the table lets go what is in the archive.
DELETE FROM history WHERE reservation = ?1;

-- name: delete_claims
DELETE FROM claims WHERE reservation = ?1;

-- name: delete_quotes
DELETE FROM quotes WHERE reservation = ?1;

-- name: delete_reservation
DELETE FROM reservations WHERE id = ?1 AND version = ?2;

-- name: archived_locator
SELECT 1 FROM archived_reservations WHERE locator = ?1;

-- name: archived
SELECT document FROM archived_reservations WHERE id = ?1;

-- name: archived_by_locator
SELECT id FROM archived_reservations WHERE locator = ?1;

-- name: archived_created_at
SELECT created_at FROM archived_reservations WHERE id = ?1;

-- name: archived_all_down
SELECT id FROM archived_reservations
WHERE (created_at, id) < (?1, ?2) AND (created_at, id) > (?3, ?4) AND (?5 = 0 OR status = ?5) AND updated_at >= ?6
ORDER BY created_at DESC, id DESC LIMIT ?7;

-- name: archived_all_up
SELECT id FROM archived_reservations
WHERE (created_at, id) < (?1, ?2) AND (created_at, id) > (?3, ?4) AND (?5 = 0 OR status = ?5) AND updated_at >= ?6
ORDER BY created_at, id LIMIT ?7;

-- name: archived_caller_down
SELECT id FROM archived_reservations
WHERE caller = ?8 AND (created_at, id) < (?1, ?2) AND (created_at, id) > (?3, ?4) AND (?5 = 0 OR status = ?5) AND updated_at >= ?6
ORDER BY created_at DESC, id DESC LIMIT ?7;

-- name: archived_caller_up
SELECT id FROM archived_reservations
WHERE caller = ?8 AND (created_at, id) < (?1, ?2) AND (created_at, id) > (?3, ?4) AND (?5 = 0 OR status = ?5) AND updated_at >= ?6
ORDER BY created_at, id LIMIT ?7;

-- name: archived_supplier_down
-- CROSS JOIN fixes the order of the loops: the supplier's lines give the newest first and the limit ends the search.
SELECT i.reservation FROM archived_by_supplier i CROSS JOIN archived_reservations r ON r.id = i.reservation
WHERE i.supplier = ?8 AND (i.placed_at, i.reservation) < (?1, ?2) AND (i.placed_at, i.reservation) > (?3, ?4)
	AND (?5 = 0 OR r.status = ?5) AND r.updated_at >= ?6
ORDER BY i.placed_at DESC, i.reservation DESC LIMIT ?7;

-- name: archived_supplier_up
SELECT i.reservation FROM archived_by_supplier i CROSS JOIN archived_reservations r ON r.id = i.reservation
WHERE i.supplier = ?8 AND (i.placed_at, i.reservation) < (?1, ?2) AND (i.placed_at, i.reservation) > (?3, ?4)
	AND (?5 = 0 OR r.status = ?5) AND r.updated_at >= ?6
ORDER BY i.placed_at, i.reservation LIMIT ?7;

-- name: archivable
SELECT r.updated_at, r.id, EXISTS (SELECT 1 FROM idempotency_keys k WHERE k.reservation = r.id) FROM reservations r
WHERE r.step = 0 AND r.status IN (4, 5, 6, 7) AND (r.status = 4 OR r.paid > 0) AND r.updated_at < ?1 AND (r.updated_at, r.id) > (?2, ?3)
ORDER BY r.updated_at, r.id LIMIT ?4;

-- name: archivable_unpaid
SELECT r.updated_at, r.id, EXISTS (SELECT 1 FROM idempotency_keys k WHERE k.reservation = r.id) FROM reservations r
WHERE r.step = 0 AND r.paid = 0 AND r.status IN (5, 6, 7) AND r.updated_at < ?1 AND (r.updated_at, r.id) > (?2, ?3)
ORDER BY r.updated_at, r.id LIMIT ?4;

-- name: audit_archived
-- With how many rows of it are left among what lives.
SELECT a.locator, a.caller, coalesce(a.name, ''), a.status, a.document,
	(SELECT count(*) FROM reservations r WHERE r.id = a.id) + (SELECT count(*) FROM reservations r WHERE r.locator = a.locator AND r.id <> a.id)
	+ (SELECT count(*) FROM claims c WHERE c.reservation = a.id) + (SELECT count(*) FROM history h WHERE h.reservation = a.id)
	+ (SELECT count(*) FROM quotes q WHERE q.reservation = a.id)
FROM archived_reservations a WHERE a.id = ?1;

-- name: audit_line
-- The version in the event that a line of an archived history names.
SELECT version FROM outbox WHERE stream = ?1 AND n = ?2 AND subject = ?3;

-- Units (units.go).

-- name: layout
SELECT document FROM layouts WHERE id = ?1;

-- name: insert_layout
INSERT INTO layouts (id, document) VALUES (?1, ?2) ON CONFLICT (id) DO NOTHING;

-- name: pool_layout
SELECT layout, to_slot FROM pools WHERE id = ?1 AND layout IS NOT NULL;

-- name: unit_blocks
SELECT block, version, taken, blocked FROM unit_blocks WHERE pool = ?1 ORDER BY block;

-- name: insert_block
INSERT INTO unit_blocks (pool, block, version, taken, blocked) VALUES (?1, ?2, ?3, ?4, ?5);

-- name: set_block
UPDATE unit_blocks SET version = ?3, taken = ?4, blocked = ?5
WHERE pool = ?1 AND block = ?2 AND version = ?3 - 1 AND length(taken) = length(?4);

-- name: slots_of
SELECT pool, slot, physical, out_of_order, overbooking_bp, target, by_hand, stock_limit, closed, held, sold, version
FROM slots WHERE pool = ?1 ORDER BY slot;

-- name: claimants
-- By the indexes of the live claims of the pool; "+" keeps the one on reservations out. A bare parameter as the
-- limit would have it prepared anew with each value.
SELECT reservation FROM claims WHERE pool = ?1 AND life = 1 AND +reservation > ?2
UNION SELECT reservation FROM claims WHERE pool = ?1 AND life = 2 AND +reservation > ?2 ORDER BY 1 LIMIT ?3 + 0;
