package hotel

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"holdfast/fault"
	"holdfast/internal/clock"
)

// FuzzTemplate: a template is one that can be used and says the same when it is written and read again, or it is refused
// as the caller's mistake.
func FuzzTemplate(f *testing.F) {
	for _, seed := range []string{
		`{"city":"Leipzig","country":"DE","time_zone":"Europe/Berlin","currency":"EUR","room_types":[{"name":"Double","share_bp":10000,"occupancy":{"adults":2,"children":0},"base_price":"80.00"}]}`,
		`{}`, `{} {}`, `null`, `[]`, `{"room_types":[{"share_bp":1e99}]}`, `{"unknown":1}`, `{"currency":"EUR","room_types":[{"base_price":"999999999999999.99","share_bp":10000}]}`,
		strings.Repeat(`[`, 5000), `{"city":"a"`, "\xff",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := ReadTemplate(strings.NewReader(text))
		if err != nil {
			if fault.KindOf(err) != fault.Invalid {
				t.Fatalf("refused with %v", err)
			}
			return
		}
		for _, kind := range got.prices() {
			if kind.BasePrice < 0 {
				t.Fatalf("%s: a room type for %d", text, kind.BasePrice)
			}
		}
		written, err := json.Marshal(got)
		if err != nil {
			t.Fatal(err)
		}
		back, err := ReadTemplate(strings.NewReader(string(written)))
		if err != nil || !reflect.DeepEqual(back, got) {
			t.Fatalf("%s was written as %s and read as %+v, %v", text, written, back, err)
		}
	})
}

// FuzzHousesCursor: a cursor that somebody made up gives a page or a 422.
func FuzzHousesCursor(f *testing.F) {
	for _, seed := range []string{"", "AAAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAAGFiYw", "x", "====", strings.Repeat("A", 600)} {
		f.Add(seed, "text", "city")
	}
	c := New(Deps{Clock: clock.System{}})
	f.Fuzz(func(t *testing.T, after, text, city string) {
		houses, next, err := c.Houses(t.Context(), ListQuery{After: after, Text: text, City: city, Limit: 50})
		if err != nil && fault.KindOf(err) != fault.Invalid || len(houses) > 0 || next != "" {
			t.Fatalf("%q: %d houses, %q, %v", after, len(houses), next, err)
		}
	})
}

// FuzzClock: a time of day is HH:MM, of which there are 1,440 and no more.
func FuzzClock(f *testing.F) {
	for _, seed := range []string{"15:00", "24:00", "7:5", "07:05", "23:59", "", "15:00:00", "-1:00", "15:60"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, err := parseClock(text)
		if err == nil && (c.hour < 0 || c.hour > 23 || c.minute < 0 || c.minute > 59 || len(text) > len("15:04")) {
			t.Fatalf("%q is read as %+v", text, c)
		}
	})
}
