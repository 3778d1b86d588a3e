package resttest

import (
	"context"
	"slices"
	"strconv"

	"holdfast/fault"
	"holdfast/offer"
	"holdfast/reservation"
	"holdfast/stock"
	"holdfast/uid"
)

// plane is a cabin of rows with six seats; choosing one costs nothing in the back.
func plane() *stock.Layout {
	l := &stock.Layout{}
	for row := 10; row < 20; row++ {
		for i, letter := range "ABCDEF" {
			u := stock.Unit{Label: strconv.Itoa(row) + string(letter), Row: uint16(row)}
			switch i {
			case 0, 5:
				u.Traits = stock.Window
			case 2, 3:
				u.Traits = stock.Aisle
			}
			if row < 12 {
				u.Tier, u.Traits = 1, u.Traits|stock.Legroom
			}
			l.Units = append(l.Units, u)
		}
	}
	return l
}

// coaches are two coaches of a train, of which the first is quiet.
func coaches() *stock.Layout {
	l := &stock.Layout{}
	for _, coach := range []uint16{7, 8} {
		for row := 1; row <= 5; row++ {
			for place := 1; place <= 4; place++ {
				u := stock.Unit{Label: strconv.Itoa(int(coach)) + "-" + strconv.Itoa(10*row+place), Group: coach, Row: uint16(row), Traits: stock.Aisle}
				if place == 1 || place == 4 {
					u.Traits = stock.Window
				}
				if coach == 7 {
					u.Traits |= stock.Quiet
				}
				l.Units = append(l.Units, u)
			}
		}
	}
	return l
}

// units makes the seats of a pool.
func units(l *stock.Layout, slots int) *stock.Units {
	u := &stock.Units{Layout: l, Slots: slots}
	for i := range l.Blocks() {
		u.Blocks = append(u.Blocks, stock.NewBlock(l, slots, i))
	}
	return u
}

// choiceOf is what was said about the seats of a piece of an offer.
func choiceOf(all []reservation.SeatChoice, o, piece int) reservation.SeatChoice {
	for _, c := range all {
		if c.Offer == o && c.Piece == piece {
			return c
		}
	}
	return reservation.SeatChoice{}
}

func (w *World) giveSeats(seats []reservation.Seat) {
	for _, s := range seats {
		w.seats[s.Pool].Give(s.Unit, s.From, s.To)
	}
}

// seat makes an item of a piece, with its seats where there are any.
func (w *World) seat(p offer.Piece, c reservation.SeatChoice) (reservation.Item, error) {
	it := reservation.Item{ID: uid.New(), Status: reservation.Held, Piece: p}
	switch {
	case p.Ride == nil && len(c.Labels) > 0:
		return it, fault.InvalidField("/items/0/seats", "seats_unplaced", "There is no ride.")
	case p.Ride == nil:
		return it, nil
	}
	fee := int64(0)
	for t := range p.Ride.Seats() {
		label := ""
		if t < len(c.Labels) {
			label = c.Labels[t]
		}
		if label == "" && !p.Ride.Seating.AtHold {
			continue
		}
		s, err := w.oneSeat(&it, t, label, c.Wish)
		if err != nil {
			w.giveSeats(it.Seats)
			return it, err
		}
		fee += s.Fee
		it.Seats = append(it.Seats, s)
	}
	if fee > 0 {
		it.Price.Parts = append(slices.Clone(it.Price.Parts), offer.Part{Kind: offer.Fee, Code: "seat", Minor: fee})
	}
	it.Placed = slices.Clone(it.Seats)
	return it, nil
}

