-- Everything that must commit together. Ids are 16 bytes, instants microseconds since 1970, slots days or a sequence.
-- +goose Up
CREATE TABLE pools (
	id             INTEGER PRIMARY KEY,
	ref            BLOB NOT NULL UNIQUE CHECK (length(ref) = 16),
	supplier       BLOB NOT NULL CHECK (length(supplier) = 16),
	physical       INTEGER NOT NULL CHECK (physical BETWEEN 0 AND 1000000),
	overbooking_bp INTEGER NOT NULL CHECK (overbooking_bp BETWEEN -10000 AND 20000),
	from_slot      INTEGER NOT NULL,
	to_slot        INTEGER NOT NULL CHECK (to_slot >= from_slot),
	retired        INTEGER NOT NULL CHECK (retired IN (0, 1)),
	version        INTEGER NOT NULL CHECK (version >= 0)
) STRICT;

-- One row: the number of the next pool.
CREATE TABLE pool_counter (
	one  INTEGER PRIMARY KEY CHECK (one = 1),
	next INTEGER NOT NULL CHECK (next >= 1)
) STRICT;
INSERT INTO pool_counter (one, next) VALUES (1, 1);

-- No foreign key to pools: slots are made in bulk, under the lock of their pool's row, and never move to another.
CREATE TABLE slots (
	pool           INTEGER NOT NULL,
	slot           INTEGER NOT NULL,
	physical       INTEGER NOT NULL CHECK (physical BETWEEN 0 AND 1000000),
	out_of_order   INTEGER NOT NULL CHECK (out_of_order BETWEEN 0 AND 1000000),
	overbooking_bp INTEGER NOT NULL CHECK (overbooking_bp BETWEEN -10000 AND 20000),
	target         INTEGER NOT NULL CHECK (target >= 0),
	by_hand        INTEGER NOT NULL CHECK (by_hand IN (0, 1)),
	stock_limit    INTEGER NOT NULL,
	closed         INTEGER NOT NULL CHECK (closed IN (0, 1)),
	held           INTEGER NOT NULL CHECK (held >= 0),
	sold           INTEGER NOT NULL CHECK (sold >= 0),
	version        INTEGER NOT NULL CHECK (version >= 0),
	PRIMARY KEY (pool, slot),
	CONSTRAINT never_more_than_the_limit CHECK (held + sold <= stock_limit),
	CONSTRAINT limit_follows_target CHECK (stock_limit = max(target, held + sold)),
	CONSTRAINT target_follows_capacity CHECK (by_hand OR target = max(0, physical - out_of_order) * (10000 + overbooking_bp) / 10000)
) STRICT, WITHOUT ROWID;

