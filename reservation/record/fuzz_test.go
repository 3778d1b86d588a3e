package record

import (
	"reflect"
	"testing"

	"holdfast/offer"
	"holdfast/reservation"
)

// FuzzPiece: the document of an item reads to something that is written and read the same again, or is refused.
func FuzzPiece(f *testing.F) {
	full := offer.Piece{Price: offer.Price{Base: 1, Parts: []offer.Part{{Kind: offer.Tax, Code: "vat", Minor: 2}}}, Stay: offer.Stay{Rooms: []offer.Party{{Adults: 2, ChildAges: []uint8{3}}}}}
	ridden := offer.Piece{Ride: &offer.Ride{Mode: offer.Train, Number: "ICE 1", Adults: 1, Seating: offer.Seating{Pool: 7, AtHold: true, Tiers: []int64{1}}}}
	for _, seed := range []string{string(AppendPiece(nil, &full)), string(AppendPiece(nil, &ridden)), `{}`, `null`, `[]`, `{"stay":{"rooms":[{"ages":[300]}]}}`, `{"base":1e99}`, `{"hotel":"zz"}`, `{"hotel":"00112233445566778899aabbccddeeff00"}`, ``} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, document []byte) {
		var p, back offer.Piece
		if Piece(document, &p) != nil {
			return
		}
		written := AppendPiece(nil, &p)
		if err := Piece(written, &back); err != nil || !reflect.DeepEqual(p, back) {
			t.Fatalf("%s was written as %s and read as %+v, %v", document, written, back, err)
		}
	})
}

// FuzzFacts is the same for the facts of a stored key.
func FuzzFacts(f *testing.F) {
	for _, seed := range []string{
		`{"status":3,"payment":3,"updated_at":"2026-11-22T12:00:00Z","version":4,"paid":100,"quote":"00112233445566778899aabbccddeeff","item_status":[3,7]}`,
		`{"seats":[null,[],[{"unit":3,"label":"12A"}]],"notices":[null,{"id":"00112233445566778899aabbccddeeff","at":"2026-11-22T12:00:00.1234567Z"}]}`,
		`{}`, `null`, `[]`, `{"quote":"zz"}`, `{"quote":"00112233445566778899aabbccddeeff00"}`, `{"item_status":[300]}`, `{"status":-1}`, `{"updated_at":"0001-01-01T00:00:00Z"}`, ``,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, document []byte) {
		var k, back reservation.Facts
		if ReadFacts(document, &k) != nil {
			return
		}
		written, err := Facts(&k)
		if err != nil || written == nil {
			return // years that RFC 3339 does not know, or nothing worth a document
		}
		if err := ReadFacts(written, &back); err != nil || !reflect.DeepEqual(k, back) {
			t.Fatalf("%s was written as %s and read as %+v, not %+v: %v", document, written, back, k, err)
		}
	})
}