// oneSeat takes the seat of a label, or one that fits.
func (w *World) oneSeat(it *reservation.Item, traveller int, label string, wish stock.Wish) (reservation.Seat, error) {
	on, u := it.Claims[0], w.seats[it.Ride.Seating.Pool]
	s := reservation.Seat{Traveller: traveller, Pool: it.Ride.Seating.Pool, From: on.From, To: on.To, Label: label}
	if label == "" {
		got, ok := u.Fit(1, on.From, on.To, wish)
		if !ok {
			return s, fault.New(fault.Conflict, "no_single_seat", "No seat is free all the way.")
		}
		s.Unit = got[0][0].Unit
		s.Label = u.Layout.Unit(s.Unit).Label
		return s, nil
	}
	if s.Unit = u.Layout.Number(label); s.Unit == 0 {
		return s, fault.New(fault.Invalid, "seat_unknown", "There is no such seat.")
	}
	fee, sold := it.Ride.Seating.Price(u.Layout.Unit(s.Unit).Tier)
	if !sold || !u.Take(s.Unit, on.From, on.To) {
		return s, fault.New(fault.Conflict, "seat_unavailable", "The seat is taken.")
	}
	s.Fee = fee
	return s, nil
}

func (d desk) ChangeSeats(_ context.Context, c reservation.Caller, ref, item string, choice reservation.SeatChoice, key reservation.Idempotency) (reservation.Answer, error) {
	w := d.w
	w.mu.Lock()
	defer w.mu.Unlock()
	if a, ok, err := w.replay(key); ok || err != nil {
		return a, err
	}
	r, err := w.find(c, ref)
	if err != nil {
		return reservation.Answer{}, err
	}
	at := slices.IndexFunc(r.Items, func(it reservation.Item) bool { return it.ID.Text("itm") == item })
	switch {
	case at < 0:
		return reservation.Answer{}, fault.New(fault.NotFound, "item_not_found", "There is no such item.")
	case r.Items[at].Ride == nil:
		return reservation.Answer{}, fault.New(fault.Conflict, "no_seats", "A stay has no seats.")
	case r.Status != reservation.Held && r.Status != reservation.Confirmed:
		return reservation.Answer{}, fault.New(fault.Conflict, "not_changeable", "It is %s.", r.Status)
	case !w.Clock.Now().Before(r.Items[at].Departs()):
		return reservation.Answer{}, fault.New(fault.Conflict, "departed", "It has departed.")
	case len(choice.Labels) > r.Items[at].Ride.Seats():
		return reservation.Answer{}, fault.InvalidField("/seats", "too_many_seats", "There are fewer travellers.")
	}
	it := &r.Items[at]
	seats := make([]*reservation.Seat, it.Ride.Seats())
	for i := range it.Seats {
		seats[it.Seats[i].Traveller] = &it.Seats[i]
	}
	for t := range seats {
		label := ""
		if t < len(choice.Labels) {
			label = choice.Labels[t]
		}
		if label == "" && (len(choice.Labels) > 0 || seats[t] != nil) {
			continue
		}
		s, err := w.oneSeat(it, t, label, choice.Wish)
		if err != nil {
			return reservation.Answer{}, err
		}
		paid := int64(0)
		if seats[t] != nil {
			paid = seats[t].Fee
		}
		if s.Fee > paid {
			w.giveSeats([]reservation.Seat{s})
			return reservation.Answer{}, fault.New(fault.Conflict, "seat_costs_more", "It costs more.")
		}
		if seats[t] != nil {
			w.giveSeats([]reservation.Seat{*seats[t]})
		}
		seats[t] = &s
	}
	var now []reservation.Seat
	for _, s := range seats {
		if s != nil {
			now = append(now, *s)
		}
	}
	it.Seats = now
	w.step(r, r.Status, r.Payment, reservation.SeatsChanged, actor(c))
	return w.keep(key, reservation.Answer{Outcome: reservation.OutcomeSeated, Reservation: r}), nil
}

// Disrupt tells a reservation of a change to its first item.
func (w *World) Disrupt(id uid.ID, n reservation.Notice) {
	w.mu.Lock()
	defer w.mu.Unlock()
	r := w.reserved[id]
	r.Items[0].Notice = &n
	w.step(r, r.Status, r.Payment, reservation.SupplierChanged, reservation.Actor{Kind: reservation.StaffActor, ID: "staff-1"})
}
