package model_test

import (
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"
	"testing/cryptotest"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"holdfast/fault"
	"holdfast/offer"
	paymentsqlite "holdfast/payment/sqlite"
	"holdfast/reservation"
	"holdfast/reservation/sqlite"
	"holdfast/stock"
	"holdfast/test/prove/effort"
	"holdfast/uid"
)

// seatShare is how much of the commands of the model is about seats: one in so many.
const seatShare = 20

// berth is a unit of a pool on one slot.
type berth struct {
	pool stock.PoolID
	unit int32
	slot stock.Slot
}

// blocked is who has a berth that is out of order.
const blocked = "out of order"

// line is a train, or a departure with its nests: booking classes below the highest, each within the one before.
type line struct {
	mode  offer.Mode
	pool  stock.PoolID
	units int
	slots stock.Slot
	nests []stock.PoolID
	most  []int // what a nest may sell
}

// rider is a reservation of seats: travellers on a part of a line, with the seats they were told.
type rider struct {
	who        string
	ref, item  string
	on         *line
	from, to   stock.Slot
	travellers int
	depth      int // nests it is in
	seats      []reservation.Seat
	live, paid bool
	withdrawn  bool
}

// carriage is one check: the house, and a model that is a plain map of who has which unit on which slot.
type carriage struct {
	*house
	ctx    context.Context
	lines  []*line
	has    map[berth]string // who has it: a rider, or out of order
	riders []*rider
	made   int
	seen   map[string]int
}

// TestModelSeats runs random sequences about seats on SQLite: a train whose seats are given out at the hold and a departure
// with three nested booking classes, on which seats are chosen, changed, given at check-in, released, cancelled, put out of
// order and back, and withdrawn. The model is a map of (unit, slot) to who has it. Which seat the desk gives to who named
// none is the desk's to choose; that it is a free one, that there is one, and that nobody else gets it, is the model's to say.
func TestModelSeats(t *testing.T) {
	store, payments := onSQLite(template(t, sqlite.Migrate)), template(t, paymentsqlite.Migrate)
	set(t, "rapid.nofailfile", "true")
	set(t, "rapid.steps", strconv.Itoa(perCheck))
	set(t, "rapid.checks", strconv.Itoa(max(1, effort.Runs(t, shortCommands)/perCheck/seatShare)))
	if seed := os.Getenv(effort.SeedVariable); seed != "" {
		set(t, "rapid.seed", seed)
		set(t, "rapid.checks", "1")
	}
	var done atomic.Int64
	seen := map[string]int{}
	outer := t
	rapid.Check(t, func(t *rapid.T) {
		rapid.SyncTest(t, func(t *rapid.T) {
			cryptotest.SetGlobalRandom(outer, 1)
			uuid.DisableRandPool()
			uuid.SetRand(nil)
			uuid.EnableRandPool()
			settings := reservation.DefaultSettings()
			settings.Lanes = 2
			if rapid.Bool().Draw(t, "no early refusals") {
				settings.BelieveFor = 0
			}
			c := &carriage{house: build(t, store, payments, "", settings), ctx: context.Background(), has: map[berth]string{}, seen: seen}
			c.define(t)
			t.Repeat(map[string]func(*rapid.T){
				"board": c.board, "board too": c.board, "change": c.change, "check in": c.checkIn, "pay": c.pay, "release": c.release, "cancel": c.cancel,
				"block": c.block, "withdraw": c.withdraw, "": func(t *rapid.T) { done.Add(1); c.check(t) },
			})
			report, err := c.core.Audit(c.ctx, nil)
			must(t, err)
			for _, f := range report.Findings {
				t.Errorf("audit: %s %s: %s", f.Invariant, f.Subject, f.Detail)
			}
		})
	})
	t.Logf("%d commands; they came to %v", done.Load(), seen)
}

func (c *carriage) define(t *rapid.T) {
	for i, l := range []*line{{mode: offer.Train, units: 6, slots: 5}, {mode: offer.Flight, units: 5, slots: 2, most: []int{4, 2}}} {
		layout := &stock.Layout{}
		for n := range l.units {
			layout.Units = append(layout.Units, stock.Unit{Label: label(int32(n + 1)), Group: uint16(n / 3), Row: uint16(n / 2)})
		}
		layouts, err := c.core.DefineLayouts(c.ctx, []*stock.Layout{layout})
		must(t, err)
		specs := []reservation.PoolSpec{{Ref: uid.ID{7, byte(i)}, Supplier: uid.ID{1}, Layout: layouts[0], To: l.slots}}
		for n, most := range l.most {
			specs = append(specs, reservation.PoolSpec{Ref: uid.ID{8, byte(i), byte(n)}, Supplier: uid.ID{1}, Physical: int32(most), To: l.slots})
		}
		pools, err := c.core.DefinePools(c.ctx, specs)
		must(t, err)
		l.pool, l.nests = pools[0], pools[1:]
		c.lines = append(c.lines, l)
	}
}

