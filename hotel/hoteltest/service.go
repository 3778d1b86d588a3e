package hoteltest

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"holdfast/fault"
	"holdfast/hotel"
	"holdfast/uid"
)

// RunService tests the service on a store, with the real service reservation behind it.
func RunService(t *testing.T, rig Rig) {
	for _, test := range []struct {
		name string
		run  func(*world)
	}{
		{"creates hotels", createsHotels},
		{"refuses impossible values, all at once", refusesValues},
		{"keeps suppliers apart", keepsApart},
		{"guards revisions", guardsRevisions},
		{"lists by name", lists},
		{"updates hotels", updatesHotels},
		{"sells a room type to its limit", sells},
		{"changes capacity and overbooking", changesCapacity},
		{"sets inventory", setsInventory},
		{"sets rates and overrides", setsRates},
		{"keeps rate plan versions", keepsPlans},
		{"revokes offers", revokes},
		{"takes rooms out of order", takesOutOfOrder},
		{"deletes what nobody has reserved", deletes},
		{"caps a whole house", caps},
		{"rolls the horizon forward", rolls},
		{"puts past nights away", archives},
		{"waits for reservation", waits},
		{"keeps commands in their order", keepsOrder},
		{"undoes what reservation refuses", undoes},
		{"resumes after a crash", resumes},
		{"finds out what became of a write", findsOut},
		{"works as several processes", several},
		{"has in memory what is stored", memoryIsStore},
		{"imports a file", imports},
		{"imports nothing by halves", importsWhole},
		{"imports what changed", importsChanges},
		{"resumes an import", resumesImport},
		{"imports Singapore", importsSingapore},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(newWorld(t, rig)) })
	}
}

func createsHotels(w *world) {
	h := w.hotel()
	if h.Hotel.Status != hotel.Active || h.Revision != 1 || len(h.Plans) != 1 {
		w.t.Fatalf("a new hotel is %s at revision %d with %d rate plans", h.Hotel.Status, h.Revision, len(h.Plans))
	}
	if p := h.Plans[0]; p.Board != hotel.RoomOnly || p.PercentBP != 10_000 || p.FreeUntilHours != 24 || p.FeeBP != 10_000 {
		w.t.Errorf("its rate plan is %+v", p)
	}
	if h.Hotel.CheckInFrom != "15:00" || h.Hotel.CheckOutUntil != "11:00" {
		w.t.Errorf("check-in from %s, check-out until %s", h.Hotel.CheckInFrom, h.Hotel.CheckOutUntil)
	}
	rt := w.roomType(h, 10)
	if rt.Status != hotel.Active || rt.Pool == 0 {
		w.t.Fatalf("a new room type is %s with pool %d", rt.Status, rt.Pool)
	}
	if n := w.nights(rt.Pool); n != 730 {
		w.t.Errorf("it has %d nights, want 730", n)
	}
	for d, exists := range map[int]bool{-1: false, 0: true, 729: true, 730: false} {
		nights := must[[]hotel.Night](w.t)(w.core.Inventory(w.t.Context(), h.Hotel.ID, rt.ID, today.Add(d), today.Add(d+1)))
		if (len(nights) == 1) != exists {
			w.t.Errorf("night of day %d exists: %t, want %t", d, !exists, exists)
		}
	}
	if n := w.night(rt, today); n.Physical != 10 || n.Target != 11 || n.Available != 11 || n.Price != 18000 {
		w.t.Errorf("10 rooms + 10 %% are %+v", n)
	}
	if n := w.night(w.roomType(h, 4), today); n.Target != 4 {
		w.t.Errorf("4 rooms + 10 %% are %d, want 4", n.Target)
	}
	// The public sees it at once, and so does search.
	public := must[*hotel.House](w.t)(w.core.House(w.t.Context(), nil, h.Hotel.ID))
	same(w.t, "public house", public, w.house(h.Hotel.ID))
	if found := w.find(h.Hotel.ID, today+1, today+3); len(found) != 2 {
		w.t.Errorf("search finds %d room types, want 2", len(found))
	}
	if _, err := w.core.House(w.t.Context(), &operator, uid.New()); !fault.Is(err, "hotel_not_found") {
		w.t.Errorf("an unknown hotel: %v", err)
	}
}

