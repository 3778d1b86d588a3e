-- A placing writes fewer rows and index entries: travellers and items are a document in the reservation's own row, and
-- keys are pruned with the reservations they belong to.
-- +goose Up

-- Raises unless a statement changed just so many rows, so that the COMMIT behind it in the same pipeline does not happen.
-- +goose StatementBegin
CREATE FUNCTION exactly(changed bigint, wanted bigint) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
	IF changed <> wanted THEN
		RAISE EXCEPTION '% rows changed, want %', changed, wanted USING ERRCODE = 'integrity_constraint_violation';
	END IF;
	RETURN true;
END $$;
-- +goose StatementEnd

ALTER TABLE items DROP CONSTRAINT items_reservation_fkey;
ALTER TABLE travellers DROP CONSTRAINT travellers_reservation_fkey;
ALTER TABLE claims DROP CONSTRAINT claims_reservation_fkey;
ALTER TABLE quotes DROP CONSTRAINT quotes_reservation_fkey;
ALTER TABLE reservations RENAME TO old_reservations;
ALTER TABLE old_reservations DROP CONSTRAINT reservations_pkey, DROP CONSTRAINT reservations_locator;
DROP INDEX reservations_name, reservations_caller, reservations_created, reservations_hold, reservations_step, reservations_end;

-- Wide columns first, then those that an update leaves alone: what the log of an update has to say is then short. No
-- update stays on its page without touching an index (status, step and the instants are in partial ones), so pages are
-- filled.
CREATE TABLE reservations (
	id              uuid NOT NULL,
	created_at      timestamptz NOT NULL,
	updated_at      timestamptz NOT NULL,
	hold_expires_at timestamptz,
	placed_until    timestamptz,
	step_due        timestamptz,
	ends_at         timestamptz, -- of the last item that is not cancelled
	paid            bigint NOT NULL CONSTRAINT reservations_paid_check CHECK (paid >= 0),
	refunded        bigint NOT NULL,
	owed            bigint NOT NULL CONSTRAINT reservations_owed_check CHECK (owed >= 0),
	version         bigint NOT NULL CONSTRAINT reservations_version_check CHECK (version >= 1),
	status          smallint NOT NULL CONSTRAINT reservations_status_check CHECK (status BETWEEN 1 AND 7),
	payment         smallint NOT NULL CONSTRAINT reservations_payment_check CHECK (payment BETWEEN 1 AND 6),
	extensions      smallint NOT NULL CONSTRAINT reservations_extensions_check CHECK (extensions >= 0),
	step            smallint NOT NULL CONSTRAINT reservations_step_check CHECK (step BETWEEN 0 AND 4),
	step_tries      smallint NOT NULL CONSTRAINT reservations_step_tries_check CHECK (step_tries >= 0),
	grace_used      boolean NOT NULL,
	attempt         uuid,
	pay_key         uuid,
	refund_id       uuid,
	method          text NOT NULL,
	item_status     text COLLATE "C" NOT NULL CONSTRAINT reservations_item_status_check CHECK (rtrim(item_status, '1234567') = ''), -- one digit an item
	currency        text NOT NULL CONSTRAINT reservations_currency_check CHECK (length(currency) = 3),
	name            text COLLATE "C",
	locator         text COLLATE "C" NOT NULL,
	caller          text COLLATE "C" NOT NULL,
	document        json NOT NULL, -- travellers and items; never changes
	CONSTRAINT reservations_check CHECK (refunded BETWEEN 0 AND paid)
);
INSERT INTO reservations (id, created_at, updated_at, hold_expires_at, placed_until, step_due, ends_at, paid, refunded, owed, version, status,
	payment, extensions, step, step_tries, grace_used, attempt, pay_key, refund_id, method, item_status, currency, name, locator, caller, document)
SELECT r.id, r.created_at, r.updated_at, r.hold_expires_at, r.placed_until, r.step_due, r.ends_at, r.paid, r.refunded, r.owed, r.version, r.status,
	r.payment, r.extensions, r.step, r.step_tries, r.grace_used, r.attempt, r.pay_key, r.refund_id, r.method, coalesce(i.statuses, ''), r.currency,
	r.name, r.locator, r.caller,
	json_build_object('travellers', coalesce(t.travellers, '[]'::json), 'items', coalesce(i.items, '[]'::json))
