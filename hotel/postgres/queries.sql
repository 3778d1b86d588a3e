-- Statements of hotel/relational; it documents what they mean together.

-- name: next_change
-- The first statement of every write: whoever has the row writes, the others wait.
UPDATE counter SET change = change + 1 WHERE id = 1 RETURNING change;

-- name: lock_counter
-- Waits until no write is open.
UPDATE counter SET change = change WHERE id = 1;

-- name: landed
SELECT 1 FROM hotels WHERE id = $1 AND write_id = $2;

-- name: guard_hotel
-- Holds a hotel at its revision until the commit.
UPDATE hotels SET revision = revision WHERE id = $1 AND revision = $2;

-- name: insert_hotel
INSERT INTO hotels
    (id, supplier_id, name, stars, address, postal_code, city, country, latitude, longitude, time_zone, currency, amenities,
     check_in_from, check_out_until, overbooking_bp, capacity, cap_pool, external_ref, status, created_at, updated_at, nights_to, revision, change, write_id)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26);

-- name: update_hotel
UPDATE hotels SET
    supplier_id = $2, name = $3, stars = $4, address = $5, postal_code = $6, city = $7, country = $8, latitude = $9,
    longitude = $10, time_zone = $11, currency = $12, amenities = $13, check_in_from = $14, check_out_until = $15, overbooking_bp = $16, capacity = $17,
    cap_pool = $18, external_ref = $19, status = $20, created_at = $21, updated_at = $22, nights_to = $23, revision = $24, change = $25, write_id = $26
WHERE id = $1 AND revision = $27;

-- name: clear_levies
DELETE FROM levies WHERE hotel_id = $1;

-- name: put_levy
INSERT INTO levies (hotel_id, n, kind, code, rule, bp, minor, included) VALUES ($1, $2, $3, $4, $5, $6, $7, $8);

