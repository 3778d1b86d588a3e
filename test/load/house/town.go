package house

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"holdfast/civil"
	"holdfast/hotel"
	hotelpostgres "holdfast/hotel/postgres"
	"holdfast/hotel/relational"
	hotelsqlite "holdfast/hotel/sqlite"
	"holdfast/internal/clock"
	"holdfast/offer"
	"holdfast/reservation"
	"holdfast/stock"
	"holdfast/uid"
)

// Town is hotels to be searched, all in one city. Prices and free rooms follow from the numbers of hotel and type, so
// that a peer can have the same and has to give the same answers.
type Town struct {
	Hotels int
	Types  int // of each hotel
	Nights int // from today on
	Rooms  int32
}

// What the searches ask for.
const (
	TownCity  = "Metropolis"
	townZone  = "Europe/Berlin"
	TownTax   = 250 // for an adult and night, minor units, added to the price
	priceLow  = 6_000
	priceSpan = 20_000
)

// Price is the base price of the j-th type of the i-th hotel, in minor units.
func (t Town) Price(i, j int) int64 { return int64(priceLow + (i*7919+j*104_729)%priceSpan) }

// Raised is the price of the j-th hotel on the nights of Season.
func (t Town) Raised(i int) int64 { return int64(9_000 + i) }

// Season is the nights, counted from today, that have a price of their own.
func (t Town) Season() (from, to int) { return t.Nights / 3, t.Nights / 2 }

// Free is how many rooms of a pool (from 1) are free on a night (from 0) when nothing was sold: some nights have none.
func (t Town) Free(pool, night int) int32 {
	if t.Rooms > 0 {
		return t.Rooms
	}
	return int32((pool*31 + night) % 7)
}

// Houses makes the hotels; with pools, as from a store, else as they are given to one.
func (t Town) Houses(today civil.Date, pools bool) []hotel.House {
	supplier, houses, pool := uid.New(), make([]hotel.House, t.Hotels), stock.PoolID(0)
	from, to := t.Season()
	for i := range houses {
		h := &houses[i]
		h.Hotel = hotel.Hotel{
			ID: uid.New(), Supplier: supplier, Name: fmt.Sprintf("Hotel %04d", i), Stars: i % 6, Address: "Am Ufer 12", PostalCode: "10115", City: TownCity, Country: "DE",
			Latitude: 48 + float64(i%40)/200, Longitude: 11 + float64(i/40%40)/200, TimeZone: townZone, Currency: "EUR", Amenities: []string{"wifi"},
			CheckInFrom: "15:00", CheckOutUntil: "11:00",
			Levies: []hotel.Levy{
				{Kind: offer.Tax, Code: "vat", Rule: hotel.PercentOfBase, BP: 700, Included: true},
				{Kind: offer.Tax, Code: "city_tax", Rule: hotel.PerAdultNight, Minor: TownTax},
			},
		}
		h.Plans = []hotel.RatePlan{
			{ID: uid.New(), Name: "Flexible", Board: hotel.RoomOnly, PercentBP: 10_000, IncludedAdults: 2, FreeUntilHours: 48, FeeBP: 9_000},
			{ID: uid.New(), Name: "Breakfast", Board: hotel.Breakfast, PercentBP: 11_500, IncludedAdults: 2, FreeUntilHours: 48, FeeBP: 9_000},
		}
		for j := range t.Types {
			pool++
			rt := hotel.RoomType{
				ID: uid.New(), Name: fmt.Sprintf("Room %d", j), Occupancy: hotel.Occupancy{Adults: 2, Children: 1}, BasePrice: t.Price(i, j), Capacity: max(1, t.Rooms),
				Rates: hotel.Line[int64]{}.Set(today.Add(from), today.Add(to), t.Raised(i)),
			}
			if pools {
				rt.Hotel, rt.Pool, rt.Status = h.Hotel.ID, pool, hotel.Active
			}
			h.Types = append(h.Types, rt)
		}
		if pools {
			h.Hotel.Status, h.Revision, h.NightsTo = hotel.Active, 1, today.Add(t.Nights)
			for p := range h.Plans {
				h.Plans[p].Hotel, h.Plans[p].Version, h.Plans[p].Status = h.Hotel.ID, uid.New(), hotel.Active
			}
		}
	}
	return houses
}

// Today is the date in the town.
func Today() civil.Date {
	zone, err := civil.Zone(townZone)
	if err != nil {
		panic(err) // the zone exists
	}
	return civil.Today(clock.System{}.Now(), zone)
}

