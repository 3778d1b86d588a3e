package rail

import (
	"strconv"
	"time"

	"holdfast/civil"
	"holdfast/stock"
	"holdfast/uid"
)

// State is what is known of a run.
type State uint8

// The states of a run.
const (
	Scheduled State = iota + 1
	Changed         // runs, late or with other times, or not all the way
	Cancelled
	Withdrawn // the timetable has it no more; its pools are retired
)

// String is the word of the API.
func (s State) String() string {
	return [...]string{"", "scheduled", "changed", "cancelled", "withdrawn"}[s]
}

// Todo is what is left to be done with the stock of a run. Each is idempotent and absolute: the row says what is wanted.
type Todo uint8

// What may be left to be done, in the order it is done.
const (
	Define  Todo = 1 << iota // make the pools
	Replace                  // retire the pools, then make those of Want
	Close                    // stop selling where it does not run, and sell where it does
	Tell                     // tell reservations of cancellation or new times
)

// Run is one train on one service date, as far as its stock or an update says more than the timetable.
type Run struct {
	Supplier  uid.ID
	Train     uid.ID
	Date      civil.Date
	State     State
	Pattern   uid.ID                     // the calls its stock is cut along
	Formation uid.ID                     // the coaches its seats are in
	Edition   int32                      // counts the stocks made for it, from 1
	Pools     [len(Classes)]stock.PoolID // by class; 0: not made yet, or nothing of the class is sold
	Ready     bool                       // its pools are made
	Want      *Want                      // what the timetable and the compositions say meanwhile, where that differs; nil: the same
	Conflict  bool                       // Want could not be had: seats are sold
	Todo      Todo                       // 0: all is done
	Stamp     int64                      // the highest of all that was told of it
	Update    *Update                    // nil: runs as the timetable says
	Revision  int64                      // counts the writes of the row
}

// Want is how the stock of a run should be made.
type Want struct {
	Withdrawn          bool // not at all
	Pattern, Formation uid.ID
}

// Update is what is told of a run beside its timetable, and what is remembered of who told it.
type Update struct {
	Cancelled bool        `json:"cancelled,omitempty"`
	Skipped   []int       `json:"skipped,omitempty"` // places of calls that are left out
	Delays    []CallDelay `json:"delays,omitempty"`  // of each call against its timetable, ascending: they stay right when that moves
	Times     []CallTime  `json:"times,omitempty"`   // instants, as documents had them before Delays; they are read, never written
	Note      string      `json:"note,omitempty"`

	Sources   map[string]int64 `json:"sources,omitempty"`    // the highest stamp that each partner told
	StaffAt   int64            `json:"staff_at,omitempty"`   // when staff told something last, in microseconds since 1970; 0: never
	ChangedAt int64            `json:"changed_at,omitempty"` // when how it runs changed last, likewise
}

// CallDelay is how late a call is: a negative one is early. Told in a RunUpdate it goes on to the calls after it.
type CallDelay struct {
	Call    int   `json:"call"`
	Arrives int32 `json:"arrives,omitzero"` // seconds
	Departs int32 `json:"departs,omitzero"` // seconds; of the calls after it too
}

// CallTime is the expected times of one call.
type CallTime struct {
	Call    int       `json:"call"`
	Arrives time.Time `json:"arrives,omitzero"`
	Departs time.Time `json:"departs,omitzero"`
}

// RunKey names a run.
type RunKey struct {
	Train uid.ID
	Date  civil.Date
}

// Key is the run's own.
func (r *Run) Key() RunKey { return RunKey{r.Train, r.Date} }

// ID is the run's public id, made of its key.
func (k RunKey) ID() uid.ID { return derive("run", string(k.Train[:]), k.Date.String()) }

// poolRef is the reference of a pool: made of the run, the class and the edition, so that making it again finds it.
func (r *Run) poolRef(c Class) uid.ID {
	id := r.Key().ID()
	return derive("pool", string(id[:]), c.String(), strconv.Itoa(int(r.Edition)))
}

// onSale reports whether the run may be offered.
func (r *Run) onSale() bool {
	gone := r.Want != nil && r.Want.Withdrawn // whoever has a seat keeps it, and nobody gets one any more
	return r.Ready && r.State != Cancelled && r.State != Withdrawn && r.Todo&Replace == 0 && !gone
}
