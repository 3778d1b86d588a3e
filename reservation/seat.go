package reservation

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"holdfast/fault"
	"holdfast/offer"
	"holdfast/stock"
	"holdfast/uid"
)

// Seats. A ride claims as many units of its pool as travellers take a seat; which ones is decided here, under the lock of
// the pool's blocks: those the traveller named, and for the others, where the offer says so, the best fit (stock.Fit).

// seated is what a piece gets.
type seated struct {
	claims []stock.Claim // of the piece, with units
	seats  []Seat
	fee    int64 // for the seats that were chosen
}

// named reports whether the choice names a seat.
func (c *SeatChoice) named() bool {
	return c != nil && slices.ContainsFunc(c.Labels, func(l string) bool { return l != "" })
}

// label is the one chosen for a traveller; "" for none.
func (c *SeatChoice) label(traveller int) string {
	if c == nil || traveller >= len(c.Labels) {
		return ""
	}
	return c.Labels[traveller]
}

// wantsUnits reports whether a piece needs the units of its pool when it is placed.
func wantsUnits(p *offer.Piece, c *SeatChoice) bool {
	return p.Ride != nil && p.Ride.Seating.Pool != 0 && (p.Ride.Seating.AtHold || c.named())
}

// way is the part of the line that a ride goes in the pool of its seats.
func way(p *offer.Piece) (stock.Claim, bool) {
	i := slices.IndexFunc(p.Claims, func(c stock.Claim) bool { return c.Pool == p.Ride.Seating.Pool })
	if i < 0 {
		return stock.Claim{}, false
	}
	on := p.Claims[i]
	for _, c := range p.Claims[i+1:] { // of an item that has units already
		if c.Pool == on.Pool {
			on.From, on.To = min(on.From, c.From), max(on.To, c.To)
		}
	}
	return on, true
}

// choose takes a named seat for a traveller.
func (u *PoolUnits) choose(s offer.Seating, on stock.Claim, traveller int, label string) (Seat, error) {
	unit := u.Layout.Number(label)
	if unit == 0 {
		return Seat{}, errSeatUnknown
	}
	fee, sold := s.Price(u.Layout.Unit(unit).Tier)
	if !sold || !u.Take(unit, on.From, on.To) {
		return Seat{}, errSeatUnavailable
	}
	return Seat{Traveller: traveller, Pool: u.Pool, Unit: unit, From: on.From, To: on.To, Label: label, Fee: fee}, nil
}

// fit takes seats for travellers who named none.
func (u *PoolUnits) fit(on stock.Claim, travellers []int, wish stock.Wish) ([]Seat, bool) {
	if len(travellers) == 0 {
		return nil, true
	}
	got, ok := u.Fit(len(travellers), on.From, on.To, wish)
	if !ok {
		return nil, false
	}
	var seats []Seat
	for i, of := range got {
		for _, s := range of {
			seats = append(seats, Seat{Traveller: travellers[i], Pool: u.Pool, Unit: s.Unit, From: s.From, To: s.To, Label: u.Layout.Unit(s.Unit).Label})
		}
	}
	return seats, true
}

// give takes seats back that were just taken.
func (u *PoolUnits) give(seats []Seat) {
	for _, s := range seats {
		if !u.Give(s.Unit, s.From, s.To) {
			panic(fmt.Sprintf("seat %s was not taken", s.Label))
		}
	}
}

// seat gives a piece its units; nothing has changed when it refuses.
func (w *work) seat(p *offer.Piece, choice *SeatChoice) (seated, error) {
	if !wantsUnits(p, choice) {
		return seated{claims: p.Claims}, nil
	}
	u := w.Units[p.Ride.Seating.Pool]
	on, ok := way(p)
	if u == nil || !ok {
		return seated{}, errNoSeats
	}
	var seats []Seat
	var rest []int
	for t := range int(on.Count) {
		label := choice.label(t)
		if label == "" {
			rest = append(rest, t)
			continue
		}
		s, err := u.choose(p.Ride.Seating, on, t, label)
		if err != nil {
			w.short = w.short || fault.Is(err, errSeatUnavailable.Reason) // lapsed holds may still have it
			u.give(seats)
			return seated{}, err
		}
		seats = append(seats, s)
	}
	if p.Ride.Seating.AtHold {
		var wish stock.Wish
		if choice != nil {
			wish = choice.Wish
		}
		others, ok := u.fit(on, rest, wish)
		if !ok {
			u.give(seats)
			w.short = true // lapsed holds may still have one
			return seated{}, errNoSingleSeat
		}
		seats = append(seats, others...)
	}
	slices.SortStableFunc(seats, func(a, b Seat) int { return a.Traveller - b.Traveller })
	got := seated{claims: withSeats(p, on, seats), seats: seats}
	for _, s := range seats {
		got.fee += s.Fee
		w.changed(u, s.Unit)
	}
	return got, nil
}

