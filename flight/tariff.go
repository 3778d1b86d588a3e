package flight

import (
	"crypto/sha256"
	"encoding/json"
	"slices"
	"strconv"
	"time"

	"holdfast/flight/fare"
	"holdfast/money"
	"holdfast/offer"
	"holdfast/stock"
	"holdfast/uid"
)

// Carrier is an airline by its code. Its flights are sold by one supplier.
type Carrier struct {
	Code     string // IATA, else ICAO
	Supplier uid.ID
	Name     string
	// Interline are the carriers whose flights may be combined with this one's in one trip, when they say so too.
	Interline []string
	Revision  int64
}

// Tariff is how a supplier sells its departures: what its cabins are divided into and what they cost.
type Tariff struct {
	Supplier uid.ID         `json:"supplier"`
	Currency money.Currency `json:"currency"`
	Cabins   []Cabin        `json:"cabins"`   // best first
	Families []Family       `json:"families"` // cheapest first
	Levies   []fare.Levy    `json:"levies,omitempty"`
	Shares   fare.Shares    `json:"shares"`
	// A published fare rises at most once in WindowSeconds, and not before a higher one has been wanted for
	// SettleSeconds: see fare.Publisher.
	WindowSeconds int64     `json:"window_seconds"`
	SettleSeconds int64     `json:"settle_seconds"`
	RaisedAt      time.Time `json:"raised_at,omitzero"` // when a family or levy last became dearer or cheaper
	Revision      int64     `json:"revision"`
}

// Cabin is one cabin of the tariff.
type Cabin struct {
	Name          string  `json:"name"` // as sections of aircraft have it
	OverbookingBP int32   `json:"overbooking_bp"`
	Tiers         []int64 `json:"tiers,omitempty"` // what choosing a seat of a price tier costs, minor units
	Classes       []Class `json:"classes"`         // booking classes, highest first
}

// Class is a booking class, nested in its cabin.
type Class struct {
	Code        string `json:"code"`         // one capital letter, once in a tariff
	ProtectedBP int32  `json:"protected_bp"` // share of the cabin kept for this class from all lower ones, 1/10,000
	// Fares of markets that nobody set: Base and Per100KM of the great circle, minor units.
	Base     int64 `json:"base"`
	Per100KM int64 `json:"per_100_km"`
	// Demand expected for a departure, as shares of the cabin: for EMSR-b.
	DemandBP    int32 `json:"demand_bp,omitempty"`
	DeviationBP int32 `json:"deviation_bp,omitempty"`
}

// Family is a fare family under its id and the immutable version that offers name.
type Family struct {
	ID      uid.ID `json:"id"`      // ff_; stays the same over versions
	Version uid.ID `json:"version"` // made of what the family says
	fare.Family
}

// seal gives the families their ids, where they have none, and their versions.
func (t *Tariff) seal() {
	for i := range t.Families {
		f := &t.Families[i]
		if f.ID.IsZero() {
			f.ID = derived("family", t.Supplier, f.Code)
		}
		body, err := json.Marshal(f.Family)
		if err != nil {
			panic(err) // numbers and texts
		}
		f.Version = derived("family version", f.ID, string(t.Currency), string(body))
	}
}

// derived is an id made of what it stands for: the same things have the same id.
func derived(what string, of uid.ID, parts ...string) uid.ID {
	h := sha256.New()
	h.Write([]byte(what))
	h.Write(of[:])
	for _, p := range parts {
		h.Write([]byte(strconv.Itoa(len(p))))
		h.Write([]byte{0})
		h.Write([]byte(p))
	}
	var id uid.ID
	copy(id[:], h.Sum(nil))
	return id
}

// publisher is the rule by which its fares are published.
func (t *Tariff) publisher() fare.Publisher {
	return fare.Publisher{Window: time.Duration(t.WindowSeconds) * time.Second, Settle: time.Duration(t.SettleSeconds) * time.Second}
}

// cabin finds a cabin by name; nil if there is none.
func (t *Tariff) cabin(name string) *Cabin {
	if i := slices.IndexFunc(t.Cabins, func(c Cabin) bool { return c.Name == name }); i >= 0 {
		return &t.Cabins[i]
	}
	return nil
}

// class finds a booking class and its cabin.
func (t *Tariff) class(code string) (*Cabin, int) {
	for i := range t.Cabins {
		for k := range t.Cabins[i].Classes {
			if t.Cabins[i].Classes[k].Code == code {
				return &t.Cabins[i], k
			}
		}
	}
	return nil, 0
}

// family finds a fare family by its code; nil if there is none.
func (t *Tariff) family(code string) *Family {
	if i := slices.IndexFunc(t.Families, func(f Family) bool { return f.Code == code }); i >= 0 {
		return &t.Families[i]
	}
	return nil
}

// byDistance is the fare of a market that nobody set.
func (c *Class) byDistance(km float64) int64 {
	return roundTo(c.Base+int64(float64(c.Per100KM)*km/100), 100)
}

// roundTo rounds to whole hundreds of minor units, which fares look like, but never to nothing.
func roundTo(minor, unit int64) int64 { return max(unit, (minor+unit/2)/unit*unit) }

// Fare is the published fare of a market in a booking class.
type Fare struct {
	FareKey
	Stamp int64 // of the newest word on it; see FareUpdate
	State FareState
}

// FareState is what is stored of a fare.
type FareState struct {
	fare.Published
	Derived bool             // by distance: nobody set it
	Source  string           `json:",omitempty"` // whose stamp it has; see FareUpdate
	Seen    map[string]int64 `json:",omitempty"` // the newest stamps of other sources
}

