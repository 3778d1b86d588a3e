package intake

import (
	"context"
	"io"

	"holdfast/feed"
	"holdfast/uid"
)

// Applier puts deliveries of one format into the service they are for. Services implement it and are registered in
// Deps.Formats; intake knows none of them.
type Applier interface {
	// Apply applies a delivery as one difference against what is there, or changes nothing at all; applying the same one
	// twice changes nothing the second time.
	//
	// If it would remove a larger share of what is there than MaxRemovedBP, and Force is not set, it changes nothing and
	// sets Report.Held. A delivery that cannot be used at all is a *feed.Error, or a fault.Error of a kind that repeating
	// does not help (Malformed, Invalid, Conflict ...); any other error means that trying again may help, and that
	// whether something was changed is not known.
	//
	// For a format of updates Apply is called in any order and more than once for one message, by several processes at once:
	// it keeps the stamp of each object it changes and leaves alone what has one that is not older (Report.Stale counts
	// them). It may apply a message in parts, with a Rest between them; when it fails between two, what it has applied stays,
	// and the repeated message finds it done.
	//
	// progress is never nil; total is 0 when it is not known.
	Apply(ctx context.Context, d Delivery, progress func(done, total int64)) (Report, error)
}

// Format is how deliveries of a format are applied.
type Format struct {
	Applier Applier
	// Updates: each delivery tells some objects, not all of them, and the Applier orders them by their stamps.
	Updates bool
}

// Delivery is one file or message.
type Delivery struct {
	Partner      string
	Supplier     uid.ID
	Format       string
	Stamp        Stamp // never zero
	Body         io.ReaderAt
	Size         int64
	DryRun       bool // find out what would change, and change nothing
	MaxRemovedBP int
	ShiftWeeks   int
	Force        bool // a human has looked at it: remove whatever it takes
	// Rest is called between parts of a message of updates: it returns when live calls have had their time. Never nil.
	Rest func(ctx context.Context) error
}

// Reader reads the body from its beginning.
func (d *Delivery) Reader() *io.SectionReader { return io.NewSectionReader(d.Body, 0, d.Size) }

// Report is what a delivery did, or would do. Counts are of the objects that the format is about (runs, departures).
type Report struct {
	Added, Changed, Removed, Untouched int64
	Stale                              int64        // left alone because something newer is known of them
	Refused                            int64        // lines that could not be read
	Remarks                            []feed.Error // the first ones, refusals and warnings; MaxRemarks are kept
	Held                               bool         // would have removed too much; nothing was changed
}
