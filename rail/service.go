package rail

import (
	"context"
	"time"

	"holdfast/civil"
	"holdfast/feed"
	"holdfast/offer"
	"holdfast/reservation"
	"holdfast/stock"
	"holdfast/uid"
)

// Editor is who writes: staff of a supplier, or of the operator when Supplier is zero. What belongs to another
// supplier does not exist for them.
type Editor struct {
	Subject  string
	Supplier uid.ID
}

// Service is what others may ask of railways. All errors are fault.Error. Writes are for staff.
type Service interface {
	// Import applies a timetable as one difference: all of it or nothing. read is called once and gives the rows of the
	// file. Reasons: supplier_not_found, template_invalid, validation_failed, file_invalid, too_much_removed (with the
	// numbers in Meta).
	Import(ctx context.Context, e Editor, read func(context.Context, feed.TrainSink) error, o ImportOptions, progress Progress) (*ImportReport, error)
	// ImportCompositions applies a list of coach types and compositions as one difference. Reasons as Import.
	ImportCompositions(ctx context.Context, e Editor, read func(context.Context, feed.CoachSink) error, o ImportOptions, progress Progress) (*ImportReport, error)
	// Updates applies what is told of runs: delays, new times, cancellations. One whose stamp is not newer than what is known
	// of its run from that source changes nothing. Those that cannot be applied are told in the report; the others are.
	// Reasons: supplier_not_found.
	Updates(ctx context.Context, e Editor, updates []RunUpdate) (*UpdateReport, error)
	// SetFares replaces the fares of a railway. Reasons: supplier_not_found, validation_failed.
	SetFares(ctx context.Context, e Editor, supplier uid.ID, t FareTable) (*FareTable, error)
	// Fares reads the fares that hold, the templates' where staff set none. Reason supplier_not_found.
	Fares(ctx context.Context, supplier uid.ID) (*FareTable, error)
	// SetComposition sets the coaches of a train on some dates. Runs with seats sold keep theirs and are told as conflicts.
	// Reasons: supplier_not_found, train_not_found, validation_failed.
	SetComposition(ctx context.Context, e Editor, c CompositionChange) (*SaleReport, error)
	// Conflicts lists runs to come whose calls or coaches should be others but whose seats are sold.
	Conflicts(ctx context.Context, e Editor, supplier uid.ID) ([]Conflict, error)

	// Search finds journeys. Reasons: validation_failed, place_unknown.
	Search(ctx context.Context, q JourneyQuery) ([]JourneyProposal, error)
	// BestOffer is the best public offer for a plain ride: the cheapest fare that is asked for. It prices; whether there
	// are seats is for the desk to say. Reasons: as Search, plus train_not_found, train_cancelled, no_such_ride,
	// not_on_sale, departed.
	BestOffer(ctx context.Context, r RideRequest) (JourneyProposal, error)

	// Station reads one station by its code. Reason station_not_found.
	Station(ctx context.Context, code string) (*StationInfo, error)
	// Stations finds stations by words in their names, or by code: the largest first, at most limit.
	Stations(ctx context.Context, text string, limit int) ([]*StationInfo, error)
	// Trains reads the runs of a train on a service date: one, or several where a railway runs two parts under one number.
	// Reason train_not_found.
	Trains(ctx context.Context, number string, date civil.Date) ([]*RunInfo, error)
	// Run reads one run by its id. Reason run_not_found.
	Run(ctx context.Context, id uid.ID) (*RunInfo, error)
	// Departures lists what leaves a station from an instant on, at most limit. Reason station_not_found.
	Departures(ctx context.Context, station string, from time.Time, limit int) ([]Departure, error)
	// SeatMap reads the seats of a class of a run and which are free from one call to another. Reasons: run_not_found,
	// no_such_ride, not_on_sale, no_seats.
	SeatMap(ctx context.Context, run uid.ID, class Class, from, to int) (*SeatMap, error)
}

