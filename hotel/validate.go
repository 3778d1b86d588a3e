package hotel

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"holdfast/civil"
	"holdfast/fault"
	"holdfast/money"
	"holdfast/offer"
	"holdfast/stock"
	"holdfast/uid"
)

// Bounds of what staff may write; MaxPriceMinor and MaxRoomTypesPerHotel are with the types they bound.
const (
	MaxName             = 200 // characters of names
	MaxAddress          = 300
	MaxCity             = 100
	MaxPostalCode       = 20
	MaxReason           = 200
	MaxReference        = 300
	MaxAmenities        = 50
	MaxLevies           = 6
	MaxLevyCode         = 12
	MaxRoomNumber       = 20
	MaxRoomsPerHotel    = 10_000
	MaxOutages          = 100 // of one room
	MaxRatePlans        = 100 // of one hotel
	MaxChildBands       = 8
	MaxFreeUntilHours   = 365 * 24
	MaxCapacity         = 100_000 // rooms of a type or a house
	MaxStars            = 5
	minOverbookingBP    = -10_000
	DefaultOverbooking  = 1_000 // basis points, of a hotel that does not say
	defaultCheckInFrom  = "15:00"
	defaultCheckOutTill = "11:00"
)

var (
	wordPattern  = regexp.MustCompile(`^[a-z][a-z0-9_]{0,39}$`)
	clockPattern = regexp.MustCompile(`^([01][0-9]|2[0-3]):[0-5][0-9]$`)
)

// verdicts collects everything that is wrong with a request, so that a caller hears it all at once.
type verdicts []fault.Field

// check notes a wrong place unless ok; it returns ok.
func (v *verdicts) check(ok bool, pointer, code, format string, args ...any) bool {
	if !ok {
		*v = append(*v, fault.Field{Pointer: pointer, Code: code, Message: fmt.Sprintf(format, args...)})
	}
	return ok
}

// err is nil or one 422 with all places.
func (v verdicts) err() error {
	if len(v) == 0 {
		return nil
	}
	return invalidFields(v...)
}

func invalidFields(fields ...fault.Field) *fault.Error {
	e := fault.New(fault.Invalid, "validation_failed", "Some values are not possible; see errors.")
	e.Fields = fields
	return e
}

// text checks one line for people: valid, without control characters, least to most characters.
func (v *verdicts) text(s, pointer string, least, most int) {
	switch n := utf8.RuneCountInString(s); {
	case !utf8.ValidString(s) || strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' }):
		v.check(false, pointer, "not_text", "This is one line of UTF-8 text without control characters.")
	case strings.TrimSpace(s) == "" && least > 0:
		v.check(false, pointer, "required", "This must not be empty.")
	case n > most:
		v.check(false, pointer, "too_long", "This has %d characters; at most %d are possible.", n, most)
	}
}

// number checks a count against its bounds, both possible.
func (v *verdicts) number(n, least, most int64, pointer string) bool {
	return v.check(n >= least && n <= most, pointer, "out_of_range", "This is a whole number from %d to %d.", least, most)
}

// price checks an amount of minor units.
func (v *verdicts) price(minor int64, c money.Currency, pointer string) {
	v.check(minor >= 0 && minor <= MaxPriceMinor, pointer, "out_of_range", "This is an amount from 0 to %s.", money.Of(MaxPriceMinor, c))
}

// nights checks the run [from, to) against what can be set: today up to the horizon.
func (v *verdicts) nights(from, to, today civil.Date, horizon int) {
	if !v.check(from < to, "/to", "empty_range", "to is the day after the last night, so it comes after from.") {
		return
	}
	v.check(from >= today, "/from", "in_past", "At the hotel it is %s already.", today)
	v.check(to <= today.Add(horizon), "/to", "beyond_horizon", "Nights exist up to the one of %s.", today.Add(horizon-1))
}

