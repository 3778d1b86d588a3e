package rail

import (
	"cmp"
	"context"
	"math"
	"slices"
	"time"

	"holdfast/civil"
	"holdfast/fault"
	"holdfast/rail/timetable"
	"holdfast/uid"
)

// Bounds of a search.
const (
	MaxJourneys   = 100
	MaxTravellers = 9
	maxWindow     = 48 * time.Hour
	wholeDay      = 24 * time.Hour
	maxLevels     = 4 // price levels that are searched apart
	oneDay        = 24 * 3600
)

// search is one search while it runs.
type search struct {
	core  *Core
	net   *network
	query *JourneyQuery
	party party
	now   time.Time

	from, to []timetable.StationID
	window   timetable.Query
}

// Search implements Service. It searches for journeys that no other beats in departure, arrival and changes, once among
// all trains and once more among those of each cheaper tariff, and leaves those that another beats in all of these and in
// price. Seats are looked at while it searches: a train without enough of them is passed by.
func (c *Core) Search(ctx context.Context, q JourneyQuery) ([]JourneyProposal, error) {
	if err := ctx.Err(); err != nil {
		return nil, fault.Wrap(err, "search journeys")
	}
	s, err := c.prepare(&q)
	if err != nil {
		return nil, err
	}
	found := s.levels(s.party.seats())
	if q.SoldOut {
		found = s.merge(found, s.levels(0))
	}
	return s.propose(found)
}

// prepare checks a query and says what the timetable is asked.
func (c *Core) prepare(q *JourneyQuery) (*search, error) {
	s := &search{core: c, query: q, now: c.clock.Now()} // the time first: an offer is never younger than what it is made of
	s.net = c.network.Load()
	var err error
	if s.party, err = partyOf(q.Adults, q.ChildAges, q.Infants, q.Class); err != nil {
		return nil, err
	}
	var v verdicts
	v.check(q.Limit >= 1 && q.Limit <= MaxJourneys, "/limit", "limit_out_of_range", "limit is 1 to %d.", MaxJourneys)
	v.check(q.Sort >= ByDeparture && q.Sort <= ByDuration, "/sort", "sort_unknown", "Journeys are sorted by departure, arrival, changes, price or duration.")
	v.check(q.MaxChanges >= 0, "/max_changes", "out_of_range", "The most changes are 0 or more.")
	v.check(q.Within >= 0 && q.Within <= maxWindow, "/within", "out_of_range", "The window is at most %v.", maxWindow)
	ways := 0
	for _, given := range []bool{q.Date != 0, !q.Departs.IsZero(), !q.Arrives.IsZero()} {
		if given {
			ways++
		}
	}
	v.check(ways == 1, "/date", "one_of", "Say when: a date, or an instant to depart at, or one to arrive by.")
	if err := v.err(); err != nil {
		return nil, err
	}
	from, err := s.net.places.find(q.From, "/from")
	if err != nil {
		return nil, err
	}
	to, err := s.net.places.find(q.To, "/to")
	if err != nil {
		return nil, err
	}
	s.from, s.to = ids(from), ids(to)
	if slices.ContainsFunc(s.from, func(id timetable.StationID) bool { return slices.Contains(s.to, id) }) {
		return nil, fault.InvalidField("/to", "same_place", "The journey ends where it begins.")
	}
	if err := s.when(from[0]); err != nil {
		return nil, err
	}
	return s, nil
}

// when sets the window. What has left already is never searched.
func (s *search) when(begin *stop) error {
	q, within := s.query, s.query.Within
	if within == 0 {
		within = wholeDay
	}
	last := civil.Today(s.now, zone(begin.zone)).Add(s.core.settings.Horizon)
	switch {
	case !q.Arrives.IsZero():
		if !q.Arrives.After(s.now) {
			return fault.InvalidField("/arrives", "in_past", "The journey would have to be over by now.")
		}
		s.window = timetable.Query{ArriveBy: q.Arrives.Unix(), Within: int64(within / time.Second)}
	default:
		begins, ends := q.Departs, q.Departs.Add(within)
		if q.Date != 0 {
			begins, ends = q.Date.In(zone(begin.zone), 0, 0), q.Date.Add(1).In(zone(begin.zone), 0, 0).Add(-time.Second)
			if q.Date >= last {
				return fault.InvalidField("/date", "beyond_horizon", "Trains are on sale up to %s.", last.Add(-1))
			}
		}
		if !ends.After(s.now) {
			return fault.InvalidField("/date", "in_past", "The journey would begin in the past.")
		}
		if begins.Before(s.now) {
			begins = s.now.Add(time.Second)
		}
		s.window = timetable.Query{Depart: begins.Unix(), Within: max(ends.Unix()-begins.Unix(), 1)}
	}
	s.window.From, s.window.To, s.window.MaxChanges = s.from, s.to, min(q.MaxChanges, timetable.MostChanges)
	return nil
}