func label(unit int32) string { return fmt.Sprintf("%c%d", 'A'+(unit-1)%3, (unit-1)/3+1) }

func (l *line) unit(text string) int32 {
	for n := range int32(l.units) {
		if label(n+1) == text {
			return n + 1
		}
	}
	return 0
}

// free reports whether nobody has a unit on a part of a line.
func (c *carriage) free(l *line, unit int32, from, to stock.Slot) bool {
	for s := from; s < to; s++ {
		if c.has[berth{l.pool, unit, s}] != "" {
			return false
		}
	}
	return true
}

// whole counts the units that are free all the way.
func (c *carriage) whole(l *line, from, to stock.Slot) (n int) {
	for u := range int32(l.units) {
		if c.free(l, u+1, from, to) {
			n++
		}
	}
	return n
}

// sold counts the travellers on a slot of those that are at least so deep in the nests.
func (c *carriage) sold(l *line, slot stock.Slot, depth int) (n int) {
	for _, r := range c.riders {
		if r.live && r.on == l && r.depth >= depth && r.from <= slot && slot < r.to {
			n += r.travellers
		}
	}
	return n
}

// target is what of a slot may be sold to all classes.
func (c *carriage) target(l *line, slot stock.Slot) int {
	n := l.units
	for u := range int32(l.units) {
		if c.has[berth{l.pool, u + 1, slot}] == blocked {
			n--
		}
	}
	return n
}

func (c *carriage) full(r *rider) bool {
	for s := r.from; s < r.to; s++ {
		if c.sold(r.on, s, 0)+r.travellers > c.target(r.on, s) {
			return true
		}
		for d, most := range r.on.most[:r.depth] {
			if c.sold(r.on, s, d+1)+r.travellers > most {
				return true
			}
		}
	}
	return false
}

// choose says what becomes of named seats: "" when all can be had. It marks them in taken.
func (c *carriage) choose(r *rider, labels []string, taken map[berth]string) string {
	for _, text := range labels {
		if text == "" {
			continue
		}
		unit := r.on.unit(text)
		if unit == 0 {
			return "seat_unknown"
		}
		for s := r.from; s < r.to; s++ {
			if b := (berth{r.on.pool, unit, s}); taken[b] != "" {
				return "seat_unavailable"
			}
		}
		for s := r.from; s < r.to; s++ {
			taken[berth{r.on.pool, unit, s}] = r.who
		}
	}
	return ""
}

func drawLabels(t *rapid.T, l *line, travellers int) []string {
	if rapid.IntRange(0, 2).Draw(t, "chooses") == 0 {
		return nil
	}
	out := make([]string, rapid.IntRange(1, travellers).Draw(t, "labels"))
	for i := range out {
		switch n := rapid.IntRange(0, l.units+1).Draw(t, "seat"); n {
		case 0:
		case l.units + 1:
			out[i] = "Z9"
		default:
			out[i] = label(int32(n))
		}
	}
	return out
}

