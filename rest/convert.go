package rest

import (
	"strconv"
	"time"

	"holdfast/civil"
	"holdfast/fault"
	"holdfast/money"
	"holdfast/offer"
	"holdfast/rest/problem"
	"holdfast/rest/wire"
	"holdfast/uid"
)

// The prefixes of ids.
const (
	supplierID    = "sup"
	hotelID       = "htl"
	roomTypeID    = "rt"
	roomID        = "rm"
	ratePlanID    = "rp"
	reservationID = "res"
	itemID        = "itm"
	quoteID       = "quo"
	paymentID     = "pay"
	refundID      = "rfd"
	runID         = "run"
	departureID   = "dep"
	fareID        = "far"
	aircraftID    = "act"
	feedRunID     = "fdr"
)

// instant shows a moment to the millisecond, so that an answer looks the same whatever the store rounds to.
func instant(t time.Time) string {
	t = t.UTC().Truncate(time.Millisecond)
	if t.Nanosecond() == 0 {
		return t.Format(time.RFC3339)
	}
	return t.Format("2006-01-02T15:04:05.000Z07:00")
}

// moment shows a moment that may not be.
func moment(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	s := instant(t)
	return &s
}

// zoned shows a moment as clocks in a time zone show it; in UTC where the zone is not known.
func zoned(t time.Time, zone string) string {
	at, err := civil.Zone(zone)
	if err != nil {
		at = time.UTC
	}
	return t.In(at).Format(time.RFC3339)
}

// reader turns texts of a body into what they mean, and collects what they do not.
type reader struct {
	wrong []problem.Place
}

func (r *reader) at(pointer, code, message string) {
	r.wrong = append(r.wrong, problem.Place{Pointer: pointer, Code: code, Message: message})
}

// err is nil or the one answer that names all wrong places.
func (r *reader) err() error {
	if p := invalidPlaces(r.wrong); p != nil {
		return p
	}
	return nil
}

// id reads an id; "" is the zero id.
func (r *reader) id(pointer, prefix, text string) uid.ID {
	if text == "" {
		return uid.ID{}
	}
	id, err := uid.Parse(prefix, text)
	if err != nil {
		r.at(pointer, "wrong_format", "This is not a complete id: expected "+prefix+"_ and the 26 characters after it, as the API gave them.")
	}
	return id
}

// date reads a date that the schema has accepted already.
func (r *reader) date(pointer, text string) civil.Date {
	d, err := civil.Parse(text)
	if err != nil {
		r.at(pointer, "wrong_format", "Expected a date of the calendar as YYYY-MM-DD.")
	}
	return d
}

// instant reads a moment; "" is the zero one.
func (r *reader) instant(pointer, text string) time.Time {
	if text == "" {
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		r.at(pointer, "wrong_format", "Expected an instant such as 2027-03-12T15:00:00Z (RFC 3339).")
	}
	return t
}

// run reads the nights [from, to).
func (r *reader) run(from, to string) (a, b civil.Date) {
	a, b = r.date("/from", from), r.date("/to", to)
	if len(r.wrong) == 0 && a >= b {
		r.at("/to", "empty_range", "to is the day after the last night, so it comes after from.")
	}
	return a, b
}

// money reads an amount in any currency; nil for nil.
func (r *reader) money(pointer string, m *wire.Money) *money.Amount {
	if m == nil {
		return nil
	}
	c, err := money.ParseCurrency(m.Currency)
	if err != nil {
		r.at(pointer+"/currency", "unknown_currency", "Expected an ISO 4217 code such as EUR.")
		return nil
	}
	a, err := money.Parse(m.Amount, c)
	if err != nil {
		r.at(pointer+"/amount", "wrong_format", "Expected a decimal with at most "+strconv.Itoa(c.Exponent())+" digits behind the point in "+string(c)+".")
		return nil
	}
	return &a
}

// minor reads an amount that must be in a currency.
func (r *reader) minor(pointer string, m *wire.Money, c money.Currency) int64 {
	a := r.money(pointer, m)
	if a == nil {
		return 0
	}
	if a.Currency != c {
		r.at(pointer+"/currency", "currency_mismatch", "The hotel's currency is "+string(c)+".")
	}
	return a.Minor
}

// price reads a price of a night; nil for null.
func (r *reader) price(pointer string, p wire.Price, c money.Currency) *int64 {
	if !p.Set {
		return nil
	}
	currency := p.Currency
	if currency == "" {
		currency = string(c)
	} else {
		pointer += "/amount"
	}
	if currency != string(c) {
		r.at(pointer, "currency_mismatch", "The hotel's currency is "+string(c)+".")
		return nil
	}
	a, err := money.Parse(p.Amount, c)
	if err != nil || a.Minor < 0 {
		r.at(pointer, "wrong_format", "Expected a decimal of zero or more with at most "+strconv.Itoa(c.Exponent())+" digits behind the point.")
		return nil
	}
	return &a.Minor
}

// percent shows 1/10,000 as a percentage.
func percent(bp int32) float64 { return float64(bp) / 100 }

// basisPoints reads a percentage with two decimals; the schema lets no finer one pass.
func basisPoints(percent float64) int32 {
	if percent < 0 {
		return -basisPoints(-percent)
	}
	return int32(percent*100 + 0.5)
}

func parties(rooms []wire.Party) []offer.Party {
	out := make([]offer.Party, len(rooms))
	for i, p := range rooms {
		out[i] = offer.Party{Adults: uint8(p.Adults), ChildAges: ages(p.ChildrenAges)}
	}
	return out
}

func ages(list []int) []uint8 {
	if len(list) == 0 {
		return nil
	}
	out := make([]uint8, len(list))
	for i, a := range list {
		out[i] = uint8(a)
	}
	return out
}

func ints(list []uint8) []int {
	out := make([]int, len(list))
	for i, a := range list {
		out[i] = int(a)
	}
	return out
}

// taxesAndFees shows the parts of a price.
func taxesAndFees(parts []offer.Part, c money.Currency) (taxes, fees []wire.PricePart) {
	for _, p := range parts {
		part := wire.PricePart{Code: p.Code, Amount: wire.Minor(p.Minor, c), Included: p.Included}
		if p.Kind == offer.Tax {
			taxes = append(taxes, part)
		} else {
			fees = append(fees, part)
		}
	}
	return taxes, fees
}

// rebase moves the places a service found into the body they came from: prefix before a pointer, and the names of the
// API for those of the service.
func rebase(err error, prefix string, names func(string) string) error {
	f := fault.As(err)
	if f == nil || len(f.Fields) == 0 {
		return err
	}
	moved := *f
	moved.Fields = make([]fault.Field, len(f.Fields))
	for i, field := range f.Fields {
		if names != nil {
			field.Pointer = names(field.Pointer)
		}
		field.Pointer = prefix + field.Pointer
		moved.Fields[i] = field
	}
	return &moved
}
