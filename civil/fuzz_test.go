package civil_test

import (
	"testing"
	"time"

	"holdfast/civil"
)

// FuzzParse: a date that is read is written the very same, and lies where its parts say.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{"2026-11-22", "1969-12-31", "0000-01-01", "9999-12-31", "2024-02-29", "2023-02-29", "2026-1-1", "2026-11-22T00:00:00Z", "-001-01-01", "２０２６-11-22"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		d, err := civil.Parse(text)
		if err != nil {
			return
		}
		if d.String() != text {
			t.Fatalf("%q is written as %q", text, d)
		}
		if y, m, day := d.Civil(); civil.DateOf(y, m, day) != d {
			t.Fatalf("%q has the parts %d %d %d, which are another date", text, y, m, day)
		}
		if next, err := civil.Parse(d.Add(1).String()); text != "9999-12-31" && (err != nil || next != d+1) {
			t.Fatalf("the day after %q is %v, %v", text, next, err)
		}
	})
}

// FuzzZone: whatever is asked for, the answer is a zone of just that name, in which dates and instants agree, or a
// refusal; nothing is read that is not a zone.
func FuzzZone(f *testing.F) {
	for _, seed := range []string{"Europe/Berlin", "America/St_Johns", "UTC", "", "Local", "../../etc/passwd", "Europe/../Europe/Berlin", "europe/berlin", "Asia/Kathmandu\x00", "/etc/localtime"} {
		f.Add(seed, int32(20_779))
	}
	f.Fuzz(func(t *testing.T, name string, night int32) {
		zone, err := civil.Zone(name)
		if err != nil {
			return
		}
		if zone.String() != name {
			t.Fatalf("%q gives the zone %q", name, zone)
		}
		d := civil.Date(night % 1_000_000)
		if noon := d.In(zone, 12, 0); civil.Today(noon, zone) != d && noon.Before(time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC)) && d > 0 {
			t.Fatalf("noon of %s in %s is on %s", d, name, civil.Today(noon, zone))
		}
	})
}
