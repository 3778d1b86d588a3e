package hotel

import (
	"fmt"
	"slices"
	"time"

	"pgregory.net/rapid"

	"holdfast/civil"
	"holdfast/money"
	"holdfast/offer"
	"holdfast/stock"
	"holdfast/uid"
)

// proposal is what an answer comes to.
type proposal struct {
	Hotel, Type, Plan uid.ID
	Total             int64
	Nights            string
	Available         int32
}

func shown(ps []Proposal) []proposal {
	var out []proposal
	for _, p := range ps {
		out = append(out, proposal{p.House.Hotel.ID, p.Type.ID, p.Plan.ID, p.Offer.Total().Minor, fmt.Sprint(p.Nights), p.Available})
	}
	return out
}

// oracle answers a valid query from first principles: night by night, offer by offer, everything sorted.
func (w *world) oracle(q StayQuery) []proposal {
	type found struct {
		proposal
		h  *House
		km float64
	}
	var all []found
	for _, h := range w.houses {
		km := 0.0
		switch {
		case !q.Hotel.IsZero():
			if h.Hotel.ID != q.Hotel {
				continue
			}
		case q.Near != nil:
			km = haversine(q.Near.Latitude, q.Near.Longitude, h.Hotel.Latitude, h.Hotel.Longitude)
			if km > q.Near.RadiusKM {
				continue
			}
		default:
			if h.Hotel.City != q.Place {
				continue
			}
		}
		for i := range h.Types {
			for j := range h.Plans {
				if p, ok := w.fits(h, &h.Types[i], &h.Plans[j], q); ok {
					all = append(all, found{p, h, km})
				}
			}
		}
	}
	// The cheapest of each hotel, unless one was named.
	if q.Hotel.IsZero() {
		best := map[uid.ID]found{}
		for _, f := range all {
			b, ok := best[f.Hotel]
			if !ok || f.Total < b.Total || f.Total == b.Total && f.Type.Text("")+f.Plan.Text("") < b.Type.Text("")+b.Plan.Text("") {
				best[f.Hotel] = f
			}
		}
		all = all[:0]
		for _, f := range best {
			all = append(all, f)
		}
	}
	counts := map[money.Currency]int{}
	for _, f := range all {
		counts[f.h.Hotel.Currency]++
	}
	slices.SortFunc(all, func(a, b found) int {
		before := func(less bool) int {
			if less {
				return -1
			}
			return 1
		}
		x, y := a.h.Hotel, b.h.Hotel
		switch {
		case q.Sort == ByDistance && a.km != b.km:
			return before(a.km < b.km)
		case q.Sort == ByStars && x.Stars != y.Stars:
			return before(x.Stars > y.Stars)
		case counts[x.Currency] != counts[y.Currency]:
			return before(counts[x.Currency] > counts[y.Currency])
		case x.Currency != y.Currency:
			return before(x.Currency < y.Currency)
		case a.Total != b.Total:
			return before(a.Total < b.Total)
		}
		key := func(f found) string { return f.Hotel.Text("") + f.Type.Text("") + f.Plan.Text("") }
		return before(key(a) < key(b))
	})
	var out []proposal
	for _, f := range all {
		if len(out) < q.Limit || !q.Hotel.IsZero() {
			out = append(out, f.proposal)
		}
	}
	return out
}

