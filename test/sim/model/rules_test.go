package model_test

import (
	"slices"
	"time"

	"holdfast/reservation"
	"holdfast/stock"
	"holdfast/uid"
)

// proposal is an offer in clear.
type proposal struct {
	sealed   string
	audience string
	issued   time.Time
	expires  time.Time
	plan     uid.ID
	supplier uid.ID
	pieces   []piece
}

// placing is a call to Place.
type placing struct {
	caller   string
	key      reservation.Idempotency
	name     string
	offers   []*proposal
	expected *int64
}

func (p *placing) claims() (all []stock.Claim) {
	for _, o := range p.offers {
		for i := range o.pieces {
			all = append(all, o.pieces[i].claims...)
		}
	}
	return all
}

func (p *placing) total() (sum int64) {
	for _, o := range p.offers {
		for i := range o.pieces {
			sum += o.pieces[i].total
		}
	}
	return sum
}

// hopeless is why a placing is refused without a look at the stock.
func (b *book) hopeless(p *placing) string {
	pieces := 0
	for _, o := range p.offers {
		if o.audience != "" && o.audience != p.caller {
			return "offer_not_yours"
		}
		pieces += len(o.pieces)
	}
	if pieces > b.settings.Caps.ItemsPerReservation {
		return "too_many_items"
	}
	for _, c := range p.claims() {
		if int(c.Count) > b.settings.Caps.UnitsPerItem {
			return "too_many_units"
		}
	}
	if p.expected != nil && *p.expected != p.total() {
		return "price_changed"
	}
	return ""
}

// place decides a placing.
func (b *book) place(p *placing) facts {
	reason := b.hopeless(p)
	if reason == "" {
		b.lapseOn(poolsOf(p.claims()))
	}
	if f, known := b.replay(p.key); known {
		return f
	}
	if reason == "" {
		reason = b.unplaceable(p)
	}
	if reason != "" {
		f := refuse(reason)
		f.alsoSoldOut = b.settings.BelieveFor > 0 && b.hopeless(p) == "" && b.lacks(p.claims()) != ""
		return f
	}
	k := &booking{
		n: len(b.bookings) + 1, caller: p.caller, name: p.name, status: reservation.Held, payment: reservation.Unpaid, until: b.now.Add(b.settings.Hold), version: 1,
	}
	for _, o := range p.offers {
		for i := range o.pieces {
			copied := o.pieces[i]
			copied.status = reservation.Held
			k.pieces = append(k.pieces, &copied)
		}
	}
	b.bookings = append(b.bookings, k)
	return b.keep(p.key, k.facts(reservation.OutcomePlaced))
}

// unplaceable is why a placing is refused by the desk.
func (b *book) unplaceable(p *placing) string {
	if p.name != "" && slices.ContainsFunc(b.bookings, func(k *booking) bool { return k.caller == p.caller && k.name == p.name }) {
		return "reservation_exists"
	}
	for _, o := range p.offers {
		switch {
		case !b.now.Before(o.expires):
			return "offer_expired"
		case o.issued.Before(b.revoked[withdrawn{o.supplier, uid.ID{}}]) || o.issued.Before(b.revoked[withdrawn{o.supplier, o.plan}]):
			return "offer_revoked"
		}
	}
	if reason := b.lacks(p.claims()); reason != "" {
		return reason
	}
	for _, id := range poolsOf(p.claims()) {
		holds, units := 0, 0
		for _, k := range b.bookings {
			if k.caller != p.caller || !k.unpaid() || !k.on([]stock.PoolID{id}) {
				continue
			}
			holds++
			units += unitsIn(k.claims(), id)
		}
		ran := 0
		if l := b.lapses[holder{p.caller, id}]; l != nil && b.now.Before(l.at.Add(b.settings.Caps.LapseWindow)) {
			ran = l.n
		}
		caps := b.settings.Caps
		if holds >= caps.HoldsPerPool || units+unitsIn(p.claims(), id) > caps.UnitsPerPool || ran >= caps.LapsesPerPool {
			return "hold_limit"
		}
	}
	return ""
}

func unitsIn(claims []stock.Claim, id stock.PoolID) (n int) {
	for _, c := range claims {
		if c.Pool == id {
			n += int(c.Count)
		}
	}
	return n
}

// tokens are what the sandbox does with a method: after how long it knows, and whether it says no.
var tokens = map[string]struct {
	after    time.Duration
	declined bool
}{
	"pm_test_approved": {},
	"pm_test_declined": {declined: true},
	"pm_test_slow":     {after: 5 * time.Second},
	"pm_test_unknown":  {after: 3 * time.Second},
	"pm_test_late":     {after: 12 * time.Minute},
}

