package hoteltest

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"

	"holdfast/civil"
	"holdfast/fault"
	"holdfast/hotel"
	"holdfast/reservation"
	"holdfast/stock"
	"holdfast/uid"
)

func waits(w *world) {
	ctx, h := w.t.Context(), w.hotel()
	w.desk.Fail(fault.Overloaded(0))
	rt := w.roomType(h, 10)
	if rt.Status != hotel.Preparing || rt.Pool != 0 {
		w.t.Fatalf("without reservation a new room type is %s", rt.Status)
	}
	if found := w.find(h.Hotel.ID, today+1, today+2); len(found) != 0 {
		w.t.Error("a preparing room type is offered")
	}
	if nights := must[[]hotel.Night](w.t)(w.core.Inventory(ctx, h.Hotel.ID, rt.ID, today, today+1)); len(nights) != 0 {
		w.t.Error("a preparing room type has nights")
	}
	if err := w.core.CatchUp(ctx); err == nil {
		w.t.Error("CatchUp says nothing of commands that still wait")
	}
	w.desk.Fail(nil)
	w.desk.Lose(fault.Overloaded(0)) // the pool is made, and nobody hears of it
	if err := w.core.CatchUp(ctx); err == nil {
		w.t.Error("an answer that was lost counts as one")
	}
	w.desk.Lose(nil)
	if err := w.core.CatchUp(ctx); err != nil {
		w.t.Fatal(err)
	}
	rt = w.house(h.Hotel.ID).Type(rt.ID)
	if rt.Status != hotel.Active || w.nights(rt.Pool) != 730 {
		w.t.Errorf("afterwards it is %s", rt.Status)
	}
	if _, err := w.book(rt, today+1, today+2); err != nil {
		w.t.Error(err)
	}
}

func keepsOrder(w *world) {
	ctx, h := w.t.Context(), w.hotel()
	w.desk.Fail(fault.Overloaded(0))
	rt := *w.roomType(h, 10)
	set := func(closed bool, from, to civil.Date) {
		w.t.Helper()
		must[*hotel.House](w.t)(w.core.SetInventory(ctx, w.staff, hotel.InventoryChange{Hotel: h.Hotel.ID, RoomType: rt.ID, From: from, To: to, Closed: &closed}))
	}
	for _, capacity := range []int32{3, 5, 7} {
		rt.Capacity = capacity
		must[*hotel.House](w.t)(w.core.UpdateRoomType(ctx, w.staff, rt, 0))
	}
	set(true, today+1, today+9)
	set(false, today+3, today+5)
	w.desk.Fail(nil)
	// The next write sends what waits first, then its own.
	rt.Capacity = 8
	must[*hotel.House](w.t)(w.core.UpdateRoomType(ctx, w.staff, rt, 0))
	for d, want := range map[civil.Date]hotel.Night{
		0: {Physical: 8}, 1: {Physical: 8, Closed: true}, 3: {Physical: 8}, 5: {Physical: 8, Closed: true}, 9: {Physical: 8},
	} {
		n := w.night(&rt, today+d)
		same(w.t, "night "+n.Date.String(), hotel.Night{Physical: n.Physical, Closed: n.Closed}, want)
	}
}

func resumes(w *world) {
	ctx, h := w.t.Context(), w.hotel()
	w.desk.Fail(fault.Overloaded(0))
	rt := w.roomType(h, 4)
	// That process is gone now; the next one has a working reservation.
	if err := w.core.Stop(ctx); err != nil {
		w.t.Fatal(err)
	}
	next := w.startWith(w.desk.Service)
	if err := next.CatchUp(ctx); err != nil {
		w.t.Fatal(err)
	}
	house := must[*hotel.House](w.t)(next.House(ctx, &w.staff, h.Hotel.ID))
	if got := house.Type(rt.ID); got.Status != hotel.Active || w.nights(got.Pool) != 730 {
		w.t.Errorf("after the next start the room type is %s", got.Status)
	}
}

