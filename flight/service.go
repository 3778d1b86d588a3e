package flight

import (
	"context"
	"time"

	"holdfast/civil"
	"holdfast/feed"
	"holdfast/flight/fare"
	"holdfast/flight/itinerary"
	"holdfast/offer"
	"holdfast/stock"
	"holdfast/uid"
)

// AnyRevision is the If-Match of a caller that did not send one.
const AnyRevision = 0

// Service is what others may ask of flights. All errors are fault.Error; the reasons are documented in rest/problem.
// Writes are for staff; a revision other than AnyRevision must be the current one (412 changed_meanwhile).
type Service interface {
	// SetAirport writes one airport; for the operator's staff alone. Reasons: validation codes, scope_missing.
	SetAirport(ctx context.Context, e Editor, a Airport) (*Airport, error)
	// ImportAirports adds and changes airports as one difference; what the file does not name stays. For the operator's
	// staff alone. Reasons: file_invalid, scope_missing.
	ImportAirports(ctx context.Context, e Editor, read Reader, o AirportOptions, progress func(done, total int)) (*ImportReport, error)
	// Places finds airports and cities by code or words, the best first.
	Places(ctx context.Context, text string, limit int) ([]Place, error)
	// Airport is one airport by its IATA code. Reason airport_not_found.
	Airport(ctx context.Context, code string) (*Airport, error)

	// SetCarrier writes a carrier, which belongs to its supplier from then on. Reasons: carrier_foreign.
	SetCarrier(ctx context.Context, e Editor, c Carrier, revision int64) (*Carrier, error)
	Carriers(ctx context.Context) ([]*Carrier, error)
	// SetAircraft writes an aircraft type: a new one where ID is zero. Departures that fly with it get its seats, as far as
	// nobody has a seat yet; the others are told by Conflicts. Reasons: validation codes, aircraft_not_found.
	SetAircraft(ctx context.Context, e Editor, a Aircraft, revision int64) (*Aircraft, error)
	Aircraft(ctx context.Context, e Editor, supplier uid.ID) ([]*Aircraft, error)

	// Conflicts lists the departures on sale whose seats or booking classes should be others but some are taken. They sell no
	// more than either would, and get the new ones as soon as nothing is taken.
	Conflicts(ctx context.Context, e Editor, supplier uid.ID) ([]Conflict, error)

	// SetTariff writes how a supplier sells. Fares by distance follow it by the rule of fare.Publisher. Reasons:
	// validation codes, fare_rise_too_soon (families or levies changed within the window before, and travellers would pay more).
	SetTariff(ctx context.Context, e Editor, t Tariff, revision int64) (*Tariff, error)
	Tariff(ctx context.Context, e Editor, supplier uid.ID) (*Tariff, error)
	// SetFares tells what fares are wanted; the rule decides when they are published. Old words change nothing. Reasons:
	// validation codes, tariff_missing.
	SetFares(ctx context.Context, e Editor, supplier uid.ID, updates []FareUpdate) (*FareReport, error)
	// Fares are the fares of a supplier between two airports.
	Fares(ctx context.Context, e Editor, supplier uid.ID, from, to string) ([]PublishedFare, error)

	// ImportSchedule applies a whole timetable as one difference to what its feed told before: added, changed, removed,
	// untouched. It is applied whole or not at all; the stock it needs is made before the call returns, or later if
	// reservation is out of reach. Reasons: file_invalid, too_much_removed (held for a human), template_invalid,
	// outcome_unknown.
	ImportSchedule(ctx context.Context, e Editor, read Reader, o ImportOptions, progress func(done, total int)) (*ImportReport, error)
	// Schedules are the schedules of a supplier as its timetables told them.
	Schedules(ctx context.Context, e Editor, supplier uid.ID) ([]*Schedule, error)
	// Feeds are the sources of timetables of a supplier, or of all with zero.
	Feeds(ctx context.Context, e Editor, supplier uid.ID) ([]Feed, error)
	// Updates takes word of single departures: other times, cancellations, departures. Of each only the newest word of a
	// source counts, in whatever order its words come. Reservations concerned are told. Reasons: validation codes.
	Updates(ctx context.Context, e Editor, supplier uid.ID, updates []DepartureUpdate) (*UpdateReport, error)
	// SetControl says how one departure is sold. Reasons: departure_not_found, validation codes.
	SetControl(ctx context.Context, e Editor, departure uid.ID, c Control) (*FlightDeparture, error)
	// RevokeOffers ends all offers of a supplier (family zero) or of one version of a fare family that were made before now.
	RevokeOffers(ctx context.Context, e Editor, supplier, version uid.ID) error

	// Lookup is a flight on a date of its first airport, under any number it is sold under. Reasons: flight_not_found.
	Lookup(ctx context.Context, number string, date civil.Date) (*Flight, error)
	// Departure is one departure. Reasons: departure_not_found.
	Departure(ctx context.Context, id uid.ID) (*FlightDeparture, error)
	// SeatMap is the seats of a cabin, free or taken on the whole way, or on the legs [from, to) with to above 0. Reasons:
	// departure_not_found, cabin_not_found, not_on_sale.
	SeatMap(ctx context.Context, q SeatQuery) (*SeatMap, error)

	// Search finds itineraries with sealed offers. Reasons: validation codes, place_unknown.
	Search(ctx context.Context, q ItineraryQuery) (*Found, error)
	// Calendar is the cheapest price of each day of one slice. Reasons as Search.
	Calendar(ctx context.Context, q CalendarQuery) ([]DayPrice, error)
	// BestOffer is the best public offer for a plain item. It prices; whether there is stock is for the desk to say. Reasons:
	// flight_not_found, departed, not_on_sale, class_not_found, validation codes.
	BestOffer(ctx context.Context, r FlightRequest) (*BestFlight, error)
}

