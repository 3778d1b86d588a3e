-- The statements of the PostgreSQL engine of payments. Rows are locked payment first, refund second; the sandbox locks
-- its authorization first. All names are those of the schema the connection works in.

-- name: insert_payment
INSERT INTO payment (id, reservation, amount, currency, provider, method, status, goal, reason, refunding, refunded, created_at, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
ON CONFLICT (id) DO NOTHING;

-- name: payment
SELECT id, reservation, amount, currency, provider, method, status, goal, reason, refunding, refunded, created_at, updated_at
FROM payment WHERE id = $1;

-- name: lock_payment
SELECT id, reservation, amount, currency, provider, method, status, goal, reason, refunding, refunded, created_at, updated_at
FROM payment WHERE id = $1 FOR UPDATE;

-- name: payments_of_reservation
SELECT id, reservation, amount, currency, provider, method, status, goal, reason, refunding, refunded, created_at, updated_at
FROM payment WHERE reservation = $1 ORDER BY created_at, id;

-- name: payments_after
SELECT id, reservation, amount, currency, provider, method, status, goal, reason, refunding, refunded, created_at, updated_at
FROM payment WHERE id > $1 ORDER BY id LIMIT $2;

-- name: update_payment
UPDATE payment SET status = $2, goal = $3, reason = $4, refunding = $5, refunded = $6, updated_at = $7 WHERE id = $1;

-- name: insert_refund
INSERT INTO refund (id, payment, amount, currency, status, created_at, reference) VALUES ($1, $2, $3, $4, $5, $6, $7);

-- name: update_refund
UPDATE refund SET status = $2, reference = $3 WHERE id = $1;

-- name: lock_refund
SELECT id, payment, amount, currency, status, created_at, reference FROM refund WHERE id = $1 FOR UPDATE;

-- name: refunds_of_reservation
SELECT refund.id, refund.payment, refund.amount, refund.currency, refund.status, refund.created_at, refund.reference
FROM payment JOIN refund ON refund.payment = payment.id
WHERE payment.reservation = $1 ORDER BY refund.created_at, refund.id;

-- name: refunds_of_payments
SELECT id, payment, amount, currency, status, created_at, reference FROM refund WHERE payment = ANY($1::uuid[]) ORDER BY created_at, id;

-- name: insert_entry
INSERT INTO entry (id, kind, payment, refund, at) VALUES ($1, $2, $3, $4, $5);

-- name: insert_postings
INSERT INTO posting (entry, n, account, amount, currency)
SELECT $1, line.n, line.account, line.amount, line.currency
FROM unnest($2::smallint[], $3::text[], $4::bigint[], $5::text[]) AS line (n, account, amount, currency);

-- name: unbalanced
-- What was really written is added up once more before the commit.
SELECT currency || ' ' || sum(amount)::text FROM posting WHERE entry = $1 GROUP BY currency HAVING sum(amount) <> 0;

-- name: ledger_of_payments
SELECT entry.id, entry.kind, entry.payment, entry.at, coalesce(posting.account, ''), coalesce(posting.amount, 0), coalesce(posting.currency, '')
FROM entry LEFT JOIN posting ON posting.entry = entry.id
WHERE entry.payment = ANY($1::uuid[]) ORDER BY entry.id, posting.n;

-- name: balances
SELECT posting.account, posting.currency,
       (-sum(CASE WHEN entry.kind = 1 THEN posting.amount ELSE 0 END))::bigint,
       sum(CASE WHEN entry.kind = 2 THEN posting.amount ELSE 0 END)::bigint,
       (-sum(posting.amount))::bigint
FROM posting JOIN entry ON entry.id = posting.entry
WHERE posting.account = ANY($1::text[]) GROUP BY posting.account, posting.currency ORDER BY posting.account, posting.currency;

-- name: sandbox_authorization
SELECT payment, amount, currency, method, state, decided_at, created_at FROM sandbox_authorization WHERE payment = $1;

-- name: lock_sandbox_authorization
SELECT payment, amount, currency, method, state, decided_at, created_at FROM sandbox_authorization WHERE payment = $1 FOR UPDATE;

-- name: sandbox_refunds
SELECT id, payment, amount, currency, created_at FROM sandbox_refund WHERE payment = $1 ORDER BY created_at, id;

-- name: sandbox_call
SELECT key, operation, payment, refund, amount, currency, outcome, created_at FROM sandbox_call WHERE key = $1;

-- name: insert_sandbox_authorization
INSERT INTO sandbox_authorization (payment, amount, currency, method, state, decided_at, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7);

-- name: update_sandbox_authorization
UPDATE sandbox_authorization SET state = $2 WHERE payment = $1;

-- name: insert_sandbox_refund
INSERT INTO sandbox_refund (id, payment, amount, currency, created_at) VALUES ($1, $2, $3, $4, $5);

-- name: insert_sandbox_call
INSERT INTO sandbox_call (key, operation, payment, refund, amount, currency, outcome, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8);
