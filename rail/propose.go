package rail

import (
	"context"
	"errors"
	"slices"
	"time"

	"holdfast/civil"
	"holdfast/fault"
	"holdfast/offer"
	"holdfast/rail/timetable"
	"holdfast/stock"
)

// proposal seals a journey under a fare. A journey without seats is shown without an offer.
func (s *search) proposal(f *found, x *fareOf) (JourneyProposal, error) {
	j := &f.journey
	p := JourneyProposal{
		Departs: time.Unix(j.Depart(), 0).UTC(), Arrives: time.Unix(j.Arrive(), 0).UTC(), Changes: j.Changes(), Class: s.query.Class,
		Fare: *x.family, Available: f.free, SoldOut: f.soldOut,
	}
	ride := 0
	for i := range j.Legs {
		l := s.net.legOf(&j.Legs[i], s.query.Class)
		if !j.Legs[i].Walk() {
			l.Price = x.prices[ride]
			ride++
		}
		p.Legs = append(p.Legs, l)
	}
	if f.soldOut {
		return p, nil
	}
	return p, s.seal(&p, f, x)
}

// legOf is a leg as it is shown.
func (n *network) legOf(l *timetable.Leg, class Class) JourneyLeg {
	from, to := n.stations[l.FromStation], n.stations[l.ToStation]
	out := JourneyLeg{
		From: from.station, To: to.station, FromZone: from.zone, ToZone: to.zone,
		Departs: time.Unix(l.Depart, 0).UTC(), Arrives: time.Unix(l.Arrive, 0).UTC(),
	}
	out.ScheduledDeparts, out.ScheduledArrives = out.Departs, out.Arrives
	if l.Walk() {
		return out
	}
	g := n.runs[l.Run]
	out.Run, out.Train, out.Date, out.FromCall, out.ToCall = g.run.Key().ID(), g.train, g.run.Date, l.From, l.To
	times := expected(g.train, g.way.pattern, g.run.Date, nil)
	out.ScheduledDeparts, out.ScheduledArrives = times[l.From].ScheduledDeparts.UTC(), times[l.To].ScheduledArrives.UTC()
	out.Available = g.lines[class-1].least(l.From, l.To)
	out.Metres = g.way.along[l.To] - g.way.along[l.From]
	return out
}

// seal makes the offer: one piece for each ride.
func (s *search) seal(p *JourneyProposal, f *found, x *fareOf) error {
	first := s.net.runs[f.journey.Legs[f.rides[0]].Run]
	departs := time.Unix(f.journey.Legs[f.rides[0]].Depart, 0).UTC()
	issued := s.now.UTC().Truncate(time.Second)
	o := offer.Offer{IssuedAt: issued, ExpiresAt: issued.Add(s.core.settings.OfferLife), Audience: s.query.Audience, Currency: first.fares.Currency}
	if o.ExpiresAt.After(departs) {
		o.ExpiresAt = departs
	}
	freeUntil := time.Time{}
	if x.family.FreeUntilHours != neverFree {
		freeUntil = departs.Add(-time.Duration(x.family.FreeUntilHours) * time.Hour)
		if !freeUntil.After(s.now) {
			freeUntil = time.Time{}
		}
	}
	for n, at := range f.rides {
		l := &f.journey.Legs[at]
		g := s.net.runs[l.Run]
		from, to := s.net.stations[l.FromStation], s.net.stations[l.ToStation]
		pool := g.run.Pools[s.query.Class-1]
		piece := offer.Piece{
			Supplier: g.run.Supplier,
			Claims:   []stock.Claim{{Pool: pool, From: stock.Slot(l.From), To: stock.Slot(l.To), Count: s.party.seats()}},
			Price:    offer.Price{Base: x.prices[n]},
			Terms:    offer.Terms{FreeUntil: freeUntil, FeeBP: x.family.FeeBP, EndsAt: time.Unix(l.Arrive, 0).UTC()},
			Ride: &offer.Ride{
				Mode: offer.Train, Run: g.run.Key().ID(), Number: g.train.Number, Date: g.run.Date, From: from.station.Code, To: to.station.Code,
				Departs: time.Unix(l.Depart, 0).UTC(), Arrives: time.Unix(l.Arrive, 0).UTC(),
				DepartOffset: offset(time.Unix(l.Depart, 0), from.zone), ArriveOffset: offset(time.Unix(l.Arrive, 0), to.zone),
				Class: s.query.Class.String(), Fare: x.family.ID, FareVersion: x.family.Version, FareName: x.family.Name,
				Adults: uint8(s.party.adults), Children: uint8(len(s.party.childAges)), Infants: uint8(s.party.infants),
			},
		}
		if g.seated[s.query.Class-1] {
			piece.Ride.Seating = offer.Seating{Pool: pool, AtHold: true}
		}
		o.Pieces = append(o.Pieces, piece)
	}
	sealer := s.core.sealer.Load()
	if sealer == nil {
		return fault.Overloaded(time.Second)
	}
	text, err := sealer.Seal(o)
	if errors.Is(err, offer.ErrTooLarge) {
		return fault.New(fault.Invalid, "offer_too_large", "The journey has too many parts to be sold as one offer. Ask for its parts.")
	}
	if err != nil {
		return fault.Wrap(err, "seal offer")
	}
	p.Sealed, p.Offer = text, o
	return nil
}

