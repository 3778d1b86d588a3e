-- The statements of the PostgreSQL store of identity.

-- name: insert_supplier
INSERT INTO supplier (id, name, kind, created_at)
VALUES ($1, $2, $3, $4)
ON CONFLICT (id) DO NOTHING;

-- name: supplier
SELECT id, name, kind, created_at
FROM supplier
WHERE id = $1;

-- name: suppliers
SELECT id, name, kind, created_at
FROM supplier
ORDER BY name, id;

-- name: insert_mode
INSERT INTO mode (one, mode)
VALUES (1, $1)
ON CONFLICT (one) DO NOTHING;

-- name: mode
SELECT mode
FROM mode
WHERE one = 1;
