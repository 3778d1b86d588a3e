-- The statements of the embedded store of identity.

-- name: insert_supplier
INSERT INTO supplier (id, name, kind, created_at)
VALUES (:id, :name, :kind, :created_at)
ON CONFLICT (id) DO NOTHING;

-- name: supplier
SELECT id, name, kind, created_at
FROM supplier
WHERE id = :id;

-- name: suppliers
SELECT id, name, kind, created_at
FROM supplier
ORDER BY name, id;

-- name: insert_mode
INSERT INTO mode (one, mode)
VALUES (1, :mode)
ON CONFLICT (one) DO NOTHING;

-- name: mode
SELECT mode
FROM mode
WHERE one = 1;
