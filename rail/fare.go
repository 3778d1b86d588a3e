package rail

import (
	"encoding/json"
	"slices"

	"holdfast/money"
	"holdfast/offer"
	"holdfast/uid"
)

// Bounds of fares.
const (
	MaxFamilies   = 8
	MaxTariffs    = 64
	MaxRelations  = 20_000
	MaxFareMinor  = 1_000_000_000 // of every amount of a tariff
	MaxPercentBP  = 50_000
	MaxChildAge   = 17
	MaxFreeHours  = 365 * 24
	neverFree     = -1
	metresPer100K = 100_000
)

// FareTable is what the tickets of a railway cost and under which conditions. All amounts are minor units of Currency.
//
// The price of a journey for one adult is the price of its relation, where there is one; else the largest base of the
// tariffs of its trains, once, and for each train its distance (along its calls) times the tariff's price of 100 km,
// added up and then rounded half up. Of that a family takes its percentage, a child of that ChildBP. The whole is split
// over the rides by what each adds to it, by largest remainder.
type FareTable struct {
	Currency       money.Currency `json:"currency"`
	Families       []Family       `json:"families"`
	Tariffs        []Tariff       `json:"tariffs"` // the first that names the category; one without categories fits all
	Relations      []Relation     `json:"relations,omitempty"`
	ChildBP        int32          `json:"child_bp"`         // what a child pays of an adult's price
	ChildFreeBelow int            `json:"child_free_below"` // younger children pay nothing, and have their seat
}

// Family is a fare: a name, a price level and conditions. ID is made of the railway and the name, Version of all that
// is said here: a version never changes, and offers name it.
type Family struct {
	ID             uid.ID `json:"-"`
	Version        uid.ID `json:"-"`
	Name           string `json:"name"`
	PercentBP      int32  `json:"percent_bp"`
	FreeUntilHours int32  `json:"free_until_hours"` // before departure; 0: until it leaves; -1: never free
	FeeBP          int32  `json:"fee_bp"`           // from then on, the share of the price that is kept
}

// Tariff is a price by distance for some categories of trains.
type Tariff struct {
	Categories []string `json:"categories,omitempty"`
	First      Rate     `json:"first"`
	Second     Rate     `json:"second"`
}

// Rate is the price of a class.
type Rate struct {
	Base     int64 `json:"base"`       // once a journey
	Per100KM int64 `json:"per_100_km"` // of great-circle distance between consecutive calls
}

// Relation is the price of a journey between two stations, whatever its way; it overrides the distance.
type Relation struct {
	From  string `json:"from"`
	To    string `json:"to"`
	Class string `json:"class"`
	Minor int64  `json:"minor"`
	Both  bool   `json:"both,omitempty"` // the other way too
}

// versioned names the families of a table.
func (t *FareTable) versioned(supplier uid.ID) error {
	for i := range t.Families {
		f := &t.Families[i]
		body, err := f.Body()
		if err != nil {
			return err
		}
		f.ID = derive("fare", string(supplier[:]), f.Name)
		f.Version = derive("fare version", string(supplier[:]), string(body))
	}
	return nil
}

// Body is the family as its version is stored.
func (f *Family) Body() ([]byte, error) { return json.Marshal(f) }

// clone is a table whose lists may be changed.
func (t *FareTable) clone() *FareTable {
	c := *t
	c.Families, c.Tariffs, c.Relations = slices.Clone(t.Families), slices.Clone(t.Tariffs), slices.Clone(t.Relations)
	return &c
}

// rate is the price of a class in trains of a category; false where no tariff is for them: they are not sold.
func (t *FareTable) rate(category string, class Class) (Rate, bool) {
	for i := range t.Tariffs {
		f := &t.Tariffs[i]
		if len(f.Categories) == 0 || slices.Contains(f.Categories, category) {
			if class == First {
				return f.First, true
			}
			return f.Second, true
		}
	}
	return Rate{}, false
}

// relation is the price of a journey, false where the distance decides.
func (t *FareTable) relation(from, to string, class Class) (int64, bool) {
	for i := range t.Relations {
		r := &t.Relations[i]
		if r.Class == class.String() && (r.From == from && r.To == to || r.Both && r.From == to && r.To == from) {
			return r.Minor, true
		}
	}
	return 0, false
}

// leg is what pricing looks at.
type leg struct {
	category string
	metres   int64
	from, to string // stations
}

// party is who travels. Infants take no seat and pay nothing.
type party struct {
	adults    int
	childAges []int
	infants   int
}

