package race

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"holdfast/fault"
	"holdfast/reservation"
	"holdfast/stock"
	"holdfast/test/prove/books"
	"holdfast/test/prove/rig"
	"holdfast/uid"
)

// Red sellers write whole reservations through the stores of the engines, so that only the one thing that each of them
// does wrong can be found.

const (
	redRounds  = 40 // in which a red version must be caught
	redClients = 8
)

// seller decides in the place of the rules what a sale does to the slots that were loaded and locked. seen is what the
// client read before, without a lock.
type seller func(loaded, seen *stock.Counters) error

// sell makes one reservation of the pool.
func sell(ctx context.Context, s reservation.Store, pool stock.PoolID, supplier uid.ID, seen []reservation.SlotRow, rules seller) (uid.ID, error) {
	now, id := time.Now(), uid.New()
	claim := rig.Nights(pool, 0, nights)
	r := &reservation.Reservation{
		ID: id, Locator: uid.Locator(), Caller: id.Text("caller"), Status: reservation.Held, Payment: reservation.Unpaid, Currency: "EUR",
		CreatedAt: now, UpdatedAt: now, HoldExpiresAt: now.Add(time.Hour), PlacedUntil: now.Add(time.Hour), Travellers: rig.Guests, Version: 1,
		Items: []reservation.Item{{ID: uid.New(), Status: reservation.Held}},
	}
	r.Items[0].Supplier, r.Items[0].Claims, r.Items[0].Terms.EndsAt = supplier, []stock.Claim{claim}, now.AddDate(1, 0, 0)
	count := reservation.CountKey{Caller: r.Caller, Pool: pool}
	need := reservation.Need{Spans: []reservation.Span{{Pool: pool, From: claim.From, To: claim.To}}, Counts: []reservation.CountKey{count}}
	err := s.Transact(ctx, reservation.Batch{ID: uid.New(), Stream: "red", Now: now}, need, func(rows *reservation.Rows) (*reservation.Changes, error) {
		c := &reservation.Changes{
			NewReservations: []*reservation.Reservation{r}, SetCounts: []*reservation.CountRow{{Key: count, Holds: 1, Units: 1}},
			NewHistory: []reservation.Entry{{Reservation: id, Version: 1, At: now, Actor: reservation.Actor{Kind: reservation.TravellerActor, ID: r.Caller}, Cause: reservation.Placed, To: reservation.Held, Payment: reservation.Unpaid}},
			Events:     []reservation.Event{{Type: "reservation.placed", Subject: id, Version: 1, At: now, Data: []byte(`{}`)}},
		}
		var told []string
		for i := range nights {
			slot := rows.Slots[stock.Key{Pool: pool, Slot: claim.From + stock.Slot(i)}]
			if err := rules(&slot.Counters, &seen[i].Counters); err != nil {
				return nil, err
			}
			slot.Version++
			c.SetSlots = append(c.SetSlots, slot)
			told = append(told, fmt.Sprintf(`{"pool":%d,"from":%d,"n":1,"target":%d,"limit":%d,"held":%d,"sold":%d,"version":%d}`,
				pool, slot.Key.Slot, slot.Target, slot.Limit, slot.Held, slot.Sold, slot.Version))
		}
		c.Events = append(c.Events, reservation.Event{Type: "stock.changed", At: now, Data: []byte("[" + strings.Join(told, ",") + "]")})
		return c, nil
	})
	return id, err
}

// crowd lets clients want the last unit of a pool; each reads first, all write after that, and all that were served are
// returned.
func crowd(t *testing.T, w *rig.World, stores []reservation.Store, rules seller) (acks []books.Ack, failed []error) {
	t.Helper()
	pool := w.Pool(t, 1, nights)
	var mu sync.Mutex
	var reading, writing sync.WaitGroup
	reading.Add(redClients)
	for i := range redClients {
		store := stores[i%len(stores)]
		writing.Go(func() {
			seen, err := store.Slots(t.Context(), reservation.Span{Pool: pool, From: rig.First, To: rig.First + nights})
			reading.Done()
			reading.Wait()
			var id uid.ID
			if err == nil {
				id, err = sell(t.Context(), store, pool, w.Supplier, seen, rules)
			}
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				failed = append(failed, err)
				return
			}
			acks = append(acks, books.Ack{ID: id, May: []int64{books.Held}})
		})
	}
	writing.Wait()
	return acks, failed
}

// caught lets a seller work until the checker finds something that bears the word, and fails when it never does.
func caught(t *testing.T, w *rig.World, rules seller, word string) {
	t.Helper()
	stores := []reservation.Store{w.Store(t), w.Store(t)}
	if !w.Shape.Postgres {
		stores = w.Stores // one process alone has the file
	}
	var want books.Expect
	want.Most = 1
	for round := range redRounds {
		acks, failed := crowd(t, w, stores, rules)
		for _, err := range failed {
			if !errors.Is(err, stock.ErrSoldOut) {
				t.Fatalf("the red version does not even sell: %v", err)
			}
		}
		want.Acks = append(want.Acks, acks...)
		found := w.Books(t).Findings(want)
		if slices.ContainsFunc(found, func(f string) bool { return strings.Contains(f, word) }) {
			t.Logf("caught in round %d, %d findings: %s", round+1, len(found), found[0])
			return
		}
	}
	t.Errorf("the red version sold in %d rounds and the checker found nothing", redRounds)
}

