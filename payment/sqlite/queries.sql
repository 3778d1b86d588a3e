-- The statements of the SQLite engine of payments. Row by row: SQLite has no round trips to save.

-- name: insert_payment
INSERT INTO payment (id, reservation, amount, currency, provider, method, status, goal, reason, refunding, refunded, created_at, updated_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)
ON CONFLICT (id) DO NOTHING;

-- name: payment
SELECT id, reservation, amount, currency, provider, method, status, goal, reason, refunding, refunded, created_at, updated_at
FROM payment WHERE id = ?1;

-- name: payments_of_reservation
SELECT id, reservation, amount, currency, provider, method, status, goal, reason, refunding, refunded, created_at, updated_at
FROM payment WHERE reservation = ?1 ORDER BY created_at, id;

-- name: payments_after
SELECT id, reservation, amount, currency, provider, method, status, goal, reason, refunding, refunded, created_at, updated_at
FROM payment WHERE id > ?1 ORDER BY id LIMIT ?2;

-- name: update_payment
UPDATE payment SET status = ?2, goal = ?3, reason = ?4, refunding = ?5, refunded = ?6, updated_at = ?7 WHERE id = ?1;

-- name: insert_refund
INSERT INTO refund (id, payment, amount, currency, status, created_at, reference) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7);

-- name: update_refund
UPDATE refund SET status = ?2, reference = ?3 WHERE id = ?1;

-- name: refund
SELECT id, payment, amount, currency, status, created_at, reference FROM refund WHERE id = ?1;

-- name: refunds_of_reservation
SELECT refund.id, refund.payment, refund.amount, refund.currency, refund.status, refund.created_at, refund.reference
FROM payment JOIN refund ON refund.payment = payment.id
WHERE payment.reservation = ?1 ORDER BY refund.created_at, refund.id;

-- name: refunds_of_payment
SELECT id, payment, amount, currency, status, created_at, reference FROM refund WHERE payment = ?1 ORDER BY created_at, id;

-- name: insert_posting
INSERT INTO posting (entry, n, account, amount, currency) VALUES (?1, ?2, ?3, ?4, ?5);

-- name: insert_entry
INSERT INTO entry (id, kind, payment, refund, at) VALUES (?1, ?2, ?3, ?4, ?5);

-- name: unbalanced
-- What was really written is added up once more before the commit.
SELECT currency, sum(amount) FROM posting WHERE entry = ?1 GROUP BY currency HAVING sum(amount) <> 0;

-- name: ledger_of_payment
SELECT entry.id, entry.kind, entry.payment, entry.at, posting.account, posting.amount, posting.currency
FROM entry LEFT JOIN posting ON posting.entry = entry.id
WHERE entry.payment = ?1 ORDER BY entry.id, posting.n;

-- name: balances
SELECT posting.currency,
       -sum(CASE WHEN entry.kind = 1 THEN posting.amount ELSE 0 END),
       sum(CASE WHEN entry.kind = 2 THEN posting.amount ELSE 0 END),
       -sum(posting.amount)
FROM posting JOIN entry ON entry.id = posting.entry
WHERE posting.account = ?1 GROUP BY posting.currency ORDER BY posting.currency;

-- name: sandbox_authorization
SELECT payment, amount, currency, method, state, decided_at, created_at FROM sandbox_authorization WHERE payment = ?1;

-- name: sandbox_refunds
SELECT id, payment, amount, currency, created_at FROM sandbox_refund WHERE payment = ?1 ORDER BY created_at, id;

-- name: sandbox_call
SELECT key, operation, payment, refund, amount, currency, outcome, created_at FROM sandbox_call WHERE key = ?1;

-- name: put_sandbox_authorization
INSERT INTO sandbox_authorization (payment, amount, currency, method, state, decided_at, created_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
ON CONFLICT (payment) DO UPDATE SET state = excluded.state;

-- name: insert_sandbox_refund
INSERT INTO sandbox_refund (id, payment, amount, currency, created_at) VALUES (?1, ?2, ?3, ?4, ?5);

-- name: insert_sandbox_call
INSERT INTO sandbox_call (key, operation, payment, refund, amount, currency, outcome, created_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8);
