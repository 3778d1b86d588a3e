package demo

import (
	"slices"
	"strconv"
	"strings"

	"holdfast/civil"
	"holdfast/feed"
	"holdfast/flight"
	"holdfast/identity"
	"holdfast/offer"
	"holdfast/uid"
)

// Airline is an airline of the demo: everything that FillAirline brings into the services. Legs are those of a window of
// dates; the airline of another day is the same one with another window.
type Airline struct {
	Supplier identity.Supplier
	Carrier  flight.Carrier
	Template flight.Template // its aircraft with their seats, and its tariff
	Airports []flight.Airport
	From     civil.Date // the first of the window
	Legs     []feed.Leg
}

// AirlineStaff is the supplier that the demo's token of an airline belongs to.
func AirlineStaff() uid.ID { return id("airline", 0) }

// company is an airline in the tables of the demo. The names are invented, and no carrier has these codes.
type company struct {
	code, name string
	partner    string // its flights and those of this carrier can be combined
	rotations  []rotation
	tariff     func(*flight.Tariff)
	aircraft   []flight.TemplateAircraft
	// codeshare is the number that a flight also has at the partner's; "" for none.
	codeshare func(number int, way []string) string
}

var companies = []company{
	{"YF", "Yellowfinch Airways", "XI", finch, finchTariff, []flight.TemplateAircraft{narrow, wide}, func(number int, way []string) string {
		if slices.Contains(way, "ATH") {
			return "XI" + strconv.Itoa(9000+number)
		}
		return ""
	}},
	{"XI", "Xenia Island Air", "YF", xenia, xeniaTariff, []flight.TemplateAircraft{propeller}, func(number int, _ []string) string {
		return "YF" + strconv.Itoa(5000+number)
	}},
}

// Windows of the timetables, in days. Trains are told of far ahead, for it costs nothing: a train has a bit a date. Of
// flights each date is a row, so there are only some more than the horizon; the next day's fill adds another.
const (
	flightsBefore, flightsSpare = 1, 7
	trainsBefore, trainsAfter   = 7, 500
)

// Airlines are the demo's airlines with flights for who sells them a horizon of so many days ahead.
func Airlines(today civil.Date, horizon int) []Airline {
	from, to := today-flightsBefore, today.Add(horizon+flightsSpare)
	out := make([]Airline, len(companies))
	for i, c := range companies {
		supplier := id("airline", i)
		a := Airline{
			Supplier: identity.Supplier{ID: supplier, Name: c.name, Kind: identity.Airline},
			Carrier:  flight.Carrier{Code: c.code, Supplier: supplier, Name: c.name, Interline: []string{c.partner}},
			Template: flight.DefaultTemplate(), From: from,
		}
		a.Template.Aircraft = c.aircraft
		c.tariff(a.Template.Tariff)
		served := map[string]bool{}
		for n := range c.rotations {
			r := &c.rotations[n]
			for _, code := range r.way {
				served[code] = true
			}
			a.Legs = append(a.Legs, c.legs(r, from, to)...)
		}
		for n := range airports {
			if served[airports[n].iata] {
				a.Airports = append(a.Airports, airports[n].flight())
			}
		}
		out[i] = a
	}
	return out
}

