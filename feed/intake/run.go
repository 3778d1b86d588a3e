package intake

import (
	"strings"
	"time"

	"holdfast/feed"
	"holdfast/uid"
)

// Trigger is what began a run.
type Trigger uint8

// The triggers.
const (
	Scheduled Trigger = iota + 1 // the feed was due
	Asked                        // staff wanted it now
	Pushed                       // the partner sent it
	Approved                     // staff let a held delivery pass
)

var triggerText = [...]string{Scheduled: "scheduled", Asked: "asked", Pushed: "pushed", Approved: "approved"}

// String is the word the API uses.
func (t Trigger) String() string { return triggerText[t] }

// Outcome is what became of a run.
type Outcome uint8

// The outcomes.
const (
	Running   Outcome = iota + 1
	Applied           // something is different now
	Unchanged         // received, and the same as what is there
	Stale             // older than what was applied, or the same version with other content
	Held              // would remove too much; waits for a human
	Refused           // cannot be read or used; the next one may
	Failed            // not received, or not applied for a reason that may pass
	Discarded         // was held, and a human did not want it
)

var outcomeText = [...]string{
	Running: "running", Applied: "applied", Unchanged: "unchanged", Stale: "stale", Held: "held", Refused: "refused", Failed: "failed", Discarded: "discarded",
}

// String is the word the API uses.
func (o Outcome) String() string { return outcomeText[o] }

// Run is one attempt.
type Run struct {
	Partner string
	ID      uid.ID // run_
	Trigger Trigger
	Actor   string // who asked, pushed, approved or discarded; "" for the schedule
	Started time.Time
	Ended   time.Time // zero while it runs
	Outcome Outcome
	DryRun  bool   // nothing was to be changed: the outcome is what would have come of it
	Stamp   Stamp  // of what was received
	Bytes   int64  // received
	Kept    bool   // the delivery can be approved or discarded
	Of      uid.ID // the held run that an approval lets pass

	Added, Changed, Removed, Untouched, Stale, Refused int64

	Code    string        // why it did not apply, stable; "" if it did
	Message string        // the same for people
	Remarks []feed.Error  // the first MaxRemarks on lines of the file
	Took    time.Duration // of the real time: a test's clock may stand still
}

// MaxRemarks bounds what is kept of the remarks on a file.
const MaxRemarks = 20

// take puts a report into the run.
func (r *Run) take(p Report) {
	r.Added, r.Changed, r.Removed, r.Untouched, r.Stale, r.Refused = p.Added, p.Changed, p.Removed, p.Untouched, p.Stale, p.Refused
	r.Remarks = p.Remarks[:min(len(p.Remarks), MaxRemarks)]
	for i := range r.Remarks {
		r.Remarks[i].Message = cut(r.Remarks[i].Message, maxMessage)
	}
}

// end closes the run.
func (r *Run) end(o Outcome, code, message string) {
	r.Outcome, r.Code, r.Message = o, cut(code, maxCode), cut(message, maxMessage)
}

// Bounds of texts in a run, in bytes.
const (
	maxMessage = 500
	maxCode    = 100
)

// cut bounds a text, between characters, and leaves out what no store takes.
func cut(s string, most int) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, ""), "\x00", "")
	if len(s) <= most {
		return s
	}
	for most > 0 && s[most]&0xc0 == 0x80 {
		most--
	}
	return s[:most]
}