// Reader reads a feed into a sink: feed.ReadSSIM and its like, with what they need already given.
type Reader func(ctx context.Context, sink feed.FlightSink) error

// AirportOptions say how airports are imported.
type AirportOptions struct {
	DryRun bool
	// OnlyScheduled leaves out airports without scheduled flights.
	OnlyScheduled bool
}

// ImportOptions say how a timetable is imported.
type ImportOptions struct {
	Supplier uid.ID
	Feed     string // names the source: a timetable replaces what the same feed told before
	// Stamp orders what is told: microseconds since 1970 of when it was issued, or Numbered and any number that grows. 0: now.
	Stamp      int64
	ShiftWeeks int // moves all dates by whole weeks; local times stay, offsets follow the airports' zones
	// MaxRemoved is the share of the feed's departures to come that may go, 0 to 1; 0 is a quarter. More is held for a
	// human: too_much_removed, unless Force.
	MaxRemoved float64
	Force      bool
	DryRun     bool
	// SkipRefused applies the lines that can be applied when others are refused.
	SkipRefused bool
	Template    *Template // nil: DefaultTemplate
}

// ImportReport says what an import did, or would do.
type ImportReport struct {
	Applied  bool // something was written
	Stale    bool // a newer timetable of the feed is there: nothing was done
	Held     bool // too much would be removed; with DryRun alone, else it is an error
	Rows     int
	Added    int
	Changed  int
	Removed  int
	Same     int // untouched
	OnSale   int // departures of it within the horizon
	Unseated int // departures that cannot be sold, because nothing says what seats they have
	// Departures whose seats, or whose fares and classes, came from the template.
	TemplateSeats, TemplateTariff int
	Refused, Warnings             []LineNote
	Duration                      time.Duration
}

// LineNote is a remark on one line of a file.
type LineNote struct {
	Line    int
	Code    string
	Message string
}

// DepartureUpdate is word of one departure. It holds whole: what it does not say is as planned.
type DepartureUpdate struct {
	Carrier, Number, Suffix string
	Date                    civil.Date // local, at the first airport
	From, To                string     // first and last airport; may be empty where the number flies once that day
	Stamp                   int64      // see ImportOptions.Stamp; 0: staff, who have the last word so far
	Source                  string     // whose stamps these are; those of different sources are not compared
	Cancelled               bool
	Diverted                bool
	Departed                bool
	Times                   []LegTimes // of every leg; nil: as planned
	Reason                  string     // for people
}

// UpdateReport says what became of updates.
type UpdateReport struct {
	Applied  int
	Same     int // said nothing new
	Old      int // older than what is known
	Awaiting int // of departures no timetable has told yet; kept until one does
	Refused  []LineNote
}

// FareUpdate is a fare that is wanted from now on.
type FareUpdate struct {
	From, To string // IATA
	Class    string
	Minor    int64
	Stamp    int64  // see ImportOptions.Stamp; 0: staff, who have the last word so far
	Source   string // whose stamps these are; those of different sources are not compared
}

// FareReport says what became of fares.
type FareReport struct {
	Published int // at once
	Waiting   int // a rise that the rule publishes later
	Same      int
	Old       int
	Refused   []LineNote
}

// PublishedFare is a fare as it stands now.
type PublishedFare struct {
	FareKey
	Minor   int64     // published
	Wanted  int64     // what was asked for last
	NextAt  time.Time // when it rises if nothing else is asked for; zero: it does not
	Derived bool
}

// Place is an airport or a city that a search can start or end at.
type Place struct {
	Code     string // IATA, of the airport or the metropolitan area
	Name     string
	City     string
	Country  string
	Airports []string // those it means
	Served   bool     // something on sale leaves or lands there
}

// Flight is a flight number on a date.
type Flight struct {
	Number     string // as asked: "YY1234" finds "HF101"
	Date       civil.Date
	Departures []FlightDeparture // by time; a number may fly several times a day
}

