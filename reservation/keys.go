package reservation

import (
	"context"
	"slices"
	"time"

	"holdfast/fault"
	"holdfast/uid"
)

// keyReader looks idempotency keys up for requests that are refused before they reach the desk: a repeated call gets
// the answer of the first one even when what it asks for has sold out meanwhile. Look-ups that wait for one another
// are read together, as the desk does with commands.
type keyReader struct {
	store Store
	asks  chan keyAsk
	ended chan struct{} // closed when nobody answers any more
}

type keyAsk struct {
	id  uid.ID
	got chan keyGot
}

type keyGot struct {
	row *KeyRow // nil: not stored
	err error
}

const (
	keyAsksWaiting  = 4096
	keyAsksTogether = 512
)

func newKeyReader(s Store) *keyReader {
	return &keyReader{store: s, asks: make(chan keyAsk, keyAsksWaiting), ended: make(chan struct{})}
}

// find reads one key; nil if it is not stored.
func (k *keyReader) find(ctx context.Context, id uid.ID) (*KeyRow, error) {
	a := keyAsk{id, make(chan keyGot, 1)}
	select {
	case k.asks <- a:
	default:
		return nil, fault.Overloaded(retryOverload)
	}
	select {
	case g := <-a.got:
		return g.row, g.err
	case <-k.ended:
		return nil, errDraining
	case <-ctx.Done():
		return nil, gaveUp(ctx)
	}
}

func (k *keyReader) run(ctx context.Context) {
	defer close(k.ended)
	for {
		select {
		case <-ctx.Done():
			return
		case a := <-k.asks:
			k.answer(ctx, k.gather(a))
		}
	}
}

func (k *keyReader) gather(first keyAsk) []keyAsk {
	asks := []keyAsk{first}
	for len(asks) < keyAsksTogether {
		select {
		case a := <-k.asks:
			asks = append(asks, a)
		default:
			return asks
		}
	}
	return asks
}

func (k *keyReader) answer(ctx context.Context, asks []keyAsk) {
	ids := make([]uid.ID, len(asks))
	for i, a := range asks {
		ids[i] = a.id
	}
	rows, err := k.store.Keys(ctx, ids)
	found := make(map[uid.ID]*KeyRow, len(rows))
	for _, r := range rows {
		found[r.ID] = r
	}
	for _, a := range asks {
		a.got <- keyGot{found[a.id], err}
	}
}

// retryRunning is when to ask again for the outcome of a call that is still running.
const retryRunning = time.Second

// withheld says why a stored key has no answer for a call that bears it; nil when it has.
func (k *KeyRow) withheld(key Idempotency) error {
	switch {
	case k.Request != key.Request:
		return fault.New(fault.Invalid, "idempotency_key_reused", "This Idempotency-Key was used for a different request. Use a fresh key for a new request.")
	case k.State == KeyRunning:
		return fault.New(fault.Conflict, "idempotency_in_progress", "The first call with this Idempotency-Key is still running. Ask again after the time in Retry-After.").RetryIn(retryRunning)
	}
	return nil
}

// claim makes a command the first with a key, or tells what the first one came to. A nil row and no error: go ahead;
// take must then be called once the command takes effect.
func (w *work) claim(key Idempotency) (first *KeyRow, refusal error) {
	if key.ID.IsZero() {
		return nil, nil
	}
	row := w.claimed[key.ID]
	if row == nil {
		row = w.Keys[key.ID]
	}
	if row == nil {
		return nil, nil
	}
	if err := row.withheld(key); err != nil {
		return nil, err
	}
	return row, nil
}

// take records that the command with this key took effect.
func (w *work) take(row *KeyRow) {
	if row.ID.IsZero() {
		return
	}
	w.claimed[row.ID] = row
	w.kept = append(w.kept, row.ID)
}

// keep writes what became of the taken keys to the rows that the store was given: of two commands of a batch with one
// key only the first is among them, and it may be the second that took effect.
func (w *work) keep(keys []*KeyRow) {
	for _, k := range keys {
		if row := w.claimed[k.ID]; row != nil {
			at := k.CreatedAt
			*k = *row
			k.CreatedAt = at
		}
	}
}