func ids(stops []*stop) []timetable.StationID {
	out := make([]timetable.StationID, len(stops))
	for i, s := range stops {
		out[i] = s.id
	}
	return out
}

// partyOf checks who travels.
func partyOf(adults int, ages []int, infants int, class Class) (party, error) {
	var v verdicts
	v.check(adults >= 0 && adults+len(ages) >= 1 && adults+len(ages) <= MaxTravellers, "/travellers", "out_of_range", "1 to %d travellers with a seat can be booked at once.", MaxTravellers)
	v.check(adults >= 1, "/adults", "adult_missing", "Children do not travel alone: there is at least one adult.")
	v.check(infants >= 0 && infants <= adults, "/infants", "out_of_range", "An infant travels on the lap of an adult: there is one for each.")
	for i, age := range ages {
		v.check(age >= 0 && age <= MaxChildAge, index("/child_ages", i), "child_age_out_of_range", "A child is 0 to %d years old.", MaxChildAge)
	}
	v.check(class == First || class == Second, "/class", "unknown", "A class is first or second.")
	return party{adults: adults, childAges: ages, infants: infants}, v.err()
}

// passBy has the timetable pass by trains that sell nothing of the class or cost more by distance than most (-1: any
// price), and rides with fewer free seats than are wanted. Most trains are free or out of the question as a whole, which
// is soon said; only of the others each ride is looked at.
func (s *search) passBy(q *timetable.Query, seats int32, most int64) {
	class := s.query.Class - 1
	q.Whole = func(run int32) timetable.Extent {
		g := s.net.runs[run]
		if g.lines[class] == nil || most >= 0 && g.rates[class] > most {
			return timetable.All
		}
		least, best := g.lines[class].extent()
		switch {
		case least >= seats:
			return timetable.None
		case best < seats:
			return timetable.All
		default:
			return timetable.Some
		}
	}
	q.Skip = func(run int32, from, to int) bool {
		g := s.net.runs[run]
		return g.lines[class] == nil || most >= 0 && g.rates[class] > most || g.lines[class].least(from, to) < seats
	}
}

// found is a journey with what was made of it.
type found struct {
	journey  timetable.Journey
	legs     []leg // rides alone
	rides    []int // places of those in journey.Legs
	prices   []fareOf
	soldOut  bool
	free     int32
	cheapest int64
}

// fareOf is a journey under a family.
type fareOf struct {
	family *Family
	prices []int64 // by ride
	total  int64
}

// levels searches among all trains, then among those of cheaper tariffs alone, where that finds others. Journeys of more than a day are looked for
// where there is none shorter: looking further ahead takes as much longer.
func (s *search) levels(seats int32) []*found {
	var all []*found
	for _, longest := range []int64{oneDay, timetable.DefaultLongest} {
		dearest := int64(math.MaxInt64) // of the trains that the last search found
		for _, most := range slices.Backward(s.priceLevels()) {
			if dearest <= most {
				continue // without the dearer ones it finds the same
			}
			q := s.window
			q.Longest = longest
			s.passBy(&q, seats, most)
			dearest = -1
			var here []*found
			for _, j := range s.net.table.Search(q) {
				dearest = max(dearest, s.dearest(&j))
				if f := s.found(j); f != nil {
					here = append(here, f)
				}
			}
			all = append(here, all...)
		}
		if len(all) > 0 {
			break
		}
	}
	return s.best(all)
}

// dearest is the highest price by distance of the trains of a journey.
func (s *search) dearest(j *timetable.Journey) int64 {
	rate := int64(0)
	for i := range j.Legs {
		if l := &j.Legs[i]; !l.Walk() {
			rate = max(rate, s.net.runs[l.Run].rates[s.query.Class-1])
		}
	}
	return rate
}

// priceLevels are the prices by distance above which trains are passed by, one search each; -1 is for all trains.
func (s *search) priceLevels() []int64 {
	levels := []int64{}
	s.core.catalogue.mu.RLock()
	defer s.core.catalogue.mu.RUnlock()
	for _, supplier := range s.suppliers() {
		w := s.core.catalogue.railways[supplier]
		if w == nil || w.fares == nil {
			continue
		}
		for i := range w.fares.Tariffs {
			rate := w.fares.Tariffs[i].Second.Per100KM
			if s.query.Class == First {
				rate = w.fares.Tariffs[i].First.Per100KM
			}
			levels = append(levels, rate)
		}
	}
	slices.Sort(levels)
	levels = slices.Compact(levels)
	if len(levels) > 0 {
		levels = levels[:len(levels)-1] // under the highest are all
	}
	return append(levels[max(0, len(levels)-maxLevels+1):], -1)
}

