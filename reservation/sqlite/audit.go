package sqlite

import (
	"context"

	"zombiezen.com/go/sqlite"

	"holdfast/reservation"
	"holdfast/uid"
)

var (
	qAuditOutbox = queries.Get("audit_outbox")
	qAuditKeys   = queries.Get("audit_keys")
)

// AuditStreams describes every outbox stream by its ends, in one snapshot.
func (s *Store) AuditStreams(ctx context.Context) ([]reservation.StreamAudit, error) {
	var streams []reservation.StreamAudit
	err := s.read(ctx, "audit streams", func(conn *sqlite.Conn) error {
		streams = nil
		st, err := prepare(conn, qAuditStreams)
		if err != nil {
			return err
		}
		return st.all(func() {
			streams = append(streams, reservation.StreamAudit{Stream: int32(st.getInt()), Name: st.getText(), Next: st.getInt(), First: st.getInt(), Last: st.getInt()})
		})
	})
	return streams, err
}

// AuditEvents counts a range of a stream.
func (s *Store) AuditEvents(ctx context.Context, stream int32, after, upTo int64) (events, subjects int64, err error) {
	err = s.read(ctx, "audit events", func(conn *sqlite.Conn) error {
		st, err := prepare(conn, qAuditOutbox)
		if err != nil {
			return err
		}
		st.int(int64(stream))
		st.int(after)
		st.int(upTo)
		return st.one(func() { events, subjects = st.getInt(), st.getInt() })
	})
	return events, subjects, err
}

// AuditKeys reads a page of idempotency keys.
func (s *Store) AuditKeys(ctx context.Context, after uid.ID, limit int) ([]reservation.KeyAudit, error) {
	var keys []reservation.KeyAudit
	err := s.read(ctx, "audit keys", func(conn *sqlite.Conn) error {
		keys = nil
		st, err := prepare(conn, qAuditKeys)
		if err != nil {
			return err
		}
		st.blob(after[:])
		st.int(int64(limit))
		return st.all(func() {
			keys = append(keys, reservation.KeyAudit{ID: st.getID(), State: reservation.KeyState(st.getInt()), CreatedAt: st.getTime(), Lost: st.getInt() != 0})
		})
	})
	return keys, err
}
