-- Everything that must commit together. Texts that are looked up compare by their bytes (COLLATE "C"). Tables whose rows change leave room in their pages, so that an update stays on
-- its page and touches no index (HOT); what is only added to fills its pages.
-- +goose Up
CREATE TABLE pools (
	id             bigint PRIMARY KEY,
	ref            uuid NOT NULL CONSTRAINT pools_ref UNIQUE,
	supplier       uuid NOT NULL,
	physical       integer NOT NULL CHECK (physical BETWEEN 0 AND 1000000),
	overbooking_bp integer NOT NULL CHECK (overbooking_bp BETWEEN -10000 AND 20000),
	from_slot      integer NOT NULL,
	to_slot        integer NOT NULL CHECK (to_slot >= from_slot),
	retired        boolean NOT NULL,
	version        bigint NOT NULL CHECK (version >= 0)
);

-- One row: the number of the next pool.
CREATE TABLE pool_counter (
	one  integer PRIMARY KEY CHECK (one = 1),
	next bigint NOT NULL CHECK (next >= 1)
);
INSERT INTO pool_counter (one, next) VALUES (1, 1);

-- No foreign key to pools: slots are made in bulk, under the lock of their pool's row, and never move to another.
CREATE TABLE slots (
	pool           bigint NOT NULL,
	version        bigint NOT NULL CHECK (version >= 0),
	slot           integer NOT NULL,
	physical       integer NOT NULL CHECK (physical BETWEEN 0 AND 1000000),
	out_of_order   integer NOT NULL CHECK (out_of_order BETWEEN 0 AND 1000000),
	overbooking_bp integer NOT NULL CHECK (overbooking_bp BETWEEN -10000 AND 20000),
	target         integer NOT NULL CHECK (target >= 0),
	stock_limit    integer NOT NULL,
	held           integer NOT NULL CHECK (held >= 0),
	sold           integer NOT NULL CHECK (sold >= 0),
	by_hand        boolean NOT NULL,
	closed         boolean NOT NULL,
	PRIMARY KEY (pool, slot),
	CONSTRAINT never_more_than_the_limit CHECK (held + sold <= stock_limit),
	CONSTRAINT limit_follows_target CHECK (stock_limit = greatest(target, held + sold)),
	CONSTRAINT target_follows_capacity
		CHECK (by_hand OR target = greatest(0, physical - out_of_order)::bigint * (10000 + overbooking_bp) / 10000)
) WITH (fillfactor = 85);

CREATE TABLE reservations (
	id              uuid PRIMARY KEY,
	name            text COLLATE "C",
	locator         text COLLATE "C" NOT NULL CONSTRAINT reservations_locator UNIQUE,
	caller          text COLLATE "C" NOT NULL,
	status          smallint NOT NULL CHECK (status BETWEEN 1 AND 7),
	payment         smallint NOT NULL CHECK (payment BETWEEN 1 AND 6),
	currency        text NOT NULL CHECK (length(currency) = 3),
	created_at      timestamptz NOT NULL,
	updated_at      timestamptz NOT NULL,
	hold_expires_at timestamptz,
	placed_until    timestamptz,
	extensions      smallint NOT NULL CHECK (extensions >= 0),
	grace_used      boolean NOT NULL,
	attempt         uuid,
	method          text NOT NULL,
	pay_key         uuid,
	paid            bigint NOT NULL CHECK (paid >= 0),
	refunded        bigint NOT NULL CHECK (refunded BETWEEN 0 AND paid),
	owed            bigint NOT NULL CHECK (owed >= 0),
	refund_id       uuid,
	step            smallint NOT NULL CHECK (step BETWEEN 0 AND 4),
	step_due        timestamptz,
	step_tries      smallint NOT NULL CHECK (step_tries >= 0),
	ends_at         timestamptz, -- of the last item that is not cancelled
	version         bigint NOT NULL CHECK (version >= 1)
) WITH (fillfactor = 80);
CREATE UNIQUE INDEX reservations_name ON reservations (caller, name) WHERE name IS NOT NULL;
CREATE INDEX reservations_caller ON reservations (caller, created_at, id);
CREATE INDEX reservations_created ON reservations (created_at, id);
-- What waits for the system: each index holds only the rows that do.
CREATE INDEX reservations_hold ON reservations (hold_expires_at) WHERE status IN (1, 2);
CREATE INDEX reservations_step ON reservations (step_due) WHERE step <> 0;
CREATE INDEX reservations_end ON reservations (ends_at) WHERE status = 3;

CREATE TABLE items (
	reservation uuid NOT NULL REFERENCES reservations (id),
	ord         smallint NOT NULL CHECK (ord >= 0),
	status      smallint NOT NULL CHECK (status BETWEEN 1 AND 7),
	id          uuid NOT NULL,
	supplier    uuid NOT NULL,
	placed_at   timestamptz NOT NULL, -- created_at of the reservation, for listing by supplier
	ends_at     timestamptz,
	document    json NOT NULL,
	PRIMARY KEY (reservation, ord)
) WITH (fillfactor = 85);
CREATE INDEX items_supplier ON items (supplier, placed_at, reservation);

CREATE TABLE travellers (
	reservation uuid NOT NULL REFERENCES reservations (id),
	ord         smallint NOT NULL CHECK (ord >= 0),
	given_name  text NOT NULL,
	family_name text NOT NULL,
	email       text NOT NULL,
	PRIMARY KEY (reservation, ord)
);

