package hotel

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"holdfast/fault"
	"holdfast/money"
)

// Template fills in what an imported file lacks: a JSON object with these members (deploy/templates/singapore.json is
// one). What a line of the file says wins over it. It is used for hotels that are added; those known already are not
// touched by it.
type Template struct {
	// City and Country (two capitals of ISO 3166-1) of hotels whose line has none.
	City    string `json:"city"`
	Country string `json:"country"`
	// TimeZone is an IANA zone: a hotel's dates and times are meant there.
	TimeZone string `json:"time_zone"`
	// Currency (three capitals of ISO 4217) of all prices of the hotels.
	Currency string `json:"currency"`
	// Stars, 0 (not classified) to 5.
	Stars int `json:"stars"`
	// CheckInFrom and CheckOutUntil are HH:MM; 15:00 and 11:00 when left out.
	CheckInFrom   string `json:"check_in_from"`
	CheckOutUntil string `json:"check_out_until"`
	// OverbookingBP is what may be sold beyond the capacity, in 1/10,000: 1000 is 10 %.
	OverbookingBP int32 `json:"overbooking_bp"`
	// Amenities are words such as "wifi".
	Amenities []string `json:"amenities"`
	// PostalCodeDigits, when not 0, is how many digits a postal code of Country has. A code that is one digit short gets
	// its leading zero back, with a warning; anything else is refused.
	PostalCodeDigits int `json:"postal_code_digits"`
	// RoomTypes are what the rooms of a hotel are split into.
	RoomTypes []TemplateRoomType `json:"room_types"`
}

// TemplateRoomType takes a share of a hotel's rooms. The shares (1/10,000) of a template add up to 10,000; rooms are
// split by largest remainder, and a type that gets none is left out.
type TemplateRoomType struct {
	Name      string    `json:"name"`
	ShareBP   int64     `json:"share_bp"`
	Occupancy Occupancy `json:"occupancy"`
	BasePrice string    `json:"base_price"` // decimal in the template's currency, such as "180.00"
}

const (
	maxTemplate         = 1 << 20 // bytes
	maxPostalCodeDigits = 12
)

// ReadTemplate reads a template and checks it. Members it does not know are refused.
func ReadTemplate(r io.Reader) (Template, error) {
	var t Template
	d := json.NewDecoder(io.LimitReader(r, maxTemplate))
	d.DisallowUnknownFields()
	if err := d.Decode(&t); err != nil {
		return t, fault.New(fault.Invalid, "template_invalid", "The template is not the JSON it should be: %s.", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return t, fault.New(fault.Invalid, "template_invalid", "The template goes on after its JSON object.")
	}
	return t, t.Check()
}

// Check reports everything that is wrong with a template as one fault.Error.
func (t *Template) Check() error {
	var v verdicts
	h := t.hotel()
	h.Name = "template" // each line has its own
	v.hotel(&h)
	v.number(int64(t.PostalCodeDigits), 0, maxPostalCodeDigits, "/postal_code_digits")
	v.check(len(t.RoomTypes) > 0 && len(t.RoomTypes) <= MaxRoomTypesPerHotel, "/room_types", "out_of_range", "There are 1 to %d room types.", MaxRoomTypesPerHotel)
	var sum int64
	for i, rt := range t.RoomTypes {
		at := fmt.Sprintf("/room_types/%d", i)
		if v.number(rt.ShareBP, 1, 10_000, at+"/share_bp") {
			sum += rt.ShareBP
		}
		price, err := money.Parse(rt.BasePrice, h.Currency)
		v.check(err == nil, at+"/base_price", "not_an_amount", "This is a decimal in %s, such as \"180.00\".", h.Currency)
		var one verdicts
		one.roomType(&RoomType{Name: rt.Name, Occupancy: rt.Occupancy, BasePrice: price.Minor, Capacity: 1}, h.Currency)
		for _, f := range one {
			f.Pointer = at + f.Pointer
			v = append(v, f)
		}
	}
	v.check(sum == 10_000, "/room_types", "shares", "The shares add up to %d; they must add up to 10000.", sum)
	if len(v) == 0 {
		return nil
	}
	e := fault.New(fault.Invalid, "template_invalid", "The template has values that are not possible; see errors.")
	e.Fields = v
	return e
}

// hotel is a hotel as the template alone would make it.
func (t *Template) hotel() Hotel {
	h := Hotel{
		City: t.City, Country: t.Country, TimeZone: t.TimeZone, Currency: money.Currency(t.Currency), Stars: t.Stars,
		CheckInFrom: t.CheckInFrom, CheckOutUntil: t.CheckOutUntil, OverbookingBP: t.OverbookingBP, Amenities: t.Amenities,
	}
	tidy(&h)
	return h
}

// prices are the template's room types without a hotel; the template has been checked.
func (t *Template) prices() []RoomType {
	out := make([]RoomType, len(t.RoomTypes))
	for i, rt := range t.RoomTypes {
		price, err := money.Parse(rt.BasePrice, money.Currency(t.Currency))
		if err != nil {
			panic(fmt.Sprintf("hotel: unchecked template: %v", err))
		}
		out[i] = RoomType{Name: rt.Name, Occupancy: rt.Occupancy, BasePrice: price.Minor}
	}
	return out
}