func refusesValues(w *world) {
	h := w.lion()
	h.Name, h.Stars, h.Country, h.Latitude, h.Longitude, h.TimeZone, h.Currency = " \t", 6, "SI ", 91, -181, "SGT", "sgd"
	h.City, h.Address, h.CheckInFrom, h.OverbookingBP = strings.Repeat("x", 101), "a\x00b", "25:00", 30_000
	h.Amenities = []string{"Wi-Fi"}
	h.Levies = append(h.Levies, hotel.Levy{Kind: 9, Code: "a_very_long_code", Rule: 9})
	_, err := w.core.CreateHotel(w.t.Context(), w.staff, h)
	wantReason(w.t, err, "validation_failed")
	var got []string
	for _, f := range fault.As(err).Fields {
		got = append(got, f.Pointer)
	}
	slices.Sort(got)
	same(w.t, "wrong places", got, []string{
		"/address", "/amenities/0", "/check_in_from", "/city", "/country", "/currency", "/latitude", "/levies/2/code", "/levies/2/kind", "/levies/2/rule",
		"/longitude", "/name", "/overbooking_bp", "/stars", "/time_zone",
	})
	invalid := w.lion()
	invalid.Name = "\xff\xfe"
	_, err = w.core.CreateHotel(w.t.Context(), w.staff, invalid)
	wantReason(w.t, err, "validation_failed")
	if houses, _, err := w.core.Houses(w.t.Context(), hotel.ListQuery{Limit: 10, Editor: &operator}); err != nil || len(houses) != 0 {
		w.t.Errorf("refused hotels are there: %d, %v", len(houses), err)
	}

	house := w.hotel()
	rt := w.roomType(house, 3)
	ctx := w.t.Context()
	bad := hotel.RoomType{Hotel: house.Hotel.ID, Name: "", Occupancy: hotel.Occupancy{Adults: 0, Children: 10}, BasePrice: -1, Capacity: 0, OverbookingBP: ptr[int32](20_001)}
	_, _, err = w.core.CreateRoomType(ctx, w.staff, bad)
	wantFields(w.t, err, "/base_price", "/capacity", "/name", "/occupancy/adults", "/occupancy/children", "/overbooking_bp")
	_, _, err = w.core.CreateRoom(ctx, w.staff, hotel.Room{Hotel: house.Hotel.ID, RoomType: uid.New(), Number: "", OutOfOrder: []hotel.Outage{{From: 5, To: 5}}})
	wantFields(w.t, err, "/number", "/out_of_order/0/to", "/room_type_id")
	_, _, err = w.core.CreateRatePlan(ctx, w.staff, hotel.RatePlan{
		Hotel: house.Hotel.ID, Name: "x", Board: 9, PercentBP: -1, FreeUntilHours: -2, FeeBP: 10_001, RoomTypes: []uid.ID{rt.ID, rt.ID, uid.New()},
		ChildBands: []hotel.ChildBand{{UpToAge: 5}, {UpToAge: 5, Minor: -1}},
	})
	wantFields(w.t, err, "/board", "/child_bands/1/minor", "/child_bands/1/up_to_age", "/fee_bp", "/free_until_hours", "/percent_bp", "/room_types/1", "/room_types/2")
	if w.house(house.Hotel.ID).Revision != 3 {
		w.t.Error("a refused write changed the house")
	}
}

// wantFields is for calls that must be refused for just these places.
func wantFields(t testing.TB, err error, pointers ...string) {
	t.Helper()
	wantReason(t, err, "validation_failed")
	var got []string
	for _, f := range fault.As(err).Fields {
		got = append(got, f.Pointer)
	}
	slices.Sort(got)
	same(t, "wrong places", got, pointers)
}

