package reservationtest

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"holdfast/civil"
	"holdfast/offer"
	"holdfast/reservation"
	"holdfast/stock"
	"holdfast/uid"
)

// ride makes an item one in a vehicle, with a seat for each of its claims that has a unit.
func ride(it *reservation.Item, mode offer.Mode) {
	departs := noon.Truncate(time.Second).Add(20 * time.Hour)
	it.Stay = offer.Stay{}
	it.Ride = &offer.Ride{
		Mode: mode, Run: uid.New(), Number: "ICE \"1672\"", Date: civil.DateOf(2026, 11, 21), From: "de:08111:6115", To: "é", Departs: departs,
		Arrives: departs.Add(3 * time.Hour), DepartOffset: -210, ArriveOffset: 60, Class: "first", Booking: "Y", Fare: uid.New(), FareVersion: uid.New(),
		FareName: "Flex", Adults: 2, Children: 1, Infants: 1, Seating: offer.Seating{Pool: 7, AtHold: mode == offer.Train, Tiers: []int64{0, 450, 900}},
	}
	for i, c := range it.Claims {
		if c.Unit > 0 {
			it.Placed = append(it.Placed, reservation.Seat{Traveller: i, Pool: c.Pool, Unit: c.Unit, From: c.From, To: c.To, Label: fmt.Sprint("7-", c.Unit), Fee: int64(i) * 450})
		}
	}
	it.Seats = slices.Clone(it.Placed)
}

// seated is a pool with units, and a reservation with two train rides in it, a flight without seats and a stay.
func seated(t testing.TB, s reservation.Store) (*reservation.PoolRow, *reservation.Reservation) {
	t.Helper()
	p := newUnitPool(t, s, newLayout(70), 5)
	claim := func(unit int32, from, to stock.Slot) stock.Claim {
		return stock.Claim{Pool: p.ID, From: from, To: to, Count: 1, Unit: unit}
	}
	r := newReservation("ann", noon,
		[]stock.Claim{claim(1, 1, 3), claim(66, 1, 3)}, []stock.Claim{claim(2, 2, 3), claim(3, 3, 4)},
		[]stock.Claim{{Pool: p.ID, From: 0, To: 1, Count: 3}}, []stock.Claim{{Pool: p.ID, From: 4, To: 5, Count: 2}})
	ride(&r.Items[0], offer.Train)
	ride(&r.Items[1], offer.Train)
	ride(&r.Items[2], offer.Flight)
	r.Items[2].Ride.Seating = offer.Seating{}
	return p, r
}

// stored is what is stored of a reservation, however it is read.
func stored(t testing.TB, s reservation.Store, want *reservation.Reservation) {
	t.Helper()
	got := read(t, s, want.ID)
	if got.Stored != got.Version {
		t.Errorf("Stored is %d of version %d", got.Stored, got.Version)
	}
	expected := *want
	expected.Stored = got.Stored
	same(t, "reservation", got, &expected)
	transact(t, s, reservation.Need{Reservations: []uid.ID{want.ID}}, func(rows *reservation.Rows) (*reservation.Changes, error) {
		same(t, "reservation in a batch", rows.Reservations[want.ID], &expected)
		return nil, nil
	})
	found := must[[]*reservation.Reservation](t)(s.Find(t.Context(), reservation.Filter{Locator: want.Locator, Limit: 1}))
	same(t, "reservation by locator", found, []*reservation.Reservation{&expected})
}

