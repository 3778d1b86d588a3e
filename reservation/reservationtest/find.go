package reservationtest

import (
	"slices"
	"testing"
	"time"

	"holdfast/reservation"
	"holdfast/stock"
	"holdfast/uid"
)

// idsOf runs a filter.
func idsOf(t *testing.T, s reservation.Store, f reservation.Filter) []uid.ID {
	t.Helper()
	var ids []uid.ID
	for _, r := range must[[]*reservation.Reservation](t)(s.Find(t.Context(), f)) {
		ids = append(ids, r.ID)
	}
	return ids
}

func testFind(t *testing.T, s reservation.Store) {
	// Placed one second apart, but for the last two, which only their ids tell apart; a client-named id has no time in it.
	var ann, all []uid.ID // newest first
	byID := map[uid.ID]*reservation.Reservation{}
	for i := range 12 {
		caller := []string{"ann", "ann", "bob"}[i%3]
		r := newReservation(caller, noon.Add(time.Duration(min(i, 10))*time.Second))
		if i == 4 {
			r.ID = uid.ID{1, 2, 3} // sorts before all others
		}
		if i == 7 {
			r.Status, r.UpdatedAt = reservation.Cancelled, noon.Add(time.Hour)
		}
		place(t, s, r)
		byID[r.ID] = r
		all = slices.Insert(all, 0, r.ID)
		if caller == "ann" {
			ann = slices.Insert(ann, 0, r.ID)
		}
	}
	mine := func(f reservation.Filter) reservation.Filter {
		f.Caller = "ann"
		if f.Limit == 0 {
			f.Limit = 50
		}
		return f
	}
	for name, c := range map[string]struct {
		f    reservation.Filter
		want []uid.ID
	}{
		"everybody's":           {reservation.Filter{Limit: 50}, all},
		"everybody's, a page":   {reservation.Filter{Limit: 3, After: all[1]}, all[2:5]},
		"placed at one instant": {reservation.Filter{Limit: 1, After: all[0]}, all[1:2]},
		"one instant, backward": {reservation.Filter{Limit: 1, Before: all[1]}, all[:1]},
		"everybody's, backward": {reservation.Filter{Limit: 3, Before: all[6]}, all[3:6]},
		"one caller's":          {mine(reservation.Filter{}), ann},
		"first page":            {mine(reservation.Filter{Limit: 3}), ann[:3]},
		"second page":           {mine(reservation.Filter{Limit: 3, After: ann[2]}), ann[3:6]},
		"last page":             {mine(reservation.Filter{Limit: 30, After: ann[6]}), ann[7:]},
		"past the end":          {mine(reservation.Filter{After: ann[7]}), nil},
		"page before":           {mine(reservation.Filter{Limit: 3, Before: ann[6]}), ann[3:6]},
		"all before":            {mine(reservation.Filter{Before: ann[2]}), ann[:2]},
		"nothing before":        {mine(reservation.Filter{Before: ann[0]}), nil},
		"between":               {mine(reservation.Filter{After: ann[1], Before: ann[5]}), ann[2:5]},
		"cursor of no one":      {mine(reservation.Filter{After: uid.New()}), nil},
		"nobody's":              {reservation.Filter{Caller: "eve", Limit: 9}, nil},
		"status":                {mine(reservation.Filter{Status: reservation.Cancelled}), []uid.ID{all[4]}},
		"updated":               {mine(reservation.Filter{Updated: noon.Add(time.Hour)}), []uid.ID{all[4]}},
		"updated since":         {mine(reservation.Filter{Updated: noon.Add(9 * time.Second)}), []uid.ID{ann[0], ann[1], all[4]}},
		"locator":               {mine(reservation.Filter{Locator: byID[ann[3]].Locator}), []uid.ID{ann[3]}},
		"locator of another's":  {mine(reservation.Filter{Locator: byID[all[0]].Locator}), nil},
		"locator, status":       {reservation.Filter{Locator: byID[ann[3]].Locator, Status: reservation.Expired, Limit: 1}, nil},
		"locator of no one":     {reservation.Filter{Locator: "NONE", Limit: 1}, nil},
	} {
		if got := idsOf(t, s, c.f); !slices.Equal(got, c.want) {
			t.Errorf("%s: %s, want %s", name, short(got), short(c.want))
		}
	}
	found := must[[]*reservation.Reservation](t)(s.Find(t.Context(), mine(reservation.Filter{Limit: 1})))[0]
	found.Stored = 0
	same(t, "what is found", found, byID[ann[0]])
}

func testFindBySupplier(t *testing.T, s reservation.Store) {
	p := newPool(t, s, 100, 0, 9)
	chain, other := uid.New(), uid.New()
	var want []uid.ID
	for i := range 9 {
		claim := []stock.Claim{{Pool: p.ID, From: stock.Slot(i), To: stock.Slot(i + 1), Count: 1}}
		r := newReservation("ann", noon.Add(time.Duration(i/2)*time.Second), claim, claim)
		r.Items[0].Supplier, r.Items[1].Supplier = chain, chain // both items, but one line
		switch i % 3 {
		case 1:
			r.Items[0].Supplier = other
		case 2:
			r.Items[0].Supplier, r.Items[1].Supplier = other, other
		}
		place(t, s, r)
		if i%3 != 2 {
			want = slices.Insert(want, 0, r.ID)
		}
	}
	for name, c := range map[string]struct {
		f    reservation.Filter
		want []uid.ID
	}{
		"all":      {reservation.Filter{Limit: 50}, want},
		"page":     {reservation.Filter{Limit: 2, After: want[0]}, want[1:3]},
		"backward": {reservation.Filter{Limit: 2, Before: want[4]}, want[2:4]},
		"status":   {reservation.Filter{Limit: 2, Status: reservation.Expired}, nil},
		"updated":  {reservation.Filter{Limit: 50, Updated: noon.Add(3 * time.Second)}, want[:2]},
	} {
		c.f.Supplier = chain
		if got := idsOf(t, s, c.f); !slices.Equal(got, c.want) {
			t.Errorf("%s: %s, want %s", name, short(got), short(c.want))
		}
	}
	r := read(t, s, want[0])
	if got := idsOf(t, s, reservation.Filter{Supplier: chain, Locator: r.Locator, Limit: 5}); !slices.Equal(got, want[:1]) {
		t.Errorf("by locator: %s", short(got))
	}
	if got := idsOf(t, s, reservation.Filter{Supplier: uid.New(), Locator: r.Locator, Limit: 5}); len(got) != 0 {
		t.Errorf("another supplier's by locator: %s", short(got))
	}
}
