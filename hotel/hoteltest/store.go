package hoteltest

import (
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"holdfast/fault"
	"holdfast/hotel"
	"holdfast/offer"
	"holdfast/stock"
	"holdfast/uid"
)

// RunStore tests that a store is one.
func RunStore(t *testing.T, open Open) {
	for _, test := range []struct {
		name string
		run  func(*testing.T, func() hotel.Store)
	}{
		{"keeps everything", storeKeeps},
		{"changes rows", storeChanges},
		{"refuses stale writes whole", storeStale},
		{"refuses what is taken", storeTaken},
		{"guards its rows", storeGuards},
		{"shows changes in order", storeOrder},
		{"skips no change of concurrent writers", storeConcurrent},
		{"knows the last write", storeLanded},
		{"keeps versions", storeVersions},
		{"keeps commands in order", storeCommands},
		{"leases queues", storeLeases},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, open(t)) })
	}
}

// opened opens a store for one test.
func opened(t *testing.T, store func() hotel.Store) hotel.Store {
	t.Helper()
	s := store()
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// pools numbers the pools of these tests: two room types never share one.
var pools atomic.Int64

// full is a house that uses every column.
func full() *hotel.House {
	id, typ, other, plan, room := uid.New(), uid.New(), uid.New(), uid.New(), uid.New()
	at := noon.Add(123456 * time.Microsecond)
	r := hotel.Restriction(0).WithMinStay(2).WithMaxStay(14) | hotel.ClosedToArrival
	return &hotel.House{
		Hotel: hotel.Hotel{
			ID: id, Supplier: uid.New(), Name: "Hôtel \"de l'Île\" 旅館", Stars: 5, Address: "1, Rue; --", PostalCode: "012345", City: "Zürich", Country: "CH",
			Latitude: 47.376886999999995, Longitude: -8.541694, TimeZone: "Europe/Zurich", Currency: "CHF", Amenities: []string{"wifi", "air_conditioning"},
			CheckInFrom: "15:30", CheckOutUntil: "10:00", OverbookingBP: -500, Capacity: ptr[int32](90), CapPool: 7, ExternalRef: "ref 1",
			Levies: []hotel.Levy{
				{Kind: offer.Tax, Code: "vat", Rule: hotel.PercentOfBase, BP: 810, Included: true},
				{Kind: offer.Fee, Code: "resort", Rule: hotel.PerStay, Minor: hotel.MaxPriceMinor},
			},
			Status: hotel.Active, CreatedAt: at, UpdatedAt: at.Add(time.Hour),
		},
		Types: []hotel.RoomType{
			{
				ID: typ, Hotel: id, Name: "Double", Occupancy: hotel.Occupancy{Adults: 2, Children: 3}, BasePrice: hotel.MaxPriceMinor, Capacity: 60,
				OverbookingBP: ptr[int32](0), Pool: stock.PoolID(pools.Add(1)), Status: hotel.Active, CreatedAt: at, UpdatedAt: at,
				Rates:        hotel.Line[int64]{{From: 20000, To: 20003, Value: 0}, {From: 20003, To: 20100, Value: 12345}},
				Restrictions: hotel.Line[hotel.Restriction]{{From: 20001, To: 20002, Value: r}},
			},
			{ID: other, Hotel: id, Name: "Attic", Occupancy: hotel.Occupancy{Adults: 1}, Capacity: 1, Status: hotel.Preparing, CreatedAt: at, UpdatedAt: at},
		},
		Rooms: []hotel.Room{
			{ID: room, Hotel: id, RoomType: typ, Number: "101", OutOfOrder: []hotel.Outage{{From: 20005, To: 20006, Reason: "paint"}, {From: 20005, To: 20009}}, CreatedAt: at, UpdatedAt: at},
			{ID: uid.New(), Hotel: id, RoomType: other, Number: "102", CreatedAt: at, UpdatedAt: at},
		},
		Plans: []hotel.RatePlan{{
			ID: plan, Version: uid.New(), Hotel: id, Name: "Half board", Board: hotel.HalfBoard, PercentBP: 9500, Amount: -250, IncludedAdults: 2, ExtraAdult: 4000,
			ChildBands: []hotel.ChildBand{{UpToAge: 2}, {UpToAge: 11, Minor: 1500}}, FreeUntilHours: -1, FeeBP: 5000,
			Overrides: map[uid.ID]hotel.Line[int64]{typ: {{From: 20050, To: 20060, Value: 99}}}, RoomTypes: []uid.ID{typ, other},
			Status: hotel.Active, CreatedAt: at, UpdatedAt: at,
		}},
		Revision: 1, NightsTo: 20730,
	}
}

// whole is the change that stores a new house.
func whole(h *hotel.House) hotel.HouseChange {
	c := hotel.HouseChange{House: h, Types: h.Types, Rooms: h.Rooms, Plans: h.Plans}
	for i := range h.Types {
		t := &h.Types[i]
		c.Rates = append(c.Rates, hotel.LineChange[int64]{RoomType: t.ID, Set: t.Rates})
		c.Restrictions = append(c.Restrictions, hotel.LineChange[hotel.Restriction]{RoomType: t.ID, Set: t.Restrictions})
	}
	for i := range h.Plans {
		p := &h.Plans[i]
		c.Versions = append(c.Versions, p.Version)
		for t, l := range p.Overrides {
			c.Overrides = append(c.Overrides, hotel.LineChange[int64]{Plan: p.ID, RoomType: t, Set: l})
		}
	}
	return c
}

// write stores changes that must succeed.
func write(t *testing.T, s hotel.Store, changes ...hotel.HouseChange) int64 {
	t.Helper()
	return must[int64](t)(s.Write(t.Context(), hotel.Write{ID: uid.New(), Houses: changes}))
}

// stored is a house as the store has it.
func stored(t *testing.T, s hotel.Store, id uid.ID) *hotel.House {
	t.Helper()
	return must[*hotel.House](t)(s.House(t.Context(), id))
}

func storeKeeps(t *testing.T, store func() hotel.Store) {
	s := opened(t, store)
	if h := stored(t, s, uid.New()); h != nil {
		t.Fatalf("an empty store has %v", h)
	}
	a, b := full(), full()
	change := write(t, s, whole(a), whole(b))
	for _, h := range []*hotel.House{a, b} {
		same(t, "house", stored(t, s, h.Hotel.ID), h)
	}
	houses, next, err := s.Changed(t.Context(), hotel.Point{}, 10)
	if err != nil || next.Change != change || len(houses) != 2 {
		t.Fatalf("got %d houses up to %+v, error %v; want 2 up to %d", len(houses), next, err, change)
	}
	want := []*hotel.House{a, b}
	slices.SortFunc(want, func(x, y *hotel.House) int { return slices.Compare(x.Hotel.ID[:], y.Hotel.ID[:]) })
	same(t, "changed houses", houses, want)
	if houses, again, err := s.Changed(t.Context(), next, 10); err != nil || len(houses) != 0 || again != next {
		t.Fatalf("after the last change: %d houses, %+v, %v", len(houses), again, err)
	}
	// Another process reads the same.
	same(t, "house read by another process", stored(t, opened(t, store), a.Hotel.ID), a)
}

func storeChanges(t *testing.T, store func() hotel.Store) {
	s := opened(t, store)
	h := full()
	write(t, s, whole(h))

	h.Revision, h.NightsTo = 2, 20731
	h.Hotel.Name, h.Hotel.Capacity, h.Hotel.Amenities, h.Hotel.Levies = "Other", nil, nil, h.Hotel.Levies[1:]
	h.Types[0].BasePrice, h.Types[0].OverbookingBP = 0, nil
	h.Types[1].Status, h.Types[1].Pool = hotel.Active, stock.PoolID(pools.Add(1))
	h.Types[0].Rates = hotel.Line[int64]{{From: 20000, To: 20002, Value: 5}, {From: 20002, To: 20003, Value: 6}}
	h.Types[0].Restrictions = nil
	gone := h.Rooms[1].ID
	h.Rooms = h.Rooms[:1]
	h.Rooms[0].Number, h.Rooms[0].OutOfOrder = "201", h.Rooms[0].OutOfOrder[:1]
	p := &h.Plans[0]
	p.Version, p.Name, p.UpdatedAt = uid.New(), "Renamed", p.UpdatedAt.Add(time.Minute)
	p.Overrides = map[uid.ID]hotel.Line[int64]{h.Types[1].ID: {{From: 20001, To: 20002, Value: 7}}}
	write(t, s, hotel.HouseChange{
		House: h, Replaces: 1, Types: h.Types, Rooms: h.Rooms, GoneRooms: []uid.ID{gone}, Plans: h.Plans, Versions: []uid.ID{p.Version},
		Rates: []hotel.LineChange[int64]{{
			RoomType: h.Types[0].ID, Gone: nil, Set: h.Types[0].Rates[:1],
		}, {RoomType: h.Types[0].ID, Set: h.Types[0].Rates[1:]}, {RoomType: h.Types[0].ID, Gone: []hotelDate{20003}}},
		Restrictions: []hotel.LineChange[hotel.Restriction]{{RoomType: h.Types[0].ID, Gone: []hotelDate{20001}}},
		Overrides: []hotel.LineChange[int64]{
			{Plan: p.ID, RoomType: h.Types[0].ID, Gone: []hotelDate{20050}},
			{Plan: p.ID, RoomType: h.Types[1].ID, Set: p.Overrides[h.Types[1].ID]},
		},
	})
	same(t, "changed house", stored(t, s, h.Hotel.ID), h)
}

func storeStale(t *testing.T, store func() hotel.Store) {
	s := opened(t, store)
	a, b := full(), full()
	write(t, s, whole(a), whole(b))
	before := must[int64](t)(s.Write(t.Context(), hotel.Write{ID: uid.New()}))

	a2, b2 := *a, *b
	a2.Revision, b2.Revision = 2, 9
	a2.Hotel.Name = "must not be stored"
	w := hotel.Write{
		ID: uid.New(), Houses: []hotel.HouseChange{{House: &a2, Replaces: 1}, {House: &b2, Replaces: 8}},
		Commands: []hotel.Command{{Hotel: a.Hotel.ID, NightsTo: 1}},
	}
	if _, err := s.Write(t.Context(), w); !errors.Is(err, hotel.ErrStale) {
		t.Fatalf("got %v, want ErrStale", err)
	}
	same(t, "house after a refused write", stored(t, s, a.Hotel.ID), a)
	if hotels, err := s.Waiting(t.Context(), true, 10); err != nil || len(hotels) != 0 {
		t.Fatalf("a refused write left commands: %v, %v", hotels, err)
	}
	// A guard alone is refused too, and one that holds changes nothing but queues its command.
	b3 := *b
	b3.Revision = 5
	if _, err := s.Write(t.Context(), hotel.Write{ID: uid.New(), Houses: []hotel.HouseChange{{House: &b3, Replaces: 5}}}); !errors.Is(err, hotel.ErrStale) {
		t.Fatalf("got %v, want ErrStale", err)
	}
	after := must[int64](t)(s.Write(t.Context(), hotel.Write{
		ID: uid.New(), Houses: []hotel.HouseChange{{House: b, Replaces: 1}}, Commands: []hotel.Command{{Hotel: b.Hotel.ID, NightsTo: 1}},
	}))
	if after <= before {
		t.Errorf("change numbers go from %d to %d", before, after)
	}
	same(t, "guarded house", stored(t, s, b.Hotel.ID), b)
	if hotels, err := s.Waiting(t.Context(), true, 10); err != nil || !slices.Equal(hotels, []uid.ID{b.Hotel.ID}) {
		t.Fatalf("waiting: %v, %v", hotels, err)
	}
}

func storeTaken(t *testing.T, store func() hotel.Store) {
	s := opened(t, store)
	a, b := full(), full()
	b.Hotel.Supplier = a.Hotel.Supplier
	write(t, s, whole(a))
	if _, err := s.Write(t.Context(), hotel.Write{ID: uid.New(), Houses: []hotel.HouseChange{whole(b)}}); !errors.Is(err, hotel.ErrTaken) {
		t.Fatalf("the same reference twice: %v, want ErrTaken", err)
	}
	if stored(t, s, b.Hotel.ID) != nil {
		t.Fatal("a refused hotel is stored")
	}
	// A retired hotel gives its reference up; hotels without one do not collide.
	a.Revision, a.Hotel.Status = 2, hotel.Retired
	write(t, s, hotel.HouseChange{House: a, Replaces: 1})
	free := full()
	free.Hotel.Supplier, free.Hotel.ExternalRef = a.Hotel.Supplier, ""
	none := full()
	none.Hotel.Supplier, none.Hotel.ExternalRef = a.Hotel.Supplier, ""
	for _, h := range []*hotel.House{free, none} {
		for i := range h.Types {
			h.Types[i].Pool, h.Types[i].Status = 0, hotel.Preparing
		}
	}
	b.Types = nil
	b.Rooms, b.Plans[0].Overrides = nil, nil
	write(t, s, whole(b), whole(free), whole(none))

	free.Revision = 2
	room := hotel.Room{ID: uid.New(), Hotel: free.Hotel.ID, RoomType: free.Types[0].ID, Number: free.Rooms[0].Number, CreatedAt: noon, UpdatedAt: noon}
	_, err := s.Write(t.Context(), hotel.Write{ID: uid.New(), Houses: []hotel.HouseChange{{House: free, Replaces: 1, Rooms: []hotel.Room{room}}}})
	if !errors.Is(err, hotel.ErrTaken) {
		t.Fatalf("a room number twice: %v, want ErrTaken", err)
	}
}

// storeGuards holds the database itself to what must never be stored.
func storeGuards(t *testing.T, store func() hotel.Store) {
	s := opened(t, store)
	for name, spoil := range map[string]func(h *hotel.House){
		"an active room type without stock": func(h *hotel.House) { h.Types[0].Pool = 0 },
		"a negative price":                  func(h *hotel.House) { h.Types[0].BasePrice = -1 },
		"a negative capacity":               func(h *hotel.House) { h.Types[0].Capacity = -1 },
		"a night of less than nothing":      func(h *hotel.House) { h.Types[0].Rates[0].To = h.Types[0].Rates[0].From },
		"a latitude beyond the pole":        func(h *hotel.House) { h.Hotel.Latitude = 90.5 },
		"a sixth star":                      func(h *hotel.House) { h.Hotel.Stars = 6 },
		"a room of another hotel's type":    func(h *hotel.House) { h.Rooms[0].RoomType = uid.New() },
		"a fee beyond the whole":            func(h *hotel.House) { h.Plans[0].FeeBP = 10_001 },
		"a hotel without a name":            func(h *hotel.House) { h.Hotel.Name = "" },
	} {
		h := full()
		spoil(h)
		_, err := s.Write(t.Context(), hotel.Write{ID: uid.New(), Houses: []hotel.HouseChange{whole(h)}})
		if fault.KindOf(err) != fault.Internal || errors.Is(err, hotel.ErrTaken) || errors.Is(err, hotel.ErrStale) {
			t.Errorf("%s: %v, want a refusal by the database", name, err)
		}
		if stored(t, s, h.Hotel.ID) != nil {
			t.Errorf("%s is stored", name)
		}
	}
}

func storeOrder(t *testing.T, store func() hotel.Store) {
	s := opened(t, store)
	const n = 7
	var houses []*hotel.House
	for range n {
		h := plain()
		houses = append(houses, h)
		write(t, s, whole(h))
	}
	// Touch the second: it moves to the end.
	houses[1].Revision = 2
	write(t, s, hotel.HouseChange{House: houses[1], Replaces: 1})
	want := append(slices.Clone(houses[:1]), append(slices.Clone(houses[2:]), houses[1])...)
	var got []*hotel.House
	var point hotel.Point
	for {
		page, next, err := s.Changed(t.Context(), point, 3)
		if err != nil {
			t.Fatal(err)
		}
		got, point = append(got, page...), next
		if len(page) < 3 {
			break
		}
	}
	same(t, "houses in the order of their last change", got, want)
}

// plain is a house with nothing in it.
func plain() *hotel.House {
	h := full()
	h.Types, h.Rooms, h.Plans, h.Hotel.ExternalRef = nil, nil, nil, ""
	return h
}

// storeConcurrent has several processes write while one follows: it must see every house in its last state, although
// it never looks back.
func storeConcurrent(t *testing.T, store func() hotel.Store) {
	const writers, writes = 4, 12
	type state struct {
		id       uid.ID
		revision int64
	}
	last := make([]state, writers)
	done := make(chan struct{})
	var running sync.WaitGroup
	for n := range writers {
		s := opened(t, store)
		running.Go(func() {
			h := plain()
			c := whole(h)
			for range writes {
				if _, err := s.Write(t.Context(), hotel.Write{ID: uid.New(), Houses: []hotel.HouseChange{c}}); err != nil {
					t.Errorf("writer %d: %v", n, err)
					return
				}
				c = hotel.HouseChange{House: h, Replaces: h.Revision}
				h.Revision++
			}
			last[n] = state{h.Hotel.ID, h.Revision - 1}
		})
	}
	go func() {
		running.Wait()
		close(done)
	}()
	s := opened(t, store)
	seen := map[uid.ID]int64{}
	var point hotel.Point
	follow := func() {
		for {
			page, next, err := s.Changed(t.Context(), point, 3)
			if err != nil {
				t.Error(err)
				return
			}
			for _, h := range page {
				if h.Revision <= seen[h.Hotel.ID] {
					t.Errorf("hotel went from revision %d to %d", seen[h.Hotel.ID], h.Revision)
				}
				seen[h.Hotel.ID] = h.Revision
			}
			point = next
			if len(page) < 3 {
				return
			}
		}
	}
	for open := true; open; {
		select {
		case <-done:
			open = false
		default:
		}
		follow()
	}
	for n, l := range last {
		if seen[l.id] != l.revision {
			t.Errorf("writer %d ended at revision %d, the follower saw %d", n, l.revision, seen[l.id])
		}
	}
}

func storeLanded(t *testing.T, store func() hotel.Store) {
	s := opened(t, store)
	h := full()
	first, second := uid.New(), uid.New()
	if landed, err := s.Landed(t.Context(), h.Hotel.ID, first); err != nil || landed {
		t.Fatalf("before any write: %t, %v", landed, err)
	}
	must[int64](t)(s.Write(t.Context(), hotel.Write{ID: first, Houses: []hotel.HouseChange{whole(h)}}))
	if landed, err := s.Landed(t.Context(), h.Hotel.ID, first); err != nil || !landed {
		t.Fatalf("after the write: %t, %v", landed, err)
	}
	if landed, err := s.Landed(t.Context(), h.Hotel.ID, second); err != nil || landed {
		t.Fatalf("another write: %t, %v", landed, err)
	}
}

func storeVersions(t *testing.T, store func() hotel.Store) {
	s := opened(t, store)
	h := full()
	write(t, s, whole(h))
	p := &h.Plans[0]
	want := []hotel.PlanVersion{{ID: p.Version, CreatedAt: p.UpdatedAt}}
	for range 3 {
		p.Version, p.UpdatedAt = uid.New(), p.UpdatedAt.Add(time.Second)
		h.Revision++
		write(t, s, hotel.HouseChange{House: h, Replaces: h.Revision - 1, Plans: h.Plans, Versions: []uid.ID{p.Version}})
		want = append([]hotel.PlanVersion{{ID: p.Version, CreatedAt: p.UpdatedAt}}, want...)
	}
	same(t, "versions", must[[]hotel.PlanVersion](t)(s.Versions(t.Context(), h.Hotel.ID, p.ID, 3)), want[:3])
	same(t, "house", stored(t, s, h.Hotel.ID), h)

	// A version that exists is not written again, whatever a write says.
	changed := p.Name
	p.Name = "must not be stored"
	h.Revision++
	write(t, s, hotel.HouseChange{House: h, Replaces: h.Revision - 1, Plans: h.Plans})
	if got := stored(t, s, h.Hotel.ID).Plans[0].Name; got != changed {
		t.Errorf("a version changed its name from %q to %q", changed, got)
	}
}