-- name: put_room_type
-- A new room type, or the new state of one.
INSERT INTO room_types (hotel_id, id, name, adults, children, base_price, capacity, overbooking_bp, pool, status, created_at, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
ON CONFLICT (hotel_id, id) DO UPDATE SET
    name = excluded.name, adults = excluded.adults, children = excluded.children, base_price = excluded.base_price, capacity = excluded.capacity, overbooking_bp = excluded.overbooking_bp, pool = excluded.pool, status = excluded.status, created_at = excluded.created_at, updated_at = excluded.updated_at;

-- name: drop_rate
DELETE FROM rates WHERE hotel_id = $1 AND room_type_id = $2 AND from_date = $3;

-- name: put_rate
-- A run of nights [from_date, to_date).
INSERT INTO rates (hotel_id, room_type_id, from_date, to_date, minor)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (hotel_id, room_type_id, from_date) DO UPDATE SET
    to_date = excluded.to_date, minor = excluded.minor;

-- name: put_rates
-- put_rate for many runs; none of them may begin where another one of the same room type does.
INSERT INTO rates (hotel_id, room_type_id, from_date, to_date, minor)
SELECT hotel_id, room_type_id, from_date, to_date, minor
FROM unnest($1::bytea[], $2::bytea[], $3::date[], $4::date[], $5::bigint[]) AS n (hotel_id, room_type_id, from_date, to_date, minor)
ON CONFLICT (hotel_id, room_type_id, from_date) DO UPDATE SET
    to_date = excluded.to_date, minor = excluded.minor;

-- name: drop_restriction
DELETE FROM restrictions WHERE hotel_id = $1 AND room_type_id = $2 AND from_date = $3;

-- name: put_restriction
-- A run of nights [from_date, to_date).
INSERT INTO restrictions (hotel_id, room_type_id, from_date, to_date, bits)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (hotel_id, room_type_id, from_date) DO UPDATE SET
    to_date = excluded.to_date, bits = excluded.bits;

-- name: put_restrictions
-- put_restriction for many runs, as put_rates.
INSERT INTO restrictions (hotel_id, room_type_id, from_date, to_date, bits)
SELECT hotel_id, room_type_id, from_date, to_date, bits
FROM unnest($1::bytea[], $2::bytea[], $3::date[], $4::date[], $5::bigint[]) AS n (hotel_id, room_type_id, from_date, to_date, bits)
ON CONFLICT (hotel_id, room_type_id, from_date) DO UPDATE SET
    to_date = excluded.to_date, bits = excluded.bits;

-- name: drop_override
DELETE FROM overrides WHERE hotel_id = $1 AND plan_id = $2 AND room_type_id = $3 AND from_date = $4;

-- name: put_override
-- A run of nights [from_date, to_date).
INSERT INTO overrides (hotel_id, plan_id, room_type_id, from_date, to_date, minor)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (hotel_id, plan_id, room_type_id, from_date) DO UPDATE SET
    to_date = excluded.to_date, minor = excluded.minor;

-- name: drop_room
DELETE FROM rooms WHERE hotel_id = $1 AND id = $2;

-- name: put_room
-- A new room, or the new state of one.
INSERT INTO rooms (hotel_id, id, room_type_id, number, created_at, updated_at)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (hotel_id, id) DO UPDATE SET
    room_type_id = excluded.room_type_id, number = excluded.number, created_at = excluded.created_at, updated_at = excluded.updated_at;

-- name: clear_outages
DELETE FROM outages WHERE hotel_id = $1 AND room_id = $2;

-- name: put_outage
INSERT INTO outages (hotel_id, room_id, n, from_date, to_date, reason) VALUES ($1, $2, $3, $4, $5, $6);

-- name: put_rate_plan
-- A new rate plan, or another version or status of one.
INSERT INTO rate_plans (hotel_id, id, version_id, status, created_at, updated_at)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (hotel_id, id) DO UPDATE SET
    version_id = excluded.version_id, status = excluded.status, created_at = excluded.created_at, updated_at = excluded.updated_at;

-- name: put_version
-- Versions are inserted and never changed.
INSERT INTO rate_plan_versions
    (hotel_id, plan_id, id, name, board, percent_bp, amount, included_adults, extra_adult, child_bands, free_until_hours, fee_bp, room_types, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14);

-- name: put_command
INSERT INTO commands (hotel_id, change, body, created_at) VALUES ($1, $2, $3, $4);

-- name: drop_command
DELETE FROM commands WHERE hotel_id = $1 AND change = $2;

-- name: put_queue
-- A queue that is there keeps its owner and its time.
INSERT INTO queues (hotel_id, owner, until) VALUES ($1, '', $2) ON CONFLICT (hotel_id) DO NOTHING;

-- name: drop_queue
DELETE FROM queues WHERE hotel_id = $1 AND NOT EXISTS (SELECT 1 FROM commands c WHERE c.hotel_id = $1);

-- name: claim_queue
UPDATE queues SET owner = $2, until = $3
WHERE hotel_id = $1 AND (owner = '' OR owner = $2 OR until <= $4);

-- name: postpone_queue
UPDATE queues SET owner = '', until = $3 WHERE hotel_id = $1 AND owner = $2;

-- name: waiting
SELECT hotel_id FROM queues WHERE until <= $1 OR $2 ORDER BY until, hotel_id LIMIT $3;

-- name: queue_exists
SELECT hotel_id FROM queues WHERE hotel_id = ANY ($1);

-- name: first_command
-- The oldest command of each hotel.
SELECT c.hotel_id, c.change, c.body FROM commands c
WHERE c.hotel_id = ANY ($1) AND c.change = (SELECT min(d.change) FROM commands d WHERE d.hotel_id = c.hotel_id)
ORDER BY c.hotel_id;

-- name: hotel
SELECT id, supplier_id, name, stars, address, postal_code, city, country, latitude, longitude, time_zone, currency, amenities,
    check_in_from, check_out_until, overbooking_bp, capacity, cap_pool, external_ref, status, created_at, updated_at, nights_to, revision, change
FROM hotels WHERE id = $1;

-- name: changed
SELECT id, supplier_id, name, stars, address, postal_code, city, country, latitude, longitude, time_zone, currency, amenities,
    check_in_from, check_out_until, overbooking_bp, capacity, cap_pool, external_ref, status, created_at, updated_at, nights_to, revision, change
FROM hotels WHERE (change, id) > ($1, $2) ORDER BY change, id LIMIT $3;

-- name: levies
SELECT hotel_id, kind, code, rule, bp, minor, included FROM levies WHERE hotel_id = ANY ($1) ORDER BY hotel_id, n;

-- name: room_types
SELECT hotel_id, id, name, adults, children, base_price, capacity, overbooking_bp, pool, status, created_at, updated_at
FROM room_types WHERE hotel_id = ANY ($1) ORDER BY hotel_id, id;

-- name: rates
SELECT hotel_id, room_type_id, from_date, to_date, minor FROM rates WHERE hotel_id = ANY ($1) ORDER BY hotel_id, room_type_id, from_date;

-- name: restrictions
SELECT hotel_id, room_type_id, from_date, to_date, bits FROM restrictions WHERE hotel_id = ANY ($1) ORDER BY hotel_id, room_type_id, from_date;

-- name: rooms
SELECT hotel_id, id, room_type_id, number, created_at, updated_at FROM rooms WHERE hotel_id = ANY ($1) ORDER BY hotel_id, number, id;

-- name: outages
SELECT hotel_id, room_id, from_date, to_date, reason FROM outages WHERE hotel_id = ANY ($1) ORDER BY hotel_id, room_id, n;

-- name: rate_plans
SELECT p.hotel_id, p.id, p.version_id, p.status, p.created_at, p.updated_at,
    v.name, v.board, v.percent_bp, v.amount, v.included_adults, v.extra_adult, v.child_bands, v.free_until_hours, v.fee_bp, v.room_types
FROM rate_plans p JOIN rate_plan_versions v ON v.hotel_id = p.hotel_id AND v.plan_id = p.id AND v.id = p.version_id
WHERE p.hotel_id = ANY ($1) ORDER BY p.hotel_id, p.id;

-- name: overrides
SELECT hotel_id, plan_id, room_type_id, from_date, to_date, minor FROM overrides
WHERE hotel_id = ANY ($1) ORDER BY hotel_id, plan_id, room_type_id, from_date;

-- name: versions
SELECT id, created_at FROM rate_plan_versions WHERE hotel_id = $1 AND plan_id = $2 ORDER BY created_at DESC, id DESC LIMIT $3;

-- name: now
SELECT now();
