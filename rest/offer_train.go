package rest

import (
	"context"
	"strings"
	"time"

	"holdfast/offer"
	"holdfast/rail"
	"holdfast/rest/problem"
	"holdfast/rest/wire"
)

var trainSorts = map[string]rail.Sort{
	"": rail.ByDeparture, "departure": rail.ByDeparture, "arrival": rail.ByArrival, "changes": rail.ByChanges, "price": rail.ByPrice, "duration": rail.ByDuration,
}

// manyChanges is more than any search makes.
const manyChanges = 7

// notHere refuses what a server without trains or without flights is asked for.
func notHere(kind string) error {
	return problem.New("not_served", "This server sells no "+kind+".")
}

func (s *server) searchTrains(ctx context.Context, b *wire.OfferRequest) (*offerListOut, error) {
	if s.Rail == nil {
		return nil, notHere("trains")
	}
	var r reader
	q := journeyQuery(&r, b)
	most := onlyPrice(&r, b.Filters)
	if err := r.err(); err != nil {
		return nil, err
	}
	limit := q.Limit
	if most != nil {
		q.Limit = rail.MaxJourneys // what is too dear is left out here
	}
	found, err := s.Rail.Search(ctx, q)
	if err != nil {
		return nil, rebase(err, "/train", trainNames)
	}
	out := &offerListOut{Body: wire.OfferList{Offers: []wire.Offer{}}}
	journeys, last := 0, -1
	for i := range found {
		p := &found[i]
		if p.Sealed == "" || most != nil && (p.Offer.Currency != most.Currency || p.Offer.Total().Minor > most.Minor) {
			continue
		}
		if p.Journey != last {
			if journeys == limit {
				break
			}
			journeys, last = journeys+1, p.Journey
		}
		out.Body.Offers = append(out.Body.Offers, s.showJourney(p, journeys-1))
	}
	return out, nil
}

// trainNames are the API's names for the service's places.
var trainNames = strings.NewReplacer(
	"/departs", "/depart_after", "/arrives", "/arrive_before", "/within", "/window_minutes", "/child_ages", "/travellers/children_ages", "/infants", "/travellers/infants",
).Replace

func journeyQuery(r *reader, b *wire.OfferRequest) rail.JourneyQuery {
	t := b.Train
	q := rail.JourneyQuery{
		From: t.From, To: t.To, Within: time.Duration(t.WindowMinutes) * time.Minute, Class: trainClass(t.Class), MaxChanges: manyChanges, Fare: t.Fare,
		Sort: sortOf(r, trainSorts, b.Sort), Limit: b.Limit,
	}
	if q.Limit == 0 {
		q.Limit = defaultOffers
	}
	if t.MaxChanges != nil {
		q.MaxChanges = *t.MaxChanges
	}
	q.Adults, q.ChildAges, q.Infants = trainParty(t.Travellers)
	given := 0
	for _, set := range []bool{t.Date != "", t.DepartAfter != "", t.ArriveBefore != ""} {
		if set {
			given++
		}
	}
	switch {
	case given == 0:
		r.at("/train", "required", "Give one of date, depart_after and arrive_before.")
		return q
	case given > 1:
		r.at("/train", "not_together", "Give only one of date, depart_after and arrive_before.")
		return q
	case t.Date != "" && t.WindowMinutes != 0:
		r.at("/train/window_minutes", "not_together", "A date is the whole day; give a window with depart_after or arrive_before.")
	}
	if t.Date != "" {
		q.Date = r.date("/train/date", t.Date)
	}
	q.Departs, q.Arrives = r.instant("/train/depart_after", t.DepartAfter), r.instant("/train/arrive_before", t.ArriveBefore)
	return q
}

// trainClass is the class of a word that the schema has accepted; the second without one.
func trainClass(word string) rail.Class {
	if c, ok := rail.ParseClass(word); ok {
		return c
	}
	return rail.Second
}

func trainParty(p *wire.TrainParty) (adults int, children []int, infants int) {
	if p == nil {
		return 1, nil, 0
	}
	return p.Adults, p.ChildrenAges, p.Infants
}