CREATE TABLE reservations (
	id              BLOB PRIMARY KEY NOT NULL CHECK (length(id) = 16),
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
	version         INTEGER NOT NULL CHECK (version >= 1)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX reservations_name ON reservations (caller, name) WHERE name IS NOT NULL;
CREATE INDEX reservations_caller ON reservations (caller, created_at, id);
CREATE INDEX reservations_created ON reservations (created_at, id);
-- What waits for the system: each index holds only the rows that do.
CREATE INDEX reservations_hold ON reservations (hold_expires_at) WHERE status IN (1, 2);
CREATE INDEX reservations_step ON reservations (step_due) WHERE step <> 0;
CREATE INDEX reservations_end ON reservations (ends_at) WHERE status = 3;

CREATE TABLE items (
	reservation BLOB NOT NULL REFERENCES reservations (id),
	ord         INTEGER NOT NULL CHECK (ord >= 0),
	id          BLOB NOT NULL CHECK (length(id) = 16),
	status      INTEGER NOT NULL CHECK (status BETWEEN 1 AND 7),
	supplier    BLOB NOT NULL CHECK (length(supplier) = 16),
	placed_at   INTEGER NOT NULL, -- created_at of the reservation, for listing by supplier
	ends_at     INTEGER,
	document    TEXT NOT NULL CHECK (json_valid(document)),
	PRIMARY KEY (reservation, ord)
) STRICT, WITHOUT ROWID;
CREATE INDEX items_supplier ON items (supplier, placed_at, reservation);

CREATE TABLE travellers (
	reservation BLOB NOT NULL REFERENCES reservations (id),
	ord         INTEGER NOT NULL CHECK (ord >= 0),
	given_name  TEXT NOT NULL,
	family_name TEXT NOT NULL,
	email       TEXT NOT NULL,
	PRIMARY KEY (reservation, ord)
) STRICT, WITHOUT ROWID;

-- life: 1 held, 2 sold, 3 counts nowhere any more.
CREATE TABLE claims (
	reservation BLOB NOT NULL REFERENCES reservations (id),
	item        INTEGER NOT NULL CHECK (item >= 0),
	ord         INTEGER NOT NULL CHECK (ord >= 0),
	pool        INTEGER NOT NULL,
	from_slot   INTEGER NOT NULL,
	to_slot     INTEGER NOT NULL CHECK (to_slot > from_slot),
	count       INTEGER NOT NULL CHECK (count BETWEEN 1 AND 1000000),
	life        INTEGER NOT NULL CHECK (life BETWEEN 1 AND 3),
	PRIMARY KEY (reservation, item, ord)
) STRICT, WITHOUT ROWID;
CREATE INDEX claims_pool ON claims (pool);

-- stream and n name the event of the transition.
CREATE TABLE history (
	reservation BLOB NOT NULL CHECK (length(reservation) = 16),
	version     INTEGER NOT NULL CHECK (version >= 1),
	at          INTEGER NOT NULL,
	actor_kind  INTEGER NOT NULL CHECK (actor_kind BETWEEN 1 AND 3),
	actor       TEXT NOT NULL,
	cause       INTEGER NOT NULL CHECK (cause BETWEEN 1 AND 13),
	from_status INTEGER NOT NULL CHECK (from_status BETWEEN 0 AND 7),
	to_status   INTEGER NOT NULL CHECK (to_status BETWEEN 1 AND 7),
	payment     INTEGER NOT NULL CHECK (payment BETWEEN 1 AND 6),
	note        TEXT NOT NULL,
	stream      INTEGER NOT NULL,
	n           INTEGER NOT NULL,
	PRIMARY KEY (reservation, version)
) STRICT, WITHOUT ROWID;

CREATE TABLE idempotency_keys (
	id          BLOB PRIMARY KEY NOT NULL CHECK (length(id) = 16),
	request     BLOB NOT NULL CHECK (length(request) = 16),
	reservation BLOB CHECK (length(reservation) = 16),
	state       INTEGER NOT NULL CHECK (state IN (1, 2)),
	answer      INTEGER NOT NULL CHECK (answer BETWEEN 0 AND 7),
	facts       TEXT CHECK (json_valid(facts)),
	created_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_keys_reservation ON idempotency_keys (reservation);
CREATE INDEX idempotency_keys_created ON idempotency_keys (created_at);

CREATE TABLE quotes (
	id          BLOB PRIMARY KEY NOT NULL CHECK (length(id) = 16),
	reservation BLOB NOT NULL REFERENCES reservations (id),
	version     INTEGER NOT NULL CHECK (version >= 1),
	items       BLOB NOT NULL CHECK (length(items) % 16 = 0),
	refund      INTEGER NOT NULL CHECK (refund >= 0),
	fee         INTEGER NOT NULL CHECK (fee >= 0),
	expires_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE hold_counts (
	pool      INTEGER NOT NULL,
	caller    TEXT NOT NULL,
	holds     INTEGER NOT NULL CHECK (holds >= 0),
	units     INTEGER NOT NULL CHECK (units >= 0),
	lapsed    INTEGER NOT NULL CHECK (lapsed >= 0),
	lapsed_at INTEGER,
	PRIMARY KEY (pool, caller)
) STRICT, WITHOUT ROWID;

-- next is the number that the stream's next event gets.
CREATE TABLE streams (
	stream INTEGER PRIMARY KEY,
	name   TEXT NOT NULL UNIQUE,
	next   INTEGER NOT NULL CHECK (next >= 1)
) STRICT;

CREATE TABLE outbox (
	stream  INTEGER NOT NULL,
	n       INTEGER NOT NULL CHECK (n >= 1),
	type    TEXT NOT NULL,
	subject BLOB CHECK (length(subject) = 16),
	version INTEGER NOT NULL,
	at      INTEGER NOT NULL,
	data    TEXT NOT NULL CHECK (json_valid(data)),
	PRIMARY KEY (stream, n)
) STRICT, WITHOUT ROWID;

CREATE TABLE batches (
	id BLOB PRIMARY KEY NOT NULL CHECK (length(id) = 16),
	at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX batches_at ON batches (at);

CREATE TABLE revocations (
	id         INTEGER PRIMARY KEY,
	supplier   BLOB NOT NULL CHECK (length(supplier) = 16),
	rate_plan  BLOB CHECK (length(rate_plan) = 16),
	before     INTEGER NOT NULL,
	actor_kind INTEGER NOT NULL CHECK (actor_kind BETWEEN 1 AND 3),
	actor      TEXT NOT NULL,
	at         INTEGER NOT NULL
) STRICT;

CREATE TABLE secrets (
	name  TEXT PRIMARY KEY NOT NULL,
	value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- What happened stays: history, events and revocations are only ever added to.
-- +goose StatementBegin
CREATE TRIGGER history_no_update BEFORE UPDATE ON history BEGIN SELECT RAISE(ABORT, 'history is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER history_no_delete BEFORE DELETE ON history BEGIN SELECT RAISE(ABORT, 'history is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER outbox_no_update BEFORE UPDATE ON outbox BEGIN SELECT RAISE(ABORT, 'outbox is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER outbox_no_delete BEFORE DELETE ON outbox BEGIN SELECT RAISE(ABORT, 'outbox is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER revocations_no_update BEFORE UPDATE ON revocations BEGIN SELECT RAISE(ABORT, 'revocations is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER revocations_no_delete BEFORE DELETE ON revocations BEGIN SELECT RAISE(ABORT, 'revocations is append-only'); END;
-- +goose StatementEnd
