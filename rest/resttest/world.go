// Package resttest is a small world in memory behind the service interfaces: enough of each service, honestly done, to
// drive every call of the REST edge, without a store. It is for tests and for looking at the reference page; what counts
// is proven against the real services in test/e2e.
package resttest

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"holdfast/civil"
	"holdfast/fault"
	"holdfast/feed/intake"
	"holdfast/hotel"
	"holdfast/identity"
	"holdfast/internal/clock"
	"holdfast/money"
	"holdfast/offer"
	"holdfast/payment"
	"holdfast/reservation"
	"holdfast/stock"
	"holdfast/uid"
)

// Tokens of the seeded world.
const (
	OperatorToken  = "tok_operator"
	StaffToken     = "tok_staff" // of the seeded supplier
	RivalToken     = "tok_rival" // staff of another supplier
	TravellerToken = "tok_traveller"
	OtherToken     = "tok_other"  // another traveller
	ReaderToken    = "tok_reader" // may only search
	RailwayToken   = "tok_railway"
	AirlineToken   = "tok_airline"
	LooseToken     = "tok_loose" // staff scopes without a supplier, and not the operator
)

// example is the body of the ids that the reference shows, with the last character exchanged.
func example(prefix string, last byte) uid.ID {
	id, err := uid.Parse(prefix, prefix+"_01kavwy2x4e8hrn5z3m7q9t6b"+string(last))
	if err != nil {
		panic(err)
	}
	return id
}

// The ids of the seeded world, as the reference shows them.
var (
	SupplierID     = example("sup", '0')
	RivalID        = example("sup", '4')
	AirlineID      = example("sup", '8')
	RailwayID      = example("sup", 'c')
	HotelID        = example("htl", '0')
	RoomTypeID     = example("rt", '0')
	EmptyHotelID   = example("htl", '4') // nothing in it
	EmptyTypeID    = example("rt", '4')  // nothing reserved
	RoomID         = example("rm", '0')
	RatePlanID     = example("rp", '0')
	HeldID         = example("res", '0')
	PaidID         = example("res", '4')
	PaidItemID     = example("itm", '4')
	QuoteID        = example("quo", '0')
	PaymentID      = example("pay", '0')
	SeatedID       = example("res", 'c') // has a flight
	SeatedItemID   = example("itm", 'c')
	SealedOffer    = "off_4kdq0w3v9x"
	SealedFlight   = "off_7flight0w3" // two adults
	SealedJourney  = "off_7train0w3"  // one adult on two trains
	Now            = time.Date(2026, 11, 22, 9, 30, 0, 0, time.UTC)
	seededCheckIn  = civil.MustParse("2027-06-10")
	seededCheckOut = civil.MustParse("2027-06-13")
)

// World holds everything behind one lock.
type World struct {
	Clock *clock.Manual

	mu        sync.Mutex
	tokens    map[string]*identity.Principal
	suppliers map[uid.ID]identity.Supplier
	houses    map[uid.ID]*hotel.House
	closed    map[nightKey]bool
	capacity  map[nightKey]int32
	used      map[nightKey]int32 // held and sold
	sealed    map[string]offer.Offer
	revoked   []revocation
	reserved  map[uid.ID]*reservation.Reservation
	order     []uid.ID
	history   map[uid.ID][]reservation.Entry
	keys      map[uid.ID]keyed
	quotes    map[uid.ID]*reservation.Quote
	payments  map[uid.ID]payment.Payment
	refunds   map[uid.ID]payment.Refund
	seats     map[stock.PoolID]*stock.Units
	feeds     map[string]*intake.Status
	feedRuns  map[string][]intake.Run
	track     track
	sky       sky
}

type nightKey struct {
	roomType uid.ID
	night    civil.Date
}

type revocation struct {
	supplier, version uid.ID
	before            time.Time
}

type keyed struct {
	request uid.ID
	answer  reservation.Answer
}

