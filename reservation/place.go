package reservation

import (
	"context"
	"crypto/sha256"
	"errors"
	"slices"
	"strconv"

	"holdfast/fault"
	"holdfast/offer"
	"holdfast/stock"
	"holdfast/uid"
)

// MaxTravellers bounds the travellers of a reservation.
const MaxTravellers = 100

// placing is a Place request made ready for the desk: everything that needs no stock has been checked.
type placing struct {
	PlaceRequest
	id       uid.ID
	pieces   []offer.Piece
	issued   []offer.Offer // the offer each piece came from
	choices  []*SeatChoice // what seats each piece should get; nil where nothing is said
	first    []int         // of each offer, where its pieces begin
	total    int64         // without chosen seats
	demands  []stock.Demand
	units    []poolUnits
	currency string
}

// Place implements Service.
func (c *Core) Place(ctx context.Context, req PlaceRequest) (Answer, error) {
	if req.Refusal != nil {
		return c.refused(ctx, req.Key, req.Refusal)
	}
	p, err := c.prepare(req)
	if err != nil {
		return c.refused(ctx, req.Key, err)
	}
	v := c.early.ask(p.demands)
	for ; v.wait != nil; v = c.early.ask(p.demands) {
		select {
		case <-v.wait:
		case <-ctx.Done():
			return Answer{}, fault.Overloaded(retryOverload).Because(ctx.Err())
		}
	}
	if v.refuse && !c.desk.flying.has(req.Key.ID) {
		c.meter.early.Inc()
		return c.refused(ctx, req.Key, errSoldOut)
	}
	if v.probe != nil {
		defer c.early.probed(v)
	}
	var placed *Reservation
	var first *KeyRow
	cmd := c.placeCommand(p, &placed, &first)
	if err := c.desk.do(ctx, cmd); err != nil {
		return Answer{}, err
	}
	if first != nil {
		return c.answer(ctx, first)
	}
	return Answer{Outcome: OutcomePlaced, Reservation: placed}, nil
}

