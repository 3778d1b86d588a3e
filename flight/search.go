package flight

import (
	"cmp"
	"context"
	"math"
	"slices"
	"strconv"
	"time"

	"holdfast/civil"
	"holdfast/fault"
	"holdfast/flight/fare"
	"holdfast/flight/itinerary"
)

// Bounds of a search.
const (
	maxSlices    = 6
	maxProposals = 100
	maxCarriers  = 50 // of a filter
	foundLimit   = 20
	maxTrips     = 1000 // combined before they are sorted and cut
)

// pick is how a segment is sold in a search: in the cheapest open class. Without a listing it is not.
type pick struct {
	l     *listing
	cabin *listedCabin
	class int
	fare  int64 // of an adult, before its family
	free  int32
}

// segmentKey is a segment within a search.
type segmentKey struct {
	departure  *itinerary.Departure
	board, off int
}

// search is one search. It runs with the catalogue's lock held for reading.
type search struct {
	c     *catalogue
	party fare.Party
	cabin string
	class string // booking class; "": any
	fam   string // fare family; "": any
	now   time.Time
	picks map[segmentKey]pick
}

func (c *Core) newSearch(party fare.Party, cabin, family string) *search {
	return &search{c: c.catalogue, party: party, cabin: cabin, fam: family, now: c.clock.Now(), picks: map[segmentKey]pick{}}
}

// pick is how a segment is sold; false when it is not.
func (s *search) pick(g itinerary.Segment) (pick, bool) {
	key := segmentKey{g.Departure, g.Board, g.Off}
	p, known := s.picks[key]
	if !known {
		p = s.choose(g)
		s.picks[key] = p
	}
	return p, p.l != nil
}

// choose takes the cheapest class in which there are seats for everybody.
func (s *search) choose(g itinerary.Segment) (best pick) {
	l := s.c.view.listings[g.Departure.ID]
	if l == nil || l.flight != g.Departure || !l.legs[0].Departs.After(s.now.Add(s.c.view.ends)) {
		return best // it has changed since the network was made
	}
	if s.fam != "" && l.tariff.family(s.fam) == nil {
		return best
	}
	for i := range l.cabins {
		if cabin := &l.cabins[i]; s.cabin == "" || cabin.of.Name == s.cabin {
			s.cheapest(&best, l, cabin, g)
		}
	}
	return best
}

// cheapest puts a cheaper class of the cabin into best.
func (s *search) cheapest(best *pick, l *listing, cabin *listedCabin, g itinerary.Segment) {
	least := int32(math.MaxInt32)
	for k, nest := range cabin.nests {
		if least = min(least, nest.least(g.Board, g.Off)); least < s.party.Seats() {
			return // so are all classes below
		}
		code := cabin.of.Classes[k].Code
		if cabin.gone&(1<<k) != 0 || s.class != "" && s.class != code {
			continue
		}
		minor, ok := s.c.fareNow(l.tariff, g.From(), g.To(), code, s.now.Unix())
		if ok && (best.l == nil || minor < best.fare) {
			*best = pick{l: l, cabin: cabin, class: k, fare: minor, free: least}
		}
	}
}

// sellable is Filter.Sellable.
func (s *search) sellable(g itinerary.Segment) bool {
	_, ok := s.pick(g)
	return ok
}

// price is what an itinerary costs everybody under its cheapest family; false when it cannot be sold as one.
func (s *search) price(i itinerary.Itinerary) (int64, string, bool) {
	b, ok := s.bundle(i)
	if !ok {
		return 0, "", false
	}
	least, some := int64(0), false
	for f := range b.families() {
		items, ok := b.price(s, f)
		if total := fare.Total(items); ok && (!some || total < least) {
			least, some = total, true
		}
	}
	return least, string(b.currency()), some
}

