package house

import (
	"strconv"
	"time"

	"holdfast/civil"
	"holdfast/money"
	"holdfast/offer"
	"holdfast/stock"
	"holdfast/uid"
)

// What everybody wants: one room for three nights.
const (
	Nights    = 3
	slotsMade = 8 // of each pool, the wanted ones in the middle
	before    = 2
)

// Stay is what one target of a benchmark sells, the same for us and for the peers.
type Stay struct {
	First    civil.Date // the check-in
	Supplier uid.ID
	Currency money.Currency
	hotel    uid.ID
	plan     uid.ID
}

// NewStay is a stay some weeks ahead.
func NewStay() *Stay {
	return &Stay{First: civil.DateOf(time.Now().AddDate(0, 0, 60).Date()), Supplier: uid.New(), Currency: "EUR", hotel: uid.New(), plan: uid.New()}
}

// Slots are those that exist in each pool.
func (s *Stay) Slots() (from, to stock.Slot) {
	from = stock.Slot(s.First) - before
	return from, from + slotsMade
}

// EndsAt is the check-out.
func (s *Stay) EndsAt() time.Time { return (s.First + Nights).In(time.UTC, 11, 0) }

// Claim is one room of a pool for all nights.
func (s *Stay) Claim(pool stock.PoolID) stock.Claim {
	return stock.Claim{Pool: pool, From: stock.Slot(s.First), To: stock.Slot(s.First) + Nights, Count: 1}
}

// Piece is the priced stay, as hotel makes it.
func (s *Stay) Piece(pool stock.PoolID) offer.Piece {
	return offer.Piece{
		Supplier: s.Supplier, Claims: []stock.Claim{s.Claim(pool)},
		Price: offer.Price{Base: 54_000, Parts: []offer.Part{{Kind: offer.Tax, Code: "vat", Minor: 3_533, Included: true}, {Kind: offer.Tax, Code: "city_tax", Minor: 1_500}}},
		Terms: offer.Terms{FreeUntil: s.EndsAt().AddDate(0, 0, -Nights-2), FeeBP: 9_000, EndsAt: s.EndsAt()},
		Stay: offer.Stay{
			Hotel: s.hotel, RoomType: uid.ID{15: byte(pool), 14: byte(pool >> 8), 0: 1}, Plan: s.plan, RatePlan: s.plan, Board: 1, CheckIn: s.First, CheckOut: s.First + Nights,
			Rooms: []offer.Party{{Adults: 2}},
		},
	}
}

// Offer is a public offer of the piece.
func (s *Stay) Offer(pool stock.PoolID) offer.Offer {
	now := time.Now().UTC().Truncate(time.Second)
	return offer.Offer{IssuedAt: now, ExpiresAt: now.Add(time.Hour), Currency: s.Currency, Pieces: []offer.Piece{s.Piece(pool)}}
}

// The traveller of every reservation.
const (
	GivenName  = "Ada"
	FamilyName = "Lovelace"
	Email      = "ada@example.org"
)

// Subject names the n-th caller.
func Subject(n int64) string { return "traveller-" + strconv.FormatInt(n, 10) }
