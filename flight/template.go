package flight

import (
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"holdfast/fault"
	"holdfast/flight/fare"
	"holdfast/offer"
	"holdfast/uid"
)

// Template fills in what a timetable does not say, so that it can be sold: a JSON object with these members. What is
// left out is as in DefaultTemplate. What the supplier has itself (aircraft types, a tariff) wins over it.
type Template struct {
	// Tariff is how a supplier sells that has no tariff yet.
	Tariff *Tariff `json:"tariff,omitempty"`
	// Aircraft are types with their seats, by equipment code.
	Aircraft []TemplateAircraft `json:"aircraft,omitempty"`
	// Seats are those of equipment that has no type of its own, by equipment code: seats are then laid out by number.
	Seats map[string]int `json:"seats,omitempty"`
	// DefaultSeats is for departures whose equipment says nothing. 0: they are loaded, and not sold.
	DefaultSeats int `json:"default_seats,omitempty"`
	// FrontCabin takes FrontBP of the seats of an aircraft with at least FrontFrom seats, when only their number is
	// known; MainCabin takes the others.
	FrontCabin string `json:"front_cabin,omitempty"`
	MainCabin  string `json:"main_cabin,omitempty"`
	FrontBP    int    `json:"front_bp,omitempty"`
	FrontFrom  int    `json:"front_from,omitempty"`
}

// TemplateAircraft is an aircraft type for some equipment codes.
type TemplateAircraft struct {
	Codes    []string  `json:"codes"`
	Name     string    `json:"name"`
	Sections []Section `json:"sections"`
}

// DefaultTemplate is used where an import brings none.
func DefaultTemplate() Template {
	return Template{
		Tariff: defaultTariff(),
		Seats: map[string]int{
			"318": 120, "319": 138, "320": 174, "321": 212, "32A": 174, "32B": 212, "32N": 180, "32Q": 220, "220": 135, "221": 115, "223": 140,
			"330": 270, "332": 250, "333": 290, "338": 260, "339": 290, "340": 280, "343": 270, "346": 340, "350": 320, "359": 315, "351": 360, "388": 500, "380": 500,
			"733": 138, "734": 158, "735": 120, "736": 126, "73G": 143, "737": 143, "738": 178, "73H": 178, "739": 188, "7M8": 180, "7M9": 190, "752": 200, "753": 230,
			"742": 400, "744": 380, "74H": 390, "763": 230, "764": 245, "772": 300, "77W": 350, "788": 245, "789": 290, "78J": 320,
			"AT4": 46, "AT5": 48, "AT7": 70, "ATR": 68, "CR1": 50, "CR2": 50, "CR7": 70, "CR9": 86, "CRJ": 70, "DH4": 76, "DH8": 50, "E70": 76, "E75": 82, "E90": 100, "E95": 118, "M82": 150, "M83": 150, "M88": 150, "M90": 155,
		},
		DefaultSeats: 150, FrontCabin: "business", MainCabin: "economy", FrontBP: 800, FrontFrom: 100,
	}
}

