package record_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"holdfast/reservation"
	"holdfast/reservation/record"
	"holdfast/uid"
)

// Every field of the facts comes back: one that is forgotten here would change the answer of a repeated call.
func TestFactsComeBack(t *testing.T) {
	at := time.Date(2026, 11, 20, 12, 0, 0, 123_000, time.UTC)
	want := reservation.Facts{
		Status: reservation.Confirmed, Payment: reservation.PartiallyRefunded, HoldExpiresAt: at, UpdatedAt: at.Add(time.Hour), Version: 7, Paid: 5, Refunded: 3,
		Quote: uid.New(), ItemStatus: []reservation.Status{reservation.Cancelled, reservation.Confirmed},
		Seats:   [][]reservation.Seat{nil, {{Traveller: 1, Pool: 2, Unit: 3, From: 4, To: 5, Label: "12A", Fee: 6}}},
		Notices: []*reservation.Notice{{ID: uid.New(), At: at, Withdrawn: true, Departs: at, Arrives: at, Note: "late"}, nil},
	}
	document, err := record.Facts(&want)
	if err != nil {
		t.Fatal(err)
	}
	var got reservation.Facts
	if err := record.ReadFacts(document, &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if document, err = record.Facts(&reservation.Facts{}); document != nil || err != nil {
		t.Errorf("empty facts are stored as %q, %v", document, err)
	}
}
