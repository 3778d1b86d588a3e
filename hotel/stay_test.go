package hotel

import (
	"math"
	"strings"
	"testing"
	"time"

	"holdfast/civil"
	"holdfast/fault"
	"holdfast/internal/clock"
	"holdfast/money"
	"holdfast/offer"
	"holdfast/reservation"
	"holdfast/stock"
	"holdfast/uid"
)

// ask is a plain request for the only room type of an inn.
func ask(h *House, first, nights int) StayRequest {
	return StayRequest{Hotel: h.Hotel.ID, RoomType: h.Types[0].ID, CheckIn: today.Add(first), CheckOut: today.Add(first + nights), Rooms: parties["couple"]}
}

func TestBestOffer(t *testing.T) {
	w := newWorld(t, noon.Add(300*time.Millisecond))
	h := inn(7)
	capacity := int32(3)
	h.Hotel.Capacity, h.Hotel.CapPool = &capacity, 8
	h.Plans[0].Amount = 500
	h.Plans = append(h.Plans,
		RatePlan{ID: uid.New(), Version: uid.New(), PercentBP: 10_000, FreeUntilHours: 24, FeeBP: 9_000, Status: Active},
		RatePlan{ID: uid.New(), Version: uid.New(), PercentBP: 1, Status: Retired},
		RatePlan{ID: uid.New(), Version: uid.New(), PercentBP: 1, Status: Active, RoomTypes: []uid.ID{uid.New()}},
	)
	w.publish(t, h)
	r := ask(h, 3, 2)
	r.Rooms = []offer.Party{{Adults: 2}, {Adults: 1}}
	p, err := w.finder.best(t.Context(), r) // nothing is in stock: that is for the desk to say
	if err != nil {
		t.Fatal(err)
	}
	if p.Plan.ID != h.Plans[1].ID || p.Offer.Total() != money.Of(40_000, "EUR") || len(p.Nights) != 2 || p.Nights[0] != 20_000 {
		t.Errorf("plan %d: %v for nights of %v", p.Plan.PercentBP, p.Offer.Total(), p.Nights)
	}
	o, err := w.sealer.Open(p.Sealed)
	if err != nil {
		t.Fatal(err)
	}
	piece := o.Pieces[0]
	if !o.IssuedAt.Equal(noon) || !o.ExpiresAt.Equal(noon.Add(20*time.Minute)) || o.Audience != "" {
		t.Errorf("issued %v, expires %v, for %q", o.IssuedAt, o.ExpiresAt, o.Audience)
	}
	if len(piece.Claims) != 2 || piece.Claims[0].Pool != 7 || piece.Claims[1].Pool != 8 || piece.Claims[0].Count != 2 || piece.Claims[1].Count != 2 {
		t.Errorf("claims %+v", piece.Claims)
	}
	want := offer.Terms{
		FreeUntil: time.Date(2026, 3, 3, 15, 0, 0, 0, time.UTC), FeeBP: 9_000, EndsAt: time.Date(2026, 3, 6, 11, 0, 0, 0, time.UTC),
	}
	if piece.Terms != want {
		t.Errorf("terms %+v, want %+v", piece.Terms, want)
	}
	r.RatePlan = h.Plans[0].ID
	if p, err = w.finder.best(t.Context(), r); err != nil || p.Plan.ID != r.RatePlan || p.Offer.Total() != money.Of(42_000, "EUR") {
		t.Errorf("the plan asked for: %v, %v", p.Offer.Total(), err)
	}
}

