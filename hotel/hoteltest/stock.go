package hoteltest

import (
	"time"

	"holdfast/civil"
	"holdfast/fault"
	"holdfast/hotel"
	"holdfast/offer"
	"holdfast/reservation"
	"holdfast/uid"
)

const hour = time.Hour

func changesCapacity(w *world) {
	ctx, h := w.t.Context(), w.hotel()
	inherits, own := w.roomType(h, 10), w.roomType(h, 10)
	expect := func(rt *hotel.RoomType, d civil.Date, physical, bp, target int32) {
		w.t.Helper()
		if n := w.night(rt, d); n.Physical != physical || n.OverbookingBP != bp || n.Target != target {
			w.t.Errorf("night %s: %d rooms + %d bp = %d, want %d + %d = %d", d, n.Physical, n.OverbookingBP, n.Target, physical, bp, target)
		}
	}
	change := *w.house(h.Hotel.ID).Type(own.ID)
	change.Capacity, change.OverbookingBP = 20, ptr[int32](500)
	must[*hotel.House](w.t)(w.core.UpdateRoomType(ctx, w.staff, change, 0))
	expect(own, today, 20, 500, 21)
	expect(own, today+729, 20, 500, 21)
	// A new overbooking of the hotel is inherited by those that do not say otherwise.
	lion := w.house(h.Hotel.ID).Hotel
	lion.OverbookingBP = 2000
	must[*hotel.House](w.t)(w.core.UpdateHotel(ctx, w.staff, lion, 0))
	expect(inherits, today, 10, 2000, 12)
	expect(own, today, 20, 500, 21)
	change = *w.house(h.Hotel.ID).Type(own.ID)
	change.OverbookingBP = nil
	must[*hotel.House](w.t)(w.core.UpdateRoomType(ctx, w.staff, change, 0))
	expect(own, today+300, 20, 2000, 24)
	// Nights made later start from the new values.
	w.clock.Advance(48 * hour)
	if err := w.core.CatchUp(ctx); err != nil {
		w.t.Fatal(err)
	}
	expect(own, today+731, 20, 2000, 24)
	expect(inherits, today+731, 10, 2000, 12)
}

func setsInventory(w *world) {
	ctx, h := w.t.Context(), w.hotel()
	rt := w.roomType(h, 10)
	set := func(c hotel.InventoryChange) error {
		c.Hotel, c.RoomType = h.Hotel.ID, rt.ID
		_, err := w.core.SetInventory(ctx, w.staff, c)
		return err
	}
	for _, c := range []hotel.InventoryChange{
		{From: today + 1, To: today + 3, Capacity: ptr[int32](5)},
		{From: today + 2, To: today + 4, Closed: ptr(true)},
		{From: today + 3, To: today + 5, Target: ptr[int32](3)},
		{From: today + 1, To: today + 9, MinStay: ptr(3), ClosedToDeparture: ptr(true)},
		{From: today + 2, To: today + 4, MaxStay: ptr(7), ClosedToDeparture: ptr(false), ClosedToArrival: ptr(true)},
		{From: today + 8, To: today + 9, MinStay: ptr(0), ClosedToDeparture: ptr(false)},
	} {
		if err := set(c); err != nil {
			w.t.Fatal(err)
		}
	}
	r := hotel.Restriction(0).WithMinStay(3)
	for d, want := range map[civil.Date]hotel.Night{
		0: {Physical: 10, Target: 11},
		1: {Physical: 5, Target: 5, Restriction: r | hotel.ClosedToDeparture},
		2: {Physical: 5, Target: 5, Closed: true, Restriction: r.WithMaxStay(7) | hotel.ClosedToArrival},
		3: {Physical: 10, Target: 3, Closed: true, Restriction: r.WithMaxStay(7) | hotel.ClosedToArrival},
		4: {Physical: 10, Target: 3, Restriction: r | hotel.ClosedToDeparture},
		8: {Physical: 10, Target: 11},
	} {
		n := w.night(rt, today+d)
		got := hotel.Night{Physical: n.Physical, Target: n.Target, Closed: n.Closed, Restriction: n.Restriction}
		same(w.t, "night "+n.Date.String(), got, want)
	}
	if err := set(hotel.InventoryChange{From: today, To: today + 730, Closed: ptr(false), OverbookingBP: ptr[int32](0)}); err != nil {
		w.t.Fatal(err)
	}
	if n := w.night(rt, today+3); n.Closed || n.Target != 10 {
		w.t.Errorf("opened and derived again: %+v", n)
	}

	yes := ptr(true)
	wantFields(w.t, set(hotel.InventoryChange{From: today - 1, To: today + 1, Closed: yes}), "/from")
	wantFields(w.t, set(hotel.InventoryChange{From: today + 700, To: today + 731, Closed: yes}), "/to")
	wantFields(w.t, set(hotel.InventoryChange{From: today + 1, To: today + 1, Closed: yes}), "/to")
	wantFields(w.t, set(hotel.InventoryChange{From: today, To: today + 1}), "")
	wantFields(w.t, set(hotel.InventoryChange{From: today, To: today + 1, Capacity: ptr[int32](-1), Target: ptr[int32](-1), MinStay: ptr(-1), MaxStay: ptr(181)}), "/capacity", "/max_stay", "/min_stay", "/target")
	wantFields(w.t, set(hotel.InventoryChange{From: today, To: today + 1, MinStay: ptr(5), MaxStay: ptr(4)}), "/max_stay")
	wantFields(w.t, set(hotel.InventoryChange{From: today, To: today + 3, MinStay: ptr(8)}), "/min_stay")
	// Past means past where the hotel is: in Singapore the 21st begins at 16:00 UTC.
	w.clock.Advance(4*hour - time.Second)
	if err := set(hotel.InventoryChange{From: today, To: today + 1, Closed: yes}); err != nil {
		w.t.Errorf("a second before midnight: %v", err)
	}
	w.clock.Advance(time.Second)
	err := set(hotel.InventoryChange{From: today, To: today + 1, Closed: yes})
	wantFields(w.t, err, "/from")
	if code := fault.As(err).Fields[0].Code; code != "in_past" {
		w.t.Errorf("code %s, want in_past", code)
	}
}

