package postgres_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"holdfast/fault"
	"holdfast/reservation"
	"holdfast/stock"
	"holdfast/uid"
)

// placing is a batch that places one reservation and writes an event about it.
func placing() (reservation.Batch, uid.ID, func(*reservation.Rows) (*reservation.Changes, error)) {
	id := uid.New()
	return reservation.Batch{ID: uid.New(), Stream: "one"}, id, func(rows *reservation.Rows) (*reservation.Changes, error) {
		r := &reservation.Reservation{
			ID: id, Locator: uid.Locator(), Caller: "ann", Status: reservation.Held, Payment: reservation.Unpaid, Currency: "EUR",
			CreatedAt: rows.Now, UpdatedAt: rows.Now, HoldExpiresAt: rows.Now, PlacedUntil: rows.Now, Version: 1,
		}
		return &reservation.Changes{
			NewReservations: []*reservation.Reservation{r},
			NewHistory: []reservation.Entry{{
				Reservation: id, Version: 1, At: rows.Now, Actor: reservation.Actor{Kind: reservation.TravellerActor, ID: "ann"},
				Cause: reservation.Placed, To: reservation.Held, Payment: reservation.Unpaid,
			}},
			Events: []reservation.Event{{Type: "reservation.placed", Subject: id, Version: 1, At: rows.Now, Data: []byte(`{}`)}},
		}, nil
	}
}

func exists(t *testing.T, s reservation.Store, id uid.ID) bool {
	t.Helper()
	found, err := s.Reservations(t.Context(), []uid.ID{id})
	if err != nil {
		t.Fatal(err)
	}
	return len(found) == 1
}

// What the server breaks off for the sake of another transaction is run again on fresh rows, and counted.
func TestConflictsAreRunAgain(t *testing.T) {
	for _, code := range []string{"40001", "40P01"} {
		t.Run(code, func(t *testing.T) {
			dsn := fresh(t)
			s, conn := open(t, dsn), raw(t, dsn)
			// A sequence does not roll back: the first two tries fail.
			execute(t, conn, `CREATE SEQUENCE tries; CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$
				BEGIN IF nextval('tries') < 3 THEN RAISE EXCEPTION 'try again' USING ERRCODE = '`+code+`'; END IF; RETURN NEW; END $$;
				CREATE TRIGGER fail BEFORE INSERT ON reservations FOR EACH ROW EXECUTE FUNCTION fail();`)
			b, id, rules := placing()
			calls := 0
			if err := s.Transact(t.Context(), b, reservation.Need{}, func(rows *reservation.Rows) (*reservation.Changes, error) {
				calls++
				return rules(rows)
			}); err != nil {
				t.Fatal(err)
			}
			deadlocks := map[string]int64{"40001": 0, "40P01": 2}[code]
			if stats := s.Stats(); calls != 3 || stats.Conflicts != 2 || stats.Deadlocks != deadlocks {
				t.Errorf("%d decisions, %+v; want 3, 2 conflicts and %d deadlocks", calls, stats, deadlocks)
			}
			if !exists(t, s, id) {
				t.Error("the reservation is not there")
			}
			execute(t, conn, `ALTER SEQUENCE tries RESTART; ALTER SEQUENCE tries INCREMENT BY -1 MINVALUE -1000`)
			b, _, rules = placing()
			if err := s.Transact(t.Context(), b, reservation.Need{}, rules); fault.KindOf(err) != fault.Unavailable {
				t.Errorf("got %v, want unavailable after a bounded number of tries", err)
			}
		})
	}
}

// A connection that broke before the writes were sent, which only the server knows: nothing happened, as looking the
// batch up tells, and the next batch finds another connection.
func TestLostBeforeCommit(t *testing.T) {
	dsn := fresh(t)
	s, conn := open(t, dsn), raw(t, dsn)
	b, _, rules := placing()
	if err := s.Transact(t.Context(), b, reservation.Need{}, rules); err != nil { // prepares everything
		t.Fatal(err)
	}
	b, id, rules := placing()
	err := s.Transact(t.Context(), b, reservation.Need{}, func(rows *reservation.Rows) (*reservation.Changes, error) {
		execute(t, conn, `SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE application_name LIKE 'holdfast%' AND datname = current_database() AND pid <> pg_backend_pid()`)
		return rules(rows)
	})
	if !errors.Is(err, reservation.ErrUnknownCommit) {
		t.Errorf("got %v, want an outcome that is to be looked up", err)
	}
	if exists(t, s, id) {
		t.Error("something was written")
	}
	if found, err := s.Committed(t.Context(), b.ID); found || err != nil {
		t.Errorf("committed: %t, %v", found, err)
	}
	if err := s.Transact(t.Context(), b, reservation.Need{}, rules); err != nil {
		t.Errorf("the next batch: %v", err)
	}
}

