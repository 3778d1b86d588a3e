package model_test

import (
	"fmt"
	"slices"
	"time"

	"holdfast/reservation"
	"holdfast/stock"
	"holdfast/uid"
)

// book is the model: what the world must look like after the commands so far. It keeps no counters that a defect could
// let drift: what is held and sold is added up from the reservations each time it is asked for.
type book struct {
	now      time.Time
	settings reservation.Settings
	pools    []*pool
	bookings []*booking
	keys     map[uid.ID]*answered
	lapses   map[holder]*lapses
	revoked  map[withdrawn]time.Time
}

type holder struct {
	caller string
	pool   stock.PoolID
}

// lapses are the holds of a caller in a pool that ran out unpaid.
type lapses struct {
	n  int
	at time.Time
}

type withdrawn struct{ supplier, plan uid.ID }

type pool struct {
	id            stock.PoolID
	ref, supplier uid.ID
	physical, bp  int32 // of the nights made from now on
	from, to      stock.Slot
	retired       bool
	nights        map[stock.Slot]*night
}

// night is what staff have set; target says what may be sold.
type night struct {
	physical, outOfOrder, bp, byHand int32
	handSet, closed                  bool
}

func (n *night) target() int32 {
	if n.handSet {
		return n.byHand
	}
	return max(0, max(0, n.physical-n.outOfOrder)*(10_000+n.bp)/10_000)
}

type booking struct {
	n           int // how many came before: ids are another run's every time, and would keep rapid from comparing
	id          uid.ID
	ref, caller string
	name        string
	status      reservation.Status
	payment     reservation.PaymentStatus
	until       time.Time // of the hold or the grace
	version     int64
	extensions  int
	paid, back  int64
	pieces      []*piece
	paying      *paying // while the outcome of a payment is open
}

type piece struct {
	id        uid.ID
	claims    []stock.Claim
	total     int64
	freeUntil time.Time
	feeBP     int64
	endsAt    time.Time
	status    reservation.Status
}

// paying is a payment without an outcome.
type paying struct {
	key      uid.ID
	declined bool
	decided  time.Time // when the provider knows
	due      time.Time // when it is asked again
	tries    int
}

// facts are what an answer shows of a reservation.
type facts struct {
	status      reservation.Status
	payment     reservation.PaymentStatus
	until       time.Time
	version     int64
	paid, back  int64
	pieces      []reservation.Status
	outcome     reservation.Outcome
	booking     *booking
	quote       *quote
	replayed    bool
	reason      string // of a refusal; everything else is empty then
	alsoSoldOut bool   // an early refusal may hide the reason
}

// answered is an idempotency key.
type answered struct {
	request uid.ID
	running bool
	facts   facts
}

type quote struct {
	id      uid.ID
	booking *booking
	version int64
	pieces  []int
	refund  int64
	expires time.Time
}

func refuse(reason string) facts { return facts{reason: reason} }

func (b *book) pool(id stock.PoolID) *pool {
	i := slices.IndexFunc(b.pools, func(p *pool) bool { return p.id == id })
	return b.pools[i]
}

// facts are how a booking stands.
func (k *booking) facts(o reservation.Outcome) facts {
	f := facts{
		status: k.status, payment: k.payment, until: k.until, version: k.version, paid: k.paid, back: k.back, outcome: o, booking: k,
	}
	for _, p := range k.pieces {
		f.pieces = append(f.pieces, p.status)
	}
	return f
}

// shown is how it reads: a hold whose time is over is expired, whoever has noticed.
func (b *book) shown(k *booking) facts {
	f := k.facts(0)
	if k.status == reservation.Held && !b.now.Before(k.until) {
		f.status = reservation.Expired
		for i := range f.pieces {
			f.pieces[i] = reservation.Expired
		}
	}
	return f
}

func (k *booking) total() (sum int64) {
	for _, p := range k.pieces {
		sum += p.total
	}
	return sum
}

func (k *booking) claims() (all []stock.Claim) {
	for _, p := range k.pieces {
		all = append(all, p.claims...)
	}
	return all
}

func (k *booking) on(pools []stock.PoolID) bool {
	return slices.ContainsFunc(k.claims(), func(c stock.Claim) bool { return slices.Contains(pools, c.Pool) })
}

func poolsOf(claims []stock.Claim) (ids []stock.PoolID) {
	for _, c := range claims {
		if !slices.Contains(ids, c.Pool) {
			ids = append(ids, c.Pool)
		}
	}
	return ids
}

// unpaid says that it holds stock without having paid for it.
func (k *booking) unpaid() bool {
	return k.status == reservation.Held || k.status == reservation.Confirming
}