func TestBestOfferRefuses(t *testing.T) {
	w := newWorld(t, noon)
	h := inn(1)
	h.Types = append(h.Types, RoomType{ID: uid.New(), Status: Preparing}, RoomType{ID: uid.New(), Pool: 5, Status: Retired})
	nights := func(first, to int, r Restriction) {
		h.Types[0].Restrictions = h.Types[0].Restrictions.Set(today.Add(first), today.Add(to), r)
	}
	nights(4, 5, ClosedToArrival)
	nights(6, 7, ClosedToDeparture)
	nights(8, 9, Restriction(0).WithMinStay(3).WithMaxStay(3))
	w.publish(t, h)
	asleep := inn(2)
	asleep.Hotel.Status = Preparing
	w.publish(t, asleep)
	for name, c := range map[string]struct {
		change  func(r *StayRequest)
		kind    fault.Kind
		reason  string
		pointer string
	}{
		"no such hotel":         {func(r *StayRequest) { r.Hotel = uid.New() }, fault.NotFound, "hotel_not_found", ""},
		"hotel not ready":       {func(r *StayRequest) { r.Hotel = asleep.Hotel.ID }, fault.NotFound, "hotel_not_found", ""},
		"no such type":          {func(r *StayRequest) { r.RoomType = uid.New() }, fault.NotFound, "room_type_not_found", ""},
		"preparing type":        {func(r *StayRequest) { r.RoomType = h.Types[1].ID }, fault.NotFound, "room_type_not_found", ""},
		"retired type":          {func(r *StayRequest) { r.RoomType = h.Types[2].ID }, fault.NotFound, "room_type_not_found", ""},
		"no such plan":          {func(r *StayRequest) { r.RatePlan = uid.New() }, fault.NotFound, "rate_plan_not_found", ""},
		"backwards":             {func(r *StayRequest) { r.CheckOut = r.CheckIn - 1 }, fault.Invalid, "dates_backwards", "/check_out"},
		"no night":              {func(r *StayRequest) { r.CheckOut = r.CheckIn }, fault.Invalid, "dates_backwards", "/check_out"},
		"400 nights":            {func(r *StayRequest) { r.CheckOut = r.CheckIn + 400 }, fault.Invalid, "stay_too_long", "/check_out"},
		"the longest of all":    {func(r *StayRequest) { r.CheckIn, r.CheckOut = math.MinInt32, math.MaxInt32 }, fault.Invalid, "stay_too_long", "/check_out"},
		"yesterday":             {func(r *StayRequest) { r.CheckIn = today - 1 }, fault.Invalid, "in_past", "/check_in"},
		"beyond":                {func(r *StayRequest) { r.CheckOut = today + worldHorizon + 1 }, fault.Invalid, "beyond_horizon", "/check_out"},
		"far beyond":            {func(r *StayRequest) { r.CheckIn, r.CheckOut = math.MaxInt32-1, math.MaxInt32 }, fault.Invalid, "beyond_horizon", "/check_out"},
		"no room":               {func(r *StayRequest) { r.Rooms = nil }, fault.Invalid, "rooms_out_of_range", "/rooms"},
		"31 rooms":              {func(r *StayRequest) { r.Rooms = make([]offer.Party, 31) }, fault.Invalid, "rooms_out_of_range", "/rooms"},
		"nobody":                {func(r *StayRequest) { r.Rooms = []offer.Party{{Adults: 1}, {}} }, fault.Invalid, "adults_out_of_range", "/rooms/1/adults"},
		"a crowd":               {func(r *StayRequest) { r.Rooms = []offer.Party{{Adults: 21}} }, fault.Invalid, "adults_out_of_range", "/rooms/0/adults"},
		"an adult child":        {func(r *StayRequest) { r.Rooms = []offer.Party{{Adults: 1, ChildAges: []uint8{3, 18}}} }, fault.Invalid, "child_age_out_of_range", "/rooms/0/children_ages/1"},
		"a school class":        {func(r *StayRequest) { r.Rooms = []offer.Party{{Adults: 1, ChildAges: make([]uint8, 10)}} }, fault.Invalid, "children_out_of_range", "/rooms/0/children_ages"},
		"too many for the room": {func(r *StayRequest) { r.Rooms = []offer.Party{{Adults: 3}} }, fault.Invalid, "occupancy_exceeded", "/rooms"},
		"closed to arrival":     {func(r *StayRequest) { r.CheckIn, r.CheckOut = today+4, today+8 }, fault.Invalid, "closed_to_arrival", "/check_in"},
		"closed to departure":   {func(r *StayRequest) { r.CheckOut = today + 6 }, fault.Invalid, "closed_to_departure", "/check_out"},
		"too short":             {func(r *StayRequest) { r.CheckIn, r.CheckOut = today+8, today+10 }, fault.Invalid, "min_stay", "/check_out"},
		"too long":              {func(r *StayRequest) { r.CheckIn, r.CheckOut = today+8, today+12 }, fault.Invalid, "max_stay", "/check_out"},
	} {
		t.Run(name, func(t *testing.T) {
			r := ask(h, 2, 1)
			c.change(&r)
			_, err := w.finder.best(t.Context(), r)
			if !fault.Is(err, c.reason) || fault.KindOf(err) != c.kind {
				t.Fatalf("got %v, want %s", err, c.reason)
			}
			if c.pointer != "" && (len(fault.As(err).Fields) != 1 || fault.As(err).Fields[0].Pointer != c.pointer) {
				t.Errorf("points at %+v, want %s", fault.As(err).Fields, c.pointer)
			}
		})
	}
	for name, r := range map[string]StayRequest{
		"as it is": ask(h, 2, 1), "to the end of the horizon": ask(h, worldHorizon-1, 1), "through a closed arrival": ask(h, 3, 2),
		"through a closed departure": ask(h, 5, 3), "just as long as demanded": ask(h, 8, 3), "today": ask(h, 0, 1),
	} {
		if _, err := w.finder.best(t.Context(), r); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSearchRefuses(t *testing.T) {
	w := newWorld(t, noon)
	h := inn(1)
	w.publish(t, h)
	eur, usd := money.Of(100, "EUR"), money.Of(100, "USD")
	less := money.Of(99, "EUR")
	for name, c := range map[string]struct {
		change  func(q *StayQuery)
		reason  string
		pointer string
	}{
		"nowhere":             {func(q *StayQuery) { q.Hotel = uid.ID{} }, "place_required", "/stay"},
		"two places":          {func(q *StayQuery) { q.Place = "Aa" }, "place_required", "/stay"},
		"a blank":             {func(q *StayQuery) { q.Hotel, q.Place = uid.ID{}, "  " }, "place_invalid", "/stay/place"},
		"a novel":             {func(q *StayQuery) { q.Hotel, q.Place = uid.ID{}, strings.Repeat("ü", 101) }, "place_invalid", "/stay/place"},
		"not text":            {func(q *StayQuery) { q.Hotel, q.Place = uid.ID{}, "a\xff" }, "place_invalid", "/stay/place"},
		"unknown":             {func(q *StayQuery) { q.Hotel, q.Place = uid.ID{}, "Nowhere" }, "place_unknown", ""},
		"other hotel":         {func(q *StayQuery) { q.Hotel = uid.New() }, "hotel_not_found", ""},
		"off the Earth":       {func(q *StayQuery) { q.Hotel, q.Near = uid.ID{}, &Near{90.1, 0, 1} }, "latitude_out_of_range", "/stay/near/latitude"},
		"no number":           {func(q *StayQuery) { q.Hotel, q.Near = uid.ID{}, &Near{0, math.NaN(), 1} }, "longitude_out_of_range", "/stay/near/longitude"},
		"too wide":            {func(q *StayQuery) { q.Hotel, q.Near = uid.ID{}, &Near{0, 0, 501} }, "radius_out_of_range", "/stay/near/radius_km"},
		"a point":             {func(q *StayQuery) { q.Hotel, q.Near = uid.ID{}, &Near{0, 0, 0} }, "radius_out_of_range", "/stay/near/radius_km"},
		"yesterday":           {func(q *StayQuery) { q.CheckIn = today - 1 }, "in_past", "/stay/check_in"},
		"long ago, anywhere":  {func(q *StayQuery) { q.Hotel, q.Place, q.CheckIn = uid.ID{}, "Aa", today-2 }, "in_past", "/stay/check_in"},
		"beyond":              {func(q *StayQuery) { q.CheckOut = today + worldHorizon + 1 }, "beyond_horizon", "/stay/check_out"},
		"beyond anywhere":     {func(q *StayQuery) { q.Hotel, q.Place, q.CheckOut = uid.ID{}, "Aa", today+worldHorizon+2 }, "beyond_horizon", "/stay/check_out"},
		"nobody":              {func(q *StayQuery) { q.Rooms = []offer.Party{{}} }, "adults_out_of_range", "/stay/rooms/0/adults"},
		"no limit":            {func(q *StayQuery) { q.Limit = 0 }, "limit_out_of_range", "/limit"},
		"high limit":          {func(q *StayQuery) { q.Limit = 101 }, "limit_out_of_range", "/limit"},
		"odd order":           {func(q *StayQuery) { q.Sort = ByStars + 1 }, "sort_unknown", "/sort"},
		"two currencies":      {func(q *StayQuery) { q.MinTotal, q.MaxTotal = &eur, &usd }, "currency_mismatch", "/filters/max_total"},
		"a range upside down": {func(q *StayQuery) { q.MinTotal, q.MaxTotal = &eur, &less }, "range_backwards", "/filters/max_total"},
		"a list of wishes":    {func(q *StayQuery) { q.Amenities = make([]string, 51) }, "too_many_amenities", "/filters/amenities"},
	} {
		q := stayOf(h, 1, 1)
		c.change(&q)
		_, err := w.finder.search(t.Context(), q)
		if !fault.Is(err, c.reason) {
			t.Errorf("%s: got %v, want %s", name, err, c.reason)
			continue
		}
		if c.pointer != "" && (len(fault.As(err).Fields) != 1 || fault.As(err).Fields[0].Pointer != c.pointer) {
			t.Errorf("%s: points at %+v, want %s", name, fault.As(err).Fields, c.pointer)
		}
	}
}

// Check-in and check-out are wall clock times of the hotel, on the nights the clocks change too, and hours before
// check-in are hours that pass.
func TestTermsOnClockChanges(t *testing.T) {
	for _, c := range []struct{ zone, in, out, free, ends string }{
		{"Europe/Berlin", "2026-03-28", "2026-03-29", "2026-03-27T14:00:00Z", "2026-03-29T09:00:00Z"},    // forward in the stay
		{"Europe/Berlin", "2026-03-29", "2026-03-30", "2026-03-28T13:00:00Z", "2026-03-30T09:00:00Z"},    // 24 h before 15:00 was 14:00
		{"Europe/Berlin", "2026-10-25", "2026-10-26", "2026-10-24T14:00:00Z", "2026-10-26T10:00:00Z"},    // and 16:00
		{"America/New_York", "2026-11-01", "2026-11-02", "2026-10-31T20:00:00Z", "2026-11-02T16:00:00Z"}, // back
		{"Pacific/Apia", "2026-03-01", "2026-03-02", "2026-02-28T02:00:00Z", "2026-03-01T22:00:00Z"},
		{"Asia/Kathmandu", "2026-03-02", "2026-03-03", "2026-03-01T09:15:00Z", "2026-03-03T05:15:00Z"},
	} {
		h := inn(1)
		h.Hotel.TimeZone = c.zone
		l, err := newListing(h, zone(c.zone), 0, 1)
		if err != nil {
			t.Fatal(err)
		}
		p := RatePlan{FreeUntilHours: 24, FeeBP: 5_000}
		s := stay{civil.MustParse(c.in), civil.MustParse(c.out)}
		free, err := time.Parse(time.RFC3339, c.free)
		if err != nil {
			t.Fatal(err)
		}
		got := l.terms(&p, s, free.Add(-time.Second))
		if got.FreeUntil.Format(time.RFC3339) != c.free || got.EndsAt.Format(time.RFC3339) != c.ends || got.FeeBP != 5_000 {
			t.Errorf("%s %s: free until %v, ends %v; want %s, %s", c.zone, c.in, got.FreeUntil, got.EndsAt, c.free, c.ends)
		}
		if got := l.terms(&p, s, free); !got.FreeUntil.IsZero() {
			t.Errorf("%s %s: still free at the instant it ends", c.zone, c.in)
		}
		p.FreeUntilHours = -1
		if got := l.terms(&p, s, free.Add(-time.Hour)); !got.FreeUntil.IsZero() {
			t.Errorf("%s %s: a plan that is never free is", c.zone, c.in)
		}
	}
}

// At one instant it is the last of February on Midway and the second of March on Kiritimati: each hotel goes by its
// own date.
func TestTodayAtTheDateLine(t *testing.T) {
	w := newWorld(t, time.Date(2026, 3, 1, 10, 30, 0, 0, time.UTC))
	west, east := inn(1), inn(2)
	west.Hotel.TimeZone, east.Hotel.TimeZone = "Pacific/Midway", "Pacific/Kiritimati"
	west.Hotel.Longitude, east.Hotel.Longitude = -179.9, 179.8 // the circle's centre lies between, nearer to the west
	w.publish(t, west)
	w.publish(t, east)
	for night := -1; night < worldHorizon+2; night++ {
		w.finder.slots([]reservation.SlotRow{w.next(1, today.Add(night), 1), w.next(2, today.Add(night), 1)})
	}
	found := func(in, out civil.Date) (hotels string) {
		ps, err := w.finder.search(t.Context(), StayQuery{
			Near: &Near{0, 180, 100}, CheckIn: in, CheckOut: out, Rooms: parties["couple"], Limit: 10, Sort: ByDistance,
		})
		if err != nil {
			return fault.As(err).Reason
		}
		for _, p := range ps {
			hotels += map[string]string{"Pacific/Midway": "w", "Pacific/Kiritimati": "e"}[p.House.Hotel.TimeZone]
		}
		return hotels
	}
	last := today + worldHorizon
	for _, c := range []struct {
		in, out civil.Date
		want    string
	}{
		{today - 2, today + 3, "in_past"},
		{today - 1, today + 3, "w"},
		{today, today + 3, "w"},
		{today + 1, today + 3, "we"},
		{last - 2, last - 1, "we"},
		{last - 2, last, "e"},
		{last - 2, last + 1, "e"},
		{last - 2, last + 2, "beyond_horizon"},
	} {
		if got := found(c.in, c.out); got != c.want {
			t.Errorf("%s to %s: found %q, want %q", c.in, c.out, got, c.want)
		}
	}
	r := ask(west, -1, 1)
	if _, err := w.finder.best(t.Context(), r); err != nil {
		t.Errorf("tonight on Midway: %v", err)
	}
	r = ask(east, 0, 1)
	if _, err := w.finder.best(t.Context(), r); !fault.Is(err, "in_past") {
		t.Errorf("last night on Kiritimati: %v", err)
	}
}

// Amounts of two currencies are never compared: the currency of the most hotels comes first, whatever the numbers.
func TestCurrenciesAreGrouped(t *testing.T) {
	w := newWorld(t, noon)
	for i, c := range []money.Currency{"USD", "EUR", "JPY", "EUR", "USD", "EUR"} {
		h := inn(stock.PoolID(i + 1))
		h.Hotel.Currency, h.Types[0].BasePrice = c, int64(1_000*(10-i))
		w.publish(t, h)
		w.stocked(h.Types[0].Pool, 1)
	}
	q := StayQuery{Place: "aa", CheckIn: today, CheckOut: today + 1, Rooms: parties["couple"], Limit: 10}
	ps, err := w.finder.search(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, p := range ps {
		got = append(got, p.Offer.Total().String())
	}
	if want := "50.00 EUR, 70.00 EUR, 90.00 EUR, 60.00 USD, 100.00 USD, 8000 JPY"; strings.Join(got, ", ") != want {
		t.Errorf("got %v, want %s", got, want)
	}
}

// Thirty rooms of one kind fit an offer; too many different ones are refused with words, never cut.
func TestOfferBound(t *testing.T) {
	w := newWorld(t, noon)
	h := inn(1)
	h.Types[0].Occupancy = Occupancy{20, 9}
	w.publish(t, h)
	w.stocked(1, 50)
	r := ask(h, 0, 1)
	r.Rooms = make([]offer.Party, MaxRooms)
	for i := range r.Rooms {
		r.Rooms[i] = offer.Party{Adults: 2, ChildAges: []uint8{1, 2, 3, 4, 5, 6, 7, 8, 9}}
	}
	if _, err := w.finder.best(t.Context(), r); err != nil {
		t.Errorf("thirty rooms alike: %v", err)
	}
	for i := range r.Rooms {
		r.Rooms[i].Adults = uint8(1 + i%20)
	}
	if _, err := w.finder.best(t.Context(), r); !fault.Is(err, reasonTooLarge) || fault.KindOf(err) != fault.Invalid {
		t.Errorf("thirty rooms of their own: %v", err)
	}
	q := stayOf(h, 0, 1)
	q.Rooms = r.Rooms
	if _, err := w.finder.search(t.Context(), q); !fault.Is(err, reasonTooLarge) {
		t.Errorf("searching for them: %v", err)
	}
}

func TestOffersCarryTheirAudience(t *testing.T) {
	w := newWorld(t, noon)
	h := inn(1)
	w.publish(t, h)
	w.stocked(1, 1)
	q := stayOf(h, 0, 1)
	q.Audience = "client-7"
	ps, err := w.finder.search(t.Context(), q)
	if err != nil || len(ps) != 1 {
		t.Fatal(err, len(ps))
	}
	if o, err := w.sealer.Open(ps[0].Sealed); err != nil || o.Audience != "client-7" {
		t.Errorf("audience %q, %v", o.Audience, err)
	}
}

// Before the sealing secret is known nothing is offered, and callers are asked to come back.
func TestNoOffersWithoutASealer(t *testing.T) {
	f := newFinder(finderDeps{Clock: clock.Still(noon), OfferLife: time.Minute, Horizon: worldHorizon})
	h := inn(1)
	f.publish(h)
	if _, err := f.best(t.Context(), ask(h, 0, 1)); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("got %v", err)
	}
}