// wire stands between a store and its server and cuts the connection that sends a COMMIT.
type wire struct {
	listener net.Listener
	server   string
	forward  bool // hand the COMMIT on before cutting

	mu    sync.Mutex
	armed bool
	held  []net.Conn // connections to the server that have not been told of the cut
	group sync.WaitGroup
}

func newWire(t *testing.T, dsn string, forward bool) (*wire, string) {
	t.Helper()
	address, err := url.Parse(dsn)
	if err != nil || address.Host == "" {
		t.Fatalf("the server's address is no URL: %v", err)
	}
	w := &wire{server: address.Host, forward: forward}
	if w.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	w.group.Go(func() {
		for {
			client, err := w.listener.Accept()
			if err != nil {
				return
			}
			w.group.Go(func() { w.serve(client) })
		}
	})
	t.Cleanup(func() {
		_ = w.listener.Close()
		w.letGo()
		w.group.Wait()
	})
	query := address.Query()
	query.Set("sslmode", "disable")
	address.Host, address.RawQuery = w.listener.Addr().String(), query.Encode()
	return w, address.String()
}

func (w *wire) serve(client net.Conn) {
	defer func() { _ = client.Close() }()
	server, err := net.Dial("tcp", w.server)
	if err != nil {
		return
	}
	w.group.Go(func() {
		_, _ = io.Copy(client, server)
		_ = client.Close()
	})
	buf := make([]byte, 1<<16)
	for {
		n, err := client.Read(buf)
		if err != nil {
			_ = server.Close()
			return
		}
		w.mu.Lock()
		cut := w.armed && bytes.Contains(buf[:n], []byte("\x00commit\x00")) // the prepared statement's name in Bind
		w.mu.Unlock()
		if !cut || w.forward {
			if _, err := server.Write(buf[:n]); err != nil {
				return
			}
		}
		if cut {
			_ = client.Close()
			w.mu.Lock()
			w.held = append(w.held, server) // the server has not noticed yet
			w.mu.Unlock()
			return
		}
	}
}

func (w *wire) arm() {
	w.mu.Lock()
	w.armed = true
	w.mu.Unlock()
}

// letGo makes the server notice that its client is gone.
func (w *wire) letGo() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.armed = false
	for _, c := range w.held {
		_ = c.Close()
	}
	w.held = nil
}

// The answer to a COMMIT is lost: the outcome is unknown, and Committed settles it, waiting for the transaction that may
// still be open on the server.
func TestUnknownCommit(t *testing.T) {
	for _, forward := range []bool{true, false} {
		t.Run(fmt.Sprintf("arrived %t", forward), func(t *testing.T) {
			direct := fresh(t)
			w, dsn := newWire(t, direct, forward)
			s, witness := open(t, dsn), open(t, direct)
			b, _, rules := placing()
			if err := s.Transact(t.Context(), b, reservation.Need{}, rules); err != nil { // prepares everything
				t.Fatal(err)
			}
			w.arm()
			b, id, rules := placing()
			if err := s.Transact(t.Context(), b, reservation.Need{}, rules); !errors.Is(err, reservation.ErrUnknownCommit) {
				t.Fatalf("got %v, want an unknown outcome", err)
			}
			if !forward {
				// The transaction is open on the server: an answer now would be a guess.
				ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
				found, err := witness.Committed(ctx, b.ID)
				cancel()
				if err == nil {
					t.Fatalf("answered %t while the transaction was open", found)
				}
				w.letGo()
			} // else the server is writing, perhaps: that is waited for
			found, err := witness.Committed(t.Context(), b.ID)
			if err != nil || found != forward {
				t.Errorf("committed: %t, %v; want %t", found, err, forward)
			}
			if exists(t, witness, id) != forward {
				t.Errorf("the reservation is there: %t, want %t", !forward, forward)
			}
		})
	}
}