func setsRates(w *world) {
	ctx, h := w.t.Context(), w.hotel()
	rt, plan := w.roomType(h, 10), h.Plans[0].ID
	rate := func(from, to civil.Date, minor *int64) error {
		_, err := w.core.SetRates(ctx, w.staff, hotel.RateChange{Hotel: h.Hotel.ID, RoomType: rt.ID, From: from, To: to, Minor: minor})
		return err
	}
	for _, err := range []error{rate(today, today+10, ptr[int64](20000)), rate(today+3, today+5, ptr[int64](0)), rate(today+4, today+6, nil)} {
		if err != nil {
			w.t.Fatal(err)
		}
	}
	for d, want := range map[civil.Date]int64{0: 20000, 3: 0, 4: 18000, 5: 18000, 6: 20000, 10: 18000} {
		if n := w.night(rt, today+d); n.Price != want {
			w.t.Errorf("night %s costs %d, want %d", n.Date, n.Price, want)
		}
	}
	wantFields(w.t, rate(today-1, today+1, ptr[int64](1)), "/from")
	wantFields(w.t, rate(today, today+731, ptr[int64](1)), "/to")
	wantFields(w.t, rate(today, today+1, ptr[int64](-1)), "/amount")
	wantFields(w.t, rate(today, today+1, ptr[int64](hotel.MaxPriceMinor+1)), "/amount")

	over := hotel.OverrideChange{Hotel: h.Hotel.ID, Plan: plan, RoomType: rt.ID, From: today + 1, To: today + 3, Minor: ptr[int64](7700)}
	house := must[*hotel.House](w.t)(w.core.SetOverride(ctx, w.staff, over))
	same(w.t, "override", house.Plan(plan).Overrides[rt.ID], hotel.Line[int64]{{From: today + 1, To: today + 3, Value: 7700}})
	if house.Plan(plan).Version != h.Plans[0].Version {
		w.t.Error("a price made a new version of the conditions")
	}
	found := w.find(h.Hotel.ID, today+1, today+3)
	if len(found) != 1 || found[0].Nights[0] != 7700 {
		w.t.Errorf("search finds %+v", found)
	}
	over.Minor = nil
	house = must[*hotel.House](w.t)(w.core.SetOverride(ctx, w.staff, over))
	same(w.t, "override taken away", len(house.Plan(plan).Overrides), 0)
	over.Plan = uid.New()
	_, err := w.core.SetOverride(ctx, w.staff, over)
	wantReason(w.t, err, "rate_plan_not_found")
}

