package bench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"holdfast/test/load/drive"
	"holdfast/test/load/house"
	"holdfast/test/load/meter"
	"holdfast/test/load/progress"
	"holdfast/test/load/result"
	"holdfast/test/load/traffic"
	"holdfast/uid"
)

// The aims and the shape of the funnel.
const (
	funnelRate    = 10_000 // mixed requests a second on one node
	funnelMemory  = 99     // percent of the reads that never touch the database
	funnelClients = 64
	funnelShare   = 0.7 // of what was measured in the closed loop is offered in the open one, if that is less than the aim
	funnelChecked = 2000
)

// Funnel is the hotel document's mix of readers and buyers on one node.
func Funnel(ctx context.Context, o Options) (lines []Line, err error) {
	if !slices.Contains(o.Layers, 2) {
		return nil, nil
	}
	stores := o.Stores
	if o.Short {
		stores = stores[len(stores)-1:]
	}
	for _, engine := range stores {
		got, err := o.funnel(ctx, engine)
		lines = append(lines, got...)
		if err != nil {
			return lines, fmt.Errorf("%s: %w", engine, err)
		}
	}
	return lines, nil
}

func (o Options) funnel(ctx context.Context, engine house.Engine) (lines []Line, err error) {
	town := o.city()
	town.Rooms = 200
	s := o.scale()
	server, err := house.OpenServer(ctx, house.ServerPlan{
		Plan: house.Plan{Engine: engine, Stay: house.NewStay()}, Binary: o.Binary, Tokens: s.tokens, Town: &town,
	})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, server.Close(ctx)) }()
	site, err := traffic.Open(ctx, traffic.Target{Address: server.Address, Tokens: server.Tokens, Connections: funnelClients, Days: town.Nights - 40})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, site.Close()) }()
	scenario, err := site.Scenario(ctx, "funnel")
	if err != nil {
		return nil, err
	}
	name := "funnel." + string(engine)
	ours, seed := &entry{name: name}, uint64(0)
	var acks []drive.Ack
	run := func(kind string, l drive.Load, loop func(context.Context, drive.Seller, drive.Load) *drive.Result) (*drive.Result, float64, error) {
		seed++
		l.Targets, l.Seed, l.Live = 1, seed*seedOf, &drive.Live{}
		shown := progress.Watch(o.Progress, name+" "+kind, l.Duration, l.Live)
		extra, before := scenario.Extra.Load(), meter.Read(server.PID(), o.Database)
		r := loop(ctx, scenario, l)
		used := meter.Read(server.PID(), o.Database).Since(before)
		shown()
		requests := r.Answers() + scenario.Extra.Load() - extra
		ours.used, ours.answers = ours.used.Plus(used), ours.answers+requests
		o.Result.Add(name, result.RoundOf(r, l.Rate, used.Per(requests)))
		if err := ours.book(ctx, r); err != nil {
			return nil, 0, err
		}
		acks = append(acks, r.Acks...)
		_, _ = fmt.Fprintf(o.Progress, "  %s %s: %.0f requests/s, %v (%d bookings paid)\n", name, kind, float64(requests)/r.Elapsed.Seconds(), r.Latency.Summary(), len(r.Acks))
		return r, float64(requests) / r.Elapsed.Seconds(), nil
	}
	before, err := reads(ctx, server.Address)
	if err != nil {
		return nil, err
	}
	length := 5 * s.length
	for range o.Rounds {
		_, rate, err := run("closed loop", drive.Load{Clients: funnelClients, Duration: length, Warm: length / 5}, drive.Closed)
		if err != nil {
			return nil, err
		}
		ours.rates = append(ours.rates, rate)
	}
	offered := min(funnelRate, funnelShare*ours.median())
	open, _, err := run("open loop", drive.Load{Clients: openClients, Duration: 2 * length, Rate: offered}, drive.Open)
	if err != nil {
		return nil, err
	}
	after, err := reads(ctx, server.Address)
	if err != nil {
		return nil, err
	}
	ours.rss = meter.PeakRSS(server.PID())
	o.Result.Memory(name, ours.rss)
	if err := booked(ctx, site, acks); err != nil {
		return nil, err
	}
	if err := server.Audit(ctx); err != nil {
		return nil, err
	}
	l := line(name+".requests", ours.median(), "", 0).priced(ours, nil)
	l.Least, l.Note = funnelRate, "300 views : 30 booking pages : 3 bookings paid; "+strconv.Itoa(len(acks))+" bookings verified, audit clean"
	lines = append(lines, l, Line{
		Name: name + ".p99_open_loop", Unit: "ms", Ours: float64(open.Latency.Quantile(0.99)) / float64(time.Millisecond),
		Note: fmt.Sprintf("at %.0f steps/s: %v", offered, open.Latency.Summary()),
	})
	if all := after.all - before.all; all > 0 {
		lines = append(lines, Line{
			Name: name + ".reads_without_database", Unit: "%", Ours: 100 * (1 - (after.stored-before.stored)/all), Least: funnelMemory,
			Note: fmt.Sprintf("%.0f reads, by the server's own count", all),
		})
	}
	return lines, nil
}

// booked asks for what was acknowledged, for all of it or an even sample.
func booked(ctx context.Context, site *traffic.Site, acks []drive.Ack) error {
	seen := map[uid.ID]bool{}
	for i, step := 0, max(1, len(acks)/funnelChecked); i < len(acks); i += step {
		a := acks[i]
		if seen[a.ID] {
			return fmt.Errorf("reservation %s was given to two requests", a.ID.Text("res"))
		}
		seen[a.ID] = true
		if err := site.Booked(ctx, a.N, a.ID); err != nil {
			return err
		}
	}
	return nil
}

// readCount is how many reads a server has answered, and for how many of them it touched its database.
type readCount struct{ all, stored float64 }

// reads takes the counts from /metrics. A server that does not count them has none.
func reads(ctx context.Context, address string) (c readCount, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/metrics", http.NoBody)
	if err != nil {
		return c, err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return c, err
	}
	defer func() { _ = answer.Body.Close() }()
	return countReads(answer.Body)
}

// countReads adds up holdfast_http_store_requests_total over the routes that read: searches, lists and pages of hotels.
func countReads(metrics io.Reader) (c readCount, err error) {
	lines := bufio.NewScanner(metrics)
	for lines.Scan() {
		text, ok := strings.CutPrefix(lines.Text(), "holdfast_http_store_requests_total{")
		if !ok || !strings.Contains(text, `route="GET /v1/hotels`) && !strings.Contains(text, `route="POST /v1/offers"`) {
			continue
		}
		value, err := strconv.ParseFloat(text[strings.LastIndexByte(text, ' ')+1:], 64)
		if err != nil {
			return c, fmt.Errorf("/metrics: %q", text)
		}
		c.all += value
		if !strings.Contains(text, `store="no"`) {
			c.stored += value
		}
	}
	return c, lines.Err()
}
