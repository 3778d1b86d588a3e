package flight

import (
	"slices"
	"strconv"
	"strings"

	"holdfast/stock"
	"holdfast/uid"
)

// Aircraft is a type of aircraft as a supplier flies it: its seats, cabin by cabin.
type Aircraft struct {
	ID       uid.ID // act_
	Supplier uid.ID
	Code     string // IATA equipment code, "320"; "" for one that only its seats tell
	Name     string
	Sections []Section // front to back, lower deck first
	Revision int64     // every write adds one
}

// Section is rows of seats of one cabin on one deck that look alike.
type Section struct {
	Cabin string `json:"cabin"`          // "economy"
	Deck  uint16 `json:"deck,omitempty"` // 0 the main one, 1 the upper one
	First int    `json:"first"`          // rows, both inclusive
	Last  int    `json:"last"`
	// Letters are the seats of a row from left to right, a hyphen for each aisle: "ABC-DEF".
	Letters string   `json:"letters"`
	Skip    []int    `json:"skip,omitempty"`    // rows that do not exist, often 13
	Missing []string `json:"missing,omitempty"` // seats that a row lacks: "32F"
	Exits   []int    `json:"exits,omitempty"`   // exit rows
	Legroom []int    `json:"legroom,omitempty"` // rows with more of it
	Power   bool     `json:"power,omitempty"`
	// Tiers are price tiers of rows: what a seat costs is in the tariff. Rows not named are in tier 0.
	Tiers []RowTier `json:"tiers,omitempty"`
	// Bulkhead says that the first row has a wall before it.
	Bulkhead bool `json:"bulkhead,omitempty"`
	// Accessible are rows that a wheelchair reaches.
	Accessible []int `json:"accessible,omitempty"`
}

// RowTier puts rows [From, To] into a price tier.
type RowTier struct {
	From int   `json:"from"`
	To   int   `json:"to"`
	Tier uint8 `json:"tier"`
}

// Bounds of an aircraft.
const (
	MaxSections = 24
	MaxRow      = 120
	maxLetters  = 16
	maxTier     = 7
)

// Seat is one seat of a map.
type Seat struct {
	Label  string
	Cabin  string
	Deck   uint16
	Row    int
	Letter string
	Tier   uint8
	Traits stock.Traits
}

// seats are the seats of a cabin in the order of their numbers: deck by deck, row by row, left to right.
func (a *Aircraft) seats(cabin string) []Seat {
	var out []Seat
	for i := range a.Sections {
		if s := &a.Sections[i]; s.Cabin == cabin {
			out = s.appendSeats(out)
		}
	}
	slices.SortStableFunc(out, func(a, b Seat) int {
		if a.Deck != b.Deck {
			return int(a.Deck) - int(b.Deck)
		}
		return a.Row - b.Row
	})
	return out
}

func (s *Section) appendSeats(out []Seat) []Seat {
	for row := s.First; row <= s.Last; row++ {
		if slices.Contains(s.Skip, row) {
			continue
		}
		for i := range len(s.Letters) {
			if s.Letters[i] == '-' {
				continue
			}
			letter := s.Letters[i : i+1]
			label := strconv.Itoa(row) + letter
			if slices.Contains(s.Missing, label) {
				continue
			}
			out = append(out, Seat{Label: label, Cabin: s.Cabin, Deck: s.Deck, Row: row, Letter: letter, Tier: s.tier(row), Traits: s.traits(row, i)})
		}
	}
	return out
}

func (s *Section) tier(row int) uint8 {
	for _, t := range s.Tiers {
		if row >= t.From && row <= t.To {
			return t.Tier
		}
	}
	return 0
}

// traits are what the seat at a place of the row has.
func (s *Section) traits(row, at int) stock.Traits {
	var t stock.Traits
	set := func(on bool, trait stock.Traits) {
		if on {
			t |= trait
		}
	}
	last := len(s.Letters) - 1
	set(at == 0 || at == last, stock.Window)
	set(at > 0 && s.Letters[at-1] == '-' || at < last && s.Letters[at+1] == '-', stock.Aisle)
	set(slices.Contains(s.Exits, row), stock.ExitRow)
	set(slices.Contains(s.Legroom, row) || slices.Contains(s.Exits, row), stock.Legroom)
	set(s.Power, stock.Power)
	set(s.Bulkhead && row == s.First, stock.Bulkhead)
	set(slices.Contains(s.Accessible, row), stock.Accessible)
	return t
}