func (w *world) fits(h *House, t *RoomType, p *RatePlan, q StayQuery) (proposal, bool) {
	none := proposal{}
	loc, err := time.LoadLocation(h.Hotel.TimeZone)
	if err != nil {
		panic(err)
	}
	y, m, d := w.clock.Now().In(loc).Date()
	today := civil.DateOf(y, m, d)
	nights := int(q.CheckOut - q.CheckIn)
	if q.CheckIn < today || q.CheckOut > today+worldHorizon || h.Hotel.Status != Active || t.Status != Active || p.Status != Active || t.Pool == 0 {
		return none, false
	}
	if h.Hotel.Stars < q.MinStars || q.Board != 0 && p.Board != q.Board || len(p.RoomTypes) > 0 && !slices.Contains(p.RoomTypes, t.ID) {
		return none, false
	}
	arrival := time.Date(1970, 1, 1+int(q.CheckIn), 15, 0, 0, 0, loc)
	if q.FreeCancellation && (p.FreeUntilHours < 0 || !arrival.Add(-time.Duration(p.FreeUntilHours)*time.Hour).After(w.clock.Now())) {
		return none, false
	}
	for _, a := range q.Amenities {
		if !slices.Contains(h.Hotel.Amenities, a) {
			return none, false
		}
	}
	at := func(d civil.Date) Restriction { r, _ := t.Restrictions.At(d); return r }
	first := at(q.CheckIn)
	if first&ClosedToArrival != 0 || at(q.CheckOut)&ClosedToDeparture != 0 || nights < first.MinStay() || first.MaxStay() > 0 && nights > first.MaxStay() {
		return none, false
	}
	least := int32(1 << 30)
	pools := []stock.PoolID{t.Pool}
	if h.Hotel.Capacity != nil {
		pools = append(pools, h.Hotel.CapPool)
	}
	for _, pool := range pools {
		for d := q.CheckIn; d < q.CheckOut; d++ {
			least = min(least, w.slots[stock.Key{Pool: pool, Slot: stock.Slot(d)}].Free())
		}
	}
	if least < int32(len(q.Rooms)) {
		return none, false
	}
	var base int64
	var perNight []int64
	for d := q.CheckIn; d < q.CheckOut; d++ {
		var night int64
		for _, room := range q.Rooms {
			adults, children := int(room.Adults), 0
			var supplement int64
			for _, age := range room.ChildAges {
				i := slices.IndexFunc(p.ChildBands, func(b ChildBand) bool { return int(age) <= b.UpToAge })
				switch {
				case len(p.ChildBands) == 0:
					children++
				case i < 0:
					adults++
				default:
					children++
					supplement += p.ChildBands[i].Minor
				}
			}
			if adults > t.Occupancy.Adults || adults+children > t.Occupancy.Adults+t.Occupancy.Children {
				return none, false
			}
			if p.IncludedAdults > 0 {
				supplement += int64(max(0, adults-p.IncludedAdults)) * p.ExtraAdult
			}
			price, ok := p.Overrides[t.ID].At(d)
			if !ok {
				price, ok = t.Rates.At(d)
				if !ok {
					price = t.BasePrice
				}
				price = max(0, money.Of(price, "").BasisPoints(int64(p.PercentBP)).Minor+p.Amount)
			}
			night += price + supplement
		}
		perNight = append(perNight, night)
		base += night
	}
	_, full := h.Hotel.price(t, p, stay{q.CheckIn, q.CheckOut}, q.Rooms) // its parts have a test of their own
	total := full.Total() - full.Base + base
	if q.MinTotal != nil && (q.MinTotal.Currency != h.Hotel.Currency || total < q.MinTotal.Minor) ||
		q.MaxTotal != nil && (q.MaxTotal.Currency != h.Hotel.Currency || total > q.MaxTotal.Minor) {
		return none, false
	}
	return proposal{h.Hotel.ID, t.ID, p.ID, total, fmt.Sprint(perNight), least}, true
}

// dice draws worlds and queries.
type dice struct {
	*rapid.T
	pools stock.PoolID
	today civil.Date // UTC
}

func (d *dice) n(low, high int) int { return rapid.IntRange(low, high).Draw(d.T, "n") }
func (d *dice) one(in int) bool     { return d.n(1, in) == 1 }
func (d *dice) price() int64        { return int64(d.n(0, 40)) * 125 }
func (d *dice) pool() stock.PoolID  { d.pools++; return d.pools }
func (d *dice) night() civil.Date   { return d.today.Add(d.n(-2, worldHorizon+2)) }
func (d *dice) city() string        { return []string{"Aa", "Bb"}[d.n(0, 1)] }
func (d *dice) coordinate() float64 { return float64(d.n(-4, 4)) / 2 }
func (d *dice) status(in int) Status {
	return map[bool]Status{true: Preparing, false: Active}[d.one(in)]
}
func (d *dice) line() (l Line[int64]) { return drawLine(d, (*dice).price) }
func (d *dice) restriction() Restriction {
	r := Restriction(0)
	if d.one(4) {
		r |= ClosedToArrival
	}
	if d.one(3) {
		r |= ClosedToDeparture
	}
	if d.one(2) {
		r = r.WithMinStay(d.n(0, 4))
	}
	if d.one(2) {
		r = r.WithMaxStay([]int{1, 2, 3, 150}[d.n(0, 3)])
	}
	return r
}

func drawLine[V comparable](d *dice, value func(*dice) V) (l Line[V]) {
	for range d.n(0, 2) {
		from := d.night()
		l = l.Set(from, from.Add(d.n(1, 5)), value(d))
	}
	return l
}

