package intake

import (
	"time"

	"holdfast/uid"
)

// State is what intake knows of a feed besides its definition.
type State struct {
	Due      time.Time // of the next pull
	Failures int       // pulls failed in a row
	Received time.Time // when something usable came last, changed or not; zero: never
	Applied  time.Time // when something changed last; zero: never

	Stamp  Stamp  // of the newest delivery applied
	Begun  Stamp  // of the newest one whose applying began; above Stamp while its outcome is not known
	Digest Digest // of the newest delivery applied
	ETag   string // what the partner's server said of what was received last
	// LastModified is the header as it came.
	LastModified string

	Held Kept // the delivery that waits for a human

	Run        uid.ID    // works on the feed; zero: none does
	LeaseUntil time.Time // by the store's clock
}

// Digest is the SHA-256 of a body; zero for none.
type Digest [32]byte

// Kept is a delivery that waits for a human.
type Kept struct {
	Run    uid.ID // zero: there is none
	Stamp  Stamp
	Digest Digest
	Bytes  int64
}

// Status is a feed with its state.
type Status struct {
	Feed
	State
}

// MissingSince is when something should have come that did not: one interval (and what is granted above it, half an
// interval or the jitter) after what came last. Feeds that are only pushed are expected as often as their interval says.
func (s *Status) MissingSince(now time.Time) (since time.Time, missing bool) {
	if !s.Enabled {
		return time.Time{}, false
	}
	last := s.Received
	if last.IsZero() {
		last = s.CreatedAt
	}
	due := last.Add(s.Every)
	return due, now.After(due.Add(max(s.Jitter, s.Every/2)))
}

// validators are the header fields of an HTTP answer that a later question repeats.
type validators struct{ etag, lastModified string }

// conclusion is what a run has come to.
type conclusion struct {
	run        Run
	digest     Digest
	seen       *validators // of what was received; nil: as they were
	pulled     bool        // it was a pull: the next one is due
	rest       time.Duration
	began      bool  // applying of a whole file began
	before     Stamp // what Begun was until then
	keptBytes  int64
	retryAfter time.Duration // Settings.RetryAfter
	keepRuns   int
}

// after is what a feed's state is after a run, and what else changes with it.
func (s *Status) after(c *conclusion, now time.Time) Change {
	state, r := s.State, c.run
	ch := Change{State: &state, Runs: []Run{r}, Keep: c.keepRuns}
	if state.Run == r.ID {
		state.Run, state.LeaseUntil = uid.ID{}, time.Time{}
	}
	if r.DryRun {
		return ch
	}
	if c.seen != nil && r.Outcome != Refused && r.Outcome != Failed {
		state.ETag, state.LastModified = c.seen.etag, c.seen.lastModified
	}
	switch r.Outcome {
	case Applied, Unchanged:
		if r.Outcome == Applied {
			state.Applied = r.Ended
		}
		state.Received = r.Ended
		if r.Stamp.Compare(state.Stamp) >= 0 && !r.Stamp.IsZero() {
			state.Stamp = r.Stamp
			if c.digest != (Digest{}) {
				state.Digest = c.digest
			}
		}
		if state.Begun.Compare(state.Stamp) < 0 {
			state.Begun = state.Stamp
		}
	case Stale:
		state.Received = r.Ended
	case Held:
		state.Received = r.Ended
		if r.Kept {
			if held := state.Held; !held.Run.IsZero() && held.Run != r.ID {
				ch.Drop = append(ch.Drop, held.Run)
			}
			state.Held = Kept{Run: r.ID, Stamp: r.Stamp, Digest: c.digest, Bytes: c.keptBytes}
		}
	case Refused, Failed, Running, Discarded: // nothing came that is of use
	}
	if c.began && (r.Outcome == Held || r.Outcome == Refused) {
		state.Begun = c.before // it is certain that nothing was applied
	}
	if held := state.Held; !held.Run.IsZero() && held.Run != r.ID {
		overtaken := held.Stamp.Compare(state.Stamp) <= 0
		settled := r.Of == held.Run && (r.Outcome == Applied || r.Outcome == Unchanged || r.Outcome == Stale)
		if overtaken || settled {
			ch.Drop, state.Held = append(ch.Drop, held.Run), Kept{}
		}
	}
	if c.pulled {
		if r.Outcome == Failed {
			state.Failures++
			state.Due = now.Add(max(backoff(s.Feed.Every, c.retryAfter, state.Failures), c.rest))
		} else {
			state.Failures = 0
			state.Due = s.Feed.dueAfter(now)
		}
	}
	return ch
}

// backoff is the wait after some failures in a row: doubling, up to the feed's interval.
func backoff(every, first time.Duration, failures int) time.Duration {
	wait := first
	for range failures - 1 {
		if wait >= every {
			break
		}
		wait *= 2
	}
	return min(wait, max(every, first))
}
