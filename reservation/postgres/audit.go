package postgres

import (
	"context"

	"holdfast/reservation"
	"holdfast/uid"
)

var (
	qAuditOutbox = named("audit_outbox")
	qAuditKeys   = named("audit_keys")
)

// AuditStreams describes every outbox stream by its ends, in one snapshot.
func (s *Store) AuditStreams(ctx context.Context) ([]reservation.StreamAudit, error) {
	var streams []reservation.StreamAudit
	err := s.query(ctx, "audit streams", qAuditStreams, func(a *args) *args { return a }, func(r *row) error {
		streams = append(streams, reservation.StreamAudit{Stream: int32(r.int()), Name: r.text(), Next: r.int(), First: r.int(), Last: r.int()})
		return nil
	})
	return streams, err
}

// AuditEvents counts a range of a stream.
func (s *Store) AuditEvents(ctx context.Context, stream int32, after, upTo int64) (events, subjects int64, err error) {
	err = s.query(ctx, "audit events", qAuditOutbox, func(a *args) *args { return a.int4(stream).int8(after).int8(upTo) }, func(r *row) error {
		events, subjects = r.int(), r.int()
		return nil
	})
	return events, subjects, err
}

// AuditKeys reads a page of idempotency keys.
func (s *Store) AuditKeys(ctx context.Context, after uid.ID, limit int) ([]reservation.KeyAudit, error) {
	var keys []reservation.KeyAudit
	err := s.query(ctx, "audit keys", qAuditKeys, func(a *args) *args { return a.id(after).int8(int64(limit)) }, func(r *row) error {
		keys = append(keys, reservation.KeyAudit{ID: r.id(), State: reservation.KeyState(r.int()), CreatedAt: r.time(), Lost: r.int() != 0})
		return nil
	})
	return keys, err
}