// Seed makes the world that the examples of the reference are about.
func Seed() *World {
	w := &World{
		Clock: clock.Still(Now), tokens: map[string]*identity.Principal{}, suppliers: map[uid.ID]identity.Supplier{}, houses: map[uid.ID]*hotel.House{},
		closed: map[nightKey]bool{}, capacity: map[nightKey]int32{}, used: map[nightKey]int32{}, sealed: map[string]offer.Offer{},
		reserved: map[uid.ID]*reservation.Reservation{}, history: map[uid.ID][]reservation.Entry{}, keys: map[uid.ID]keyed{},
		quotes: map[uid.ID]*reservation.Quote{}, payments: map[uid.ID]payment.Payment{}, refunds: map[uid.ID]payment.Refund{},
		seats: map[stock.PoolID]*stock.Units{}, feeds: map[string]*intake.Status{}, feedRuns: map[string][]intake.Run{},
	}
	traveller := []identity.Scope{identity.OffersRead, identity.ReservationsWrite, identity.PaymentsWrite}
	w.tokens = map[string]*identity.Principal{
		OperatorToken:  {Subject: "operator-1", Scopes: []identity.Scope{identity.StaffAll}},
		StaffToken:     {Subject: "staff-1", Supplier: SupplierID, Scopes: []identity.Scope{identity.OffersRead, identity.InventoryWrite}},
		AirlineToken:   {Subject: "airline-1", Supplier: AirlineID, Scopes: []identity.Scope{identity.OffersRead, identity.InventoryWrite}},
		RailwayToken:   {Subject: "railway-1", Supplier: RailwayID, Scopes: []identity.Scope{identity.OffersRead, identity.InventoryWrite}},
		RivalToken:     {Subject: "rival-1", Supplier: RivalID, Scopes: []identity.Scope{identity.StaffAll}},
		TravellerToken: {Subject: "traveller-1", Scopes: traveller},
		OtherToken:     {Subject: "traveller-2", Scopes: traveller},
		ReaderToken:    {Subject: "reader-1", Scopes: []identity.Scope{identity.OffersRead}},
		LooseToken:     {Subject: "loose-1", Scopes: []identity.Scope{identity.InventoryWrite}},
	}
	for _, s := range []identity.Supplier{
		{ID: SupplierID, Name: "Seaside Hotels", Kind: identity.HotelChain, CreatedAt: Now},
		{ID: RivalID, Name: "Rival Inns", Kind: identity.HotelChain, CreatedAt: Now},
		{ID: AirlineID, Name: "Rival Air", Kind: identity.Airline, CreatedAt: Now},
		{ID: RailwayID, Name: "Seaside Rail", Kind: identity.Railway, CreatedAt: Now},
	} {
		w.suppliers[s.ID] = s
	}
	w.seedHotel()
	w.seedRail()
	w.seedFlights()
	w.seedRides()
	w.seedReservations()
	w.seedSeats()
	w.seedFeed()
	return w
}

func (w *World) seedHotel() {
	w.houses[HotelID] = &hotel.House{
		Hotel: hotel.Hotel{
			ID: HotelID, Supplier: SupplierID, Name: "Hotel Amsel", Stars: 4, Address: "Am Ufer 12", PostalCode: "1100-148", City: "Lisbon", Country: "PT",
			Latitude: 38.7197, Longitude: -9.1431, TimeZone: "Europe/Lisbon", Currency: "EUR", Amenities: []string{"wifi", "breakfast_room", "parking"},
			CheckInFrom: "15:00", CheckOutUntil: "11:00", OverbookingBP: 1000, Status: hotel.Active, CreatedAt: Now, UpdatedAt: Now,
			Levies: []hotel.Levy{
				{Kind: offer.Tax, Code: "vat", Rule: hotel.PercentOfBase, BP: 700, Included: true},
				{Kind: offer.Fee, Code: "city_tax", Rule: hotel.PerAdultNight, Minor: 250},
			},
		},
		Types: []hotel.RoomType{{
			ID: RoomTypeID, Hotel: HotelID, Name: "Double room, garden side", Occupancy: hotel.Occupancy{Adults: 2, Children: 1}, BasePrice: 17500, Capacity: 10,
			Status: hotel.Active, CreatedAt: Now, UpdatedAt: Now,
		}, {
			ID: EmptyTypeID, Hotel: HotelID, Name: "Single room", Occupancy: hotel.Occupancy{Adults: 1}, BasePrice: 9900, Capacity: 4,
			Status: hotel.Active, CreatedAt: Now, UpdatedAt: Now,
		}},
		Rooms: []hotel.Room{{ID: RoomID, Hotel: HotelID, RoomType: RoomTypeID, Number: "204", CreatedAt: Now, UpdatedAt: Now}},
		Plans: []hotel.RatePlan{{
			ID: RatePlanID, Version: uid.New(), Hotel: HotelID, Name: "Flexible with breakfast", Board: hotel.Breakfast, PercentBP: 10000, IncludedAdults: 2,
			FreeUntilHours: 48, FeeBP: 8000, Status: hotel.Active, CreatedAt: Now, UpdatedAt: Now,
		}, {
			ID: example("rp", '4'), Version: uid.New(), Hotel: HotelID, Name: "Saver", Board: hotel.RoomOnly, PercentBP: 12000, FreeUntilHours: -1, FeeBP: 10000,
			Status: hotel.Active, CreatedAt: Now, UpdatedAt: Now,
		}},
		Revision: 7,
	}
	empty := *w.houses[HotelID]
	empty.Hotel.ID, empty.Hotel.Name, empty.Types, empty.Rooms = EmptyHotelID, "Hotel Zeisig", nil, nil
	w.houses[EmptyHotelID] = &empty
}