// errNoSeats is the answer to who wants a seat where none is given out.
var errNoSeats = fault.New(fault.Conflict, "no_seats", "This ride has no seats of its own to choose from.")

// withSeats are the claims of a piece when its travellers have these seats: one for each seat in the pool of the seats, in
// place of those that were there, and one for all who have none.
func withSeats(p *offer.Piece, on stock.Claim, seats []Seat) []stock.Claim {
	out := make([]stock.Claim, 0, len(p.Claims)+len(seats))
	without := int32(p.Ride.Seats())
	traveller := -1
	for _, c := range p.Claims {
		if c.Pool != on.Pool {
			out = append(out, c)
		}
	}
	for _, s := range seats {
		out = append(out, stock.Claim{Pool: s.Pool, From: s.From, To: s.To, Count: 1, Unit: s.Unit})
		if s.Traveller != traveller {
			traveller = s.Traveller
			without--
		}
	}
	if without > 0 {
		out = append(out, stock.Claim{Pool: on.Pool, From: on.From, To: on.To, Count: without})
	}
	return out
}

// seatAll gives all pieces of a placing their units, or none.
func (w *work) seatAll(p *placing) ([]seated, error) {
	got := make([]seated, len(p.pieces))
	undo := func(n int) {
		for i := range n {
			for _, s := range got[i].seats {
				w.Units[s.Pool].give([]Seat{s})
			}
		}
	}
	var total int64
	for i := range p.pieces {
		var err error
		if got[i], err = w.seat(&p.pieces[i], p.choices[i]); err != nil {
			undo(i)
			return nil, err
		}
		total += p.pieces[i].Price.Total() + got[i].fee
	}
	if err := p.expects(total); err != nil {
		undo(len(got))
		return nil, err
	}
	return got, nil
}

// reseat takes the units of a reservation again whose hold had gone: the same ones, or where somebody has them now, others
// for the whole item. False, and nothing changed, when that cannot be.
func (w *work) reseat(r *Reservation) bool {
	var undo []stock.Claim
	for i := range r.Items {
		it := &r.Items[i]
		if it.Status == Cancelled || len(it.Seats) == 0 {
			continue
		}
		if w.takeUnits(it.Claims) {
			undo = append(undo, it.Claims...)
			continue
		}
		u := w.Units[it.Ride.Seating.Pool]
		on, _ := way(&it.Piece)
		fees := map[int]int64{}
		var travellers []int
		for _, s := range it.Seats {
			if _, seen := fees[s.Traveller]; !seen {
				travellers = append(travellers, s.Traveller)
			}
			fees[s.Traveller] += s.Fee
		}
		seats, ok := u.fit(on, travellers, stock.Wish{Together: true})
		if !ok {
			for _, c := range undo {
				if c.Unit != 0 {
					w.Units[c.Pool].Give(c.Unit, c.From, c.To)
				}
			}
			return false
		}
		for k := range seats {
			if fee, first := fees[seats[k].Traveller]; first {
				seats[k].Fee = fee
				delete(fees, seats[k].Traveller)
			}
			w.changed(u, seats[k].Unit)
		}
		w.setSeats(r, i, on, seats)
		undo = append(undo, it.Claims...)
	}
	return true
}

// setSeats makes seats the ones of an item and has its claims written anew. The units have been taken.
func (w *work) setSeats(r *Reservation, item int, on stock.Claim, seats []Seat) {
	it := &r.Items[item]
	it.Seats = seats
	it.Claims = withSeats(&it.Piece, on, seats)
	life := ClaimFreed
	switch it.Status {
	case Held, Confirming:
		life = ClaimHeld
	case Confirmed, Completed:
		life = ClaimSold
	case Expired, Rejected, Cancelled:
	}
	w.itemClaims[itemKey{r.ID, item}] = ItemClaims{Reservation: r.ID, Item: item, Claims: it.Claims, Life: life}
}

// itemKey names an item of a reservation.
type itemKey struct {
	reservation uid.ID
	item        int
}

