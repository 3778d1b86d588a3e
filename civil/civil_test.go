package civil_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"holdfast/civil"
)

func TestParse(t *testing.T) {
	for _, bad := range []string{"", "2026-2-03", "2026-02-30", "20260203", "2026-02-03T00:00:00Z", "26-02-03", " 2026-02-03", "2026-13-01"} {
		if d, err := civil.Parse(bad); err == nil {
			t.Errorf("Parse(%q) = %s, want an error", bad, d)
		}
	}
	if d := civil.MustParse("1970-01-02"); d != 1 {
		t.Errorf("1970-01-02 = %d, want 1", d)
	}
	if d := civil.MustParse("1969-12-31"); d != -1 {
		t.Errorf("1969-12-31 = %d, want -1", d)
	}
}

func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := civil.Date(rapid.Int32Range(-100_000, 2_000_000).Draw(t, "d"))
		got, err := civil.Parse(d.String())
		if d > civil.MustParse("9999-12-31") {
			return
		}
		if err != nil || got != d {
			t.Fatalf("%d -> %s -> %d, %v", d, d, got, err)
		}
		y, m, day := d.Civil()
		if civil.DateOf(y, m, day) != d {
			t.Fatalf("%d -> %d-%d-%d", d, y, m, day)
		}
	})
}

// At one instant it is three different days on Earth.
func TestToday(t *testing.T) {
	now := time.Date(2026, 3, 1, 10, 30, 0, 0, time.UTC)
	for name, want := range map[string]string{"Pacific/Kiritimati": "2026-03-02", "Europe/Lisbon": "2026-03-01", "Pacific/Midway": "2026-02-28"} {
		zone, err := civil.Zone(name)
		if err != nil {
			t.Fatal(err)
		}
		if got := civil.Today(now, zone).String(); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	if now = time.Date(2026, 3, 1, 10, 30, 0, 0, time.UTC); civil.Today(now, time.UTC) != civil.MustParse("2026-03-01") {
		t.Error("UTC")
	}
}

// Wall-clock times on the two clock-change days of Berlin.
func TestInOnSwitchDays(t *testing.T) {
	berlin, err := civil.Zone("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	for in, want := range map[string]string{
		"2026-03-28": "2026-03-28T14:00:00Z", "2026-03-29": "2026-03-29T13:00:00Z",
		"2026-10-24": "2026-10-24T13:00:00Z", "2026-10-25": "2026-10-25T14:00:00Z",
	} {
		if got := civil.MustParse(in).In(berlin, 15, 0).UTC().Format(time.RFC3339); got != want {
			t.Errorf("%s 15:00 = %s, want %s", in, got, want)
		}
	}
}

func TestZone(t *testing.T) {
	for _, bad := range []string{"", "Local", "Mars/Olympus", "../etc/passwd"} {
		if _, err := civil.Zone(bad); err == nil {
			t.Errorf("Zone(%q) was accepted", bad)
		}
	}
}