// BestOffer implements Service.
func (c *Core) BestOffer(ctx context.Context, r RideRequest) (JourneyProposal, error) {
	if err := ctx.Err(); err != nil {
		return JourneyProposal{}, fault.Wrap(err, "price a ride")
	}
	who, err := partyOf(r.Adults, r.ChildAges, r.Infants, r.Class)
	if err != nil {
		return JourneyProposal{}, err
	}
	s := &search{core: c, party: who, now: c.clock.Now(), query: &JourneyQuery{Class: r.Class, Fare: r.Fare}}
	s.net = c.network.Load() // after the time, see prepare
	from, err := s.net.places.find(r.From, "/from")
	if err != nil {
		return JourneyProposal{}, err
	}
	to, err := s.net.places.find(r.To, "/to")
	if err != nil {
		return JourneyProposal{}, err
	}
	var refusal error
	for _, key := range c.runsOf(r.Number, r.Date) {
		l, g, err := s.ride(key, ids(from), ids(to), &r)
		if err != nil {
			refusal = err
			continue
		}
		f := s.found(timetable.Journey{Legs: []timetable.Leg{*l}})
		if f == nil && r.Fare != "" && g.fares != nil && !slices.ContainsFunc(g.fares.Families, func(x Family) bool { return x.Name == r.Fare }) {
			return JourneyProposal{}, fault.New(fault.Invalid, "fare_unknown", "The railway has no fare %q.", clip(r.Fare))
		}
		if f == nil {
			refusal = fault.New(fault.Invalid, "not_on_sale", "This train is not on sale.")
			continue
		}
		f.soldOut = false // the desk decides
		return s.proposal(f, &f.prices[0])
	}
	if refusal == nil {
		refusal = trainNotFound(r.Number, r.Date)
	}
	return JourneyProposal{}, refusal
}

// runsOf are the runs of a number on a service date.
func (c *Core) runsOf(text string, d civil.Date) (out []RunKey) {
	c.catalogue.mu.RLock()
	defer c.catalogue.mu.RUnlock()
	for _, supplier := range c.catalogue.sortedSuppliers() {
		w := c.catalogue.railways[supplier]
		for _, t := range w.numbers[number(text)] {
			key := RunKey{t.ID, d}
			if r := w.runs[key]; t.Dates.Has(d) && (r == nil || r.State != Withdrawn) || r != nil && r.Conflict {
				out = append(out, key)
			}
		}
	}
	return out
}

// ride finds where a run is boarded and left.
func (s *search) ride(key RunKey, from, to []timetable.StationID, r *RideRequest) (*timetable.Leg, *running, error) {
	g, at := s.net.run(key)
	if g == nil {
		return nil, nil, fault.New(fault.Invalid, "not_on_sale", "Train %s on %s is not on sale yet, or not any more.", clip(r.Number), r.Date)
	}
	if g.run.State == Cancelled {
		return nil, nil, fault.New(fault.Conflict, "train_cancelled", "Train %s on %s is cancelled.", g.train.Number, r.Date)
	}
	calls := s.net.table.Calls(at)
	if calls == nil || g.lines[r.Class-1] == nil {
		return nil, nil, fault.New(fault.Invalid, "not_on_sale", "Train %s on %s is not on sale in this class.", g.train.Number, r.Date)
	}
	departed := false
	for i := range calls {
		if !slices.Contains(from, calls[i].Station) || !calls[i].Board || r.FromCall != nil && *r.FromCall != i {
			continue
		}
		for j := i + 1; j < len(calls) && !calls[j-1].Cut; j++ {
			if !slices.Contains(to, calls[j].Station) || !calls[j].Alight || r.ToCall != nil && *r.ToCall != j {
				continue
			}
			if calls[i].Depart <= s.now.Unix() {
				departed = true
				break
			}
			return &timetable.Leg{
				Run: at, From: i, To: j, FromStation: calls[i].Station, ToStation: calls[j].Station, Depart: calls[i].Depart, Arrive: calls[j].Arrive,
			}, g, nil
		}
	}
	if departed {
		return nil, nil, fault.New(fault.Conflict, "departed", "Train %s has left there already.", g.train.Number)
	}
	return nil, nil, fault.New(fault.Invalid, "no_such_ride", "Train %s does not go from the one to the other on %s.", g.train.Number, r.Date)
}
