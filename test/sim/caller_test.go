package sim_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"holdfast/fault"
	"holdfast/offer"
	"holdfast/reservation"
	"holdfast/stock"
	"holdfast/uid"
)

// caller is somebody who asks, one thing after the other, and remembers what was answered. When no answer comes it asks
// again with the same key, as the API tells callers to do.
type caller struct {
	w       *world
	name    string
	rng     *rand.Rand
	mine    []*owned
	intents []*intent
	open    *intent // without a definite answer so far
	last    string
	told    map[string]int
	pause   time.Duration // before the next call, as the last answer asked for
	gone    bool
}

// owned is a reservation of the caller, with what the caller was told about it.
type owned struct {
	ref      string
	items    []uid.ID
	rides    []uid.ID // those of them that are rides
	paid     string   // outcome of a payment, once told
	released bool
	asked    int  // to extend it, and ...
	extended int  // ... told that it was
	over     bool // it cannot be paid any more
	quote    *reservation.Quote
}

// intent is something the caller wants, with its key.
type intent struct {
	what    string
	key     reservation.Idempotency
	tag     string // of a placing: the name of the traveller
	about   *owned
	quote   *reservation.Quote
	ask     func(context.Context) (reservation.Answer, error)
	first   string // the first definite answer
	refused string // the last definite refusal
	tries   int
}

// name is the key as people write it.
func (i *intent) name() string { return strings.TrimRight(string(i.key.ID[:]), "\x00") }

func newCaller(w *world, i int) *caller {
	return &caller{w: w, told: map[string]int{}, name: fmt.Sprint("caller ", string(rune('a'+i))), rng: rand.New(rand.NewPCG(w.seed, uint64(i)))}
}

type actorKey struct{}

// actor is who asks, for the names of gates.
func actor(ctx context.Context) string {
	if who, ok := ctx.Value(actorKey{}).(string); ok {
		return " for " + who
	}
	return ""
}

func (c *caller) live() {
	for {
		if c.pause > 0 {
			time.Sleep(c.pause) //nolint:forbidigo // simulated time
			c.pause = 0
		}
		if c.w.wait(context.Background(), &gate{who: c.name, say: c.last}) == dead {
			c.gone = true
			return
		}
		c.last = ""
		switch {
		case c.open != nil && (c.w.closing || c.rng.IntN(8) > 0):
			c.try(c.open)
		case c.w.closing:
			c.gone = true
			return
		case c.name == "caller d":
			c.staff()
		default:
			c.try(c.want())
		}
	}
}

// key makes a fresh key.
func (c *caller) key() reservation.Idempotency {
	var k reservation.Idempotency
	copy(k.ID[:], fmt.Sprintf("%s %d", c.name[7:], len(c.intents)))
	k.Request = k.ID
	return k
}

// want chooses what to do next.
func (c *caller) want() *intent {
	if len(c.mine) == 0 || c.rng.IntN(4) == 0 {
		return c.wantPlace()
	}
	about := c.mine[len(c.mine)-1-c.rng.IntN(min(3, len(c.mine)))]
	n := c.rng.IntN(10)
	switch { // mostly what makes sense, sometimes what does not
	case about.paid == "confirmed":
		n = 8 + min(1, n)
	case about.paid != "" || about.released || about.over:
		if n > 1 {
			return c.wantPlace()
		}
	case n == 8 || n == 9:
		n = one(c.rng, 1, 1, 1, 8)
	}
	i := &intent{about: about, key: c.key()}
	who, ref := reservation.Caller{Subject: c.name}, about.ref
	core := func() *reservation.Core { return c.w.core }
	switch {
	case len(about.rides) > 0 && c.rng.IntN(3) == 0:
		c.wantSeats(i)
	case n < 6:
		method := one(c.rng, "pm_sim_approved", "pm_sim_approved", "pm_sim_approved", "pm_sim_declined", "pm_sim_slow", "pm_sim_late", "pm_sim_late_no")
		i.what = "pay " + method[7:]
		i.ask = func(ctx context.Context) (reservation.Answer, error) { return core().Pay(ctx, who, ref, method, i.key) }
	case n == 6:
		i.what = "extend"
		i.ask = func(ctx context.Context) (reservation.Answer, error) { return core().Extend(ctx, who, ref) }
	case n == 7:
		i.what = "release"
		i.ask = func(ctx context.Context) (reservation.Answer, error) {
			return reservation.Answer{}, core().Release(ctx, who, ref)
		}
	case about.quote != nil:
		q := about.quote
		i.what, i.quote = "cancel", q
		i.ask = func(ctx context.Context) (reservation.Answer, error) {
			return core().ConfirmCancellation(ctx, who, ref, q.ID.Text("quo"), i.key)
		}
	default:
		i.what = "quote"
		var items []string
		if len(about.items) > 1 && c.rng.IntN(2) == 0 {
			items = append(items, about.items[c.rng.IntN(len(about.items))].Text("itm"))
		}
		i.ask = func(ctx context.Context) (reservation.Answer, error) {
			return core().QuoteCancellation(ctx, who, ref, items, i.key)
		}
	}
	c.intents = append(c.intents, i)
	return i
}

