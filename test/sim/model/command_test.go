package model_test

import (
	"context"
	"fmt"
	"slices"
	"time"

	"pgregory.net/rapid"

	"holdfast/money"
	"holdfast/offer"
	"holdfast/reservation"
	"holdfast/stock"
	"holdfast/uid"
)

// first is the first night on sale.
const first stock.Slot = 20_780

var guests = []reservation.Traveller{{GivenName: "Ada", FamilyName: "Lovelace", Email: "ada@example.org"}}

// run is one check: the house, the model, and what the commands so far have left to choose from.
type run struct {
	*house
	book      *book
	callers   []string
	suppliers []uid.ID
	plans     []uid.ID
	offers    []*proposal
	quotes    []*quote
	calls     []call // with a key, to be repeated
	ns        string // four signs that no other sequence has
	made      int    // ids given so far
	commands  int
	shared    bool // the database has been through other sequences
	refused   bool // the last one was
	seen      map[string]int
	ctx       context.Context // of the whole check
}

// call is something that was asked before and may be asked again.
type call struct {
	again func(t *rapid.T, key reservation.Idempotency)
	key   reservation.Idempotency
}

// id is a fresh one that depends on nothing but how many there were.
func (r *run) id() (id uid.ID) {
	r.made++
	copy(id[:], fmt.Sprintf("%s%012d", r.ns, r.made))
	return id
}

// key draws none, or a fresh one.
func (r *run) key(t *rapid.T) reservation.Idempotency {
	if rapid.IntRange(0, 3).Draw(t, "no key") == 3 {
		return reservation.Idempotency{}
	}
	id := r.id()
	return reservation.Idempotency{ID: id, Request: id}
}

func (r *run) remember(key reservation.Idempotency, again func(*rapid.T, reservation.Idempotency)) {
	if !key.ID.IsZero() {
		r.calls = append(r.calls, call{again, key})
	}
}

// repeat asks one of the last calls again, sometimes with another request under the same key.
func (r *run) repeat(t *rapid.T) {
	if len(r.calls) == 0 {
		t.Skip()
	}
	recent := r.calls[max(0, len(r.calls)-30):]
	c := rapid.SampledFrom(recent).Draw(t, "call")
	if rapid.IntRange(0, 4).Draw(t, "other request") == 4 {
		c.key.Request = r.id()
	}
	c.again(t, c.key)
}

func (r *run) somePool(t *rapid.T) *pool {
	if len(r.book.pools) == 0 {
		t.Skip()
	}
	return rapid.SampledFrom(r.book.pools).Draw(t, "pool")
}

func (r *run) someBooking(t *rapid.T) *booking {
	n := len(r.book.bookings)
	if n == 0 {
		t.Skip()
	}
	return r.book.bookings[n-1-rapid.IntRange(0, min(n, 25)-1).Draw(t, "booking")]
}

// define makes a pool, or asks for an old one again, longer or of another size.
func (r *run) define(t *rapid.T) {
	s := reservation.PoolSpec{
		Physical: rapid.SampledFrom([]int32{6, 4, 9, 2, 1, 3}).Draw(t, "physical"), OverbookingBP: rapid.SampledFrom([]int32{0, 0, 2500, -2000, 10_000}).Draw(t, "overbooking"),
		From: first, To: first + stock.Slot(rapid.IntRange(5, 8).Draw(t, "nights")),
	}
	if n := len(r.book.pools); n < 2 || n < 5 && rapid.Bool().Draw(t, "new") {
		s.Ref, s.Supplier = r.id(), rapid.SampledFrom(r.suppliers).Draw(t, "supplier")
	} else {
		p := r.somePool(t)
		s.Ref, s.Supplier = p.ref, p.supplier
	}
	ids, err := r.core.DefinePools(r.ctx, []reservation.PoolSpec{s})
	must(t, err)
	r.book.define(s, ids[0])
}

