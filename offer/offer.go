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
	MaxTiers      = 8 // prices of chosen seats
	MaxNumber     = 16
	MaxCode       = 24 // bytes of a station's or airport's code
	MaxClass      = 16
	MaxFareName   = 24
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

// Piece is what becomes one item of a reservation: a stay, or a ride.
type Piece struct {
	Supplier uid.ID
	Claims   []stock.Claim // of an offer without units; of an item with those that were given out
	Price    Price
	Terms    Terms
	Stay     Stay
	Ride     *Ride // nil: a stay
}

// Conditions is the version of the rate plan or of the fare that the piece was sold under, which revocations name.
func (p *Piece) Conditions() uid.ID {
	if p.Ride != nil {
		return p.Ride.FareVersion
	}
	return p.Stay.RatePlan
}

// Begins is when the service begins; zero for a stay, whose hotel knows.
func (p *Piece) Begins() time.Time {
	if p.Ride != nil {
		return p.Ride.Departs
	}
	return time.Time{}
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

// Mode is what kind of vehicle a ride is in.
type Mode uint8

// The modes.
const (
	Train Mode = iota + 1
	Flight
)

// Ride is a piece in one vehicle, from boarding to alighting: a train ride or a flight.
type Ride struct {
	Mode                       Mode
	Run                        uid.ID     // the run, or the departure
	Number                     string     // "ICE 1672", "HF 101"
	Date                       civil.Date // its service date, or its local date
	From, To                   string     // station code or IATA code
	Departs, Arrives           time.Time  // to the second, UTC
	DepartOffset, ArriveOffset int16      // minutes east of UTC, there and then
	Class                      string     // "first", "second"; of a flight the cabin
	Booking                    string     // booking class of a flight, "Y"
	Fare, FareVersion          uid.ID     // the fare and its immutable version
	FareName                   string
	Adults, Children, Infants  uint8 // infants travel on a lap and take no seat
	Seating                    Seating
}

// Seats is how many seats the travellers take.
func (r *Ride) Seats() int { return int(r.Adults) + int(r.Children) }

// Seating says which units a ride gets and what choosing one costs.
type Seating struct {
	Pool   stock.PoolID // whose units are given out; 0: the ride has no seats of its own
	AtHold bool         // the desk gives units when the hold is made, else travellers choose, or check-in gives them
	Tiers  []int64      // what a chosen unit of a tier costs, in minor units; empty: nothing
}

// Price is what a chosen unit of a tier costs, in minor units; false for a tier that is not sold with this offer.
func (s Seating) Price(tier uint8) (int64, bool) {
	if len(s.Tiers) == 0 {
		return 0, true
	}
	if int(tier) >= len(s.Tiers) {
		return 0, false
	}
	return s.Tiers[tier], true
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
