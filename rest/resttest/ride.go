package resttest

import (
	"context"
	"time"

	"holdfast/civil"
	"holdfast/offer"
	"holdfast/reservation"
	"holdfast/stock"
	"holdfast/uid"
)

// The pools of the seeded trains and flights.
const (
	flightPool stock.PoolID = 100 + iota
	firstTrainPool
	secondTrainPool
)

// Seeded rides.
var (
	DepartureID = example("dep", '0')
	RunID       = example("run", '0')
	OtherRunID  = example("run", '4')
	FareID      = example("far", '0')
	RideDate    = civil.MustParse("2027-06-10")
)

func (w *World) seedRides() {
	w.seats[flightPool] = units(plane(), 1)
	w.seats[firstTrainPool], w.seats[secondTrainPool] = units(coaches(), 4), units(coaches(), 2)
	w.sealed[SealedFlight] = w.rides(w.flight(2))
	w.sealed[SealedJourney] = w.rides(
		w.train(RunID, "HR 101", lisbon, coimbra, 6*time.Hour, 7*time.Hour, firstTrainPool, 2),
		w.train(OtherRunID, "HR 205", coimbra, porto, 9*time.Hour, 10*time.Hour, secondTrainPool, 2),
	)
}

// rides is an offer of some rides.
func (w *World) rides(pieces ...offer.Piece) offer.Offer {
	now := w.Clock.Now()
	return offer.Offer{IssuedAt: now, ExpiresAt: now.Add(20 * time.Minute), Currency: "EUR", Pieces: pieces}
}

func (w *World) flight(adults uint8) offer.Piece {
	day := RideDate.In(time.UTC, 0, 0)
	r := &offer.Ride{
		Mode: offer.Flight, Run: DepartureID, Number: "HF 201", Date: RideDate, From: "LIS", To: "HAM", Departs: day.Add(7 * time.Hour), Arrives: day.Add(10 * time.Hour),
		DepartOffset: 60, ArriveOffset: 120, Class: "economy", Booking: "Y", Fare: FareID, FareVersion: uid.New(), FareName: "Flex", Adults: adults,
		Seating: offer.Seating{Pool: flightPool, Tiers: []int64{0, 1500}},
	}
	return offer.Piece{
		Supplier: AirlineID, Claims: []stock.Claim{{Pool: flightPool, From: 0, To: 1, Count: int32(adults)}},
		Price: offer.Price{Base: 12_000 * int64(adults), Parts: []offer.Part{{Kind: offer.Tax, Code: "airport", Minor: 1_850 * int64(adults)}}},
		Terms: offer.Terms{FreeUntil: r.Departs.Add(-24 * time.Hour), FeeBP: 5000, EndsAt: r.Arrives}, Ride: r,
	}
}

func (w *World) train(run uid.ID, number, from, to string, departs, arrives time.Duration, pool stock.PoolID, slots stock.Slot) offer.Piece {
	day := RideDate.In(time.UTC, 0, 0)
	r := &offer.Ride{
		Mode: offer.Train, Run: run, Number: number, Date: RideDate, From: from, To: to, Departs: day.Add(departs), Arrives: day.Add(arrives),
		DepartOffset: 120, ArriveOffset: 120, Class: "second", Fare: FareID, FareVersion: uid.New(), FareName: "Flex", Adults: 1,
		Seating: offer.Seating{Pool: pool, AtHold: true},
	}
	return offer.Piece{
		Supplier: RailwayID, Claims: []stock.Claim{{Pool: pool, From: 0, To: slots, Count: 1}}, Price: offer.Price{Base: 4_500},
		Terms: offer.Terms{FreeUntil: r.Departs.Add(-24 * time.Hour), FeeBP: 5000, EndsAt: r.Arrives}, Ride: r,
	}
}

// seedSeats reserves the flight, with a seat for one of the two.
func (w *World) seedSeats() {
	a, err := w.Reservations().Place(context.Background(), reservation.PlaceRequest{
		Caller: reservation.Caller{Subject: "traveller-1"}, Offers: []string{SealedFlight}, Seats: []reservation.SeatChoice{{Labels: []string{"15A"}}},
		Travellers: []reservation.Traveller{{GivenName: "Mara", FamilyName: "Lindqvist"}, {GivenName: "Jon", FamilyName: "Lindqvist"}},
	})
	if err != nil {
		panic(err)
	}
	w.rename(a.Reservation.ID, SeatedID)
	w.reserved[SeatedID].Items[0].ID = SeatedItemID
}

// Paid makes a reservation one that was paid.
func (w *World) Paid(id uid.ID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	r := w.reserved[id]
	r.Status, r.Payment, r.Paid = reservation.Confirmed, reservation.Paid, r.Total().Minor
	for i := range r.Items {
		r.Items[i].Status = reservation.Confirmed
	}
}
