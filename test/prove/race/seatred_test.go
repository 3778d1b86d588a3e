package race

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"holdfast/reservation"
	"holdfast/stock"
	"holdfast/test/prove/books"
	"holdfast/test/prove/rig"
	"holdfast/uid"
)

// Red sellers of seats write whole reservations through the stores of the engines, with the counters right, so that only
// what each of them does wrong about the seat can be found.

// ticket is a seat sold on [from, to), as a red seller sees it.
type ticket struct {
	unit     int32
	from, to stock.Slot
}

// seatSeller picks a seat for [from, to): 0 for none. seen is what the client read before, without a lock; loaded is what
// the transaction has locked.
type seatSeller func(loaded, seen *reservation.PoolUnits, from, to stock.Slot) int32

// sellSeat makes one reservation with the seat that the seller picks, and marks it.
func sellSeat(ctx context.Context, s reservation.Store, w *rig.World, on ticket, pool stock.PoolID, seen *reservation.PoolUnits, pick seatSeller) (uid.ID, error) {
	now, id := time.Now(), uid.New()
	r := &reservation.Reservation{
		ID: id, Locator: uid.Locator(), Caller: id.Text("caller"), Status: reservation.Held, Payment: reservation.Unpaid, Currency: "EUR",
		CreatedAt: now, UpdatedAt: now, HoldExpiresAt: now.Add(time.Hour), PlacedUntil: now.Add(time.Hour), Travellers: rig.Guests, Version: 1,
		Items: []reservation.Item{{ID: uid.New(), Status: reservation.Held}},
	}
	claim := stock.Claim{Pool: pool, From: on.from, To: on.to, Count: 1}
	r.Items[0].Supplier, r.Items[0].Terms.EndsAt = w.Supplier, now.AddDate(1, 0, 0)
	count := reservation.CountKey{Caller: r.Caller, Pool: pool}
	need := reservation.Need{
		Spans: []reservation.Span{{Pool: pool, From: on.from, To: on.to}}, Counts: []reservation.CountKey{count}, Units: []stock.PoolID{pool},
	}
	err := s.Transact(ctx, reservation.Batch{ID: uid.New(), Stream: "red", Now: now}, need, func(rows *reservation.Rows) (*reservation.Changes, error) {
		u := rows.Units[pool]
		claim.Unit = pick(u, seen, on.from, on.to)
		if claim.Unit == 0 {
			return nil, stock.ErrSoldOut
		}
		u.Take(claim.Unit, on.from, on.to) // marks what is free; what is marked stays so
		r.Items[0].Claims = []stock.Claim{claim}
		n := stock.BlockOf(claim.Unit)
		c := &reservation.Changes{
			NewReservations: []*reservation.Reservation{r}, SetCounts: []*reservation.CountRow{{Key: count, Holds: 1, Units: 1}},
			NewHistory: []reservation.Entry{{Reservation: id, Version: 1, At: now, Actor: reservation.Actor{Kind: reservation.TravellerActor, ID: r.Caller}, Cause: reservation.Placed, To: reservation.Held, Payment: reservation.Unpaid}},
			Events:     []reservation.Event{{Type: "reservation.placed", Subject: id, Version: 1, At: now, Data: []byte(`{}`)}},
			SetBlocks:  []*reservation.BlockRow{{Pool: pool, Number: n, Version: u.Versions[n] + 1, Block: u.Blocks[n]}},
		}
		var told []string
		for at := on.from; at < on.to; at++ {
			slot := rows.Slots[stock.Key{Pool: pool, Slot: at}]
			if err := slot.Hold(1); err != nil {
				return nil, err
			}
			slot.Version++
			c.SetSlots = append(c.SetSlots, slot)
			told = append(told, fmt.Sprintf(`{"pool":%d,"from":%d,"n":1,"target":%d,"limit":%d,"held":%d,"sold":%d,"version":%d}`,
				pool, at, slot.Target, slot.Limit, slot.Held, slot.Sold, slot.Version))
		}
		c.Events = append(c.Events, reservation.Event{Type: "stock.changed", At: now, Data: []byte("[" + strings.Join(told, ",") + "]")})
		return c, nil
	})
	return id, err
}

// soldTwice reports what the checker finds about a seat that was sold twice, and fails on anything else.
func soldTwice(t *testing.T, w *rig.World, acks []books.Ack) bool {
	t.Helper()
	found := w.Books(t).Findings(books.Expect{Acks: acks})
	twice := slices.ContainsFunc(found, func(f string) bool { return strings.Contains(f, "is sold twice") })
	if len(found) > 0 && !twice {
		t.Errorf("the checker finds something else: %v", found)
	}
	return twice
}

