package timetable

// MostChanges is the largest number of changes that is searched for.
const MostChanges = rides - 1

// rides is the most that a journey has: the columns of a row.
const rides = 8

// Defaults of a Query.
const (
	DefaultWithin  = 24 * 3600
	DefaultLongest = 72 * 3600
)

// Query is what a traveller asks for. Stations that are not known are passed over.
type Query struct {
	From, To []StationID // several: those of a city, or the platforms of a station

	// Depart or ArriveBy, in Unix seconds. Earliest wants Depart, Latest wants ArriveBy, Search one of them (Depart when
	// both are given).
	Depart, ArriveBy int64

	// Within is the length of the window of Search: departures in [Depart, Depart+Within], or arrivals in
	// [ArriveBy-Within, ArriveBy]. 0: DefaultWithin.
	Within int64

	// Longest is the most seconds that a journey takes. Earliest counts from Depart, Latest to ArriveBy: the wait for the
	// first train is in it. 0: DefaultLongest.
	Longest int64

	// MaxChanges is the most changes: 0 wants one train all the way. More than MostChanges, or less than 0, is MostChanges.
	MaxChanges int

	// Skip, if not nil, is asked whether a ride on a run from one call to another is out of the question: sold out, not of
	// a wanted category. It must say the same for the same ride as long as the search runs: where it does not, a journey
	// may be missing. It may be asked often and several times: some tens of nanoseconds are fine, I/O is not.
	// A traveller may alight from a run and board it again where it stands for long enough to change; that happens only
	// where Skip leaves no other way.
	Skip func(run int32, from, to int) bool

	// Whole, if not nil, says of a run what Skip says of its rides: of all of them the same, or of each something else. It
	// saves Search asking for each. Without Skip it is not asked.
	Whole func(run int32) Extent

	// Limit is the most journeys that Search returns: the first to depart, or with ArriveBy the last to arrive. 0: all.
	Limit int
}

// Extent is how much of a run Skip skips.
type Extent uint8

// The extents: Skip is asked only for rides of runs of which it skips some.
const (
	Some Extent = iota
	None
	All
)

// Leg is a ride, or a walk.
type Leg struct {
	Run                    int32 // index; -1 for a walk
	From, To               int   // indexes of calls; 0 for a walk
	FromStation, ToStation StationID
	Depart, Arrive         int64 // Unix seconds
}

// Walk tells whether the leg is one on foot.
func (l *Leg) Walk() bool { return l.Run < 0 }

// Journey is its legs, in order: never none, never two walks in a row. A walk between two rides begins at once; one at the
// very start ends when the first run departs.
type Journey struct {
	Legs []Leg
}

// Depart is when the traveller must be there, in Unix seconds.
func (j *Journey) Depart() int64 { return j.Legs[0].Depart }

// Arrive is when the traveller is there, in Unix seconds.
func (j *Journey) Arrive() int64 { return j.Legs[len(j.Legs)-1].Arrive }

// Changes is how often the traveller boards another run.
func (j *Journey) Changes() int {
	n := -1
	for i := range j.Legs {
		if !j.Legs[i].Walk() {
			n++
		}
	}
	return n
}

// rides is how many a journey of the query has at most.
func (q *Query) rides() int32 {
	if q.MaxChanges < 0 || q.MaxChanges > MostChanges {
		return rides
	}
	return int32(q.MaxChanges) + 1
}

// longest is what Longest stands for, and within what Within does.
func (q *Query) longest() int64 { return orDefault(q.Longest, DefaultLongest) }

func (q *Query) within() int64 { return orDefault(q.Within, DefaultWithin) }

// orDefault keeps lengths of time in bounds in which they can be added up.
func orDefault(seconds, otherwise int64) int64 {
	if seconds <= 0 {
		return otherwise
	}
	return min(seconds, 2*MaxDays*day)
}

// inside is a Unix time as times are inside; one far outside becomes one that is outside too.
func (t *Timetable) inside(unix int64) int32 {
	const most = 4 * MaxDays * day
	return int32(min(max(min(max(unix, -2*mostUnix), 2*mostUnix)-t.base, -most), most))
}
