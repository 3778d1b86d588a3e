// Package record is what the engines of reservation.Store do alike: how the parts of a row that no query looks into are
// written as JSON, and which rows a batch needs beyond those it names.
//
// The documents are stored for good: a field may be added, never renamed or given another meaning.
package record

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"time"
	"unicode/utf8"

	"holdfast/civil"
	"holdfast/offer"
	"holdfast/reservation"
	"holdfast/uid"
)

// Micro cuts an instant to the microsecond and UTC, the grain of both engines; the zero time stays zero.
func Micro(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC().Truncate(time.Microsecond)
}

// piece is what the document of a reservation says of an item's Piece, without supplier and end of service, which stand
// beside it, and claims, which are rows.
type piece struct {
	Base      int64     `json:"base"`
	Parts     []part    `json:"parts"`
	FreeUntil time.Time `json:"free_until"`
	FeeBP     int32     `json:"fee_bp"`
	Ride      *ride     `json:"ride"` // instead of what follows
	Hotel     string    `json:"hotel"`
	RoomType  string    `json:"room_type"`
	Plan      string    `json:"plan"`
	RatePlan  string    `json:"rate_plan"`
	Board     uint8     `json:"board"`
	CheckIn   string    `json:"check_in"`
	CheckOut  string    `json:"check_out"`
	Rooms     []party   `json:"rooms"`
}

type part struct {
	Kind     uint8  `json:"kind"`
	Code     string `json:"code"`
	Minor    int64  `json:"minor"`
	Included bool   `json:"included"`
}

type party struct {
	Adults    uint8    `json:"adults"`
	ChildAges []uint16 `json:"child_ages"` // not bytes, which encoding/json takes for base64
}

// AppendPiece appends the document of a piece to dst. It is written by hand because every placing passes here;
// record_test.go holds it against encoding/json.
func AppendPiece(dst []byte, p *offer.Piece) []byte {
	dst = append(dst, `{"base":`...)
	dst = strconv.AppendInt(dst, p.Price.Base, 10)
	if len(p.Price.Parts) > 0 {
		dst = append(dst, `,"parts":[`...)
		for i, part := range p.Price.Parts {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = append(dst, `{"kind":`...)
			dst = strconv.AppendUint(dst, uint64(part.Kind), 10)
			dst = append(dst, `,"code":`...)
			dst = appendString(dst, part.Code)
			dst = append(dst, `,"minor":`...)
			dst = strconv.AppendInt(dst, part.Minor, 10)
			if part.Included {
				dst = append(dst, `,"included":true`...)
			}
			dst = append(dst, '}')
		}
		dst = append(dst, ']')
	}
	if !p.Terms.FreeUntil.IsZero() {
		dst = append(dst, `,"free_until":"`...)
		dst = Micro(p.Terms.FreeUntil).AppendFormat(dst, time.RFC3339Nano)
		dst = append(dst, '"')
	}
	dst = append(dst, `,"fee_bp":`...)
	dst = strconv.AppendInt(dst, int64(p.Terms.FeeBP), 10)
	if p.Ride != nil {
		dst = append(dst, `,"ride":`...)
		return append(appendRide(dst, p.Ride), '}')
	}
	dst = appendID(dst, "hotel", p.Stay.Hotel)
	dst = appendID(dst, "room_type", p.Stay.RoomType)
	dst = appendID(dst, "plan", p.Stay.Plan)
	dst = appendID(dst, "rate_plan", p.Stay.RatePlan)
	dst = append(dst, `,"board":`...)
	dst = strconv.AppendUint(dst, uint64(p.Stay.Board), 10)
	dst = append(dst, `,"check_in":"`...)
	dst = append(dst, p.Stay.CheckIn.String()...)
	dst = append(dst, `","check_out":"`...)
	dst = append(dst, p.Stay.CheckOut.String()...)
	dst = append(dst, '"')
	if len(p.Stay.Rooms) > 0 {
		dst = append(dst, `,"rooms":[`...)
		for i, room := range p.Stay.Rooms {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = append(dst, `{"adults":`...)
			dst = strconv.AppendUint(dst, uint64(room.Adults), 10)
			if len(room.ChildAges) > 0 {
				dst = append(dst, `,"child_ages":[`...)
				for j, age := range room.ChildAges {
					if j > 0 {
						dst = append(dst, ',')
					}
					dst = strconv.AppendUint(dst, uint64(age), 10)
				}
				dst = append(dst, ']')
			}
			dst = append(dst, '}')
		}
		dst = append(dst, ']')
	}
	return append(dst, '}')
}

func appendID(dst []byte, name string, id uid.ID) []byte {
	dst = append(dst, `,"`...)
	dst = append(dst, name...)
	dst = append(dst, `":"`...)
	dst = hex.AppendEncode(dst, id[:])
	return append(dst, '"')
}

// appendString appends s as a JSON string.
func appendString(dst []byte, s string) []byte {
	if !plain(s) {
		quoted, err := json.Marshal(s)
		if err != nil {
			panic(err) // a string has a JSON form
		}
		return append(dst, quoted...)
	}
	dst = append(dst, '"')
	dst = append(dst, s...)
	return append(dst, '"')
}

// plain reports whether a string stands in JSON as it is.
func plain(s string) bool {
	ascii := true
	for i := range len(s) {
		switch c := s[i]; {
		case c < ' ' || c == '"' || c == '\\' || c == 0x7f:
			return false
		case c >= utf8.RuneSelf:
			ascii = false
		}
	}
	return ascii || utf8.ValidString(s)
}

