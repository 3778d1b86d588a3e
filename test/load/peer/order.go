package peer

import (
	"strconv"
	"strings"
	"time"

	"holdfast/offer"
	"holdfast/reservation/record"
	"holdfast/stock"
	"holdfast/uid"
)

// Order is one request made ready: what has to be written if it can be had.
type Order struct {
	Key, Hash uid.ID // idempotency key and hash of the body
	Caller    string
	Claim     stock.Claim
	Supplier  uid.ID
	Currency  string
	EndsAt    time.Time
	Document  string // of the item
	Traveller Traveller
}

// Traveller is who travels.
type Traveller struct{ GivenName, FamilyName, Email string }

// ItemDocument is the document of an item as our engines store it.
func ItemDocument(p *offer.Piece) string { return string(record.AppendPiece(nil, p)) }

// holdTime is how long an unpaid reservation keeps its stock.
const holdTime = 15 * time.Minute

// row is an order with the ids and instants that its rows get.
type row struct {
	*Order
	id, item uid.ID
	locator  string
	now      time.Time
	until    time.Time
}

func newRow(o *Order) row {
	now := time.Now().UTC().Truncate(time.Microsecond)
	return row{Order: o, id: uid.New(), item: uid.New(), locator: uid.Locator(), now: now, until: now.Add(holdTime)}
}

// event is what other services learn of the placing: the same facts as in ours.
func (r *row) event() string {
	var b strings.Builder
	b.Grow(256)
	b.WriteString(`{"id":"`)
	b.WriteString(r.id.Text("res"))
	b.WriteString(`","locator":"`)
	b.WriteString(r.locator)
	b.WriteString(`","status":"held","payment_status":"unpaid","cause":"placed","actor":"traveller","caller":`)
	b.WriteString(strconv.Quote(r.Caller))
	b.WriteString(`,"version":1}`)
	return b.String()
}