// FlightDeparture is a departure as anybody may see it.
type FlightDeparture struct { //nolint:revive // the shorter name is taken, or says too little
	*Departure
	State     State
	Preparing bool
	Conflict  bool // see Service.Conflicts
	Legs      []FlightLeg
	Aircraft  *Aircraft // nil: unknown
	Cabins    []CabinState
	Codeshare string // the number asked for, where it is not its own
}

// FlightLeg is a leg with its times as planned and as they are now, and where they are meant.
type FlightLeg struct { //nolint:revive // the shorter name is taken, or says too little
	Leg              // as flown
	Planned          Leg
	FromZone, ToZone string
}

// CabinState is what a cabin has left.
type CabinState struct {
	Name   string
	Seats  int
	Free   int32 // on the whole way
	From   *int64
	Closed bool
	// Classes are the booking classes, highest first.
	Classes  []ClassState
	Currency string
}

// ClassState is what a booking class has left.
type ClassState struct {
	Code  string
	Free  int32
	Minor int64 // its fare for an adult on the whole way, without taxes; 0: none
}

// SeatQuery asks for a seat map.
type SeatQuery struct {
	Departure uid.ID
	Cabin     string // "": the only one, or the last
	From, To  string // IATA of board and off point; "" for the ends
	Family    string // fare family whose seat prices are shown; "": the cheapest
}

// SeatMap is the seats of one cabin.
type SeatMap struct {
	Departure *Departure
	Aircraft  *Aircraft
	Cabin     string
	Pool      stock.PoolID
	Currency  string
	Sections  []Section // of this cabin, for the shape
	Seats     []SeatState
	Free      int
}

// SeatState is one seat of a map.
type SeatState struct {
	Seat
	Price int64 // minor units, for choosing it
	Free  bool
}

// SliceQuery is one direction as asked.
type SliceQuery struct {
	From, To string     // IATA code of an airport or metropolitan area, or the name of a city
	Date     civil.Date // local, at From
	// DepartAfter, DepartBefore, ArriveAfter, ArriveBefore are local minutes of the day; both 0: any.
	Depart, Arrive itinerary.Clock
}

// ItineraryQuery asks for itineraries: one slice is one way, two there and back.
type ItineraryQuery struct {
	Slices      []SliceQuery
	Party       fare.Party
	Cabin       string // "": any
	MaxStops    int    // of a slice; negative: 2
	Include     []string
	Exclude     []string
	MaxDuration time.Duration // of a slice
	MaxPrice    int64         // of everything, minor units; 0: any
	Currency    string        // of MaxPrice; "": any
	Family      string        // only this fare family; "": all
	NoInterline bool
	Sort        itinerary.Order // 0: by price
	Limit       int             // itineraries, 1 to 100; 0 is 20
	Audience    string          // "" for public offers
}

// Found is the answer to a search.
type Found struct {
	Proposals []Proposal
	Truncated bool // the search ended before it had seen everything
}

// Proposal is a way to travel, and what it costs under each fare family.
type Proposal struct {
	Slices  []ProposalSlice
	Options []Option // cheapest first; never empty
}

// ProposalSlice is one direction of a proposal.
type ProposalSlice struct {
	Segments         []ProposalSegment
	Departs, Arrives time.Time
	Duration         time.Duration
}

// ProposalSegment is one flight of a slice.
type ProposalSegment struct {
	Departure *Departure
	From, To  string
	Legs      []Leg // as flown, of this segment
	Cabin     string
	Class     string // booking class
	Free      int32  // seats left in it, as search saw it
}

// Option is a proposal under one fare family.
type Option struct {
	Families []*Family // by segment, in order over all slices
	Sealed   string    // "off_..."
	Offer    offer.Offer
	Items    []fare.Item // the prices by traveller, in the order of the offer's pieces
}

// Total is what the option costs, in minor units of the offer's currency.
func (o *Option) Total() int64 { return o.Offer.Total().Minor }

// CalendarQuery asks for the cheapest price of each day [From, To] of one slice; the slice's date is not looked at.
type CalendarQuery struct {
	ItineraryQuery
	First, Last civil.Date
}

// DayPrice is the cheapest price of a day.
type DayPrice struct {
	Date     civil.Date
	Minor    int64
	Currency string
	Sold     bool // false: nothing is for sale that day
}

// FlightRequest is a plain request for one flight.
type FlightRequest struct { //nolint:revive // the shorter name is taken, or says too little
	Number   string
	Date     civil.Date
	From, To string // IATA; "" for the ends of the flight
	Cabin    string // "": any
	Class    string // booking class; "": the cheapest that is open
	Family   string // "": the cheapest
	Party    fare.Party
}

// BestFlight is the offer for a plain request.
type BestFlight struct {
	Segment ProposalSegment
	Option  Option
}
