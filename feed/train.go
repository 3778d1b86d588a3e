package feed

import "holdfast/civil"

// What feeds of trains tell, whatever their format. Codes are the feed's own and unique within it; times are seconds
// after "noon minus twelve hours" of the service date in the train's zone (the rule of GTFS), so they may pass 24:00 and
// are right on the days when the clocks change.

// Station is a place where trains call.
type Station struct {
	Line                int
	Code, Name          string
	Parent              string // code of the station that this is a platform of; "" for none
	Zone                string // IANA zone; "" when the feed does not say
	Country             string // ISO 3166 alpha-2; "" when the feed does not say
	Latitude, Longitude float64
	Located             bool  // the coordinates are known
	TransferSeconds     int32 // least time to change trains here; 0 when the feed does not say
}

// Footpath is a way between two stations on foot.
type Footpath struct {
	Line     int
	From, To string
	Seconds  int32
}

// Train is a train as it runs with the same calls on each of some service dates.
type Train struct {
	Line     int
	Key      string // the feed's id of it, e.g. a trip_id
	Number   string // as travellers know it, e.g. "ICE 1672"
	Name     string // a name or headsign; "" for none
	Category string // the kind of train, e.g. "ICE": by it templates choose coaches and fares
	Carrier  string // who runs it; "" when the feed does not say
	Zone     string // IANA zone of the times
	Bus      bool   // a bus sold as a train
	Calls    []Call
	Dates    []civil.Date // ascending, without repeats
}

// Call is one stop of a train. A train may call twice at a station: its place in Train.Calls tells them apart.
type Call struct {
	Line              int
	Station           string
	Arrive, Depart    int32 // seconds, see above; equal where the feed has one time
	NoBoard, NoAlight bool
}

// Coach is one coach of a composition.
type Coach struct {
	Line   int
	Number string // as painted at its door, e.g. "12"
	Type   string // the railway's code of its kind, e.g. "Bpmz"
	From   string // station code where it joins; "" for the whole run
	To     string // station code where it leaves; "" for the whole run
}

// Composition is the coaches of a train, in order.
type Composition struct {
	Line     int
	Train    string // number, e.g. "ICE 5"
	Category string
	From, To civil.Date // service dates [From, To); zero: always
	Weekdays Weekdays   // 0: every day
	Coaches  []Coach
}

// CoachType is what a kind of coach holds.
type CoachType struct {
	Line         int
	Code         string
	Name         string
	First        int // seats of the first class
	Second       int // seats of the second class
	Compartments int // of all seats, those in compartments
}

// Weekdays is a set of days of the week: bit 0 is Monday, bit 6 Sunday.
type Weekdays uint8

// Every is all days of the week.
const Every Weekdays = 1<<7 - 1

// Has reports whether the set holds the weekday of a date.
func (w Weekdays) Has(d civil.Date) bool { return w>>((d.Weekday()+6)%7)&1 == 1 }
