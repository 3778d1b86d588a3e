// Package offer is what an offer promises, and how it is sealed so that nobody can change or forge it.
//
// An offer carries everything `reservation` needs to book it: which stock it claims, what it costs, on which terms,
// until when, for whom. Whoever holds one can book it at its price until it expires; stop-sell, limits and
// revocations win over it. Booking needs no call back to the service that made it.
package offer

import (
	"time"

	"holdfast/civil"
	"holdfast/money"
	"holdfast/stock"
	"holdfast/uid"
)

// Limits of one offer; Seal refuses what exceeds them.
const (
	MaxPieces     = 16
	MaxClaims     = 16 // a piece
	MaxParts      = 8  // taxes and fees of a piece
	MaxPartCode   = 16 // characters
	MaxRooms      = 99
	MaxChildren   = 9 // a room
	MaxStaySealed = 512
	MaxTripSealed = 2048
	maxAudience   = 64
)

// Offer is an immutable priced proposal.
type Offer struct {
	IssuedAt  time.Time // to the second
	ExpiresAt time.Time // to the second
	Audience  string    // the subject of the only caller who may book it; "" for public
	Currency  money.Currency
	Pieces    []Piece
}

// Piece is what becomes one item of a reservation.
type Piece struct {
	Supplier uid.ID
	Claims   []stock.Claim
	Price    Price
	Terms    Terms
	Stay     Stay
}

// Price is what a piece costs, in minor units of the offer's currency. Total = Base + the parts that are not Included.
type Price struct {
	Base  int64
	Parts []Part
}

// PartKind tells taxes from fees.
type PartKind uint8

// The kinds of price parts.
const (
	Tax PartKind = iota + 1
	Fee
)

// Part is one tax or fee.
type Part struct {
	Kind     PartKind
	Code     string // e.g. "vat", "city_tax"
	Minor    int64
	Included bool // already in Base; shown, not added
}

// Total is what the traveller pays for the piece, in minor units.
func (p Price) Total() int64 {
	sum := p.Base
	for _, part := range p.Parts {
		if !part.Included {
			sum += part.Minor
		}
	}
	return sum
}

// Terms are the conditions of undoing a paid piece, fixed by the version of the rate plan they came from.
type Terms struct {
	FreeUntil time.Time // cancelling before costs nothing; zero: never free
	FeeBP     int32     // from then on, the share of the total kept, in 1/10,000
	EndsAt    time.Time // when the service has been delivered: the check-out
}

// Stay is a hotel piece.
type Stay struct {
	Hotel, RoomType   uid.ID
	Plan              uid.ID // the rate plan ...
	RatePlan          uid.ID // ... and its immutable version
	Board             uint8  // meals in the price, as the hotel numbers them
	CheckIn, CheckOut civil.Date
	Rooms             []Party
}

// Party is who sleeps in one room.
type Party struct {
	Adults    uint8
	ChildAges []uint8
}

// Total is what the whole offer costs.
func (o Offer) Total() money.Amount {
	var sum int64
	for _, p := range o.Pieces {
		sum += p.Price.Total()
	}
	return money.Of(sum, o.Currency)
}
