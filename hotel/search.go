package hotel

import (
	"cmp"
	"context"
	"math"
	"slices"
	"time"

	"holdfast/civil"
	"holdfast/fault"
	"holdfast/money"
)

// Bounds of an answer.
const (
	maxFound   = 100 // StayQuery.Limit
	maxOfHotel = 500 // room types x rate plans of a named hotel
)

// What consider touches.
const (
	touchAhead = 32            // hotels, before they are visited: as many as stay in the nearest cache
	lineCells  = 16            // cells of a cache line
	touchCells = 8 * lineCells // of a hotel; from there on the processor has seen where it goes
)

// candidate is a stay that fits, not yet an offer.
type candidate struct {
	listing  *listing
	kind     *RoomType
	plan     *RatePlan
	base     int64   // minor units
	total    int64   // minor units
	chord    float64 // of the distance, see vector.chord; their order is that of distances
	free     int32
	currency int // index into scan.currencies
}

// scan is the working memory of one search, used again by later ones: a search allocates for what it returns and
// nothing for what it looks at.
type scan struct {
	query   *StayQuery
	stay    stay
	heads   headcount
	rooms   int32
	horizon int
	now     time.Time

	zone  *time.Location // of today; most hotels found together share it
	today civil.Date

	groups     []group
	entries    []*entry
	spots      []spot
	touched    uint64
	guests     demand   // as a plan without supplements counts them
	childless  bool     // no children come
	filtered   bool     // by more than stars
	demands    []demand // by index into listing.plans
	first      int64    // base price of the first night, of the type at hand
	even       bool     // every night has it
	bases      []int64  // by night; filled where they are not even, or a plan of the house has prices of its own
	found      []candidate
	currencies []currencyCount
}

// currencyCount is how many candidates cost a currency.
type currencyCount struct {
	currency money.Currency
	count    int
	rank     int // 0 is shown first
}

// search finds stays. For a named hotel it answers every room type under every rate plan that fits; else the cheapest
// one of each hotel.
func (f *finder) search(ctx context.Context, q StayQuery) ([]Proposal, error) {
	if err := ctx.Err(); err != nil {
		return nil, fault.Wrap(err, "search stays")
	}
	now := f.clock.Now()
	if err := f.checkQuery(&q, now); err != nil {
		return nil, err
	}
	s, ok := f.scans.Get().(*scan)
	if !ok {
		s = new(scan)
	}
	defer func() {
		s.release()
		f.scans.Put(s)
	}()
	s.start(&q, f.horizon, now)
	if err := f.look(s); err != nil {
		return nil, err
	}
	limit := q.Limit
	if !q.Hotel.IsZero() {
		limit = maxOfHotel
	}
	return f.offer(s.pick(limit), s, q.Audience)
}

// look visits all hotels the query may mean.
func (f *finder) look(s *scan) error {
	q := s.query
	switch {
	case !q.Hotel.IsZero():
		l, err := f.house(q.Hotel)
		if err != nil {
			return err
		}
		if err := f.checkDates(s.stay, l.zone, s.now, "/stay"); err != nil {
			return err
		}
		s.consider(l, 0)
	case q.Near != nil:
		centre, reach := vectorOf(q.Near.Latitude, q.Near.Longitude), chordOf(q.Near.RadiusKM)
		s.entries = f.places.near(s.entries, *q.Near)
		for _, e := range s.entries {
			l := e.listing.Load()
			if chord := l.at.chord(centre); chord <= reach {
				s.consider(l, chord)
			}
		}
	default:
		var err error
		if s.groups, err = f.places.named(s.groups, q.Place); err != nil {
			return err
		}
		for _, g := range s.groups {
			for _, e := range g.entries {
				l := e.listing.Load()
				s.consider(l, l.at.chord(g.centre))
			}
		}
	}
	s.visitAll()
	return nil
}

