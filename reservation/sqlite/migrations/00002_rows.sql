-- A placing writes fewer rows and index entries: travellers and items are a document in the reservation's own row, and
-- keys are pruned with the reservations they belong to.
-- +goose Up

-- With rowids: a row with its document is too wide for the inner pages of a tree. document, which never changes, is last.
CREATE TABLE new_reservations (
	id              BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
	name            TEXT,
	locator         TEXT NOT NULL UNIQUE,
	caller          TEXT NOT NULL,
	status          INTEGER NOT NULL CHECK (status BETWEEN 1 AND 7),
	payment         INTEGER NOT NULL CHECK (payment BETWEEN 1 AND 6),
	currency        TEXT NOT NULL CHECK (length(currency) = 3),
	created_at      INTEGER NOT NULL,
	updated_at      INTEGER NOT NULL,
	hold_expires_at INTEGER,
	placed_until    INTEGER,
	extensions      INTEGER NOT NULL CHECK (extensions >= 0),
	grace_used      INTEGER NOT NULL CHECK (grace_used IN (0, 1)),
	attempt         BLOB CHECK (length(attempt) = 16),
	method          TEXT NOT NULL,
	pay_key         BLOB CHECK (length(pay_key) = 16),
	paid            INTEGER NOT NULL CHECK (paid >= 0),
	refunded        INTEGER NOT NULL CHECK (refunded BETWEEN 0 AND paid),
	owed            INTEGER NOT NULL CHECK (owed >= 0),
	refund_id       BLOB CHECK (length(refund_id) = 16),
	step            INTEGER NOT NULL CHECK (step BETWEEN 0 AND 4),
	step_due        INTEGER,
	step_tries      INTEGER NOT NULL CHECK (step_tries >= 0),
	ends_at         INTEGER, -- of the last item that is not cancelled
	version         INTEGER NOT NULL CHECK (version >= 1),
	item_status     TEXT NOT NULL CHECK (item_status NOT GLOB '*[^1-7]*'), -- one digit an item
	document        TEXT NOT NULL CHECK (json_valid(document)) -- travellers and items
) STRICT;
INSERT INTO new_reservations (id, name, locator, caller, status, payment, currency, created_at, updated_at, hold_expires_at, placed_until, extensions,
	grace_used, attempt, method, pay_key, paid, refunded, owed, refund_id, step, step_due, step_tries, ends_at, version, item_status, document)
SELECT id, name, locator, caller, status, payment, currency, created_at, updated_at, hold_expires_at, placed_until, extensions,
	grace_used, attempt, method, pay_key, paid, refunded, owed, refund_id, step, step_due, step_tries, ends_at, version,
	coalesce((SELECT group_concat(i.status, '' ORDER BY i.ord) FROM items i WHERE i.reservation = r.id), ''),
	json_object(
		'travellers', json((SELECT json_group_array(json_object('given_name', t.given_name, 'family_name', t.family_name, 'email', t.email) ORDER BY t.ord)
			FROM travellers t WHERE t.reservation = r.id)),
		'items', json((SELECT json_group_array(json_object('id', lower(hex(i.id)), 'supplier', lower(hex(i.supplier)), 'ends_at', i.ends_at,
			'piece', json(i.document)) ORDER BY i.ord) FROM items i WHERE i.reservation = r.id)))
FROM reservations r ORDER BY created_at, id;

-- held_until is when the hold of the claim's reservation ends, as long as the claim is held: the lapsed holds of a pool
-- are a range. life: 1 held, 2 sold, 3 counts nowhere any more.
CREATE TABLE new_claims (
	reservation BLOB NOT NULL REFERENCES new_reservations (id),
	item        INTEGER NOT NULL CHECK (item >= 0),
	ord         INTEGER NOT NULL CHECK (ord >= 0),
	pool        INTEGER NOT NULL,
	from_slot   INTEGER NOT NULL,
	to_slot     INTEGER NOT NULL CHECK (to_slot > from_slot),
	count       INTEGER NOT NULL CHECK (count BETWEEN 1 AND 1000000),
	life        INTEGER NOT NULL CHECK (life BETWEEN 1 AND 3),
	held_until  INTEGER,
	PRIMARY KEY (reservation, item, ord)
) STRICT, WITHOUT ROWID;
INSERT INTO new_claims (reservation, item, ord, pool, from_slot, to_slot, count, life, held_until)
SELECT c.reservation, c.item, c.ord, c.pool, c.from_slot, c.to_slot, c.count, c.life, CASE WHEN c.life = 1 THEN r.hold_expires_at END
FROM claims c JOIN reservations r ON r.id = c.reservation ORDER BY c.reservation, c.item, c.ord;

