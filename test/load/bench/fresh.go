package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"holdfast/hotel"
	"holdfast/offer"
	"holdfast/test/load/drive"
	"holdfast/test/load/house"
	"holdfast/test/load/meter"
	"holdfast/test/load/result"
	"holdfast/test/load/traffic"
	"holdfast/uid"
)

const (
	freshMS      = 10 // p99, commit to visible
	outboxEvery  = 100 * time.Millisecond
	freshPatient = 10 * time.Second
	freshGap     = 20 * time.Millisecond // between two sales, at most: they come at any moment of somebody's interval
	freshLook    = 300 * time.Microsecond
)

// B5 is freshness: how long after its commit a sale is seen by searches, in the process that sold and in another one on
// the same database.
func B5(ctx context.Context, o Options) (lines []Line, err error) {
	if !slices.Contains(o.Layers, 1) && !slices.Contains(o.Layers, 2) {
		return nil, nil
	}
	town := house.Town{Hotels: 1, Types: 1, Nights: 75, Rooms: 20_000}
	if slices.Contains(o.Stores, house.SQLite) {
		h, err := o.freshAlone(ctx, "", town)
		if err != nil {
			return lines, fmt.Errorf("sqlite: %w", err)
		}
		lines = append(lines, freshLine("b5.same_process.sqlite", h, nil, ""))
	}
	if !slices.Contains(o.Stores, house.Postgres) || !slices.Contains(o.Layers, 2) {
		return lines, nil
	}
	got, err := o.freshApart(ctx, town)
	return append(lines, got...), err
}

func (o Options) sales() int {
	if o.Short {
		return 300
	}
	return 3000
}

func freshLine(name string, ours, theirs *drive.Histogram, note string) Line {
	ms := func(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
	l := Line{Name: name + ".p99", Unit: "ms", Ours: ms(ours.Quantile(0.99)), Most: freshMS, Note: "from the commit to the first search that shows it: " + ours.Summary().String()}
	if theirs != nil {
		l.Peer, l.Form = ms(theirs.Quantile(0.99)), "outbox_poller"
		l.Ratio = l.Peer / l.Ours
		l.Note += "; poller every 100 ms: " + theirs.Summary().String() + "; ratio is peer / ours"
	}
	if note != "" {
		l.Note += "; " + note
	}
	return l
}

// freshAlone sells and searches in one process: the very next search must show the sale.
func (o Options) freshAlone(ctx context.Context, dsn string, t house.Town) (_ *drive.Histogram, err error) {
	pair, err := house.OpenPair(ctx, dsn, t)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, pair.Close(ctx)) }()
	q := freshQuery()
	found, err := pair.Hotels.Search(ctx, q)
	if err != nil || len(found) != 1 {
		return nil, fmt.Errorf("%d found: %w", len(found), err)
	}
	left, sealed, h := found[0].Available, found[0].Sealed, &drive.Histogram{}
	for n := range o.sales() {
		_, at, err := pair.Place(ctx, int64(n), sealed)
		if err != nil {
			return nil, err
		}
		left--
		if found, err = pair.Hotels.Search(ctx, q); err != nil || len(found) != 1 {
			return nil, fmt.Errorf("%d found: %w", len(found), err)
		}
		if found[0].Available != left {
			return nil, fmt.Errorf("sale %d was answered, and the next search sees %d rooms instead of %d", n+1, found[0].Available, left)
		}
		h.Add(time.Since(at))
	}
	o.Result.Add("b5.same_process", result.RoundOf(&drive.Result{Placed: int64(o.sales()), Latency: h}, 0, meter.Cost{}))
	return h, nil
}

func freshQuery() hotel.StayQuery {
	from := house.Today().Add(30)
	return hotel.StayQuery{Place: house.TownCity, CheckIn: from, CheckOut: from.Add(house.Nights), Rooms: []offer.Party{{Adults: 2}}, Sort: hotel.ByPrice, Limit: 1}
}

// freshApart sells here and searches in the real binary, both on one PostgreSQL, beside a poller of the outbox.
func (o Options) freshApart(ctx context.Context, t house.Town) (lines []Line, err error) {
	server, err := house.OpenServer(ctx, house.ServerPlan{Plan: house.Plan{Engine: house.Postgres, Stay: house.NewStay()}, Binary: o.Binary, Tokens: 1, Town: &t})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, server.Close(ctx)) }()
	alone, err := o.freshAlone(ctx, server.DSN(), t)
	if err != nil {
		return nil, fmt.Errorf("postgres: %w", err)
	}
	lines = append(lines, freshLine("b5.same_process.postgres", alone, nil, ""))

	pair, err := house.OpenPair(ctx, server.DSN(), t)
	if err != nil {
		return lines, err
	}
	defer func() { err = errors.Join(err, pair.Close(ctx)) }()
	site, err := traffic.Open(ctx, traffic.Target{Address: server.Address, Tokens: server.Tokens, Connections: 1})
	if err != nil {
		return lines, err
	}
	defer func() { err = errors.Join(err, site.Close()) }()
	poller, err := newOutboxPoller(ctx, server.DSN())
	if err != nil {
		return lines, err
	}
	defer func() { err = errors.Join(err, poller.stop(ctx)) }()
	q := freshQuery()
	left, err := settled(ctx, pair, site, q)
	if err != nil {
		return lines, err
	}
	ours, idle := &drive.Histogram{}, time.NewTimer(0)
	defer idle.Stop()
	for n := range o.sales() {
		// The offer is another one each minute: a full run is longer than an offer lives.
		found, err := pair.Hotels.Search(ctx, q)
		if err != nil || len(found) != 1 {
			return lines, fmt.Errorf("%d found: %w", len(found), err)
		}
		id, at, err := pair.Place(ctx, int64(o.sales()+n), found[0].Sealed)
		if err != nil {
			return lines, err
		}
		poller.expect(id, at)
		left--
		seen, err := watch(ctx, site, q, left, at)
		if err != nil {
			return lines, fmt.Errorf("sale %d: %w", n+1, err)
		}
		ours.Add(seen)
		idle.Reset(time.Duration(rand.Int64N(int64(freshGap)))) //nolint:gosec // any moment will do
		<-idle.C
	}
	theirs, err := poller.result(ctx, o.sales())
	if err != nil {
		return lines, err
	}
	o.Result.Add("b5.second_process.ours", result.RoundOf(&drive.Result{Placed: int64(o.sales()), Latency: ours}, 0, meter.Cost{}))
	o.Result.Add("b5.second_process.outbox_poller", result.RoundOf(&drive.Result{Placed: int64(o.sales()), Latency: theirs}, 0, meter.Cost{}))
	return append(lines, freshLine("b5.second_process.postgres", ours, theirs, "seen over HTTP by asking every 0.3 ms")), nil
}

