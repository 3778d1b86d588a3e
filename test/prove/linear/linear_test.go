package linear

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
	"go.uber.org/goleak"

	"holdfast/fault"
	"holdfast/reservation"
	"holdfast/stock"
	"holdfast/test/prove/effort"
	"holdfast/test/prove/rig"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// Sizes of a history.
const (
	pools       = 3
	clients     = 6 // shared out among the processes
	callsEach   = 24
	shortForm   = 5                // histories of each shape
	judgeWithin = 90 * time.Second // a history that takes longer is not judged, which fails
)

// TestLinear lets clients of one to three processes place, pay, release, cancel and read on two small pools, and has
// every history judged.
func TestLinear(t *testing.T) {
	for _, shape := range []rig.Shape{rig.SQLite, rig.Postgres, rig.Pair, rig.Three} {
		t.Run(shape.Name, func(t *testing.T) {
			w := rig.Open(t, shape, rig.Options{Settings: func(s *reservation.Settings) {
				s.PayWait = 30 * time.Second
				s.Caps.HoldsPerPool, s.Caps.UnitsPerPool = 1000, 1000 // all clients are one caller, so that they may act on each other's
			}})
			operations, unknown, refused := 0, 0, 0
			for _, seed := range effort.Seeds(t, 1, shortForm) {
				h := record(t, w, seed, impatientShare)
				operations += len(h.operations)
				for _, o := range h.operations {
					if output(o).unknown {
						unknown++
					}
					if output(o).refused == "sold_out" {
						refused++
					}
				}
				h.judge(t, shape.Cores, fmt.Sprintf("seed %d on %s; %s", seed, shape.Name, effort.Repeat("linear", seed)))
				if t.Failed() {
					return
				}
			}
			t.Logf("%d operations, %d of unknown outcome, %d refused as sold out", operations, unknown, refused)
		})
	}
}

// history is what clients saw.
type history struct {
	world *rig.World
	base  time.Time
	pools [pools]stock.PoolID
	offer [pools]map[[2]int]string // by interval
	hasty int

	mu         sync.Mutex
	operations []porcupine.Operation
	placed     [pools][]placed // acknowledged reservations
	numbers    [pools]int
}

// placed is a reservation that somebody got.
type placed struct {
	call
	ref string
}

func (h *history) at() int64 { return int64(time.Since(h.base)) }