func keepsApart(w *world) {
	ctx, h := w.t.Context(), w.hotel()
	rt := w.roomType(h, 5)
	id, plan := h.Hotel.ID, h.Plans[0]
	_, room, err := w.core.CreateRoom(ctx, w.staff, hotel.Room{Hotel: id, RoomType: rt.ID, Number: "1"})
	if err != nil {
		w.t.Fatal(err)
	}
	before := w.house(id)
	foreign := hotel.Editor{Subject: "other", Supplier: uid.New()}
	for name, call := range map[string]func() error{
		"update hotel": func() error { _, err := w.core.UpdateHotel(ctx, foreign, h.Hotel, 0); return err },
		"delete hotel": func() error { return w.core.DeleteHotel(ctx, foreign, id, 0) },
		"create type":  func() error { _, _, err := w.core.CreateRoomType(ctx, foreign, double(h, 1)); return err },
		"update type":  func() error { _, err := w.core.UpdateRoomType(ctx, foreign, *rt, 0); return err },
		"delete type":  func() error { return w.core.DeleteRoomType(ctx, foreign, id, rt.ID, 0) },
		"rates": func() error {
			_, err := w.core.SetRates(ctx, foreign, hotel.RateChange{Hotel: id, RoomType: rt.ID, From: today, To: today + 1, Minor: ptr[int64](1)})
			return err
		},
		"inventory": func() error {
			_, err := w.core.SetInventory(ctx, foreign, hotel.InventoryChange{Hotel: id, RoomType: rt.ID, From: today, To: today + 1, Closed: ptr(true)})
			return err
		},
		"create room": func() error {
			_, _, err := w.core.CreateRoom(ctx, foreign, hotel.Room{Hotel: id, RoomType: rt.ID, Number: "2"})
			return err
		},
		"update room": func() error {
			_, err := w.core.UpdateRoom(ctx, foreign, hotel.Room{ID: room, Hotel: id, RoomType: rt.ID, Number: "3"}, 0)
			return err
		},
		"delete room": func() error { return w.core.DeleteRoom(ctx, foreign, id, room, 0) },
		"create plan": func() error { _, _, err := w.core.CreateRatePlan(ctx, foreign, plan); return err },
		"update plan": func() error { _, err := w.core.UpdateRatePlan(ctx, foreign, plan, 0); return err },
		"delete plan": func() error { return w.core.DeleteRatePlan(ctx, foreign, id, plan.ID, 0) },
		"override": func() error {
			_, err := w.core.SetOverride(ctx, foreign, hotel.OverrideChange{Hotel: id, Plan: plan.ID, RoomType: rt.ID, From: today, To: today + 1, Minor: ptr[int64](1)})
			return err
		},
		"revoke offers": func() error { return w.core.RevokeOffers(ctx, foreign, id, uid.ID{}) },
	} {
		if err := call(); !fault.Is(err, "hotel_not_found") || fault.KindOf(err) != fault.NotFound {
			w.t.Errorf("%s of a foreign supplier: %v, want hotel_not_found", name, err)
		}
	}
	same(w.t, "house", w.house(id), before)
	_, err = w.core.CreateHotel(ctx, foreign, w.lion())
	wantReason(w.t, err, "supplier_not_found")

	// Unknown parts, and parts of another hotel, do not exist either.
	other := w.hotel()
	_, err = w.core.UpdateRoomType(ctx, w.staff, hotel.RoomType{ID: rt.ID, Hotel: other.Hotel.ID, Name: "x", Occupancy: rt.Occupancy, Capacity: 1}, 0)
	wantReason(w.t, err, "room_type_not_found")
	wantReason(w.t, w.core.DeleteRoom(ctx, w.staff, other.Hotel.ID, room, 0), "room_not_found")
	wantReason(w.t, w.core.DeleteRatePlan(ctx, w.staff, other.Hotel.ID, plan.ID, 0), "rate_plan_not_found")
	_, err = w.core.Inventory(ctx, other.Hotel.ID, rt.ID, today, today+1)
	wantReason(w.t, err, "room_type_not_found")
	// The operator's staff may.
	if _, err := w.core.UpdateHotel(ctx, operator, h.Hotel, 0); err != nil {
		w.t.Errorf("the operator: %v", err)
	}
}

