package record

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"holdfast/reservation"
)

// What is written is JSON and says the same when it is read, to the microsecond.
func TestDocumentRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.Custom(func(t *rapid.T) string { return string([]rune(rapid.String().Draw(t, "text"))) }) // what is no UTF-8 never gets this far
		want := &reservation.Reservation{
			Travellers: rapid.SliceOfN(rapid.Custom(func(t *rapid.T) reservation.Traveller {
				return reservation.Traveller{GivenName: text.Draw(t, "given"), FamilyName: text.Draw(t, "family"), Email: text.Draw(t, "email")}
			}), 0, 3).Draw(t, "travellers"),
		}
		for range rapid.IntRange(0, 3).Draw(t, "items") {
			item := reservation.Item{ID: drawID(t, "id"), Status: reservation.Status(rapid.ByteRange(1, 7).Draw(t, "status")), Piece: drawPiece(t)}
			item.Supplier, item.Terms.EndsAt = drawID(t, "supplier"), drawTime(t, "ends")
			drawAmended(t, &item)
			want.Items = append(want.Items, item)
		}
		document, statuses := AppendDocument([]byte("before"), want)[6:], AppendStatuses(nil, want)
		if !json.Valid(document) {
			t.Fatalf("no JSON: %s", document)
		}
		var got reservation.Reservation
		if err := Document(document, string(statuses), AppendAmended(nil, want), &got); err != nil {
			t.Fatalf("%v: %s", err, document)
		}
		if diff := cmp.Diff(want, &got, cmpopts.EquateEmpty(), cmp.Transformer("micro", Micro)); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestBrokenReservationDocuments(t *testing.T) {
	const id = `"00000000000000000000000000000001"`
	const piece = `{"hotel":` + id + `,"room_type":` + id + `,"rate_plan":` + id + `,"check_in":"2026-11-23","check_out":"2026-11-26"}`
	const fine = `{"items":[{"id":` + id + `,"supplier":` + id + `,"piece":` + piece + `}]}`
	var r reservation.Reservation
	if err := Document([]byte(fine), "1", nil, &r); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ document, statuses string }{
		{``, ``},
		{`[]`, ``},
		{fine, ``},
		{fine, `11`},
		{fine, `0`},
		{fine, `8`},
		{`{"items":[{"id":` + id + `,"supplier":"01","piece":` + piece + `}]}`, `1`},
		{`{"items":[{"id":"zz000000000000000000000000000001","supplier":` + id + `,"piece":` + piece + `}]}`, `1`},
		{`{"items":[{"id":` + id + `,"supplier":` + id + `}]}`, `1`},
	} {
		if err := Document([]byte(c.document), c.statuses, nil, &r); err == nil {
			t.Errorf("%q with %q was read", c.document, c.statuses)
		}
	}
}

func TestDueShare(t *testing.T) {
	for _, c := range []struct{ limit, pools, want int }{{64, 1, 65}, {64, 2, 33}, {64, 65, 1}, {64, 512, 1}, {10, 2, 6}, {1, 3, 1}} {
		if got := DueShare(c.limit, c.pools); got != c.want || got*c.pools <= c.limit {
			t.Errorf("share of %d over %d pools: %d, want %d", c.limit, c.pools, got, c.want)
		}
	}
}

func BenchmarkAppendDocument(b *testing.B) {
	r := &reservation.Reservation{Travellers: []reservation.Traveller{{GivenName: "Zoë", FamilyName: "Lovelace", Email: "zoe@example.org"}}, Items: make([]reservation.Item, 1)}
	var buf []byte
	b.ReportAllocs()
	for b.Loop() {
		buf = AppendDocument(buf[:0], r)
	}
}