// pickFree does what has to be done: the lowest seat that is free in what is locked.
func pickFree(loaded, _ *reservation.PoolUnits, from, to stock.Slot) int32 {
	return lowest(loaded, from, to)
}

// pickSeen picks from what was read before the lock.
func pickSeen(_, seen *reservation.PoolUnits, from, to stock.Slot) int32 {
	return lowest(seen, from, to)
}

func lowest(u *reservation.PoolUnits, from, to stock.Slot) int32 {
	for n := int32(1); int(n) <= len(u.Layout.Units); n++ {
		if u.Free(n, from, to) {
			return n
		}
	}
	return 0
}

// TestRedSeatIsFair runs the sellers' own machinery with the right rule on the counter-example: the checker finds nothing.
func TestRedSeatIsFair(t *testing.T) {
	for _, shape := range bothEngines {
		t.Run(shape.Name, func(t *testing.T) {
			w := rig.Open(t, shape, rig.Options{})
			acks, refused := counterExample(t, w, pickFree)
			if refused != 0 || soldTwice(t, w, acks) {
				t.Errorf("%d were refused", refused)
			}
		})
	}
}

// counterExample sells A-B, C-E and then D-E in a train of two seats and five stops, in which D-E has to get the second
// seat.
func counterExample(t *testing.T, w *rig.World, pick seatSeller) (acks []books.Ack, refused int) {
	t.Helper()
	pool := w.Train(t, 2, 4)
	for _, on := range []ticket{{from: 0, to: 1}, {from: 2, to: 4}, {from: 3, to: 4}} {
		id, err := sellSeat(t.Context(), w.Stores[0], w, on, pool, nil, pick)
		if err != nil {
			t.Logf("refused: %v", err)
			refused++
			continue
		}
		acks = append(acks, books.Ack{ID: id, May: []int64{books.Held}})
	}
	return acks, refused
}

// TestRedTrainTicketsRule is the rule of the best-known benchmark of microservices, as its seat service has it: a seat that
// was sold is given out again when any ticket on it ends before the new one begins. After A-B and C-E it gives the same seat
// to D-E.
func TestRedTrainTicketsRule(t *testing.T) {
	for _, shape := range bothEngines {
		t.Run(shape.Name, func(t *testing.T) {
			w := rig.Open(t, shape, rig.Options{})
			var sold []ticket
			acks, _ := counterExample(t, w, func(u, _ *reservation.PoolUnits, from, to stock.Slot) int32 {
				unit := int32(0)
				for _, s := range sold {
					if s.to <= from {
						unit = s.unit
						break
					}
				}
				if unit == 0 {
					unit = lowest(u, from, to)
				}
				sold = append(sold, ticket{unit, from, to})
				return unit
			})
			if len(acks) != 3 || !soldTwice(t, w, acks) {
				t.Errorf("sold %d times, and nothing was found", len(acks))
			}
		})
	}
}

// TestRedSeatCheckThenLock: clients look for a free seat, then lock and give out the one they saw.
func TestRedSeatCheckThenLock(t *testing.T) {
	for _, shape := range bothEngines {
		t.Run(shape.Name, func(t *testing.T) {
			w := rig.Open(t, shape, rig.Options{})
			stores := []reservation.Store{w.Store(t), w.Store(t)}
			if !shape.Postgres {
				stores = w.Stores
			}
			pool := w.Train(t, redClients, 3)
			var mu sync.Mutex
			var acks []books.Ack
			var reading, writing sync.WaitGroup
			reading.Add(redClients)
			for i := range redClients {
				store := stores[i%len(stores)]
				writing.Go(func() {
					seen, err := store.Units(t.Context(), pool)
					reading.Done()
					reading.Wait()
					var id uid.ID
					if err == nil {
						id, err = sellSeat(t.Context(), store, w, ticket{from: 0, to: 3}, pool, seen, pickSeen)
					}
					mu.Lock()
					defer mu.Unlock()
					if err != nil {
						t.Logf("not sold: %v", err)
						return
					}
					acks = append(acks, books.Ack{ID: id, May: []int64{books.Held}})
				})
			}
			writing.Wait()
			if len(acks) < 2 || !soldTwice(t, w, acks) {
				t.Errorf("sold %d times, and nothing was found", len(acks))
			}
		})
	}
}
