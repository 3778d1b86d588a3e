package peer

import (
	"encoding/hex"
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
	Document  string // of the item: its piece
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
	id       uid.ID
	locator  string
	document string
	now      time.Time
	until    time.Time
	units    []int16 // that were given out; nil where there are none
}

func newRow(o *Order) row {
	now := time.Now().UTC().Truncate(time.Microsecond)
	return row{Order: o, id: uid.New(), locator: uid.Locator(), document: o.document(uid.New()), now: now, until: now.Add(holdTime)}
}

// document is what of a reservation never changes, as our engines store it (reservation/record).
func (o *Order) document(item uid.ID) string {
	b := make([]byte, 0, 256+len(o.Document))
	b = append(b, `{"travellers":[{"given_name":`...)
	b = strconv.AppendQuote(b, o.Traveller.GivenName)
	b = append(b, `,"family_name":`...)
	b = strconv.AppendQuote(b, o.Traveller.FamilyName)
	b = append(b, `,"email":`...)
	b = strconv.AppendQuote(b, o.Traveller.Email)
	b = append(b, `}],"items":[{"id":"`...)
	b = hex.AppendEncode(b, item[:])
	b = append(b, `","supplier":"`...)
	b = hex.AppendEncode(b, o.Supplier[:])
	b = append(b, `","ends_at":`...)
	b = strconv.AppendInt(b, o.EndsAt.UnixMicro(), 10)
	b = append(b, `,"piece":`...)
	b = append(b, o.Document...)
	return string(append(b, `}]}`...))
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
