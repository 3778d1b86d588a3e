package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"holdfast/hotel"
	"holdfast/test/load/country"
	"holdfast/test/load/drive"
	"holdfast/test/load/house"
	"holdfast/test/load/meter"
)

// The aims of B6.
const (
	viewBytes      = 8  // a slot: free count, restrictions, base price, houses and indexes
	restartSeconds = 10 // from opened stores to the first answer
)

// How B6 measures.
const (
	oneDay        = 24 * time.Hour
	compared      = 40 // searches whose answers must be equal however the view came up
	sellers       = 16 // clients that place stays while the horizon rolls on
	think         = 10 * time.Millisecond
	quietSales    = 3 * time.Second // of them before it does
	searchesSold  = 30              // whose offers are sold
	mostCopied    = 10_000          // room types whose slots COPY writes
	progressEvery = 2 * time.Second
)

func (o Options) country() country.Size {
	if o.Short {
		return country.Size{Hotels: 140, Types: country.Full.Types, Nights: country.Full.Nights}
	}
	return country.Full
}

// B6 is scale: loading a country beside COPY, what the view takes, starting again from an image and from the tables,
// and a day passing.
func B6(ctx context.Context, o Options) (lines []Line, err error) {
	for _, engine := range o.Stores {
		got, err := o.scaleOn(ctx, engine)
		if lines = append(lines, got...); err != nil {
			return lines, fmt.Errorf("%s: %w", engine, err)
		}
	}
	return lines, nil
}

// scaling is B6 on one store.
type scaling struct {
	Options
	engine house.Engine
	size   country.Size
	place  country.Place
	lines  []Line
}

func (o Options) scaleOn(ctx context.Context, engine house.Engine) (lines []Line, err error) {
	b := &scaling{Options: o, engine: engine, size: o.country()}
	if b.place.Folder, err = os.MkdirTemp("", "holdfast-b6-"); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(b.place.Folder)) }()
	if engine == house.Postgres {
		d, err := house.NewDatabase(ctx)
		if err != nil {
			return nil, err
		}
		defer func() { _ = d.Drop(ctx) }() // the server's folder goes with it anyway
		b.place.DSN = d.DSN
	}
	for _, step := range []func(context.Context) error{b.load, b.restart, b.day} {
		if err := step(ctx); err != nil {
			return b.lines, err
		}
	}
	return b.lines, nil
}

func (b *scaling) say(format string, args ...any) {
	_, _ = fmt.Fprintf(b.Progress, "  b6 %s: "+format+"\n", append([]any{b.engine}, args...)...)
}

func (b *scaling) add(l Line) {
	l.Name = fmt.Sprintf("b6.%s.%s", l.Name, b.engine)
	if l.Peer > 0 {
		l.Ratio = l.Ours / l.Peer
	}
	b.lines = append(b.lines, l)
}

func (b *scaling) open(ctx context.Context, image bool) (*country.System, error) {
	return country.Open(ctx, country.Options{Place: b.place, Nights: b.size.Nights, NoImage: !image, Log: b.Progress})
}

// load makes all hotels and their slots.
func (b *scaling) load(ctx context.Context) (err error) {
	s, err := b.open(ctx, true)
	if err != nil {
		return err
	}
	closed := false
	defer func() {
		if !closed {
			err = errors.Join(err, s.Close(ctx))
		}
	}()
	began, said, used := time.Now(), time.Now(), meter.Read(0, b.Database)
	perHotel := int64(b.size.Types) * int64(b.size.Nights)
	err = s.Load(ctx, b.size, 0, func(hotels int) {
		if time.Since(said) < progressEvery && hotels < b.size.Hotels {
			return
		}
		said = time.Now()
		b.say("%d of %d hotels, %.1f million slots, %.0f slots/s", hotels, b.size.Hotels, float64(int64(hotels)*perHotel)/1e6,
			float64(int64(hotels)*perHotel)/time.Since(began).Seconds())
	})
	if err != nil {
		return err
	}
	took := time.Since(began)
	cost := meter.Read(0, b.Database).Since(used).Per(b.size.Slots())
	l := Line{
		Name: "load", Unit: "/s", Ours: float64(b.size.Slots()) / took.Seconds(), Cost: &cost,
		Note: fmt.Sprintf("%d slots of %d hotels in %.1f s", b.size.Slots(), b.size.Hotels, took.Seconds()),
	}
	if b.place.DSN != "" {
		c, err := country.Copy(ctx, b.place.DSN, min(mostCopied, b.size.Hotels*b.size.Types), b.size.Nights)
		if err != nil {
			return err
		}
		b.say("COPY of %d slots %.1f s, index %.1f s", c.Rows, c.Copy.Seconds(), c.Index.Seconds())
		l.Form, l.Peer = "copy_and_index", float64(c.Rows)/(c.Copy+c.Index).Seconds()
	}
	b.add(l)
	closing := time.Now()
	closed = true
	if err := s.Close(ctx); err != nil {
		return err
	}
	b.say("closed in %.1f s", time.Since(closing).Seconds())
	return b.files()
}

