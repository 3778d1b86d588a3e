package bench

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"holdfast/test/load/check"
	"holdfast/test/load/house"
	"holdfast/test/load/peer"
	"holdfast/test/load/wire"
)

// scale is how large a run is.
type scale struct {
	length, warm, open time.Duration
	clients            []int
	tries              int64 // for each unit of a sold-out pool
	ourUnits, units    int32 // of a sold-out pool, ours and a peer's
	copied             int64 // rows of so many reservations
	spread, spreadL2   int   // pools
	tokens             int
}

func (o Options) scale() scale {
	if o.Short {
		return scale{
			length: 400 * time.Millisecond, warm: 80 * time.Millisecond, open: 500 * time.Millisecond, clients: []int{256}, tries: 1000,
			ourUnits: 10, units: 1, copied: 10_000, spread: 10_000, spreadL2: 400, tokens: 8_000,
		}
	}
	length := cmp.Or(o.Length, fullLength)
	return scale{
		length: length, warm: length / 5, open: length, clients: []int{64, 256, 2048}, tries: 1000,
		ourUnits: 200, units: 8, copied: 50_000, spread: 10_000, spreadL2: 10_000, tokens: 20_000,
	}
}

// fullLength of a round.
const fullLength = 4 * time.Second

// latencyClients is the number of clients of the cells that are followed by open loops.
const latencyClients = 256

// plenty is more than a run can sell.
const plenty = 1_000_000

// plentyHTTP is the most that a room type may have over HTTP.
const plentyHTTP = 100_000

// peers tells whether there are peers: they need PostgreSQL.
func (o Options) peers() bool { return slices.Contains(o.Stores, house.Postgres) }

// cores adds our core on each store, and the peers on PostgreSQL.
func (c *cell) cores(s scale, stay *house.Stay, soldOut bool, forms ...peer.Form) {
	for _, engine := range c.Stores {
		e := &entry{name: string(engine), ours: true, units: plenty}
		if soldOut {
			e.units, e.tries = s.ourUnits, s.tries*int64(s.ourUnits)
		}
		e.open = func(ctx context.Context, e *entry) (contestant, error) {
			return house.OpenCore(ctx, house.Plan{Engine: engine, Stay: stay, Pools: c.pools, Units: e.units})
		}
		c.entries = append(c.entries, e)
	}
	if !c.peers() {
		return
	}
	for _, form := range forms {
		e := &entry{name: string(form), units: plenty}
		if soldOut {
			e.units, e.tries = s.units, s.tries*int64(s.units)
		}
		e.open = func(ctx context.Context, e *entry) (contestant, error) {
			return house.OpenPeer(ctx, house.Plan{Engine: house.Postgres, Stay: stay, Pools: c.pools, Units: e.units}, form, c.Connections)
		}
		c.entries = append(c.entries, e)
	}
}

// overHTTP is a server with connections to it.
type overHTTP struct {
	*wire.Client
	verifier
}

type verifier interface {
	Check(ctx context.Context, want check.Expect) (*check.Report, error)
	Close(ctx context.Context) error
	PID() int
}

func (h overHTTP) Close(ctx context.Context) error {
	return errors.Join(h.Client.Close(), h.verifier.Close(ctx))
}

// servers adds the real binary on each store, and a peer's server.
func (c *cell) servers(s scale, stay *house.Stay, soldOut bool, perHouse int, form peer.Form) {
	plan := func(engine house.Engine, units int32) house.ServerPlan {
		return house.ServerPlan{
			Plan:   house.Plan{Engine: engine, Stay: stay, Pools: c.pools, Units: units},
			Binary: c.Binary, Tokens: s.tokens, PerHouse: perHouse,
		}
	}
	for _, engine := range c.Stores {
		e := &entry{name: string(engine), ours: true, units: plentyHTTP}
		if soldOut {
			e.units, e.tries = s.ourUnits, s.tries*int64(s.ourUnits)
		}
		e.open = func(ctx context.Context, e *entry) (contestant, error) {
			server, err := house.OpenServer(ctx, plan(engine, e.units))
			if err != nil {
				return nil, err
			}
			return c.connect(ctx, server.Address, server.Tokens, server.Bodies, server)
		}
		c.entries = append(c.entries, e)
	}
	if form == "" || !c.peers() {
		return
	}
	e := &entry{name: string(form), units: plentyHTTP}
	if soldOut {
		e.units, e.tries = s.units, s.tries*int64(s.units)
	}
	e.open = func(ctx context.Context, e *entry) (contestant, error) {
		server, err := house.OpenPeerServer(ctx, plan(house.Postgres, e.units), form, c.Connections)
		if err != nil {
			return nil, err
		}
		return c.connect(ctx, server.Address, server.Tokens, server.Bodies, server)
	}
	c.entries = append(c.entries, e)
}