// finishKey stores the answer of a multi-step call with its key, if the key is among the loaded ones.
func (w *work) finishKey(id uid.ID, outcome Outcome, r *Reservation) {
	row := w.Keys[id]
	if id.IsZero() || row == nil {
		return
	}
	row.State, row.Answer, row.Facts = KeyDone, outcome, factsOf(r)
	w.setKeys[id] = row
}

// factsOf are the changing parts of a reservation as an answer names them.
func factsOf(r *Reservation) Facts {
	f := Facts{
		Status: r.Status, Payment: r.Payment, HoldExpiresAt: r.HoldExpiresAt, UpdatedAt: r.UpdatedAt, Version: r.Version, Paid: r.Paid, Refunded: r.Refunded,
	}
	for i := range r.Items {
		if r.Items[i].Status != r.Status {
			f.ItemStatus = make([]Status, len(r.Items))
			for j := range r.Items {
				f.ItemStatus[j] = r.Items[j].Status
			}
			break
		}
	}
	if slices.ContainsFunc(r.Items, func(it Item) bool { return it.Reseated() }) {
		f.Seats = make([][]Seat, len(r.Items))
		for i := range r.Items {
			f.Seats[i] = r.Items[i].Seats
		}
	}
	if slices.ContainsFunc(r.Items, func(it Item) bool { return it.Notice != nil }) {
		f.Notices = make([]*Notice, len(r.Items))
		for i := range r.Items {
			f.Notices[i] = r.Items[i].Notice
		}
	}
	return f
}

// placedFacts are what the placing answer said: it follows from what never changes.
func placedFacts(r *Reservation) Facts {
	return Facts{Status: Held, Payment: Unpaid, HoldExpiresAt: r.PlacedUntil, UpdatedAt: r.CreatedAt, Version: 1}
}

// as is a copy of the reservation as an answer with these facts showed it.
func (r *Reservation) as(f Facts) *Reservation {
	c := *r
	c.Status, c.Payment, c.HoldExpiresAt, c.UpdatedAt, c.Version, c.Paid, c.Refunded = f.Status, f.Payment, f.HoldExpiresAt, f.UpdatedAt, f.Version, f.Paid, f.Refunded
	c.Items = append([]Item(nil), r.Items...)
	for i := range c.Items {
		c.Items[i].Status = f.Status
		if i < len(f.ItemStatus) {
			c.Items[i].Status = f.ItemStatus[i]
		}
		c.Items[i].Seats, c.Items[i].Notice = c.Items[i].Placed, nil
		if i < len(f.Seats) {
			c.Items[i].Seats = f.Seats[i]
		}
		if i < len(f.Notices) {
			c.Items[i].Notice = f.Notices[i]
		}
	}
	return &c
}

// answer renders the stored outcome of a key again.
func (c *Core) answer(ctx context.Context, k *KeyRow) (Answer, error) {
	found, err := c.stored(ctx, []uid.ID{k.Reservation})
	if err != nil {
		return Answer{}, err
	}
	if len(found) == 0 {
		return Answer{}, fault.Wrap(errMissing, "reservation of a stored key")
	}
	facts := k.Facts
	if k.Answer == OutcomePlaced {
		facts = placedFacts(found[0])
	}
	a := Answer{Outcome: k.Answer, Reservation: found[0].as(facts), Replayed: true}
	if k.Answer == OutcomeQuoted {
		if a.Quote, err = c.store.Quote(ctx, facts.Quote); err != nil {
			return Answer{}, err
		}
	}
	return a, nil
}

// refused answers a call that was found hopeless before it reached the desk: with what the first call with its key
// came to, if there was one, else with the refusal.
func (c *Core) refused(ctx context.Context, key Idempotency, refusal error) (Answer, error) {
	if key.ID.IsZero() {
		return Answer{}, refusal
	}
	row, err := c.keys.find(ctx, key.ID)
	if err != nil {
		return Answer{}, err
	}
	if row == nil {
		return Answer{}, refusal
	}
	if err := row.withheld(key); err != nil {
		return Answer{}, err
	}
	return c.answer(ctx, row)
}
