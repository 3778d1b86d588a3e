package offer

import (
	"reflect"
	"testing"

	"holdfast/stock"
)

// What decodes encodes to something that decodes to the same: no input crashes the decoder or is read two ways.
func FuzzDecode(f *testing.F) {
	seed, err := encode(Offer{Currency: "EUR", Pieces: []Piece{{Claims: []stock.Claim{{Pool: 1, From: 2, To: 3, Count: 1}}}}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte{})
	f.Add(seed)
	f.Fuzz(func(t *testing.T, b []byte) {
		o, err := decode(b, sealVersion)
		if err != nil {
			return
		}
		again, err := encode(o)
		if err != nil {
			t.Fatalf("decoded what cannot be encoded: %v", err)
		}
		back, err := decode(again, sealVersion)
		if err != nil || !reflect.DeepEqual(o, back) {
			t.Fatalf("%+v came back as %+v, %v", o, back, err)
		}
	})
}