// Search implements Service.
func (c *Core) Search(ctx context.Context, q ItineraryQuery) (*Found, error) {
	if err := checkQuery(&q); err != nil {
		return nil, err
	}
	p := c.catalogue.lockIndexed()
	defer c.catalogue.mu.RUnlock()
	out := &Found{}
	s := c.newSearch(q.Party, q.Cabin, q.Family)
	priced := map[string][][]itinerary.Priced{} // by currency, then slice
	var currencies []string
	for n := range q.Slices {
		found, err := c.slice(ctx, s, p, &q, n)
		if err != nil {
			return nil, err
		}
		out.Truncated = out.Truncated || found.Truncated
		for _, i := range found.Itineraries {
			if q.NoInterline && carriers(i) > 1 {
				continue
			}
			minor, currency, ok := s.price(i)
			if !ok || q.MaxPrice > 0 && (minor > q.MaxPrice || q.Currency != "" && q.Currency != currency) {
				continue
			}
			if priced[currency] == nil {
				priced[currency], currencies = make([][]itinerary.Priced, len(q.Slices)), append(currencies, currency)
			}
			priced[currency][n] = append(priced[currency][n], itinerary.Priced{Itinerary: i, Price: minor})
		}
	}
	// Amounts of two currencies are never compared: the one with more to choose from comes first.
	size := func(currency string) (n int) {
		for _, slice := range priced[currency] {
			n += len(slice)
		}
		return n
	}
	slices.SortFunc(currencies, func(a, b string) int { return cmp.Or(size(b)-size(a), cmp.Compare(a, b)) })
	for _, currency := range currencies {
		trips := itinerary.Combine(priced[currency], bounds(&q))
		itinerary.Sort(trips, q.Sort)
		for i := range trips {
			if len(out.Proposals) == q.Limit {
				return out, nil
			}
			proposal, err := c.propose(s, &q, trips[i].Slices)
			if err != nil {
				return nil, err
			}
			if proposal != nil {
				out.Proposals = append(out.Proposals, *proposal)
			}
		}
	}
	return out, nil
}

// bounds lets one slice show all it has in the order that is asked for.
func bounds(q *ItineraryQuery) itinerary.Bounds {
	if len(q.Slices) == 1 {
		return itinerary.Bounds{PerSlice: maxTrips, Trips: maxTrips}
	}
	return itinerary.Bounds{Trips: maxTrips}
}

// slice finds the itineraries of one direction.
func (c *Core) slice(ctx context.Context, s *search, p *places, q *ItineraryQuery, n int) (itinerary.Found, error) {
	if err := ctx.Err(); err != nil {
		return itinerary.Found{}, fault.Wrap(err, "search flights")
	}
	at := "/slices/" + strconv.Itoa(n)
	from, to, err := c.ends(p, &q.Slices[n], at)
	if err != nil {
		return itinerary.Found{}, err
	}
	day, open := c.day(from, q.Slices[n].Date, s.now)
	switch {
	case day.Latest <= s.now.Unix():
		return itinerary.Found{}, fault.InvalidField(at+"/date", "in_past", "The date must not be before today.")
	case q.Slices[n].Date > c.today().Add(c.settings.Horizon+1):
		return itinerary.Found{}, fault.InvalidField(at+"/date", "beyond_horizon", "Flights are sold %d days ahead.", c.settings.Horizon)
	case !open || s.c.view.network == nil:
		return itinerary.Found{}, nil
	}
	found, err := s.c.view.network.Search(itinerary.Slice{From: from, To: to, Earliest: day.Earliest, Latest: day.Latest}, q.filter(s, n))
	if err != nil {
		return found, fault.InvalidField(at, "slice_invalid", "This slice cannot be searched: %v.", err)
	}
	return found, nil
}

// ends are the airports that a slice may begin and end at.
func (c *Core) ends(p *places, q *SliceQuery, at string) (from, to []string, err error) {
	if from, err = c.catalogue.airportsOf(p, q.From, at+"/from"); err != nil {
		return nil, nil, err
	}
	if to, err = c.catalogue.airportsOf(p, q.To, at+"/to"); err != nil {
		return nil, nil, err
	}
	if slices.ContainsFunc(from, func(code string) bool { return slices.Contains(to, code) }) {
		return nil, nil, fault.InvalidField(at+"/to", "same_place", "A slice goes from one place to another.")
	}
	return from, to, nil
}

// day is a local date at the first of some airports, from now on; open is false when nothing of it is left to be sold.
func (c *Core) day(from []string, date civil.Date, now time.Time) (day itinerary.Day, open bool) {
	zone := zoneOf(c.catalogue.airports[from[0]].Zone)
	if zone == nil {
		zone = time.UTC
	}
	day = itinerary.Day{Earliest: date.In(zone, 0, 0).Unix(), Latest: date.Add(1).In(zone, 0, 0).Unix()}
	day.Earliest = max(day.Earliest, now.Add(c.settings.SaleEnds).Unix()+1)
	return day, day.Earliest < day.Latest
}

func (q *ItineraryQuery) filter(s *search, n int) itinerary.Filter {
	return itinerary.Filter{
		MaxStops: q.MaxStops, Include: q.Include, Exclude: q.Exclude, Cabin: q.Cabin, DepartLocal: q.Slices[n].Depart, ArriveLocal: q.Slices[n].Arrive,
		MaxDuration: q.MaxDuration, Sellable: s.sellable,
	}
}

// carriers counts the marketing carriers of an itinerary.
func carriers(i itinerary.Itinerary) int {
	seen := map[string]bool{}
	for _, g := range i {
		seen[g.Departure.Carrier] = true
	}
	return len(seen)
}