func (w *World) seedReservations() {
	ctx := context.Background()
	stay := hotel.StayRequest{Hotel: HotelID, RoomType: RoomTypeID, CheckIn: seededCheckIn, CheckOut: seededCheckOut, Rooms: []offer.Party{{Adults: 2}}}
	p, err := w.Hotels().BestOffer(ctx, stay)
	if err != nil {
		panic(err)
	}
	w.sealed[SealedOffer] = p.Offer
	caller := reservation.Caller{Subject: "traveller-1"}
	for _, id := range []uid.ID{HeldID, PaidID} {
		a, err := w.Reservations().Place(ctx, reservation.PlaceRequest{
			Caller: caller, Offers: []string{p.Sealed}, Travellers: []reservation.Traveller{{GivenName: "Mara", FamilyName: "Lindqvist", Email: "mara@example.com"}},
		})
		if err != nil {
			panic(err)
		}
		w.rename(a.Reservation.ID, id)
	}
	w.reserved[PaidID].Items[0].ID = PaidItemID
	if _, err := w.Reservations().Pay(ctx, caller, PaidID.Text("res"), "pm_test_approved", reservation.Idempotency{}); err != nil {
		panic(err)
	}
	for id, pay := range w.payments {
		delete(w.payments, id)
		pay.ID = PaymentID
		w.payments[PaymentID] = pay
	}
	a, err := w.Reservations().QuoteCancellation(ctx, caller, PaidID.Text("res"), nil, reservation.Idempotency{})
	if err != nil {
		panic(err)
	}
	q := a.Quote
	delete(w.quotes, q.ID)
	q.ID = QuoteID
	w.quotes[QuoteID] = q
}

func (w *World) rename(from, to uid.ID) {
	r := w.reserved[from]
	delete(w.reserved, from)
	r.ID = to
	w.reserved[to] = r
	w.history[to] = w.history[from]
	delete(w.history, from)
	w.order[slices.Index(w.order, from)] = to
}

// Identity is the world's identity service.
func (w *World) Identity() identity.Service { return people{w} }

type people struct{ w *World }

func (p people) Authenticate(token string) (*identity.Principal, error) {
	if token == "" {
		return nil, fault.New(fault.Unauthenticated, "token_missing", "Send a token.")
	}
	if who, ok := p.w.tokens[token]; ok {
		return who, nil
	}
	return nil, fault.New(fault.Unauthenticated, "token_unknown", "The token is not known here.")
}

func (p people) CreateSupplier(_ context.Context, s identity.Supplier) (identity.Supplier, error) {
	p.w.mu.Lock()
	defer p.w.mu.Unlock()
	if s.ID.IsZero() {
		s.ID = uid.New()
	}
	if there, ok := p.w.suppliers[s.ID]; ok {
		if there.Name != s.Name || there.Kind != s.Kind {
			return s, fault.New(fault.Conflict, "supplier_exists", "There is another supplier with this id.")
		}
		return there, nil
	}
	s.CreatedAt = p.w.Clock.Now()
	p.w.suppliers[s.ID] = s
	return s, nil
}

func (p people) Supplier(_ context.Context, id uid.ID) (identity.Supplier, error) {
	p.w.mu.Lock()
	defer p.w.mu.Unlock()
	s, ok := p.w.suppliers[id]
	if !ok {
		return s, fault.New(fault.NotFound, "supplier_not_found", "There is no such supplier.")
	}
	return s, nil
}

func (p people) Suppliers(context.Context) ([]identity.Supplier, error) {
	p.w.mu.Lock()
	defer p.w.mu.Unlock()
	var all []identity.Supplier
	for _, s := range p.w.suppliers {
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b identity.Supplier) int { return strings.Compare(a.Name, b.Name) })
	return all, nil
}

// Payments is the world's payment service, as far as the edge asks it.
func (w *World) Payments() payment.Service { return till{w: w} }

type till struct {
	payment.Service // what the edge never asks
	w               *World
}

func (t till) Payment(_ context.Context, id uid.ID) (payment.Payment, error) {
	t.w.mu.Lock()
	defer t.w.mu.Unlock()
	p, ok := t.w.payments[id]
	if !ok {
		return p, fault.New(fault.NotFound, "payment_not_found", "There is no such payment.")
	}
	return p, nil
}

func (t till) Payments(_ context.Context, reservation uid.ID) ([]payment.Payment, []payment.Refund, error) {
	t.w.mu.Lock()
	defer t.w.mu.Unlock()
	var payments []payment.Payment
	var refunds []payment.Refund
	for _, p := range t.w.payments {
		if p.Reservation == reservation {
			payments = append(payments, p)
			for _, f := range t.w.refunds {
				if f.Payment == p.ID {
					refunds = append(refunds, f)
				}
			}
		}
	}
	slices.SortFunc(payments, func(a, b payment.Payment) int { return a.CreatedAt.Compare(b.CreatedAt) })
	return payments, refunds, nil
}

// eur is an amount in the seeded hotel's currency.
func eur(minor int64) money.Amount { return money.Of(minor, "EUR") }
