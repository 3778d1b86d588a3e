package race

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"holdfast/fault"
	"holdfast/internal/clock"
	"holdfast/offer"
	"holdfast/payment"
	"holdfast/reservation"
	"holdfast/stock"
	"holdfast/test/prove/books"
	"holdfast/test/prove/effort"
	"holdfast/test/prove/rig"
	"holdfast/uid"
)

// The seats of a round, on three segments. When the race starts, what is left for everybody is two of them.
const (
	seats     = 5
	lastSeat  = 3 // from 0: "1-4", which is free and wanted by name
	lateSeat  = 0 // of the money that comes late
	heldSeat  = 1 // of somebody who releases
	moveSeat  = 2 // of somebody who changes
	seatShort = 6 // rounds of each shape
)

// TestSeatRace lets everybody want the last seats at once, through every path that gives one out or takes one: placings
// that get any seat, on the whole line and on parts of it, placings that name one, both with one key through two
// processes, a change of seat, a check-in, a release and a placing after it, a payment whose money comes when its hold has
// gone, and staff who put the seat out of order and back.
func TestSeatRace(t *testing.T) {
	for _, shape := range []rig.Shape{rig.SQLite, rig.Postgres, rig.Pair} {
		t.Run(shape.Name, func(t *testing.T) {
			gates := &gates{}
			now := clock.Still(begin)
			w := rig.Open(t, shape, rig.Options{
				Clock: now, Payment: func(p payment.Service) payment.Service { gates.Service = p; return gates },
				Settings: func(s *reservation.Settings) { s.PayWait = 20 * time.Second },
			})
			want := books.Expect{Most: seats}
			won := map[string]int{}
			seeds := effort.Seeds(t, 1, seatShort)
			for _, seed := range seeds {
				r := &seatRound{round: round{world: w, gates: gates, clock: now, random: rand.New(rand.NewPCG(seed, 2)), name: fmt.Sprint("seats-", seed)}, won: won}
				r.run(t)
				want.Acks = append(want.Acks, r.acks...)
				b := w.Books(t)
				for _, f := range b.Findings(want) {
					t.Error(f)
				}
				r.told(t, b)
				if t.Failed() {
					t.Fatalf("round of seed %d; %s", seed, effort.Repeat("race", seed))
				}
			}
			if d, conflicts := w.Deadlocks(); d != 0 {
				t.Errorf("%d deadlocks among %d conflicts", d, conflicts)
			}
			audit(t, w)
			t.Logf("%d rounds; who came to something: %v", len(seeds), won)
		})
	}
}

// seatRound is one race for the seats of one pool.
type seatRound struct {
	round
	won   map[string]int
	seat  map[uid.ID]string // what a reservation was told is its seat now, by those that nobody else changes
	parts []string          // sealed rides on the whole line and on parts of it
}

// seatRefusals are those that this race may bring besides.
var seatRefusals = []string{"seat_unavailable", "no_single_seat"}

func (r *seatRound) came(t *testing.T, what string, err error) bool {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if err == nil {
		r.won[what]++
		return true
	}
	if reason := fault.As(err).Reason; !refusals[reason] && !slices.Contains(seatRefusals, reason) {
		t.Errorf("%s: %v", what, err)
	}
	return false
}

func (r *seatRound) board(core *reservation.Core, who, key, sealed string, labels ...string) (*reservation.Reservation, error) {
	q := reservation.PlaceRequest{Caller: rig.As(who), Offers: []string{sealed}, Travellers: rig.Guests}
	if labels != nil {
		q.Seats = []reservation.SeatChoice{{Labels: labels}}
	}
	if key != "" {
		q.Key = rig.Key(key)
	}
	a, err := core.Place(context.Background(), q)
	return a.Reservation, err
}