func (s *scan) start(q *StayQuery, horizon int, now time.Time) {
	s.query, s.stay, s.rooms = q, stay{q.CheckIn, q.CheckOut}, int32(len(q.Rooms))
	s.heads, s.horizon, s.now = count(s.stay, q.Rooms), horizon, now
	s.guests, s.childless = (&RatePlan{}).demand(q.Rooms), true
	for i := range q.Rooms {
		s.childless = s.childless && len(q.Rooms[i].ChildAges) == 0
	}
	s.filtered = q.MinTotal != nil || q.MaxTotal != nil || len(q.Amenities) > 0
	s.bases = slices.Grow(s.bases[:0], s.stay.nights())[:s.stay.nights()]
}

// release lets go of what must not be kept alive by memory that waits for the next search.
func (s *scan) release() {
	clear(s.groups)
	clear(s.entries)
	clear(s.found)
	clear(s.spots[:cap(s.spots)])
	*s = scan{groups: s.groups[:0], entries: s.entries[:0], spots: s.spots[:0], demands: s.demands[:0], bases: s.bases[:0], found: s.found[:0], currencies: s.currencies[:0]}
}

// onSale reports whether the stay begins no earlier than today in the zone and ends within the horizon.
func (s *scan) onSale(zone *time.Location) bool {
	if zone != s.zone {
		s.zone, s.today = zone, civil.Today(s.now, zone)
	}
	return s.stay.in >= s.today && s.stay.out <= s.today.Add(s.horizon)
}

// spot is a hotel that is to be visited, and how far it is.
type spot struct {
	listing *listing
	chord   float64
}

// consider queues a hotel that may have something, and touches what visiting it will read. Each hotel is somewhere
// else in memory; the waits for several of them overlap here, where none depends on another, as they could not in
// visit (measured: a third of the time of a search).
func (s *scan) consider(l *listing, chord float64) {
	if !l.open || int(l.stars) < s.query.MinStars || s.stay.in < l.from || s.stay.out > l.end() || len(l.types) == 0 || len(l.plans) == 0 || !s.onSale(l.zone) {
		return
	}
	first := int(s.stay.in-l.from) * int(l.width)
	last := min(first+(len(s.bases)+1)*int(l.width), len(l.cells)) - 1 // of the check-out date
	for i := first; i < min(last, first+touchCells); i += lineCells {
		s.touched += uint64(l.cell(i))
	}
	s.touched += uint64(l.cell(last)) + uint64(l.types[0].column) + uint64(l.tariffs[0]) + uint64(l.tariffs[len(l.tariffs)-1]) + uint64(l.plans[0].board) + uint64(l.plans[len(l.plans)-1].board)
	if len(l.added) > 0 {
		s.touched += uint64(l.added[0].Rule)
	}
	s.spots = append(s.spots, spot{l, chord})
	if len(s.spots) == touchAhead {
		s.visitAll()
	}
}

func (s *scan) visitAll() {
	for _, p := range s.spots {
		s.visit(p.listing, p.chord)
	}
	s.spots = s.spots[:0]
}

// wanted reports whether the hotel itself passes the filters.
func (s *scan) wanted(h *Hotel) bool {
	q := s.query
	if q.MinTotal != nil && q.MinTotal.Currency != h.Currency || q.MaxTotal != nil && q.MaxTotal.Currency != h.Currency {
		return false
	}
	for _, a := range q.Amenities {
		if !slices.Contains(h.Amenities, a) {
			return false
		}
	}
	return true
}

// inRange reports whether a total passes the filters.
func (s *scan) inRange(total int64) bool {
	q := s.query
	return (q.MinTotal == nil || total >= q.MinTotal.Minor) && (q.MaxTotal == nil || total <= q.MaxTotal.Minor)
}

// choice is a room type under a rate plan, by their indexes in a listing.
type choice struct {
	kind, plan int
	base       int64
	free       int32
}