// Bounds of a tariff.
const (
	MaxCabins        = 6
	MaxFamilies      = 8
	MaxLevies        = 24
	MaxWindowSeconds = 90 * 24 * 3600
	maxName          = 200
	maxCabin         = offer.MaxClass
)

func cabinName(s string) bool {
	if s == "" || len(s) > maxCabin {
		return false
	}
	for i := range len(s) {
		if c := s[i]; (c < 'a' || c > 'z') && (i == 0 || c != '_') {
			return false
		}
	}
	return true
}

// check notes what is wrong with a tariff.
func (v *verdicts) tariff(t *Tariff) {
	_, err := money.ParseCurrency(string(t.Currency))
	v.check(err == nil, "/currency", "currency_unknown", "This is an ISO 4217 code in capitals.")
	v.check(len(t.Cabins) >= 1 && len(t.Cabins) <= MaxCabins, "/cabins", "out_of_range", "A tariff has 1 to %d cabins.", MaxCabins)
	v.check(len(t.Families) >= 1 && len(t.Families) <= MaxFamilies, "/families", "out_of_range", "A tariff has 1 to %d fare families.", MaxFamilies)
	v.check(len(t.Levies) <= MaxLevies, "/levies", "out_of_range", "A tariff has at most %d levies.", MaxLevies)
	v.check(t.WindowSeconds >= 0 && t.WindowSeconds <= MaxWindowSeconds && t.SettleSeconds >= 0 && t.SettleSeconds <= MaxWindowSeconds, "/window_seconds", "out_of_range", "Windows have 0 to %d seconds.", MaxWindowSeconds)
	v.check(t.Shares.ChildBP >= 0 && t.Shares.ChildBP <= 10_000 && t.Shares.InfantBP >= 0 && t.Shares.InfantBP <= 10_000, "/shares", "out_of_range", "Children and infants pay 0 to 10000 basis points.")
	names, codes := map[string]bool{}, map[string]bool{}
	for i := range t.Cabins {
		c := &t.Cabins[i]
		at := "/cabins/" + strconv.Itoa(i)
		v.check(cabinName(c.Name) && !names[c.Name], at+"/name", "cabin_invalid", "A cabin is a word in small letters of at most %d characters, once in a tariff.", maxCabin)
		names[c.Name] = true
		v.check(c.OverbookingBP >= -10_000 && c.OverbookingBP <= stock.MaxOverbookingBP, at+"/overbooking_bp", "out_of_range", "Overbooking goes from -10000 to %d basis points.", stock.MaxOverbookingBP)
		v.check(len(c.Tiers) <= offer.MaxTiers, at+"/tiers", "out_of_range", "A cabin has at most %d price tiers.", offer.MaxTiers)
		for _, minor := range c.Tiers {
			v.check(minor >= 0 && minor <= fare.MaxMinor, at+"/tiers", "out_of_range", "A price is not negative.")
		}
		v.check(len(c.Classes) >= 1 && len(c.Classes) <= offer.MaxClaims, at+"/classes", "out_of_range", "A cabin has 1 to %d booking classes.", offer.MaxClaims)
		for k := range c.Classes {
			class := &c.Classes[k]
			at := at + "/classes/" + strconv.Itoa(k)
			v.check(len(class.Code) == 1 && class.Code[0] >= 'A' && class.Code[0] <= 'Z' && !codes[class.Code], at+"/code", "class_invalid", "A booking class is a capital letter, once in a tariff.")
			codes[class.Code] = true
			v.check(class.ProtectedBP >= 0 && class.ProtectedBP <= 10_000, at+"/protected_bp", "out_of_range", "This is a share of the cabin: 0 to 10000.")
			v.check(class.Base >= 0 && class.Base <= fare.MaxMinor && class.Per100KM >= 0 && class.Per100KM <= fare.MaxMinor, at+"/base", "out_of_range", "A price is not negative.")
			v.check(class.DemandBP >= 0 && class.DemandBP <= 100_000 && class.DeviationBP >= 0 && class.DeviationBP <= 100_000, at+"/demand_bp", "out_of_range", "Demand goes from 0 to 100000 basis points of the cabin.")
		}
	}
	v.families(t)
	kinds := map[[2]string]bool{}
	for i := range t.Levies {
		l := &t.Levies[i]
		at := "/levies/" + strconv.Itoa(i)
		err := l.Check()
		v.check(err == nil, at, "levy_invalid", "%v.", err)
		kinds[[2]string{strconv.Itoa(int(l.Kind)), l.Code}] = true
	}
	v.check(len(kinds) <= offer.MaxParts, "/levies", "out_of_range", "There are at most %d different taxes and fees.", offer.MaxParts)
}

func (v *verdicts) families(t *Tariff) {
	codes := map[string]bool{}
	for i := range t.Families {
		f := &t.Families[i]
		at := "/families/" + strconv.Itoa(i)
		err := f.Check()
		if !v.check(err == nil, at, "family_invalid", "%v.", err) {
			continue
		}
		v.check(!codes[f.Code], at+"/code", "family_twice", "Family %s is there twice.", f.Code)
		codes[f.Code] = true
		v.check(f.SeatChoice != fare.SeatAtCheckIn, at+"/seat_choice", "seat_choice_invalid", "Seats are chosen for a price (%d) or for nothing (%d).", fare.SeatPaid, fare.SeatFree)
	}
}