func (c *caller) wantPlace() *intent {
	i := &intent{what: "place", key: c.key()}
	i.tag = i.name()
	now := c.w.Now()
	o := offer.Offer{IssuedAt: now, ExpiresAt: now.Add(time.Hour), Currency: "EUR"}
	var seats []reservation.SeatChoice
	for n := range one(c.rng, 1, 1, 2, 3) {
		p := offer.Piece{
			Supplier: house, Price: offer.Price{Base: int64(1000 + c.rng.IntN(3))}, Stay: offer.Stay{RatePlan: plan, CheckIn: 1, CheckOut: 2},
			Terms: offer.Terms{FreeUntil: now.Add(one(c.rng, time.Hour, -time.Hour, 5*time.Minute)), FeeBP: one[int32](c.rng, 3333, 5000, 10_000), EndsAt: now.Add(one(c.rng, 90*time.Minute, 72*time.Hour))},
		}
		from := firstDay + stock.Slot(c.rng.IntN(nights-1))
		p.Claims = []stock.Claim{{Pool: one(c.rng, c.w.pools...), From: from, To: from + 1 + stock.Slot(c.rng.IntN(2)), Count: 1}}
		if c.rng.IntN(3) == 0 {
			choice := c.ride(now, &p)
			choice.Piece = n
			seats = append(seats, choice)
		}
		o.Pieces = append(o.Pieces, p)
	}
	text, err := c.w.sealer.Seal(o)
	c.w.must(err)
	name := ""
	if c.rng.IntN(4) == 0 {
		name = "res_" + c.name[7:] + fmt.Sprint(len(c.intents))
	}
	i.ask = func(ctx context.Context) (reservation.Answer, error) {
		return c.w.core.Place(ctx, reservation.PlaceRequest{
			Caller: reservation.Caller{Subject: c.name}, Key: i.key, Name: name, Offers: []string{text}, Seats: seats, Travellers: []reservation.Traveller{{GivenName: "T", FamilyName: i.tag}},
		})
	}
	c.intents = append(c.intents, i)
	return i
}

// try asks, once or twice at the same time.
func (c *caller) try(i *intent) {
	c.open = nil
	i.tries++
	var wait time.Duration // how long the caller waits for the answer; 0: as long as it takes
	if !c.w.closing && c.rng.IntN(6) == 0 {
		wait = one(c.rng, 20*time.Millisecond, 200*time.Millisecond, 2*time.Second)
	}
	both := !c.w.closing && c.rng.IntN(8) == 0 && (!c.w.early || i.what != "place")
	if c.w.early && i.what == "place" {
		c.w.wait(context.Background(), &gate{who: "door for " + c.name, writes: &c.w.door})
		c.w.door.busy = true
		defer func() { c.w.door.busy = false }()
	}
	process := c.w.running()
	type result struct {
		a   reservation.Answer
		err error
	}
	ask := func(who string) result {
		if i.what == "extend" {
			i.about.asked++
		}
		ctx, cancel := context.WithCancel(context.WithValue(c.w.life, actorKey{}, who))
		if wait > 0 {
			cancel()
			ctx, cancel = context.WithTimeout(context.WithValue(c.w.life, actorKey{}, who), wait)
		}
		defer cancel()
		a, err := i.ask(ctx)
		return result{a, err}
	}
	results := make([]result, 1, 2)
	if both {
		second := make(chan result)
		go func() {
			c.w.wait(context.Background(), &gate{who: c.name + " again"})
			second <- ask(c.name[7:] + "2")
		}()
		results[0] = ask(c.name[7:])
		results = append(results, <-second)
	} else {
		results[0] = ask(c.name[7:])
	}
	if c.w.running() != process {
		c.open = i
		c.last = "its process died: " + i.what
		return
	}
	for _, r := range results {
		c.learn(i, r.a, r.err)
	}
}

