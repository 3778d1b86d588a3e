package hotel

import (
	"testing"

	"holdfast/uid"
)

// TestCities: by the beginning of a name or of a word of it, the very name first, then by how many hotels there are.
func TestCities(t *testing.T) {
	c := &Core{finder: newFinder(finderDeps{})}
	for i, h := range []struct{ city, country string }{
		{"Lisbon", "PT"}, {"Lisbon", "PT"}, {"Lisburn", "GB"}, {"New Lisbon", "US"}, {"Lis", "PL"}, {"Porto", "PT"},
	} {
		e := &entry{id: uid.New()}
		l := &listing{house: &House{Hotel: Hotel{ID: e.id, City: h.city, Country: h.country, Status: Active, Latitude: float64(i)}}}
		e.listing.Store(l)
		c.finder.places.put(e, l)
	}
	got, err := c.Cities(t.Context(), "LÍS", 10)
	want := []City{{"Lis", "PL", 1}, {"Lisbon", "PT", 2}, {"Lisburn", "GB", 1}, {"New Lisbon", "US", 1}}
	if err != nil || len(got) != len(want) {
		t.Fatalf("%v, %v", got, err)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("city %d is %v, want %v", i, got[i], want[i])
		}
	}
	if few, _ := c.Cities(t.Context(), "lis", 1); len(few) != 1 {
		t.Errorf("with a limit of one: %v", few)
	}
	for _, limit := range []int{0, MaxCities + 1} {
		if _, err := c.Cities(t.Context(), "lis", limit); err == nil {
			t.Errorf("a limit of %d is taken", limit)
		}
	}
}