// findsOut loses the answers of commits: a write that was stored succeeds, one that was not changes nothing, and what
// has become of a command is found out by doing it again.
func findsOut(w *world) {
	ctx, h := w.t.Context(), w.hotel()
	change := h.Hotel
	change.Name = "Stored and forgotten"
	w.forgetful.Forget(1, true)
	if got := must[*hotel.House](w.t)(w.core.UpdateHotel(ctx, w.staff, change, h.Revision)); got.Hotel.Name != change.Name || got.Revision != 2 {
		w.t.Errorf("got %s at revision %d", got.Hotel.Name, got.Revision)
	}
	change.Name = "Never stored"
	w.forgetful.Forget(1, false)
	_, err := w.core.UpdateHotel(ctx, w.staff, change, 0)
	wantReason(w.t, err, "outcome_unknown")
	if got := w.house(h.Hotel.ID); got.Hotel.Name != "Stored and forgotten" {
		w.t.Errorf("a write that was lost shows %s", got.Hotel.Name)
	}
	for n, stored := range []bool{true, false} {
		// The room type's row is stored; of the next write, which notes its pool, the answer is lost.
		w.desk.Fail(fault.Overloaded(0))
		rt := w.roomType(h, 3)
		w.desk.Fail(nil)
		w.forgetful.Forget(2, stored)
		if err := w.core.CatchUp(ctx); err != nil {
			w.t.Fatal(err)
		}
		if got := w.house(h.Hotel.ID).Type(rt.ID); got.Status != hotel.Active || got.Pool == 0 {
			w.t.Errorf("room type %d is %s", n, got.Status)
		}
	}
	w.forgetful.Forget(1, true)
	if r := w.importFile(someHotels, w.options()); !r.Applied || r.Added != 4 {
		w.t.Errorf("an import that was stored and forgotten: %+v", r)
	}
	w.forgetful.Forget(1, false)
	o := w.options()
	o.Supplier = uid.New()
	_, err = w.core.Import(ctx, operator, strings.NewReader(someHotels), o, nil)
	wantReason(w.t, err, "outcome_unknown")
}

func several(w *world) {
	ctx := w.t.Context()
	other := w.start()
	h := w.hotel()
	rt := w.roomType(h, 1)
	if err := other.CatchUp(ctx); err != nil {
		w.t.Fatal(err)
	}
	same(w.t, "house in another process", must[*hotel.House](w.t)(other.House(ctx, nil, h.Hotel.ID)), w.house(h.Hotel.ID))
	// A hotel that was made a moment ago can be written to by another process before it has heard of it.
	fresh := w.hotel()
	if _, _, err := other.CreateRoomType(ctx, w.staff, double(fresh, 2)); err != nil {
		w.t.Fatal(err)
	}

	const writes = 8
	var running sync.WaitGroup
	for n, core := range []*hotel.Core{w.core, other} {
		running.Go(func() {
			for i := range writes {
				change := *rt
				change.Capacity = int32(2 + writes*n + i)
				if _, err := core.UpdateRoomType(ctx, w.staff, change, 0); err != nil {
					w.t.Errorf("process %d: %v", n, err)
					return
				}
			}
		})
	}
	running.Wait()
	for _, core := range []*hotel.Core{w.core, other} {
		if err := core.CatchUp(ctx); err != nil {
			w.t.Fatal(err)
		}
	}
	house := w.house(h.Hotel.ID)
	same(w.t, "house in another process", must[*hotel.House](w.t)(other.House(ctx, nil, h.Hotel.ID)), house)
	if want := h.Revision + 2 + 2*writes; house.Revision != want {
		w.t.Errorf("revision %d after %d writes, want %d", house.Revision, 2*writes, want)
	}
	if n := w.night(rt, today+1); n.Physical != house.Type(rt.ID).Capacity {
		w.t.Errorf("the stock has %d rooms, the hotel says %d", n.Physical, house.Type(rt.ID).Capacity)
	}
}

