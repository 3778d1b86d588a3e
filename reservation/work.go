package reservation

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"holdfast/fault"
	"holdfast/stock"
	"holdfast/uid"
)

// work is one batch while its rules run: the loaded rows and what has been changed so far. Rules first check, then
// change: a rule that refuses (a *fault.Error) has changed nothing. Any other error is a broken invariant and fails the
// whole batch, which the desk then takes apart until the bad command stands alone.
type work struct {
	*Rows
	claimed    map[uid.ID]*KeyRow        // keys that commands of this batch took, with what they became
	kept       []uid.ID                  // those of them that are new
	setKeys    map[uid.ID]*KeyRow        // loaded keys that changed
	fresh      []*Reservation            // placed in this batch
	dirty      map[uid.ID]*Reservation   // loaded ones that changed
	lives      []ClaimState              //
	history    []Entry                   //
	events     []Event                   //
	quotes     []*Quote                  //
	slots      map[stock.Key]*SlotRow    // changed
	newSlots   []*SlotRow                //
	blocks     map[blockKey]*BlockRow    // changed
	counts     map[CountKey]*CountRow    // changed
	itemClaims map[itemKey]ItemClaims    // of loaded reservations, written anew
	pools      map[stock.PoolID]*PoolRow // changed
	newPools   []*PoolRow
	revoked    []Revocation
	gone       []uid.ID // to the archive
	goneSlots  []Span
	soldOut    []shortage         // what refusals were based on
	short      bool               // the rule that runs found too little stock
	anyShort   bool               // some rule of the batch did
	made       map[stock.Key]bool // slots that this batch makes
	settings   *Settings

	// Room that one transition after the other uses.
	demands []stock.Demand
	claims  []stock.Claim
	items   []int
}

// shortage is a slot that could not give what was asked for.
type shortage struct {
	key  stock.Key
	free int32
}

func newWork(rows *Rows, s *Settings) *work {
	return &work{
		Rows: rows, claimed: map[uid.ID]*KeyRow{}, setKeys: map[uid.ID]*KeyRow{}, dirty: map[uid.ID]*Reservation{},
		made: map[stock.Key]bool{}, settings: s, blocks: map[blockKey]*BlockRow{}, itemClaims: map[itemKey]ItemClaims{}, slots: map[stock.Key]*SlotRow{}, counts: map[CountKey]*CountRow{}, pools: map[stock.PoolID]*PoolRow{},
	}
}

// reservation is a loaded reservation, or an archived one. That is over, so that every rule refuses to change it, or
// finds nothing to change.
func (w *work) reservation(id uid.ID) *Reservation {
	if r := w.Reservations[id]; r != nil {
		return r
	}
	return w.Archived[id]
}

// slot is a loaded slot to be changed; its version is the next one from here on.
func (w *work) slot(key stock.Key) (*SlotRow, error) {
	if s, ok := w.slots[key]; ok {
		return s, nil
	}
	if w.made[key] {
		return w.Slots[key], nil // inserted as it is when the batch ends
	}
	s, ok := w.Slots[key]
	if !ok {
		return nil, fmt.Errorf("pool %d slot %d is gone: %w", key.Pool, key.Slot, stock.ErrBroken)
	}
	s.Version++
	w.slots[key] = s
	return s, nil
}

// count is the count row of a caller and pool, to be changed.
func (w *work) count(key CountKey) *CountRow {
	c, ok := w.Counts[key]
	if !ok {
		c = &CountRow{Key: key}
		w.Counts[key] = c
	}
	w.counts[key] = c
	return c
}

// apply makes an effect of claims to the slots.
func (w *work) apply(claims []stock.Claim, effect Effect) error {
	if effect == KeepStock || len(claims) == 0 {
		return nil
	}
	demands, err := stock.AppendDemands(w.demands[:0], claims)
	if err != nil {
		return err
	}
	w.demands = demands
	for _, d := range demands {
		s, err := w.slot(d.Key)
		if err != nil {
			return err
		}
		switch effect {
		case TakeStock:
			err = s.Hold(d.Count)
		case SellStock:
			err = s.Confirm(d.Count)
		case TakeAndSell:
			if err = s.Hold(d.Count); err == nil {
				err = s.Confirm(d.Count)
			}
		case ReleaseStock:
			err = s.Release(d.Count)
		case ReturnStock:
			err = s.Return(d.Count)
		case KeepStock:
		}
		if err != nil {
			return fmt.Errorf("pool %d slot %d: %w", d.Key.Pool, d.Key.Slot, errors.Join(stock.ErrBroken, err))
		}
	}
	if effect == ReleaseStock || effect == ReturnStock {
		return w.giveUnits(claims)
	}
	return nil // who takes stock has taken its units before (seatAll, reseat)
}

