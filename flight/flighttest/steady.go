package flighttest

import (
	"slices"
	"time"

	"holdfast/fault"
	"holdfast/flight"
	"holdfast/flight/fare"
)

// retariff changes the tariff; an error is one of the rule.
func (w *world) retariff(change func(*flight.Tariff)) error {
	w.t.Helper()
	t := *must[*flight.Tariff](w.t)(w.core.Tariff(w.t.Context(), w.staff, w.supplier))
	t.Families, t.Levies, t.Cabins = slices.Clone(t.Families), slices.Clone(t.Levies), slices.Clone(t.Cabins)
	for i := range t.Cabins {
		t.Cabins[i].Classes = slices.Clone(t.Cabins[i].Classes)
	}
	change(&t)
	_, err := w.core.SetTariff(w.t.Context(), w.staff, t, flight.AnyRevision)
	if err != nil && !fault.Is(err, "fare_rise_too_soon") {
		w.t.Fatalf("%v %+v", err, fault.As(err).Fields)
	}
	return err
}

// noOtherName has a supplier raise its prices under other names.
func noOtherName(w *world) {
	w.shuttle()
	price := func() int64 { return w.find("LIS", "FRA", today+20)[0].Options[0].Total() }
	last := price()
	for name, change := range map[string]func(*flight.Tariff){
		"families of other codes": func(t *flight.Tariff) {
			for n := range t.Families {
				t.Families[n].Code, t.Families[n].ID = "X"+t.Families[n].Code, [16]byte{}
				t.Families[n].Amount += 1_000
			}
		},
		"without the cheapest family": func(t *flight.Tariff) { t.Families = t.Families[1:] },
		"one more levy": func(t *flight.Tariff) {
			t.Levies = append(t.Levies, fare.Levy{Kind: t.Levies[0].Kind, Code: "ZZ", Minor: 500})
		},
		"a levy of another code": func(t *flight.Tariff) { t.Levies[0].Code, t.Levies[0].Minor = "ZZ", t.Levies[0].Minor+500 },
	} {
		wantReason(w.t, w.retariff(change), "fare_rise_too_soon")
		if now := price(); now != last {
			w.t.Errorf("%s: it costs %d, before %d", name, now, last)
		}
	}
	w.clock.Advance(25 * time.Hour)
	for name, c := range map[string][2]func(*fare.Levy){
		"included":      {func(l *fare.Levy) { l.Included = true }, func(l *fare.Levy) { l.Included = false }},
		"elsewhere":     {func(l *fare.Levy) { l.Airports = []string{"NRT"} }, func(l *fare.Levy) { l.Airports = nil }},
		"for infants":   {func(l *fare.Levy) { l.Who = []fare.Kind{fare.Infant} }, func(l *fare.Levy) { l.Who = []fare.Kind{fare.Adult, fare.Child} }},
		"only once":     {func(l *fare.Levy) { l.Once = true }, func(l *fare.Levy) { l.Once = false }},
		"a lower price": {func(l *fare.Levy) { l.Minor -= 100 }, func(l *fare.Levy) { l.Minor += 100 }},
	} {
		w.clock.Advance(25 * time.Hour)
		if err := w.retariff(func(t *flight.Tariff) { c[0](&t.Levies[0]) }); err != nil {
			w.t.Errorf("%s: %v", name, err)
		}
		low := price()
		w.clock.Advance(time.Minute)
		if err := w.retariff(func(t *flight.Tariff) { c[1](&t.Levies[0]) }); err == nil {
			w.t.Errorf("%s: a dip of a minute ends", name)
		}
		if now := price(); now != low {
			w.t.Errorf("%s: it costs %d a minute after %d", name, now, low)
		}
		w.clock.Advance(25 * time.Hour)
		if err := w.retariff(func(t *flight.Tariff) { c[1](&t.Levies[0]) }); err != nil {
			w.t.Errorf("%s: the rise after a day: %v", name, err)
		}
	}
}

// newLetters renames the lowest class again and again, each time dearer.
func newLetters(w *world) {
	w.shuttle()
	price := func() int64 { return w.find("LIS", "FRA", today+20)[0].Options[0].Total() }
	last := price()
	rename := func(code string, more int64) {
		w.t.Helper()
		if err := w.retariff(func(t *flight.Tariff) {
			all := t.Cabins[len(t.Cabins)-1].Classes
			all[len(all)-1].Code, all[len(all)-1].Base = code, all[len(all)-1].Base+more
		}); err != nil {
			w.t.Fatal(err)
		}
		w.advance(time.Minute)
	}
	for _, code := range []string{"R", "Q", "K", "R"} {
		rename(code, 1_000)
		if now := price(); now != last {
			w.t.Errorf("as %s it costs %d, before %d", code, now, last)
		}
	}
	w.clock.Advance(25 * time.Hour)
	if now := price(); now <= last {
		w.t.Errorf("a day later it costs %d still", now)
	}
	rename("T", -4_000)
	if now := price(); now != last {
		w.t.Errorf("a fall shows at once: it costs %d, want %d", now, last)
	}
	// The other letter was dearer an hour ago. It is as cheap now.
	rename("R", 4_000)
	if now := price(); now != last {
		w.t.Errorf("a minute after %d it costs %d", last, now)
	}
}