// OpenFinder is the search of a town in this process, without a store (L0).
func OpenFinder(ctx context.Context, t Town) (*hotel.Core, error) {
	core := hotel.New(hotel.Deps{
		Store: &townStore{houses: t.Houses(Today(), true)}, Reservation: &townStock{town: t}, Clock: clock.System{},
		Settings: hotel.Settings{Horizon: t.Nights, OfferLife: hotel.DefaultSettings().OfferLife},
	})
	return core, core.Start(ctx)
}

// townStore is a hotel.Store that only has the houses; the embedded interface is nil, anything else stops the benchmark.
type townStore struct {
	hotel.Store
	houses []hotel.House
}

// Changed implements hotel.Store.
func (s *townStore) Changed(_ context.Context, after hotel.Point, limit int) (out []*hotel.House, _ hotel.Point, _ error) {
	for n := after.Change; n < int64(len(s.houses)) && len(out) < limit; n++ {
		out = append(out, &s.houses[n])
		after = hotel.Point{Change: n + 1, Hotel: s.houses[n].Hotel.ID}
	}
	return out, after, nil
}

// Waiting implements hotel.Store: nothing is to be done.
func (s *townStore) Waiting(context.Context, bool, int) ([]uid.ID, error) { return nil, nil }

// townStock is a reservation.Service that only has the stock.
type townStock struct {
	reservation.Service
	town Town
}

// SealingSecret implements reservation.Service.
func (s *townStock) SealingSecret(context.Context) ([]byte, error) {
	return make([]byte, offer.SecretBytes), nil
}

// Watch implements reservation.Service: nothing is sold.
func (s *townStock) Watch(func([]reservation.SlotRow)) (stop func()) { return func() {} }

// ArchiveSlots implements reservation.Service: no night is past.
func (s *townStock) ArchiveSlots(context.Context, []reservation.Span) (int, error) { return 0, nil }

// Snapshot implements reservation.Service.
func (s *townStock) Snapshot(_ context.Context, from stock.Slot, yield func([]reservation.SlotRow) error) (reservation.Positions, error) {
	today := stock.Slot(Today())
	rows := make([]reservation.SlotRow, 0, s.town.Nights)
	for pool := 1; pool <= s.town.Hotels*s.town.Types; pool++ {
		rows = rows[:0]
		for n := range s.town.Nights {
			if slot := today + stock.Slot(n); slot >= from {
				rows = append(rows, reservation.SlotRow{Key: stock.Key{Pool: stock.PoolID(pool), Slot: slot}, Counters: stock.New(s.town.Free(pool, n), 0), Version: 1})
			}
		}
		if err := yield(rows); err != nil {
			return nil, err
		}
	}
	return reservation.Positions{}, nil
}

func openStores(ctx context.Context, folder, dsn string) (rooms reservation.Store, houses hotel.Store, err error) {
	path := filepath.Join(folder, "hotel.db")
	if dsn != "" {
		if rooms, err = openPostgres(ctx, dsn); err == nil {
			err = hotelpostgres.Migrate(ctx, dsn)
		}
	} else if rooms, err = openSQLite(ctx, filepath.Join(folder, "reservation.db")); err == nil {
		err = hotelsqlite.Migrate(ctx, path)
	}
	if err == nil {
		var store *relational.Store
		if dsn != "" {
			store, err = hotelpostgres.Open(ctx, dsn, 0)
		} else {
			store, err = hotelsqlite.Open(ctx, path)
		}
		houses = store
	}
	if err != nil {
		if rooms != nil {
			err = errors.Join(err, rooms.Close())
		}
		return nil, nil, err
	}
	return rooms, houses, nil
}

// fill stores a town in the stores of a server that is not running: a data folder, or a database when dsn is not "".
func (t Town) fill(ctx context.Context, folder, dsn string) (err error) {
	rooms, houses, err := openStores(ctx, folder, dsn)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, houses.Close(), rooms.Close()) }()
	settings := reservation.DefaultSettings()
	if dsn == "" {
		settings.Lanes = 1
	}
	core := reservation.New(reservation.Deps{Store: rooms, Clock: clock.System{}, StoreClock: dsn != "", Node: "fill", Settings: settings})
	if err := core.Start(ctx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, core.Stop(context.WithoutCancel(ctx))) }()
	hotels := hotel.New(hotel.Deps{
		Store: houses, Reservation: core, Clock: clock.System{},
		Settings: hotel.Settings{Horizon: t.Nights, OfferLife: hotel.DefaultSettings().OfferLife},
	})
	if err := hotels.Start(ctx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, hotels.Stop(context.WithoutCancel(ctx))) }()
	return hotels.CreateHouses(ctx, hotel.Editor{}, t.Houses(Today(), false), nil)
}