func (p *party) seats() int32 { return int32(p.adults + len(p.childAges)) }

// journey is what some rides of the railway, in order, cost under a family: the price of each ride. It is false where
// one of them has no price.
func (t *FareTable) journey(legs []leg, class Class, f *Family, p *party) ([]int64, bool) {
	weights := make([]int64, len(legs))
	var base, distance int64
	for i := range legs {
		r, ok := t.rate(legs[i].category, class)
		if !ok {
			return nil, false
		}
		base = max(base, r.Base)
		weights[i] = legs[i].metres * r.Per100KM
		distance += weights[i]
	}
	adult := base + (distance+metresPer100K/2)/metresPer100K
	if fixed, ok := t.relation(legs[0].from, legs[len(legs)-1].to, class); ok {
		adult = fixed
	}
	adult = money.Of(adult, t.Currency).BasisPoints(int64(f.PercentBP)).Minor
	child := money.Of(adult, t.Currency).BasisPoints(int64(t.ChildBP)).Minor
	total := int64(p.adults) * adult
	for _, age := range p.childAges {
		if age >= t.ChildFreeBelow {
			total += child
		}
	}
	out := make([]int64, len(legs))
	for i, part := range money.Of(total, t.Currency).Split(weights) {
		out[i] = part.Minor
	}
	return out, true
}

// check notes what is not possible in a table.
func (t *FareTable) check(v *verdicts, pointer string) {
	if _, err := money.ParseCurrency(string(t.Currency)); err != nil {
		v.check(false, pointer+"/currency", "currency_unknown", "This is an ISO 4217 code, such as EUR.")
	}
	v.check(len(t.Families) >= 1 && len(t.Families) <= MaxFamilies, pointer+"/families", "out_of_range", "There are 1 to %d fare families.", MaxFamilies)
	v.check(len(t.Tariffs) >= 1 && len(t.Tariffs) <= MaxTariffs, pointer+"/tariffs", "out_of_range", "There are 1 to %d tariffs.", MaxTariffs)
	v.check(len(t.Relations) <= MaxRelations, pointer+"/relations", "too_many", "There are at most %d relations.", MaxRelations)
	v.check(t.ChildBP >= 0 && t.ChildBP <= 10_000, pointer+"/child_bp", "out_of_range", "A child pays 0 to 10,000 basis points.")
	v.check(t.ChildFreeBelow >= 0 && t.ChildFreeBelow <= MaxChildAge+1, pointer+"/child_free_below", "out_of_range", "This is an age of 0 to %d years.", MaxChildAge+1)
	names := map[string]bool{}
	for i := range t.Families {
		f, at := &t.Families[i], index(pointer+"/families", i)
		v.check(f.Name != "" && len(f.Name) <= offer.MaxFareName && plain(f.Name), at+"/name", "not_text", "A fare has a name of 1 to %d characters.", offer.MaxFareName)
		v.check(!names[f.Name], at+"/name", "repeated", "Two fares have this name.")
		v.check(f.PercentBP >= 0 && f.PercentBP <= MaxPercentBP, at+"/percent_bp", "out_of_range", "This is 0 to %d basis points.", MaxPercentBP)
		v.check(f.FreeUntilHours >= neverFree && f.FreeUntilHours <= MaxFreeHours, at+"/free_until_hours", "out_of_range", "This is -1 (never free) to %d hours.", MaxFreeHours)
		v.check(f.FeeBP >= 0 && f.FeeBP <= 10_000, at+"/fee_bp", "out_of_range", "This is 0 to 10,000 basis points.")
		names[f.Name] = true
	}
	for i := range t.Tariffs {
		for _, amount := range []int64{t.Tariffs[i].First.Base, t.Tariffs[i].First.Per100KM, t.Tariffs[i].Second.Base, t.Tariffs[i].Second.Per100KM} {
			v.check(amount >= 0 && amount <= MaxFareMinor, index(pointer+"/tariffs", i), "out_of_range", "Amounts are 0 to %d minor units.", MaxFareMinor)
		}
	}
	for i := range t.Relations {
		r, at := &t.Relations[i], index(pointer+"/relations", i)
		_, known := ParseClass(r.Class)
		v.check(known, at+"/class", "unknown", "A class is first or second.")
		v.check(r.Minor >= 0 && r.Minor <= MaxFareMinor, at+"/minor", "out_of_range", "Amounts are 0 to %d minor units.", MaxFareMinor)
	}
}