// lacks finds the first slot that cannot give what is demanded; nil when all can. A slot that does not exist is
// beyond what is on sale.
func (w *work) lacks(demands []stock.Demand) *fault.Error {
	for _, d := range demands {
		s, ok := w.Slots[d.Key]
		if !ok {
			return fault.New(fault.Invalid, "not_on_sale", "Part of the requested time is not on sale: it is past, or beyond how far ahead can be booked.")
		}
		if err := s.Admits(d.Count); err != nil {
			w.soldOut, w.short = append(w.soldOut, shortage{d.Key, s.Free()}), true
			return errSoldOut
		}
	}
	return nil
}

// errSoldOut is the one answer to a shortage; a stop-sell looks the same from outside.
var errSoldOut = fault.New(fault.Conflict, "sold_out", "What you asked for is sold out for at least part of the requested time. Nothing was reserved; search again for what is left.")

// lifeAfter is what claims count as after an effect; 0 leaves them.
func lifeAfter(e Effect) ClaimLife {
	switch e {
	case TakeStock:
		return ClaimHeld
	case SellStock, TakeAndSell:
		return ClaimSold
	case ReleaseStock, ReturnStock:
		return ClaimFreed
	case KeepStock:
	}
	return 0
}

// step is one transition to make.
type step struct {
	to    Status
	cause Cause
	actor Actor
	items []int         // indexes of the items concerned; nil: all that are not cancelled
	money PaymentStatus // where the money stands afterwards; 0: as before
	note  string
}

// transition moves a loaded or fresh reservation along the table: stock, item states, counts, history and event. The
// caller has checked what can be refused; what fails here is broken.
func (w *work) transition(r *Reservation, s step) error {
	t := find(r.Status, s.to, s.cause)
	switch {
	case w.Archived[r.ID] == r:
		return fmt.Errorf("reservation %s is archived: %w", r.ID.Text("res"), stock.ErrBroken)
	case t == nil:
		return fmt.Errorf("no transition %s -> %s for %s: %w", r.Status, s.to, s.cause, stock.ErrBroken)
	case !slices.Contains(t.Who, s.actor.Kind):
		return fmt.Errorf("%s may not cause %s: %w", s.actor.Kind, s.cause, stock.ErrBroken)
	case t.Guard != nil && !t.Guard(r):
		return fmt.Errorf("guard of %s -> %s for %s: %w", r.Status, s.to, s.cause, stock.ErrBroken)
	}
	items := s.items
	if items == nil {
		items = w.items[:0]
		for i := range r.Items {
			if r.Items[i].Status != Cancelled {
				items = append(items, i)
			}
		}
		w.items = items
	}
	claims := w.claims[:0]
	for _, i := range items {
		claims = append(claims, r.Items[i].Piece.Claims...)
	}
	w.claims = claims
	if err := w.apply(claims, t.Effect); err != nil {
		return fmt.Errorf("reservation %s: %w", r.ID.Text("res"), err)
	}
	switch t.Effect {
	case TakeStock:
		w.hold(r, +1)
	case SellStock, ReleaseStock:
		w.hold(r, -1)
	case KeepStock, TakeAndSell, ReturnStock:
	}
	life := lifeAfter(t.Effect)
	for _, i := range items {
		if s.cause == CancelledPaid || s.cause == SupplierWithdrew {
			r.Items[i].Status = Cancelled // also when others stay and the reservation with them
		} else {
			r.Items[i].Status = s.to
		}
		if life != 0 && t.Effect != TakeStock {
			w.lives = append(w.lives, ClaimState{Reservation: r.ID, Item: i, Life: life})
		}
	}
	if s.money != 0 {
		r.Payment = s.money
	}
	from := r.Status
	r.Status = s.to
	r.Version++
	r.UpdatedAt = w.Now
	w.history = append(w.history, Entry{
		Reservation: r.ID, Version: r.Version, At: w.Now, Actor: s.actor, Cause: s.cause, From: from, To: s.to, Payment: r.Payment, Note: s.note,
	})
	w.events = append(w.events, reservationEvent(r, s, w.Now))
	if r.Stored == 0 {
		if r.Version == 1 {
			w.fresh = append(w.fresh, r)
		}
	} else {
		w.dirty[r.ID] = r
	}
	return nil
}

// touch writes a loaded reservation back though its state did not change (a step was put off).
func (w *work) touch(r *Reservation) { w.dirty[r.ID] = r }

// hold adds a reservation to, or takes it from, the unpaid holds of its caller in each of its pools.
func (w *work) hold(r *Reservation, sign int32) {
	for _, u := range unitsByPool(r.Items) {
		c := w.count(CountKey{r.Caller, u.pool})
		c.Holds += sign
		c.Units += sign * u.units
	}
}

// poolUnits is how many units a reservation takes of one pool, summed over its claims.
type poolUnits struct {
	pool  stock.PoolID
	units int32
}

// unitsByPool sums the claims of all items; a pool is named once.
func unitsByPool(items []Item) []poolUnits {
	units := make([]poolUnits, 0, len(items))
	for i := range items {
		for _, c := range items[i].Piece.Claims {
			units = addUnits(units, c)
		}
	}
	return units
}

