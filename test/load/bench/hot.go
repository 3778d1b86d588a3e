package bench

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"holdfast/test/load/check"
	"holdfast/test/load/drive"
	"holdfast/test/load/house"
	"holdfast/test/load/peer"
)

// The aims of B1 and B2.
const (
	hotForUpdate  = 20     // L1, times SELECT ... FOR UPDATE
	hotCopy       = 0.8    // L1, times COPY of the same rows
	hotHTTP       = 5      // L2, times the best form behind HTTP
	hotHTTPRate   = 10_000 // L2, durable holds a second
	soldOutRate   = 25_000 // answers a second
	spreadForLock = 3      // L1, times SELECT ... FOR UPDATE
)

// B1 is the hot pool: everybody wants the same three nights; then it is sold out.
func B1(ctx context.Context, o Options) ([]Line, error) {
	if err := selfCheck(ctx, o); err != nil {
		return nil, err
	}
	var lines []Line
	best, refuses := peer.OneStatement, peer.Optimistic // unless L1 finds others faster
	if slices.Contains(o.Layers, 0) {
		got, err := o.rulesCells(ctx, "hot", "sold_out")
		if err != nil {
			return lines, err
		}
		lines = append(lines, got...)
	}
	if slices.Contains(o.Layers, 1) {
		for _, clients := range o.scale().clients {
			got, fastest, err := o.coreCell(ctx, "hot", clients, false)
			if err != nil {
				return lines, err
			}
			if fastest != "" {
				best = fastest
			}
			lines = append(lines, got...)
		}
		got, fastest, err := o.soldOutCell(ctx, 1, peer.Forms...)
		if err != nil {
			return lines, err
		}
		if fastest != "" {
			refuses = fastest
		}
		lines = append(lines, got...)
	}
	if slices.Contains(o.Layers, 2) {
		for _, clients := range o.scale().clients {
			got, err := o.serverCell(ctx, "hot", clients, false, best)
			if err != nil {
				return lines, err
			}
			lines = append(lines, got...)
		}
		got, _, err := o.soldOutCell(ctx, 2, refuses)
		if err != nil {
			return lines, err
		}
		lines = append(lines, got...)
	}
	return lines, nil
}

// B2 is the same over many pools.
func B2(ctx context.Context, o Options) ([]Line, error) {
	var lines []Line
	best := peer.OneStatement
	if slices.Contains(o.Layers, 0) {
		got, err := o.rulesCells(ctx, "spread")
		if err != nil {
			return lines, err
		}
		lines = append(lines, got...)
	}
	if slices.Contains(o.Layers, 1) {
		for _, clients := range o.scale().clients {
			got, fastest, err := o.coreCell(ctx, "spread", clients, true)
			if err != nil {
				return lines, err
			}
			if fastest != "" {
				best = fastest
			}
			lines = append(lines, got...)
		}
	}
	if slices.Contains(o.Layers, 2) {
		got, err := o.serverCell(ctx, "spread", latencyClients, true, best)
		if err != nil {
			return lines, err
		}
		lines = append(lines, got...)
	}
	return lines, nil
}

// rulesCells are L0: the desk and the rules on a store that keeps nothing. There is nobody to compare with.
func (o Options) rulesCells(ctx context.Context, kinds ...string) (lines []Line, err error) {
	s, stay := o.scale(), house.NewStay()
	o.Stores = []house.Engine{house.Memory}
	for _, kind := range kinds {
		c := o.cell(0, kind, latencyClients)
		if kind == "spread" {
			c.pools, c.spread = s.spread, true
		}
		c.cores(s, stay, kind == "sold_out")
		if err := c.run(ctx, nil); err != nil {
			return lines, err
		}
		ours := c.find(string(house.Memory))
		l := line(c.name, ours.median(), "", 0).priced(ours, nil)
		l.Note = "no store: desk and rules alone"
		lines = append(lines, l)
	}
	return lines, nil
}

