package flight

import (
	"cmp"
	"context"
	"errors"
	"math/bits"
	"slices"
	"time"

	"holdfast/fault"
	"holdfast/flight/fare"
	"holdfast/flight/itinerary"
	"holdfast/money"
	"holdfast/offer"
	"holdfast/stock"
)

// bundle is segments that are sold together, in order over all slices.
type bundle struct {
	segments []itinerary.Segment
	picks    []pick
}

// bundle is how some itineraries are sold together; false when they cannot be.
func (s *search) bundle(itineraries ...itinerary.Itinerary) (*bundle, bool) {
	b := &bundle{}
	for _, i := range itineraries {
		for _, g := range i {
			p, ok := s.pick(g)
			if !ok || len(b.picks) > 0 && p.l.tariff.Currency != b.currency() {
				return nil, false
			}
			b.segments, b.picks = append(b.segments, g), append(b.picks, p)
		}
	}
	return b, len(b.segments) <= offer.MaxPieces
}

func (b *bundle) currency() money.Currency { return b.picks[0].l.tariff.Currency }

// families are the fare families of the first segment's supplier; the others' are matched to them.
func (b *bundle) families() []Family { return b.picks[0].l.tariff.Families }

// family is what a segment is sold under when the first one is sold under family n: the one of the same code, else the
// one at the same place.
func (b *bundle) family(segment, n int) *Family {
	t := b.picks[segment].l.tariff
	code := b.families()[n].Code
	if f := t.family(code); f != nil {
		return f
	}
	return &t.Families[min(n, len(t.Families)-1)]
}

// price prices all segments under the n-th family; false when the family is not asked for. Each supplier prices its own.
func (b *bundle) price(s *search, n int) ([]fare.Item, bool) {
	if s.fam != "" && b.families()[n].Code != s.fam {
		return nil, false
	}
	items := make([]fare.Item, len(b.segments))
	done := make([]bool, len(b.segments))
	for i := range b.segments {
		if done[i] {
			continue
		}
		t := b.picks[i].l.tariff
		r := fare.Request{Currency: t.Currency, Party: s.party, Shares: t.Shares, Levies: t.Levies}
		var places []int
		for k := i; k < len(b.segments); k++ {
			if b.picks[k].l.tariff == t {
				places, done[k] = append(places, k), true
				r.Segments = append(r.Segments, fare.Segment{From: b.segments[k].From(), Fare: b.family(k, n).Price(b.picks[k].fare)})
			}
		}
		priced, err := r.Price()
		if err != nil {
			return nil, false // the tariff and the query were checked: a sum beyond all bounds
		}
		for m, k := range places {
			items[k] = priced[m]
		}
	}
	return items, true
}

// propose is a trip with its offers; nil when none can be made of it any more.
func (c *Core) propose(s *search, q *ItineraryQuery, parts []itinerary.Priced) (*Proposal, error) {
	itineraries := make([]itinerary.Itinerary, len(parts))
	for i := range parts {
		itineraries[i] = parts[i].Itinerary
	}
	b, ok := s.bundle(itineraries...)
	if !ok {
		return nil, nil
	}
	out := &Proposal{}
	at := 0
	for _, i := range itineraries {
		slice := ProposalSlice{Departs: time.Unix(i.Departs(), 0).UTC(), Arrives: time.Unix(i.Arrives(), 0).UTC(), Duration: time.Duration(i.Duration()) * time.Second}
		for range i {
			slice.Segments = append(slice.Segments, b.segment(at))
			at++
		}
		out.Slices = append(out.Slices, slice)
	}
	for n := range b.families() {
		option, err := c.option(s, b, n, q.Audience)
		if err != nil {
			return nil, err
		}
		if option != nil && (q.MaxPrice == 0 || option.Total() <= q.MaxPrice) {
			out.Options = append(out.Options, *option)
		}
	}
	if len(out.Options) == 0 {
		return nil, nil
	}
	slices.SortStableFunc(out.Options, func(a, b Option) int { return cmp.Compare(a.Total(), b.Total()) })
	return out, nil
}

