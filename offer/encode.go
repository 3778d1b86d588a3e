package offer

import (
	"encoding/binary"
	"fmt"
	"slices"
	"time"

	"holdfast/civil"
	"holdfast/stock"
	"holdfast/uid"
)

// The wire form is a flat run of varints and raw ids: a stay takes about 150 bytes. Times are seconds, dates and slots
// relative to the issue, so that most numbers take one or two bytes. The seal's version byte names this layout.

func encode(o Offer) ([]byte, error) {
	if err := check(o); err != nil {
		return nil, err
	}
	w := writer{make([]byte, 0, 256)}
	issued := o.IssuedAt.Unix()
	w.int(issued)
	w.int(o.ExpiresAt.Unix() - issued)
	w.text(o.Audience)
	w.text(string(o.Currency))
	w.int(int64(len(o.Pieces)))
	for _, p := range o.Pieces {
		w.id(p.Supplier)
		w.int(int64(len(p.Claims)))
		for _, c := range p.Claims {
			w.int(int64(c.Pool))
			w.int(int64(c.From))
			w.int(int64(c.To - c.From))
			w.int(int64(c.Count))
		}
		w.int(p.Price.Base)
		w.int(int64(len(p.Price.Parts)))
		for _, part := range p.Price.Parts {
			kind := int64(part.Kind) << 1
			if part.Included {
				kind |= 1
			}
			w.int(kind)
			w.text(part.Code)
			w.int(part.Minor)
		}
		w.instant(p.Terms.FreeUntil, issued)
		w.int(int64(p.Terms.FeeBP))
		w.instant(p.Terms.EndsAt, issued)
		w.stay(p.Stay)
	}
	return w.b, nil
}

func check(o Offer) error {
	if len(o.Pieces) == 0 || len(o.Pieces) > MaxPieces || len(o.Audience) > maxAudience {
		return fmt.Errorf("%d pieces, audience of %d bytes: %w", len(o.Pieces), len(o.Audience), ErrTooLarge)
	}
	for _, p := range o.Pieces {
		if len(p.Claims) == 0 || len(p.Claims) > MaxClaims || len(p.Price.Parts) > MaxParts || len(p.Stay.Rooms) > MaxRooms {
			return fmt.Errorf("%d claims, %d parts, %d rooms: %w", len(p.Claims), len(p.Price.Parts), len(p.Stay.Rooms), ErrTooLarge)
		}
		for _, part := range p.Price.Parts {
			if len(part.Code) > MaxPartCode {
				return fmt.Errorf("code %q: %w", part.Code, ErrTooLarge)
			}
		}
		for _, r := range p.Stay.Rooms {
			if len(r.ChildAges) > MaxChildren {
				return fmt.Errorf("%d children: %w", len(r.ChildAges), ErrTooLarge)
			}
		}
	}
	return nil
}

type writer struct{ b []byte }

func (w *writer) int(n int64) { w.b = binary.AppendVarint(w.b, n) }
func (w *writer) id(id uid.ID) {
	w.b = append(w.b, id[:]...)
}

func (w *writer) text(s string) {
	w.int(int64(len(s)))
	w.b = append(w.b, s...)
}

// instant writes seconds since the issue plus one; zero is "none".
func (w *writer) instant(t time.Time, issued int64) {
	if t.IsZero() {
		w.int(0)
		return
	}
	d := t.Unix() - issued
	if d >= 0 {
		d++
	}
	w.int(d)
}