// memoryIsStore makes random changes: what a process has in memory must be what the next one reads, and what the
// stock has must follow from it.
func memoryIsStore(w *world) {
	ctx := w.t.Context()
	seed := rand.Uint64()
	w.t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 1))
	hotels := []*hotel.House{w.hotel(), w.hotel()}
	for _, h := range hotels {
		w.roomType(h, 5)
	}
	day := func() civil.Date { return today.Add(r.IntN(40)) }
	span := func() (from, to civil.Date) {
		from = day()
		return from, from.Add(1 + r.IntN(10))
	}
	for step := range 120 {
		h := *w.house(hotels[r.IntN(len(hotels))].Hotel.ID) // what is published is never changed in place
		id := h.Hotel.ID
		rt := h.Types[r.IntN(len(h.Types))]
		plan := h.Plans[r.IntN(len(h.Plans))]
		from, to := span()
		minor := ptr(int64(r.IntN(3)))
		if r.IntN(4) == 0 {
			minor = nil
		}
		var err error
		switch r.IntN(12) {
		case 0:
			h.Hotel.Stars, h.Hotel.OverbookingBP = r.IntN(6), int32(r.IntN(3)*1000)
			change := h.Hotel
			_, err = w.core.UpdateHotel(ctx, w.staff, change, h.Revision)
		case 1:
			if len(h.Types) < 4 {
				_, _, err = w.core.CreateRoomType(ctx, w.staff, double(&h, int32(1+r.IntN(9))))
			}
		case 2:
			rt.Capacity, rt.OverbookingBP = int32(1+r.IntN(9)), nil
			if r.IntN(2) == 0 {
				rt.OverbookingBP = ptr(int32(r.IntN(5000)))
			}
			_, err = w.core.UpdateRoomType(ctx, w.staff, rt, 0)
		case 3, 4:
			_, err = w.core.SetRates(ctx, w.staff, hotel.RateChange{Hotel: id, RoomType: rt.ID, From: from, To: to, Minor: minor})
		case 5, 6:
			_, err = w.core.SetInventory(ctx, w.staff, hotel.InventoryChange{Hotel: id, RoomType: rt.ID, From: from, To: to, MinStay: ptr(r.IntN(3)), ClosedToArrival: ptr(r.IntN(2) == 0)})
		case 7:
			_, err = w.core.SetOverride(ctx, w.staff, hotel.OverrideChange{Hotel: id, Plan: plan.ID, RoomType: rt.ID, From: from, To: to, Minor: minor})
		case 8:
			plan.FeeBP = int32(r.IntN(3))
			_, err = w.core.UpdateRatePlan(ctx, w.staff, plan, 0)
		case 9:
			_, _, err = w.core.CreateRoom(ctx, w.staff, hotel.Room{Hotel: id, RoomType: rt.ID, Number: fmt.Sprint(step), OutOfOrder: []hotel.Outage{{From: from, To: to}}})
		case 10:
			if len(h.Rooms) > 0 {
				room := h.Rooms[r.IntN(len(h.Rooms))]
				room.RoomType, room.OutOfOrder = rt.ID, []hotel.Outage{{From: from, To: to}}
				_, err = w.core.UpdateRoom(ctx, w.staff, room, 0)
			}
		case 11:
			if len(h.Rooms) > 0 {
				err = w.core.DeleteRoom(ctx, w.staff, id, h.Rooms[r.IntN(len(h.Rooms))].ID, 0)
			}
		}
		if err != nil {
			w.t.Fatalf("step %d: %v", step, err)
		}
	}
	next := w.start()
	for _, h := range hotels {
		mine := w.house(h.Hotel.ID)
		same(w.t, "house read from the store", must[*hotel.House](w.t)(next.House(ctx, &w.staff, h.Hotel.ID)), mine)
		for i := range mine.Types {
			rt := &mine.Types[i]
			rows := must[[]reservation.SlotRow](w.t)(w.desk.Slots(ctx, reservation.Span{Pool: rt.Pool, From: stock.Slot(today), To: stock.Slot(today + 60)}))
			for _, row := range rows {
				d, out := civil.Date(row.Key.Slot), int32(0)
				for _, room := range mine.Rooms {
					if room.RoomType == rt.ID && room.OutOfOrder[0].From <= d && d < room.OutOfOrder[0].To {
						out++
					}
				}
				bp := mine.Hotel.OverbookingBP
				if rt.OverbookingBP != nil {
					bp = *rt.OverbookingBP
				}
				if row.Physical != rt.Capacity || row.OverbookingBP != bp || row.OutOfOrder != out {
					w.t.Fatalf("night %s: stock has %d rooms + %d bp, %d out of order; want %d + %d, %d", d, row.Physical, row.OverbookingBP, row.OutOfOrder, rt.Capacity, bp, out)
				}
			}
		}
	}
}