func (v *verdicts) hotel(h *Hotel) {
	v.text(h.Name, "/name", 1, MaxName)
	v.number(int64(h.Stars), 0, MaxStars, "/stars")
	v.text(h.Address, "/address", 0, MaxAddress)
	v.text(h.PostalCode, "/postal_code", 0, MaxPostalCode)
	v.text(h.City, "/city", 1, MaxCity)
	v.text(h.ExternalRef, "/external_ref", 0, MaxReference)
	v.check(knownCountry(h.Country), "/country", "unknown_country", "This is a country as two capitals of ISO 3166-1, such as SG.")
	v.check(within(h.Latitude, 90), "/latitude", "out_of_range", "This is a latitude in degrees, from -90 to 90.")
	v.check(within(h.Longitude, 180), "/longitude", "out_of_range", "This is a longitude in degrees, from -180 to 180.")
	_, err := civil.Zone(h.TimeZone)
	v.check(err == nil, "/time_zone", "unknown_time_zone", "This is an IANA time zone, such as Asia/Singapore.")
	_, err = money.ParseCurrency(string(h.Currency))
	v.check(err == nil, "/currency", "unknown_currency", "This is a currency as three capitals of ISO 4217, such as SGD.")
	v.amenities(h.Amenities)
	v.check(clockPattern.MatchString(h.CheckInFrom), "/check_in_from", "not_a_time", "This is a time of the day as HH:MM.")
	v.check(clockPattern.MatchString(h.CheckOutUntil), "/check_out_until", "not_a_time", "This is a time of the day as HH:MM.")
	v.overbooking(h.OverbookingBP)
	if h.Capacity != nil {
		v.number(int64(*h.Capacity), 1, MaxCapacity, "/capacity")
	}
	v.levies(h.Levies, h.Currency)
}

// within reports a real number from -bound to bound.
func within(x, bound float64) bool { return !math.IsNaN(x) && x >= -bound && x <= bound }

func (v *verdicts) overbooking(bp int32) {
	v.number(int64(bp), minOverbookingBP, stock.MaxOverbookingBP, "/overbooking_bp")
}

func (v *verdicts) amenities(words []string) {
	if !v.check(len(words) <= MaxAmenities, "/amenities", "too_many", "At most %d amenities are possible.", MaxAmenities) {
		return
	}
	for i, w := range words {
		at := fmt.Sprintf("/amenities/%d", i)
		v.check(wordPattern.MatchString(w), at, "not_a_word", "This is a word of a-z, 0-9 and _, at most 40 characters.")
		v.check(!slices.Contains(words[:i], w), at, "repeated", "This amenity is named already.")
	}
}

func (v *verdicts) levies(levies []Levy, currency money.Currency) {
	if !v.check(len(levies) <= MaxLevies, "/levies", "too_many", "At most %d taxes and fees are possible.", MaxLevies) {
		return
	}
	for i, l := range levies {
		at := fmt.Sprintf("/levies/%d", i)
		v.check(l.Kind == offer.Tax || l.Kind == offer.Fee, at+"/kind", "unknown", "This is a tax or a fee.")
		v.check(wordPattern.MatchString(l.Code) && len(l.Code) <= MaxLevyCode, at+"/code", "not_a_word", "This is a word of a-z, 0-9 and _, at most %d characters.", MaxLevyCode)
		v.check(!slices.ContainsFunc(levies[:i], func(o Levy) bool { return o.Code == l.Code }), at+"/code", "repeated", "This code is used already.")
		switch l.Rule {
		case PercentOfBase:
			v.number(int64(l.BP), 0, MaxLevyBP, at+"/bp")
			v.check(l.Minor == 0, at+"/minor", "not_with_rule", "A share of the price has no amount.")
		case PerRoomNight, PerPersonNight, PerAdultNight, PerStay:
			v.price(l.Minor, currency, at+"/minor")
			v.check(l.BP == 0, at+"/bp", "not_with_rule", "An amount has no share of the price.")
		default:
			v.check(false, at+"/rule", "unknown", "This is what the levy is counted by.")
		}
	}
}

