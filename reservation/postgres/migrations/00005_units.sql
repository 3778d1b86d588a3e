-- Pools whose units are given out by name, and what is changed of an item after it was placed.
-- +goose Up

-- Layouts of units by the hash of what they say. They never change.
CREATE TABLE layouts (
	id       uuid PRIMARY KEY,
	document json NOT NULL
);
CREATE TRIGGER layouts_append_only BEFORE UPDATE OR DELETE ON layouts FOR EACH ROW EXECUTE FUNCTION append_only();
CREATE TRIGGER layouts_no_truncate BEFORE TRUNCATE ON layouts FOR EACH STATEMENT EXECUTE FUNCTION append_only();
ALTER TABLE pools ADD COLUMN layout uuid CONSTRAINT pools_layout_fkey REFERENCES layouts (id);

-- Which slots of 64 neighbouring units are taken, and which of these not by a reservation: unit after unit as many bytes
-- as the pool's line needs, in words of 8; bit i%8 of byte i/8 is slot i. A block without a row is as the layout has it.
-- What changes stands together between what stays, so that the log of an update has little to say, and pages have room
-- for another version of a row.
CREATE TABLE unit_blocks (
	pool    bigint NOT NULL,
	block   integer NOT NULL CONSTRAINT unit_blocks_block_check CHECK (block >= 0),
	blocked bytea NOT NULL,
	version bigint NOT NULL CONSTRAINT unit_blocks_version_check CHECK (version >= 1),
	taken   bytea NOT NULL CONSTRAINT unit_blocks_taken_check CHECK (length(taken) > 0 AND length(taken) % 8 = 0),
	CONSTRAINT unit_blocks_pkey PRIMARY KEY (pool, block),
	CONSTRAINT as_much_blocked_as_taken CHECK (length(blocked) = length(taken))
) WITH (fillfactor = 50);

-- unit: the one that the claim has of its pool; then it is one.
ALTER TABLE claims ADD COLUMN unit smallint CONSTRAINT claims_unit_check CHECK (unit IS NULL OR (unit BETWEEN 1 AND 2048 AND count = 1));
-- amended: what has changed of the items since the placing, but for item_status.
ALTER TABLE reservations ADD COLUMN amended json;

-- More causes and answers. The checks only get wider, so what is stored need not be read again.
ALTER TABLE history DROP CONSTRAINT history_cause_check, ADD CONSTRAINT history_cause_check CHECK (cause BETWEEN 1 AND 63) NOT VALID;
ALTER TABLE idempotency_keys
	DROP CONSTRAINT idempotency_keys_answer_check, ADD CONSTRAINT idempotency_keys_answer_check CHECK (answer BETWEEN 0 AND 63) NOT VALID;