// prepare opens the offers and checks what needs no stock.
func (c *Core) prepare(req PlaceRequest) (*placing, error) {
	p := &placing{PlaceRequest: req, id: uid.New()}
	if req.Name != "" {
		p.id = namedID(req.Caller.Subject, req.Name)
	}
	if len(req.Offers) == 0 {
		return nil, invalid("/items", "items_missing", "Name at least one item to reserve.")
	}
	if len(req.Travellers) == 0 || len(req.Travellers) > MaxTravellers {
		return nil, invalid("/travellers", "travellers_missing", "Name between 1 and %d travellers.", MaxTravellers)
	}
	var total int64
	for i, text := range req.Offers {
		at := "/items/" + strconv.Itoa(i) + "/offer"
		o, err := c.sealer.Open(text)
		switch {
		case errors.Is(err, offer.ErrNotOffer):
			return nil, invalid(at, "offer_invalid", "This is not an offer of this system, or it was changed. Search again.")
		case err != nil:
			return nil, fault.Wrap(err, "open offer")
		case o.Audience != "" && o.Audience != req.Caller.Subject:
			return nil, fault.New(fault.Conflict, "offer_not_yours", "This offer was made to somebody else. Search again to get your own.")
		case p.currency != "" && p.currency != string(o.Currency):
			return nil, invalid(at, "currency_mismatch", "All items of one reservation must be in one currency; this offer is in %s, an earlier one in %s.", o.Currency, p.currency)
		}
		p.currency = string(o.Currency)
		total += o.Total().Minor
		for range o.Pieces {
			p.issued = append(p.issued, o)
		}
		p.first = append(p.first, len(p.pieces))
		p.pieces = append(p.pieces, o.Pieces...)
	}
	caps := c.capsOf(p.pieces[0].Supplier)
	if len(p.pieces) > caps.ItemsPerReservation {
		return nil, invalid("/items", "too_many_items", "A reservation has at most %d items.", caps.ItemsPerReservation)
	}
	var claims []stock.Claim
	for i := range p.pieces {
		for _, cl := range p.pieces[i].Claims {
			if int(cl.Count) > c.capsOf(p.pieces[i].Supplier).UnitsPerItem {
				return nil, invalid("/items/"+strconv.Itoa(i), "too_many_units", "One item takes at most %d units.", c.capsOf(p.pieces[i].Supplier).UnitsPerItem)
			}
		}
		for _, cl := range p.pieces[i].Claims {
			p.units = addUnits(p.units, cl)
		}
		claims = append(claims, p.pieces[i].Claims...)
	}
	var err error
	if p.demands, err = stock.Demands(claims); err != nil {
		return nil, invalid("/items", "offer_invalid", "An item asks for nothing that can be reserved.")
	}
	p.total = total
	if err := p.choose(); err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(p.choices, (*SeatChoice).named) { // else the desk knows what the seats cost
		if err := p.expects(total); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// choose gives each piece what was said about its seats.
func (p *placing) choose() error {
	p.choices = make([]*SeatChoice, len(p.pieces))
	for i := range p.Seats {
		c := &p.Seats[i]
		at := "/items/" + strconv.Itoa(c.Offer) + "/seats"
		if c.Offer < 0 || c.Offer >= len(p.first) || c.Piece < 0 {
			return invalid(at, "seats_unplaced", "Seats are asked for where there is no ride.")
		}
		n := p.first[c.Offer] + c.Piece
		if n >= len(p.pieces) || c.Offer+1 < len(p.first) && n >= p.first[c.Offer+1] || p.pieces[n].Ride == nil || p.choices[n] != nil {
			return invalid(at, "seats_unplaced", "Seats are asked for where there is no ride, or twice for one.")
		}
		if ride := p.pieces[n].Ride; len(c.Labels) > ride.Seats() {
			return tooManySeats(at, len(c.Labels), ride.Seats())
		} else if c.named() && ride.Seating.Pool == 0 {
			return errNoSeats
		}
		p.choices[n] = c
	}
	return nil
}

// sold numbers the rides of an offer that has several.
func (p *placing) sold(piece int) int16 {
	n, at := 0, 0
	for i, first := range p.first {
		if first <= piece {
			at = i
		}
	}
	end := len(p.pieces)
	if at+1 < len(p.first) {
		end = p.first[at+1]
	}
	for i := p.first[at]; i < end; i++ {
		if p.pieces[i].Ride != nil {
			n++
		}
	}
	if n < 2 || p.pieces[piece].Ride == nil {
		return 0
	}
	return int16(at + 1)
}

// expects refuses a total that is not the one the caller expects.
func (p *placing) expects(total int64) error {
	e := p.Expected
	if e == nil || e.Minor == total && string(e.Currency) == p.currency {
		return nil
	}
	got := p.issued[0].Total()
	got.Minor = total
	return fault.New(fault.Conflict, "price_changed", "The total is %s now, not %s. Nothing was reserved; ask again with the new total to accept it.", got, *e).
		With("total", got.Decimal()).With("currency", p.currency)
}

// namedID is the id behind a name a caller chose: in a namespace of its own per caller, so that a name of somebody
// else can neither collide nor be probed.
func namedID(caller, name string) uid.ID {
	h := sha256.New()
	h.Write([]byte("reservation name\x00" + strconv.Itoa(len(caller)) + "\x00" + caller + name))
	var id uid.ID
	copy(id[:], h.Sum(nil))
	return id
}

// capsOf are the caps a supplier has set, else the general ones.
func (c *Core) capsOf(supplier uid.ID) Caps { return c.settings.capsOf(supplier) }

func (s *Settings) capsOf(supplier uid.ID) Caps {
	if caps, ok := s.SupplierCaps[supplier]; ok {
		return caps
	}
	return s.Caps
}

// placeCommand holds everything or nothing.
func (c *Core) placeCommand(p *placing, placed **Reservation, first **KeyRow) *command {
	key := &KeyRow{ID: p.Key.ID, Request: p.Key.Request, Reservation: p.id, State: KeyDone, Answer: OutcomePlaced}
	return &command{
		name: "place", lane: p.demands[0].Key.Pool, rows: len(p.demands), key: p.Key.ID,
		need: func(n *needs) {
			if !key.ID.IsZero() {
				n.key(key)
			}
			if p.Name != "" {
				n.reservation(p.id)
			}
			for i := range p.pieces {
				n.claims(p.pieces[i].Claims)
				if wantsUnits(&p.pieces[i], p.choices[i]) {
					n.units(p.pieces[i].Ride.Seating.Pool)
				}
			}
			for _, u := range p.units {
				n.count(CountKey{p.Caller.Subject, u.pool})
			}
		},
		rule: func(w *work) error {
			*placed, *first = nil, nil
			row, err := w.claim(p.Key)
			if err != nil || row != nil {
				*first = row
				return err
			}
			if err := c.placeable(w, p); err != nil {
				return err
			}
			seats, err := w.seatAll(p)
			if err != nil {
				return err
			}
			r := p.reservation(w, c.settings, c.locators.next(), seats)
			if err := w.transition(r, step{to: Held, cause: Placed, actor: p.Caller.actor()}); err != nil {
				return err
			}
			if p.Name != "" {
				w.Reservations[r.ID] = r
			}
			w.take(key)
			*placed = r.as(placedFacts(r))
			return nil
		},
	}
}

// placeable says why a placing must be refused now.
func (c *Core) placeable(w *work, p *placing) error {
	if p.Name != "" && w.reservation(p.id) != nil {
		return fault.New(fault.Conflict, "reservation_exists", "You already have a reservation with the id %s. Read it, or choose another id.", p.Name)
	}
	for i, o := range p.issued {
		switch {
		case !w.Now.Before(o.ExpiresAt):
			return fault.New(fault.Gone, "offer_expired", "This offer ended at %s. Search again for a current one.", o.ExpiresAt.Format("15:04:05Z07:00"))
		case c.revoked.has(o.IssuedAt, p.pieces[i].Supplier, p.pieces[i].Conditions()):
			return fault.New(fault.Gone, "offer_revoked", "The supplier has withdrawn this offer. Search again for a current one.")
		case c.outdated.changed(&p.pieces[i], o.IssuedAt):
			return errOfferOutdated
		}
	}
	if f := w.lacks(p.demands); f != nil {
		return f
	}
	for i := range p.pieces {
		caps := c.capsOf(p.pieces[i].Supplier)
		for _, u := range p.units {
			if p.claims(i, u.pool) {
				if err := caps.admit(w, CountKey{p.Caller.Subject, u.pool}, u.units); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// claims reports whether a piece claims from a pool.
func (p *placing) claims(piece int, pool stock.PoolID) bool {
	return slices.ContainsFunc(p.pieces[piece].Claims, func(c stock.Claim) bool { return c.Pool == pool })
}

// admit applies the caps on what one caller holds unpaid in one pool.
func (caps Caps) admit(w *work, key CountKey, units int32) error {
	row := w.Counts[key]
	if row == nil {
		row = &CountRow{Key: key}
	}
	lapsed := row.Lapsed
	if !w.Now.Before(row.LapsedAt.Add(caps.LapseWindow)) {
		lapsed = 0
	}
	switch {
	case int(row.Holds) >= caps.HoldsPerPool:
		return fault.New(fault.Conflict, "hold_limit", "You already hold %d unpaid reservations here. Pay or cancel one first.", row.Holds)
	case int(row.Units+units) > caps.UnitsPerPool:
		return fault.New(fault.Conflict, "hold_limit", "You would hold %d unpaid units here; at most %d are allowed. Pay or cancel some first.", row.Units+units, caps.UnitsPerPool)
	case int(lapsed) >= caps.LapsesPerPool:
		return fault.New(fault.Conflict, "hold_limit", "%d of your reservations here ran out unpaid. Try again later.", lapsed).
			RetryIn(row.LapsedAt.Add(caps.LapseWindow).Sub(w.Now))
	}
	return nil
}

// reservation is the new, held reservation.
func (p *placing) reservation(w *work, s Settings, locator string, seats []seated) *Reservation {
	until := w.Now.Add(s.Hold)
	r := &Reservation{
		ID: p.id, Name: p.Name, Locator: locator, Caller: p.Caller.Subject, Payment: Unpaid, Currency: p.issued[0].Currency,
		CreatedAt: w.Now, UpdatedAt: w.Now, HoldExpiresAt: until, PlacedUntil: until, Travellers: p.Travellers, Items: make([]Item, len(p.pieces)),
	}
	for i, piece := range p.pieces {
		got := seats[i]
		piece.Claims = got.claims
		if got.fee > 0 {
			piece.Price.Parts = append(slices.Clone(piece.Price.Parts), offer.Part{Kind: offer.Fee, Code: "seat", Minor: got.fee})
		}
		r.Items[i] = Item{ID: uid.New(), Status: Held, Piece: piece, Seats: got.seats, Placed: got.seats, Sold: p.sold(i)}
	}
	return r
}