func (v *verdicts) roomType(t *RoomType, c money.Currency) {
	v.text(t.Name, "/name", 1, MaxName)
	v.number(int64(t.Occupancy.Adults), 1, MaxAdults, "/occupancy/adults")
	v.number(int64(t.Occupancy.Children), 0, offer.MaxChildren, "/occupancy/children")
	v.price(t.BasePrice, c, "/base_price")
	v.number(int64(t.Capacity), 1, MaxCapacity, "/capacity")
	if t.OverbookingBP != nil {
		v.overbooking(*t.OverbookingBP)
	}
}

func (v *verdicts) room(r *Room) {
	v.text(r.Number, "/number", 1, MaxRoomNumber)
	if !v.check(len(r.OutOfOrder) <= MaxOutages, "/out_of_order", "too_many", "At most %d outages of a room are possible.", MaxOutages) {
		return
	}
	for i, o := range r.OutOfOrder {
		at := fmt.Sprintf("/out_of_order/%d", i)
		v.check(o.From < o.To, at+"/to", "empty_range", "to is the day after the last night, so it comes after from.")
		v.text(o.Reason, at+"/reason", 0, MaxReason)
	}
}

func (v *verdicts) ratePlan(p *RatePlan, h *House) {
	c := h.Hotel.Currency
	v.text(p.Name, "/name", 1, MaxName)
	v.check(p.Board >= RoomOnly && p.Board <= AllInclusive, "/board", "unknown", "This is room_only, breakfast, half_board, full_board or all_inclusive.")
	v.number(int64(p.PercentBP), 0, MaxPercentBP, "/percent_bp")
	v.check(p.Amount >= -MaxPriceMinor && p.Amount <= MaxPriceMinor, "/amount", "out_of_range",
		"This is an amount from %s to %s.", money.Of(-MaxPriceMinor, c), money.Of(MaxPriceMinor, c))
	v.number(int64(p.IncludedAdults), 0, MaxAdults, "/included_adults")
	v.price(p.ExtraAdult, c, "/extra_adult")
	if v.check(len(p.ChildBands) <= MaxChildBands, "/child_bands", "too_many", "At most %d bands of ages are possible.", MaxChildBands) {
		for i, b := range p.ChildBands {
			at := fmt.Sprintf("/child_bands/%d", i)
			v.number(int64(b.UpToAge), 0, MaxChildAge, at+"/up_to_age")
			v.check(i == 0 || p.ChildBands[i-1].UpToAge < b.UpToAge, at+"/up_to_age", "not_ascending", "Each band ends at a higher age than the one before.")
			v.price(b.Minor, c, at+"/minor")
		}
	}
	v.number(int64(p.FreeUntilHours), -1, MaxFreeUntilHours, "/free_until_hours")
	v.number(int64(p.FeeBP), 0, 10_000, "/fee_bp")
	for i, id := range p.RoomTypes {
		at := fmt.Sprintf("/room_types/%d", i)
		t := h.Type(id)
		v.check(t != nil && t.Status != Retired, at, "room_type_not_found", "There is no such room type in this hotel.")
		v.check(!slices.Contains(p.RoomTypes[:i], id), at, "repeated", "This room type is named already.")
	}
}

// restriction checks what an inventory change sets of one; 0 takes a rule away.
func (v *verdicts) stay(c *InventoryChange) {
	for pointer, n := range map[string]*int{"/min_stay": c.MinStay, "/max_stay": c.MaxStay} {
		if n != nil {
			v.number(int64(*n), 0, MaxStayNights, pointer)
		}
	}
	if c.MinStay != nil && c.MaxStay != nil && *c.MaxStay != 0 {
		v.check(*c.MinStay <= *c.MaxStay, "/max_stay", "below_min_stay", "No stay can have at least %d and at most %d nights.", *c.MinStay, *c.MaxStay)
	}
}

// editable finds a hotel that somebody may write to; everything else does not exist for them.
func (c *Core) editable(e Editor, id uid.ID) (*House, error) {
	h := c.catalogue.house(id)
	if h == nil || h.Hotel.Status == Retired || !e.Supplier.IsZero() && e.Supplier != h.Hotel.Supplier {
		return nil, hotelNotFound()
	}
	return h, nil
}