// showJourney shows a journey under a fare.
func (s *server) showJourney(p *rail.JourneyProposal, number int) wire.Offer {
	c := p.Offer.Currency
	first, last := &p.Legs[0], &p.Legs[len(p.Legs)-1]
	minutes, changes, left := minutesOf(p.Arrives.Sub(p.Departs)), p.Changes, p.Available
	out := wire.Offer{
		ID: p.Sealed, Kind: "train", Journey: &number, From: stationPlace(first.From, first.FromZone), To: stationPlace(last.To, last.ToZone),
		Departs: zoned(p.Departs, first.FromZone), Arrives: zoned(p.Arrives, last.ToZone), Minutes: &minutes, Changes: &changes, Class: p.Class.String(),
		Legs: make([]wire.TrainLeg, len(p.Legs)), Fare: &wire.OfferFare{ID: p.Fare.ID.Text(fareID), Name: p.Fare.Name}, SeatsLeft: &left,
		Price: tripPrice(&p.Offer), Conditions: tripConditions(&p.Offer), ExpiresAt: instant(p.Offer.ExpiresAt),
	}
	ride := 0
	for i := range p.Legs {
		out.Legs[i] = trainLeg(&p.Legs[i])
		if p.Legs[i].Train == nil {
			continue
		}
		leg, n := &out.Legs[i], ride
		leg.Ride = &n
		if ride < len(p.Offer.Pieces) {
			piece := &p.Offer.Pieces[ride]
			price, terms := wire.Minor(piece.Price.Total(), c), rideTerms(piece.Terms)
			leg.Price, leg.Terms = &price, &terms
		}
		ride++
	}
	return out
}

func trainLeg(l *rail.JourneyLeg) wire.TrainLeg {
	out := wire.TrainLeg{
		Kind: "walk", From: *stationPlace(l.From, l.FromZone), To: *stationPlace(l.To, l.ToZone),
		Departs: zoned(l.Departs, l.FromZone), Arrives: zoned(l.Arrives, l.ToZone), Minutes: minutesOf(l.Arrives.Sub(l.Departs)),
	}
	t := l.Train
	if t == nil {
		return out
	}
	from, to, left := l.FromCall, l.ToCall, l.Available
	out.Kind, out.RunID, out.Date = "ride", l.Run.Text(runID), l.Date.String()
	out.Number, out.Name, out.Category, out.Carrier, out.Line = t.Number, t.Name, t.Category, t.Carrier, t.Line
	out.FromCall, out.ToCall, out.SeatsLeft = &from, &to, &left
	if !l.ScheduledDeparts.Equal(l.Departs) {
		out.ScheduledDeparts = zoned(l.ScheduledDeparts, l.FromZone)
	}
	if !l.ScheduledArrives.Equal(l.Arrives) {
		out.ScheduledArrives = zoned(l.ScheduledArrives, l.ToZone)
	}
	return out
}

// stationPlace shows a station.
func stationPlace(st *rail.Station, zone string) *wire.RidePlace {
	return &wire.RidePlace{Code: st.Code, Name: st.Name, TimeZone: zone}
}

func minutesOf(d time.Duration) int { return int(d / time.Minute) }

// tripPrice adds up the prices of all rides.
func tripPrice(o *offer.Offer) wire.OfferPrice {
	out := wire.OfferPrice{Total: wire.MoneyOf(o.Total())}
	var base int64
	var parts []offer.Part
	for i := range o.Pieces {
		base += o.Pieces[i].Price.Base
		parts = addParts(parts, o.Pieces[i].Price.Parts)
	}
	out.Base = wire.Minor(base, o.Currency)
	out.Taxes, out.Fees = taxesAndFees(parts, o.Currency)
	return out
}

// addParts adds parts to those of the same kind.
func addParts(sum, more []offer.Part) []offer.Part {
next:
	for _, p := range more {
		for i := range sum {
			if s := &sum[i]; s.Kind == p.Kind && s.Code == p.Code && s.Included == p.Included {
				s.Minor += p.Minor
				continue next
			}
		}
		sum = append(sum, p)
	}
	return sum
}

// tripConditions are the strictest of all rides.
func tripConditions(o *offer.Offer) wire.Conditions {
	free, fee := o.Pieces[0].Terms.FreeUntil, int32(0)
	for i := range o.Pieces {
		t := &o.Pieces[i].Terms
		if t.FreeUntil.Before(free) {
			free = t.FreeUntil
		}
		fee = max(fee, t.FeeBP)
	}
	return wire.Conditions{FreeCancellationUntil: moment(free), CancellationFeePercent: percent(fee)}
}

func rideTerms(t offer.Terms) wire.RideTerms {
	return wire.RideTerms{FreeCancellationUntil: moment(t.FreeUntil), CancellationFeePercent: percent(t.FeeBP)}
}