func (c *cell) connect(ctx context.Context, address string, tokens []string, bodies [][]byte, v verifier) (contestant, error) {
	client, err := wire.Dial(ctx, address, max(c.clients, openConnections), tokens, bodies)
	if err != nil {
		return nil, errors.Join(err, v.Close(ctx))
	}
	return overHTTP{client, v}, nil
}

// openConnections are kept for the open loops.
const openConnections = 256

// copies measures COPY once a round, of the rows that our core has stored on PostgreSQL.
type copies struct {
	rows  *peer.Rows
	most  int64
	rates []float64
}

func (k *copies) measure(ctx context.Context, c *cell, stay *house.Stay) error {
	ours := c.find(string(house.Postgres))
	core, ok := ours.contestant.(*house.Core)
	if !ok {
		return fmt.Errorf("rows to copy come from our core, not from %T", ours.contestant)
	}
	var err error
	if k.rows == nil {
		if k.rows, err = peer.TakeRows(ctx, core.DSN(), k.most); err != nil {
			return err
		}
	}
	d, err := house.PeerDatabase(ctx, house.Plan{Stay: stay})
	if err != nil {
		return err
	}
	took, err := k.rows.Load(ctx, d.DSN)
	if err = errors.Join(err, d.Drop(ctx)); err != nil {
		return err
	}
	k.rates = append(k.rates, float64(k.rows.Reservations)/took.Seconds())
	c.say("%s copy: %.0f/s (%d reservations)", c.name, k.rates[len(k.rates)-1], k.rows.Reservations)
	return nil
}

func (k *copies) median() float64 { return (&entry{rates: k.rates}).median() }

// latencies runs open loops: ours and the best peer at half of the peer's throughput, ours at half of its own.
func (c *cell) latencies(ctx context.Context, s scale, round int) (lines []Line, err error) {
	ms := func(e *entry, q float64) float64 { return float64(e.latency.Quantile(q)) / float64(time.Millisecond) }
	best := c.best()
	if best != nil {
		if err := c.openLoop(ctx, best, round, best.median()/2, s.open); err != nil {
			return nil, err
		}
	}
	for _, engine := range c.Stores {
		e := c.find(string(engine))
		if best != nil {
			if err := c.openLoop(ctx, e, round, best.median()/2, s.open); err != nil {
				return nil, err
			}
			l := Line{Name: fmt.Sprintf("%s.%s.p99_at_half_of_%s", c.name, engine, best.name), Unit: "ms", Ours: ms(e, 0.99), Peer: ms(best, 0.99), Form: best.name}
			l.Ratio = l.Peer / l.Ours
			l.Note = fmt.Sprintf("at %.0f/s; p50 %.2f and %.2f, p90 %.2f and %.2f, p99.9 %.2f and %.2f, max %.2f and %.2f ms; ratio is peer / ours",
				best.median()/2, ms(e, 0.5), ms(best, 0.5), ms(e, 0.9), ms(best, 0.9), ms(e, 0.999), ms(best, 0.999), ms(e, 1), ms(best, 1))
			lines = append(lines, l)
		}
		if err := c.openLoop(ctx, e, round, e.median()/2, s.open); err != nil {
			return nil, err
		}
		lines = append(lines, Line{
			Name: fmt.Sprintf("%s.%s.p99_at_half_of_own", c.name, engine), Unit: "ms", Ours: ms(e, 0.99),
			Note: fmt.Sprintf("at %.0f/s; p50 %.2f, p90 %.2f, p99.9 %.2f, max %.2f ms", e.median()/2, ms(e, 0.5), ms(e, 0.9), ms(e, 0.999), ms(e, 1)),
		})
	}
	return lines, nil
}