func testRides(t *testing.T, s reservation.Store) {
	_, r := seated(t, s)
	place(t, s, r)
	stored(t, s, r)
	// A lapsed hold is the same.
	if err := s.Transact(t.Context(), batch("one", noon.Add(time.Hour)), reservation.Need{DuePools: []stock.PoolID{r.Items[0].Claims[0].Pool}, DueLimit: 3}, func(rows *reservation.Rows) (*reservation.Changes, error) {
		want := *r
		want.Stored = 1
		same(t, "due", rows.Reservations[r.ID], &want)
		return nil, nil
	}); err != nil {
		t.Fatal(err)
	}
	// Many at once may be written in another way.
	p := newUnitPool(t, s, newLayout(3*manyAtOnce), 2)
	var all []*reservation.Reservation
	for i := range manyAtOnce {
		r := newReservation("bob", noon, []stock.Claim{{Pool: p.ID, From: 0, To: 2, Count: 1, Unit: int32(i + 1)}, {Pool: p.ID, From: 1, To: 2, Count: 1}})
		ride(&r.Items[0], offer.Train)
		if i%3 == 0 { // as nobody places it; it would be stored all the same
			r.Items[0].Seats, r.Items[0].Notice = nil, &reservation.Notice{ID: uid.New(), At: noon, Withdrawn: true}
		}
		all = append(all, r)
	}
	slices.SortFunc(all, func(a, b *reservation.Reservation) int { return compareIDs(a.ID, b.ID) })
	place(t, s, all...)
	for _, r := range all {
		got := read(t, s, r.ID)
		got.Stored = 0
		same(t, "one of many", got, r)
	}
	one := newReservation("cyd", noon, []stock.Claim{{Pool: p.ID, From: 0, To: 2, Count: 1, Unit: manyAtOnce + 1}})
	ride(&one.Items[0], offer.Train)
	one.Items[0].Seats, one.Items[0].Notice = nil, &reservation.Notice{ID: uid.New(), At: noon}
	place(t, s, one)
	stored(t, s, one)
}

// change writes one change of a reservation with its history.
func change(t testing.TB, s reservation.Store, id uid.ID, cause reservation.Cause, rules func(rows *reservation.Rows, r *reservation.Reservation, c *reservation.Changes)) *reservation.Reservation {
	t.Helper()
	var r *reservation.Reservation
	transact(t, s, reservation.Need{Reservations: []uid.ID{id}}, func(rows *reservation.Rows) (*reservation.Changes, error) {
		r = rows.Reservations[id]
		r.Version++
		c := &reservation.Changes{
			SetReservations: []*reservation.Reservation{r}, NewHistory: []reservation.Entry{entry(r, r.Status, cause, noon)}, Events: []reservation.Event{event(r, cause, noon)},
		}
		rules(rows, r, c)
		return c, nil
	})
	return r
}

// What changes of items after the placing is read with them; what they were placed with stays.
func testAmended(t *testing.T, s reservation.Store) {
	_, r := seated(t, s)
	place(t, s, r)
	placed := slices.Clone(r.Items[0].Placed)
	notice := &reservation.Notice{ID: uid.New(), At: noon, Departs: noon.Add(21 * time.Hour), Arrives: noon.Add(25 * time.Hour), Note: "é \"late\""}
	for name, amend := range map[string]func(items []reservation.Item){
		"nothing": func([]reservation.Item) {},
		"seats": func(items []reservation.Item) {
			items[0].Seats = slices.Clone(items[0].Seats)
			items[0].Seats[1].Unit, items[0].Seats[1].Label, items[0].Seats[1].Fee = 67, "7-67", 0
		},
		"no seats": func(items []reservation.Item) { items[1].Seats = nil },
		"seats at last": func(items []reservation.Item) {
			items[2].Seats = []reservation.Seat{{Pool: 9, Unit: 4, To: 1, Label: "4D"}}
		},
		"notice": func(items []reservation.Item) { items[0].Notice = notice },
		"withdrawn": func(items []reservation.Item) {
			items[3].Notice = &reservation.Notice{ID: uid.New(), At: noon, Withdrawn: true}
		},
		"notice retracted": func(items []reservation.Item) { items[0].Notice = nil },
		"as it was": func(items []reservation.Item) {
			for i := range items {
				items[i].Seats, items[i].Notice = slices.Clone(items[i].Placed), nil
			}
		},
		"all at once": func(items []reservation.Item) {
			items[0].Notice, items[1].Seats, items[1].Notice = notice, items[1].Seats[:1], notice
			items[2].Seats = nil
		},
	} {
		for _, before := range []bool{false, true} { // from what was placed, or from whatever was there before
			t.Run(fmt.Sprint(name, ", after another ", before), func(t *testing.T) {
				if !before {
					change(t, s, r.ID, reservation.SeatsChanged, func(_ *reservation.Rows, r *reservation.Reservation, _ *reservation.Changes) {
						for i := range r.Items {
							r.Items[i].Seats, r.Items[i].Notice = slices.Clone(r.Items[i].Placed), nil
						}
					})
				}
				want := change(t, s, r.ID, reservation.SupplierWithdrew, func(_ *reservation.Rows, r *reservation.Reservation, _ *reservation.Changes) {
					if name == "all at once" && len(r.Items[1].Seats) == 0 {
						r.Items[1].Seats = slices.Clone(r.Items[1].Placed)
					}
					amend(r.Items)
				})
				stored(t, s, want)
				same(t, "placed", want.Items[0].Placed, placed)
			})
		}
	}
	history := must[[]reservation.Entry](t)(s.History(t.Context(), r.ID))
	if last := history[len(history)-1]; last.Cause != reservation.SupplierWithdrew {
		t.Errorf("the last cause is %v", last.Cause)
	}
}

