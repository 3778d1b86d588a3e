-- Pools whose units are given out by name, and what is changed of an item after it was placed.
-- +goose Up

-- Layouts of units by the hash of what they say. They never change.
CREATE TABLE layouts (
	id       BLOB PRIMARY KEY NOT NULL CHECK (length(id) = 16),
	document TEXT NOT NULL CHECK (json_valid(document))
) STRICT;
-- +goose StatementBegin
CREATE TRIGGER layouts_no_update BEFORE UPDATE ON layouts BEGIN SELECT RAISE(ABORT, 'layouts is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER layouts_no_delete BEFORE DELETE ON layouts BEGIN SELECT RAISE(ABORT, 'layouts is append-only'); END;
-- +goose StatementEnd
ALTER TABLE pools ADD COLUMN layout BLOB REFERENCES layouts (id) CHECK (length(layout) = 16);

-- Which slots of 64 neighbouring units are taken, and which of these not by a reservation: unit after unit as many bytes
-- as the pool's line needs, in words of 8; bit i%8 of byte i/8 is slot i. A block without a row is as the layout has it.
-- With rowids: a row is too wide for the inner pages of a tree.
CREATE TABLE unit_blocks (
	pool    INTEGER NOT NULL,
	block   INTEGER NOT NULL CHECK (block >= 0),
	version INTEGER NOT NULL CHECK (version >= 1),
	taken   BLOB NOT NULL CHECK (length(taken) > 0 AND length(taken) % 8 = 0),
	blocked BLOB NOT NULL,
	PRIMARY KEY (pool, block),
	CONSTRAINT as_much_blocked_as_taken CHECK (length(blocked) = length(taken))
) STRICT;

-- unit: the one that the claim has of its pool; then it is one.
ALTER TABLE claims ADD COLUMN unit INTEGER CHECK (unit IS NULL OR (unit BETWEEN 1 AND 2048 AND count = 1));
-- amended: what has changed of the items since the placing, but for item_status.
ALTER TABLE reservations ADD COLUMN amended TEXT CHECK (json_valid(amended));

-- More causes and answers. Only checks get wider, so the text of the tables is changed and no row is touched, as in 3.
PRAGMA writable_schema = ON;
UPDATE sqlite_schema SET sql = replace(sql, 'CHECK (cause BETWEEN 1 AND 16)', 'CHECK (cause BETWEEN 1 AND 63)') WHERE type = 'table' AND name = 'history';
UPDATE sqlite_schema SET sql = replace(sql, 'CHECK (answer BETWEEN 0 AND 7)', 'CHECK (answer BETWEEN 0 AND 63)') WHERE type = 'table' AND name = 'idempotency_keys';
PRAGMA writable_schema = RESET;