func keepsPlans(w *world) {
	ctx, h := w.t.Context(), w.hotel()
	rt := w.roomType(h, 1)
	p := hotel.RatePlan{
		Hotel: h.Hotel.ID, Name: "Breakfast", Board: hotel.Breakfast, PercentBP: 11_000, Amount: 500, IncludedAdults: 2, ExtraAdult: 100,
		ChildBands: []hotel.ChildBand{{UpToAge: 11, Minor: 50}}, FreeUntilHours: 48, FeeBP: 5000, RoomTypes: []uid.ID{rt.ID},
	}
	house, id, err := w.core.CreateRatePlan(ctx, w.staff, p)
	if err != nil {
		w.t.Fatal(err)
	}
	first := *house.Plan(id)
	if first.Status != hotel.Active || first.Version.IsZero() || first.Version == id {
		w.t.Errorf("new plan %+v", first)
	}
	must[*hotel.House](w.t)(w.core.SetOverride(ctx, w.staff, hotel.OverrideChange{Hotel: h.Hotel.ID, Plan: id, RoomType: rt.ID, From: today, To: today + 1, Minor: ptr[int64](1)}))
	again := must[*hotel.House](w.t)(w.core.UpdateRatePlan(ctx, w.staff, first, 0)).Plan(id)
	if again.Version != first.Version {
		w.t.Error("the same again made a new version")
	}
	first.FeeBP = 6000
	second := must[*hotel.House](w.t)(w.core.UpdateRatePlan(ctx, w.staff, first, 0)).Plan(id)
	if second.Version == first.Version || second.ID != id || second.FeeBP != 6000 || len(second.Overrides) != 1 {
		w.t.Errorf("changed plan %+v", second)
	}
	if err := w.core.DeleteRatePlan(ctx, w.staff, h.Hotel.ID, id, 0); err != nil {
		w.t.Fatal(err)
	}
	wantReason(w.t, w.core.DeleteRatePlan(ctx, w.staff, h.Hotel.ID, id, 0), "rate_plan_not_found")
	wantReason(w.t, w.core.DeleteRatePlan(ctx, w.staff, h.Hotel.ID, h.Plans[0].ID, 0), "last_rate_plan")
}

func revokes(w *world) {
	ctx, h := w.t.Context(), w.hotel()
	rt := w.roomType(h, 5)
	place := func(sealed string) error {
		_, err := w.desk.Place(ctx, reservation.PlaceRequest{
			Caller: reservation.Caller{Subject: "ada"}, Offers: []string{sealed},
			Travellers: []reservation.Traveller{{GivenName: "Ada", FamilyName: "Lovelace", Email: "ada@example.org"}},
			Key:        reservation.Idempotency{ID: uid.New(), Request: uid.New()},
		})
		return err
	}
	best := func() hotel.Proposal {
		return must[hotel.Proposal](w.t)(w.core.BestOffer(ctx, hotel.StayRequest{Hotel: h.Hotel.ID, RoomType: rt.ID, CheckIn: today + 1, CheckOut: today + 2, Rooms: []offer.Party{{Adults: 1}}}))
	}
	old := best()
	plan := w.house(h.Hotel.ID).Plans[0]
	plan.FeeBP = 1
	must[*hotel.House](w.t)(w.core.UpdateRatePlan(ctx, w.staff, plan, 0))
	if err := place(old.Sealed); err != nil {
		w.t.Fatalf("an offer keeps its version: %v", err)
	}
	current := best()
	w.clock.Advance(2 * time.Second)
	if err := w.core.RevokeOffers(ctx, w.staff, h.Hotel.ID, plan.ID); err != nil {
		w.t.Fatal(err)
	}
	wantReason(w.t, place(old.Sealed), "offer_revoked") // an older version of the same plan
	wantReason(w.t, place(current.Sealed), "offer_revoked")
	w.clock.Advance(2 * time.Second)
	later := best()
	if err := place(later.Sealed); err != nil {
		w.t.Fatalf("an offer made after the revocation: %v", err)
	}
	w.clock.Advance(2 * time.Second)
	if err := w.core.RevokeOffers(ctx, w.staff, h.Hotel.ID, uid.ID{}); err != nil {
		w.t.Fatal(err)
	}
	wantReason(w.t, place(later.Sealed), "offer_revoked")
	wantReason(w.t, w.core.RevokeOffers(ctx, w.staff, h.Hotel.ID, uid.New()), "rate_plan_not_found")
}