// visit prices what fits in one hotel. This is where searches spend their time: no allocation, no lock, no division
// but by constants, and nothing read that does not lie in the listing itself.
func (s *scan) visit(l *listing, chord float64) {
	if s.filtered && !s.wanted(&l.house.Hotel) {
		return
	}
	capped := int32(math.MaxInt32)
	if l.house0 >= 0 {
		if capped = l.free(int(l.house0), s.stay); capped < s.rooms {
			return
		}
	}
	s.demands = s.demands[:0]
	for i := range l.plans {
		s.demands = append(s.demands, s.demand(&l.plans[i]))
	}
	named := !s.query.Hotel.IsZero()
	best := choice{kind: -1}
	for i := range l.types {
		free, ok := s.nights(l, i)
		if !ok {
			continue
		}
		free = min(free, capped)
		t := &l.types[i]
		room := Occupancy{int(t.adults), int(t.children)}
		for j := range l.plans {
			p, d := &l.plans[j], &s.demands[j]
			if s.query.Board != 0 && p.board != s.query.Board || !room.fits(*d) || !p.exception.sells(i) {
				continue
			}
			if s.query.FreeCancellation && l.terms(p.of, s.stay, s.now).FreeUntil.IsZero() {
				continue
			}
			c := choice{i, j, s.price(p, i)*int64(s.rooms) + d.supplement*s.heads.nights, free}
			if s.filtered && !s.inRange(l.total(c.base, s.heads)) {
				continue
			}
			switch {
			case named:
				s.add(l, c, 0)
			case best.kind < 0 || c.base < best.base || c.base == best.base && l.earlier(c, best):
				// Levies never make the dearer of two base prices the cheaper total: their rates are not negative.
				best = c
			}
		}
	}
	if best.kind >= 0 {
		s.add(l, best, chord)
	}
}

// demand is what a plan makes of the guests; most plans make the same of most guests.
func (s *scan) demand(p *listedPlan) demand {
	if s.childless && (p.included == 0 || s.guests.adults <= int(p.included)) {
		return s.guests
	}
	return p.of.demand(s.query.Rooms)
}

// nights reads the nights of a type: how many rooms are free, what the nights cost, and whether the stay is allowed.
func (s *scan) nights(l *listing, kind int) (free int32, ok bool) {
	t, w := &l.types[kind], int(l.width)
	begin := int(s.stay.in-l.from)*w + int(t.column)
	first := l.cell(begin)
	if free = first.free(); free < s.rooms {
		return 0, false
	}
	differ, at := cell(0), begin
	for range len(s.bases) - 1 {
		at += w
		c := l.cell(at)
		if free = min(free, c.free()); free < s.rooms {
			return 0, false
		}
		differ |= c ^ first
	}
	tariffs := l.tariffs[t.tariffs:]
	arrival := tariffs[first.tariff()]
	if !arrival.rule().admitsArrival(len(s.bases), l.kinds[kind], s.stay.in) || !l.departs(kind, s.stay.out) {
		return 0, false
	}
	s.first, s.even = arrival.base(), differ&tariffMask == 0
	if !s.even || l.special {
		for n := range s.bases {
			s.bases[n] = tariffs[l.cell(begin+n*w).tariff()].base()
		}
	}
	return free, true
}

// price is what one room costs for all nights, before supplements.
func (s *scan) price(p *listedPlan, kind int) int64 {
	if special := p.exception.override(kind); len(special) > 0 {
		return s.override(p.of, special)
	}
	if s.even { // as most stays are: seasons are longer
		return p.derive(s.first) * int64(len(s.bases))
	}
	var sum int64
	for _, base := range s.bases {
		sum += p.derive(base)
	}
	return sum
}

// derive is RatePlan.derive from what lies at hand.
func (p *listedPlan) derive(base int64) int64 { return max(0, share(base, p.percentBP)+p.amount) }

func (s *scan) override(p *RatePlan, special Line[int64]) int64 {
	var sum int64
	for n, base := range s.bases {
		minor, ok := special.At(s.stay.in.Add(n))
		if !ok {
			minor = p.derive(base)
		}
		sum += minor
	}
	return sum
}

// earlier settles a tie by ids, so that equal searches have equal answers.
func (l *listing) earlier(c, than choice) bool {
	if c.kind != than.kind {
		return compareID(l.kinds[c.kind].ID, l.kinds[than.kind].ID) < 0
	}
	return compareID(l.plans[c.plan].of.ID, l.plans[than.plan].of.ID) < 0
}

