package feed

import "holdfast/civil"

// What feeds of flights tell, whatever their format.

// Airport is an airport with an IATA code.
type Airport struct {
	Line                int
	IATA, ICAO          string
	Name, City, Country string // Country is ISO 3166 alpha-2
	Zone                string // IANA zone; "" when the feed does not say
	Metro               string // IATA code of its metropolitan area; "" for none
	Latitude, Longitude float64
	Scheduled           bool // has scheduled flights
}

// Leg is one take-off to one landing, as a schedule repeats it on the dates of a period. Local times are minutes after
// midnight of the flight's own date; they may pass 24:00 or lie before it: minutes 1,500 are 01:00 of the day after.
type Leg struct {
	Line          int
	Carrier       string     // marketing carrier, IATA or ICAO code
	Number        string     // without leading zeros
	Suffix        string     // operational suffix; "" for none
	Variation     int        // itinerary variation: the same number with other periods, days or ways
	Sequence      int        // of the leg within the flight, from 1
	From, To      string     // IATA
	First, Last   civil.Date // of the flight at its first airport, both inclusive
	Weekdays      Weekdays
	Departs       int32 // local minutes at From
	Arrives       int32 // local minutes at To
	DepartOffset  int32 // minutes east of UTC as the file says, at From
	ArriveOffset  int32
	Offsets       bool     // the file says the offsets; else the zones of the airports tell
	Equipment     string   // IATA aircraft type
	Configuration string   // seats per cabin as the file has it, e.g. "J30Y260"; "" unknown
	Operator      string   // operating carrier; "" is Carrier
	Codeshares    []string // other numbers it is sold under, e.g. "YY1234"
	ServiceType   string   // SSIM service type, "J" is a scheduled passenger flight
}

// Departure is one dated flight from take-off to landing, with what became of it.
type Departure struct {
	Line            int
	Carrier, Number string
	Tail            string     // registration of the aircraft; "" unknown
	Date            civil.Date // local, at From
	From, To        string
	Departs         int32 // scheduled, local minutes after midnight of Date
	Minutes         int32 // scheduled duration
	Cancelled       bool
	Reason          string // why, as the file has it
	Diverted        bool
	DepartDelay     int32 // minutes; meaningful when Flown
	ArriveDelay     int32
	Flown           bool // the actual times are known
	DistanceMiles   int32
	Seats           int32 // of the aircraft; 0 unknown
}