// into fills in p what AppendPiece wrote, and leaves supplier, claims and the end of the service alone.
func (d *piece) into(p *offer.Piece) error {
	p.Price.Base = d.Base
	if len(d.Parts) > 0 {
		p.Price.Parts = make([]offer.Part, len(d.Parts))
		for i, from := range d.Parts {
			p.Price.Parts[i] = offer.Part{Kind: offer.PartKind(from.Kind), Code: from.Code, Minor: from.Minor, Included: from.Included}
		}
	}
	p.Terms.FreeUntil, p.Terms.FeeBP = Micro(d.FreeUntil), d.FeeBP
	var err error
	if d.Ride != nil {
		p.Ride, err = d.Ride.ride()
		return err
	}
	for _, id := range []struct {
		text string
		to   *uid.ID
	}{{d.Hotel, &p.Stay.Hotel}, {d.RoomType, &p.Stay.RoomType}, {d.Plan, &p.Stay.Plan}, {d.RatePlan, &p.Stay.RatePlan}} {
		if id.text == "" && id.to == &p.Stay.Plan {
			continue // older documents do not have it
		}
		raw, err := hex.DecodeString(id.text)
		if err != nil || len(raw) != len(id.to) {
			return fmt.Errorf("item document: id %q", id.text)
		}
		copy(id.to[:], raw)
	}
	p.Stay.Board = d.Board
	if p.Stay.CheckIn, err = civil.Parse(d.CheckIn); err != nil {
		return fmt.Errorf("item document: %w", err)
	}
	if p.Stay.CheckOut, err = civil.Parse(d.CheckOut); err != nil {
		return fmt.Errorf("item document: %w", err)
	}
	if len(d.Rooms) > 0 {
		p.Stay.Rooms = make([]offer.Party, len(d.Rooms))
		for i, from := range d.Rooms {
			p.Stay.Rooms[i].Adults = from.Adults
			for _, age := range from.ChildAges {
				p.Stay.Rooms[i].ChildAges = append(p.Stay.Rooms[i].ChildAges, uint8(age))
			}
		}
	}
	return nil
}

// Facts is the document of a key's facts; nil for empty ones, which the engines store as NULL.
func Facts(f *reservation.Facts) ([]byte, error) {
	if f.Status == 0 && f.Payment == 0 && f.Version == 0 && f.Paid == 0 && f.Refunded == 0 && f.Quote.IsZero() &&
		f.HoldExpiresAt.IsZero() && f.UpdatedAt.IsZero() && len(f.ItemStatus) == 0 && len(f.Seats) == 0 && len(f.Notices) == 0 {
		return nil, nil
	}
	d := facts{
		Status: uint8(f.Status), Payment: uint8(f.Payment), HoldExpiresAt: Micro(f.HoldExpiresAt), UpdatedAt: Micro(f.UpdatedAt),
		Version: f.Version, Paid: f.Paid, Refunded: f.Refunded, Seats: factSeats(f), Notices: factNotices(f),
	}
	if !f.Quote.IsZero() {
		d.Quote = hexOf(f.Quote)
	}
	for _, s := range f.ItemStatus {
		d.ItemStatus = append(d.ItemStatus, uint16(s))
	}
	document, err := json.Marshal(d)
	if err != nil {
		return nil, fmt.Errorf("facts of a key: %w", err)
	}
	return document, nil
}

type facts struct {
	Status        uint8     `json:"status"`
	Payment       uint8     `json:"payment"`
	HoldExpiresAt time.Time `json:"hold_expires_at,omitzero"`
	UpdatedAt     time.Time `json:"updated_at,omitzero"`
	Version       int64     `json:"version"`
	Paid          int64     `json:"paid,omitempty"`
	Refunded      int64     `json:"refunded,omitempty"`
	Quote         string    `json:"quote,omitempty"`
	ItemStatus    []uint16  `json:"item_status,omitempty"` // not bytes, which encoding/json takes for base64
	Seats         [][]seat  `json:"seats,omitempty"`
	Notices       []*notice `json:"notices,omitempty"`
}

// ReadFacts reads what Facts wrote.
func ReadFacts(document []byte, f *reservation.Facts) error {
	var d facts
	if err := json.Unmarshal(document, &d); err != nil {
		return fmt.Errorf("facts of a key: %w", err)
	}
	*f = reservation.Facts{
		Status: reservation.Status(d.Status), Payment: reservation.PaymentStatus(d.Payment), HoldExpiresAt: Micro(d.HoldExpiresAt),
		UpdatedAt: Micro(d.UpdatedAt), Version: d.Version, Paid: d.Paid, Refunded: d.Refunded,
	}
	if d.Quote != "" {
		quote, err := hex.DecodeString(d.Quote)
		if err != nil || len(quote) != len(f.Quote) {
			return fmt.Errorf("facts of a key: quote %q", d.Quote)
		}
		copy(f.Quote[:], quote)
	}
	for _, s := range d.ItemStatus {
		f.ItemStatus = append(f.ItemStatus, reservation.Status(s))
	}
	for _, seats := range d.Seats {
		f.Seats = append(f.Seats, seatsOf(seats))
	}
	for _, from := range d.Notices {
		n, err := from.notice()
		if err != nil {
			return err
		}
		f.Notices = append(f.Notices, n)
	}
	return nil
}

// Piece reads what AppendPiece wrote into p.
func Piece(document []byte, p *offer.Piece) error {
	var d piece
	if err := json.Unmarshal(document, &d); err != nil {
		return fmt.Errorf("item document: %w", err)
	}
	return d.into(p)
}
