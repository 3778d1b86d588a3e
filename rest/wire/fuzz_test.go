package wire_test

import (
	"encoding/json"
	"testing"

	"holdfast/rest/wire"
)

// FuzzPrice: a price in any of its forms is written in the form it was read from.
func FuzzPrice(f *testing.F) {
	for _, seed := range []string{`"180.00"`, `null`, `{"amount":"1.00","currency":"EUR"}`, `{"amount":"1.00"}`, `180`, `"`, `{"amount":"1","currency":"EUR","x":1}`, ``, `[]`, `"\ud800"`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var p, back wire.Price
		if json.Unmarshal(data, &p) != nil {
			return
		}
		text, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(text, &back); err != nil || back != p {
			t.Fatalf("%s was written as %s and read as %+v, %v", data, text, back, err)
		}
	})
}