// Progress hears how far a long call is: what is done, and of how much (0: not known).
type Progress func(step string, done, total int64)

// ImportOptions say how a file is applied.
type ImportOptions struct {
	Supplier uid.ID
	Feed     string // name of the timetable: the file is the whole of it; "": "timetable", or "coaches" of compositions
	// Stamp is the version of the file: of two files the one with the higher stamp wins, whatever the order in which they
	// come. 0: now, in microseconds since 1970.
	Stamp   int64
	Partial bool // the file names some trains; the others stay
	DryRun  bool
	Force   bool // remove as much as the file says
	// MaxRemovedBP is the share of the feed's trains, or of its runs to come, that a file may remove, in 1/10,000; 0:
	// DefaultMaxRemovedBP.
	MaxRemovedBP int32
	ShiftWeeks   int        // moves all dates by whole weeks; times stay what the clocks there show
	Templates    *Templates // become those of the railway; nil: it keeps its own
	SkipRefused  bool       // apply what can be applied when lines are refused
}

// DefaultMaxRemovedBP is a fifth.
const DefaultMaxRemovedBP = 2_000

// ImportReport says what a file did, or would do.
type ImportReport struct {
	Applied      bool // something was written
	Older        bool // a newer file was applied before: nothing was done
	TooMuch      bool // of a dry run: the file would be held for a human
	Trains       Difference
	Stations     Difference
	Types        Difference // of coaches
	Compositions Difference
	Runs         int64 // trains times service dates in the file
	RemovedRuns  int64 // to come, that the file does not have any more
	Templated    Templated
	Sale         SaleReport
	Refused      []LineNote // any refusal leaves the whole file unapplied, unless the caller asked to skip them
	Warnings     []LineNote
	Duration     time.Duration
}

// Difference counts what a file has against what was there. Older is what a newer file has told of already.
type Difference struct{ Added, Changed, Removed, Untouched, Older int }

func (d *Difference) any() bool { return d.Added+d.Changed+d.Removed > 0 }

// Templated counts the runs of a file that needed templates.
type Templated struct{ Composition, Fare, Transfer int64 }

// SaleReport says what became of the runs inside the horizon.
type SaleReport struct {
	OnSale    int // put on sale now
	Replaced  int // with other seats or another way: nothing was sold of them
	Withdrawn int
	Waiting   int // still to be done, by the job
	Conflicts []Conflict
}

// Conflict is a run that should be otherwise but has seats sold: staff decide.
type Conflict struct {
	Run       uid.ID
	Number    string
	Date      civil.Date
	Withdrawn bool // the timetable has it no more; else it should have another way or other coaches
}

// LineNote is a remark on one line of a file.
type LineNote struct {
	File    string
	Line    int // 1 is the header; 0 for none
	Code    string
	Message string
}

// RunUpdate is what is told of a run now, all of it: what it does not name is as the timetable says. A run is named by
// Run, or by Number (or the Key of a feed) and Date.
type RunUpdate struct {
	Supplier  uid.ID
	Run       uid.ID
	Number    string
	Feed, Key string
	Date      civil.Date
	Source    string // the partner who tells it; "": staff
	// Stamp is its version: microseconds since 1970 of when it was issued, or any number that grows. A partner's is compared
	// with what that partner told before, and what was issued before staff told something else is older than that. One of
	// staff is compared with all that is known of the run; 0 is above that.
	Stamp     int64
	Cancelled bool
	Skipped   []int       // calls that are left out, by place (0 is the first)
	Delays    []CallDelay // by call; a delay goes on to the following calls until another is told
	Times     []CallTime  // or instants; they come before delays
	Note      string      // for travellers
}

// UpdateReport says what became of updates.
type UpdateReport struct {
	Applied, Older int
	Told           int          // reservations that were told
	Refused        []UpdateNote // by place in the call
	Waiting        int          // applied, but reservations are still to be told, by the job
}