-- life: 1 held, 2 sold, 3 counts nowhere any more.
CREATE TABLE claims (
	reservation uuid NOT NULL REFERENCES reservations (id),
	pool        bigint NOT NULL,
	from_slot   integer NOT NULL,
	to_slot     integer NOT NULL CHECK (to_slot > from_slot),
	count       integer NOT NULL CHECK (count BETWEEN 1 AND 1000000),
	item        smallint NOT NULL CHECK (item >= 0),
	ord         smallint NOT NULL CHECK (ord >= 0),
	life        smallint NOT NULL CHECK (life BETWEEN 1 AND 3),
	PRIMARY KEY (reservation, item, ord)
) WITH (fillfactor = 85);
CREATE INDEX claims_pool ON claims (pool);

-- stream and n name the event of the transition.
CREATE TABLE history (
	reservation uuid NOT NULL,
	version     bigint NOT NULL CHECK (version >= 1),
	at          timestamptz NOT NULL,
	n           bigint NOT NULL,
	stream      integer NOT NULL,
	actor_kind  smallint NOT NULL CHECK (actor_kind BETWEEN 1 AND 3),
	cause       smallint NOT NULL CHECK (cause BETWEEN 1 AND 13),
	from_status smallint NOT NULL CHECK (from_status BETWEEN 0 AND 7),
	to_status   smallint NOT NULL CHECK (to_status BETWEEN 1 AND 7),
	payment     smallint NOT NULL CHECK (payment BETWEEN 1 AND 6),
	actor       text NOT NULL,
	note        text NOT NULL,
	PRIMARY KEY (reservation, version)
);

-- batch is the batch that stored the key: it tells a key that was claimed just now from one that was there.
CREATE TABLE idempotency_keys (
	id          uuid PRIMARY KEY,
	request     uuid NOT NULL,
	reservation uuid,
	batch       uuid NOT NULL,
	created_at  timestamptz NOT NULL,
	state       smallint NOT NULL CHECK (state IN (1, 2)),
	answer      smallint NOT NULL CHECK (answer BETWEEN 0 AND 7),
	facts       json
) WITH (fillfactor = 90);
CREATE INDEX idempotency_keys_reservation ON idempotency_keys (reservation);
CREATE INDEX idempotency_keys_created ON idempotency_keys (created_at);

CREATE TABLE quotes (
	id          uuid PRIMARY KEY,
	reservation uuid NOT NULL REFERENCES reservations (id),
	version     bigint NOT NULL CHECK (version >= 1),
	items       bytea NOT NULL CHECK (length(items) % 16 = 0), -- the ids one after the other
	refund      bigint NOT NULL CHECK (refund >= 0),
	fee         bigint NOT NULL CHECK (fee >= 0),
	expires_at  timestamptz NOT NULL
);

CREATE TABLE hold_counts (
	pool      bigint NOT NULL,
	caller    text COLLATE "C" NOT NULL,
	holds     integer NOT NULL CHECK (holds >= 0),
	units     integer NOT NULL CHECK (units >= 0),
	lapsed    integer NOT NULL CHECK (lapsed >= 0),
	lapsed_at timestamptz,
	PRIMARY KEY (pool, caller)
) WITH (fillfactor = 50);

-- next is the number that the stream's next event gets. A few rows that change with every batch: one a page is room
-- enough for their versions until they are pruned.
CREATE TABLE streams (
	stream integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	next   bigint NOT NULL CHECK (next >= 1),
	name   text COLLATE "C" NOT NULL CONSTRAINT streams_name UNIQUE
) WITH (fillfactor = 10);

CREATE TABLE outbox (
	stream  integer NOT NULL,
	n       bigint NOT NULL CHECK (n >= 1),
	at      timestamptz NOT NULL,
	version bigint NOT NULL,
	subject uuid,
	type    text NOT NULL,
	data    json NOT NULL,
	PRIMARY KEY (stream, n)
);

CREATE TABLE batches (
	id uuid PRIMARY KEY,
	at timestamptz NOT NULL
);
CREATE INDEX batches_at ON batches (at);

CREATE TABLE revocations (
	id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	supplier   uuid NOT NULL,
	rate_plan  uuid,
	before     timestamptz NOT NULL,
	actor_kind smallint NOT NULL CHECK (actor_kind BETWEEN 1 AND 3),
	actor      text NOT NULL,
	at         timestamptz NOT NULL
);

CREATE TABLE secrets (
	name  text COLLATE "C" PRIMARY KEY,
	value bytea NOT NULL
);

-- What happened stays: history, events and revocations are only ever added to.
-- +goose StatementBegin
CREATE FUNCTION append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
-- +goose StatementEnd
CREATE TRIGGER history_append_only BEFORE UPDATE OR DELETE ON history FOR EACH ROW EXECUTE FUNCTION append_only();
CREATE TRIGGER outbox_append_only BEFORE UPDATE OR DELETE ON outbox FOR EACH ROW EXECUTE FUNCTION append_only();
CREATE TRIGGER revocations_append_only BEFORE UPDATE OR DELETE ON revocations FOR EACH ROW EXECUTE FUNCTION append_only();
CREATE TRIGGER history_no_truncate BEFORE TRUNCATE ON history FOR EACH STATEMENT EXECUTE FUNCTION append_only();
CREATE TRIGGER outbox_no_truncate BEFORE TRUNCATE ON outbox FOR EACH STATEMENT EXECUTE FUNCTION append_only();
CREATE TRIGGER revocations_no_truncate BEFORE TRUNCATE ON revocations FOR EACH STATEMENT EXECUTE FUNCTION append_only();
