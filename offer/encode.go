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
// relative to the issue, so that most numbers take one or two bytes, and an id is written out once. The seal's version byte names this layout.

func encode(o Offer) ([]byte, error) {
	if err := check(o); err != nil {
		return nil, err
	}
	w := writer{b: make([]byte, 0, 256)}
	issued := o.IssuedAt.Unix()
	w.int(issued)
	w.int(o.ExpiresAt.Unix() - issued)
	w.text(o.Audience)
	w.text(string(o.Currency))
	w.int(int64(len(o.Pieces)))
	for _, p := range o.Pieces {
		w.id(p.Supplier)
		w.int(int64(len(p.Claims)))
		w.claims(p.Claims)
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
		if p.Ride == nil {
			w.int(pieceStay)
			w.stay(p.Stay)
			continue
		}
		w.int(pieceRide)
		w.ride(p.Ride, issued, p.Claims[0].Pool)
	}
	return w.b, nil
}

// What a piece is.
const (
	pieceStay = 1
	pieceRide = 2
)

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
		for _, c := range p.Claims {
			if c.Unit != 0 {
				return fmt.Errorf("claim of unit %d: an offer names no units", c.Unit)
			}
		}
		if err := p.Ride.check(); err != nil {
			return err
		}
		for _, r := range p.Stay.Rooms {
			if len(r.ChildAges) > MaxChildren {
				return fmt.Errorf("%d children: %w", len(r.ChildAges), ErrTooLarge)
			}
		}
	}
	return nil
}

// claims writes each by what differs from the one before: the nests of a flight are neighbours, on the same way.
func (w *writer) claims(claims []stock.Claim) {
	var last stock.Claim
	for _, c := range claims {
		w.int(int64(c.Pool - last.Pool))
		if c.From == last.From && c.To == last.To && c.Count == last.Count {
			w.int(0)
		} else {
			w.int(int64(c.To - c.From))
			w.int(int64(c.From))
			w.int(int64(c.Count))
		}
		last = c
	}
}

func (r *reader) claims(into []stock.Claim) {
	var last stock.Claim
	for i := range into {
		c := stock.Claim{Pool: stock.PoolID(r.int())}
		if r.numbered { // layout 2
			c.Pool += last.Pool
			if n := r.int(); n == 0 {
				c.From, c.To, c.Count = last.From, last.To, last.Count
			} else {
				c.From = stock.Slot(r.int())
				c.To, c.Count = c.From+stock.Slot(n), int32(r.int())
			}
		} else {
			c.From = stock.Slot(r.int())
			c.To = c.From + stock.Slot(r.int())
			c.Count = int32(r.int())
		}
		into[i], last = c, c
	}
}

// check bounds a ride; nil is one.
func (r *Ride) check() error {
	switch {
	case r == nil:
		return nil
	case r.Mode != Train && r.Mode != Flight:
		return fmt.Errorf("mode %d of a ride", r.Mode)
	case len(r.Number) > MaxNumber || len(r.From) > MaxCode || len(r.To) > MaxCode || len(r.Class) > MaxClass || len(r.Booking) > MaxClass || len(r.FareName) > MaxFareName:
		return fmt.Errorf("a text of ride %q: %w", r.Number, ErrTooLarge)
	case len(r.Seating.Tiers) > MaxTiers:
		return fmt.Errorf("%d tiers: %w", len(r.Seating.Tiers), ErrTooLarge)
	}
	return nil
}

// writer writes an id once and then its number: the pieces of an itinerary share supplier, fare and version.
type writer struct {
	b   []byte
	ids []uid.ID
}

func (w *writer) int(n int64) { w.b = binary.AppendVarint(w.b, n) }
func (w *writer) id(id uid.ID) {
	n := slices.Index(w.ids, id)
	w.int(int64(n + 1))
	if n < 0 {
		w.b = append(w.b, id[:]...)
		w.ids = append(w.ids, id)
	}
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

func (w *writer) ride(r *Ride, issued int64, near stock.PoolID) {
	w.int(int64(r.Mode))
	w.id(r.Run)
	w.text(r.Number)
	w.int(int64(r.Date))
	w.text(r.From)
	w.text(r.To)
	w.int(r.Departs.Unix() - issued)
	w.int(r.Arrives.Unix() - r.Departs.Unix())
	w.int(int64(r.DepartOffset))
	w.int(int64(r.ArriveOffset))
	w.text(r.Class)
	w.text(r.Booking)
	w.id(r.Fare)
	w.id(r.FareVersion)
	w.text(r.FareName)
	w.b = append(w.b, r.Adults, r.Children, r.Infants)
	w.int(int64(r.Seating.Pool - near))
	at := int64(0)
	if r.Seating.AtHold {
		at = 1
	}
	w.int(at)
	w.int(int64(len(r.Seating.Tiers)))
	for _, t := range r.Seating.Tiers {
		w.int(t)
	}
}

// firstPool is what other pools of a piece are told by; 0 for a text that turned out bad.
func firstPool(claims []stock.Claim) stock.PoolID {
	if len(claims) == 0 {
		return 0
	}
	return claims[0].Pool
}

func (r *reader) ride(issued int64, near stock.PoolID) *Ride {
	v := &Ride{Mode: Mode(r.count(int(Train), int(Flight))), Run: r.id(), Number: r.text(MaxNumber), Date: civil.Date(r.int()), From: r.text(MaxCode), To: r.text(MaxCode)}
	departs := issued + r.int()
	v.Departs, v.Arrives = time.Unix(departs, 0).UTC(), time.Unix(departs+r.int(), 0).UTC()
	v.DepartOffset, v.ArriveOffset = int16(r.int()), int16(r.int())
	v.Class, v.Booking = r.text(MaxClass), r.text(MaxClass)
	v.Fare, v.FareVersion, v.FareName = r.id(), r.id(), r.text(MaxFareName)
	if n := r.take(3); len(n) == 3 {
		v.Adults, v.Children, v.Infants = n[0], n[1], n[2]
	}
	v.Seating.Pool, v.Seating.AtHold = near+stock.PoolID(r.int()), r.count(0, 1) == 1
	if n := r.count(0, MaxTiers); n > 0 {
		v.Seating.Tiers = make([]int64, n)
	}
	for i := range v.Seating.Tiers {
		v.Seating.Tiers[i] = r.int()
	}
	return v
}

// decode reads what encode wrote. Layout 1, of offers made before there were rides, does not say what a piece is.
func decode(b []byte, layout byte) (o Offer, err error) {
	r := reader{b: b, numbered: layout > 1}
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
		r.claims(p.Claims)
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
		what := pieceStay
		if layout > 1 {
			what = r.count(pieceStay, pieceRide)
		}
		if what == pieceRide {
			p.Ride = r.ride(issued, firstPool(p.Claims))
		} else {
			p.Stay = r.stay()
		}
	}
	if r.bad || len(r.b) != 0 {
		return Offer{}, ErrNotOffer
	}
	return o, nil
}

// reader turns bad on the first thing that does not fit and yields zeros from then on.
type reader struct {
	b        []byte
	bad      bool
	numbered bool     // layout 2: an id that was there before is its number, a claim what differs from the one before
	ids      []uid.ID // those that were
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
	if r.numbered {
		if n := r.count(0, len(r.ids)); n > 0 {
			return r.ids[n-1]
		}
	}
	copy(id[:], r.take(len(id)))
	r.ids = append(r.ids, id)
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