// settled waits until both processes see the same and returns it.
func settled(ctx context.Context, pair *house.Pair, site *traffic.Site, q hotel.StayQuery) (int32, error) {
	found, err := pair.Hotels.Search(ctx, q)
	if err != nil || len(found) != 1 {
		return 0, fmt.Errorf("%d found: %w", len(found), err)
	}
	_, err = watch(ctx, site, q, found[0].Available, time.Now())
	return found[0].Available, err
}

// watch searches over HTTP until so many rooms are left and returns how long after at that was.
func watch(ctx context.Context, site *traffic.Site, q hotel.StayQuery, left int32, at time.Time) (time.Duration, error) {
	mark := []byte(`"available":` + strconv.Itoa(int(left)) + ",")
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		<-timer.C
		body, err := site.Find(ctx, q.Place, q.CheckIn, q.CheckOut, 1)
		seen := time.Since(at)
		switch {
		case err != nil:
			return 0, err
		case bytes.Contains(body, mark):
			return seen, nil
		case seen > freshPatient:
			return 0, fmt.Errorf("%d rooms are not seen after %v: %.500s", left, seen, body)
		}
		timer.Reset(freshLook)
	}
}

// outboxPoller is the peer: it reads the outbox every 100 ms, as one does.
type outboxPoller struct {
	conn   *pgx.Conn
	cancel context.CancelFunc
	wg     sync.WaitGroup

	mu      sync.Mutex
	sold    map[uid.ID]time.Time
	seen    map[uid.ID]time.Time
	latency drive.Histogram
	failed  error
}

func newOutboxPoller(ctx context.Context, dsn string) (*outboxPoller, error) {
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return nil, err
	}
	p := &outboxPoller{conn: conn, sold: map[uid.ID]time.Time{}, seen: map[uid.ID]time.Time{}}
	at := map[int32]int64{}
	if err := p.poll(ctx, at); err != nil {
		return nil, errors.Join(err, conn.Close(ctx))
	}
	ctx, p.cancel = context.WithCancel(ctx)
	p.wg.Go(func() {
		tick := time.NewTicker(outboxEvery)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				if err := p.poll(ctx, at); err != nil && ctx.Err() == nil {
					p.mu.Lock()
					p.failed = errors.Join(p.failed, err)
					p.mu.Unlock()
					return
				}
			}
		}
	})
	return p, nil
}

// poll reads what is behind the positions of the streams.
func (p *outboxPoller) poll(ctx context.Context, at map[int32]int64) error {
	var streams []int32
	rows, err := p.conn.Query(ctx, "SELECT DISTINCT stream FROM reservation.outbox")
	if err != nil {
		return err
	}
	if streams, err = pgx.CollectRows(rows, pgx.RowTo[int32]); err != nil {
		return err
	}
	for _, stream := range streams {
		rows, err := p.conn.Query(ctx, "SELECT n, subject FROM reservation.outbox WHERE stream = $1 AND n > $2 ORDER BY n LIMIT 500", stream, at[stream])
		if err != nil {
			return err
		}
		for rows.Next() {
			var n int64
			var subject *[16]byte
			if err := rows.Scan(&n, &subject); err != nil {
				rows.Close()
				return err
			}
			at[stream] = n
			if subject != nil {
				p.saw(uid.ID(*subject), time.Now())
			}
		}
		if err := rows.Err(); err != nil {
			return err
		}
	}
	return nil
}

func (p *outboxPoller) saw(id uid.ID, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.seen[id] = now
	p.match(id)
}

func (p *outboxPoller) expect(id uid.ID, at time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sold[id] = at
	p.match(id)
}

func (p *outboxPoller) match(id uid.ID) {
	sold, ok := p.sold[id]
	seen, there := p.seen[id]
	if ok && there {
		p.latency.Add(seen.Sub(sold))
		delete(p.sold, id)
	}
}

// result waits until the poller has seen all sales.
func (p *outboxPoller) result(ctx context.Context, sales int) (*drive.Histogram, error) {
	deadline, tick := time.After(freshPatient), time.NewTicker(outboxEvery)
	defer tick.Stop()
	for {
		p.mu.Lock()
		missing, err := len(p.sold), p.failed
		p.mu.Unlock()
		switch {
		case err != nil:
			return nil, err
		case missing == 0 && p.latency.Count() == int64(sales):
			return &p.latency, nil
		}
		select {
		case <-deadline:
			return nil, fmt.Errorf("the poller has not seen %d of %d sales", missing, sales)
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-tick.C:
		}
	}
}

func (p *outboxPoller) stop(ctx context.Context) error {
	p.cancel()
	p.wg.Wait()
	return p.conn.Close(ctx)
}