// suppliers are the railways of the stations where journeys begin.
func (s *search) suppliers() []uid.ID {
	var out []uid.ID
	for _, id := range s.from {
		if supplier := s.net.stations[id].station.Supplier; !slices.Contains(out, supplier) {
			out = append(out, supplier)
		}
	}
	return out
}

// found prices a journey; nil where it cannot be sold.
func (s *search) found(j timetable.Journey) *found {
	f := &found{journey: j, free: 1 << 30}
	var fares *FareTable
	for i := range j.Legs {
		l := &j.Legs[i]
		if l.Walk() {
			continue
		}
		g := s.net.runs[l.Run]
		if len(f.rides) == 0 && l.Depart <= s.now.Unix() {
			return nil
		}
		if fares == nil {
			fares = g.fares
		} else if fares != g.fares {
			return nil // of two railways: each sells its own
		}
		free := g.lines[s.query.Class-1].least(l.From, l.To)
		f.free = min(f.free, free)
		f.legs = append(f.legs, s.net.leg(g, l.From, l.To))
		f.rides = append(f.rides, i)
	}
	if len(f.rides) == 0 || fares == nil {
		return nil
	}
	f.soldOut = f.free < s.party.seats()
	for i := range fares.Families {
		family := &fares.Families[i]
		if s.query.Fare != "" && family.Name != s.query.Fare {
			continue
		}
		prices, ok := fares.journey(f.legs, s.query.Class, family, &s.party)
		if !ok {
			return nil
		}
		x := fareOf{family: family, prices: prices}
		for _, p := range prices {
			x.total += p
		}
		f.prices = append(f.prices, x)
	}
	if len(f.prices) == 0 {
		return nil
	}
	slices.SortStableFunc(f.prices, func(a, b fareOf) int { return cmp.Compare(a.total, b.total) })
	f.cheapest = f.prices[0].total
	return f
}

// leg is what pricing looks at of a ride.
func (n *network) leg(g *running, from, to int) leg {
	return leg{
		category: g.train.Category, metres: g.way.along[to] - g.way.along[from],
		from: n.stations[g.way.stations[from]].station.Code, to: n.stations[g.way.stations[to]].station.Code,
	}
}

// best leaves the journeys that no other beats in departure, arrival, changes and price; of equal ones the first.
func (s *search) best(all []*found) []*found {
	var out []*found
	for i, a := range all {
		beaten := false
		for k, b := range all {
			if i == k {
				continue
			}
			better := b.journey.Depart() >= a.journey.Depart() && b.journey.Arrive() <= a.journey.Arrive() &&
				b.journey.Changes() <= a.journey.Changes() && b.cheapest <= a.cheapest
			equal := b.journey.Depart() == a.journey.Depart() && b.journey.Arrive() == a.journey.Arrive() &&
				b.journey.Changes() == a.journey.Changes() && b.cheapest == a.cheapest
			if better && (!equal || k < i) {
				beaten = true
				break
			}
		}
		if !beaten {
			out = append(out, a)
		}
	}
	return out
}

// merge adds journeys that are sold out to those that are not.
func (s *search) merge(free, all []*found) []*found {
	for _, f := range all {
		if f.soldOut {
			free = append(free, f)
		}
	}
	return free
}

// propose sorts the journeys and makes an offer of each under each fare.
func (s *search) propose(all []*found) ([]JourneyProposal, error) {
	slices.SortStableFunc(all, func(a, b *found) int { return s.compare(a, b) })
	var out []JourneyProposal
	for n, f := range all[:min(len(all), s.query.Limit)] {
		for i := range f.prices {
			p, err := s.proposal(f, &f.prices[i])
			if err != nil {
				return nil, err
			}
			p.Journey = n
			out = append(out, p)
		}
	}
	return out, nil
}

func (s *search) compare(a, b *found) int {
	first := 0
	switch s.query.Sort {
	case ByDeparture:
		if !s.query.Arrives.IsZero() { // who has to be there in time leaves as late as can be
			first = cmp.Compare(b.journey.Depart(), a.journey.Depart())
		}
	case ByArrival:
		first = cmp.Compare(a.journey.Arrive(), b.journey.Arrive())
	case ByChanges:
		first = cmp.Compare(a.journey.Changes(), b.journey.Changes())
	case ByPrice:
		first = cmp.Compare(a.cheapest, b.cheapest)
	case ByDuration:
		first = cmp.Compare(a.journey.Arrive()-a.journey.Depart(), b.journey.Arrive()-b.journey.Depart())
	}
	return cmp.Or(first, cmp.Compare(a.journey.Depart(), b.journey.Depart()), cmp.Compare(a.journey.Arrive(), b.journey.Arrive()), cmp.Compare(a.cheapest, b.cheapest))
}
