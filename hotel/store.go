package hotel

import (
	"context"
	"errors"
	"time"

	"holdfast/civil"
	"holdfast/uid"
)

// Store keeps houses and the stock commands that have not taken effect yet. It knows rows, not rules. Every engine
// passes hoteltest.RunStore. Errors other than those named here are translated to fault.Error at its door.
type Store interface {
	// Write commits everything in w, or nothing, and returns the number of the change: every write has a higher one than
	// all writes that were visible before it. ErrStale: a house is not at the revision the write replaces. ErrTaken: a
	// room number or an external reference is in use. ErrUnknownCommit: ask Landed.
	Write(ctx context.Context, w Write) (change int64, err error)
	// Landed reports whether the last write to the hotel was the one with this id. It must not answer while that write
	// may still be open.
	Landed(ctx context.Context, hotel, write uid.ID) (bool, error)

	// House reads one hotel with everything in it, retired parts too; nil if there is none.
	House(ctx context.Context, id uid.ID) (*House, error)
	// Changed reads the houses written after a point, in the order of their last change, at most limit, and the point to
	// go on from. The zero Point reads all.
	Changed(ctx context.Context, after Point, limit int) ([]*House, Point, error)
	// Versions lists the versions of a rate plan, newest first, at most limit.
	Versions(ctx context.Context, hotel, plan uid.ID, limit int) ([]PlanVersion, error)

	// Waiting lists hotels with commands whose time to be tried has come, longest waiting first; with all, those too that
	// wait for a next try or that somebody works on.
	Waiting(ctx context.Context, all bool, limit int) ([]uid.ID, error)
	// Claim takes the queues of the hotels for owner, for lease long, and returns the first command of each queue that is
	// now owner's. busy counts those that somebody else works on; hotels without commands are in neither.
	Claim(ctx context.Context, owner string, lease time.Duration, hotels []uid.ID) (first []Command, busy int, err error)
	// Postpone gives up queues of owner until wait has passed.
	Postpone(ctx context.Context, owner string, hotels []uid.ID, wait time.Duration) error

	// Close lets go of connections and files.
	Close() error
}

// What a Store says in words of its own.
var (
	ErrStale         = errors.New("changed meanwhile")
	ErrTaken         = errors.New("already in use")
	ErrUnknownCommit = errors.New("outcome of the commit is not known")
)

// Write is one transaction.
type Write struct {
	ID       uid.ID // kept with the houses it touches, for Landed
	Houses   []HouseChange
	Commands []Command     // to queue; their hotels are among Houses
	Wait     time.Duration // how long the jobs leave the new commands to the writer
	Done     []CommandID   // commands that have taken effect, or never will; those gone already are no error
}

// HouseChange is what a write does to one house, as rows. What is not named stays as it is.
type HouseChange struct {
	House     *House // as it is afterwards; Revision is the one it has then
	Replaces  int64  // the stored revision; 0 for a new hotel; House.Revision when only the guard is wanted
	Types     []RoomType
	Rooms     []Room
	GoneRooms []uid.ID
	Plans     []RatePlan
	Versions  []uid.ID // of Plans: those whose Version is a new one

	Rates        []LineChange[int64]
	Restrictions []LineChange[Restriction]
	Overrides    []LineChange[int64]
}

// GuardOnly says that the house stays as it is and must only still be at its revision.
func (c HouseChange) GuardOnly() bool { return c.Replaces == c.House.Revision }

// LineChange is the difference between two lines: runs by their first night.
type LineChange[V comparable] struct {
	Plan     uid.ID // of overrides
	RoomType uid.ID
	Gone     []civil.Date
	Set      []Run[V]
}

// Point is a place in the order of changes.
type Point struct {
	Change int64
	Hotel  uid.ID
}

// PlanVersion is one immutable version of a rate plan.
type PlanVersion struct {
	ID        uid.ID
	CreatedAt time.Time
}
