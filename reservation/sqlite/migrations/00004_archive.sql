-- Past slots and reservations that are over move to tables of their own, whole and for good.
-- +goose Up

-- Past slots with their last counts.
CREATE TABLE slots_history (
	pool           INTEGER NOT NULL,
	slot           INTEGER NOT NULL,
	physical       INTEGER NOT NULL,
	out_of_order   INTEGER NOT NULL,
	overbooking_bp INTEGER NOT NULL,
	target         INTEGER NOT NULL,
	by_hand        INTEGER NOT NULL,
	stock_limit    INTEGER NOT NULL,
	closed         INTEGER NOT NULL,
	held           INTEGER NOT NULL,
	sold           INTEGER NOT NULL,
	version        INTEGER NOT NULL,
	PRIMARY KEY (pool, slot)
) STRICT, WITHOUT ROWID;

-- A reservation in one row: document holds everything that was stored about it; the other columns are what is looked for.
CREATE TABLE archived_reservations (
	id          BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
	name        TEXT,
	locator     TEXT NOT NULL UNIQUE,
	caller      TEXT NOT NULL,
	status      INTEGER NOT NULL CHECK (status BETWEEN 4 AND 7),
	created_at  INTEGER NOT NULL,
	updated_at  INTEGER NOT NULL,
	archived_at INTEGER NOT NULL,
	document    TEXT NOT NULL CHECK (json_valid(document))
) STRICT;
CREATE UNIQUE INDEX archived_reservations_name ON archived_reservations (caller, name) WHERE name IS NOT NULL; -- a name is given once
CREATE INDEX archived_reservations_caller ON archived_reservations (caller, created_at, id); -- archived_caller_down, archived_caller_up
CREATE INDEX archived_reservations_created ON archived_reservations (created_at, id);        -- archived_all_down, archived_all_up
CREATE TABLE archived_by_supplier (
	supplier    BLOB NOT NULL CHECK (length(supplier) = 16),
	placed_at   INTEGER NOT NULL, -- created_at of the reservation
	reservation BLOB NOT NULL CHECK (length(reservation) = 16),
	PRIMARY KEY (supplier, placed_at, reservation)
) STRICT, WITHOUT ROWID;

-- What may be archived, by its last change: what ended unpaid, and the rest.
CREATE INDEX reservations_over_unpaid ON reservations (updated_at, id) WHERE step = 0 AND paid = 0 AND status IN (5, 6, 7);             -- archivable_unpaid
CREATE INDEX reservations_over ON reservations (updated_at, id) WHERE step = 0 AND status IN (4, 5, 6, 7) AND (status = 4 OR paid > 0); -- archivable
DROP INDEX claims_sold;
CREATE INDEX claims_sold ON claims (pool, from_slot) WHERE life = 2; -- audit_claims, open_sold

-- History leaves its table only with its reservation: once that stands in the archive.
DROP TRIGGER history_no_delete;
-- +goose StatementBegin
CREATE TRIGGER history_no_delete BEFORE DELETE ON history WHEN NOT EXISTS (SELECT 1 FROM archived_reservations WHERE id = OLD.reservation)
BEGIN SELECT RAISE(ABORT, 'history is append-only'); END;
-- +goose StatementEnd

-- What is archived stays.
-- +goose StatementBegin
CREATE TRIGGER archived_reservations_no_update BEFORE UPDATE ON archived_reservations BEGIN SELECT RAISE(ABORT, 'archived_reservations is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER archived_reservations_no_delete BEFORE DELETE ON archived_reservations BEGIN SELECT RAISE(ABORT, 'archived_reservations is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER slots_history_no_update BEFORE UPDATE ON slots_history BEGIN SELECT RAISE(ABORT, 'slots_history is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER slots_history_no_delete BEFORE DELETE ON slots_history BEGIN SELECT RAISE(ABORT, 'slots_history is append-only'); END;
-- +goose StatementEnd