// files tells what lies on the disk.
func (b *scaling) files() error {
	found, err := filepath.Glob(filepath.Join(b.place.Folder, "*"))
	if err != nil {
		return err
	}
	for _, path := range found {
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		b.say("%s: %.1f MB, %.2f bytes a slot", filepath.Base(path), float64(info.Size())/1e6, float64(info.Size())/float64(b.size.Slots()))
	}
	return nil
}

// restart opens the system from its image and from its tables, and compares what they answer.
func (b *scaling) restart(ctx context.Context) error {
	images, tables := &entry{}, &entry{}
	var want []string
	for round := range b.rounds() {
		for _, image := range []bool{true, false} {
			got, err := b.start(ctx, image, round, map[bool]*entry{true: images, false: tables}[image])
			if err != nil {
				return err
			}
			if want == nil {
				want = got
			}
			if !slices.Equal(want, got) {
				return errors.New("searches after a start from the image and after one from the tables have different answers")
			}
		}
	}
	b.add(Line{
		Name: "restart", Unit: "s", Ours: images.median(), Form: "tables", Peer: tables.median(), Most: restartSeconds,
		Note: "opened stores to first answer; houses are read from their store in both",
	})
	return nil
}

// rounds of restarting; from the tables it takes minutes at full size.
func (b *scaling) rounds() int {
	if b.Short {
		return b.Rounds
	}
	return 1
}

// start opens the system once. The first round measures its memory too.
func (b *scaling) start(ctx context.Context, image bool, round int, into *entry) (answers []string, err error) {
	debug.FreeOSMemory()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	s, err := b.open(ctx, image)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.Close(ctx)) }()
	first := time.Now()
	if _, err := s.Search(ctx, b.size, 0, 1); err != nil {
		return nil, err
	}
	took := s.Opened + time.Since(first)
	into.rates = append(into.rates, took.Seconds())
	b.say("first answer after %.2f s (image %v)", took.Seconds(), image)
	if image && round == 0 {
		runtime.GC()
		runtime.ReadMemStats(&after)
		held := float64(after.HeapAlloc-min(before.HeapAlloc, after.HeapAlloc)) / float64(b.size.Slots())
		b.add(Line{
			Name: "memory", Unit: "B", Ours: held, Most: viewBytes,
			Note: fmt.Sprintf("a slot: heap of the view, houses and everything else of both services; %.1f MB", float64(after.HeapAlloc)/1e6),
		})
	}
	for n := range compared {
		found, err := s.Search(ctx, b.size, n, 20)
		if err != nil {
			return nil, err
		}
		for i := range found {
			answers = append(answers, answerOf(&found[i]))
		}
	}
	return answers, nil
}

func answerOf(p *hotel.Proposal) string {
	return fmt.Sprintf("%s %s %s %d %d", p.House.Hotel.ID.Text("htl"), p.Type.ID.Text("rt"), p.Plan.ID.Text("rp"), p.Offer.Total().Minor, p.Available)
}

// day lets a day pass: every room type gets a night while stays are sold.
func (b *scaling) day(ctx context.Context) (err error) {
	s, err := b.open(ctx, true)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close(ctx)) }()
	sales, err := s.Sell(ctx, b.size, searchesSold)
	if err != nil {
		return err
	}
	quiet, err := b.sellFor(ctx, sales, func(ctx context.Context) error {
		select {
		case <-time.After(quietSales):
		case <-ctx.Done():
		}
		return ctx.Err()
	})
	if err != nil {
		return err
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	var took time.Duration
	rolling, err := b.sellFor(ctx, sales, func(ctx context.Context) error {
		s.Clock.Advance(oneDay)
		began := time.Now()
		err := s.Hotel.CatchUp(ctx)
		took = time.Since(began)
		return err
	})
	if err != nil {
		return err
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	pools := b.size.Hotels * b.size.Types
	millis := func(h *drive.Histogram, q float64) float64 { return float64(h.Quantile(q).Microseconds()) / 1000 }
	b.add(Line{
		Name: "day.p99", Unit: "ms", Ours: millis(rolling, 0.99), Form: "without", Peer: millis(quiet, 0.99),
		Note: fmt.Sprintf("placings while %d room types get a night each in %.1f s; p50 %.1f ms, without %.1f ms; %d and %d placings; heap %+.1f MB",
			pools, took.Seconds(), millis(rolling, 0.5), millis(quiet, 0.5), rolling.Count(), quiet.Count(), (float64(after.HeapAlloc)-float64(before.HeapAlloc))/1e6),
	})
	return nil
}

// sellFor sells while work runs.
func (b *scaling) sellFor(ctx context.Context, sales *country.Sales, work func(context.Context) error) (*drive.Histogram, error) {
	selling, stop := context.WithCancel(ctx)
	done := make(chan error, 1)
	var running sync.WaitGroup
	running.Go(func() {
		done <- work(ctx)
		stop()
	})
	took, err := sales.Run(selling, sellers, think)
	running.Wait()
	stop()
	return took, errors.Join(err, <-done)
}