// The aircraft of the demo, with seats as such types often have them.
var (
	narrow = flight.TemplateAircraft{Codes: []string{"320"}, Name: "Airbus A320", Sections: []flight.Section{
		{Cabin: "business", First: 1, Last: 3, Letters: "AC-DF", Power: true, Bulkhead: true, Legroom: []int{1}},
		{
			Cabin: "economy", First: 4, Last: 29, Letters: "ABC-DEF", Skip: []int{13}, Exits: []int{11, 12}, Accessible: []int{4, 29},
			Tiers: []flight.RowTier{{From: 11, To: 12, Tier: 2}, {From: 4, To: 8, Tier: 1}},
		},
	}}
	wide = flight.TemplateAircraft{Codes: []string{"789"}, Name: "Boeing 787-9", Sections: []flight.Section{
		{Cabin: "business", First: 1, Last: 8, Letters: "A-DG-K", Power: true, Bulkhead: true, Legroom: []int{1, 2, 3, 4, 5, 6, 7, 8}, Accessible: []int{1}},
		{
			Cabin: "economy", First: 11, Last: 41, Letters: "ABC-DEF-HJK", Skip: []int{13}, Missing: []string{"41A", "41K"}, Power: true, Bulkhead: true,
			Exits: []int{25}, Legroom: []int{11}, Accessible: []int{26, 40}, Tiers: []flight.RowTier{{From: 25, To: 25, Tier: 2}, {From: 11, To: 18, Tier: 1}},
		},
	}}
	propeller = flight.TemplateAircraft{Codes: []string{"AT7"}, Name: "ATR 72", Sections: []flight.Section{
		{Cabin: "economy", First: 1, Last: 18, Letters: "AC-DF", Missing: []string{"18D", "18F"}, Exits: []int{1}, Accessible: []int{2}, Tiers: []flight.RowTier{{From: 1, To: 1, Tier: 2}, {From: 2, To: 5, Tier: 1}}},
	}}
)

// finchTariff has two booking classes in business and three in economy; 15 % of the seats are kept for the highest of
// economy, and as many for the one below. The fare families are those of flight's template.
func finchTariff(t *flight.Tariff) {
	t.Cabins = []flight.Cabin{
		{Name: "business", Classes: []flight.Class{
			{Code: "J", ProtectedBP: 2_500, Base: 18_000, Per100KM: 2_400, DemandBP: 3_000, DeviationBP: 1_500},
			{Code: "C", Base: 11_000, Per100KM: 1_700, DemandBP: 8_000, DeviationBP: 3_000},
		}},
		{Name: "economy", Tiers: []int64{900, 1_900, 2_900}, Classes: []flight.Class{
			{Code: "Y", ProtectedBP: 1_500, Base: 7_000, Per100KM: 1_000, DemandBP: 1_000, DeviationBP: 500},
			{Code: "M", ProtectedBP: 1_500, Base: 3_900, Per100KM: 600, DemandBP: 3_000, DeviationBP: 1_200},
			{Code: "K", Base: 2_400, Per100KM: 380, DemandBP: 8_000, DeviationBP: 3_000},
		}},
	}
	t.Levies = append(t.Levies,
		flight.Levy{Kind: offer.Tax, Code: "passenger_duty", Minor: 1_600, Airports: []string{"LHR", "EDI"}, Who: []flight.Kind{flight.Adult}},
		flight.Levy{Kind: offer.Fee, Code: "booking", Minor: 500, Once: true, Who: []flight.Kind{flight.Adult, flight.Child}},
	)
}

// xeniaTariff has one cabin.
func xeniaTariff(t *flight.Tariff) {
	t.Cabins = []flight.Cabin{{Name: "economy", Tiers: []int64{500, 900, 1_500}, Classes: []flight.Class{
		{Code: "Y", ProtectedBP: 2_000, Base: 5_500, Per100KM: 1_500, DemandBP: 2_000, DeviationBP: 800},
		{Code: "K", Base: 3_000, Per100KM: 800, DemandBP: 8_000, DeviationBP: 3_000},
	}}}
}

// weekdays reads "135" as Monday, Wednesday, Friday.
func weekdays(days string) feed.Weekdays {
	if days == daily {
		return feed.Every
	}
	var w feed.Weekdays
	for _, d := range days {
		w |= 1 << (d - '1')
	}
	return w
}

// later is the same days of the week, so many days later.
func later(w feed.Weekdays, days int) feed.Weekdays {
	for range days {
		w = (w<<1 | w>>6) & feed.Every
	}
	return w
}

// clock reads "18:40" as minutes.
func clock(text string) int {
	hours, minutes, _ := strings.Cut(text, ":")
	h, err1 := strconv.Atoi(hours)
	m, err2 := strconv.Atoi(minutes)
	if err1 != nil || err2 != nil {
		panic("demo: " + text + " is no time of day") // of a table in this package
	}
	return 60*h + m
}
