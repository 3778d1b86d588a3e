package peer_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"holdfast/internal/pgdb"
	"holdfast/offer"
	"holdfast/reservation"
	"holdfast/reservation/postgres"
	"holdfast/stock"
	"holdfast/test/engine"
	"holdfast/test/load/check"
	"holdfast/test/load/drive"
	"holdfast/test/load/peer"
	"holdfast/uid"
)

// seller makes orders of requests: three nights of the pool that is wanted.
type seller struct {
	*peer.Peer
	callers int64 // so many; 0: each request has its own
}

func (s seller) order(r drive.Request) *peer.Order {
	caller := r.N
	if s.callers > 0 {
		caller %= s.callers
	}
	return &peer.Order{
		Key: r.Key, Hash: r.Hash, Caller: fmt.Sprintf("traveller-%d", caller), Currency: "EUR", EndsAt: time.Date(2027, 6, 13, 9, 0, 0, 0, time.UTC),
		Claim: stock.Claim{Pool: stock.PoolID(1 + r.Target), From: 101, To: 104, Count: 1}, Document: peer.ItemDocument(&offer.Piece{}),
		Supplier: uid.New(), Traveller: peer.Traveller{GivenName: "Ada", FamilyName: "Lovelace", Email: "ada@example.org"},
	}
}

func (s seller) Place(ctx context.Context, r drive.Request) (uid.ID, error) {
	return s.Peer.Place(ctx, s.order(r))
}

func open(t *testing.T, form peer.Form, pools int64, units int32) (seller, string) {
	t.Helper()
	dsn := engine.Postgres(t)
	if err := postgres.Migrate(t.Context(), dsn); err != nil {
		t.Fatal(err)
	}
	if err := peer.Define(t.Context(), dsn, pools, units, 100, 106, uid.New()); err != nil {
		t.Fatal(err)
	}
	p, err := peer.Open(t.Context(), dsn, form, 8)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	return seller{p, 7}, dsn
}

