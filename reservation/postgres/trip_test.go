package postgres_test

import (
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"

	"holdfast/reservation"
	"holdfast/stock"
	"holdfast/uid"
)

// counting counts how often a client has something to say after the server has answered: round trips.
type counting struct {
	net.Listener
	server string
	trips  atomic.Int64
	owned  sync.WaitGroup
}

func newCounting(t *testing.T, dsn string) (*counting, string) {
	t.Helper()
	address, err := url.Parse(dsn)
	if err != nil || address.Host == "" {
		t.Fatalf("the server's address is no URL: %v", err)
	}
	c := &counting{server: address.Host}
	if c.Listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	c.owned.Go(c.accept)
	t.Cleanup(func() {
		_ = c.Close()
		c.owned.Wait()
	})
	query := address.Query()
	query.Set("sslmode", "disable")
	address.Host, address.RawQuery = c.Addr().String(), query.Encode()
	return c, address.String()
}

func (c *counting) accept() {
	for {
		client, err := c.Accept()
		if err != nil {
			return
		}
		c.owned.Go(func() { c.serve(client) })
	}
}

func (c *counting) serve(client net.Conn) {
	server, err := net.Dial("tcp", c.server)
	if err != nil {
		_ = client.Close()
		return
	}
	var answered atomic.Bool
	answered.Store(true)
	pass := func(from, to net.Conn, seen func()) {
		buf := make([]byte, 1<<16)
		for {
			n, err := from.Read(buf)
			if err != nil {
				_ = to.Close()
				return
			}
			seen()
			if _, err := to.Write(buf[:n]); err != nil {
				return
			}
		}
	}
	c.owned.Go(func() { pass(server, client, func() { answered.Store(true) }) })
	pass(client, server, func() {
		if answered.Swap(false) {
			c.trips.Add(1)
		}
	})
}

// A batch that names no reservation is two round trips, COMMIT among them, with units or without; with lapsed holds it
// begins again. A layout that the process has not met yet is one more.
func TestRoundTrips(t *testing.T) {
	direct := fresh(t)
	c, dsn := newCounting(t, direct)
	s := open(t, dsn)
	trips := func(need reservation.Need, rules func(*reservation.Rows) (*reservation.Changes, error)) int64 {
		t.Helper()
		before := c.trips.Load()
		if err := s.Transact(t.Context(), reservation.Batch{ID: uid.New(), Stream: "one"}, need, rules); err != nil {
			t.Fatal(err)
		}
		return c.trips.Load() - before
	}
	need := func(named ...uid.ID) reservation.Need {
		return reservation.Need{
			Keys: []*reservation.KeyRow{{ID: uid.New(), Request: uid.New(), State: reservation.KeyDone}}, Reservations: named,
			DuePools: []stock.PoolID{1}, DueLimit: 64, Spans: []reservation.Span{{Pool: 1, From: 1, To: 3}}, Counts: []reservation.CountKey{{Caller: "ann", Pool: 1}},
		}
	}
	nothing := func(*reservation.Rows) (*reservation.Changes, error) { return nil, nil }
	_, id, rules := placing()
	trips(need(), rules) // prepares everything
	trips(need(id), nothing)
	_, _, rules = placing()
	if n := trips(need(), rules); n != 2 {
		t.Errorf("a placing takes %d round trips, want 2", n)
	}
	if n := trips(need(), nothing); n != 2 {
		t.Errorf("a refusal takes %d round trips, want 2", n)
	}
	if n := trips(need(id), nothing); n != 3 {
		t.Errorf("a batch that names a reservation takes %d round trips, want 3", n)
	}

	layout := &stock.Layout{Units: []stock.Unit{{Label: "1A"}}}
	if err := s.PutLayouts(t.Context(), []*stock.Layout{layout}); err != nil {
		t.Fatal(err)
	}
	pool := func() stock.PoolID {
		var id stock.PoolID
		ref := uid.New()
		trips(reservation.Need{NewPools: []uid.ID{ref}}, func(rows *reservation.Rows) (*reservation.Changes, error) {
			id = rows.NextPool
			return &reservation.Changes{NewPools: []*reservation.PoolRow{{ID: id, Ref: ref, Supplier: uid.New(), To: 3, Layout: layout.ID(), Version: 1}}}, nil
		})
		return id
	}
	give := func(pool stock.PoolID, from stock.Slot) int64 {
		units := need()
		units.Units = []stock.PoolID{pool}
		return trips(units, func(rows *reservation.Rows) (*reservation.Changes, error) {
			u := rows.Units[pool]
			if !u.Take(1, from, from+1) {
				t.Error("the unit is taken")
			}
			return &reservation.Changes{SetBlocks: []*reservation.BlockRow{{Pool: pool, Version: u.Versions[0] + 1, Block: u.Blocks[0]}}}, nil
		})
	}
	first, second := pool(), pool()
	give(first, 0) // prepares everything
	give(first, 1)
	layout.Units[0].Label = "1B"
	if err := s.PutLayouts(t.Context(), []*stock.Layout{layout}); err != nil {
		t.Fatal(err)
	}
	third := pool()
	for _, c := range []struct {
		what string
		pool stock.PoolID
		want int64
	}{{"a first seat", second, 2}, {"a seat", first, 2}, {"a first seat of a new layout", third, 3}} {
		if n := give(c.pool, 2); n != c.want {
			t.Errorf("%s takes %d round trips, want %d", c.what, n, c.want)
		}
	}
}