// ChangeSeats implements Service.
func (c *Core) ChangeSeats(ctx context.Context, caller Caller, ref, item string, choice SeatChoice, key Idempotency) (Answer, error) {
	r, err := c.Reservation(ctx, caller, ref)
	if err != nil {
		return Answer{}, err
	}
	id, err := uid.Parse("itm", item)
	at := slices.IndexFunc(r.Items, func(it Item) bool { return it.ID == id && caller.owns(r, &it) })
	if err != nil || at < 0 {
		return Answer{}, fault.New(fault.NotFound, "item_not_found", "There is no such item in this reservation.")
	}
	ride := r.Items[at].Ride
	if ride == nil || ride.Seating.Pool == 0 {
		return c.refused(ctx, key, errNoSeats)
	}
	if len(choice.Labels) > ride.Seats() {
		return c.refused(ctx, key, tooManySeats("/seats", len(choice.Labels), ride.Seats()))
	}
	row := &KeyRow{ID: key.ID, Request: key.Request, Reservation: r.ID, State: KeyDone, Answer: OutcomeSeated}
	var first *KeyRow
	var after *Reservation
	err = c.desk.do(ctx, &command{
		name: "change_seats", lane: ride.Seating.Pool, rows: 1, key: key.ID,
		need: func(n *needs) {
			if !key.ID.IsZero() {
				n.key(row)
			}
			n.reservation(r.ID)
			n.units(ride.Seating.Pool)
			n.dueOn(ride.Seating.Pool)
		},
		rule: func(w *work) error {
			after = nil
			var err error
			if first, err = w.claim(key); err != nil || first != nil {
				return err
			}
			r := w.reservation(r.ID)
			if r == nil {
				return errNotFound
			}
			if err := w.lapse(r); err != nil {
				return err
			}
			if err := w.changeSeats(r, at, &choice, caller.actor()); err != nil {
				return err
			}
			facts := factsOf(r)
			row.Facts = facts
			w.take(row)
			after = r.as(facts)
			return nil
		},
	})
	switch {
	case err != nil:
		return Answer{}, err
	case first != nil:
		return c.answer(ctx, first)
	}
	return Answer{Outcome: OutcomeSeated, Reservation: after}, nil
}

func tooManySeats(at string, named, travellers int) *fault.Error {
	return invalid(at, "too_many_seats", "%d seats are named for %d travellers who take a seat.", named, travellers)
}

// changeSeats is the rule: named seats replace those of their travellers, or travellers without one get some.
func (w *work) changeSeats(r *Reservation, item int, choice *SeatChoice, by Actor) error {
	it := &r.Items[item]
	switch {
	case r.Status != Held && r.Status != Confirmed || it.Status != r.Status:
		return fault.New(fault.Conflict, "not_changeable", "This item is %s; its seats cannot be changed.", it.Status)
	case !w.Now.Before(it.Departs()):
		return fault.New(fault.Conflict, "departed", "This ride departed at %s; its seats cannot be changed any more.", it.Departs().Format("15:04Z07:00"))
	}
	u := w.Units[it.Ride.Seating.Pool]
	on, ok := way(&it.Piece)
	if u == nil || !ok {
		return errNoSeats
	}
	had := make([][]Seat, it.Ride.Seats())
	for _, s := range it.Seats {
		had[s.Traveller] = append(had[s.Traveller], s)
	}
	moved := make([]bool, len(had))
	var gone []Seat
	for t := range had {
		label := choice.label(t)
		if choice.named() && label != "" && (len(had[t]) != 1 || had[t][0].Label != label) {
			moved[t] = true
			gone = append(gone, had[t]...)
		}
	}
	u.give(gone) // first, so that two travellers can swap
	var got []Seat
	undo := func(err error) error {
		w.short = fault.Is(err, errSeatUnavailable.Reason) || fault.Is(err, errNoSingleSeat.Reason) // lapsed holds may still have it
		u.give(got)
		for _, s := range gone {
			u.Take(s.Unit, s.From, s.To)
		}
		return err
	}
	var lacking []int
	for t := range had {
		switch {
		case moved[t]:
			s, err := u.choose(it.Ride.Seating, on, t, choice.Labels[t])
			if err != nil {
				return undo(err)
			}
			got = append(got, s)
			paid := int64(0)
			for _, h := range had[t] {
				paid += h.Fee
			}
			if s.Fee > paid {
				return undo(fault.New(fault.Conflict, "seat_costs_more", "Seat %s costs more than the one you have. Choose another, or cancel this item and reserve anew.", s.Label))
			}
			got[len(got)-1].Fee = paid // so that a change back is free too
		case !choice.named() && len(had[t]) == 0:
			lacking = append(lacking, t)
		}
	}
	wish := choice.Wish
	wish.Prices = it.Ride.Seating.Tiers
	others, ok := u.fit(on, lacking, wish)
	if !ok {
		return undo(errNoSingleSeat)
	}
	got = append(got, others...)
	if len(got) == 0 {
		return nil // everybody has a seat already
	}
	seats := slices.Clone(got)
	for t := range had {
		if !moved[t] {
			seats = append(seats, had[t]...)
		}
	}
	slices.SortStableFunc(seats, func(a, b Seat) int { return a.Traveller - b.Traveller })
	for _, s := range slices.Concat(gone, got) {
		w.changed(u, s.Unit)
	}
	unpaid := r.Status == Held
	if unpaid {
		w.hold(r, -1)
	}
	w.setSeats(r, item, on, seats)
	if unpaid {
		w.hold(r, +1)
	}
	labels := make([]string, len(got))
	for i, s := range got {
		labels[i] = s.Label
	}
	return w.transition(r, step{to: r.Status, cause: SeatsChanged, actor: by, items: []int{item}, note: strings.Join(labels, " ")})
}