// propose seals an offer.
func (r *run) propose(t *rapid.T) *proposal {
	p := r.somePool(t)
	now := r.book.now
	o := &proposal{supplier: p.supplier, plan: rapid.SampledFrom(r.plans).Draw(t, "plan"), issued: now, expires: now.Add(time.Duration(rapid.IntRange(10, 300).Draw(t, "offer minutes")) * time.Minute)}
	if rapid.IntRange(0, 19).Draw(t, "for one") == 19 {
		o.audience = rapid.SampledFrom(r.callers).Draw(t, "audience")
	}
	sealed := offer.Offer{IssuedAt: now, ExpiresAt: o.expires, Audience: o.audience, Currency: "EUR"}
	for range rapid.SampledFrom([]int{1, 1, 1, 2, 3}).Draw(t, "pieces") {
		pc := piece{
			freeUntil: now.Add(time.Duration(rapid.IntRange(-1, 30).Draw(t, "free hours")) * time.Hour), feeBP: int64(rapid.SampledFrom([]int{0, 5000, 3333, 9000, 10_000}).Draw(t, "fee")),
			endsAt: now.Add(time.Duration(rapid.IntRange(1, 60).Draw(t, "ends in hours")) * time.Hour),
		}
		for range rapid.SampledFrom([]int{1, 1, 1, 2}).Draw(t, "claims") {
			q := p
			if rapid.IntRange(0, 2).Draw(t, "other pool") == 2 {
				q = r.somePool(t)
			}
			from := first + stock.Slot(rapid.IntRange(0, 4).Draw(t, "from"))
			pc.claims = append(pc.claims, stock.Claim{Pool: q.id, From: from, To: from + stock.Slot(rapid.IntRange(1, 3).Draw(t, "slots")), Count: rapid.SampledFrom([]int32{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 4}).Draw(t, "units")})
		}
		base, tax := int64(rapid.SampledFrom([]int{0, 10_000, 9_999, 1, 12_345}).Draw(t, "base")), int64(rapid.SampledFrom([]int{0, 0, 333}).Draw(t, "tax"))
		pc.total = base + tax
		o.pieces = append(o.pieces, pc)
		sealed.Pieces = append(sealed.Pieces, offer.Piece{
			Supplier: o.supplier, Claims: pc.claims, Price: offer.Price{Base: base, Parts: []offer.Part{{Kind: offer.Tax, Code: "city", Minor: tax}, {Kind: offer.Tax, Code: "vat", Minor: 77, Included: true}}},
			Terms: offer.Terms{FreeUntil: pc.freeUntil, FeeBP: int32(pc.feeBP), EndsAt: pc.endsAt}, Stay: offer.Stay{RatePlan: o.plan, CheckIn: 1, CheckOut: 2},
		})
	}
	text, err := r.sealer.Seal(sealed)
	must(t, err)
	o.sealed = text
	r.offers = append(r.offers, o)
	return o
}

// place reserves one or two offers, fresh or old.
func (r *run) place(t *rapid.T) {
	p := placing{caller: rapid.SampledFrom(r.callers).Draw(t, "caller"), key: r.key(t)}
	for range rapid.SampledFrom([]int{1, 1, 1, 2}).Draw(t, "offers") {
		if len(r.offers) > 0 && rapid.IntRange(0, 3).Draw(t, "old offer") == 3 {
			p.offers = append(p.offers, rapid.SampledFrom(r.offers[max(0, len(r.offers)-10):]).Draw(t, "offer"))
		} else {
			p.offers = append(p.offers, r.propose(t))
		}
	}
	if rapid.IntRange(0, 5).Draw(t, "named") == 5 {
		p.name = fmt.Sprintf("res_mine-%d", rapid.IntRange(1, 12).Draw(t, "name"))
	}
	if rapid.IntRange(0, 5).Draw(t, "expecting") == 5 {
		e := p.total() - int64(rapid.SampledFrom([]int{0, 0, 1}).Draw(t, "wrong"))
		p.expected = &e
	}
	r.placed(t, &p)
	r.remember(p.key, func(t *rapid.T, key reservation.Idempotency) {
		again := p
		again.key = key
		r.placed(t, &again)
	})
}