func (b *bundle) segment(n int) ProposalSegment {
	g, p := b.segments[n], &b.picks[n]
	return ProposalSegment{
		Departure: p.l.departure, From: g.From(), To: g.To(), Legs: p.l.legs[g.Board:g.Off], Cabin: p.cabin.of.Name, Class: p.cabin.of.Classes[p.class].Code, Free: p.free,
	}
}

// option makes and seals the offer of a bundle under its n-th family; nil when that cannot be sold.
func (c *Core) option(s *search, b *bundle, n int, audience string) (*Option, error) {
	sealer := c.sealer.Load()
	if sealer == nil {
		return nil, fault.Overloaded(time.Second)
	}
	items, ok := b.price(s, n)
	if !ok {
		return nil, nil
	}
	issued := s.now.UTC().Truncate(time.Second)
	out := &Option{Items: items}
	out.Offer = offer.Offer{IssuedAt: issued, ExpiresAt: issued.Add(c.settings.OfferLife.Truncate(time.Second)), Audience: audience, Currency: b.currency()}
	for i := range b.segments {
		f := b.family(i, n)
		out.Families = append(out.Families, f)
		piece := b.piece(s, i, f)
		piece.Price = items[i].Price
		out.Offer.Pieces = append(out.Offer.Pieces, piece)
	}
	// What has left cannot be booked, whatever an offer says.
	if first := out.Offer.Pieces[0].Ride.Departs; first.Before(out.Offer.ExpiresAt) {
		out.Offer.ExpiresAt = first
	}
	sealed, err := sealer.Seal(out.Offer)
	switch {
	case errors.Is(err, offer.ErrTooLarge):
		c.log.Warn("a trip is too large for an offer", "segments", len(b.segments))
		return nil, nil
	case err != nil:
		return nil, fault.Wrap(err, "seal an offer")
	}
	out.Sealed = sealed
	return out, nil
}

// piece is one segment of an offer, without its price.
func (b *bundle) piece(s *search, n int, f *Family) offer.Piece {
	g, p := b.segments[n], &b.picks[n]
	d, cabin := p.l.departure, p.cabin.of
	pools := make([]stock.PoolID, p.class+1)
	for k := range pools {
		class := cabin.Classes[k].Code
		if k == 0 {
			class = ""
		}
		pools[k] = d.pool(cabin.Name, class)
	}
	legs := p.l.legs[g.Board:g.Off]
	first, last := &legs[0], &legs[len(legs)-1]
	terms := f.Terms(first.Departs, last.Arrives)
	if !terms.FreeUntil.After(s.now) { // a time of free cancelling that has gone by never was
		terms.FreeUntil = time.Time{}
	}
	return offer.Piece{
		Supplier: d.Supplier, Claims: fare.Claims(pools, p.class, stock.Slot(g.Board), stock.Slot(g.Off), s.party.Seats()), Terms: terms,
		Ride: &offer.Ride{
			Mode: offer.Flight, Run: d.ID, Number: d.Flight(), Date: localDate(first), From: first.From, To: last.To, Departs: first.Departs, Arrives: last.Arrives,
			DepartOffset: first.DepartOffset, ArriveOffset: last.ArriveOffset, Class: cabin.Name, Booking: cabin.Classes[p.class].Code,
			Fare: f.ID, FareVersion: f.Version, FareName: f.Name, Adults: s.party.Adults, Children: s.party.Children, Infants: s.party.Infants,
			Seating: offer.Seating{Pool: pools[0], Tiers: cabin.tiers(f)},
		},
	}
}