func verify(t *testing.T, dsn string, r *drive.Result) *check.Report {
	t.Helper()
	want := check.Expect{Unknown: r.Failed}
	for _, a := range r.Acks {
		want.Acks = append(want.Acks, a.ID)
	}
	report, err := check.Postgres(t.Context(), dsn, want)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// Every form sells exactly what there is, gives the same answer for the same key, and leaves nothing that is wrong.
func TestForms(t *testing.T) {
	for _, form := range append([]peer.Form{peer.Batched}, peer.Forms...) {
		t.Run(string(form), func(t *testing.T) {
			s, dsn := open(t, form, 2, 50)
			load := drive.Load{Clients: 24, Tries: 300, Targets: 2, Seed: 1}
			r := drive.Closed(t.Context(), s, load)
			if r.Placed != 100 || r.SoldOut != 200 || r.Failed != 0 {
				t.Fatalf("%d placed, %d sold out, %d failed: %v", r.Placed, r.SoldOut, r.Failed, r.Err)
			}
			for _, a := range r.Acks[:20] {
				if id, err := s.Place(t.Context(), load.Request(a.N)); id != a.ID || err != nil {
					t.Errorf("request %d again: %v, %v, want %v", a.N, id, err, a.ID)
				}
			}
			if report := verify(t, dsn, r); len(report.Findings) > 0 || report.Reservations != 100 {
				t.Errorf("%d reservations; %v", report.Reservations, report.Findings)
			}
			o := s.order(load.Request(r.Acks[0].N))
			o.Hash = uid.New()
			if id, err := s.Peer.Place(t.Context(), o); err == nil && form != peer.Batched {
				t.Errorf("another request with the same key got %v", id)
			}
		})
	}
}

// What a peer writes is what our engine writes: it reads it as its own.
func TestPeersWriteOurRows(t *testing.T) {
	for _, form := range append([]peer.Form{peer.Batched}, peer.Forms...) {
		t.Run(string(form), func(t *testing.T) {
			s, dsn := open(t, form, 1, 1)
			o := s.order(drive.Load{}.Request(1))
			id, err := s.Peer.Place(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			store, err := postgres.Open(t.Context(), dsn, 1)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = store.Close() }()
			listed, err := store.Find(t.Context(), reservation.Filter{Supplier: o.Supplier, Limit: 2})
			if err != nil || len(listed) != 1 {
				t.Fatalf("%d reservations of the supplier, %v", len(listed), err)
			}
			r := listed[0]
			item := &r.Items[0]
			if r.ID != id || len(r.Items) != 1 || item.Supplier != o.Supplier || item.Status != reservation.Held || !item.Terms.EndsAt.Equal(o.EndsAt) ||
				len(item.Claims) != 1 || item.Claims[0] != o.Claim || r.Travellers[0].Email != o.Traveller.Email {
				t.Errorf("read as %+v", r)
			}
			due, err := store.Due(t.Context(), reservation.DueHolds, r.HoldExpiresAt, 2)
			if err != nil || len(due) != 1 {
				t.Errorf("%d due, %v", len(due), err)
			}
		})
	}
}

// A claim of which one night is sold out takes none of the others.
func TestAllOrNothing(t *testing.T) {
	for _, form := range append([]peer.Form{peer.Batched}, peer.Forms...) {
		t.Run(string(form), func(t *testing.T) {
			s, dsn := open(t, form, 1, 1)
			first, second := s.order(drive.Load{}.Request(1)), s.order(drive.Load{}.Request(2))
			second.Claim.From, second.Claim.To = 103, 106
			id, err := s.Peer.Place(t.Context(), first)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := s.Peer.Place(t.Context(), second); !errors.Is(err, drive.ErrSoldOut) {
				t.Fatalf("overlapping stay: %v", err)
			}
			if report := verify(t, dsn, &drive.Result{Acks: []drive.Ack{{ID: id}}}); len(report.Findings) > 0 {
				t.Error(report.Findings)
			}
		})
	}
}

// The verifier catches the form that checks first and writes afterwards.
func TestUnguardedIsCaught(t *testing.T) {
	s, dsn := open(t, peer.Unguarded, 1, 1000)
	r := drive.Closed(t.Context(), s, drive.Load{Clients: 8, Tries: 400, Targets: 1})
	report := verify(t, dsn, r)
	if text := strings.Join(report.Findings, "\n"); !strings.Contains(text, "its claims add up to") {
		t.Errorf("%d placed, %d failed (%v); findings: %s", r.Placed, r.Failed, r.Err, text)
	}
}

// The verifier catches what could go missing.
func TestVerifierCatches(t *testing.T) {
	s, dsn := open(t, peer.Conditional, 1, 1000)
	r := drive.Closed(t.Context(), s, drive.Load{Clients: 4, Tries: 10, Targets: 1})
	if report := verify(t, dsn, r); len(report.Findings) > 0 {
		t.Fatal(report.Findings)
	}
	lost := *r
	lost.Acks = append(lost.Acks[:9:9], drive.Ack{ID: uid.New()})
	if report := verify(t, dsn, &lost); len(report.Findings) != 2 {
		t.Errorf("a lost and an unknown reservation: %v", report.Findings)
	}
	twice := *r
	twice.Acks = append(twice.Acks[:10:10], twice.Acks[0])
	if report := verify(t, dsn, &twice); len(report.Findings) != 1 {
		t.Errorf("the same reservation for two: %v", report.Findings)
	}
	pool, err := pgdb.Open(t.Context(), dsn, pgdb.Options{Schema: "reservation"})
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	for _, sql := range []string{
		`UPDATE reservations SET document = '{"items":[]}' WHERE id = (SELECT id FROM reservations ORDER BY id LIMIT 1)`,
		`DELETE FROM by_supplier WHERE reservation = (SELECT id FROM reservations ORDER BY id DESC LIMIT 1)`,
		`UPDATE hold_counts SET holds = holds + 1 WHERE caller = 'traveller-0'`,
		`INSERT INTO outbox (stream, n, at, version, subject, type, data) VALUES (1, 1000, now(), 1, NULL, 'x', '{}')`,
	} {
		if _, err := pool.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	if report := verify(t, dsn, r); len(report.Findings) != 4 {
		t.Errorf("a lost traveller, a lost line, a wrong count, a gap: %v", report.Findings)
	}
}