// checkQuery refuses searches that make no sense, and puts defaults in.
func checkQuery(q *ItineraryQuery) error {
	if q.MaxStops < 0 {
		q.MaxStops = itinerary.MaxStops
	}
	if q.Limit == 0 {
		q.Limit = foundLimit
	}
	if q.Sort == 0 {
		q.Sort = itinerary.ByPrice
	}
	var v verdicts
	v.check(len(q.Slices) >= 1 && len(q.Slices) <= maxSlices, "/slices", "out_of_range", "A search has 1 to %d slices.", maxSlices)
	v.party(q.Party)
	v.check(q.MaxStops <= itinerary.MaxStops, "/filters/max_stops", "out_of_range", "At most %d changes are possible.", itinerary.MaxStops)
	v.check(len(q.Include)+len(q.Exclude) <= maxCarriers, "/filters/carriers", "out_of_range", "At most %d carriers can be named.", maxCarriers)
	v.check(q.MaxDuration >= 0, "/filters/max_duration", "out_of_range", "A duration is not negative.")
	v.check(q.MaxPrice >= 0, "/filters/max_total", "out_of_range", "A price is not negative.")
	v.check(q.Limit >= 1 && q.Limit <= maxProposals, "/limit", "limit_out_of_range", "limit must be from 1 to %d.", maxProposals)
	v.check(q.Sort <= itinerary.ByBest, "/sort", "sort_unknown", "sort must be price, duration, departure or best.")
	v.check(q.Cabin == "" || cabinName(q.Cabin), "/cabin", "cabin_invalid", "A cabin is a word in small letters such as \"economy\".")
	for n := 1; n < len(q.Slices) && n < maxSlices; n++ {
		v.check(q.Slices[n].Date >= q.Slices[n-1].Date, "/slices/"+strconv.Itoa(n)+"/date", "dates_backwards", "Slices are in the order in which they are travelled.")
	}
	for n := range q.Slices[:min(len(q.Slices), maxSlices)] {
		for _, k := range []itinerary.Clock{q.Slices[n].Depart, q.Slices[n].Arrive} {
			v.check(min(k.From, k.To) >= 0 && max(k.From, k.To) < 24*60, "/slices/"+strconv.Itoa(n), "times_invalid", "Times are minutes of a day.")
		}
	}
	return v.err()
}

func (v *verdicts) party(p fare.Party) {
	err := p.Check()
	v.check(err == nil, "/travellers", "party_invalid", "%v.", err)
}

// Calendar implements Service.
func (c *Core) Calendar(ctx context.Context, q CalendarQuery) ([]DayPrice, error) {
	if err := checkQuery(&q.ItineraryQuery); err != nil {
		return nil, err
	}
	if len(q.Slices) != 1 {
		return nil, fault.InvalidField("/slices", "out_of_range", "A calendar has one slice.")
	}
	if days := int64(q.Last) - int64(q.First); days < 0 || days >= itinerary.MaxDays {
		return nil, fault.InvalidField("/last", "out_of_range", "A calendar has 1 to %d days.", itinerary.MaxDays)
	}
	if err := ctx.Err(); err != nil {
		return nil, fault.Wrap(err, "search flights")
	}
	p := c.catalogue.lockIndexed()
	defer c.catalogue.mu.RUnlock()
	s := c.newSearch(q.Party, q.Cabin, q.Family)
	from, to, err := c.ends(p, &q.Slices[0], "/slices/0")
	if err != nil {
		return nil, err
	}
	out := make([]DayPrice, q.Last-q.First+1)
	var days []itinerary.Day
	var asked []int
	for n := range out {
		out[n].Date = q.First.Add(n)
		if day, open := c.day(from, out[n].Date, s.now); open && day.Latest > s.now.Unix() {
			days, asked = append(days, day), append(asked, n)
		}
	}
	if len(days) == 0 || s.c.view.network == nil {
		return out, nil
	}
	shown := q.Currency
	cheapest, err := s.c.view.network.Calendar(from, to, days, q.filter(s, 0), func(i itinerary.Itinerary) (int64, bool) {
		if q.NoInterline && carriers(i) > 1 {
			return 0, false
		}
		minor, currency, ok := s.price(i)
		if ok && shown == "" {
			shown = currency // the first one met: days are compared in one
		}
		return minor, ok && currency == shown && (q.MaxPrice == 0 || minor <= q.MaxPrice)
	})
	if err != nil {
		return nil, fault.InvalidField("/slices/0", "slice_invalid", "This slice cannot be searched: %v.", err)
	}
	for n, day := range cheapest {
		if day.Itinerary != nil {
			x := &out[asked[n]]
			x.Minor, x.Currency, x.Sold = day.Price, shown, true
		}
	}
	return out, nil
}
