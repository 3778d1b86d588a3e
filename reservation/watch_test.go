package reservation

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"holdfast/stock"
)

// What encodeSlots writes, DecodeSlots reads back, and it is what encoding/json writes of the same runs.
func TestSlotsEncode(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		small := rapid.Int32Range(0, 3)
		var rows []*SlotRow
		var want []SlotRow
		key := stock.Key{Pool: 1}
		for range rapid.IntRange(0, 40).Draw(t, "rows") {
			if rapid.IntRange(0, 9).Draw(t, "jump") == 0 {
				key.Pool++
			}
			key.Slot += stock.Slot(rapid.IntRange(1, 4).Draw(t, "step")/3 + 1)
			row := SlotRow{Key: key, Version: rapid.Int64Range(1, 2).Draw(t, "version"), Counters: stock.Counters{
				Physical: small.Draw(t, "physical"), OutOfOrder: small.Draw(t, "out of order"), OverbookingBP: small.Draw(t, "overbooking") - 1, Target: small.Draw(t, "target"),
				ByHand: rapid.Bool().Draw(t, "by hand"), Limit: small.Draw(t, "limit"), Closed: rapid.Bool().Draw(t, "closed"), Held: small.Draw(t, "held"), Sold: small.Draw(t, "sold"),
			}}
			rows, want = append(rows, &row), append(want, row)
		}
		data := encodeSlots(rows)
		got, err := DecodeSlots(data)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Fatal(d)
		}
		runs := []slotRun{}
		if err := json.Unmarshal(data, &runs); err != nil {
			t.Fatal(err)
		}
		again, err := json.Marshal(runs)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(string(again), string(data)); d != "" {
			t.Fatal(d)
		}
	})
}

// What a caller is called may need quoting; nothing else of the event may.
func TestEventIsJSON(t *testing.T) {
	r := &Reservation{Locator: "ABC234", Caller: "a \"quoted\" \\ caller\n\u2028", Payment: Unpaid, Version: 7}
	e := reservationEvent(r, step{to: Held, cause: Placed, actor: Actor{Kind: TravellerActor}}, r.CreatedAt)
	var got map[string]any
	if err := json.Unmarshal(e.Data, &got); err != nil {
		t.Fatalf("%v: %s", err, e.Data)
	}
	want := map[string]any{
		"id": r.ID.Text("res"), "locator": "ABC234", "status": "held", "payment_status": "unpaid", "cause": "placed", "actor": "traveller", "caller": r.Caller, "version": 7.0,
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Fatal(d)
	}
}
