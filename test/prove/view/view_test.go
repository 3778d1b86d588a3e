package view

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"holdfast/civil"
	"holdfast/fault"
	"holdfast/hotel"
	hotelpostgres "holdfast/hotel/postgres"
	hotelsqlite "holdfast/hotel/sqlite"
	"holdfast/internal/clock"
	"holdfast/offer"
	"holdfast/reservation"
	"holdfast/stock"
	"holdfast/test/prove/effort"
	"holdfast/test/prove/rig"
	"holdfast/uid"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// Sizes of the world.
const (
	houses    = 5
	capacity  = 4
	horizon   = 40               // nights on sale
	clients   = 8                // of each process
	shortForm = 2                // rounds of each shape; a round starts views under load and compares them once quiet
	views     = 2                // started in a round on each process
	stirred   = 150              // events that pass a view while it reads the tables
	quietFor  = 30 * time.Second // at most until what other processes did is seen
)

// place is one room type.
type place struct {
	house, kind uid.ID
	pool        stock.PoolID
}

// world is processes with hotels on one store.
type world struct {
	*rig.World
	open   func() hotel.Store
	hotels *hotel.Core // of the first process, which makes the houses
	editor hotel.Editor
	places []place
	today  civil.Date
}

func open(t *testing.T, shape rig.Shape) *world {
	t.Helper()
	w := &world{World: rig.Open(t, shape, rig.Options{Settings: func(s *reservation.Settings) { s.Caps.HoldsPerPool, s.Caps.UnitsPerPool = 10_000, 10_000 }})}
	w.today = civil.Today(time.Now(), time.UTC)
	w.editor = hotel.Editor{Subject: "staff", Supplier: w.Supplier}
	if shape.Postgres {
		rig.Check(t, hotelpostgres.Migrate(t.Context(), w.DSN))
		w.open = func() hotel.Store { return rig.Must[hotel.Store](t)(hotelpostgres.Open(t.Context(), w.DSN, 3)) }
	} else {
		file := filepath.Join(t.TempDir(), "hotel.db")
		rig.Check(t, hotelsqlite.Migrate(t.Context(), file))
		w.open = func() hotel.Store { return rig.Must[hotel.Store](t)(hotelsqlite.Open(t.Context(), file)) }
	}
	w.hotels = w.start(t, w.Cores[0])
	for i := range houses {
		h := rig.Must[*hotel.House](t)(w.hotels.CreateHotel(t.Context(), w.editor, hotel.Hotel{
			Supplier: w.Supplier, Name: fmt.Sprint("House ", i), Stars: 3, Address: "Testweg 1", City: "Leipzig", Country: "DE", Latitude: 51.34, Longitude: 12.37,
			TimeZone: "UTC", Currency: "EUR",
		}))
		h, kind, err := w.hotels.CreateRoomType(t.Context(), w.editor, hotel.RoomType{
			Hotel: h.Hotel.ID, Name: "Double", Occupancy: hotel.Occupancy{Adults: 2}, BasePrice: 10_000, Capacity: capacity,
		})
		rig.Check(t, err)
		w.places = append(w.places, place{h.Hotel.ID, kind, h.Type(kind).Pool})
	}
	return w
}

// start brings a view up, and takes it down with the test.
func (w *world) start(t *testing.T, desk reservation.Service) *hotel.Core {
	t.Helper()
	store := w.open()
	c := hotel.New(hotel.Deps{Store: store, Reservation: desk, Clock: clock.System{}, Settings: hotel.Settings{Horizon: horizon, OfferLife: time.Hour}})
	rig.Check(t, c.Start(t.Context()))
	t.Cleanup(func() {
		rig.Check(t, c.Stop(context.Background()))
		rig.Check(t, store.Close())
	})
	return c
}

// TestView starts views on every process while clients of all of them place, release, close, open and change capacities,
// and compares each view with the tables, night by night, once it is quiet.
func TestView(t *testing.T) {
	for _, shape := range []rig.Shape{rig.SQLite, rig.Postgres, rig.Pair} {
		t.Run(shape.Name, func(t *testing.T) {
			w := open(t, shape)
			changed := 0
			for _, seed := range effort.Seeds(t, 1, shortForm) {
				l := w.load(t, seed)
				started := []*hotel.Core{w.hotels}
				var ways []*stirring
				for _, core := range w.Cores {
					for range views {
						ways = append(ways, &stirring{Service: core, random: rand.New(rand.NewPCG(seed, uint64(len(ways))))})
						started = append(started, w.start(t, ways[len(ways)-1]))
					}
				}
				l.stop()
				for _, way := range ways {
					way.flush()
				}
				changed += int(l.changes.Load())
				for i, view := range started {
					if wrong := w.settled(t, view); len(wrong) > 0 {
						t.Errorf("view %d of seed %d shows otherwise than the tables, %s:\n%s", i, seed, effort.Repeat("view", seed), strings.Join(wrong, "\n"))
					}
				}
				if t.Failed() {
					return
				}
			}
			t.Logf("%d changes went on while views started", changed)
		})
	}
}

// load is clients at work until stop.
type load struct {
	changes atomic.Int64
	done    chan struct{}
	running sync.WaitGroup
}

func (l *load) stop() {
	close(l.done)
	l.running.Wait()
}

func (w *world) load(t *testing.T, seed uint64) *load {
	t.Helper()
	l := &load{done: make(chan struct{})}
	for i := range clients * len(w.Cores) {
		core, random := w.Cores[i%len(w.Cores)], rand.New(rand.NewPCG(seed, uint64(i)))
		l.running.Go(func() {
			who, mine := fmt.Sprintf("client-%d-%d", seed, i), []string(nil)
			for {
				select {
				case <-l.done:
					return
				default:
				}
				var err error
				if mine, err = w.change(t, core, random, who, mine); err != nil {
					t.Errorf("client %d: %v", i, err)
					return
				}
				l.changes.Add(1)
			}
		})
	}
	return l
}