// learn takes in an answer.
func (c *caller) learn(i *intent, a reservation.Answer, err error) {
	if err != nil {
		f := fault.As(err)
		c.last += fmt.Sprintf("%s (%s): %s; ", i.what, i.name(), f.Reason)
		if f.Kind == fault.Unavailable || f.Kind == fault.Internal || f.Reason == "idempotency_in_progress" {
			if i.tries < 40 {
				c.open = i
			}
			c.pause = f.RetryAfter
			return
		}
		if f.Reason == "idempotency_key_reused" {
			c.w.find("I3", "%s: key of %s is said to be another's", c.name, i.what)
		}
		i.refused = f.Reason
		if i.about != nil && (f.Reason == "hold_expired" || f.Reason == "not_payable") {
			i.about.over = true
		}
		c.told["told "+i.what+": "+f.Reason]++
		return
	}
	text := fmt.Sprintf("%d", a.Outcome)
	if a.Reservation != nil {
		r := a.Reservation
		text += fmt.Sprintf(" %s %s %s v%d paid %d returned %d until %s", r.ID.Text("res"), r.Status, r.Payment, r.Version, r.Paid, r.Refunded, r.HoldExpiresAt.Format("15:04:05")) + shown(r)
	}
	if a.Quote != nil {
		text += fmt.Sprint(" quote ", a.Quote.ID.Text("quo"), a.Quote.Refund)
	}
	c.last += fmt.Sprintf("%s (%s): outcome %d; ", i.what, i.name(), a.Outcome)
	c.told[fmt.Sprintf("told %s: %d", i.what, a.Outcome)]++
	if strings.HasPrefix(i.what, "pay") && a.Outcome == 0 {
		c.open, c.pause = i, time.Second
		return // it runs
	}
	switch keyed := i.what != "extend" && i.what != "release" && i.what != "cancel"; {
	case i.first == "":
		i.first = text
	case keyed && i.first != text:
		c.w.find("I3", "%s: %s with one key was answered %q, then %q", c.name, i.what, i.first, text)
	}
	switch {
	case i.what == "place":
		if i.about == nil {
			i.about = &owned{ref: a.Reservation.ID.Text("res")}
			for _, it := range a.Reservation.Items {
				if i.about.items = append(i.about.items, it.ID); it.Ride != nil {
					i.about.rides = append(i.about.rides, it.ID)
				}
			}
			c.mine = append(c.mine, i.about)
		}
	case i.what == "extend":
		i.about.extended++
	case i.what == "release":
		i.about.released = true
	case i.what == "quote":
		i.about.quote = a.Quote
	case i.what == "cancel":
		if i.about.quote == i.quote {
			i.about.quote = nil
		}
	case strings.HasPrefix(i.what, "pay"):
		i.about.paid = map[reservation.Outcome]string{reservation.OutcomeConfirmed: "confirmed", reservation.OutcomeDeclined: "declined", reservation.OutcomeRefundedLate: "too late"}[a.Outcome]
	}
}

// staff changes the stock of a slot now and then.
func (c *caller) staff() {
	c.pause = 15 * time.Second
	if c.rng.IntN(3) == 0 {
		i := &intent{key: c.key()}
		c.staffTrain(i)
		c.intents = append(c.intents, i)
		c.try(i)
		return
	}
	pool := one(c.rng, c.w.pools...)
	slot := firstDay + stock.Slot(c.rng.IntN(nights))
	ch := reservation.StockChange{Span: reservation.Span{Pool: pool, From: slot, To: slot + 1 + stock.Slot(c.rng.IntN(2))}}
	n, closed := int32(c.rng.IntN(4)), c.rng.IntN(3) == 0
	switch c.rng.IntN(4) {
	case 0:
		ch.Physical = &n
	case 1:
		ch.Target = &n
	case 2:
		ch.Derive = true
	default:
		ch.Closed = &closed
	}
	for s := ch.From; s < ch.To; s++ {
		key := stock.Key{Pool: pool, Slot: s}
		if _, ok := c.w.most[key]; ok && (ch.Physical != nil || ch.Target != nil) {
			c.w.most[key] = max(c.w.most[key], n)
		}
	}
	i := &intent{what: "change stock", key: c.key()}
	i.ask = func(ctx context.Context) (reservation.Answer, error) {
		return reservation.Answer{}, c.w.core.ChangeStock(ctx, []reservation.StockChange{ch})
	}
	c.intents = append(c.intents, i)
	c.try(i)
}

// placed are the placings of a caller.
func (c *caller) placed() []*intent {
	return slices.DeleteFunc(slices.Clone(c.intents), func(i *intent) bool { return i.what != "place" })
}
