-- Statements of rail/relational; it documents what they mean together.

-- name: next_change
-- The first statement of every write: whoever has the row writes, the others wait.
UPDATE counter SET change = change + 1 WHERE id = 1 RETURNING change;

-- name: lock_counter
-- Waits until no write is open.
UPDATE counter SET change = change WHERE id = 1;

-- name: last_change
SELECT change FROM counter WHERE id = 1;

-- name: put_write
INSERT INTO writes (id, change) VALUES ($1, $2);

-- name: forget_writes
DELETE FROM writes WHERE change < $1;

-- name: landed
SELECT change FROM writes WHERE id = $1;

-- name: purge_runs
DELETE FROM runs WHERE date < $1;

-- name: take_lease
INSERT INTO leases (supplier_id, owner, until) VALUES ($1, $2, $3)
ON CONFLICT (supplier_id) DO UPDATE SET owner = excluded.owner, until = excluded.until
WHERE leases.owner = excluded.owner OR leases.until <= $4;

-- name: give_lease
DELETE FROM leases WHERE supplier_id = $1 AND owner = $2;

-- name: now
SELECT clock_timestamp();

-- name: put_railways
-- A row is replaced by its next revision alone.
INSERT INTO railways
    (supplier_id, templates, fares, feeds, revision, change)
SELECT * FROM unnest($1::bytea[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::bigint[])
ON CONFLICT (supplier_id) DO UPDATE SET
    templates = excluded.templates, fares = excluded.fares, feeds = excluded.feeds, revision = excluded.revision,
    change = excluded.change
WHERE railways.revision = excluded.revision - 1;

-- name: railways
SELECT supplier_id, templates, fares, feeds, revision
FROM railways WHERE change > $1 ORDER BY supplier_id;

-- name: put_stations
INSERT INTO stations
    (supplier_id, code, name, parent, city, zone, country, latitude, longitude, located, transfer, footpaths, feed, retired, change)
SELECT * FROM unnest($1::bytea[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::double precision[],
    $9::double precision[], $10::boolean[], $11::bigint[], $12::text[], $13::text[], $14::boolean[], $15::bigint[])
ON CONFLICT (supplier_id, code) DO UPDATE SET
    name = excluded.name, parent = excluded.parent, city = excluded.city, zone = excluded.zone, country = excluded.country,
    latitude = excluded.latitude, longitude = excluded.longitude, located = excluded.located, transfer = excluded.transfer,
    footpaths = excluded.footpaths, feed = excluded.feed, retired = excluded.retired, change = excluded.change;

-- name: stations
SELECT supplier_id, code, name, parent, city, zone, country, latitude, longitude, located, transfer, footpaths, feed, retired
FROM stations WHERE change > $1 ORDER BY supplier_id, code;

-- name: put_documents
INSERT INTO documents
    (id, kind, body, change)
SELECT * FROM unnest($1::bytea[], $2::bigint[], $3::text[], $4::bigint[])
ON CONFLICT (id) DO NOTHING;

-- name: documents
SELECT id, kind, body
FROM documents WHERE change > $1 ORDER BY id;

-- name: put_trains
INSERT INTO trains
    (id, supplier_id, feed, feed_key, number, name, category, carrier, zone, line, bus, pattern_id, first_date, dates, stamp, retired,
    change)
SELECT * FROM unnest($1::bytea[], $2::bytea[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[],
    $11::boolean[], $12::bytea[], $13::date[], $14::bytea[], $15::bigint[], $16::boolean[], $17::bigint[])
ON CONFLICT (id) DO UPDATE SET
    supplier_id = excluded.supplier_id, feed = excluded.feed, feed_key = excluded.feed_key, number = excluded.number,
    name = excluded.name, category = excluded.category, carrier = excluded.carrier, zone = excluded.zone, line = excluded.line,
    bus = excluded.bus, pattern_id = excluded.pattern_id, first_date = excluded.first_date, dates = excluded.dates,
    stamp = excluded.stamp, retired = excluded.retired, change = excluded.change;

-- name: trains
SELECT id, supplier_id, feed, feed_key, number, name, category, carrier, zone, line, bus, pattern_id, first_date, dates, stamp, retired
FROM trains WHERE change > $1 ORDER BY id;

-- name: put_types
INSERT INTO coach_types
    (supplier_id, code, name, first, second, compartments, stamp, change)
SELECT * FROM unnest($1::bytea[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[])
ON CONFLICT (supplier_id, code) DO UPDATE SET
    name = excluded.name, first = excluded.first, second = excluded.second, compartments = excluded.compartments,
    stamp = excluded.stamp, change = excluded.change;

-- name: types
SELECT supplier_id, code, name, first, second, compartments, stamp
FROM coach_types WHERE change > $1 ORDER BY supplier_id, code;

-- name: put_compositions
INSERT INTO compositions
    (id, supplier_id, source, train, from_date, to_date, weekdays, formation_id, stamp, gone, change)
SELECT * FROM unnest($1::bytea[], $2::bytea[], $3::text[], $4::text[], $5::date[], $6::date[], $7::bigint[], $8::bytea[], $9::bigint[],
    $10::boolean[], $11::bigint[])
ON CONFLICT (id) DO UPDATE SET
    supplier_id = excluded.supplier_id, source = excluded.source, train = excluded.train, from_date = excluded.from_date,
    to_date = excluded.to_date, weekdays = excluded.weekdays, formation_id = excluded.formation_id, stamp = excluded.stamp,
    gone = excluded.gone, change = excluded.change;

-- name: compositions
SELECT id, supplier_id, source, train, from_date, to_date, weekdays, formation_id, stamp, gone
FROM compositions WHERE change > $1 ORDER BY id;

-- name: put_runs
-- A row is replaced by its next revision alone.
INSERT INTO runs
    (train_id, date, supplier_id, state, pattern_id, formation_id, edition, first_pool, second_pool, ready, want, want_pattern,
    want_formation, conflict, todo, stamp, told, revision, change)
SELECT * FROM unnest($1::bytea[], $2::date[], $3::bytea[], $4::bigint[], $5::bytea[], $6::bytea[], $7::bigint[], $8::bigint[], $9::bigint[],
    $10::boolean[], $11::bigint[], $12::bytea[], $13::bytea[], $14::boolean[], $15::bigint[], $16::bigint[], $17::text[],
    $18::bigint[], $19::bigint[])
ON CONFLICT (train_id, date) DO UPDATE SET
    supplier_id = excluded.supplier_id, state = excluded.state, pattern_id = excluded.pattern_id,
    formation_id = excluded.formation_id, edition = excluded.edition, first_pool = excluded.first_pool,
    second_pool = excluded.second_pool, ready = excluded.ready, want = excluded.want, want_pattern = excluded.want_pattern,
    want_formation = excluded.want_formation, conflict = excluded.conflict, todo = excluded.todo, stamp = excluded.stamp,
    told = excluded.told, revision = excluded.revision, change = excluded.change
WHERE runs.revision = excluded.revision - 1;

-- name: runs
SELECT train_id, date, supplier_id, state, pattern_id, formation_id, edition, first_pool, second_pool, ready, want, want_pattern,
    want_formation, conflict, todo, stamp, told, revision
FROM runs WHERE change > $1 ORDER BY train_id, date;
