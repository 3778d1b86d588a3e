package postgres

import (
	"testing"
	"time"
)

// FuzzRow: columns of the widths that the server sends for the types of our statements are read without a crash, and
// integers of every width keep their sign.
func FuzzRow(f *testing.F) {
	f.Add([]byte{0, 1}, []byte{0xff, 0xff, 0xff, 0xff}, []byte{0, 2, 0x9a, 0, 0, 0, 0, 0}, []byte("text"))
	f.Add([]byte{}, []byte{1}, []byte{0x80, 0, 0, 0, 0, 0, 0, 0}, []byte{})
	f.Add([]byte{1, 2, 3}, []byte{}, []byte{0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, make([]byte, 37))
	f.Fuzz(func(t *testing.T, number, other, instant, text []byte) {
		if len(instant) != 8 { // timestamptz has 8 bytes, or is NULL
			instant = nil
		}
		r := &row{columns: [][]byte{number, other, instant, text, text, text, number}}
		n := r.int()
		if len(number) > 0 && len(number) != 3 && len(number) < 5 && number[0] < 0x80 && n < 0 {
			t.Fatalf("%x is read as %d", number, n)
		}
		_ = r.bool()
		at := r.time()
		if instant == nil != at.IsZero() && at != (time.Time{}) {
			t.Fatalf("%x is read as %v", instant, at)
		}
		if got := r.text(); got != string(text) {
			t.Fatalf("%q is read as %q", text, got)
		}
		id := r.id()
		for i := range min(len(text), len(id)) {
			if id[i] != text[i] {
				t.Fatalf("%x is read as %x", text, id)
			}
		}
		kept := r.bytes()
		if len(kept) > 0 {
			kept[0]++
			if kept[0] == text[0] {
				t.Fatal("the bytes are the buffer's own")
			}
		}
	})
}