// layout is the seats of a cabin as reservation gives them out; nil for a cabin without seats.
func (a *Aircraft) layout(cabin string) *stock.Layout {
	seats := a.seats(cabin)
	if len(seats) == 0 {
		return nil
	}
	l := &stock.Layout{Units: make([]stock.Unit, len(seats))}
	for i, s := range seats {
		l.Units[i] = stock.Unit{Label: s.Label, Group: s.Deck, Row: uint16(s.Row), Tier: s.Tier, Traits: s.Traits}
	}
	return l
}

// Cabins are the cabins of the aircraft, front to back.
func (a *Aircraft) Cabins() []string {
	var out []string
	for _, s := range a.Sections {
		if !slices.Contains(out, s.Cabin) {
			out = append(out, s.Cabin)
		}
	}
	return out
}

// Seats counts the seats of a cabin; of all with "".
func (a *Aircraft) Seats(cabin string) int {
	n := 0
	for i := range a.Sections {
		if s := &a.Sections[i]; cabin == "" || s.Cabin == cabin {
			rows := 0
			for row := s.First; row <= s.Last; row++ {
				if !slices.Contains(s.Skip, row) {
					rows++
				}
			}
			n += rows*(len(s.Letters)-strings.Count(s.Letters, "-")) - s.missing()
		}
	}
	return n
}

// missing counts the seats of Missing that a row would have.
func (s *Section) missing() int {
	n := 0
	for row := s.First; row <= s.Last; row++ {
		if slices.Contains(s.Skip, row) {
			continue
		}
		for i := range len(s.Letters) {
			if s.Letters[i] != '-' && slices.Contains(s.Missing, strconv.Itoa(row)+s.Letters[i:i+1]) {
				n++
			}
		}
	}
	return n
}

// check notes what is wrong with an aircraft type.
func (v *verdicts) aircraft(a *Aircraft) {
	v.check(a.Name != "" && len(a.Name) <= maxName, "/name", "required", "An aircraft type has a name of at most %d bytes.", maxName)
	v.check(len(a.Code) <= 4, "/code", "out_of_range", "An equipment code has at most 4 characters.")
	if !v.check(len(a.Sections) > 0 && len(a.Sections) <= MaxSections, "/sections", "out_of_range", "An aircraft type has 1 to %d sections.", MaxSections) {
		return
	}
	seen := map[string]bool{}
	for i := range a.Sections {
		s := &a.Sections[i]
		at := "/sections/" + strconv.Itoa(i)
		ok := v.check(cabinName(s.Cabin), at+"/cabin", "cabin_invalid", "A cabin is a word in small letters of at most %d characters, such as \"economy\".", maxCabin)
		ok = v.check(s.First >= 1 && s.First <= s.Last && s.Last <= MaxRow, at+"/first", "out_of_range", "Rows go from 1 to %d, the first not after the last.", MaxRow) && ok
		ok = v.check(validLetters(s.Letters), at+"/letters", "letters_invalid", "Letters are capitals, each once, from left to right, with a hyphen for each aisle: \"ABC-DEF\".") && ok
		for _, t := range s.Tiers {
			ok = v.check(t.Tier <= maxTier, at+"/tiers", "out_of_range", "There are the price tiers 0 to %d.", maxTier) && ok
		}
		if !ok {
			continue
		}
		for _, seat := range s.appendSeats(nil) {
			v.check(!seen[seat.Label], at, "seat_twice", "Seat %s is there twice.", seat.Label)
			seen[seat.Label] = true
		}
	}
	for _, cabin := range a.Cabins() {
		n := a.Seats(cabin)
		v.check(n >= 1 && n <= stock.MaxLayoutUnits, "/sections", "out_of_range", "Cabin %s has %d seats; 1 to %d are possible.", cabin, n, stock.MaxLayoutUnits)
	}
}

func validLetters(s string) bool {
	seen := map[byte]bool{}
	for i := range len(s) {
		c := s[i]
		if c == '-' {
			if i == 0 || i == len(s)-1 || s[i-1] == '-' {
				return false
			}
			continue
		}
		if c < 'A' || c > 'Z' || seen[c] {
			return false
		}
		seen[c] = true
	}
	return len(seen) > 0 && len(s) <= maxLetters
}
