package reservation

import (
	"context"

	"holdfast/fault"
	"holdfast/uid"
)

// ends notes how far each stream has got. Events and history are only ever added to, so what was there now is what the
// audit compares, however much is written while it runs.
func (a *audit) ends(ctx context.Context) error {
	streams, err := a.core.store.AuditStreams(ctx)
	if err != nil {
		return err
	}
	a.heads = make(map[int32]int64, len(streams))
	for _, s := range streams {
		a.heads[s.Stream] = s.Next - 1
		if s.Next > 1 && (s.First != 1 || s.Last != s.Next-1) || s.Next == 1 && s.Last != 0 {
			a.find("I7", "stream "+s.Name, "holds events numbered %d to %d; the next one will be %d", s.First, s.Last, s.Next)
		}
	}
	return nil
}

// streams is I7: every stream is numbered without gaps, and there are as many events of reservations as history
// entries. It counts range by range.
func (a *audit) streams(ctx context.Context) error {
	var subjects int64
	for stream, head := range a.heads {
		for after := int64(0); after < head; {
			err := a.page(ctx, func() error {
				upTo := min(head, after+auditEvents)
				events, some, err := a.core.store.AuditEvents(ctx, stream, after, upTo)
				if err != nil {
					return err
				}
				if events != upTo-after {
					a.find("I7", "stream", "number %d holds %d events between %d and %d, where there should be %d", stream, events, after+1, upTo, upTo-after)
				}
				a.Events += events
				subjects += some
				after = upTo
				return nil
			})
			if err != nil {
				return err
			}
		}
	}
	if subjects != a.subjects {
		a.find("I7", "outbox", "%d events of reservations for %d history entries", subjects, a.subjects)
	}
	return nil
}

// loose is I3 for all keys: each belongs to a reservation that is there, and none runs for ever.
func (a *audit) loose(ctx context.Context) error {
	for after, more := (uid.ID{}), true; more; {
		err := a.page(ctx, func() error {
			keys, err := a.core.store.AuditKeys(ctx, after, auditKeys)
			if err != nil {
				return err
			}
			for _, k := range keys {
				name := k.ID.Text("key")
				if k.Lost {
					a.find("I3", name, "an idempotency key has no reservation")
				}
				if age := a.now.Sub(k.CreatedAt); k.State == KeyRunning && age > auditStepAge {
					a.find("I3", name, "an idempotency key has been running for %v", age)
				}
				after = k.ID
			}
			a.Keys += int64(len(keys))
			more = len(keys) == auditKeys
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// ledger asks payment to check itself.
func (a *audit) ledger(ctx context.Context) error {
	l, err := a.core.payment.Audit(ctx, auditFindings, a.rest)
	if err != nil {
		return fault.Wrap(err, "ledger audit")
	}
	a.Payments = l.Payments
	for _, f := range l.Findings {
		a.find("I5", "ledger", "%s", f)
	}
	return nil
}
