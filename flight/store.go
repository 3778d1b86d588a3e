package flight

import (
	"context"
	"errors"
	"time"

	"holdfast/uid"
)

// Store keeps what flight knows, and which departures reservation has yet to be told of. It knows rows, not rules.
// Every engine passes flighttest.RunStore. Errors other than those named here are fault.Error.
type Store interface {
	// Write commits everything in w, or nothing, and returns its number: the one after w.After. ErrStale: somebody wrote
	// since w.After. ErrUnknownCommit: ask Landed.
	Write(ctx context.Context, w Write) (change int64, err error)
	// Landed is the number of the write with this id, 0 if it did not take place. It does not answer while that write
	// may still be open. Only the latest writes are remembered.
	Landed(ctx context.Context, write uid.ID) (change int64, err error)
	// Changes gives the rows that were written after a change, in portions, as one committed state, and returns the
	// number of the last write in it. After 0 it gives all.
	Changes(ctx context.Context, after int64, take func(*Rows) error) (now int64, err error)

	// Schedules reads the schedules of a supplier: of one feed, or of all with "".
	Schedules(ctx context.Context, supplier uid.ID, feed string) ([]*Schedule, error)

	// Claim takes commands whose time has come for owner, for lease long, the longest waiting first: at most limit. With
	// all, those too that wait for another try.
	Claim(ctx context.Context, owner string, lease time.Duration, all bool, limit int) ([]Command, error)
	// Postpone gives up commands of owner until wait has passed.
	Postpone(ctx context.Context, owner string, departures []uid.ID, wait time.Duration) error
	// Waiting counts the commands that have not been obeyed.
	Waiting(ctx context.Context) (int, error)

	// Close lets go of connections and files.
	Close() error
}

// What a Store says in words of its own.
var (
	ErrStale         = errors.New("changed meanwhile")
	ErrUnknownCommit = errors.New("outcome of the commit is not known")
)

// Rows are rows of every kind. What is in a Write replaces what is there, or is new.
type Rows struct {
	Airports   []*Airport
	Carriers   []*Carrier
	Aircraft   []*Aircraft
	Tariffs    []*Tariff
	Fares      []*Fare
	Feeds      []*Feed
	Departures []*Departure
}

// Write is one transaction.
type Write struct {
	ID    uid.ID // for Landed
	After int64  // the last write the writer knew of
	Rows
	Legs          []*Departure // of Departures: those that are new or whose legs differ
	Versions      []Family     // of Tariffs: versions that are new
	Schedules     []*Schedule  // new ones
	GoneSchedules []uid.ID
	Commands      []Command     // to keep; one that is there already does what both say
	Wait          time.Duration // how long the jobs leave the new commands to the writer
	Urgent        bool          // the new commands come before those that are there
	Done          []Command     // that have been obeyed; one that was written again since stays
}

// Command says that reservation is to be told of a departure. What it is to be told follows from the departure as it
// is when the command is sent, so two commands for one departure become one.
type Command struct {
	Departure uid.ID
	Change    int64 // given by the store: of the write that asked for it
	Stock     bool  // pools, targets, closures
	Disrupt   bool  // reservations on it learn of new times, or that it does not take place
}

// Feed is a source of timetables.
type Feed struct {
	Supplier uid.ID
	Name     string
	Stamp    int64 // of the newest whole timetable that was applied
}

// FareKey tells one fare of a supplier from the others.
type FareKey struct {
	Supplier uid.ID
	From, To string // IATA
	Class    string // booking class
}
