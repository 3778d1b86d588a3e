package record

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"holdfast/reservation"
	"holdfast/stock"
	"holdfast/uid"
)

// filled sets every field of a struct to something that is not zero, so that a field which the document forgets is noticed.
func filled(v reflect.Value, t *rapid.T) {
	for i := range v.NumField() {
		f := v.Field(i)
		switch x := f.Addr().Interface().(type) {
		case *uid.ID:
			*x = drawID(t, "id")
		case *time.Time:
			*x = drawTime(t, "time")
		case *string:
			*x = rapid.StringMatching(`[a-zé"\\]{1,9}`).Draw(t, "text")
		case *bool:
			*x = true
		default:
			if f.CanInt() {
				f.SetInt(rapid.Int64Range(1, 30_000).Draw(t, "int"))
			} else if f.Kind() == reflect.String {
				f.SetString("EUR")
			}
		}
	}
}

// Everything that is stored about a reservation comes back from its archived document.
func TestArchiveRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := &reservation.Reservation{}
		filled(reflect.ValueOf(r).Elem(), t)
		r.Status, r.Payment = reservation.Completed, reservation.RefundFailed
		r.Step, r.Stored = reservation.StaffStep, r.Version
		r.Travellers = []reservation.Traveller{{GivenName: "Zoë", FamilyName: "O\"Neill", Email: "z@example.org"}, {GivenName: "李", FamilyName: "小龍"}}
		l := &Loaded{Reservation: r, Lives: [][]reservation.ClaimLife{}}
		for range rapid.IntRange(0, 3).Draw(t, "items") {
			it := reservation.Item{ID: drawID(t, "item"), Status: reservation.Status(rapid.ByteRange(1, 7).Draw(t, "status")), Piece: drawPiece(t)}
			it.Supplier, it.Terms.EndsAt = drawID(t, "supplier"), drawTime(t, "ends")
			drawAmended(t, &it)
			it.Claims = nil
			lives := []reservation.ClaimLife{}
			for range rapid.IntRange(0, 2).Draw(t, "claims") {
				it.Claims = append(it.Claims, stock.Claim{Pool: stock.PoolID(rapid.Int64Range(1, 1<<40).Draw(t, "pool")), From: -3, To: 9, Count: 2, Unit: rapid.Int32Range(0, 2048).Draw(t, "unit")})
				lives = append(lives, reservation.ClaimLife(rapid.ByteRange(1, 3).Draw(t, "life")))
			}
			r.Items, l.Lives = append(r.Items, it), append(l.Lives, lives)
		}
		var lines []Line
		for range rapid.IntRange(0, 3).Draw(t, "lines") {
			var e reservation.Entry
			filled(reflect.ValueOf(&e).Elem(), t)
			e.Reservation, e.Actor, e.Cause = r.ID, reservation.Actor{Kind: reservation.StaffActor, ID: "eve"}, reservation.SettledOutside
			e.From, e.To, e.Payment = reservation.Held, reservation.Cancelled, reservation.Refunded
			lines = append(lines, Line{Entry: e, Stream: 7, N: 1 << 40})
		}
		text, err := Archive(l, lines)
		if err != nil || !json.Valid(text) {
			t.Fatalf("%s, %v", text, err)
		}
		got, err := ReadArchive(text)
		if err != nil {
			t.Fatalf("%v: %s", err, text)
		}
		if diff := cmp.Diff(&Archived{*l, lines}, got, cmpopts.EquateEmpty(), cmp.Transformer("micro", Micro)); diff != "" {
			t.Fatal(diff)
		}
		if entries := got.Entries(); len(entries) != len(lines) {
			t.Fatalf("%d entries of %d", len(entries), len(lines))
		}
	})
}

// FuzzReadArchive: a document reads to something that is written and read the same again, or is refused.
func FuzzReadArchive(f *testing.F) {
	for _, seed := range []string{
		`{}`, `null`, `[]`, ``, `{"id":"zz","status":4}`,
		`{"id":"00112233445566778899aabbccddeeff","status":4,"payment":1,"item_status":"","document":{},"claims":[],"history":[]}`,
		`{"id":"00112233445566778899aabbccddeeff","status":4,"payment":1,"item_status":"","document":{},"claims":[{"item":0}]}`,
		`{"id":"00112233445566778899aabbccddeeff","status":4,"payment":1,"item_status":"4","document":{"items":[{"id":"00112233445566778899aabbccddeeff",` +
			`"supplier":"00112233445566778899aabbccddeeff","piece":{"ride":{"mode":1,"run":"00112233445566778899aabbccddeeff","date":"2026-11-22",` +
			`"fare":"00112233445566778899aabbccddeeff","fare_version":"00112233445566778899aabbccddeeff"}},"placed":[{"unit":1}]}]},` +
			`"amended":{"items":[{"item":0,"seats":[],"notice":{"id":"00112233445566778899aabbccddeeff"}}]},"claims":[{"item":0,"unit":1}]}`,
		`{"id":"00112233445566778899aabbccddeeff","status":9,"payment":1,"document":{}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		a, err := ReadArchive(text)
		if err != nil {
			return
		}
		written, err := Archive(&a.Loaded, a.History)
		if err != nil {
			t.Fatal(err)
		}
		if back, err := ReadArchive(written); err != nil || cmp.Diff(a, back, cmpopts.EquateEmpty()) != "" {
			t.Fatalf("%s was written as %s: %v", text, written, err)
		}
	})
}