func (c *carriage) board(t *rapid.T) {
	l := rapid.SampledFrom(c.lines).Draw(t, "line")
	from := stock.Slot(rapid.IntRange(0, int(l.slots)-1).Draw(t, "from"))
	c.made++
	r := &rider{
		who: fmt.Sprint("rider-", c.made), on: l, from: from, to: stock.Slot(rapid.IntRange(int(from)+1, int(l.slots)).Draw(t, "to")),
		travellers: rapid.IntRange(1, 3).Draw(t, "travellers"), depth: rapid.IntRange(0, len(l.nests)).Draw(t, "class"), live: true,
	}
	choice := reservation.SeatChoice{Labels: drawLabels(t, l, r.travellers)}
	choice.Wish.Together, choice.Wish.MayChange = rapid.Bool().Draw(t, "together"), rapid.IntRange(0, 2).Draw(t, "may change") == 0
	now := c.clock.Now()
	p := offer.Piece{
		Supplier: uid.ID{1}, Price: offer.Price{Base: 1000}, Terms: offer.Terms{FreeUntil: now.Add(24 * time.Hour), EndsAt: now.Add(72 * time.Hour)},
		Claims: []stock.Claim{{Pool: l.pool, From: r.from, To: r.to, Count: int32(r.travellers)}},
		Ride: &offer.Ride{
			Mode: l.mode, Run: uid.ID{2}, Number: "HF 1", From: "A", To: "B", Departs: now.Add(48 * time.Hour), Arrives: now.Add(50 * time.Hour), Class: "second", Fare: uid.ID{3}, FareVersion: uid.ID{3},
			Adults: uint8(r.travellers), Seating: offer.Seating{Pool: l.pool, AtHold: l.mode == offer.Train},
		},
	}
	for _, nest := range l.nests[:r.depth] {
		p.Claims = append(p.Claims, stock.Claim{Pool: nest, From: r.from, To: r.to, Count: int32(r.travellers)})
	}
	sealed, err := c.sealer.Seal(offer.Offer{IssuedAt: now, ExpiresAt: now.Add(10 * time.Minute), Currency: "EUR", Pieces: []offer.Piece{p}})
	must(t, err)
	a, err := c.core.Place(c.ctx, reservation.PlaceRequest{
		Caller: reservation.Caller{Subject: r.who}, Offers: []string{sealed}, Seats: []reservation.SeatChoice{choice}, Travellers: guests,
	})
	var want string
	named := 0
	for _, text := range choice.Labels {
		if text != "" {
			named++
		}
	}
	after := maps.Clone(c.has)
	if c.full(r) {
		want = "sold_out"
	} else if want = c.choose(r, choice.Labels, after); want == "" && l.mode == offer.Train {
		whole := (&carriage{has: after}).whole(l, r.from, r.to)
		if rest := r.travellers - named; rest > whole && (!choice.Wish.MayChange || !(&carriage{has: after}).chains(l, r, rest)) {
			want = "no_single_seat"
		}
	}
	c.came(t, "board", err, want)
	if err != nil {
		return
	}
	r.ref, r.item = a.Reservation.ID.Text("res"), a.Reservation.Items[0].ID.Text("itm")
	c.riders = append(c.riders, r)
	seated := named
	if l.mode == offer.Train {
		seated = r.travellers
	}
	c.seat(t, r, a.Reservation.Items[0].Seats, choice.Labels, seated, choice.Wish.MayChange)
}

// chains reports whether so many travellers can go all the way when they change seats: on each slot that many are free.
func (c *carriage) chains(l *line, r *rider, travellers int) bool {
	for s := r.from; s < r.to; s++ {
		if c.whole(l, s, s+1) < travellers {
			return false
		}
	}
	return true
}

// seat takes in the seats that a rider was given, in the place of those he had: they must be free, all the way and of as many
// travellers as were to get one, and the named ones as named.
func (c *carriage) seat(t *rapid.T, r *rider, seats []reservation.Seat, labels []string, travellers int, mayChange bool) {
	c.leave(r)
	at := map[int]stock.Slot{}
	for _, s := range seats {
		next, seen := at[s.Traveller]
		if !seen {
			next = r.from
		}
		if s.From != next || s.To <= s.From || s.To > r.to || seen && !mayChange {
			t.Fatalf("%s on [%d, %d) was given %+v", r.who, r.from, r.to, seats)
		}
		if label(s.Unit) != s.Label || !c.free(r.on, s.Unit, s.From, s.To) {
			t.Fatalf("%s was given unit %d (%s) on [%d, %d), which somebody has", r.who, s.Unit, s.Label, s.From, s.To)
		}
		if s.Traveller < len(labels) && labels[s.Traveller] != "" && labels[s.Traveller] != s.Label {
			t.Fatalf("%s named %v and was given %+v", r.who, labels, seats)
		}
		for slot := s.From; slot < s.To; slot++ {
			c.has[berth{r.on.pool, s.Unit, slot}] = r.who
		}
		at[s.Traveller] = s.To
	}
	for traveller, to := range at {
		if to != r.to {
			t.Fatalf("traveller %d of %s has no seat from %d on: %+v", traveller, r.who, to, seats)
		}
	}
	if len(at) != travellers {
		t.Fatalf("%d travellers of %s have seats, want %d: %+v", len(at), r.who, travellers, seats)
	}
	r.seats = seats
}

// leave gives back what a rider has.
func (c *carriage) leave(r *rider) {
	maps.DeleteFunc(c.has, func(_ berth, who string) bool { return who == r.who })
	r.seats = nil
}

