-- +goose Up

-- Where a refund can be found that was paid outside; empty for those the provider paid.
ALTER TABLE refund ADD COLUMN reference text NOT NULL DEFAULT '' CHECK (octet_length(reference) <= 200 AND (reference = '' OR status = 2));