func guardsRevisions(w *world) {
	ctx, h := w.t.Context(), w.hotel()
	change := h.Hotel
	change.Name = "Second"
	second := must[*hotel.House](w.t)(w.core.UpdateHotel(ctx, w.staff, change, h.Revision))
	if second.Revision != 2 || second.Hotel.Name != "Second" {
		w.t.Fatalf("updated: revision %d, %s", second.Revision, second.Hotel.Name)
	}
	change.Name = "Third"
	_, err := w.core.UpdateHotel(ctx, w.staff, change, h.Revision)
	wantReason(w.t, err, "changed_meanwhile")
	if fault.KindOf(err) != fault.Stale {
		w.t.Errorf("kind %d", fault.KindOf(err))
	}
	wantReason(w.t, w.core.DeleteHotel(ctx, w.staff, h.Hotel.ID, h.Revision), "changed_meanwhile")
	_, err = w.core.UpdateHotel(ctx, w.staff, change, 99)
	wantReason(w.t, err, "changed_meanwhile")
	// Writing what is there already is no change.
	change.Name = "Second"
	if again := must[*hotel.House](w.t)(w.core.UpdateHotel(ctx, w.staff, change, second.Revision)); again.Revision != 2 {
		w.t.Errorf("the same again makes revision %d", again.Revision)
	}
}

func lists(w *world) {
	ctx := w.t.Context()
	var want []string
	for _, n := range []string{"éclair", "Zürich Inn", "Adler", "adler", "Ägidius", "Bär"} {
		h := w.lion()
		h.Name, h.City = n, "Zürich"
		must[*hotel.House](w.t)(w.core.CreateHotel(ctx, w.staff, h))
	}
	want = []string{"Adler", "adler", "Ägidius", "Bär", "éclair", "Zürich Inn"}
	other := w.lion()
	other.Name, other.Supplier = "Foreign", uid.New()
	must[*hotel.House](w.t)(w.core.CreateHotel(ctx, operator, other))
	capped := w.lion()
	capped.Name, capped.Capacity = "Capped", ptr[int32](5)
	w.desk.Fail(fault.Overloaded(0))
	preparing := must[*hotel.House](w.t)(w.core.CreateHotel(ctx, w.staff, capped))
	if preparing.Hotel.Status != hotel.Preparing {
		w.t.Fatalf("a hotel without its cap pool is %s", preparing.Hotel.Status)
	}

	names := func(q hotel.ListQuery) (names []string) {
		w.t.Helper()
		for range 100 {
			houses, next, err := w.core.Houses(ctx, q)
			if err != nil {
				w.t.Fatal(err)
			}
			if len(houses) > q.Limit {
				w.t.Fatalf("a page of %d has %d", q.Limit, len(houses))
			}
			for _, h := range houses {
				names = append(names, h.Hotel.Name)
			}
			if next == "" {
				return names
			}
			q.After = next
		}
		w.t.Fatal("the list does not end")
		return nil
	}
	for limit := 1; limit <= 8; limit++ {
		got := names(hotel.ListQuery{Limit: limit, City: "zurich"})
		if len(got) > 1 && got[0] > got[1] {
			got[0], got[1] = got[1], got[0] // equal names are in the order of their ids
		}
		same(w.t, "hotels of a city", got, want)
	}
	same(w.t, "public", len(names(hotel.ListQuery{Limit: 3})), 7)
	same(w.t, "staff", len(names(hotel.ListQuery{Limit: 3, Editor: &w.staff})), 7)
	same(w.t, "operator", len(names(hotel.ListQuery{Limit: 3, Editor: &operator})), 8)
	same(w.t, "words", names(hotel.ListQuery{Limit: 3, Text: "INN  zurich"}), []string{"Zürich Inn"})
	same(w.t, "words of the address", len(names(hotel.ListQuery{Limit: 3, Text: "poh adler"})), 2)
	same(w.t, "nothing", len(names(hotel.ListQuery{Limit: 3, Text: "nowhere"})), 0)
	if _, err := w.core.House(ctx, nil, preparing.Hotel.ID); !fault.Is(err, "hotel_not_found") {
		w.t.Errorf("the public sees a preparing hotel: %v", err)
	}
	for _, q := range []hotel.ListQuery{{Limit: 0}, {Limit: 201}, {Limit: 1, After: "!"}, {Limit: 1, After: "AAAA"}} {
		_, _, err := w.core.Houses(ctx, q)
		wantReason(w.t, err, "validation_failed")
	}
}