// came holds a refusal against the model's.
func (c *carriage) came(t *rapid.T, what string, err error, want string) {
	t.Helper()
	got := ""
	if err != nil {
		got = fault.As(err).Reason
	}
	c.seen[what+" "+want]++
	if got != want {
		t.Fatalf("%s: answered %q (%v), the model says %q", what, got, err, want)
	}
}

// any draws a rider.
func (c *carriage) any(t *rapid.T) *rider {
	if len(c.riders) == 0 {
		t.Skip("nobody rides")
	}
	return rapid.SampledFrom(c.riders).Draw(t, "rider")
}

func (c *carriage) ask(r *rider, choice reservation.SeatChoice) (reservation.Answer, error) {
	return c.core.ChangeSeats(c.ctx, reservation.Caller{Subject: r.who}, r.ref, r.item, choice, reservation.Idempotency{})
}

func (c *carriage) change(t *rapid.T) {
	r := c.any(t)
	labels := drawLabels(t, r.on, r.travellers)
	if !slices.ContainsFunc(labels, func(s string) bool { return s != "" }) {
		c.checkInOf(t, r)
		return
	}
	a, err := c.ask(r, reservation.SeatChoice{Labels: labels})
	var want string
	after, moving := maps.Clone(c.has), slices.Clone(labels)
	had := map[int][]reservation.Seat{}
	for _, s := range r.seats {
		had[s.Traveller] = append(had[s.Traveller], s)
	}
	seated := len(had)
	for traveller, text := range labels {
		if text == "" {
			continue
		}
		if old := had[traveller]; len(old) == 1 && old[0].Label == text {
			moving[traveller] = "" // he has it
			continue
		}
		if len(had[traveller]) == 0 {
			seated++
		}
		for _, s := range had[traveller] {
			for slot := s.From; slot < s.To; slot++ {
				delete(after, berth{r.on.pool, s.Unit, slot})
			}
		}
	}
	if !r.live {
		want = "not_changeable"
	} else {
		want = c.choose(r, moving, after)
	}
	c.came(t, "change", err, want)
	if err == nil {
		c.seat(t, r, a.Reservation.Items[0].Seats, labels, seated, true)
	}
}

func (c *carriage) checkIn(t *rapid.T) { c.checkInOf(t, c.any(t)) }

// checkInOf gives seats to those of a rider who have none.
func (c *carriage) checkInOf(t *rapid.T, r *rider) {
	a, err := c.ask(r, reservation.SeatChoice{Wish: stock.Wish{Together: true}})
	seated := map[int]bool{}
	for _, s := range r.seats {
		seated[s.Traveller] = true
	}
	want := ""
	switch lacking := r.travellers - len(seated); {
	case !r.live:
		want = "not_changeable"
	case lacking > c.whole(r.on, r.from, r.to):
		want = "no_single_seat"
	}
	c.came(t, "check in", err, want)
	if err == nil {
		c.seat(t, r, a.Reservation.Items[0].Seats, nil, r.travellers, true)
	}
}

func (c *carriage) pay(t *rapid.T) {
	r := c.any(t)
	if !r.live || r.paid {
		t.Skip("nothing to pay")
	}
	a, err := c.core.Pay(c.ctx, reservation.Caller{Subject: r.who}, r.ref, "pm_test_approved", reservation.Idempotency{ID: uid.New(), Request: uid.ID{1}})
	c.came(t, "pay", err, "")
	if a.Outcome != reservation.OutcomeConfirmed {
		t.Fatalf("pay came to %d", a.Outcome)
	}
	r.paid = true
}

func (c *carriage) release(t *rapid.T) {
	r := c.any(t)
	if r.paid || !r.live {
		t.Skip("nothing to release")
	}
	c.came(t, "release", c.core.Release(c.ctx, reservation.Caller{Subject: r.who}, r.ref), "")
	c.gone(r)
}

func (c *carriage) gone(r *rider) {
	c.leave(r)
	r.live = false
}

func (c *carriage) cancel(t *rapid.T) {
	r := c.any(t)
	if !r.paid || !r.live {
		t.Skip("nothing to cancel")
	}
	who := reservation.Caller{Subject: r.who}
	q, err := c.core.QuoteCancellation(c.ctx, who, r.ref, nil, reservation.Idempotency{ID: uid.New(), Request: uid.ID{1}})
	c.came(t, "quote", err, "")
	_, err = c.core.ConfirmCancellation(c.ctx, who, r.ref, q.Quote.ID.Text("quo"), reservation.Idempotency{ID: uid.New(), Request: uid.ID{1}})
	c.came(t, "cancel", err, "")
	c.gone(r)
}