// coreCell is L1 with so many clients; it names the fastest peer that answers each request by itself.
func (o Options) coreCell(ctx context.Context, kind string, clients int, spread bool) ([]Line, peer.Form, error) {
	s, stay := o.scale(), house.NewStay()
	c := o.cell(1, kind, clients)
	if spread {
		c.pools, c.spread = s.spread, true
	}
	c.cores(s, stay, false, append(slices.Clone(peer.Forms), peer.Batched)...)
	k := &copies{most: s.copied}
	if o.peers() {
		c.extra = func(ctx context.Context, _ int) error { return k.measure(ctx, c, stay) }
	}
	var latency []Line
	err := c.run(ctx, func(ctx context.Context) (err error) {
		if clients == latencyClients {
			latency, err = c.latencies(ctx, s, o.Rounds)
		}
		return err
	})
	if err != nil {
		return nil, "", err
	}
	var lines []Line
	for _, engine := range o.Stores {
		ours := c.find(string(engine)).median()
		name := c.name + "." + string(engine)
		if !o.peers() {
			lines = append(lines, line(name, ours, "", 0).priced(c.find(string(engine)), nil))
			continue
		}
		for _, form := range append(slices.Clone(peer.Forms), peer.Batched) {
			l := line(name+"."+string(form), ours, string(form), c.find(string(form)).median()).priced(c.find(string(engine)), c.find(string(form)))
			if form == peer.ForUpdate {
				l.Aim = hotForUpdate
				if spread {
					l.Aim = spreadForLock
				}
			}
			lines = append(lines, l)
		}
		l := line(name+".copy", ours, "copy", k.median())
		if !spread && engine == house.Postgres {
			l.Aim = hotCopy
		}
		lines = append(lines, l)
	}
	var fastest peer.Form
	if e := c.best(); e != nil {
		fastest = peer.Form(e.name)
	}
	return append(lines, latency...), fastest, nil
}

// serverCell is L2 with so many clients.
func (o Options) serverCell(ctx context.Context, kind string, clients int, spread bool, form peer.Form) ([]Line, error) {
	s, stay := o.scale(), house.NewStay()
	c := o.cell(2, kind, clients)
	perHouse := 1
	if spread {
		c.pools, c.spread, perHouse = s.spreadL2, true, 20
	}
	c.servers(s, stay, false, perHouse, form)
	var latency []Line
	err := c.run(ctx, func(ctx context.Context) (err error) {
		if clients == latencyClients {
			latency, err = c.latencies(ctx, s, o.Rounds)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	var lines []Line
	for _, engine := range o.Stores {
		l := o.against(c, engine, form)
		if !spread {
			l.Aim, l.Least = hotHTTP, hotHTTPRate
		} else if c.pools != s.spread {
			l.Note = fmt.Sprintf("%d pools", c.pools)
		}
		lines = append(lines, l)
	}
	return append(lines, latency...), nil
}

// soldOutCell asks 1,000 times for each unit; it names the peer that was fastest at that.
func (o Options) soldOutCell(ctx context.Context, layer int, forms ...peer.Form) ([]Line, peer.Form, error) {
	s, stay := o.scale(), house.NewStay()
	c := o.cell(layer, "sold_out", latencyClients)
	if layer == 1 {
		c.cores(s, stay, true, forms...)
	} else {
		c.servers(s, stay, true, 1, forms[0])
	}
	if err := c.run(ctx, nil); err != nil {
		return nil, "", err
	}
	fastest := forms[0]
	if e := c.best(); e != nil {
		fastest = peer.Form(e.name)
	}
	var lines []Line
	for _, engine := range o.Stores {
		l := o.against(c, engine, fastest)
		l.Least = soldOutRate
		l.Note = fmt.Sprintf("answers a second; %d tries for each unit", s.tries)
		lines = append(lines, l)
	}
	return lines, fastest, nil
}

func (o Options) against(c *cell, engine house.Engine, form peer.Form) Line {
	theirs, name := 0.0, c.name+"."+string(engine)
	if e := c.find(string(form)); e != nil {
		theirs, name = e.median(), name+"."+string(form)
	}
	return line(name, c.find(string(engine)).median(), string(form), theirs).priced(c.find(string(engine)), c.find(string(form)))
}

// cell is an empty cell with a pool for each round and one for the open loops.
func (o Options) cell(layer int, kind string, clients int) *cell {
	s := o.scale()
	bench := "b1"
	if kind == "spread" {
		bench = "b2"
	}
	return &cell{
		Options: o, name: fmt.Sprintf("%s.l%d.%s.c%d", bench, layer, kind, clients), clients: clients, pools: o.Rounds + 1, length: s.length, warm: s.warm,
	}
}

var errBlind = errors.New("the verifier did not catch the peer that checks first and writes afterwards")

// selfCheck shows that the verifier can see: a peer without a guard must be caught.
func selfCheck(ctx context.Context, o Options) (err error) {
	if !o.peers() {
		return nil
	}
	p, err := house.OpenPeer(ctx, house.Plan{Engine: house.Postgres, Stay: house.NewStay(), Pools: 1, Units: plenty}, peer.Unguarded, o.Connections)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.Close(ctx)) }()
	r := drive.Closed(ctx, p, drive.Load{Clients: 2 * o.Connections, Tries: 400, Targets: 1})
	want := check.Expect{Unknown: r.Failed}
	for _, a := range r.Acks {
		want.Acks = append(want.Acks, a.ID)
	}
	report, err := p.Check(ctx, want)
	if err != nil {
		return err
	}
	for _, f := range report.Findings {
		if strings.Contains(f, "its claims add up to") {
			_, _ = fmt.Fprintf(o.Progress, "  self-check: without a guard the verifier says %q\n", f)
			return nil
		}
	}
	return errBlind
}
