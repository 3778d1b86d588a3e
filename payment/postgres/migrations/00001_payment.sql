-- +goose Up

-- Amounts are minor units. The numbers of states and kinds are those of the Go types and never change their meaning.
CREATE TABLE payment (
    id          uuid        NOT NULL PRIMARY KEY,
    reservation uuid        NOT NULL,
    amount      bigint      NOT NULL CHECK (amount > 0),
    currency    text        NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    provider    text        NOT NULL CHECK (provider <> ''),
    method      text        NOT NULL CHECK (method LIKE 'pm\_%' AND length(method) <= 255),
    status      smallint    NOT NULL CHECK (status BETWEEN 1 AND 5),
    goal        smallint    NOT NULL CHECK (goal BETWEEN 1 AND 3),
    reason      text        NOT NULL CHECK (length(reason) <= 64),
    refunding   bigint      NOT NULL CHECK (refunding >= 0),
    refunded    bigint      NOT NULL CHECK (refunded >= 0),
    created_at  timestamptz NOT NULL,
    updated_at  timestamptz NOT NULL,
    CHECK ((status = 3) = (reason <> '')),
    CHECK (refunding + refunded <= amount),
    CHECK (status = 4 OR refunding + refunded = 0)
);

CREATE INDEX payment_by_reservation ON payment (reservation, created_at, id);

CREATE TABLE refund (
    id         uuid        NOT NULL PRIMARY KEY,
    payment    uuid        NOT NULL REFERENCES payment (id),
    amount     bigint      NOT NULL CHECK (amount > 0),
    currency   text        NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    status     smallint    NOT NULL CHECK (status BETWEEN 1 AND 3),
    created_at timestamptz NOT NULL
);

CREATE INDEX refund_by_payment ON refund (payment, created_at, id);

-- An entry bears the id of the payment captured (kind 1) or of the refund paid out (kind 2): each is posted once.
CREATE TABLE entry (
    id      uuid        NOT NULL PRIMARY KEY,
    kind    smallint    NOT NULL,
    payment uuid        NOT NULL REFERENCES payment (id),
    refund  uuid REFERENCES refund (id),
    at      timestamptz NOT NULL,
    CHECK ((kind = 1 AND refund IS NULL AND id = payment) OR (kind = 2 AND refund IS NOT NULL AND id = refund))
);

CREATE INDEX entry_by_payment ON entry (payment, id);

CREATE TABLE posting (
    entry    uuid     NOT NULL REFERENCES entry (id),
    n        smallint NOT NULL CHECK (n BETWEEN 1 AND 8),
    account  text     NOT NULL CHECK (account <> ''),
    amount   bigint   NOT NULL CHECK (amount <> 0),
    currency text     NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    PRIMARY KEY (entry, n)
);

CREATE INDEX posting_by_account ON posting (account);

-- Checked at COMMIT, when all postings of an entry are there.
-- +goose StatementBegin
CREATE FUNCTION entry_balanced() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    IF (SELECT count(*) FROM posting WHERE entry = NEW.id) < 2 THEN
        RAISE EXCEPTION 'entry % has fewer than two postings', NEW.id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION posting_balanced() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM posting WHERE entry = NEW.entry GROUP BY currency HAVING sum(amount) <> 0) THEN
        RAISE EXCEPTION 'entry % is not balanced', NEW.entry USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
-- +goose StatementEnd

CREATE CONSTRAINT TRIGGER entry_balanced AFTER INSERT ON entry
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION entry_balanced();
CREATE CONSTRAINT TRIGGER posting_balanced AFTER INSERT ON posting
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION posting_balanced();
CREATE TRIGGER entry_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON entry
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();
CREATE TRIGGER posting_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON posting
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();

-- What the sandbox provider knows. No amount and no method: voided before it was heard of.
CREATE TABLE sandbox_authorization (
    payment    uuid        NOT NULL PRIMARY KEY,
    amount     bigint      NOT NULL CHECK (amount >= 0),
    currency   text        NOT NULL CHECK (currency = '' OR currency ~ '^[A-Z]{3}$'),
    method     text        NOT NULL CHECK (method = '' OR method LIKE 'pm\_test\_%'),
    state      smallint    NOT NULL CHECK (state BETWEEN 1 AND 4),
    decided_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    CHECK ((method = '') = (amount = 0) AND (method = '') = (currency = '')),
    CHECK (method <> '' OR state = 4)
);

CREATE TABLE sandbox_refund (
    id         uuid        NOT NULL PRIMARY KEY,
    payment    uuid        NOT NULL REFERENCES sandbox_authorization (payment),
    amount     bigint      NOT NULL CHECK (amount > 0),
    currency   text        NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    created_at timestamptz NOT NULL
);

CREATE INDEX sandbox_refund_by_payment ON sandbox_refund (payment, created_at, id);

CREATE TABLE sandbox_call (
    key        text        NOT NULL PRIMARY KEY CHECK (length(key) BETWEEN 1 AND 255),
    operation  smallint    NOT NULL CHECK (operation BETWEEN 1 AND 4),
    payment    uuid        NOT NULL,
    refund     uuid        NOT NULL, -- all zeros: none
    amount     bigint      NOT NULL CHECK (amount >= 0),
    currency   text        NOT NULL,
    outcome    smallint    NOT NULL CHECK (outcome BETWEEN 1 AND 6),
    created_at timestamptz NOT NULL
);