func updatesHotels(w *world) {
	ctx, h := w.t.Context(), w.hotel()
	change := h.Hotel
	change.Name, change.Supplier, change.Status, change.ExternalRef, change.Levies = "New name", uid.New(), hotel.Retired, "mine", nil
	got := must[*hotel.House](w.t)(w.core.UpdateHotel(ctx, w.staff, change, 0)).Hotel
	if got.Name != "New name" || len(got.Levies) != 0 || got.Supplier != w.supplier || got.Status != hotel.Active || got.ExternalRef != "" {
		w.t.Errorf("updated hotel: %+v", got)
	}
	change.Currency = "EUR"
	_, err := w.core.UpdateHotel(ctx, w.staff, change, 0)
	wantReason(w.t, err, "currency_fixed")
	w.roomType(h, 1)
	change.Currency, change.Capacity = h.Hotel.Currency, ptr[int32](3)
	_, err = w.core.UpdateHotel(ctx, w.staff, change, 0)
	wantReason(w.t, err, "capacity_fixed")
	change.ID = uid.New()
	_, err = w.core.UpdateHotel(ctx, w.staff, change, 0)
	wantReason(w.t, err, "hotel_not_found")
	// An external reference is a supplier's only once.
	a, b := w.lion(), w.lion()
	a.ExternalRef, b.ExternalRef = "r", "r"
	must[*hotel.House](w.t)(w.core.CreateHotel(ctx, w.staff, a))
	_, err = w.core.CreateHotel(ctx, w.staff, b)
	wantReason(w.t, err, "external_ref_taken")
}

func sells(w *world) {
	rt := w.roomType(w.hotel(), 10)
	sold := 0
	for range 13 {
		_, err := w.book(rt, today+5, today+7)
		if err == nil {
			sold++
		} else if !fault.Is(err, "sold_out") && !fault.Is(err, "hold_limit") {
			w.t.Fatal(err)
		}
	}
	n := w.night(rt, today+6)
	if sold != 11 || n.Held != 11 || n.Available != 0 || w.night(rt, today+7).Held != 0 {
		w.t.Errorf("sold %d of 10 rooms + 10 %%; the night has %+v", sold, n)
	}
}

func deletes(w *world) {
	ctx, h := w.t.Context(), w.hotel()
	reserved, free := w.roomType(h, 2), w.roomType(h, 2)
	if _, err := w.book(reserved, today+1, today+2); err != nil {
		w.t.Fatal(err)
	}
	_, room, err := w.core.CreateRoom(ctx, w.staff, hotel.Room{Hotel: h.Hotel.ID, RoomType: free.ID, Number: "7"})
	if err != nil {
		w.t.Fatal(err)
	}
	before := w.house(h.Hotel.ID)
	wantReason(w.t, w.core.DeleteHotel(ctx, w.staff, h.Hotel.ID, 0), "has_reservations")
	wantReason(w.t, w.core.DeleteRoomType(ctx, w.staff, h.Hotel.ID, reserved.ID, 0), "has_reservations")
	same(w.t, "house after refused deletions", w.house(h.Hotel.ID), before)
	if _, err := w.book(free, today+1, today+2); err != nil {
		w.t.Fatalf("after a refused deletion the other room type must still sell: %v", err)
	}
	// The hold lapses, and nothing is in the way any more.
	w.clock.Advance(3 * 24 * hour)
	if err := w.core.DeleteRoomType(ctx, w.staff, h.Hotel.ID, free.ID, 0); err != nil {
		w.t.Fatal(err)
	}
	house := w.house(h.Hotel.ID)
	if house.Type(free.ID).Status != hotel.Retired || slices.ContainsFunc(house.Rooms, func(r hotel.Room) bool { return r.ID == room }) {
		w.t.Errorf("deleted room type: %+v, rooms %v", house.Type(free.ID), house.Rooms)
	}
	wantReason(w.t, w.core.DeleteRoomType(ctx, w.staff, h.Hotel.ID, free.ID, 0), "room_type_not_found")
	_, err = w.core.Inventory(ctx, h.Hotel.ID, free.ID, today, today+1)
	wantReason(w.t, err, "room_type_not_found")
	if err := w.core.DeleteHotel(ctx, w.staff, h.Hotel.ID, 0); err != nil {
		w.t.Fatal(err)
	}
	wantReason(w.t, w.core.DeleteHotel(ctx, w.staff, h.Hotel.ID, 0), "hotel_not_found")
	if _, err := w.core.House(ctx, nil, h.Hotel.ID); !fault.Is(err, "hotel_not_found") {
		w.t.Errorf("a deleted hotel: %v", err)
	}
	if kept := w.house(h.Hotel.ID); kept.Hotel.Status != hotel.Retired { // for the reservations that name it
		w.t.Errorf("its staff see it %s", kept.Hotel.Status)
	}
	if houses, _, err := w.core.Houses(ctx, hotel.ListQuery{Limit: 5, Editor: &w.staff}); err != nil || len(houses) != 0 {
		w.t.Errorf("deleted hotels are listed: %d, %v", len(houses), err)
	}
	for n, rt := range []*hotel.RoomType{reserved, free} {
		if _, err := w.book(rt, today+10, today+11); err == nil {
			w.t.Errorf("room type %d of a deleted hotel is sold", n)
		}
	}
	// A deletion that cannot be asked about is not answered as done.
	second := w.hotel()
	w.roomType(second, 1)
	w.desk.Fail(fault.Overloaded(0))
	wantReason(w.t, w.core.DeleteHotel(ctx, w.staff, second.Hotel.ID, 0), "deletion_pending")
	w.desk.Fail(nil)
	if err := w.core.CatchUp(ctx); err != nil {
		w.t.Fatal(err)
	}
	if s := w.house(second.Hotel.ID).Hotel.Status; s != hotel.Retired {
		w.t.Errorf("the deletion left behind was not made up for: %s", s)
	}
}