// note keeps an operation; one of unknown outcome never ends.
func (h *history) note(client int, c call, a answer, from, to int64) {
	if a.unknown {
		to = forever
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.operations = append(h.operations, porcupine.Operation{ClientId: client, Input: c, Output: a, Call: from, Return: to})
}

// record makes one history; one call in so many (hasty) is not waited for.
func record(t *testing.T, w *rig.World, seed uint64, hasty int) *history {
	t.Helper()
	h := &history{world: w, base: time.Now(), hasty: hasty}
	for i := range pools {
		h.pools[i] = w.Pool(t, capacity, slots)
		h.offer[i] = map[[2]int]string{}
		for from := range slots {
			for to := from + 1; to <= slots; to++ {
				h.offer[i][[2]int{from, to}] = w.Offer(t, rig.Nights(h.pools[i], stock.Slot(from), stock.Slot(to-from)))
			}
		}
	}
	var running sync.WaitGroup
	for n := range clients {
		running.Go(func() {
			random := rand.New(rand.NewPCG(seed, uint64(n)))
			c := &client{history: h, number: n, process: n % len(w.Cores), random: random}
			for range callsEach {
				if err := c.act(); err != nil {
					t.Errorf("client %d: %v", n, err)
					return
				}
			}
		})
	}
	running.Wait()
	last := &client{history: h, number: clients}
	for pool := range pools { // what it has come to is part of the history
		if err := last.look(pool); err != nil {
			t.Error(err)
		}
		for _, p := range h.placed[pool] {
			if err := last.read(p); err != nil {
				t.Error(err)
			}
		}
	}
	return h
}

// judge has a history checked, and shows one that is not linearizable.
func (h *history) judge(t *testing.T, processes int, what string) {
	t.Helper()
	m := model(slices.Max(h.numbers[:]))
	result := porcupine.CheckOperationsTimeout(m, allowStale(h.operations, processes), judgeWithin)
	if result == porcupine.Ok {
		return
	}
	_, info := porcupine.CheckOperationsVerbose(m, allowStale(h.operations, processes), judgeWithin) // takes more memory
	file, err := os.CreateTemp("", "holdfast-linear-*.html")
	if err != nil {
		t.Fatal(err)
	}
	if err := porcupine.Visualize(m, info, file); err != nil {
		t.Error(err)
	}
	if err := file.Close(); err != nil {
		t.Error(err)
	}
	for _, line := range h.stuck(m, processes) {
		t.Log(line)
	}
	t.Errorf("%s: %d operations are judged %s; see %s", what, len(h.operations), result, file.Name())
}

// stuck lists the operations of the first pool that cannot be judged, in the order of their calls.
func (h *history) stuck(m porcupine.Model, processes int) (lines []string) {
	for _, part := range m.Partition(allowStale(h.operations, processes)) {
		if porcupine.CheckOperationsTimeout(m, part, judgeWithin) == porcupine.Ok {
			continue
		}
		slices.SortFunc(part, func(a, b porcupine.Operation) int { return cmp.Compare(a.Call, b.Call) })
		for _, o := range part {
			lines = append(lines, fmt.Sprintf("%12v %12v client %d, %s", time.Duration(o.Call), time.Duration(o.Return), o.ClientId, describe(input(o), output(o))))
		}
		return lines
	}
	return nil
}

// client calls one process.
type client struct {
	*history
	number  int
	process int
	random  *rand.Rand
}

func (c *client) core() *reservation.Core { return c.world.Cores[c.process] }

// impatient is how long some calls are waited for, and how many of them: their outcome is often not heard.
const (
	impatient      = 1500 * time.Microsecond
	impatientShare = 12 // one in so many
	patient        = 0  // none
)

func (c *client) patience() (context.Context, context.CancelFunc) {
	if c.hasty != patient && c.random.IntN(c.hasty) == 0 {
		return context.WithTimeout(context.Background(), impatient)
	}
	return context.Background(), func() {}
}

// heard turns an error into an answer. Everything that says "ask again to learn what became of it" is unknown.
func heard(err error) (answer, error) {
	if err == nil {
		return answer{}, nil
	}
	f := fault.As(err)
	if f.Kind == fault.Unavailable {
		return answer{unknown: true}, nil
	}
	if f.Kind == fault.Conflict {
		return answer{refused: f.Reason}, nil
	}
	return answer{}, err
}

const caller = "linear"

func (c *client) act() error {
	pool := c.random.IntN(pools)
	switch n := c.random.IntN(20); {
	case n < 7:
		return c.hold(pool)
	case n < 11:
		return c.look(pool)
	default:
		p, ok := c.any(pool)
		if !ok {
			return c.hold(pool)
		}
		switch {
		case n < 14:
			return c.release(p)
		case n < 16:
			return c.pay(p)
		case n < 18:
			return c.cancel(p)
		}
		return c.read(p)
	}
}

// any is a reservation of the pool that somebody got.
func (c *client) any(pool int) (placed, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := c.placed[pool]
	if len(all) == 0 {
		return placed{}, false
	}
	recent := all[max(0, len(all)-6):] // older ones have come to their end
	p := recent[c.random.IntN(len(recent))]
	p.process = c.process
	return p, true
}

func (c *client) hold(pool int) error {
	from := c.random.IntN(slots)
	to := from + 1 + c.random.IntN(slots-from)
	c.mu.Lock()
	in := call{kind: hold, pool: pool, process: c.process, number: c.numbers[pool], from: from, to: to}
	c.numbers[pool]++
	c.mu.Unlock()
	ctx, cancel := c.patience()
	defer cancel()
	called := c.at()
	got, err := c.core().Place(ctx, reservation.PlaceRequest{Caller: rig.As(caller), Offers: []string{c.offer[pool][[2]int{from, to}]}, Travellers: rig.Guests})
	ended := c.at()
	out, err := heard(err)
	if err != nil {
		return fmt.Errorf("place: %w", err)
	}
	c.note(c.number, in, out, called, ended)
	if out == (answer{}) {
		c.mu.Lock()
		c.placed[pool] = append(c.placed[pool], placed{in, got.Reservation.ID.Text("res")})
		c.mu.Unlock()
	}
	return nil
}

func (c *client) release(p placed) error {
	p.kind = release
	ctx, cancel := c.patience()
	defer cancel()
	called := c.at()
	err := c.core().Release(ctx, rig.As(caller), p.ref)
	ended := c.at()
	out, err := heard(err)
	if err != nil {
		return fmt.Errorf("release: %w", err)
	}
	c.note(c.number, p.call, out, called, ended)
	return nil
}

// pay is three steps, each a transaction of its own, within one call.
func (c *client) pay(p placed) error {
	method := "pm_test_approved"
	if c.random.IntN(4) == 0 {
		method = "pm_test_declined"
	}
	called := c.at()
	got, err := c.core().Pay(context.Background(), rig.As(caller), p.ref, method, rig.Key(fmt.Sprint(p.ref, called, c.number)))
	ended := c.at()
	out, err := heard(err)
	if err != nil || out.unknown {
		return fmt.Errorf("pay: unknown %t, %w", out.unknown, err)
	}
	steps := []kind{begin}
	if out.refused == "" {
		if got.Outcome != reservation.OutcomeConfirmed && got.Outcome != reservation.OutcomeDeclined {
			return fmt.Errorf("pay: outcome %d, status %s", got.Outcome, got.Reservation.Status)
		}
		if got.Outcome == reservation.OutcomeConfirmed {
			steps = append(steps, settle, capture)
		} else {
			steps = append(steps, decline)
		}
	}
	for _, k := range steps {
		p.kind = k
		c.note(c.number, p.call, out, called, ended)
	}
	return nil
}

func (c *client) cancel(p placed) error {
	p.kind = quote
	called := c.at()
	got, err := c.core().QuoteCancellation(context.Background(), rig.As(caller), p.ref, nil, reservation.Idempotency{})
	ended := c.at()
	out, err := heard(err)
	if err != nil || out.unknown {
		return fmt.Errorf("quote: unknown %t, %w", out.unknown, err)
	}
	c.note(c.number, p.call, out, called, ended)
	if out.refused != "" {
		return nil
	}
	p.kind = cancel
	called = c.at()
	_, err = c.core().ConfirmCancellation(context.Background(), rig.As(caller), p.ref, got.Quote.ID.Text("quo"), reservation.Idempotency{})
	ended = c.at()
	if out, err = heard(err); err != nil || out.unknown {
		return fmt.Errorf("cancel: unknown %t, %w", out.unknown, err)
	}
	c.note(c.number, p.call, out, called, ended)
	return nil
}

func (c *client) look(pool int) error {
	called := c.at()
	rows, err := c.core().Slots(context.Background(), reservation.Span{Pool: c.pools[pool], From: rig.First, To: rig.First + slots})
	ended := c.at()
	if err != nil || len(rows) != slots {
		return fmt.Errorf("%d slots, %w", len(rows), err)
	}
	var out answer
	for i, r := range rows {
		out.counts.held[i], out.counts.sold[i] = byte(r.Held), byte(r.Sold)
	}
	c.note(c.number, call{kind: look, pool: pool, process: c.process}, out, called, ended)
	return nil
}

var statuses = map[reservation.Status]status{
	reservation.Held: held, reservation.Confirming: confirming, reservation.Confirmed: confirmed, reservation.Cancelled: cancelled, reservation.Rejected: rejected,
}

func (c *client) read(p placed) error {
	p.kind = read
	called := c.at()
	r, err := c.core().Reservation(context.Background(), rig.As(caller), p.ref)
	ended := c.at()
	if err != nil {
		return fmt.Errorf("read: %w", err)
	}
	is, ok := statuses[r.Status]
	if !ok {
		return fmt.Errorf("read: status %s", r.Status)
	}
	c.note(c.number, p.call, answer{status: is}, called, ended)
	return nil
}
