package timetable

import "fmt"

// What is taken at most; more is refused.
const (
	MaxStations  = 1 << 16
	MaxFootpaths = 1 << 22
	MaxRuns      = 1 << 22
	MaxCalls     = 1 << callBits  // of one run
	MaxSeconds   = 24 * 3600      // of a transfer or a footpath
	MaxHop       = 40 * 24 * 3600 // seconds from one call to the next
	MaxDays      = 800            // between any call and the median of when runs begin, as New knew them
)

// StationID is a dense index: the place of the station in the slice given to New.
type StationID int32

// Station is where runs call.
type Station struct {
	// Transfer is the least number of seconds between alighting from one run and boarding another here. 0 counts as 1:
	// nobody changes in no time.
	Transfer int32
}

// Footpath is a way on foot between two runs, in one direction. Seconds is all it takes, changing included.
type Footpath struct {
	From, To StationID
	Seconds  int32 // at least 1
}

// Call is one stop of a run. What is not served any more keeps its place, with Board and Alight false, so that the
// indexes of the others stay what they are.
type Call struct {
	Station        StationID
	Arrive, Depart int64 // Unix seconds; Arrive <= Depart, and Depart <= Arrive of the next call
	Board, Alight  bool  // travellers may
	Cut            bool  // the run does not run between this call and the next
}

// Run is one train on one date. Its name is its index in the slice given to New. One without calls does not run.
type Run struct {
	Calls []Call
}

// RunError names the run that a Timetable cannot be made of.
type RunError struct {
	Run     int // index
	Call    int // index; -1 where it is not one call
	Problem string
}

func (e *RunError) Error() string {
	if e.Call < 0 {
		return fmt.Sprintf("run %d: %s", e.Run, e.Problem)
	}
	return fmt.Sprintf("run %d, call %d: %s", e.Run, e.Call, e.Problem)
}

// Timetable is immutable.
type Timetable struct {
	*network

	base  int64 // Unix seconds; inside, times are seconds after it
	based bool  // it is known: there was a run with calls

	// runs are in pages, hops in slices of time, both shared with the timetables that With makes.
	pages [][]run
	runs  int

	first  int32 // number of slices[0]
	slices []*slice
	hops   int
}

// network is what With never changes.
type network struct {
	transfer []int32
	out, in  paths
}

// paths are those of each station, one station after the other.
type paths struct {
	start []int32 // of a station's; one more than stations
	to    []int32 // the other end
	takes []int32
}

func (p *paths) of(station int32) (to, takes []int32) {
	a, b := p.start[station], p.start[station+1]
	return p.to[a:b], p.takes[a:b]
}

// run is how a Run is kept.
type run struct {
	calls []call
	parts bool // it has a Cut
}

type call struct {
	station        int32
	arrive, depart int32
	flags          flags
}

// hop is a run from one call to the next: a "connection" in the literature. It is packed, four to a cache line, for a search
// does little else than read hops.
type hop struct {
	dep      int32
	from, to uint16
	which    uint32 // run << flagBits | flags
	more     uint32 // seconds to the arrival << callBits | index of the call it departs from
}

const (
	flagBits = 6
	callBits = 10
)

func hopOf(dep, arr, from, to, run int32, call int, f flags) hop {
	return hop{dep: dep, from: uint16(from), to: uint16(to), which: uint32(run)<<flagBits | uint32(f), more: uint32(arr-dep)<<callBits | uint32(call)}
}

func (h *hop) run() int32       { return int32(h.which >> flagBits) }
func (h *hop) has(f flags) bool { return h.which&uint32(f) != 0 }
func (h *hop) arr() int32       { return h.dep + int32(h.more>>callBits) }
func (h *hop) call() int        { return int(h.more & (1<<callBits - 1)) }

type flags uint8

const (
	board  flags = 1 << iota // of a call, and of a hop at its from
	alight                   // of a call, and of a hop at its to
	cut                      // of a call
	begins                   // of a hop: nobody is aboard from before
	ends                     // of a hop: nobody rides on
	parted                   // of a hop: its run has a cut somewhere
)

// far is later than every time inside, and may be added to one.
const far = 1 << 30

const (
	pageBits  = 6  // runs of a page
	sliceBits = 12 // seconds of a slice: more than an hour
	day       = 24 * 3600
)

// New makes a Timetable. It takes time and memory in proportion to all calls, about 32 bytes each. The error of a broken
// run is a *RunError; what is given is not kept. Runs of one day should have indexes close to each other: that is how the
// memory of a search is laid out.
func New(stations []Station, footpaths []Footpath, runs []Run) (*Timetable, error) {
	t := &Timetable{network: &network{}, runs: len(runs)}
	if err := t.connect(stations, footpaths); err != nil {
		return nil, err
	}
	if len(runs) > MaxRuns {
		return nil, fmt.Errorf("%d runs: at most %d", len(runs), MaxRuns)
	}
	t.base, t.based = baseOf(len(runs), func(i int) []Call { return runs[i].Calls })
	t.pages = make([][]run, (len(runs)+1<<pageBits-1)>>pageBits)
	counts := map[int32]int{}
	for i := range runs {
		r, err := t.keep(i, runs[i].Calls)
		if err != nil {
			return nil, err
		}
		page := &t.pages[i>>pageBits]
		if *page == nil {
			*page = make([]run, min(1<<pageBits, len(runs)-i))
		}
		(*page)[i&(1<<pageBits-1)] = r
		r.hops(int32(i), func(h hop) { counts[h.dep>>sliceBits]++; t.hops++ })
	}
	t.allot(counts)
	for i := range runs {
		r := t.run(int32(i))
		r.hops(int32(i), func(h hop) {
			s := t.slices[h.dep>>sliceBits-t.first]
			s.hops = append(s.hops, h)
		})
	}
	for i, s := range t.slices {
		if s != empty {
			t.slices[i] = sliceOf(s.hops)
		}
	}
	return t, nil
}

// Stations is how many there are.
func (t *Timetable) Stations() int { return len(t.transfer) }

// Runs is how many there are, those that do not run included.
func (t *Timetable) Runs() int { return t.runs }

// Hops is how many ways from one call to the next there are: the size of what a search walks.
func (t *Timetable) Hops() int { return t.hops }

// Calls returns those of a run, in a slice of the caller's own; nil for a run that does not run or is not known.
func (t *Timetable) Calls(run int32) []Call {
	if run < 0 || int(run) >= t.runs {
		return nil
	}
	kept := t.run(run).calls
	if len(kept) == 0 {
		return nil
	}
	calls := make([]Call, len(kept))
	for i := range kept {
		c := &kept[i]
		calls[i] = Call{
			Station: StationID(c.station), Arrive: t.base + int64(c.arrive), Depart: t.base + int64(c.depart),
			Board: c.flags&board != 0, Alight: c.flags&alight != 0, Cut: c.flags&cut != 0,
		}
	}
	return calls
}

func (t *Timetable) run(i int32) *run { return &t.pages[i>>pageBits][i&(1<<pageBits-1)] }

// allot makes room for so many hops in each slice.
func (t *Timetable) allot(counts map[int32]int) {
	if len(counts) == 0 {
		return
	}
	begun := false
	var low, high int32
	for n := range counts {
		if !begun {
			low, high, begun = n, n, true
		}
		low, high = min(low, n), max(high, n)
	}
	t.first, t.slices = low, make([]*slice, high-low+1)
	for i := range t.slices {
		t.slices[i] = empty
	}
	for n, c := range counts {
		t.slices[n-low] = &slice{hops: make([]hop, 0, c)}
	}
}
