package rail

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"holdfast/civil"
	"holdfast/fault"
)

// Templates fill in what feeds of trains do not tell: coaches, fares, transfer times. They are looked at whenever
// something is asked for, so changing one changes what is not on sale yet; a report of an import says how many runs
// needed them.
type Templates struct {
	Zone         string                `json:"zone"` // IANA zone of stations and trains that do not say
	Compositions []CompositionTemplate `json:"compositions"`
	Fares        FareTable             `json:"fares"`     // until staff set fares
	Transfers    []TransferTemplate    `json:"transfers"` // by descending size
	// WalkMetres joins stations that are no further apart by a footpath, where the feed has none: it takes a second a metre,
	// and no less than changing at either of them. Feeds often have one station under several codes.
	WalkMetres int32 `json:"walk_metres"`
}

// maxWalkMetres bounds Templates.WalkMetres.
const maxWalkMetres = 3_000

// CompositionTemplate is the coaches of trains: the first that names the train or its category holds, one that names
// neither holds for all others. Places are sold without seat numbers instead; Bus makes it one for buses.
type CompositionTemplate struct {
	Trains     []string `json:"trains,omitempty"`
	Categories []string `json:"categories,omitempty"`
	Bus        bool     `json:"bus,omitempty"`
	Coaches    []Coach  `json:"coaches,omitempty"`
	Places     int32    `json:"places,omitempty"`
}

// TransferTemplate is how long changing trains takes at stations where at least so many trains call on their busiest day.
type TransferTemplate struct {
	CallsADay int   `json:"calls_a_day"`
	Seconds   int32 `json:"seconds"`
}

// MaxTransferSeconds bounds the time to change trains.
const MaxTransferSeconds = 4 * 3600

// DefaultTemplates are used where a railway has none of its own: trains as long as European long-distance trains of
// their kind are, prices in euros of the same order as their flexible fares, and transfer times between those that
// European timetables publish for small and for large stations.
func DefaultTemplates() Templates {
	open := func(number int, first, second int32) Coach {
		return Coach{Number: fmt.Sprint(number), First: first, Second: second}
	}
	var fast, long, sleeper, short []Coach
	for n := range 10 { // twelve cars of a fast train: two of the first class, a restaurant, eight of the second
		fast = append(fast, open(n+1, 0, 76))
	}
	fast = append(fast, open(11, 53, 0), open(12, 53, 0))
	for n := range 6 {
		long = append(long, open(n+1, 0, 80))
	}
	long = append(long, Coach{Number: "7", First: 54, Compartments: 54})
	for n := range 5 {
		sleeper = append(sleeper, Coach{Number: fmt.Sprint(n + 1), Second: 66, Compartments: 66})
	}
	sleeper = append(sleeper, Coach{Number: "6", First: 36, Compartments: 36})
	for n := range 3 {
		short = append(short, open(n+1, 0, 88))
	}
	short = append(short, open(4, 24, 44))
	return Templates{
		Zone: "Europe/Berlin",
		Compositions: []CompositionTemplate{
			{Bus: true, Places: 50},
			{Categories: []string{"ICE", "TGV", "RJ", "RJX", "ECE", "AVE", "FR"}, Coaches: fast},
			{Categories: []string{"NJ", "EN", "D", "DZ"}, Coaches: sleeper},
			{Categories: []string{"RE", "RB", "IR", "IRE", "S"}, Coaches: short},
			{Coaches: long},
		},
		Fares: FareTable{
			Currency: "EUR", ChildBP: 5_000, ChildFreeBelow: 6,
			Families: []Family{
				{Name: "Saver", PercentBP: 6_500, FreeUntilHours: neverFree, FeeBP: 10_000},
				{Name: "Flex", PercentBP: 10_000, FreeUntilHours: 0, FeeBP: 10_000},
			},
			Tariffs: []Tariff{
				{Categories: []string{"ICE", "TGV", "RJ", "RJX", "ECE"}, First: Rate{700, 3_800}, Second: Rate{400, 2_200}},
				{First: Rate{500, 2_900}, Second: Rate{300, 1_700}},
			},
		},
		Transfers: []TransferTemplate{{120, 480}, {30, 300}, {0, 180}}, WalkMetres: 400,
	}
}

// ParseTemplates reads templates from JSON. What it does not name is as in DefaultTemplates. Reasons: template_invalid,
// validation_failed.
func ParseTemplates(text []byte) (Templates, error) {
	t := DefaultTemplates()
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&t); err != nil {
		return t, fault.New(fault.Invalid, "template_invalid", "The template is not the JSON it should be: %s.", strings.TrimPrefix(err.Error(), "json: ")).Because(err)
	}
	if d.More() {
		return t, fault.New(fault.Invalid, "template_invalid", "There is more after the template.")
	}
	return t, t.Check()
}

// Check says all that is wrong with the templates.
func (t *Templates) Check() error {
	var v verdicts
	if _, err := civil.Zone(t.Zone); err != nil {
		v.check(false, "/zone", "unknown_time_zone", "This is a full IANA name, such as Europe/Berlin.")
	}
	t.Fares.check(&v, "/fares")
	v.check(len(t.Compositions) > 0 && len(t.Compositions) <= 1000, "/compositions", "out_of_range", "There are 1 to 1,000 compositions.")
	for i := range t.Compositions {
		c := &t.Compositions[i]
		_, err := NewFormation(c.Coaches, c.Places)
		v.check(err == nil, index("/compositions", i), "composition_invalid", "The composition cannot be: %v.", err)
	}
	v.check(t.WalkMetres >= 0 && t.WalkMetres <= maxWalkMetres, "/walk_metres", "out_of_range", "This is 0 to %d metres.", maxWalkMetres)
	for i := range t.Transfers {
		s := t.Transfers[i].Seconds
		v.check(s >= 0 && s <= MaxTransferSeconds, index("/transfers", i)+"/seconds", "out_of_range", "Changing trains takes 0 to %d seconds.", MaxTransferSeconds)
		v.check(i == 0 || t.Transfers[i].CallsADay < t.Transfers[i-1].CallsADay, index("/transfers", i)+"/calls_a_day", "not_in_order", "The largest stations come first.")
	}
	return v.err()
}

// composition is the template for a train; nil where none fits.
func (t *Templates) composition(train *Train) *CompositionTemplate {
	for i := range t.Compositions {
		c := &t.Compositions[i]
		if c.Bus != train.Bus {
			continue
		}
		all := len(c.Trains)+len(c.Categories) == 0
		if all || slices.Contains(c.Trains, train.Number) || slices.Contains(c.Categories, train.Category) {
			return c
		}
	}
	return nil
}

// transfer is the time to change at a station where so many trains call on its busiest day.
func (t *Templates) transfer(calls int) int32 {
	for _, s := range t.Transfers {
		if calls >= s.CallsADay {
			return s.Seconds
		}
	}
	return 0
}