// change makes one change of stock.
func (w *world) change(t *testing.T, core *reservation.Core, random *rand.Rand, who string, mine []string) ([]string, error) {
	ctx := context.Background()
	p := w.places[random.IntN(len(w.places))]
	from, n := stock.Slot(random.IntN(horizon-4)), stock.Slot(1+random.IntN(4))
	span := reservation.Span{Pool: p.pool, From: stock.Slot(w.today) + from, To: stock.Slot(w.today) + from + n}
	switch k := random.IntN(10); {
	case k < 6 && len(mine) < 20:
		a, err := core.Place(ctx, reservation.PlaceRequest{
			Caller: rig.As(who), Travellers: rig.Guests, Offers: []string{w.Offer(t, stock.Claim{Pool: p.pool, From: span.From, To: span.To, Count: 1})},
		})
		if fault.Is(err, "sold_out") {
			return mine, nil
		}
		if err == nil {
			mine = append(mine, a.Reservation.ID.Text("res"))
		}
		return mine, err
	case k < 8 && len(mine) > 0:
		i := random.IntN(len(mine))
		err := core.Release(ctx, rig.As(who), mine[i])
		return append(mine[:i], mine[i+1:]...), err
	default:
		closed, physical := random.IntN(2) == 0, int32(random.IntN(2*capacity))
		change := reservation.StockChange{Span: span, Closed: &closed}
		if random.IntN(2) == 0 {
			change = reservation.StockChange{Span: span, Physical: &physical}
		}
		return mine, core.ChangeStock(ctx, []reservation.StockChange{change})
	}
}

// settled compares a view with the tables until they agree; what is still wrong after a while is returned.
func (w *world) settled(t *testing.T, view *hotel.Core) []string {
	t.Helper()
	deadline := time.NewTimer(quietFor)
	defer deadline.Stop()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		wrong := w.compare(t, view)
		if len(wrong) == 0 || len(w.Cores) == 1 { // what this process did is shown before it is answered
			return wrong
		}
		select {
		case <-tick.C:
		case <-deadline.C:
			return wrong
		}
	}
}

// compare gives the nights on which a view says otherwise than the tables.
func (w *world) compare(t *testing.T, view *hotel.Core) (wrong []string) {
	t.Helper()
	for _, p := range w.places {
		rows := rig.Must[[]reservation.SlotRow](t)(w.Stores[0].Slots(t.Context(), reservation.Span{Pool: p.pool, From: stock.Slot(w.today), To: stock.Slot(w.today) + horizon}))
		if len(rows) < horizon-1 {
			t.Fatalf("pool %d has %d nights", p.pool, len(rows))
		}
		for i := range rows {
			night := civil.Date(rows[i].Key.Slot)
			found := rig.Must[[]hotel.Proposal](t)(view.Search(t.Context(), hotel.StayQuery{
				Hotel: p.house, CheckIn: night, CheckOut: night + 1, Rooms: []offer.Party{{Adults: 1}}, Sort: hotel.ByPrice, Limit: 10,
			}))
			var shown int32
			if len(found) > 0 {
				shown = found[0].Available
			}
			if free := rows[i].Free(); shown != free {
				wrong = append(wrong, fmt.Sprintf("pool %d, %s: shows %d free, the tables have %d (closed %t, version %d)", p.pool, night, shown, free, rows[i].Closed, rows[i].Version))
			}
		}
	}
	return wrong
}

// stirring makes the way to the view as bad as it may be: the tables' rows come late, when many events have gone past
// them, and events are handed over in another order than they happened.
type stirring struct {
	reservation.Service

	mu     sync.Mutex
	random *rand.Rand
	seen   int
	calm   bool
	fn     func([]reservation.SlotRow)
	kept   [][]reservation.SlotRow // events held back
}

// flush hands over what is held back, and holds nothing back from now on.
func (s *stirring) flush() {
	s.mu.Lock()
	s.calm = true
	kept := s.kept
	s.kept = nil
	s.mu.Unlock()
	for _, rows := range kept {
		s.fn(rows)
	}
}

// Watch implements reservation.Service.
func (s *stirring) Watch(fn func([]reservation.SlotRow)) (stop func()) {
	s.fn = fn
	return s.Service.Watch(func(rows []reservation.SlotRow) {
		s.mu.Lock()
		s.seen += len(rows)
		var now [][]reservation.SlotRow
		if s.random.IntN(3) == 0 && !s.calm {
			s.kept = append(s.kept, append([]reservation.SlotRow(nil), rows...))
		} else {
			now = append(now, rows)
			now = append(now, s.kept...) // those held back come after the newer one
			s.kept = nil
		}
		s.mu.Unlock()
		for _, r := range now {
			fn(r)
		}
	})
}

// Snapshot implements reservation.Service: it reads at once and hands the rows on when events have passed them.
func (s *stirring) Snapshot(ctx context.Context, from stock.Slot, yield func([]reservation.SlotRow) error) (reservation.Positions, error) {
	var rows []reservation.SlotRow
	at, err := s.Service.Snapshot(ctx, from, func(some []reservation.SlotRow) error { rows = append(rows, some...); return nil })
	if err != nil {
		return nil, err
	}
	deadline := time.NewTimer(quietFor)
	defer deadline.Stop()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for s.passed() < stirred {
		select {
		case <-tick.C:
		case <-deadline.C:
			return nil, fmt.Errorf("only %d slots changed in %v: there is no load", s.passed(), quietFor)
		}
	}
	return at, yield(rows)
}

func (s *stirring) passed() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.seen
}
