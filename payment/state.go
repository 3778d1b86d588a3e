package payment

import (
	"time"

	"holdfast/fault"
)

// NeverArrived is how long after its beginning a payment that its provider has never heard of is given up. It is longer
// than any request can be on its way, and than the grace of a hold.
const NeverArrived = 15 * time.Minute

// reasonNeverArrived is why such a payment is Declined.
const reasonNeverArrived = "never_arrived"

// maxReason bounds a reason that came from a provider, in bytes.
const maxReason = 64

// step is the next thing to ask a provider.
type step uint8

const (
	stepNone step = iota + 1 // it stands where it was to be
	stepLookup
	stepCapture
	stepVoid
)

// next is what to ask about a payment that did not begin just now.
func (r Record) next() step {
	switch {
	case r.Status == Pending:
		return stepLookup
	case r.Status == Authorized && r.Goal == GoalCapture:
		return stepCapture
	case r.Status == Authorized && r.Goal == GoalVoid:
		return stepVoid
	default:
		return stepNone
	}
}

// learned is the payment after its provider's word on it; false when it tells nothing new. A payment that has ended
// stays as it is whatever is said.
func (r Record) learned(report Report, now time.Time) (Change, bool) {
	c := Change{Record: r}
	n := &c.Record
	switch r.Status {
	case Pending, Authorized:
	case Declined, Captured, Voided:
		return c, false
	}
	switch report.Outcome {
	case OutcomeUnheard, OutcomePending:
		return c, false
	case OutcomeApproved:
		if r.Status == Authorized {
			return c, false
		}
		n.Status = Authorized
	case OutcomeCaptured:
		n.Status = Captured
		c.Entries = []Entry{captured(r, now)}
	case OutcomeDeclined:
		if r.Status == Authorized { // taken back after an approval: there is nothing set aside any more
			n.Status = Voided
			break
		}
		n.Status, n.Reason = Declined, cleanReason(report.Reason)
	case OutcomeVoided:
		if r.Status == Authorized || r.Goal == GoalVoid {
			n.Status = Voided
			break
		}
		n.Status, n.Reason = Declined, reasonNeverArrived
	}
	n.UpdatedAt = now
	return c, true
}

// aimed is the payment with a new goal, or why it cannot have it; false when there is nothing to do for it.
func (r Record) aimed(goal Goal, now time.Time) (Record, bool, error) {
	switch {
	case goal == GoalCapture && r.Status == Captured,
		goal == GoalVoid && (r.Status == Voided || r.Status == Declined):
		return r, false, nil
	case goal == GoalCapture && r.Status != Authorized,
		goal == GoalVoid && r.Status == Captured,
		r.Goal != goal && r.Goal != GoalAuthorize:
		return r, false, stateFault(r, goal)
	case r.Goal == goal:
		return r, false, nil
	}
	r.Goal, r.UpdatedAt = goal, now
	return r, true, nil
}

// String is the status in texts and on wires.
func (s Status) String() string {
	switch s {
	case Pending:
		return "pending"
	case Authorized:
		return "authorized"
	case Declined:
		return "declined"
	case Captured:
		return "captured"
	case Voided:
		return "voided"
	}
	return "invalid"
}

func (g Goal) String() string {
	switch g {
	case GoalAuthorize:
		return "authorize"
	case GoalCapture:
		return "capture"
	case GoalVoid:
		return "void"
	}
	return "invalid"
}

// stateFault is payment_state: the payment's state does not allow the step.
func stateFault(r Record, goal Goal) *fault.Error {
	e := fault.New(fault.Conflict, "payment_state", "The payment is %s, which does not allow to %s it.", r.Status, goal)
	if r.Goal != GoalAuthorize && (r.Status == Pending || r.Status == Authorized) {
		e = fault.New(fault.Conflict, "payment_state", "The payment is %s and about to be ended by a %s; it cannot be asked to %s.", r.Status, r.Goal, goal)
	}
	return e.With("status", r.Status.String())
}

// cleanReason makes a provider's reason a stable word of bounded length.
func cleanReason(s string) string {
	clean := make([]byte, 0, maxReason)
	for i := 0; i < len(s) && len(clean) < maxReason; i++ {
		if c := s[i]; c == '_' || 'a' <= c && c <= 'z' || '0' <= c && c <= '9' {
			clean = append(clean, c)
		}
	}
	if len(clean) == 0 || looksLikeCard(string(clean)) {
		return "declined"
	}
	return string(clean)
}
