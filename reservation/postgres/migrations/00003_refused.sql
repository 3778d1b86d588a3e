-- What a provider refuses for good: causes 14 to 16, the payment status 7 (refund failed), the steps 5 and 6. The checks only
-- get wider, so what is stored need not be read again.
-- +goose Up
ALTER TABLE history
	DROP CONSTRAINT history_cause_check, ADD CONSTRAINT history_cause_check CHECK (cause BETWEEN 1 AND 16) NOT VALID,
	DROP CONSTRAINT history_payment_check, ADD CONSTRAINT history_payment_check CHECK (payment BETWEEN 1 AND 7) NOT VALID;
ALTER TABLE reservations
	DROP CONSTRAINT reservations_payment_check, ADD CONSTRAINT reservations_payment_check CHECK (payment BETWEEN 1 AND 7) NOT VALID,
	DROP CONSTRAINT reservations_step_check, ADD CONSTRAINT reservations_step_check CHECK (step BETWEEN 0 AND 6) NOT VALID;