func defaultTariff() *Tariff {
	day := int64(24 * 3600)
	return &Tariff{
		Currency: "EUR",
		Cabins: []Cabin{
			{Name: "first", Classes: []Class{{Code: "F", Base: 40_000, Per100KM: 4_200, DemandBP: 6_000, DeviationBP: 3_000}}},
			{Name: "business", Classes: []Class{
				{Code: "J", ProtectedBP: 2_500, Base: 20_000, Per100KM: 2_600, DemandBP: 3_000, DeviationBP: 1_500},
				{Code: "C", Base: 12_000, Per100KM: 1_800, DemandBP: 8_000, DeviationBP: 3_000},
			}},
			{Name: "premium", Tiers: []int64{1_900, 2_900, 3_900}, Classes: []Class{
				{Code: "W", ProtectedBP: 2_000, Base: 9_000, Per100KM: 1_300, DemandBP: 3_000, DeviationBP: 1_500},
				{Code: "S", Base: 5_500, Per100KM: 900, DemandBP: 8_000, DeviationBP: 3_000},
			}},
			{Name: "economy", Tiers: []int64{900, 1_900, 2_900}, Classes: []Class{
				{Code: "Y", ProtectedBP: 500, Base: 7_000, Per100KM: 1_100, DemandBP: 700, DeviationBP: 400},
				{Code: "B", ProtectedBP: 1_000, Base: 4_500, Per100KM: 750, DemandBP: 1_500, DeviationBP: 700},
				{Code: "M", ProtectedBP: 2_000, Base: 2_900, Per100KM: 500, DemandBP: 3_000, DeviationBP: 1_200},
				{Code: "K", Base: 1_900, Per100KM: 350, DemandBP: 8_000, DeviationBP: 3_000},
			}},
		},
		Families: []Family{
			{Family: fare.Family{Code: "LIGHT", Name: "Light", PercentBP: 10_000, Refund: fare.Refund{FeeBP: 10_000}, CarryOn: 1, SeatChoice: fare.SeatPaid}},
			{Family: fare.Family{Code: "CLASSIC", Name: "Classic", PercentBP: 10_000, Amount: 2_500, Change: fare.Change{Allowed: true, Minor: 5_000}, Refund: fare.Refund{FeeBP: 5_000}, CarryOn: 1, Bags: 1, SeatChoice: fare.SeatPaid}},
			{Family: fare.Family{Code: "FLEX", Name: "Flex", PercentBP: 12_500, Amount: 4_000, Change: fare.Change{Allowed: true}, Refund: fare.Refund{FreeUntil: true, FreeBefore: 120, FeeBP: 1_000}, CarryOn: 2, Bags: 1, SeatChoice: fare.SeatFree}},
		},
		Levies: []fare.Levy{
			{Kind: offer.Tax, Code: "departure", Minor: 1_200, Who: []fare.Kind{fare.Adult, fare.Child}},
			{Kind: offer.Fee, Code: "airport", Minor: 850, Who: []fare.Kind{fare.Adult, fare.Child}},
		},
		Shares: fare.DefaultShares, WindowSeconds: day, SettleSeconds: day,
	}
}

// maxTemplate bounds a template, in bytes.
const maxTemplate = 4 << 20