// pay decides a payment.
func (b *book) pay(k *booking, method string, key reservation.Idempotency) facts {
	if f, known := b.replay(key); known {
		return f
	}
	t, ok := tokens[method]
	if !ok {
		return refuse("payment_method_unknown")
	}
	b.lapse(k)
	switch k.status {
	case reservation.Held:
	case reservation.Confirming:
		return refuse("payment_running")
	case reservation.Expired:
		return refuse("hold_expired")
	case reservation.Confirmed, reservation.Completed, reservation.Rejected, reservation.Cancelled:
		return refuse("not_payable")
	}
	b.move(k, reservation.Confirming, 0)
	if grace := b.now.Add(b.settings.Grace); grace.After(k.until) {
		k.until = grace
	}
	k.paying = &paying{key: key.ID, declined: t.declined, decided: b.now.Add(t.after)}
	if !key.ID.IsZero() {
		b.keys[key.ID] = &answered{request: key.Request, running: true}
	}
	if k.total() == 0 { // nobody has to be asked
		k.paying = nil
		b.move(k, reservation.Confirmed, reservation.Authorized)
		b.move(k, reservation.Confirmed, reservation.Paid)
		return b.keep(key, k.facts(reservation.OutcomeConfirmed))
	}
	b.ask(k)
	if a := b.keys[key.ID]; a != nil && !a.running {
		return a.facts
	}
	f := k.facts(0)
	if k.paying == nil {
		switch k.status {
		case reservation.Confirmed:
			f.outcome = reservation.OutcomeConfirmed
		case reservation.Rejected:
			f.outcome = reservation.OutcomeDeclined
		case reservation.Held, reservation.Confirming, reservation.Completed, reservation.Expired, reservation.Cancelled:
		}
	}
	return f
}

// ask is one look at the provider.
func (b *book) ask(k *booking) {
	p := k.paying
	if b.now.Before(p.decided) {
		pause := 2 * time.Second
		for range p.tries {
			pause = min(2*pause, 10*time.Minute)
		}
		p.tries++
		p.due = b.now.Add(pause)
		return
	}
	k.paying = nil
	outcome := reservation.OutcomeConfirmed
	switch {
	case p.declined:
		to := reservation.Rejected
		if k.status == reservation.Expired {
			to = reservation.Expired
		}
		b.move(k, to, reservation.PaymentFailed)
		outcome = reservation.OutcomeDeclined
	default:
		b.lapseOn(poolsOf(k.claims()))
		if k.status == reservation.Expired && b.lacks(k.claims()) != "" {
			b.move(k, reservation.Expired, reservation.PaymentFailed)
			outcome = reservation.OutcomeRefundedLate
			break
		}
		b.move(k, reservation.Confirmed, reservation.Authorized)
		k.paid = k.total()
		b.move(k, reservation.Confirmed, reservation.Paid)
	}
	if a := b.keys[p.key]; a != nil {
		a.running, a.facts = false, k.facts(outcome)
	}
}

// extend, release: what a caller does to a hold.
func (b *book) extend(k *booking) facts {
	b.lapse(k)
	switch {
	case k.status == reservation.Expired:
		return refuse("hold_expired")
	case k.status != reservation.Held:
		return refuse("not_extendable")
	case k.extensions >= b.settings.Caps.Extensions:
		return refuse("hold_limit")
	}
	k.extensions++
	k.until = k.until.Add(b.settings.Extension)
	b.move(k, reservation.Held, 0)
	return k.facts(reservation.OutcomeExtended)
}

func (b *book) release(k *booking) facts {
	b.lapse(k)
	switch k.status {
	case reservation.Held:
		b.move(k, reservation.Cancelled, 0)
	case reservation.Confirming:
		return refuse("payment_running")
	case reservation.Confirmed, reservation.Completed:
		return refuse("quote_required")
	case reservation.Cancelled:
		if k.paid > 0 {
			return refuse("not_cancellable")
		}
	case reservation.Expired:
		if k.paying != nil {
			return refuse("payment_running")
		}
	case reservation.Rejected:
	}
	return k.facts(0)
}

// refund is what comes back for a piece.
func (p *piece) refund(now time.Time) int64 {
	if now.Before(p.freeUntil) {
		return p.total
	}
	return p.total - (p.total*p.feeBP+5_000)/10_000
}

func (b *book) cancellable(k *booking) string {
	var end time.Time
	for _, p := range k.pieces {
		if p.status != reservation.Cancelled && p.endsAt.After(end) {
			end = p.endsAt
		}
	}
	if k.status != reservation.Confirmed || !b.now.Before(end) {
		return "not_cancellable"
	}
	return ""
}

