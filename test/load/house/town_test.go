package house_test

import (
	"slices"
	"testing"

	"holdfast/hotel"
	"holdfast/offer"
	"holdfast/test/load/drive"
	"holdfast/test/load/house"
)

// The search of a town gives what its numbers say, counted by hand.
func TestTownIsSearched(t *testing.T) {
	town := house.Town{Hotels: 30, Types: 3, Nights: 40}
	core, err := house.OpenFinder(t.Context(), town)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := core.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	}()
	from, to := town.Season()
	for first := range 35 {
		in := house.Today().Add(first)
		found, err := core.Search(t.Context(), hotel.StayQuery{Place: house.TownCity, CheckIn: in, CheckOut: in.Add(3), Rooms: []offer.Party{{Adults: 2}}, Sort: hotel.ByPrice, Limit: 100})
		if err != nil {
			t.Fatal(err)
		}
		var got, want []int64
		for i := range found {
			got = append(got, found[i].Offer.Pieces[0].Price.Total())
		}
		for i := range town.Hotels {
			best := int64(-1)
			for j := range town.Types {
				total, free := int64(6*house.TownTax), true
				for n := first; n < first+3; n++ {
					free = free && town.Free(i*town.Types+j+1, n) > 0
					if n >= from && n < to {
						total += town.Raised(i)
					} else {
						total += town.Price(i, j)
					}
				}
				if free && (best < 0 || total < best) {
					best = total
				}
			}
			if best >= 0 {
				want = append(want, best)
			}
		}
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("from day %d: %v, want %v", first, got, want)
		}
	}
}

// L0 sells exactly what there is, and its verifier sees what is missing.
func TestMemoryCore(t *testing.T) {
	c := openCore(t, house.Memory, 3, 40)
	r := drive.Closed(t.Context(), c, drive.Load{Clients: 50, Tries: 300, Targets: 3})
	if r.Placed != 120 || r.SoldOut != 180 || r.Failed != 0 {
		t.Fatalf("%d placed, %d sold out, %d failed: %v", r.Placed, r.SoldOut, r.Failed, r.Err)
	}
	verify(t, c, r)
}
