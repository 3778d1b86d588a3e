-- +goose Up

-- Ids are 16 bytes, instants microseconds since 1970, amounts minor units. The numbers of states and kinds are those of
-- the Go types and never change their meaning.
CREATE TABLE payment (
    id          BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    reservation BLOB    NOT NULL CHECK (length(reservation) = 16),
    amount      INTEGER NOT NULL CHECK (amount > 0),
    currency    TEXT    NOT NULL CHECK (currency GLOB '[A-Z][A-Z][A-Z]'),
    provider    TEXT    NOT NULL CHECK (provider <> ''),
    method      TEXT    NOT NULL CHECK (method GLOB 'pm_*' AND length(method) <= 255),
    status      INTEGER NOT NULL CHECK (status BETWEEN 1 AND 5),
    goal        INTEGER NOT NULL CHECK (goal BETWEEN 1 AND 3),
    reason      TEXT    NOT NULL CHECK (length(reason) <= 64),
    refunding   INTEGER NOT NULL CHECK (refunding >= 0),
    refunded    INTEGER NOT NULL CHECK (refunded >= 0),
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL,
    CHECK ((status = 3) = (reason <> '')),
    CHECK (refunding + refunded <= amount),
    CHECK (status = 4 OR refunding + refunded = 0)
) STRICT, WITHOUT ROWID;

CREATE INDEX payment_by_reservation ON payment (reservation, created_at, id);

CREATE TABLE refund (
    id         BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    payment    BLOB    NOT NULL REFERENCES payment (id),
    amount     INTEGER NOT NULL CHECK (amount > 0),
    currency   TEXT    NOT NULL CHECK (currency GLOB '[A-Z][A-Z][A-Z]'),
    status     INTEGER NOT NULL CHECK (status BETWEEN 1 AND 3),
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX refund_by_payment ON refund (payment, created_at, id);

-- An entry bears the id of the payment captured (kind 1) or of the refund paid out (kind 2): each is posted once.
CREATE TABLE entry (
    id      BLOB    NOT NULL PRIMARY KEY,
    kind    INTEGER NOT NULL,
    payment BLOB    NOT NULL REFERENCES payment (id),
    refund  BLOB REFERENCES refund (id),
    at      INTEGER NOT NULL,
    CHECK ((kind = 1 AND refund IS NULL AND id = payment) OR (kind = 2 AND refund IS NOT NULL AND id = refund))
) STRICT, WITHOUT ROWID;

CREATE INDEX entry_by_payment ON entry (payment, id);
CREATE INDEX entry_by_refund ON entry (refund) WHERE refund IS NOT NULL;

-- The postings of an entry are written before it, so that the entry's trigger sees them all; the deferred reference
-- refuses at COMMIT those that never got one.
CREATE TABLE posting (
    entry    BLOB    NOT NULL REFERENCES entry (id) DEFERRABLE INITIALLY DEFERRED,
    n        INTEGER NOT NULL CHECK (n BETWEEN 1 AND 8),
    account  TEXT    NOT NULL CHECK (account <> ''),
    amount   INTEGER NOT NULL CHECK (amount <> 0),
    currency TEXT    NOT NULL CHECK (currency GLOB '[A-Z][A-Z][A-Z]'),
    PRIMARY KEY (entry, n)
) STRICT, WITHOUT ROWID;

CREATE INDEX posting_by_account ON posting (account);

-- +goose StatementBegin
CREATE TRIGGER entry_balanced BEFORE INSERT ON entry
BEGIN
    SELECT RAISE(ABORT, 'entries are append-only') WHERE EXISTS (SELECT 1 FROM entry WHERE id = NEW.id);
    SELECT RAISE(ABORT, 'entry has fewer than two postings') WHERE (SELECT count(*) FROM posting WHERE entry = NEW.id) < 2;
    SELECT RAISE(ABORT, 'entry is not balanced')
    WHERE EXISTS (SELECT 1 FROM posting WHERE entry = NEW.id GROUP BY currency HAVING sum(amount) <> 0);
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER posting_before_entry BEFORE INSERT ON posting
BEGIN
    SELECT RAISE(ABORT, 'postings are append-only') WHERE EXISTS (SELECT 1 FROM entry WHERE id = NEW.entry);
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER entry_kept BEFORE UPDATE ON entry BEGIN SELECT RAISE(ABORT, 'entries are append-only'); END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER entry_stays BEFORE DELETE ON entry BEGIN SELECT RAISE(ABORT, 'entries are append-only'); END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER posting_kept BEFORE UPDATE ON posting BEGIN SELECT RAISE(ABORT, 'postings are append-only'); END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER posting_stays BEFORE DELETE ON posting BEGIN SELECT RAISE(ABORT, 'postings are append-only'); END;
-- +goose StatementEnd

-- What the sandbox provider knows. No amount and no method: voided before it was heard of.
CREATE TABLE sandbox_authorization (
    payment    BLOB    NOT NULL PRIMARY KEY CHECK (length(payment) = 16),
    amount     INTEGER NOT NULL CHECK (amount >= 0),
    currency   TEXT    NOT NULL CHECK (currency = '' OR currency GLOB '[A-Z][A-Z][A-Z]'),
    method     TEXT    NOT NULL CHECK (method = '' OR method GLOB 'pm_test_*'),
    state      INTEGER NOT NULL CHECK (state BETWEEN 1 AND 4),
    decided_at INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    CHECK ((method = '') = (amount = 0) AND (method = '') = (currency = '')),
    CHECK (method <> '' OR state = 4)
) STRICT, WITHOUT ROWID;

CREATE TABLE sandbox_refund (
    id         BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    payment    BLOB    NOT NULL REFERENCES sandbox_authorization (payment),
    amount     INTEGER NOT NULL CHECK (amount > 0),
    currency   TEXT    NOT NULL CHECK (currency GLOB '[A-Z][A-Z][A-Z]'),
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX sandbox_refund_by_payment ON sandbox_refund (payment, created_at, id);

CREATE TABLE sandbox_call (
    key        TEXT    NOT NULL PRIMARY KEY CHECK (length(key) BETWEEN 1 AND 255),
    operation  INTEGER NOT NULL CHECK (operation BETWEEN 1 AND 4),
    payment    BLOB    NOT NULL CHECK (length(payment) = 16),
    refund     BLOB    NOT NULL CHECK (length(refund) = 16), -- sixteen zeros: none
    amount     INTEGER NOT NULL CHECK (amount >= 0),
    currency   TEXT    NOT NULL,
    outcome    INTEGER NOT NULL CHECK (outcome BETWEEN 1 AND 6),
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