// BestOffer implements Service.
func (c *Core) BestOffer(ctx context.Context, r FlightRequest) (*BestFlight, error) {
	if err := ctx.Err(); err != nil {
		return nil, fault.Wrap(err, "price a flight")
	}
	var v verdicts
	if v.party(r.Party); v.err() != nil {
		return nil, v.err()
	}
	if len(r.Number) > 16 {
		return nil, flightNotFound()
	}
	c.catalogue.mu.RLock()
	defer c.catalogue.mu.RUnlock()
	d, board, off, err := c.named(&r)
	if err != nil {
		return nil, err
	}
	l := c.catalogue.view.listings[d.ID]
	if l == nil {
		return nil, c.whyNot(d)
	}
	s := c.newSearch(r.Party, r.Cabin, r.Family)
	s.class = r.Class
	if r.Family != "" && l.tariff.family(r.Family) == nil {
		return nil, familyNotFound(r.Family)
	}
	g := itinerary.Segment{Departure: l.flight, Board: board, Off: off}
	p, ok := s.pick(g)
	if !ok {
		if p, err = s.anyway(l, g, &r); err != nil {
			return nil, err
		}
	}
	b := &bundle{[]itinerary.Segment{g}, []pick{p}}
	best := &BestFlight{Segment: b.segment(0)}
	for n := range b.families() {
		option, err := c.option(s, b, n, "")
		if err != nil {
			return nil, err
		}
		if option != nil && (best.Option.Sealed == "" || option.Total() < best.Option.Total()) {
			best.Option = *option
		}
	}
	if best.Option.Sealed == "" {
		return nil, notOnSale()
	}
	return best, nil
}

// named is the departure that a plain request means, and its legs [board, off).
func (c *Core) named(r *FlightRequest) (d *Departure, board, off int, err error) {
	for _, id := range c.catalogue.numbers[numberKey{normal(r.Number), r.Date}] {
		x := c.catalogue.departures[id]
		i, j, on := x.span(r.From, r.To)
		if state := x.state(c.clock.Now()); !on || state == Removed || state == Awaited {
			continue
		}
		if d != nil {
			return nil, 0, 0, fault.InvalidField("/from", "flight_ambiguous", "Flight %s flies several times that day; say from where to where.", clip(r.Number))
		}
		d, board, off = x, i, j
	}
	if d == nil {
		return nil, 0, 0, flightNotFound()
	}
	return d, board, off, nil
}

// whyNot says why a departure is not on sale.
func (c *Core) whyNot(d *Departure) error {
	switch d.state(c.clock.Now()) {
	case Departed:
		return fault.New(fault.Conflict, "departed", "The flight has left.")
	case Cancelled, Removed, Awaited:
		return fault.New(fault.Conflict, "flight_cancelled", "The flight does not take place.")
	case Scheduled, Changed:
		return notOnSale()
	default:
		return notOnSale()
	}
}

// anyway is the lowest class for what seems sold out: the desk decides.
func (s *search) anyway(l *listing, g itinerary.Segment, r *FlightRequest) (pick, error) {
	var p pick
	for i := range l.cabins {
		cabin := &l.cabins[i]
		if r.Cabin != "" && cabin.of.Name != r.Cabin {
			continue
		}
		highest := bits.TrailingZeros32(^cabin.gone)
		for k := range cabin.nests {
			code := cabin.of.Classes[k].Code
			if r.Class != "" && r.Class != code || r.Class == "" && k != highest || cabin.gone&(1<<k) != 0 {
				continue // of what is sold out the highest class has the most
			}
			if minor, ok := s.c.fareNow(l.tariff, g.From(), g.To(), code, s.now.Unix()); ok && (p.l == nil || minor < p.fare) {
				p = pick{l: l, cabin: cabin, class: k, fare: minor}
			}
		}
	}
	if p.l == nil && r.Class != "" {
		return p, fault.InvalidField("/class", "class_not_found", "This flight has no booking class %q.", clip(r.Class))
	}
	if p.l == nil {
		return p, fault.New(fault.NotFound, "cabin_not_found", "This flight has no cabin %q.", clip(r.Cabin))
	}
	return p, nil
}