func takesOutOfOrder(w *world) {
	ctx, h := w.t.Context(), w.hotel()
	a, b := w.roomType(h, 10), w.roomType(h, 10)
	expect := func(rt *hotel.RoomType, counts ...int32) {
		w.t.Helper()
		for d, want := range counts {
			if n := w.night(rt, today.Add(d)); n.OutOfOrder != want || n.Capacity != 10-want {
				w.t.Errorf("night %s: %d out of order of %d, want %d", n.Date, n.OutOfOrder, n.Physical, want)
			}
		}
	}
	room := func(number string, rt *hotel.RoomType, out ...hotel.Outage) hotel.Room {
		w.t.Helper()
		r := hotel.Room{Hotel: h.Hotel.ID, RoomType: rt.ID, Number: number, OutOfOrder: out}
		var err error
		if _, r.ID, err = w.core.CreateRoom(ctx, w.staff, r); err != nil {
			w.t.Fatal(err)
		}
		return r
	}
	update := func(r hotel.Room) {
		w.t.Helper()
		must[*hotel.House](w.t)(w.core.UpdateRoom(ctx, w.staff, r, 0))
	}
	// Outages of one room that overlap take one room off sale; those gone by none.
	one := room("101", a, hotel.Outage{From: today + 1, To: today + 4, Reason: "paint"}, hotel.Outage{From: today + 2, To: today + 3}, hotel.Outage{From: today - 5, To: today + 1})
	expect(a, 1, 1, 1, 1, 0)
	room("102", a, hotel.Outage{From: today + 3, To: today + 5})
	expect(a, 1, 1, 1, 2, 1, 0)
	if n := w.night(a, today+3); n.Target != 8 {
		w.t.Errorf("8 rooms + 10 %% = %d", n.Target)
	}
	_, _, err := w.core.CreateRoom(ctx, w.staff, hotel.Room{Hotel: h.Hotel.ID, RoomType: b.ID, Number: " 101 "})
	wantReason(w.t, err, "number_taken")
	one.OutOfOrder = one.OutOfOrder[:1]
	update(one)
	expect(a, 0, 1, 1, 2, 1, 0)
	// A room that moves takes its outages along.
	one.RoomType = b.ID
	update(one)
	expect(a, 0, 0, 0, 1, 1, 0)
	expect(b, 0, 1, 1, 1, 0)
	if err := w.core.DeleteRoom(ctx, w.staff, h.Hotel.ID, one.ID, 0); err != nil {
		w.t.Fatal(err)
	}
	expect(b, 0, 0, 0, 0, 0)
	wantReason(w.t, w.core.DeleteRoom(ctx, w.staff, h.Hotel.ID, one.ID, 0), "room_not_found")

	// Ten rooms and one more by overbooking are sold; then a room breaks: nothing is freed until one more goes.
	var held []*reservation.Reservation
	for range 11 {
		held = append(held, must[*reservation.Reservation](w.t)(w.book(b, today+20, today+21)))
	}
	room("103", b, hotel.Outage{From: today + 20, To: today + 21})
	n := w.night(b, today+20)
	if n.Target != 9 || n.Oversold != 2 || n.Available != 0 {
		w.t.Errorf("oversold night: %+v", n)
	}
	for i, want := range []int32{0, 0, 1} {
		if err := w.desk.Release(ctx, reservation.Caller{Staff: true}, held[i].ID.Text("res")); err != nil {
			w.t.Fatal(err)
		}
		if n := w.night(b, today+20); n.Available != want {
			w.t.Errorf("after %d releases %d rooms are free, want %d", i+1, n.Available, want)
		}
	}
}