// quote prices a cancellation; chosen empty: everything.
func (b *book) quote(k *booking, chosen []int, key reservation.Idempotency) facts {
	if f, known := b.replay(key); known {
		return f
	}
	if reason := b.cancellable(k); reason != "" {
		return refuse(reason)
	}
	q := &quote{booking: k, version: k.version, expires: b.now.Add(b.settings.QuoteLife)}
	for i, p := range k.pieces {
		if p.status == reservation.Confirmed && (len(chosen) == 0 || slices.Contains(chosen, i)) && b.now.Before(p.endsAt) {
			q.pieces = append(q.pieces, i)
			q.refund += p.refund(b.now)
		}
	}
	if len(q.pieces) == 0 {
		return refuse("not_cancellable")
	}
	f := k.facts(reservation.OutcomeQuoted)
	f.quote = q
	return b.keep(key, f)
}

// cancel does what a quote promised.
func (b *book) cancel(q *quote, key reservation.Idempotency) facts {
	if f, known := b.replay(key); known {
		return f
	}
	k := q.booking
	done := k.version != q.version
	for _, i := range q.pieces {
		done = done && k.pieces[i].status == reservation.Cancelled
	}
	switch {
	case done:
		return k.facts(reservation.OutcomeCancelled)
	case !b.now.Before(q.expires):
		return refuse("quote_expired")
	case q.version != k.version:
		return refuse("quote_outdated")
	}
	if reason := b.cancellable(k); reason != "" {
		return refuse(reason)
	}
	for _, i := range q.pieces {
		if !b.now.Before(k.pieces[i].endsAt) {
			return refuse("not_cancellable")
		}
	}
	for _, i := range q.pieces {
		k.pieces[i].status = reservation.Cancelled
	}
	k.version++
	if !slices.ContainsFunc(k.pieces, func(p *piece) bool { return p.status != reservation.Cancelled }) {
		k.status = reservation.Cancelled
	}
	if q.refund > 0 {
		k.back += q.refund
		k.version++
		k.payment = reservation.PartiallyRefunded
		if k.back == k.paid {
			k.payment = reservation.Refunded
		}
	}
	return b.keep(key, k.facts(reservation.OutcomeCancelled))
}

// define makes or extends a pool; id is what the desk called it.
func (b *book) define(s reservation.PoolSpec, id stock.PoolID) {
	i := slices.IndexFunc(b.pools, func(p *pool) bool { return p.ref == s.Ref })
	if i < 0 {
		b.pools = append(b.pools, &pool{id: id, ref: s.Ref, supplier: s.Supplier, from: s.From, to: s.From, nights: map[stock.Slot]*night{}})
		i = len(b.pools) - 1
	}
	p := b.pools[i]
	if p.retired {
		return
	}
	for ; p.to < s.To; p.to++ {
		p.nights[p.to] = &night{physical: s.Physical, bp: s.OverbookingBP}
	}
	p.physical, p.bp = s.Physical, s.OverbookingBP
}

// change is what staff do to nights.
func (b *book) change(ch reservation.StockChange) facts {
	p := b.pool(ch.Pool)
	if p.retired {
		return refuse("pool_not_found")
	}
	for s := ch.From; s < ch.To; s++ {
		n := p.nights[s]
		if n == nil {
			continue
		}
		if ch.Physical != nil {
			n.physical = *ch.Physical
		}
		if ch.OutOfOrder != nil {
			n.outOfOrder = *ch.OutOfOrder
		}
		if ch.OverbookingBP != nil {
			n.bp, n.handSet = *ch.OverbookingBP, false
		}
		if ch.Target != nil {
			n.byHand, n.handSet = *ch.Target, true
		}
		if ch.Derive {
			n.handSet = false
		}
		if ch.Closed != nil {
			n.closed = *ch.Closed
		}
	}
	return facts{}
}

// retire ends the sale of pools for good.
func (b *book) retire(ids []stock.PoolID, from stock.Slot) facts {
	b.lapseOn(ids)
	for _, id := range ids {
		for s := range b.pool(id).nights {
			if held, sold := b.claimed(stock.Key{Pool: id, Slot: s}); s >= from && held+sold > 0 {
				return refuse("has_reservations")
			}
		}
	}
	for _, id := range ids {
		p := b.pool(id)
		p.retired = true
		for s, n := range p.nights {
			n.closed = n.closed || s >= from
		}
	}
	return facts{}
}

func (b *book) revoke(supplier, plan uid.ID, before time.Time) {
	k := withdrawn{supplier, plan}
	if end := before.Truncate(time.Second).Add(time.Second); end.After(b.revoked[k]) {
		b.revoked[k] = end
	}
}