func (c *carriage) block(t *rapid.T) {
	l := rapid.SampledFrom(c.lines).Draw(t, "line")
	from := stock.Slot(rapid.IntRange(0, int(l.slots)-1).Draw(t, "from"))
	ch := reservation.UnitChange{
		Pool: l.pool, Unit: int32(rapid.IntRange(1, l.units+1).Draw(t, "unit")), From: from, To: stock.Slot(rapid.IntRange(int(from)+1, int(l.slots)).Draw(t, "to")),
		Blocked: rapid.IntRange(0, 2).Draw(t, "back in order") == 0,
	}
	err := c.core.BlockUnits(c.ctx, []reservation.UnitChange{ch})
	want := ""
	for s := ch.From; s < ch.To; s++ {
		if who := c.has[berth{l.pool, ch.Unit, s}]; ch.Blocked && who != "" && who != blocked {
			want = "seat_unavailable"
		}
	}
	if int(ch.Unit) > l.units {
		want = "seat_unknown"
	}
	c.came(t, "block", err, want)
	if err != nil {
		return
	}
	for s := ch.From; s < ch.To; s++ {
		switch b := (berth{l.pool, ch.Unit, s}); {
		case ch.Blocked:
			c.has[b] = blocked
		case c.has[b] == blocked:
			delete(c.has, b)
		}
	}
}

// withdraw takes a part of a line out of service: holds on it end, what is paid learns of it once.
func (c *carriage) withdraw(t *rapid.T) {
	if rapid.IntRange(0, 4).Draw(t, "withdraws") != 4 {
		t.Skip("it runs")
	}
	l := rapid.SampledFrom(c.lines).Draw(t, "line")
	from := stock.Slot(rapid.IntRange(0, int(l.slots)-1).Draw(t, "from"))
	to := stock.Slot(rapid.IntRange(int(from)+1, int(l.slots)).Draw(t, "to"))
	d := reservation.Disruption{ID: uid.New(), Pools: []stock.PoolID{l.pool}, From: from, To: to, Withdrawn: true, Actor: reservation.Actor{Kind: reservation.StaffActor, ID: "control"}}
	want := 0
	for _, r := range c.riders {
		if !r.live || r.on != l || r.to <= from || r.from >= to || r.withdrawn {
			continue
		}
		want++
		if r.withdrawn = true; !r.paid {
			c.gone(r)
		}
	}
	for _, want := range []int{want, 0} { // and again
		told, err := c.core.Disrupt(c.ctx, d)
		c.came(t, "withdraw", err, "")
		if told != want {
			t.Fatalf("told %d, the model says %d", told, want)
		}
	}
	c.clock.Advance(time.Second) // offers made from here on know of it
}

// check compares every unit and every counter with the model, and every rider's seats with what is stored.
func (c *carriage) check(t *rapid.T) {
	for _, l := range c.lines {
		units, err := c.core.Units(c.ctx, l.pool)
		must(t, err)
		for n := range int32(l.units) {
			for s := range l.slots {
				who := c.has[berth{l.pool, n + 1, s}]
				if units.Free(n+1, s, s+1) != (who == "") || units.Blocked(n+1, s) != (who == blocked) {
					t.Fatalf("unit %d slot %d of pool %d: free %v, blocked %v; the model says %q has it", n+1, s, l.pool, units.Free(n+1, s, s+1), units.Blocked(n+1, s), who)
				}
			}
		}
		must(t, c.core.SlotsOf(c.ctx, append([]stock.PoolID{l.pool}, l.nests...), func(rows []reservation.SlotRow) error {
			for _, row := range rows {
				depth := slices.Index(l.nests, row.Key.Pool) + 1
				if got, want := int(row.Held+row.Sold), c.sold(l, row.Key.Slot, depth); got != want {
					t.Fatalf("pool %d slot %d counts %d; the model says %d", row.Key.Pool, row.Key.Slot, got, want)
				}
				if depth == 0 && int(row.Target) != c.target(l, row.Key.Slot) {
					t.Fatalf("pool %d slot %d sells %d; the model says %d", row.Key.Pool, row.Key.Slot, row.Target, c.target(l, row.Key.Slot))
				}
			}
			return nil
		}))
	}
	for _, r := range c.riders {
		if !r.live {
			continue
		}
		got, err := c.core.Reservation(c.ctx, reservation.Caller{Subject: r.who}, r.ref)
		must(t, err)
		if !slices.Equal(got.Items[0].Seats, r.seats) {
			t.Fatalf("%s has %+v; the model says %+v", r.who, got.Items[0].Seats, r.seats)
		}
	}
}
