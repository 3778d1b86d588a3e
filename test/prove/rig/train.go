package rig

import (
	"fmt"
	"testing"
	"time"

	"holdfast/offer"
	"holdfast/reservation"
	"holdfast/stock"
	"holdfast/uid"
)

// Layout is so many seats, eight a coach and four a row; seat i is labelled "coach-place".
func Layout(seats int) *stock.Layout {
	l := &stock.Layout{}
	for i := range seats {
		u := stock.Unit{Label: Seat(i), Group: uint16(i / 8), Row: uint16(i % 8 / 4), Traits: stock.Aisle}
		if i%4 == 0 || i%4 == 3 {
			u.Traits = stock.Window
		}
		l.Units = append(l.Units, u)
	}
	return l
}

// Seat is the label of the i-th seat, from 0.
func Seat(i int) string { return fmt.Sprintf("%d-%d", i/8+1, i%8+1) }

// Train makes a pool of so many seats on a line of segments.
func (w *World) Train(t testing.TB, seats, segments int) stock.PoolID {
	t.Helper()
	layouts := Must[[]uid.ID](t)(w.Cores[0].DefineLayouts(t.Context(), []*stock.Layout{Layout(seats)}))
	spec := reservation.PoolSpec{Ref: uid.New(), Supplier: w.Supplier, Layout: layouts[0], To: stock.Slot(segments)}
	return Must[[]stock.PoolID](t)(w.Cores[0].DefinePools(t.Context(), []reservation.PoolSpec{spec}))[0]
}

// Part is a ride on [From, To) of a pool for so many travellers.
type Part struct {
	Pool       stock.PoolID
	From, To   stock.Slot
	Travellers int
}

// Ride seals a proposal with one piece for each part, which departs in a month and lives as long as Offer's. Of a train the
// desk gives seats at the hold; of a flight travellers choose.
func (w *World) Ride(t testing.TB, mode offer.Mode, parts ...Part) string {
	t.Helper()
	now := w.clock.Now().UTC().Truncate(time.Second)
	o := offer.Offer{IssuedAt: now, ExpiresAt: now.Add(30 * 24 * time.Hour), Currency: "EUR"}
	for _, p := range parts {
		departs := now.AddDate(1, 0, 0)
		o.Pieces = append(o.Pieces, offer.Piece{
			Supplier: w.Supplier, Claims: []stock.Claim{{Pool: p.Pool, From: p.From, To: p.To, Count: int32(p.Travellers)}}, Price: offer.Price{Base: price},
			Terms: offer.Terms{FreeUntil: departs, FeeBP: 5000, EndsAt: departs.Add(4 * time.Hour)},
			Ride: &offer.Ride{
				Mode: mode, Run: w.Supplier, Number: "HF 1", From: "AAA", To: "BBB", Departs: departs, Arrives: departs.Add(4 * time.Hour), Class: "second",
				Fare: w.Supplier, FareVersion: w.Supplier, Adults: uint8(p.Travellers), Seating: offer.Seating{Pool: p.Pool, AtHold: mode == offer.Train},
			},
		})
	}
	return Must[string](t)(w.sealer.Seal(o))
}