func (r *run) placed(t *rapid.T, p *placing) {
	req := reservation.PlaceRequest{Caller: reservation.Caller{Subject: p.caller}, Key: p.key, Name: p.name, Travellers: guests}
	for _, o := range p.offers {
		req.Offers = append(req.Offers, o.sealed)
	}
	if p.expected != nil {
		req.Expected = &money.Amount{Minor: *p.expected, Currency: "EUR"}
	}
	a, err := r.core.Place(r.ctx, req)
	want := r.book.place(p)
	if k := want.booking; err == nil && k != nil && !want.replayed { // what the desk alone can know
		k.id, k.ref = a.Reservation.ID, a.Reservation.ID.Text("res")
		for i, pc := range k.pieces {
			pc.id = a.Reservation.Items[i].ID
		}
	}
	r.answered(t, "place", a, err, want)
}

func (r *run) pay(t *rapid.T) {
	k, key := r.someBooking(t), r.key(t)
	method := rapid.SampledFrom([]string{"pm_test_approved", "pm_test_late", "pm_test_approved", "pm_test_slow", "pm_test_unknown", "pm_test_late", "pm_test_declined", "pm_test_nothing"}).Draw(t, "method")
	ask := func(t *rapid.T, key reservation.Idempotency) {
		a, err := r.core.Pay(r.ctx, reservation.Caller{Subject: k.caller}, k.ref, method, key)
		r.answered(t, "pay", a, err, r.book.pay(k, method, key))
	}
	ask(t, key)
	r.remember(key, ask)
}

func (r *run) extend(t *rapid.T) {
	k := r.someBooking(t)
	a, err := r.core.Extend(r.ctx, reservation.Caller{Subject: k.caller}, k.ref)
	r.answered(t, "extend", a, err, r.book.extend(k))
}

func (r *run) release(t *rapid.T) {
	k := r.someBooking(t)
	err := r.core.Release(r.ctx, reservation.Caller{Subject: k.caller}, k.ref)
	want := r.book.release(k)
	r.answered(t, "release", reservation.Answer{}, err, facts{reason: want.reason})
	r.read(t, k)
}

func (r *run) quote(t *rapid.T) {
	k, key := r.someBooking(t), r.key(t)
	var chosen []int
	var names []string
	for i := range k.pieces {
		if rapid.IntRange(0, 2).Draw(t, "chosen") == 2 {
			chosen = append(chosen, i)
			names = append(names, k.pieces[i].id.Text("itm"))
		}
	}
	ask := func(t *rapid.T, key reservation.Idempotency) {
		a, err := r.core.QuoteCancellation(r.ctx, reservation.Caller{Subject: k.caller}, k.ref, names, key)
		want := r.book.quote(k, chosen, key)
		if err == nil && want.quote != nil && !want.replayed {
			want.quote.id = a.Quote.ID
			r.quotes = append(r.quotes, want.quote)
		}
		r.answered(t, "quote", a, err, want)
	}
	ask(t, key)
	r.remember(key, ask)
}

func (r *run) cancel(t *rapid.T) {
	if len(r.quotes) == 0 {
		t.Skip()
	}
	q, key := rapid.SampledFrom(r.quotes[max(0, len(r.quotes)-6):]).Draw(t, "quote"), r.key(t)
	ask := func(t *rapid.T, key reservation.Idempotency) {
		a, err := r.core.ConfirmCancellation(r.ctx, reservation.Caller{Subject: q.booking.caller}, q.booking.ref, q.id.Text("quo"), key)
		r.answered(t, "cancel", a, err, r.book.cancel(q, key))
	}
	ask(t, key)
	r.remember(key, ask)
}

// stranger touches what belongs to somebody else.
func (r *run) stranger(t *rapid.T) {
	k := r.someBooking(t)
	who := reservation.Caller{Subject: k.caller + "-not"}
	var err error
	switch rapid.IntRange(0, 4).Draw(t, "call") {
	case 0:
		_, err = r.core.Reservation(r.ctx, who, k.ref)
	case 1:
		_, err = r.core.Pay(r.ctx, who, k.ref, "pm_test_approved", reservation.Idempotency{})
	case 2:
		err = r.core.Release(r.ctx, who, k.ref)
	case 3:
		_, err = r.core.QuoteCancellation(r.ctx, who, k.ref, nil, reservation.Idempotency{})
	default:
		_, err = r.core.Extend(r.ctx, who, k.ref)
	}
	r.answered(t, "stranger", reservation.Answer{}, err, refuse("reservation_not_found"))
}

