-- Past slots and reservations that are over move to tables of their own, whole and for good.
-- +goose Up

-- Past slots with their last counts.
CREATE TABLE slots_history (
	pool           bigint NOT NULL,
	version        bigint NOT NULL,
	slot           integer NOT NULL,
	physical       integer NOT NULL,
	out_of_order   integer NOT NULL,
	overbooking_bp integer NOT NULL,
	target         integer NOT NULL,
	stock_limit    integer NOT NULL,
	held           integer NOT NULL,
	sold           integer NOT NULL,
	by_hand        boolean NOT NULL,
	closed         boolean NOT NULL,
	PRIMARY KEY (pool, slot)
);

-- A reservation in one row: document holds everything that was stored about it; the other columns are what is looked for.
CREATE TABLE archived_reservations (
	id          uuid PRIMARY KEY,
	created_at  timestamptz NOT NULL,
	updated_at  timestamptz NOT NULL,
	archived_at timestamptz NOT NULL,
	status      smallint NOT NULL CONSTRAINT archived_reservations_status_check CHECK (status BETWEEN 4 AND 7),
	locator     text COLLATE "C" NOT NULL CONSTRAINT archived_reservations_locator UNIQUE,
	name        text COLLATE "C",
	caller      text COLLATE "C" NOT NULL,
	document    json NOT NULL
);
CREATE UNIQUE INDEX archived_reservations_name ON archived_reservations (caller, name) WHERE name IS NOT NULL; -- a name is given once
CREATE INDEX archived_reservations_caller ON archived_reservations (caller, created_at, id); -- archived_caller_down, archived_caller_up
CREATE INDEX archived_reservations_created ON archived_reservations (created_at, id);        -- archived_all_down, archived_all_up
CREATE TABLE archived_by_supplier (
	supplier    uuid,
	placed_at   timestamptz, -- created_at of the reservation
	reservation uuid,
	PRIMARY KEY (supplier, placed_at, reservation)
);

-- What may be archived, by its last change: what ended unpaid, and the rest.
CREATE INDEX reservations_over_unpaid ON reservations (updated_at, id) WHERE step = 0 AND paid = 0 AND status IN (5, 6, 7);                      -- archivable_unpaid
CREATE INDEX reservations_over ON reservations (updated_at, id) WHERE step = 0 AND status IN (4, 5, 6, 7) AND (status = 4 OR paid > 0);          -- archivable
DROP INDEX claims_sold;
CREATE INDEX claims_sold ON claims (pool, from_slot) WHERE life = 2; -- audit_claims, open_pools

-- Raises if a new reservation has the locator of an archived one: the rules draw another.
-- +goose StatementBegin
CREATE FUNCTION fresh_locators(taken boolean) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
	IF taken THEN
		RAISE EXCEPTION 'a locator belongs to an archived reservation' USING ERRCODE = 'unique_violation', CONSTRAINT = 'reservations_locator';
	END IF;
	RETURN true;
END $$;
-- +goose StatementEnd

-- History leaves its table only with its reservation: once that stands in the archive.
-- +goose StatementBegin
CREATE FUNCTION append_or_archive() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF TG_OP = 'DELETE' AND EXISTS (SELECT 1 FROM archived_reservations WHERE id = OLD.reservation) THEN
		RETURN OLD;
	END IF;
	RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
-- +goose StatementEnd
DROP TRIGGER history_append_only ON history;
CREATE TRIGGER history_append_only BEFORE UPDATE OR DELETE ON history FOR EACH ROW EXECUTE FUNCTION append_or_archive();

-- What is archived stays.
CREATE TRIGGER archived_reservations_append_only BEFORE UPDATE OR DELETE ON archived_reservations FOR EACH ROW EXECUTE FUNCTION append_only();
CREATE TRIGGER slots_history_append_only BEFORE UPDATE OR DELETE ON slots_history FOR EACH ROW EXECUTE FUNCTION append_only();
CREATE TRIGGER archived_reservations_no_truncate BEFORE TRUNCATE ON archived_reservations FOR EACH STATEMENT EXECUTE FUNCTION append_only();
CREATE TRIGGER slots_history_no_truncate BEFORE TRUNCATE ON slots_history FOR EACH STATEMENT EXECUTE FUNCTION append_only();