// must places what nobody else wants yet.
func (r *seatRound) must(t *testing.T, who, sealed string, labels ...string) *reservation.Reservation {
	t.Helper()
	got, err := r.board(r.core(), r.name+who, "", sealed, labels...)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func (r *seatRound) tell(res *reservation.Reservation) {
	r.mu.Lock()
	defer r.mu.Unlock()
	text := ""
	for _, s := range res.Items[0].Seats {
		text += s.Label + " "
	}
	r.seat[res.ID] = text
}

func (r *seatRound) run(t *testing.T) {
	w := r.world
	r.pool, r.seat = w.Train(t, seats, nights), map[uid.ID]string{}
	for _, part := range [][2]stock.Slot{{0, 3}, {0, 1}, {1, 3}, {2, 3}} {
		r.parts = append(r.parts, w.Ride(t, offer.Train, rig.Part{Pool: r.pool, From: part[0], To: part[1], Travellers: 1}))
	}
	whole := r.parts[0]
	choice := w.Ride(t, offer.Flight, rig.Part{Pool: r.pool, From: 0, To: 3, Travellers: 1})

	var running sync.WaitGroup
	late := r.must(t, "-late", whole, rig.Seat(lateSeat))
	gate, payer := r.gates.set(late.ID), r.core()
	running.Go(func() { r.payLate(t, payer, late.ID) })
	<-gate.entered
	r.clock.Advance(30 * time.Minute)
	holder := r.must(t, "-holder", whole, rig.Seat(heldSeat))
	mover := r.must(t, "-mover", choice, rig.Seat(moveSeat))
	guest := r.must(t, "-guest", choice)
	r.ack(mover.ID, books.Held)
	r.ack(guest.ID, books.Held)

	start := make(chan struct{})
	race := func(fn func()) { running.Go(func() { <-start; fn() }) }
	if r.random.IntN(2) == 0 {
		close(gate.open)
	} else {
		race(func() { close(gate.open) })
	}
	moving, checking := r.core(), r.core()
	race(func() { r.change(t, moving, "change", mover, r.name+"-mover", rig.Seat(lastSeat)) })
	race(func() { r.change(t, checking, "check-in", guest, r.name+"-guest") })
	for i := range 2 + r.random.IntN(placers) {
		r.client(t, race, i, whole)
	}
	releaser, again := r.core(), r.core()
	race(func() { r.cancelAndBoard(t, releaser, again, holder.ID, whole) })
	staff := r.core()
	race(func() { r.block(t, staff) })
	close(start)
	running.Wait()
	if r.again {
		r.won["late money"]++
	}
}

// client places: any seat on some part of the way, or the last one by name; some send the same call twice.
func (r *seatRound) client(t *testing.T, race func(func()), i int, whole string) {
	who := fmt.Sprintf("%s-client-%d", r.name, i)
	sealed, labels, what := r.parts[r.random.IntN(len(r.parts))], []string(nil), "any seat"
	if r.random.IntN(3) == 0 {
		sealed, labels, what = whole, []string{rig.Seat(lastSeat)}, "named seat"
	}
	cores := []*reservation.Core{r.core()}
	if i%3 == 0 {
		cores = append(cores, r.core())
	}
	answers := make([]*reservation.Reservation, len(cores))
	var both sync.WaitGroup
	both.Add(len(cores))
	for n, core := range cores {
		race(func() {
			defer both.Done()
			placed, err := r.board(core, who, who, sealed, labels...)
			if r.came(t, what, err) {
				answers[n] = placed
			}
		})
	}
	pays, last := r.random.IntN(3) == 0, cores[0]
	race(func() {
		both.Wait()
		ids := make([]uid.ID, len(answers))
		for n, a := range answers {
			if a != nil {
				ids[n] = a.ID
				r.tell(a)
			}
		}
		r.after(t, last, who, ids, pays)
	})
}

func (r *seatRound) change(t *testing.T, core *reservation.Core, what string, res *reservation.Reservation, who string, labels ...string) {
	a, err := core.ChangeSeats(context.Background(), rig.As(who), res.ID.Text("res"), res.Items[0].ID.Text("itm"), reservation.SeatChoice{Labels: labels}, rig.Key(who+what))
	if r.came(t, what, err) {
		r.tell(a.Reservation)
		return
	}
	r.tell(res)
}

func (r *seatRound) cancelAndBoard(t *testing.T, core, again *reservation.Core, id uid.ID, sealed string) {
	who := r.name + "-holder"
	if err := core.Release(context.Background(), rig.As(who), id.Text("res")); err != nil {
		t.Errorf("release: %v", err)
	}
	r.ack(id, books.Cancelled)
	placed, err := r.board(again, who, who+"-again", sealed)
	if r.came(t, "after a release", err) {
		r.ack(placed.ID, books.Held)
		r.tell(placed)
	}
}

// block puts the last seat out of order and back, or leaves it so.
func (r *seatRound) block(t *testing.T, core *reservation.Core) {
	for _, blocked := range []bool{true, false, true} {
		change := reservation.UnitChange{Pool: r.pool, Unit: lastSeat + 1, From: 1, To: 3, Blocked: blocked}
		if what := map[bool]string{true: "blocked", false: "unblocked"}[blocked]; !r.came(t, what, core.BlockUnits(context.Background(), []reservation.UnitChange{change})) {
			return
		}
	}
}

// told compares the seats that callers were told with those that the tables have.
func (r *seatRound) told(t *testing.T, b *books.Books) {
	t.Helper()
	has := map[uid.ID]string{}
	for _, c := range b.Claims {
		if c.Pool == int64(r.pool) && c.Unit != 0 && c.Life != 3 {
			has[c.Reservation] += rig.Seat(int(c.Unit)-1) + " "
		}
	}
	for id, seat := range r.seat {
		if has[id] != seat {
			t.Errorf("reservation %s was told the seat %q and has %q", id.Text("res"), seat, has[id])
		}
	}
}