-- keyed: an idempotency key answers with this quote, so it lives as long as the key.
CREATE TABLE new_quotes (
	id          BLOB PRIMARY KEY NOT NULL CHECK (length(id) = 16),
	reservation BLOB NOT NULL REFERENCES new_reservations (id),
	version     INTEGER NOT NULL CHECK (version >= 1),
	items       BLOB NOT NULL CHECK (length(items) % 16 = 0),
	refund      INTEGER NOT NULL CHECK (refund >= 0),
	fee         INTEGER NOT NULL CHECK (fee >= 0),
	expires_at  INTEGER NOT NULL,
	keyed       INTEGER NOT NULL CHECK (keyed IN (0, 1))
) STRICT, WITHOUT ROWID;
INSERT INTO new_quotes (id, reservation, version, items, refund, fee, expires_at, keyed)
SELECT id, reservation, version, items, refund, fee, expires_at, 1 FROM quotes;

-- Lists of a supplier, newest first (find_supplier_down, find_supplier_up): a line for each supplier of a reservation.
CREATE TABLE by_supplier (
	supplier    BLOB NOT NULL CHECK (length(supplier) = 16),
	placed_at   INTEGER NOT NULL, -- created_at of the reservation
	reservation BLOB NOT NULL CHECK (length(reservation) = 16),
	PRIMARY KEY (supplier, placed_at, reservation)
) STRICT, WITHOUT ROWID;
INSERT INTO by_supplier (supplier, placed_at, reservation) SELECT DISTINCT supplier, placed_at, reservation FROM items ORDER BY supplier, placed_at, reservation;

-- The names follow: what refers to new_reservations refers to reservations then.
DROP TABLE items;
DROP TABLE travellers;
DROP TABLE claims;
DROP TABLE quotes;
DROP TABLE reservations;
ALTER TABLE new_reservations RENAME TO reservations;
ALTER TABLE new_claims RENAME TO claims;
ALTER TABLE new_quotes RENAME TO quotes;

-- Every index has its queries:
CREATE UNIQUE INDEX reservations_name ON reservations (caller, name) WHERE name IS NOT NULL; -- a name is given once
CREATE INDEX reservations_caller ON reservations (caller, created_at, id);                   -- find_caller_down, find_caller_up
CREATE INDEX reservations_created ON reservations (created_at, id);                          -- find_all_down, find_all_up
-- What waits for the system: each index holds only the rows that do.
CREATE INDEX reservations_hold ON reservations (hold_expires_at) WHERE status IN (1, 2); -- due_holds, any_lapsed
CREATE INDEX reservations_step ON reservations (step_due) WHERE step <> 0;               -- due_steps
CREATE INDEX reservations_end ON reservations (ends_at) WHERE status = 3;                -- due_ends
-- A claim is in one of these, or counts nowhere and is in none.
CREATE INDEX claims_held ON claims (pool, held_until) WHERE life = 1; -- lapsed, audit_claims
CREATE INDEX claims_sold ON claims (pool) WHERE life = 2;             -- audit_claims
CREATE INDEX quotes_reservation ON quotes (reservation);              -- prune_quotes_of
CREATE INDEX quotes_expired ON quotes (expires_at) WHERE keyed = 0;   -- prune_quotes

-- Reservations that are over, by when they were placed: what may still have old keys and quotes (ended). One that has
-- younger keys comes again when they are old.
CREATE TABLE ended (
	created_at  INTEGER NOT NULL,
	reservation BLOB NOT NULL CHECK (length(reservation) = 16),
	PRIMARY KEY (created_at, reservation)
) STRICT, WITHOUT ROWID;
INSERT INTO ended (created_at, reservation) SELECT created_at, id FROM reservations WHERE status IN (4, 5, 6, 7) AND step = 0 ORDER BY created_at, id;
DROP INDEX idempotency_keys_created;
CREATE INDEX idempotency_keys_loose ON idempotency_keys (created_at) WHERE reservation IS NULL; -- prune_keys: keys that belong to no reservation
-- idempotency_keys_reservation stays: prune_keys_of, keys_of.