func maybe[T any](t *rapid.T, g *rapid.Generator[T], label string) *T {
	if rapid.IntRange(0, 2).Draw(t, label) != 2 {
		return nil
	}
	v := g.Draw(t, label)
	return &v
}

func (r *run) change(t *rapid.T) {
	p := r.somePool(t)
	from := first + stock.Slot(rapid.IntRange(0, 5).Draw(t, "from"))
	ch := reservation.StockChange{
		Span:     reservation.Span{Pool: p.id, From: from, To: from + stock.Slot(rapid.IntRange(1, 4).Draw(t, "slots"))},
		Physical: maybe(t, rapid.Int32Range(0, 10), "physical"), OutOfOrder: maybe(t, rapid.Int32Range(0, 3), "out of order"),
		OverbookingBP: maybe(t, rapid.SampledFrom([]int32{0, 5000, -3000, 20_000}), "overbooking"), Target: maybe(t, rapid.Int32Range(0, 9), "target"),
		Derive: rapid.IntRange(0, 4).Draw(t, "derive") == 4, Closed: maybe(t, rapid.SampledFrom([]bool{true, false, false}), "closed"),
		Default: rapid.IntRange(0, 4).Draw(t, "default") == 4,
	}
	err := r.core.ChangeStock(r.ctx, []reservation.StockChange{ch})
	r.answered(t, "change", reservation.Answer{}, err, r.book.change(ch))
}

func (r *run) retire(t *rapid.T) {
	ids := []stock.PoolID{r.somePool(t).id}
	if q := r.somePool(t).id; q != ids[0] {
		ids = append(ids, q)
	}
	slices.Sort(ids)
	from := first + stock.Slot(rapid.IntRange(0, 4).Draw(t, "from"))
	err := r.core.RetirePools(r.ctx, ids, from)
	r.answered(t, "retire", reservation.Answer{}, err, r.book.retire(ids, from))
}

func (r *run) revoke(t *rapid.T) {
	v := reservation.Revocation{Supplier: rapid.SampledFrom(r.suppliers).Draw(t, "supplier"), Before: r.book.now.Add(-time.Duration(rapid.IntRange(0, 40).Draw(t, "minutes ago")) * time.Minute), Actor: reservation.Actor{Kind: reservation.StaffActor, ID: "staff"}}
	if rapid.IntRange(0, 3).Draw(t, "one supplier") != 3 {
		v.RatePlan = rapid.SampledFrom(r.plans).Draw(t, "plan")
	}
	must(t, r.core.RevokeOffers(r.ctx, v))
	r.book.revoke(v.Supplier, v.RatePlan, v.Before)
}

// pass moves the clock; then the jobs see it, in either order, or do not come to it yet.
func (r *run) pass(t *rapid.T) {
	d := rapid.SampledFrom([]time.Duration{time.Second, 3 * time.Second, time.Minute, 4 * time.Minute, 11 * time.Minute, 16 * time.Minute, 40 * time.Minute, 3 * time.Hour}).Draw(t, "time")
	r.book.now = r.clock.Advance(d)
	if r.book.settings.BelieveFor == 0 && rapid.IntRange(0, 2).Draw(t, "jobs are late") == 2 {
		return
	}
	if rapid.Bool().Draw(t, "sweep first") {
		r.swept()
		r.book.sweep()
	}
	for {
		id := r.resumed()
		if id.IsZero() {
			break
		}
		i := slices.IndexFunc(r.book.bookings, func(k *booking) bool { return k.id == id })
		if i < 0 && r.shared {
			continue // left by another sequence
		}
		if i < 0 || r.book.bookings[i].paying == nil || r.book.now.Before(r.book.bookings[i].paying.due) {
			t.Fatal("the saga took up a payment that does not wait for it")
		}
		r.book.ask(r.book.bookings[i])
	}
	for _, k := range r.book.bookings {
		if k.paying != nil && !r.book.now.Before(k.paying.due) {
			t.Fatalf("nobody asks what became of the payment of %#v", k)
		}
	}
	r.swept()
	r.book.sweep()
}