func (s *scan) add(l *listing, c choice, chord float64) {
	at := 0
	for at < len(s.currencies) && s.currencies[at].currency != l.currency {
		at++
	}
	if at == len(s.currencies) {
		s.currencies = append(s.currencies, currencyCount{currency: l.currency})
	}
	s.currencies[at].count++
	s.found = append(s.found, candidate{
		listing: l, kind: l.kinds[c.kind], plan: l.plans[c.plan].of, base: c.base, total: l.total(c.base, s.heads), chord: chord, free: c.free, currency: at,
	})
}

// rank puts the currency of the most stays first, then by code.
func (s *scan) rank() {
	for i := range s.currencies {
		a := &s.currencies[i]
		for j := range s.currencies {
			if b := &s.currencies[j]; b.count > a.count || b.count == a.count && b.currency < a.currency {
				a.rank++
			}
		}
	}
}

// compare orders candidates as the query asks. Amounts of two currencies are never compared: one currency comes first.
func (s *scan) compare(a, b *candidate) int {
	switch s.query.Sort {
	case ByDistance:
		if c := cmp.Compare(a.chord, b.chord); c != 0 {
			return c
		}
	case ByStars:
		if c := cmp.Compare(b.listing.stars, a.listing.stars); c != 0 {
			return c
		}
	case ByPrice:
	}
	if a.currency != b.currency {
		return cmp.Compare(s.currencies[a.currency].rank, s.currencies[b.currency].rank)
	}
	if c := cmp.Compare(a.total, b.total); c != 0 {
		return c
	}
	if c := compareID(a.listing.house.Hotel.ID, b.listing.house.Hotel.ID); c != 0 {
		return c
	}
	return cmp.Or(compareID(a.kind.ID, b.kind.ID), compareID(a.plan.ID, b.plan.ID))
}

// pick leaves the first n candidates in order. They are kept in a heap with the last of them on top, which most others
// do not get past: thousands need not be sorted to show twenty.
func (s *scan) pick(n int) []candidate {
	s.rank()
	top := s.found[:min(n, len(s.found))]
	if len(top) < len(s.found) {
		for i := len(top)/2 - 1; i >= 0; i-- {
			s.sink(top, i)
		}
		for i := len(top); i < len(s.found); i++ {
			if s.compare(&s.found[i], &top[0]) < 0 {
				top[0] = s.found[i]
				s.sink(top, 0)
			}
		}
	}
	slices.SortFunc(top, func(a, b candidate) int { return s.compare(&a, &b) })
	return top
}

// sink lets the i-th candidate fall to where nothing below comes after it.
func (s *scan) sink(heap []candidate, i int) {
	for {
		last := i
		for _, child := range [2]int{2*i + 1, 2*i + 2} {
			if child < len(heap) && s.compare(&heap[child], &heap[last]) > 0 {
				last = child
			}
		}
		if last == i {
			return
		}
		heap[i], heap[last] = heap[last], heap[i]
		i = last
	}
}

// offer seals what is answered. A stay too large for an offer (many different rooms, many levies) is left out; an
// answer of nothing else is an error that says so.
func (f *finder) offer(best []candidate, s *scan, audience string) ([]Proposal, error) {
	out := make([]Proposal, 0, len(best))
	var tooLarge error
	for i := range best {
		c := &best[i]
		p, err := f.propose(c.listing, c.kind, c.plan, s.stay, slices.Clone(s.query.Rooms), audience, s.now)
		switch {
		case fault.Is(err, reasonTooLarge):
			tooLarge = err
			continue
		case err != nil:
			return nil, err
		}
		if s.query.Hotel.IsZero() {
			p.DistanceKM = kilometres(c.chord)
		}
		p.Available = c.free
		out = append(out, p)
	}
	if len(out) == 0 && tooLarge != nil {
		return nil, tooLarge
	}
	return out, nil
}
