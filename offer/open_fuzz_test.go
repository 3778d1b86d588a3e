package offer

import (
	"bytes"
	"encoding/base64"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"holdfast/stock"
)

// FuzzOpen: what somebody sends as an offer is one of ours, to the last bit, or it is refused as ErrNotOffer.
func FuzzOpen(f *testing.F) {
	sealer, err := NewSealer(bytes.Repeat([]byte{7}, SecretBytes))
	if err != nil {
		f.Fatal(err)
	}
	now := time.Unix(1_795_000_000, 0).UTC()
	made := Offer{IssuedAt: now, ExpiresAt: now.Add(time.Hour), Currency: "EUR", Pieces: []Piece{{Claims: []stock.Claim{{Pool: 1, From: 2, To: 3, Count: 1}}}}}
	sealed, err := sealer.Seal(made)
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{sealed, sealed[:len(sealed)-1], sealed + "A", "off_", "", "off_AQAAAAA", sealed[:20] + "A" + sealed[21:], sealed + "\n"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		o, err := sealer.Open(text)
		switch {
		case err == nil && (!canonical(text) || !reflect.DeepEqual(o, made)): // every process of the fuzzer seals its own
			t.Fatalf("%q was opened as %+v", text, o)
		case err != nil && !errors.Is(err, ErrNotOffer):
			t.Fatalf("%q is refused with %v", text, err)
		}
	})
}

// canonical reports a text that is the only one of its bytes.
func canonical(text string) bool {
	raw, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(text, prefix))
	return err == nil && prefix+base64.RawURLEncoding.EncodeToString(raw) == text
}