func addUnits(units []poolUnits, c stock.Claim) []poolUnits {
	for i := range units {
		if units[i].pool == c.Pool {
			units[i].units += c.Count
			return units
		}
	}
	return append(units, poolUnits{c.Pool, c.Count})
}

// lapse ends a hold, or the grace of a payment, whose time is over.
func (w *work) lapse(r *Reservation) error {
	cause := HoldLapsed
	switch r.Status {
	case Held:
	case Confirming:
		cause = PaymentLapsed // AskPayment goes on: money that comes late re-acquires the stock or is returned
	case Confirmed, Completed, Expired, Rejected, Cancelled:
		return nil
	}
	if w.Now.Before(r.HoldExpiresAt) {
		return nil
	}
	if err := w.transition(r, step{to: Expired, cause: cause, actor: Actor{SystemActor, "sweep"}}); err != nil {
		return err
	}
	windows := make(map[stock.PoolID]time.Duration, 2)
	for i := range r.Items {
		for _, claim := range r.Items[i].Piece.Claims {
			windows[claim.Pool] = max(windows[claim.Pool], w.settings.capsOf(r.Items[i].Supplier).LapseWindow)
		}
	}
	for pool, window := range windows {
		c := w.count(CountKey{r.Caller, pool})
		if !w.Now.Before(c.LapsedAt.Add(window)) {
			c.Lapsed = 0 // those before are forgiven
		}
		c.Lapsed++
		c.LapsedAt = w.Now
	}
	return nil
}

// reservationEvent is what other services learn of a transition.
func reservationEvent(r *Reservation, s step, now time.Time) Event {
	data := make([]byte, 0, 256)
	data = append(data, `{"id":"`...)
	data = append(data, r.ID.Text("res")...)
	data = append(data, `","locator":"`...)
	data = append(data, r.Locator...)
	data = append(data, `","status":"`...)
	data = append(data, s.to.String()...)
	data = append(data, `","payment_status":"`...)
	data = append(data, r.Payment.String()...)
	data = append(data, `","cause":"`...)
	data = append(data, s.cause.String()...)
	data = append(data, `","actor":"`...)
	data = append(data, s.actor.Kind.String()...)
	data = append(data, `","caller":`...)
	data, _ = jsontext.AppendQuote(data, r.Caller) // the only one that comes from outside; what is not UTF-8 is replaced
	data = append(data, `,"version":`...)
	data = strconv.AppendInt(data, r.Version, 10)
	return Event{Type: s.cause.EventType(), Subject: r.ID, Version: r.Version, At: now, Data: append(data, '}')}
}

// changes is everything the batch writes, in lock order.
func (w *work) changes() *Changes {
	c := &Changes{
		KeptKeys: w.kept, NewReservations: w.fresh, ClaimStates: w.lives, NewHistory: w.history, NewQuotes: w.quotes,
		NewPools: w.newPools, NewSlots: w.newSlots, NewRevocations: w.revoked, Events: w.events,
		SetKeys:          sorted(w.setKeys, func(a, b *KeyRow) int { return compareIDs(a.ID, b.ID) }),
		SetReservations:  sorted(w.dirty, func(a, b *Reservation) int { return compareIDs(a.ID, b.ID) }),
		SetSlots:         sorted(w.slots, func(a, b *SlotRow) int { return a.Key.Compare(b.Key) }),
		SetBlocks:        sorted(w.blocks, func(a, b *BlockRow) int { return blockKey{a.Pool, a.Number}.compare(blockKey{b.Pool, b.Number}) }),
		SetClaims:        sorted(w.itemClaims, func(a, b ItemClaims) int { return cmp.Or(compareIDs(a.Reservation, b.Reservation), a.Item-b.Item) }),
		SetCounts:        sorted(w.counts, func(a, b *CountRow) int { return a.Key.Compare(b.Key) }),
		GoneReservations: w.gone, GoneSlots: mergeSpans(w.goneSlots),
		SetPools: sorted(w.pools, func(a, b *PoolRow) int { return int(a.ID - b.ID) }),
	}
	slices.SortFunc(c.KeptKeys, compareIDs)
	slices.SortFunc(c.GoneReservations, compareIDs)
	slices.SortFunc(c.NewReservations, func(a, b *Reservation) int { return compareIDs(a.ID, b.ID) })
	slices.SortFunc(c.NewSlots, func(a, b *SlotRow) int { return a.Key.Compare(b.Key) })
	if rows := append(slices.Clone(c.SetSlots), c.NewSlots...); len(rows) > 0 {
		c.Events = append(c.Events, Event{Type: stockChanged, At: w.Now, Data: encodeSlots(rows)})
	}
	return c
}

func sorted[K comparable, V any](m map[K]V, cmp func(a, b V) int) []V {
	out := make([]V, 0, len(m))
	for _, v := range m {
		out = append(out, v)
	}
	slices.SortFunc(out, cmp)
	return out
}

func compareIDs(a, b uid.ID) int { return bytes.Compare(a[:], b[:]) }