// ReadTemplate reads a template and checks it. Members it does not know are refused.
func ReadTemplate(r io.Reader) (Template, error) {
	t := DefaultTemplate()
	d := json.NewDecoder(io.LimitReader(r, maxTemplate))
	d.DisallowUnknownFields()
	t.Tariff = nil // a tariff holds whole
	if err := d.Decode(&t); err != nil {
		return t, fault.New(fault.Invalid, "template_invalid", "The template is not the JSON it should be: %s.", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return t, fault.New(fault.Invalid, "template_invalid", "The template goes on after its JSON object.")
	}
	if t.Tariff == nil {
		t.Tariff = defaultTariff()
	}
	return t, t.Check()
}

// Check reports everything that is wrong with a template as one fault.Error.
func (t *Template) Check() error {
	var v verdicts
	if v.check(t.Tariff != nil, "/tariff", "required", "A template has a tariff.") {
		v.tariff(t.Tariff)
	}
	for i := range t.Aircraft {
		a := &t.Aircraft[i]
		var one verdicts
		one.aircraft(&Aircraft{Name: a.Name, Sections: a.Sections})
		for _, f := range one {
			f.Pointer = "/aircraft/" + strconv.Itoa(i) + f.Pointer
			v = append(v, f)
		}
	}
	v.check(t.DefaultSeats >= 0 && t.DefaultSeats <= maxSeats, "/default_seats", "out_of_range", "An aircraft has at most %d seats.", maxSeats)
	for code, n := range t.Seats {
		v.check(n >= 1 && n <= maxSeats, "/seats/"+code, "out_of_range", "An aircraft has 1 to %d seats.", maxSeats)
	}
	v.check(cabinName(t.MainCabin) && (t.FrontBP == 0 || cabinName(t.FrontCabin)), "/main_cabin", "cabin_invalid", "A cabin is a word in small letters of at most %d characters.", maxCabin)
	v.check(t.FrontBP >= 0 && t.FrontBP <= 9_000, "/front_bp", "out_of_range", "The front cabin has 0 to 9000 basis points of the seats.")
	if len(v) == 0 {
		return nil
	}
	e := fault.New(fault.Invalid, "template_invalid", "The template has values that are not possible; see errors.")
	e.Fields = v
	return e
}

// maxSeats is what seats are laid out for by number.
const maxSeats = 900

// seating is how many seats the cabins of an aircraft have, front to back.
type seating []cabinSeats

type cabinSeats struct {
	cabin string
	seats int
}

// cabinOf says which cabin a letter of a configuration means (IATA's booking letters of cabins).
var cabinOf = map[rune]string{'F': "first", 'P': "first", 'A': "first", 'J': "business", 'C': "business", 'D': "business", 'W': "premium", 'S': "premium", 'Y': "economy", 'M': "economy"}

// parseConfiguration reads "J30Y260"; nil for what it does not understand.
func parseConfiguration(s string) seating {
	var out seating
	for rest := strings.TrimSpace(s); rest != ""; {
		r := rune(rest[0])
		if r == 'V' && len(out) > 0 { // "VV" and what follows is about freight
			break
		}
		digits := 1
		for digits < len(rest) && unicode.IsDigit(rune(rest[digits])) {
			digits++
		}
		cabin, known := cabinOf[r]
		n, err := strconv.Atoi(rest[1:digits])
		if !known || err != nil || n < 0 || n > maxSeats {
			return nil
		}
		rest = strings.TrimSpace(rest[digits:])
		if n == 0 {
			continue
		}
		if i := slices.IndexFunc(out, func(c cabinSeats) bool { return c.cabin == cabin }); i >= 0 {
			out[i].seats += n
		} else {
			out = append(out, cabinSeats{cabin, n})
		}
	}
	return out
}

// split divides seats of which only the number is known.
func (t *Template) split(seats int) seating {
	front := 0
	if t.FrontBP > 0 && seats >= t.FrontFrom {
		front = seats * t.FrontBP / 10_000 / 4 * 4
	}
	if front == 0 {
		return seating{{t.MainCabin, seats}}
	}
	return seating{{t.FrontCabin, front}, {t.MainCabin, seats - front}}
}

func (s seating) total() (n int) {
	for _, c := range s {
		n += c.seats
	}
	return n
}

func (s seating) String() string {
	var b strings.Builder
	for _, c := range s {
		b.WriteString(c.cabin)
		b.WriteString(strconv.Itoa(c.seats))
	}
	return b.String()
}

// layOut makes an aircraft type of a number of seats, as one of that size usually looks.
func (s seating) layOut(supplier uid.ID, code string) *Aircraft {
	total := s.total()
	a := &Aircraft{
		ID: derived("aircraft", supplier, code, s.String()), Supplier: supplier, Code: code,
		Name: strings.TrimSpace(code + " with " + strconv.Itoa(total) + " seats"), Revision: 1,
	}
	row := 1
	for _, c := range s {
		letters := abreast(total, c.cabin)
		width := len(letters) - strings.Count(letters, "-")
		rows := (c.seats + width - 1) / width
		sec := Section{Cabin: c.cabin, First: row, Last: row + rows - 1, Letters: letters, Bulkhead: true, Power: c.cabin != "economy"}
		if lack := rows*width - c.seats; lack > 0 { // the last row is shorter
			all := strings.ReplaceAll(letters, "-", "")
			for _, l := range all[len(all)-lack:] {
				sec.Missing = append(sec.Missing, strconv.Itoa(sec.Last)+string(l))
			}
		}
		if c.cabin == "economy" || len(s) == 1 {
			middle := row + rows/2
			front := row + max(1, rows/6) - 1
			sec.Tiers = []RowTier{{From: middle, To: middle, Tier: 2}, {From: row, To: front, Tier: 1}}
			if rows > 2 {
				sec.Exits = []int{middle}
			}
		}
		a.Sections = append(a.Sections, sec)
		row += rows
	}
	return a
}

// abreast is how seats stand side by side in an aircraft of a size.
func abreast(total int, cabin string) string {
	wide, front := total > 240, cabin == "business" || cabin == "first"
	switch {
	case wide && front:
		return "AC-DG-HK"
	case wide && cabin == "premium":
		return "AC-DEG-HK"
	case total > 420:
		return "ABC-DEFG-HJK"
	case wide:
		return "AC-DEFG-HK"
	case total > 95 && front:
		return "AC-DF"
	case total > 95:
		return "ABC-DEF"
	case total > 50:
		return "AC-DF"
	case total > 19:
		return "A-CD"
	}
	return "A-C"
}