var bothEngines = []rig.Shape{rig.SQLite, rig.Postgres}

// correct is what a seller has to do: decide on the rows that are locked.
func correct(loaded, _ *stock.Counters) error { return loaded.Hold(1) }

// TestRedIsFair runs the sellers' own machinery with the right rule: the checker finds nothing, so what it finds in the
// red versions is theirs.
func TestRedIsFair(t *testing.T) {
	for _, shape := range bothEngines {
		t.Run(shape.Name, func(t *testing.T) {
			w := rig.Open(t, shape, rig.Options{})
			want := books.Expect{Most: 1}
			for range 5 {
				acks, _ := crowd(t, w, w.Stores, correct)
				if len(acks) != 1 {
					t.Errorf("%d of %d clients got the one unit", len(acks), redClients)
				}
				want.Acks = append(want.Acks, acks...)
			}
			for _, f := range w.Books(t).Findings(want) {
				t.Error(f)
			}
		})
	}
}

// TestRedCheckThenLock: the client reads what is free, finds enough, and writes what follows from what it read.
func TestRedCheckThenLock(t *testing.T) {
	for _, shape := range bothEngines {
		t.Run(shape.Name, func(t *testing.T) {
			caught(t, rig.Open(t, shape, rig.Options{}), func(loaded, seen *stock.Counters) error {
				if seen.Free() < 1 {
					return stock.ErrSoldOut
				}
				loaded.Held = seen.Held + 1
				loaded.Limit = max(loaded.Target, loaded.Held+loaded.Sold)
				return nil
			}, "its claims add up to")
		})
	}
}

// bypass claims without asking whether there is a unit left.
func bypass(loaded, _ *stock.Counters) error {
	loaded.Held++
	return nil
}

// TestRedGuardOff bypasses the rule. With the CHECKs of the tables in place the database refuses all but one sale; in a
// scratch store without them it takes what it is given, and the checker has to see it.
func TestRedGuardOff(t *testing.T) {
	for _, shape := range bothEngines {
		t.Run(shape.Name, func(t *testing.T) {
			w := rig.Open(t, shape, rig.Options{})
			acks, failed := crowd(t, w, w.Stores, bypass)
			if len(acks) != 1 || len(failed) != redClients-1 {
				t.Errorf("with the guard on %d sales went through and %d failed", len(acks), len(failed))
			}
			for _, err := range failed {
				if fault.KindOf(err) != fault.Internal {
					t.Errorf("with the guard on: %v, want an internal error", err)
				}
			}
			for _, f := range w.Books(t).Findings(books.Expect{Acks: acks, Most: 1}) {
				t.Errorf("with the guard on: %s", f)
			}

			off := rig.Open(t, shape, rig.Options{Prepare: func(w *rig.World) { guardOff(t, w) }})
			caught(t, off, bypass, "sold of 1")
		})
	}
}

// TestRedRuleOff claims past the target and raises the limit with it, as only a release of an oversold slot may keep
// it: each row is valid for the tables, so it is the checker that has to see that claims went up past the target.
func TestRedRuleOff(t *testing.T) {
	for _, shape := range bothEngines {
		t.Run(shape.Name, func(t *testing.T) {
			caught(t, rig.Open(t, shape, rig.Options{}), func(loaded, _ *stock.Counters) error {
				loaded.Held++
				loaded.Limit = max(loaded.Target, loaded.Held+loaded.Sold)
				return nil
			}, "with a target of 1")
		})
	}
}

// guardOff takes the CHECKs off the counters of a scratch store before anybody opens it.
func guardOff(t *testing.T, w *rig.World) {
	t.Helper()
	if w.Shape.Postgres {
		execute(t, w.DSN, `ALTER TABLE reservation.slots DROP CONSTRAINT never_more_than_the_limit, DROP CONSTRAINT limit_follows_target`)
		return
	}
	conn, err := sqlite.OpenConn(filepath.Clean(w.File), sqlite.OpenReadWrite)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	// SQLite has no DROP CONSTRAINT; the text of the table is changed instead, as its manual describes.
	err = sqlitex.ExecuteScript(conn, `
		PRAGMA writable_schema = ON;
		UPDATE sqlite_schema SET sql = replace(replace(sql, 'CHECK (held + sold <= stock_limit)', 'CHECK (true)'),
			'CHECK (stock_limit = max(target, held + sold))', 'CHECK (true)') WHERE name = 'slots';
		PRAGMA writable_schema = RESET;`, nil)
	if err != nil {
		t.Fatal(err)
	}
}

func execute(t *testing.T, dsn, sql string, args ...any) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	if _, err := conn.Exec(t.Context(), sql, args...); err != nil {
		t.Fatal(err)
	}
}