// An outbox that takes its numbers from a sequence loses events to a reader that polls: a later number may commit first.
// Ours makes the later one wait. This is the mistake that Events must not make, kept as a test.
func TestNaiveOutboxLosesEvents(t *testing.T) {
	dsn := fresh(t)
	first, second, reader := raw(t, dsn), raw(t, dsn), raw(t, dsn)
	execute(t, reader, `CREATE TABLE naive (n bigserial PRIMARY KEY)`)
	execute(t, first, `BEGIN; INSERT INTO naive DEFAULT VALUES`)
	execute(t, second, `INSERT INTO naive DEFAULT VALUES`) // commits number 2 while 1 is open
	position := int64(0)
	poll := func() int {
		rows, err := reader.Query(t.Context(), `SELECT n FROM naive WHERE n > $1 ORDER BY n`, position)
		if err != nil {
			t.Fatal(err)
		}
		ns, err := pgx.CollectRows(rows, pgx.RowTo[int64])
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range ns {
			position = max(position, n)
		}
		return len(ns)
	}
	seen := poll()
	execute(t, first, `COMMIT`)
	if seen += poll(); seen != 1 {
		t.Fatalf("the naive reader saw %d of 2 events; this test shows nothing any more", seen)
	}

	// The same with ours: while the first batch is open with its number taken, the second one waits for the stream's row.
	a, b := open(t, dsn), open(t, dsn)
	write := func(s reservation.Store) error {
		return s.Transact(t.Context(), reservation.Batch{ID: uid.New(), Stream: "one"}, reservation.Need{}, func(rows *reservation.Rows) (*reservation.Changes, error) {
			return &reservation.Changes{Events: []reservation.Event{{Type: "x", At: rows.Now, Data: []byte(`1`)}}}, nil
		})
	}
	if err := errors.Join(write(a), write(b)); err != nil {
		t.Fatal(err)
	}
	execute(t, first, `BEGIN; UPDATE streams SET next = next + 1 WHERE name = 'one';
		INSERT INTO outbox (stream, n, type, version, at, data) SELECT stream, next - 1, 'x', 0, now(), '1' FROM streams WHERE name = 'one'`)
	done := make(chan error, 1)
	go func() { done <- write(b) }()
	waiting := false
	for range 2000 { // each a round trip; the server says when the writer waits
		if err := reader.QueryRow(t.Context(), `SELECT EXISTS (SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%UPDATE streams%')`).Scan(&waiting); err != nil {
			t.Fatal(err)
		}
		if waiting {
			break
		}
	}
	if !waiting {
		t.Error("the second writer did not wait for the first")
	}
	stream := int32(1)
	before, err := a.Events(t.Context(), stream, 0, 10)
	if err != nil || len(before) != 2 {
		t.Errorf("%d events before the commit, want 2 (%v)", len(before), err)
	}
	execute(t, first, `COMMIT`)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	after, err := a.Events(t.Context(), stream, 2, 10)
	if err != nil || len(after) != 2 {
		t.Errorf("%d events after it, want 2 more (%v)", len(after), err)
	}
}

// Updates of the rows that every batch changes stay on their page and touch no index.
func TestHotRowsAreUpdatedInPlace(t *testing.T) {
	dsn := fresh(t)
	s, conn := open(t, dsn), raw(t, dsn)
	pool, ref := stock.PoolID(0), uid.New()
	transact := func(need reservation.Need, rules func(*reservation.Rows) (*reservation.Changes, error)) {
		t.Helper()
		if err := s.Transact(t.Context(), reservation.Batch{ID: uid.New(), Stream: "one"}, need, rules); err != nil {
			t.Fatal(err)
		}
	}
	transact(reservation.Need{NewPools: []uid.ID{ref}}, func(rows *reservation.Rows) (*reservation.Changes, error) {
		pool = rows.NextPool
		return &reservation.Changes{
			NewPools: []*reservation.PoolRow{{ID: pool, Ref: ref, Supplier: uid.New(), To: 1, Version: 1}},
			NewSlots: []*reservation.SlotRow{{Key: stock.Key{Pool: pool}, Counters: stock.New(1000, 0), Version: 1}},
		}, nil
	})
	count := reservation.CountKey{Caller: "ann", Pool: pool}
	const rounds = 200
	for range rounds {
		transact(reservation.Need{Spans: []reservation.Span{{Pool: pool, To: 1}}, Counts: []reservation.CountKey{count}}, func(rows *reservation.Rows) (*reservation.Changes, error) {
			slot, n := rows.Slots[stock.Key{Pool: pool}], rows.Counts[count]
			if n == nil {
				n = &reservation.CountRow{Key: count}
			}
			n.Holds++
			slot.Version++
			return &reservation.Changes{
				SetSlots: []*reservation.SlotRow{slot}, SetCounts: []*reservation.CountRow{n},
				Events: []reservation.Event{{Type: "x", At: rows.Now, Data: []byte(`1`)}},
			}, slot.Hold(1)
		})
	}
	if err := s.Close(); err != nil { // a session reports its counts when it ends
		t.Fatal(err)
	}
	for _, table := range []string{"slots", "hold_counts", "streams"} {
		var all, hot int64
		for range 2000 {
			if err := conn.QueryRow(t.Context(), `SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = $1`, table).Scan(&all, &hot); err != nil {
				t.Fatal(err)
			}
			if all >= rounds-1 {
				break
			}
		}
		if all < rounds-1 || hot < all*95/100 {
			t.Errorf("%s: %d of %d updates in place", table, hot, all)
		}
	}
}
