package postgres

import (
	"context"
	"strconv"
	"sync"

	"github.com/jackc/pgx/v5"

	"holdfast/reservation"
)

// channel is where processes tell each other that they have committed something.
const channel = "holdfast_reservation"

var _ reservation.Announcer = (*Store)(nil)

// announcing is the connection for announcements. It is apart from the pool: no batch waits for one.
type announcing struct {
	mu   sync.Mutex
	conn *pgx.Conn // nil: not connected
}

// Announce tells the other processes on this database that something was committed. NOTIFY takes a lock of the whole
// server while its transaction commits, so it stands in a transaction of its own, after the batch, and does not wait for
// the disk; one that is lost costs its listeners a moment.
func (s *Store) Announce(ctx context.Context) error {
	a := &s.announcing
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.conn == nil {
		conn, err := pgx.ConnectConfig(ctx, s.pool.Config().ConnConfig)
		if err != nil {
			return door(err, "announce")
		}
		if _, err := conn.Exec(ctx, "SET synchronous_commit = off"); err != nil {
			_ = conn.Close(ctx)
			return door(err, "announce")
		}
		a.conn = conn
	}
	// Who announces is in the payload, so that nobody hears themselves.
	if _, err := a.conn.Exec(ctx, "SELECT pg_notify($1, $2)", channel, s.listener()); err != nil {
		_ = a.conn.Close(ctx)
		a.conn = nil
		return door(err, "announce")
	}
	return nil
}

// listener names this store among those that listen.
func (s *Store) listener() string { return strconv.FormatUint(s.id, 36) }

// Listen calls heard for each announcement of another process, and once when it begins to listen, for what was missed
// before. It returns when ctx ends or the connection is lost.
func (s *Store) Listen(ctx context.Context, heard func()) error {
	conn, err := pgx.ConnectConfig(ctx, s.pool.Config().ConnConfig)
	if err != nil {
		return door(err, "listen")
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	if _, err := conn.Exec(ctx, "LISTEN "+channel); err != nil {
		return door(err, "listen")
	}
	heard()
	for {
		n, err := conn.WaitForNotification(ctx)
		if err != nil {
			return door(err, "listen")
		}
		if n.Payload != s.listener() {
			heard()
		}
	}
}

// silence ends the connection for announcements.
func (s *Store) silence() {
	s.announcing.mu.Lock()
	defer s.announcing.mu.Unlock()
	if s.announcing.conn != nil {
		_ = s.announcing.conn.Close(context.Background())
		s.announcing.conn = nil
	}
}
