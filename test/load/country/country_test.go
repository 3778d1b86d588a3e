package country

import (
	"bufio"
	"bytes"
	"context"
	"os"
	"testing"
	"time"

	"holdfast/civil"
	"holdfast/uid"
)

// A small country is loaded, sold from, started again from its image and from its tables, and lets a day pass.
func TestCountry(t *testing.T) {
	size := Size{Hotels: 5, Types: 2, Nights: 40}
	place := Place{Folder: t.TempDir()}
	open := func(noImage bool) *System {
		t.Helper()
		s, err := Open(t.Context(), Options{Place: place, Nights: size.Nights, NoImage: noImage})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	end := func(s *System) {
		t.Helper()
		if err := s.Close(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	s := open(false)
	loaded := 0
	if err := s.Load(t.Context(), size, 0, func(hotels int) { loaded = hotels }); err != nil || loaded != size.Hotels {
		t.Fatalf("%d hotels, %v", loaded, err)
	}
	sales, err := s.Sell(t.Context(), size, 3)
	if err != nil {
		t.Fatal(err)
	}
	selling, stop := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer stop()
	if took, err := sales.Run(selling, 2, time.Millisecond); err != nil || took.Count() == 0 {
		t.Fatalf("%d sold, %v", took.Count(), err)
	}
	want, err := s.Search(t.Context(), size, 0, 20)
	if err != nil || len(want) != size.Hotels {
		t.Fatalf("%d found, %v", len(want), err)
	}
	end(s)
	if _, err := os.Stat(place.Image()); err != nil {
		t.Fatalf("no image: %v", err)
	}
	for _, noImage := range []bool{false, true} {
		s := open(noImage)
		got, err := s.Search(t.Context(), size, 0, 20)
		if err != nil || len(got) != len(want) {
			t.Fatalf("without image %v: %d found, %v", noImage, len(got), err)
		}
		for i := range got {
			if got[i].Available != want[i].Available || got[i].Offer.Total() != want[i].Offer.Total() {
				t.Errorf("without image %v: %d free for %v, before %d for %v", noImage, got[i].Available, got[i].Offer.Total(), want[i].Available, want[i].Offer.Total())
			}
		}
		s.Clock.Advance(24 * time.Hour)
		if err := s.Hotel.CatchUp(t.Context()); err != nil {
			t.Fatal(err)
		}
		end(s)
	}
}

// The world is the same each time but for its ids, and of the size it says.
func TestHouses(t *testing.T) {
	from := civil.DateOf(2026, 11, 22)
	houses := Full.Houses(0, 3, uid.New(), from)
	again := Full.Houses(0, 3, uid.New(), from)
	for i := range houses {
		if len(houses[i].Types) != Full.Types || houses[i].Hotel.Latitude != again[i].Hotel.Latitude || houses[i].Types[7].BasePrice != again[i].Types[7].BasePrice {
			t.Errorf("house %d: %d types", i, len(houses[i].Types))
		}
		if runs := len(houses[i].Types[0].Rates); runs < 24 || runs > 40 {
			t.Errorf("house %d: %d runs of prices", i, runs)
		}
	}
	if Full.Slots() != 73_000_000 || Full.Cities() != 25 || len(Full.Houses(4999, 10, uid.New(), from)) != 1 {
		t.Errorf("%d slots, %d cities", Full.Slots(), Full.Cities())
	}
}

// The peer's rows are in the form that COPY reads: a head, twelve columns a row, an end.
func TestCopyRows(t *testing.T) {
	var out bytes.Buffer
	w := bufio.NewWriter(&out)
	writeSlots(w, 2, 3)
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	const head, row, end = 19, 2 + 2*12 + 8*8 + 2*5, 2
	if out.Len() != head+2*3*row+end {
		t.Errorf("%d bytes, want %d", out.Len(), head+2*3*row+end)
	}
}