// The claims of an item are replaced, and nothing else is.
func testSetClaims(t *testing.T, s reservation.Store) {
	p, r := seated(t, s)
	q := newUnitPool(t, s, newLayout(4), 5)
	place(t, s, r)
	lives := func() []reservation.ClaimLife {
		t.Helper()
		return must[reservation.RecordAudit](t)(s.AuditReservations(t.Context(), uid.ID{}, 10)).Claims[r.ID]
	}
	due := func(pool stock.PoolID) (n int) {
		t.Helper()
		if err := s.Transact(t.Context(), batch("one", noon.Add(time.Hour)), reservation.Need{DuePools: []stock.PoolID{pool}, DueLimit: 9}, func(rows *reservation.Rows) (*reservation.Changes, error) {
			n = len(rows.Due)
			return nil, errStop
		}); !errors.Is(err, errStop) {
			t.Fatal(err)
		}
		return n
	}
	replace := func(item int, life reservation.ClaimLife, claims ...stock.Claim) func(*reservation.Rows, *reservation.Reservation, *reservation.Changes) {
		return func(_ *reservation.Rows, r *reservation.Reservation, c *reservation.Changes) {
			r.Items[item].Claims = claims
			c.SetClaims = append(c.SetClaims, reservation.ItemClaims{Reservation: r.ID, Item: item, Claims: claims, Life: life})
		}
	}
	const held, sold, freed = reservation.ClaimHeld, reservation.ClaimSold, reservation.ClaimFreed

	// More claims than before, one of them in another pool, where the hold lapses too.
	want := change(t, s, r.ID, reservation.SeatsChanged, replace(1, held,
		stock.Claim{Pool: p.ID, From: 2, To: 3, Count: 1, Unit: 70}, stock.Claim{Pool: p.ID, From: 3, To: 4, Count: 1, Unit: 69}, stock.Claim{Pool: q.ID, From: 0, To: 1, Count: 1, Unit: 4}))
	stored(t, s, want)
	same(t, "lives", lives(), []reservation.ClaimLife{held, held, held, held})
	if n := due(q.ID); n != 1 {
		t.Errorf("%d lapsed holds on the other pool", n)
	}

	// Fewer, without units; of two changes in one batch the last counts.
	first, last := []stock.Claim{{Pool: q.ID, From: 2, To: 3, Count: 1, Unit: 1}}, []stock.Claim{{Pool: p.ID, From: 2, To: 4, Count: 1}}
	want = change(t, s, r.ID, reservation.SeatsChanged, func(rows *reservation.Rows, r *reservation.Reservation, c *reservation.Changes) {
		replace(1, held, first...)(rows, r, c)
		replace(0, held, first...)(rows, r, c)
		replace(1, held, last...)(rows, r, c)
	})
	stored(t, s, want)
	if n := due(q.ID); n != 1 {
		t.Errorf("%d lapsed holds on the other pool", n)
	}

	// What they count as may be said with them, and again.
	want = change(t, s, r.ID, reservation.SeatsChanged, func(rows *reservation.Rows, r *reservation.Reservation, c *reservation.Changes) {
		replace(0, sold, last...)(rows, r, c)
		replace(1, held, first...)(rows, r, c)
		replace(3, freed)(rows, r, c) // none at all
		r.Status = reservation.Confirmed
		c.ClaimStates = []reservation.ClaimState{{Reservation: r.ID, Item: 1, Life: sold}, {Reservation: r.ID, Item: 2, Life: freed}}
	})
	stored(t, s, want)
	same(t, "lives", lives(), []reservation.ClaimLife{sold, sold, freed, 0})
	if n := due(q.ID) + due(p.ID); n != 0 {
		t.Errorf("%d lapsed holds of what is sold", n)
	}
	audit := must[reservation.PoolAudit](t)(s.AuditPools(t.Context(), 0, 10))
	same(t, "live claims", audit.Claims, []reservation.AuditClaim{
		{Reservation: r.ID, Caller: "ann", Life: sold, Claim: last[0]}, {Reservation: r.ID, Caller: "ann", Life: sold, Claim: first[0]},
	})
}

