package intake

import (
	"cmp"
	"errors"
	"strconv"
	"strings"
	"time"
)

// Stamp is the version of a delivery as its sender numbers or dates it. A feed that has told a sequence number once must
// go on to: stamps with one are above all stamps without. The zero Stamp is below all others.
type Stamp struct {
	Sequence int64 // from 1; 0: the sender does not number
	At       time.Time
}

// StampHeader is the HTTP header that carries the stamp of a push, in the form that ParseStamp reads.
const StampHeader = "Feed-Version"

// MaxAhead is how far the instant of a stamp may lie in the future: one beyond it would block its feed until then.
const MaxAhead = 24 * time.Hour

// Compare orders stamps: by number, then by instant.
func (s Stamp) Compare(o Stamp) int {
	return cmp.Or(cmp.Compare(s.Sequence, o.Sequence), s.At.Compare(o.At))
}

// IsZero reports the stamp of a sender who said nothing.
func (s Stamp) IsZero() bool { return s.Sequence == 0 && s.At.IsZero() }

// String is what ParseStamp reads; "" for the zero Stamp.
func (s Stamp) String() string {
	var parts []string
	if s.Sequence != 0 {
		parts = append(parts, strconv.FormatInt(s.Sequence, 10))
	}
	if !s.At.IsZero() {
		parts = append(parts, s.At.UTC().Format(time.RFC3339Nano))
	}
	return strings.Join(parts, " ")
}

// ErrStamp is the root of every refusal to read a stamp.
var ErrStamp = errors.New("want a number from 1, an instant as 2026-11-22T10:00:00Z, or the number, a blank and the instant")

// ParseStamp reads a number, an instant (RFC 3339), or both with a blank between them. "" is the zero Stamp.
func ParseStamp(text string) (Stamp, error) {
	number, instant, both := strings.Cut(text, " ")
	if text == "" {
		return Stamp{}, nil
	}
	if !both && strings.ContainsAny(text, "-:T") {
		number, instant = "", text
	}
	var s Stamp
	var err error
	if number != "" || both {
		if s.Sequence, err = strconv.ParseInt(number, 10, 64); err != nil || s.Sequence < 1 || number[0] == '+' {
			return Stamp{}, ErrStamp
		}
	}
	if instant != "" || both {
		if s.At, err = time.Parse(time.RFC3339Nano, instant); err != nil || s.At.Year() < 1970 || s.At.Year() > 9999 {
			return Stamp{}, ErrStamp
		}
	}
	return s.Exact(), nil
}

// Exact is the stamp as every engine keeps it: in UTC, with microseconds.
func (s Stamp) Exact() Stamp {
	s.At = s.At.UTC().Truncate(time.Microsecond)
	return s
}