// stay writes rooms of equal parties as one group, so thirty rooms for a tour take no more than one.
func (w *writer) stay(s Stay) {
	w.id(s.Hotel)
	w.id(s.RoomType)
	w.id(s.Plan)
	w.id(s.RatePlan)
	w.int(int64(s.Board))
	w.int(int64(s.CheckIn))
	w.int(int64(s.CheckOut - s.CheckIn))
	for i := 0; i < len(s.Rooms); {
		j := i + 1
		for j < len(s.Rooms) && s.Rooms[j].Adults == s.Rooms[i].Adults && slices.Equal(s.Rooms[j].ChildAges, s.Rooms[i].ChildAges) {
			j++
		}
		w.int(int64(j - i))
		w.int(int64(s.Rooms[i].Adults))
		w.int(int64(len(s.Rooms[i].ChildAges)))
		w.b = append(w.b, s.Rooms[i].ChildAges...)
		i = j
	}
	w.int(0)
}

func decode(b []byte) (o Offer, err error) {
	r := reader{b: b}
	issued := r.int()
	o.IssuedAt = time.Unix(issued, 0).UTC()
	o.ExpiresAt = time.Unix(issued+r.int(), 0).UTC()
	o.Audience = r.text(maxAudience)
	if o.Currency, err = currencyOf(r.text(3)); err != nil {
		return Offer{}, err
	}
	o.Pieces = make([]Piece, r.count(1, MaxPieces))
	for i := range o.Pieces {
		p := &o.Pieces[i]
		p.Supplier = r.id()
		p.Claims = make([]stock.Claim, r.count(1, MaxClaims))
		for j := range p.Claims {
			c := stock.Claim{Pool: stock.PoolID(r.int()), From: stock.Slot(r.int())}
			c.To = c.From + stock.Slot(r.int())
			c.Count = int32(r.int())
			p.Claims[j] = c
		}
		p.Price.Base = r.int()
		if n := r.count(0, MaxParts); n > 0 {
			p.Price.Parts = make([]Part, n)
		}
		for j := range p.Price.Parts {
			kind := r.int()
			p.Price.Parts[j] = Part{Kind: PartKind(kind >> 1), Included: kind&1 == 1, Code: r.text(MaxPartCode), Minor: r.int()}
		}
		p.Terms.FreeUntil = r.instant(issued)
		p.Terms.FeeBP = int32(r.int())
		p.Terms.EndsAt = r.instant(issued)
		p.Stay = r.stay()
	}
	if r.bad || len(r.b) != 0 {
		return Offer{}, ErrNotOffer
	}
	return o, nil
}

// reader turns bad on the first thing that does not fit and yields zeros from then on.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) int() int64 {
	n, used := binary.Varint(r.b)
	if used <= 0 {
		r.bad, r.b = true, nil
		return 0
	}
	r.b = r.b[used:]
	return n
}

func (r *reader) count(low, high int) int {
	n := r.int()
	if n < int64(low) || n > int64(high) {
		r.bad, r.b = true, nil
		return 0
	}
	return int(n)
}

func (r *reader) take(n int) []byte {
	if n > len(r.b) {
		r.bad, r.b = true, nil
		return nil
	}
	out := r.b[:n]
	r.b = r.b[n:]
	return out
}

func (r *reader) id() (id uid.ID) {
	copy(id[:], r.take(len(id)))
	return id
}

func (r *reader) text(limit int) string { return string(r.take(r.count(0, limit))) }

func (r *reader) instant(issued int64) time.Time {
	d := r.int()
	if d == 0 {
		return time.Time{}
	}
	if d > 0 {
		d--
	}
	return time.Unix(issued+d, 0).UTC()
}

func (r *reader) stay() Stay {
	s := Stay{Hotel: r.id(), RoomType: r.id(), Plan: r.id(), RatePlan: r.id(), Board: uint8(r.count(0, 255)), CheckIn: civil.Date(r.int())}
	s.CheckOut = s.CheckIn + civil.Date(r.int())
	for {
		n := r.count(0, MaxRooms-len(s.Rooms))
		if n == 0 {
			return s
		}
		p := Party{Adults: uint8(r.count(0, 255))}
		if kids := r.count(0, MaxChildren); kids > 0 {
			p.ChildAges = slices.Clone(r.take(kids))
		}
		for range n {
			s.Rooms = append(s.Rooms, p)
		}
	}
}
