-- What a provider refuses for good: causes 14 to 16, the payment status 7 (refund failed), the steps 5 and 6. Only checks
-- get wider, so the text of the tables is changed and no row is touched (https://sqlite.org/lang_altertable.html).
-- +goose Up
PRAGMA writable_schema = ON;
UPDATE sqlite_schema SET sql = replace(sql, 'CHECK (cause BETWEEN 1 AND 13)', 'CHECK (cause BETWEEN 1 AND 16)') WHERE type = 'table' AND name = 'history';
UPDATE sqlite_schema SET sql = replace(sql, 'CHECK (payment BETWEEN 1 AND 6)', 'CHECK (payment BETWEEN 1 AND 7)') WHERE type = 'table' AND name IN ('history', 'reservations');
UPDATE sqlite_schema SET sql = replace(sql, 'CHECK (step BETWEEN 0 AND 4)', 'CHECK (step BETWEEN 0 AND 6)') WHERE type = 'table' AND name = 'reservations';
PRAGMA writable_schema = RESET;
