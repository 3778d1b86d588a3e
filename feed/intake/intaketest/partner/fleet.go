package partner

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"

	"holdfast/feed/intake"
	"holdfast/uid"
)

// Fleet is many partners on one server, each with a file of which every version differs from the one before in all its
// objects.
type Fleet struct {
	*Server
	partners int
	body     func(partner, version int) []byte
	version  int
}

// NewFleet makes partners with a first version each. body writes the file of a partner (from 0) in a version (from 1).
func NewFleet(partners int, body func(partner, version int) []byte) *Fleet {
	f := &Fleet{Server: New(), partners: partners, body: body}
	f.Advance()
	return f
}

// Lines is a body for intaketest.Ledger: so many objects, each with the version as its value.
func Lines(objects int) func(partner, version int) []byte {
	return func(partner, version int) []byte {
		var b []byte
		for n := range objects {
			b = fmt.Appendf(b, "%d/%d=%d\n", partner, n, version)
		}
		return b
	}
}

// Name is the name of a partner.
func (f *Fleet) Name(partner int) string { return "partner-" + strconv.Itoa(partner) }

// Path is where a partner's file is.
func (f *Fleet) Path(partner int) string { return "/" + f.Name(partner) }

// Advance gives every partner the next version.
func (f *Fleet) Advance() {
	f.version++
	for n := range f.partners {
		f.Put(f.Path(n), f.body(n, f.version), Version{Stamp: strconv.Itoa(f.version)})
	}
}

// Enrol makes a feed for each partner, due every hour on the hour, at the base address of the server. An enabled feed is
// pulled at once for the first time.
func (f *Fleet) Enrol(ctx context.Context, s intake.Service, e intake.Editor, supplier uid.ID, format, base string, enabled bool) error {
	for n := range f.partners {
		d := intake.NewFeed(f.Name(n), supplier, format)
		d.URL, d.Jitter, d.Enabled = base+f.Path(n), 0, enabled
		if _, err := s.PutFeed(ctx, e, d, intake.AnyRevision); err != nil {
			return fmt.Errorf("feed %s: %w", d.Partner, err)
		}
	}
	return nil
}

// Storm is what came of pulling all partners at once.
type Storm struct {
	Applied int           // runs that changed something
	Others  []intake.Run  // runs with another outcome
	Changed int64         // objects added, changed or removed
	AtOnce  int           // requests that the server saw at the same time, at most
	Took    time.Duration // from the first to the last
}

// PullAll asks for all partners at once, as the schedule does on the hour, and waits until each has been dealt with.
// intake bounds how many it works on at the same time.
func (f *Fleet) PullAll(ctx context.Context, s intake.Service, e intake.Editor) (Storm, error) {
	start := time.Now()
	runs, errs := make([]*intake.Run, f.partners), make([]error, f.partners)
	var group sync.WaitGroup
	for n := range f.partners {
		group.Go(func() { runs[n], errs[n] = s.PullNow(ctx, e, f.Name(n)) })
	}
	group.Wait()
	storm := Storm{Took: time.Since(start), AtOnce: f.Most()}
	if err := errors.Join(errs...); err != nil {
		return storm, err
	}
	for _, r := range runs {
		if r.Outcome == intake.Applied {
			storm.Applied++
			storm.Changed += r.Added + r.Changed + r.Removed
		} else {
			storm.Others = append(storm.Others, *r)
		}
	}
	return storm, nil
}

var _ http.Handler = (*Fleet)(nil)