// house draws a hotel; before, if not nil, is the same one as it was.
func (d *dice) house(before *House) *House {
	h := &House{Revision: 1, Hotel: Hotel{
		ID: uid.New(), Supplier: uid.New(), City: d.city(), Country: "DE", Stars: d.n(0, 3), Latitude: d.coordinate(), Longitude: d.coordinate(),
		TimeZone: []string{"Europe/Berlin", "Pacific/Kiritimati", "Pacific/Midway", "Asia/Kathmandu"}[d.n(0, 3)], Currency: []money.Currency{"EUR", "USD"}[d.n(0, 1)],
		CheckInFrom: "15:00", CheckOutUntil: "11:00", Status: Active,
	}}
	if before != nil {
		h.Hotel, h.Revision, h.Types = before.Hotel, before.Revision+1, slices.Clone(before.Types)
		h.Hotel.City = d.city()
		h.Hotel.Status = d.status(6)
	}
	h.Hotel.Levies = nil
	if d.one(2) {
		h.Hotel.Levies = []Levy{
			{Kind: offer.Tax, Code: "vat", Rule: PercentOfBase, BP: int32(d.n(0, 2000)), Included: d.one(2)},
			{Kind: offer.Fee, Code: "city", Rule: LevyRule(d.n(int(PerRoomNight), int(PerStay))), Minor: 150},
		}
	}
	h.Hotel.Amenities = []string{"pool", "spa"}[:d.n(0, 2)]
	if d.one(3) {
		capacity := int32(3)
		h.Hotel.Capacity = &capacity
		if h.Hotel.CapPool == 0 {
			h.Hotel.CapPool = d.pool()
		}
	} else {
		h.Hotel.Capacity = nil
	}
	if before == nil || d.one(3) {
		h.Types = append(h.Types, RoomType{ID: uid.New(), Hotel: h.Hotel.ID, Pool: d.pool()})
	}
	for len(h.Types) < d.n(1, 3) {
		h.Types = append(h.Types, RoomType{ID: uid.New(), Hotel: h.Hotel.ID, Pool: d.pool()})
	}
	for i := range h.Types {
		t := &h.Types[i]
		t.Occupancy, t.BasePrice, t.Status = Occupancy{d.n(2, 4), d.n(0, 2)}, d.price(), d.status(8)
		t.Rates, t.Restrictions = d.line(), drawLine(d, (*dice).restriction)
	}
	for range d.n(1, 3) {
		p := RatePlan{
			ID: uid.New(), Version: uid.New(), Board: Board(d.n(1, 2)), PercentBP: int32(d.n(80, 110)) * 100, Amount: int64(d.n(-3, 3)) * 100,
			IncludedAdults: d.n(0, 2), ExtraAdult: 300, FreeUntilHours: int32(d.n(-1, 60)), Status: d.status(8), Overrides: map[uid.ID]Line[int64]{},
		}
		if d.one(2) {
			p.ChildBands = []ChildBand{{UpToAge: 5, Minor: 0}, {UpToAge: 12, Minor: 200}}
		}
		if d.one(3) {
			p.RoomTypes = []uid.ID{h.Types[d.n(0, len(h.Types)-1)].ID}
		}
		if d.one(3) {
			p.Overrides[h.Types[0].ID] = d.line()
		}
		h.Plans = append(h.Plans, p)
	}
	return h
}

func (d *dice) query(w *world) StayQuery {
	in := d.night()
	q := StayQuery{CheckIn: in, CheckOut: in.Add(d.n(1, 4)), Sort: Sort(d.n(1, 3)), Limit: d.n(1, 8)}
	for range d.n(2, 5) / 2 {
		r := offer.Party{Adults: uint8(d.n(2, 6) / 2)}
		for range d.n(0, 5) / 4 {
			r.ChildAges = append(r.ChildAges, uint8(d.n(0, 17)))
		}
		q.Rooms = append(q.Rooms, r)
	}
	switch d.n(1, 3) {
	case 1:
		q.Place = d.city()
		if q.Sort == ByDistance { // distances from a centre are computed differently; near covers the order
			q.Sort = ByPrice
		}
	case 2:
		q.Near = &Near{d.coordinate(), d.coordinate() + 0.01, float64(d.n(60, 450)) + 0.123}
		if q.Sort == ByDistance {
			q.Near.Latitude += 0.003 // no two hotels equally far but for those in one place
		}
	default:
		for _, id := range sortedIDs(w.houses) {
			q.Hotel = id
			if d.one(2) {
				break
			}
		}
	}
	if d.one(8) {
		q.MinStars = d.n(1, 3)
	}
	if d.one(8) {
		q.Board = RoomOnly
	}
	q.FreeCancellation = d.one(8)
	if d.one(8) {
		q.Amenities = []string{"pool"}
	}
	if d.one(8) {
		q.MinTotal = &money.Amount{Minor: int64(d.n(0, 100)) * 100, Currency: "EUR"}
	}
	if d.one(8) {
		q.MaxTotal = &money.Amount{Minor: int64(d.n(100, 300)) * 100, Currency: "EUR"}
	}
	return q
}

func sortedIDs(houses map[uid.ID]*House) []uid.ID {
	var out []uid.ID
	for id := range houses {
		out = append(out, id)
	}
	slices.SortFunc(out, compareID)
	return out
}