func undoes(w *world) {
	ctx, h := w.t.Context(), w.hotel()
	refusal := fault.New(fault.Conflict, "test_refusal", "No.")
	w.desk.Fail(refusal)
	_, id, err := w.core.CreateRoomType(ctx, w.staff, double(h, 3))
	if !errors.Is(err, refusal) {
		w.t.Fatalf("refused: %v", err)
	}
	if s := w.house(h.Hotel.ID).Type(id).Status; s != hotel.Retired {
		w.t.Errorf("a room type that was refused its stock is %s", s)
	}
	capped := w.lion()
	capped.Capacity, capped.Name = ptr[int32](3), "Capped"
	if _, err := w.core.CreateHotel(ctx, w.staff, capped); !errors.Is(err, refusal) {
		w.t.Fatalf("refused: %v", err)
	}
	if houses, _, err := w.core.Houses(ctx, hotel.ListQuery{Limit: 5, Text: "capped", Editor: &w.staff}); err != nil || len(houses) != 0 {
		w.t.Errorf("a hotel that was refused is there: %d, %v", len(houses), err)
	}
	w.desk.Fail(nil)

	rt := w.roomType(h, 3)
	restricted := hotel.InventoryChange{Hotel: h.Hotel.ID, RoomType: rt.ID, From: today + 1, To: today + 5, MinStay: ptr(2)}
	must[*hotel.House](w.t)(w.core.SetInventory(ctx, w.staff, restricted))
	before := w.house(h.Hotel.ID).Type(rt.ID)
	w.desk.Fail(refusal)
	bigger := *before
	bigger.Capacity, bigger.OverbookingBP = 30, ptr[int32](0)
	if _, err := w.core.UpdateRoomType(ctx, w.staff, bigger, 0); !errors.Is(err, refusal) {
		w.t.Fatalf("refused: %v", err)
	}
	restricted.From, restricted.MinStay, restricted.Capacity = today+3, ptr(5), ptr[int32](1)
	if _, err := w.core.SetInventory(ctx, w.staff, restricted); !errors.Is(err, refusal) {
		w.t.Fatalf("refused: %v", err)
	}
	w.desk.Fail(nil)
	after := *w.house(h.Hotel.ID).Type(rt.ID)
	after.UpdatedAt = before.UpdatedAt
	same(w.t, "room type after refused changes", after, *before)
	if n := w.night(rt, today+4); n.Physical != 3 || n.Restriction.MinStay() != 2 {
		w.t.Errorf("the night is %+v", n)
	}
	must[*hotel.House](w.t)(w.core.UpdateRoomType(ctx, w.staff, bigger, 0)) // the queue is free again
	if n := w.night(rt, today+4); n.Physical != 30 {
		w.t.Errorf("the next change came to %+v", n)
	}
}
