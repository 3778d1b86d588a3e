// Package hoteltest defines what a hotel.Store is (RunStore) and what the service does on one (RunService), by tests
// that every engine and every shape passes.
package hoteltest

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"holdfast/civil"
	"holdfast/fault"
	"holdfast/hotel"
	"holdfast/internal/clock"
	"holdfast/offer"
	"holdfast/reservation"
	"holdfast/stock"
	"holdfast/uid"
)

// Open makes a fresh, empty database and returns how to open it, once for every process that is played. The test
// closes what it opens.
type Open func(t *testing.T) (store func() hotel.Store)

// Rig is what RunService runs on.
type Rig struct {
	Open Open
	// Desk makes an empty service reservation that runs until the test ends.
	Desk func(t *testing.T, c clock.Clock) reservation.Service
}

// noon is when the tests begin: in Singapore it is the evening of the same day.
var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// today is the date at the test's hotels at noon.
var today = civil.DateOf(2026, 11, 20)

var operator = hotel.Editor{Subject: "operator"}

// same compares, nil and empty being the same.
func same(t testing.TB, what string, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// must is for calls that give a value and may fail.
func must[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatalf("%v %+v", err, fault.As(err).Fields)
		}
		return v
	}
}

// wantReason is for calls that must be refused.
func wantReason(t testing.TB, err error, reason string) {
	t.Helper()
	if !fault.Is(err, reason) {
		t.Fatalf("got %v, want reason %s", err, reason)
	}
}

// world is one service, or several on one store, with their stock and their clock.
type world struct {
	t     *testing.T
	store func() hotel.Store
	desk  *Faulty
	clock *clock.Manual
	core  *hotel.Core

	forgetful *Forgetful // of the process started last

	supplier uid.ID
	staff    hotel.Editor
}

func newWorld(t *testing.T, r Rig) *world {
	t.Helper()
	w := &world{t: t, store: r.Open(t), clock: clock.Still(noon), supplier: uid.New()}
	w.staff = hotel.Editor{Subject: "staff", Supplier: w.supplier}
	w.desk = &Faulty{Service: r.Desk(t, w.clock)}
	w.core = w.start()
	return w
}

// start brings up one more process on the world's store.
func (w *world) start() *hotel.Core {
	w.t.Helper()
	return w.startWith(w.desk)
}

func (w *world) startWith(desk reservation.Service) *hotel.Core {
	w.t.Helper()
	store := &Forgetful{Store: w.store()}
	w.forgetful = store
	c := hotel.New(hotel.Deps{Store: store, Reservation: desk, Clock: w.clock, Settings: hotel.DefaultSettings()})
	if err := c.Start(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() {
		if err := c.Stop(context.Background()); err != nil {
			w.t.Error(err)
		}
		if err := store.Close(); err != nil {
			w.t.Error(err)
		}
	})
	return c
}

// lion is a valid hotel.
func (w *world) lion() hotel.Hotel {
	return hotel.Hotel{
		Supplier: w.supplier, Name: "Hôtel du Lion", Stars: 4, Address: "3 Seng Poh Road", PostalCode: "168891", City: "Singapore", Country: "SG",
		Latitude: 1.28556429182439, Longitude: 103.834075884942, TimeZone: "Asia/Singapore", Currency: "SGD",
		Amenities: []string{"wifi", "pool"}, OverbookingBP: 1000,
		Levies: []hotel.Levy{{Kind: offer.Tax, Code: "gst", Rule: hotel.PercentOfBase, BP: 900}, {Kind: offer.Fee, Code: "city", Rule: hotel.PerAdultNight, Minor: 300}},
	}
}

func (w *world) hotel() *hotel.House {
	w.t.Helper()
	return must[*hotel.House](w.t)(w.core.CreateHotel(w.t.Context(), w.staff, w.lion()))
}

// roomType adds a room type for two to a hotel.
func (w *world) roomType(h *hotel.House, capacity int32) *hotel.RoomType {
	w.t.Helper()
	house, id, err := w.core.CreateRoomType(w.t.Context(), w.staff, double(h, capacity))
	if err != nil {
		w.t.Fatal(err)
	}
	return house.Type(id)
}

func double(h *hotel.House, capacity int32) hotel.RoomType {
	return hotel.RoomType{Hotel: h.Hotel.ID, Name: "Double", Occupancy: hotel.Occupancy{Adults: 2, Children: 1}, BasePrice: 18000, Capacity: capacity}
}

// house reads a hotel as its staff see it.
func (w *world) house(id uid.ID) *hotel.House {
	w.t.Helper()
	return must[*hotel.House](w.t)(w.core.House(w.t.Context(), &w.staff, id))
}

// night reads one night of a room type.
func (w *world) night(t *hotel.RoomType, d civil.Date) hotel.Night {
	w.t.Helper()
	nights := must[[]hotel.Night](w.t)(w.core.Inventory(w.t.Context(), t.Hotel, t.ID, d, d+1))
	if len(nights) != 1 {
		w.t.Fatalf("night %s does not exist", d)
	}
	return nights[0]
}

// nights counts the nights of a pool.
func (w *world) nights(pool stock.PoolID) int {
	w.t.Helper()
	rows := must[[]reservation.SlotRow](w.t)(w.desk.Slots(w.t.Context(), reservation.Span{Pool: pool, From: stock.Slot(today - 10), To: stock.Slot(today + 2000)}))
	return len(rows)
}

// find searches the hotel for a stay of a couple.
func (w *world) find(h uid.ID, in, out civil.Date) []hotel.Proposal {
	w.t.Helper()
	return must[[]hotel.Proposal](w.t)(w.core.Search(w.t.Context(), hotel.StayQuery{
		Hotel: h, CheckIn: in, CheckOut: out, Rooms: []offer.Party{{Adults: 2}}, Sort: hotel.ByPrice, Limit: 10,
	}))
}

// book holds one room for the nights [in, out) and returns the reservation.
func (w *world) book(t *hotel.RoomType, in, out civil.Date) (*reservation.Reservation, error) {
	w.t.Helper()
	p, err := w.core.BestOffer(w.t.Context(), hotel.StayRequest{Hotel: t.Hotel, RoomType: t.ID, CheckIn: in, CheckOut: out, Rooms: []offer.Party{{Adults: 2}}})
	if err != nil {
		return nil, err
	}
	a, err := w.desk.Place(w.t.Context(), reservation.PlaceRequest{
		Caller: reservation.Caller{Subject: uid.New().Text("usr")}, Offers: []string{p.Sealed},
		Travellers: []reservation.Traveller{{GivenName: "Ada", FamilyName: "Lovelace", Email: "ada@example.org"}},
		Key:        reservation.Idempotency{ID: uid.New(), Request: uid.New()},
	})
	return a.Reservation, err
}

func ptr[T any](v T) *T { return &v }