FROM old_reservations r
LEFT JOIN (
	SELECT reservation, string_agg(status::text, '' ORDER BY ord) AS statuses,
		json_agg(json_build_object('id', replace(id::text, '-', ''), 'supplier', replace(supplier::text, '-', ''),
			'ends_at', (extract(epoch FROM ends_at) * 1000000)::bigint, 'piece', document) ORDER BY ord) AS items
	FROM items GROUP BY reservation) i ON i.reservation = r.id
LEFT JOIN (
	SELECT reservation,
		json_agg(json_build_object('given_name', given_name, 'family_name', family_name, 'email', email) ORDER BY ord) AS travellers
	FROM travellers GROUP BY reservation) t ON t.reservation = r.id
ORDER BY r.created_at, r.id;
ALTER TABLE reservations ADD CONSTRAINT reservations_pkey PRIMARY KEY (id), ADD CONSTRAINT reservations_locator UNIQUE (locator);

-- Lists of a supplier, newest first (find_supplier_down, find_supplier_up): a line for each supplier of a reservation.
CREATE TABLE by_supplier (
	supplier    uuid,
	placed_at   timestamptz, -- created_at of the reservation
	reservation uuid,
	PRIMARY KEY (supplier, placed_at, reservation)
);
INSERT INTO by_supplier (supplier, placed_at, reservation) SELECT DISTINCT supplier, placed_at, reservation FROM items ORDER BY supplier, placed_at, reservation;
DROP TABLE old_reservations, items, travellers;

-- Every index has its queries:
CREATE UNIQUE INDEX reservations_name ON reservations (caller, name) WHERE name IS NOT NULL; -- a name is given once
CREATE INDEX reservations_caller ON reservations (caller, created_at, id);                   -- find_caller_down, find_caller_up
CREATE INDEX reservations_created ON reservations (created_at, id);                          -- find_all_down, find_all_up
-- What waits for the system: each index holds only the rows that do.
CREATE INDEX reservations_hold ON reservations (hold_expires_at) WHERE status IN (1, 2); -- due_holds; lock_due asks it whether anything has lapsed
CREATE INDEX reservations_step ON reservations (step_due) WHERE step <> 0;               -- due_steps
CREATE INDEX reservations_end ON reservations (ends_at) WHERE status = 3;                -- due_ends

-- held_until is when the hold of the claim's reservation ends, as long as the claim is held: the lapsed holds of a pool
-- are a range. A claim is in one of the two indexes, or counts nowhere and is in none.
ALTER TABLE claims ADD COLUMN held_until timestamptz, ADD CONSTRAINT claims_reservation_fkey FOREIGN KEY (reservation) REFERENCES reservations (id);
UPDATE claims c SET held_until = r.hold_expires_at FROM reservations r WHERE r.id = c.reservation AND c.life = 1;
ALTER TABLE claims RESET (fillfactor); -- life is in the indexes now, so no update leaves them alone
DROP INDEX claims_pool;
CREATE INDEX claims_held ON claims (pool, held_until) WHERE life = 1; -- lock_due, audit_claims
CREATE INDEX claims_sold ON claims (pool) WHERE life = 2;             -- audit_claims

-- Reservations that are over, by when they were placed: what may still have old keys and quotes (prune_ended). One that
-- has younger keys comes again when they are old.
CREATE TABLE ended (
	created_at  timestamptz,
	reservation uuid,
	PRIMARY KEY (created_at, reservation)
);
INSERT INTO ended (created_at, reservation) SELECT created_at, id FROM reservations WHERE status IN (4, 5, 6, 7) AND step = 0 ORDER BY created_at, id;
DROP INDEX idempotency_keys_created;
CREATE INDEX idempotency_keys_loose ON idempotency_keys (created_at) WHERE reservation IS NULL; -- prune_keys: keys that belong to no reservation
-- idempotency_keys_reservation stays: prune_ended, keys_of.

-- keyed: an idempotency key answers with this quote, so it lives as long as the key.
ALTER TABLE quotes ADD COLUMN keyed boolean NOT NULL DEFAULT true, ADD CONSTRAINT quotes_reservation_fkey FOREIGN KEY (reservation) REFERENCES reservations (id);
ALTER TABLE quotes ALTER COLUMN keyed DROP DEFAULT;
CREATE INDEX quotes_reservation ON quotes (reservation);                -- prune_ended
CREATE INDEX quotes_expired ON quotes (expires_at) WHERE NOT keyed;     -- prune_quotes