func caps(w *world) {
	ctx := w.t.Context()
	lion := w.lion()
	lion.Capacity, lion.OverbookingBP = ptr[int32](3), 0
	h := must[*hotel.House](w.t)(w.core.CreateHotel(ctx, w.staff, lion))
	if h.Hotel.Status != hotel.Active || h.Hotel.CapPool == 0 || w.nights(h.Hotel.CapPool) != 730 {
		w.t.Fatalf("capped hotel: %+v", h.Hotel)
	}
	a, b := w.roomType(h, 10), w.roomType(h, 10)
	for n := range 5 {
		rt := []*hotel.RoomType{a, b}[n%2]
		_, err := w.book(rt, today+2, today+4)
		if n < 3 && err != nil {
			w.t.Fatal(err)
		}
		if n >= 3 && !fault.Is(err, "sold_out") {
			w.t.Errorf("room %d of a house of 3: %v", n+1, err)
		}
	}
	change := h.Hotel
	change.Capacity = ptr[int32](4)
	must[*hotel.House](w.t)(w.core.UpdateHotel(ctx, w.staff, change, 0))
	if _, err := w.book(a, today+2, today+4); err != nil {
		w.t.Errorf("the fourth room of a house of 4: %v", err)
	}
	change.Capacity = nil // says nothing about it
	if got := must[*hotel.House](w.t)(w.core.UpdateHotel(ctx, w.staff, change, 0)).Hotel.Capacity; got == nil || *got != 4 {
		w.t.Errorf("the cap is %v, want 4", got)
	}
	w.clock.Advance(24 * hour)
	if err := w.core.CatchUp(ctx); err != nil {
		w.t.Fatal(err)
	}
	if n := w.nights(h.Hotel.CapPool); n != 731 {
		w.t.Errorf("the cap pool has %d nights after a day, want 731", n)
	}
}

func rolls(w *world) {
	ctx, h := w.t.Context(), w.hotel()
	rt := w.roomType(h, 10)
	// Out of order far beyond the horizon, for as long as anybody can think.
	_, _, err := w.core.CreateRoom(ctx, w.staff, hotel.Room{Hotel: h.Hotel.ID, RoomType: rt.ID, Number: "1", OutOfOrder: []hotel.Outage{{From: today + 728, To: today + 732}}})
	if err != nil {
		w.t.Fatal(err)
	}
	before := w.house(h.Hotel.ID)
	catchUp := func() {
		w.t.Helper()
		if err := w.core.CatchUp(ctx); err != nil {
			w.t.Fatal(err)
		}
	}
	calls := w.desk.Calls()
	catchUp()
	if w.desk.Calls() != calls {
		w.t.Error("the stock was asked although no night is due")
	}
	w.clock.Advance(4*hour - time.Second) // one second before midnight in Singapore
	catchUp()
	if n := w.nights(rt.Pool); n != 730 {
		w.t.Errorf("before midnight: %d nights, want 730", n)
	}
	w.clock.Advance(time.Second)
	catchUp()
	if n := w.nights(rt.Pool); n != 731 {
		w.t.Errorf("after midnight: %d nights, want 731", n)
	}
	calls = w.desk.Calls()
	catchUp()
	if w.desk.Calls() != calls {
		w.t.Error("the same day's nights were asked for twice")
	}
	w.clock.Advance(4 * 24 * hour) // a process that was away
	w.desk.Fail(fault.Overloaded(0))
	if err := w.core.CatchUp(ctx); err == nil {
		w.t.Error("a roll-forward that failed says nothing")
	}
	w.desk.Fail(nil)
	catchUp()
	if n := w.nights(rt.Pool); n != 735 {
		w.t.Errorf("five days later: %d nights, want 735", n)
	}
	for d, want := range map[civil.Date]int32{727: 0, 728: 1, 729: 1, 730: 1, 731: 1, 732: 0, 734: 0} {
		if n := w.night(rt, today+d); n.OutOfOrder != want || n.Physical != 10 || n.OverbookingBP != 1000 {
			w.t.Errorf("night of day %d: %+v, want %d out of order", d, n, want)
		}
	}
	after := w.house(h.Hotel.ID)
	if after.NightsTo != today+735 {
		w.t.Errorf("nights up to %s, want %s", after.NightsTo, today+735)
	}
	same(w.t, "room types", after.Types, before.Types)
}
