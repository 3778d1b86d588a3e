-- Statements of flight/relational; it documents what they mean together.

-- name: next_change
-- The first statement of every write: whoever has the row writes, the others wait. No row: somebody wrote since.
UPDATE counter SET change = change + 1 WHERE id = 1 AND change = ?1;

-- name: lock_counter
-- Waits until no write is open.
UPDATE counter SET change = change WHERE id = 1;

-- name: counter
SELECT change FROM counter WHERE id = 1;

-- name: note_write
INSERT INTO writes (id, change) VALUES (?1, ?2);

-- name: forget_writes
DELETE FROM writes WHERE change <= ?1;

-- name: landed
SELECT change FROM writes WHERE id = ?1;

-- name: put_airport
INSERT INTO airports (iata, icao, name, city, country, zone, metro, latitude, longitude, connect_minutes, change)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
ON CONFLICT (iata) DO UPDATE SET
    icao = excluded.icao, name = excluded.name, city = excluded.city, country = excluded.country, zone = excluded.zone, metro = excluded.metro,
    latitude = excluded.latitude, longitude = excluded.longitude, connect_minutes = excluded.connect_minutes, change = excluded.change;

-- name: put_carrier
INSERT INTO carriers (code, supplier_id, name, interline, revision, change)
VALUES (?1, ?2, ?3, ?4, ?5, ?6)
ON CONFLICT (code) DO UPDATE SET
    supplier_id = excluded.supplier_id, name = excluded.name, interline = excluded.interline, revision = excluded.revision, change = excluded.change;

-- name: put_aircraft
INSERT INTO aircraft (id, supplier_id, code, name, sections, revision, change)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
ON CONFLICT (id) DO UPDATE SET
    code = excluded.code, name = excluded.name, sections = excluded.sections, revision = excluded.revision, change = excluded.change;

-- name: put_tariff
INSERT INTO tariffs (supplier_id, body, revision, change)
VALUES (?1, ?2, ?3, ?4)
ON CONFLICT (supplier_id) DO UPDATE SET
    body = excluded.body, revision = excluded.revision, change = excluded.change;

-- name: put_version
-- Versions are inserted and never changed; their id is made of what they say.
INSERT INTO family_versions (id, family_id, body, change) VALUES (?1, ?2, ?3, ?4) ON CONFLICT (id) DO NOTHING;

-- name: put_fare
INSERT INTO fares (supplier_id, origin, destination, class, stamp, state, change)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
ON CONFLICT (supplier_id, origin, destination, class) DO UPDATE SET
    stamp = excluded.stamp, state = excluded.state, change = excluded.change;

-- name: put_feed
INSERT INTO feeds (supplier_id, name, stamp, change)
VALUES (?1, ?2, ?3, ?4)
ON CONFLICT (supplier_id, name) DO UPDATE SET
    stamp = excluded.stamp, change = excluded.change;

-- name: put_schedule
-- Its id is made of what it says.
INSERT INTO schedules (id, supplier_id, feed, carrier, number, suffix, first_date, last_date, weekdays, legs)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) ON CONFLICT (id) DO NOTHING;

-- name: drop_schedule
DELETE FROM schedules WHERE id = ?1;

-- name: put_departure
INSERT INTO departures
    (id, supplier_id, feed, carrier, number, suffix, date, origin, destination, operator, codeshares, equipment, tail, aircraft_id, removed, live, control, pools, told, change)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20)
ON CONFLICT (id) DO UPDATE SET
    feed = excluded.feed, operator = excluded.operator, codeshares = excluded.codeshares, equipment = excluded.equipment, tail = excluded.tail,
    aircraft_id = excluded.aircraft_id, removed = excluded.removed, live = excluded.live, control = excluded.control, pools = excluded.pools, told = excluded.told, change = excluded.change;

-- name: clear_legs
DELETE FROM legs WHERE departure_id = ?1;

-- name: put_leg
INSERT INTO legs (departure_id, n, origin, destination, departs, arrives, depart_offset, arrive_offset) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8);

-- name: put_command
-- One that is there keeps its owner; it is to do what both say, and no later than it was.
INSERT INTO commands (departure_id, change, stock, disrupt, owner, until)
VALUES (?1, ?2, ?3, ?4, '', ?5)
ON CONFLICT (departure_id) DO UPDATE SET
    change = excluded.change, stock = max(stock, excluded.stock), disrupt = max(disrupt, excluded.disrupt),
    until = CASE WHEN owner = '' THEN min(until, excluded.until) ELSE until END;

-- name: drop_command
DELETE FROM commands WHERE departure_id = ?1 AND change = ?2;

-- name: free_command
-- What was written again while it was being sent is for anybody, at once.
UPDATE commands SET owner = '', until = ?2 WHERE departure_id = ?1 AND owner <> '';

-- name: claim
UPDATE commands SET owner = ?1, until = ?2
WHERE departure_id IN (SELECT departure_id FROM commands WHERE until <= ?3 OR (?4 AND owner = '') ORDER BY until, departure_id LIMIT ?5)
RETURNING departure_id, change, stock, disrupt;

-- name: postpone
UPDATE commands SET owner = '', until = ?3 WHERE departure_id = ?1 AND owner = ?2;

-- name: waiting
SELECT count(*) FROM commands;

-- name: airports
SELECT iata, icao, name, city, country, zone, metro, latitude, longitude, connect_minutes FROM airports WHERE change > ?1 ORDER BY iata;

-- name: carriers
SELECT code, supplier_id, name, interline, revision FROM carriers WHERE change > ?1 ORDER BY code;

-- name: aircraft
SELECT id, supplier_id, code, name, sections, revision FROM aircraft WHERE change > ?1 ORDER BY id;

-- name: tariffs
SELECT body FROM tariffs WHERE change > ?1 ORDER BY supplier_id;

-- name: fares
SELECT supplier_id, origin, destination, class, stamp, state FROM fares WHERE change > ?1 ORDER BY supplier_id, origin, destination, class;

-- name: feeds
SELECT supplier_id, name, stamp FROM feeds WHERE change > ?1 ORDER BY supplier_id, name;

-- name: schedules
SELECT id, feed, carrier, number, suffix, first_date, last_date, weekdays, legs FROM schedules
WHERE supplier_id = ?1 AND (?2 = '' OR feed = ?2) ORDER BY carrier, number, suffix, first_date, id;

-- name: departures
SELECT id, supplier_id, feed, carrier, number, suffix, date, origin, destination, operator, codeshares, equipment, tail, aircraft_id, removed, live, control, pools, told
FROM departures WHERE change > ?1 ORDER BY id;

-- name: legs
SELECT l.departure_id, l.origin, l.destination, l.departs, l.arrives, l.depart_offset, l.arrive_offset
FROM departures d JOIN legs l ON l.departure_id = d.id WHERE d.change > ?1 ORDER BY l.departure_id, l.n;

-- name: free_commands
-- Only one process has the file: whoever owned a command before it was opened is gone.
UPDATE commands SET owner = '', until = ?1 WHERE owner <> '';