// claimed adds up what the bookings keep of a night.
func (b *book) claimed(at stock.Key) (held, sold int32) {
	for _, k := range b.bookings {
		for _, p := range k.pieces {
			for _, c := range p.claims {
				if c.Pool != at.Pool || at.Slot < c.From || at.Slot >= c.To {
					continue
				}
				switch p.status {
				case reservation.Held, reservation.Confirming:
					held += c.Count
				case reservation.Confirmed, reservation.Completed:
					sold += c.Count
				case reservation.Expired, reservation.Rejected, reservation.Cancelled:
				}
			}
		}
	}
	return held, sold
}

// counters are what a night must say of itself.
func (b *book) counters(at stock.Key, n *night) stock.Counters {
	held, sold := b.claimed(at)
	return stock.Counters{
		Physical: n.physical, OutOfOrder: n.outOfOrder, OverbookingBP: n.bp, Target: n.target(), ByHand: n.handSet, Limit: max(n.target(), held+sold), Closed: n.closed, Held: held, Sold: sold,
	}
}

// lacks says why claims cannot be had: "" when they can.
func (b *book) lacks(claims []stock.Claim) string {
	want := map[stock.Key]int32{}
	var keys []stock.Key
	for _, c := range claims {
		for s := c.From; s < c.To; s++ {
			k := stock.Key{Pool: c.Pool, Slot: s}
			if want[k] == 0 {
				keys = append(keys, k)
			}
			want[k] += c.Count
		}
	}
	slices.SortFunc(keys, stock.Key.Compare)
	for _, k := range keys {
		n := b.pool(k.Pool).nights[k.Slot]
		if n == nil {
			return "not_on_sale"
		}
		held, sold := b.claimed(k)
		if n.closed || held+sold+want[k] > n.target() {
			return "sold_out"
		}
	}
	return ""
}

// move makes a transition of all pieces that are not cancelled.
func (b *book) move(k *booking, to reservation.Status, money reservation.PaymentStatus) {
	k.status = to
	k.version++
	if money != 0 {
		k.payment = money
	}
	for _, p := range k.pieces {
		if p.status != reservation.Cancelled {
			p.status = to
		}
	}
}

// lapse ends a hold or a grace whose time is over.
func (b *book) lapse(k *booking) {
	if !k.unpaid() || b.now.Before(k.until) {
		return
	}
	b.move(k, reservation.Expired, 0)
	for _, id := range poolsOf(k.claims()) {
		l := b.lapses[holder{k.caller, id}]
		if l == nil || !b.now.Before(l.at.Add(b.settings.Caps.LapseWindow)) {
			l = &lapses{}
			b.lapses[holder{k.caller, id}] = l
		}
		l.n++
		l.at = b.now
	}
}

// lapseOn is what a batch does first to the pools it sells from.
func (b *book) lapseOn(pools []stock.PoolID) {
	for _, k := range b.bookings {
		if k.on(pools) {
			b.lapse(k)
		}
	}
}

// sweep is what time does to everything.
func (b *book) sweep() {
	for _, k := range b.bookings {
		b.lapse(k)
		var end time.Time
		for _, p := range k.pieces {
			if p.status != reservation.Cancelled && p.endsAt.After(end) {
				end = p.endsAt
			}
		}
		if k.status == reservation.Confirmed && k.paying == nil && !b.now.Before(end) {
			b.move(k, reservation.Completed, 0)
		}
	}
}

// replay is the answer of a call whose key is known; ok is false for a fresh key.
func (b *book) replay(key reservation.Idempotency) (f facts, ok bool) {
	a := b.keys[key.ID]
	switch {
	case key.ID.IsZero() || a == nil:
		return facts{}, false
	case a.request != key.Request:
		return refuse("idempotency_key_reused"), true
	case a.running:
		return refuse("idempotency_in_progress"), true
	}
	f = a.facts
	f.replayed = true
	return f, true
}

// keep stores an answer under a key.
func (b *book) keep(key reservation.Idempotency, f facts) facts {
	if !key.ID.IsZero() {
		b.keys[key.ID] = &answered{request: key.Request, facts: f}
	}
	return f
}

// GoString keeps what rapid prints about a draw short.
func (p *pool) GoString() string    { return fmt.Sprintf("pool %d", p.id) }
func (k *booking) GoString() string { return fmt.Sprintf("booking %d", k.n) }
func (q *quote) GoString() string   { return fmt.Sprintf("quote of %#v", q.booking) }

func (o *proposal) GoString() string {
	text := fmt.Sprintf("offer until %s for %q:", o.expires.Format("15:04"), o.audience)
	for i := range o.pieces {
		text += fmt.Sprintf(" %d for %v", o.pieces[i].total, o.pieces[i].claims)
	}
	return text
}

func (c call) GoString() string { return "call with key " + string(c.key.ID[:]) }