// The facts of a key keep seats and notices; every answer and cause there is can be stored.
func testFactsOfSeats(t *testing.T, s reservation.Store) {
	seats := []reservation.Seat{{Traveller: 1, Pool: 3, Unit: 66, From: 1, To: 4, Label: "7-66", Fee: 450}, {Pool: 3, Unit: 1, From: 1, To: 4, Label: "é\""}}
	notice := &reservation.Notice{ID: uid.New(), At: noon, Departs: noon.Add(time.Hour), Arrives: noon.Add(2 * time.Hour), Note: "late"}
	facts := []reservation.Facts{
		{Seats: [][]reservation.Seat{nil, seats, seats[:1]}},
		{Notices: []*reservation.Notice{nil, notice, {ID: uid.New(), At: noon, Withdrawn: true}}},
		{Status: reservation.Held, Version: 2, Seats: [][]reservation.Seat{seats}, Notices: []*reservation.Notice{notice}},
	}
	var need reservation.Need
	var c reservation.Changes
	for answer := reservation.OutcomePlaced; answer <= reservation.OutcomeSeated; answer++ {
		k := &reservation.KeyRow{ID: uid.New(), Request: uid.New(), State: reservation.KeyDone, Answer: answer, Facts: facts[int(answer)%len(facts)]}
		need.Keys = append(need.Keys, k)
	}
	slices.SortFunc(need.Keys, func(a, b *reservation.KeyRow) int { return compareIDs(a.ID, b.ID) })
	var ids []uid.ID
	for _, k := range need.Keys {
		ids = append(ids, k.ID)
	}
	c.KeptKeys = ids
	transact(t, s, need, always(c))
	same(t, "keys", must[[]*reservation.KeyRow](t)(s.Keys(t.Context(), ids)), need.Keys)

	r := newReservation("ann", noon)
	place(t, s, r)
	for _, cause := range reservation.Causes {
		change(t, s, r.ID, cause, func(*reservation.Rows, *reservation.Reservation, *reservation.Changes) {})
	}
	history := must[[]reservation.Entry](t)(s.History(t.Context(), r.ID))
	for i, cause := range reservation.Causes {
		if history[i+1].Cause != cause {
			t.Errorf("entry %d has cause %v, want %v", i+1, history[i+1].Cause, cause)
		}
	}
}
