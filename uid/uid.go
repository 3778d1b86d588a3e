// Package uid makes identifiers: 128-bit, time-ordered (UUID version 7, RFC 9562), shown as a prefix and 26 characters
// of Crockford's base32 in lower case ("res_01j9..."), and the six-character locators that people read to each other.
package uid

import (
	"crypto/rand"
	"encoding/base32"
	"fmt"
	"strings"

	"github.com/google/uuid"
)

// ID is a 128-bit identifier. The zero value means "none".
type ID [16]byte

// alphabet is Crockford's base32 in lower case: no i, l, o, u; in ascending order, so text sorts like bytes.
var alphabet = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

func init() { uuid.EnableRandPool() } // ids are made on the hot path; the pool saves a system call each

// New is a fresh time-ordered id.
func New() ID {
	id, err := uuid.NewV7()
	if err != nil {
		panic(err) // the system has no randomness; nothing can go on
	}
	return ID(id)
}

// IsZero reports the id that means "none".
func (id ID) IsZero() bool { return id == ID{} }

// Text is the id with its prefix: Text("res") = "res_01...".
func (id ID) Text(prefix string) string {
	b := append(make([]byte, 0, 64), prefix...)
	b = append(b, '_')
	return string(alphabet.AppendEncode(b, id[:]))
}

// Parse reads what Text wrote, with just that prefix.
func Parse(prefix, s string) (ID, error) {
	var id ID
	body, ok := strings.CutPrefix(s, prefix+"_")
	if !ok || len(body) != 26 {
		return id, fmt.Errorf("%q is not a %s_ id", s, prefix)
	}
	b, err := alphabet.DecodeString(body)
	if err != nil || alphabet.EncodeToString(b) != body {
		return id, fmt.Errorf("%q is not a %s_ id", s, prefix)
	}
	copy(id[:], b)
	return id, nil
}

// locatorSigns leaves out what people mix up: 0 O, 1 I L, 8 B, 5 S, 2 Z, and U and V read alike over the phone.
const locatorSigns = "34679ACDEFGHJKMNPQRTWXY"

// Locator is a random six-character code for people: 23^6 = 148 million; the store's UNIQUE index decides on the rare
// collision, and the maker tries again with another.
func Locator() string {
	var out [6]byte
	var buf [16]byte
	for i := 0; i < len(out); {
		if _, err := rand.Read(buf[:]); err != nil {
			panic(err)
		}
		for _, b := range buf {
			if i < len(out) && int(b) < 256/len(locatorSigns)*len(locatorSigns) { // no modulo bias
				out[i] = locatorSigns[int(b)%len(locatorSigns)]
				i++
			}
		}
	}
	return string(out[:])
}