// UpdateNote is why an update was not applied.
type UpdateNote struct {
	Index   int
	Code    string
	Message string
}

// CompositionChange sets the coaches of a train on the service dates [From, To).
type CompositionChange struct {
	Supplier uid.ID
	Train    string // number
	From, To civil.Date
	Weekdays feed.Weekdays // 0: every day
	Coaches  []Coach       // seats 0: those of their type
}

// JourneyQuery asks for journeys. From and To are codes of stations or words of their names. The window is a whole Date
// where the journey begins, or [Departs, Departs+Within], or arrivals in [Arrives-Within, Arrives].
type JourneyQuery struct {
	From, To         string
	Date             civil.Date
	Departs, Arrives time.Time
	Within           time.Duration // 0: a day from now on, or before
	Adults           int
	ChildAges        []int
	Infants          int // on a lap
	Class            Class
	MaxChanges       int    // 0: direct; above the search's own bound: that one
	Fare             string // name of a fare family; "": all
	SoldOut          bool   // show journeys without enough seats too, without an offer
	Sort             Sort
	Limit            int // journeys, 1 to MaxJourneys
	Audience         string
}

// Sort is the order of journeys.
type Sort uint8

// The orders. All go on by departure, then arrival, then price.
const (
	ByDeparture Sort = iota + 1 // the latest first where Arrives is asked for
	ByArrival
	ByChanges
	ByPrice
	ByDuration
)

// RideRequest is a plain request for one train.
type RideRequest struct {
	Number           string
	Date             civil.Date
	From, To         string // stations
	FromCall, ToCall *int   // where the train calls twice at one; else the first pair that fits
	Class            Class
	Adults           int
	ChildAges        []int
	Infants          int
	Fare             string // "": the cheapest
}

// JourneyProposal is one journey under one fare, and the sealed offer for it.
type JourneyProposal struct {
	Sealed           string // "off_..."; "" when SoldOut
	Offer            offer.Offer
	Journey          int // proposals of the same journey have the same number
	Legs             []JourneyLeg
	Departs, Arrives time.Time // as expected; from the first station to the last
	Changes          int
	Class            Class
	Fare             Family
	Available        int32 // seats free all the way on the scarcest train, as search saw it
	SoldOut          bool
}

// JourneyLeg is a ride, or a walk (Run zero).
type JourneyLeg struct {
	Run                                uid.ID
	Train                              *Train
	Date                               civil.Date
	From, To                           *Station
	FromCall, ToCall                   int
	FromZone, ToZone                   string
	Departs, Arrives                   time.Time // as expected
	ScheduledDeparts, ScheduledArrives time.Time
	Available                          int32
	Price                              int64 // of all travellers, minor units
	Metres                             int64
}

// StationInfo is a station with what the timetable makes of it.
type StationInfo struct {
	*Station
	TimeZone  string
	Transfer  int32 // seconds, the template's where the feed says none
	CallsADay int   // on its busiest day within the horizon
}

// RunInfo is a run as travellers and staff see it.
type RunInfo struct {
	ID        uid.ID
	Train     *Train
	Date      civil.Date
	State     State
	Preparing bool // its stock is not made yet, or the date is not on sale
	Conflict  bool
	Note      string
	Stamp     int64
	Calls     []CallInfo
	Formation *Formation // nil: not known
	Seats     [len(Classes)]int32
	Pools     [len(Classes)]stock.PoolID
}

// CallInfo is one call of a run.
type CallInfo struct {
	*Station
	TimeZone string
	CallTimes
	NoBoard, NoAlight bool
}

// Departure is a line of a departures board.
type Departure struct {
	Run    *RunInfo
	Call   int
	Toward *Station // where it ends
}

// SeatMap is the seats of a class of a run.
type SeatMap struct {
	Run      uid.ID
	Class    Class
	From, To int // calls
	Layout   *stock.Layout
	Free     []bool // by unit, from From to To
	Units    *reservation.PoolUnits
}
