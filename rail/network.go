package rail

import (
	"cmp"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"holdfast/civil"
	"holdfast/rail/timetable"
	"holdfast/stock"
	"holdfast/uid"
)

// network is the timetable in memory: all runs on sale, as they run. It is immutable; a new one is swapped in when
// something changes (rebuild, renew).
type network struct {
	table    *timetable.Timetable
	stations []*stop // by timetable.StationID
	byKey    map[Key]timetable.StationID
	runs     []*running // by index in table
	index    *runIndex
	places   places
}

// runIndex says where runs are in a network and in those made of it by renew, which only append.
type runIndex struct {
	mu sync.RWMutex
	at map[RunKey]int32
}

func (x *runIndex) of(key RunKey) (int32, bool) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	at, ok := x.at[key]
	return at, ok
}

func (x *runIndex) set(key RunKey, at int32) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.at[key] = at
}

// run finds a run; nil where the network does not show it.
func (n *network) run(key RunKey) (*running, int32) {
	at, ok := n.index.of(key)
	if !ok || int(at) >= len(n.runs) {
		return nil, 0
	}
	return n.runs[at], at
}

// stop is a station as the network knows it.
type stop struct {
	station  *Station
	id       timetable.StationID
	zone     string
	calls    int   // of trains on its busiest day: its size
	transfer int32 // seconds
}

// running is a run on sale.
type running struct {
	run   *Run
	train *Train
	way   *way
	fares *FareTable

	// by class
	lines  [len(Classes)]*line // nil: nothing of the class is sold
	seated [len(Classes)]bool  // its seats have numbers
	rates  [len(Classes)]int64 // price by distance
}

// way is a pattern on the stations of a railway, shared by all runs that have it.
type way struct {
	pattern  *Pattern
	stations []timetable.StationID
	along    []int64 // metres from the first call, great circle from call to call
}

// wayKey names a way.
type wayKey struct{ supplier, pattern uid.ID }

// guessedSpeed stands in for the distance of stations whose coordinates nobody told: metres a second.
const guessedSpeed = 22

// transfersDiffer reports whether railways come with other times to change trains. Called with mu held.
func (c *catalogue) transfersDiffer(railways []*Railway) bool {
	for _, r := range railways {
		w := c.railways[r.Supplier]
		if w == nil || w.templates == nil {
			return true
		}
		templates, _, _, err := effective(r)
		if err != nil || !slices.Equal(templates.Transfers, w.templates.Transfers) || templates.Zone != w.templates.Zone || templates.WalkMetres != w.templates.WalkMetres {
			return true
		}
	}
	return false
}

// rebuild makes the network anew from all that is known. Callers that wait for each other share one making.
func (c *Core) rebuild() {
	mine := c.wanted.Add(1)
	c.building.Lock()
	defer c.building.Unlock()
	if c.built >= mine {
		return // another has begun after our rows were in the catalogue
	}
	upTo := c.wanted.Load()
	c.catalogue.mu.RLock()
	n := &network{byKey: map[Key]timetable.StationID{}, index: &runIndex{at: map[RunKey]int32{}}}
	c.ways = map[wayKey]*way{}
	n.lay(c.catalogue)
	c.measure(n)
	footpaths := n.join(c.catalogue)
	var shown []*Run
	var pools []sized
	keep := map[stock.PoolID]bool{}
	now := c.clock.Now()
	for _, w := range c.catalogue.railways {
		for _, r := range w.runs {
			if !r.Ready || r.Date < civil.Today(now, time.UTC)-daysUnderWay {
				continue
			}
			shown = append(shown, r)
			if p := c.catalogue.patterns[r.Pattern]; p != nil {
				for _, pool := range r.Pools {
					pools, keep[pool] = append(pools, sized{pool, p.Segments()}), true
				}
			}
		}
	}
	c.view.show(pools) // those that were let go of for a while
	c.view.keep(keep)  // while nobody can add a run whose pools are shown already
	for _, r := range shown {
		if g := c.running(n, r); g != nil {
			n.runs = append(n.runs, g)
		}
	}
	c.catalogue.mu.RUnlock()
	slices.SortFunc(n.runs, func(a, b *running) int {
		return cmp.Or(cmp.Compare(a.run.Date, b.run.Date), cmp.Compare(a.way.pattern.Calls[0].Depart, b.way.pattern.Calls[0].Depart), compareID(a.run.Train, b.run.Train))
	})
	runs := make([]timetable.Run, len(n.runs))
	for i, g := range n.runs {
		runs[i] = timetable.Run{Calls: g.calls()}
		n.index.at[g.run.Key()] = int32(i)
	}
	stations := make([]timetable.Station, len(n.stations))
	for i, s := range n.stations {
		stations[i].Transfer = s.transfer
	}
	for {
		table, err := timetable.New(stations, footpaths, runs)
		var bad *timetable.RunError
		if errors.As(err, &bad) { // it was checked when it came, so a binary with other rules wrote it
			c.log.Error("run cannot be shown", "run", n.runs[bad.Run].run.Key().ID().Text("run"), "error", err)
			runs[bad.Run].Calls = nil
			continue
		}
		if err != nil {
			c.log.Error("timetable cannot be shown", "error", err)
			return
		}
		n.table = table
		break
	}
	n.places = newPlaces(n.stations)
	c.network.Store(n)
	c.built = upTo
}

// lay makes the stations of the network. Called with the catalogue's mu held.
func (n *network) lay(c *catalogue) {
	suppliers := c.sortedSuppliers()
	for _, supplier := range suppliers {
		w := c.railways[supplier]
		for _, code := range slices.Sorted(maps.Keys(w.stations)) {
			s := w.stations[code]
			if w.root(code) != s {
				continue
			}
			id := timetable.StationID(len(n.stations))
			zone := s.Zone
			if zone == "" && w.templates != nil {
				zone = w.templates.Zone
			}
			n.stations, n.byKey[s.Key()] = append(n.stations, &stop{station: s, id: id, zone: zone}), id
		}
	}
}

// join is the footpaths between the stations, those that feeds tell and those of templates, once the stations are
// measured. Called with the catalogue's mu held.
func (n *network) join(c *catalogue) []timetable.Footpath {
	shortest := map[[2]timetable.StationID]int32{}
	for _, w := range c.railways {
		for _, s := range w.stations {
			for _, f := range s.Footpaths {
				a, b := w.root(s.Code), w.root(f.To)
				if a == nil || b == nil || a == b || f.Seconds < 1 {
					continue
				}
				pair := [2]timetable.StationID{n.byKey[a.Key()], n.byKey[b.Key()]}
				if old, known := shortest[pair]; !known || f.Seconds < old {
					shortest[pair] = f.Seconds
				}
			}
		}
	}
	n.walks(c, shortest)
	paths := make([]timetable.Footpath, 0, len(shortest))
	for pair, seconds := range shortest {
		paths = append(paths, timetable.Footpath{From: pair[0], To: pair[1], Seconds: seconds})
	}
	slices.SortFunc(paths, func(a, b timetable.Footpath) int { return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To)) })
	return paths
}

// metresOfDegree is about how far apart two degrees of latitude are, and no more.
const metresOfDegree = 110_000

// walks adds footpaths between stations of a railway that are near each other. Stations are looked at from south to
// north, so that only those of a narrow band are compared.
func (n *network) walks(c *catalogue, shortest map[[2]timetable.StationID]int32) {
	north := slices.Clone(n.stations)
	north = slices.DeleteFunc(north, func(s *stop) bool { return !s.station.Located || s.station.Retired })
	slices.SortStableFunc(north, func(a, b *stop) int { return cmp.Compare(a.station.Latitude, b.station.Latitude) })
	for i, a := range north {
		w := c.railways[a.station.Supplier]
		if w.templates == nil || w.templates.WalkMetres == 0 {
			continue
		}
		for _, b := range north[i+1:] {
			if (b.station.Latitude-a.station.Latitude)*metresOfDegree > float64(w.templates.WalkMetres) {
				break
			}
			far, _ := metres(a.station, b.station)
			if b.station.Supplier != a.station.Supplier || far > int64(w.templates.WalkMetres) {
				continue
			}
			for _, pair := range [][2]timetable.StationID{{a.id, b.id}, {b.id, a.id}} {
				if _, known := shortest[pair]; !known {
					shortest[pair] = max(int32(far), a.transfer, b.transfer, 1)
				}
			}
		}
	}
}

// measure counts the trains of the stations and sets the time to change between them. Called with the catalogue's mu held.
func (c *Core) measure(n *network) {
	from := civil.Today(c.clock.Now(), time.UTC)
	to := from.Add(c.settings.Horizon)
	days := make([][]uint16, len(n.stations))
	for i := range days {
		days[i] = make([]uint16, to-from)
	}
	for _, w := range c.catalogue.railways {
		for _, t := range w.trains {
			p := c.catalogue.patterns[t.Pattern]
			if t.Retired || p == nil {
				continue
			}
			g := c.way(n, w, p)
			if g == nil {
				continue
			}
			for d := range t.Dates.Between(from, to) {
				for _, id := range g.stations {
					days[id][d-from]++
				}
			}
		}
	}
	for i, s := range n.stations {
		s.calls = int(slices.Max(days[i]))
		s.transfer = s.station.TransferSeconds
		if w := c.catalogue.railways[s.station.Supplier]; s.transfer == 0 && w.templates != nil {
			s.transfer = w.templates.transfer(s.calls)
		}
	}
}

// way finds or makes the way of a pattern; nil where a station of it is not known. Called with building and the
// catalogue's mu held.
func (c *Core) way(n *network, w *railway, p *Pattern) *way {
	key := wayKey{w.row.Supplier, p.ID}
	if g, ok := c.ways[key]; ok {
		return g
	}
	g := &way{pattern: p, stations: make([]timetable.StationID, len(p.Calls)), along: make([]int64, len(p.Calls))}
	var before *Station
	for i := range p.Calls {
		s := w.root(p.Calls[i].Station)
		if s == nil {
			return nil
		}
		id, known := n.byKey[s.Key()]
		if !known {
			return nil
		}
		g.stations[i] = id
		if i > 0 {
			far, located := metres(before, s)
			if !located {
				far = guessedSpeed * int64(p.Calls[i].Arrive-p.Calls[i-1].Depart)
			}
			g.along[i] = g.along[i-1] + far
		}
		before = s
	}
	c.ways[key] = g
	return g
}

// running is a run as the network shows it; nil where it cannot. Called with building and the catalogue's mu held.
func (c *Core) running(n *network, r *Run) *running {
	w, p, t := c.catalogue.railways[r.Supplier], c.catalogue.patterns[r.Pattern], c.catalogue.trains[r.Train]
	if w == nil || w.row == nil || p == nil || t == nil {
		return nil
	}
	way := c.way(n, w, p)
	if way == nil {
		return nil
	}
	g := &running{run: r, train: t, way: way, fares: w.fares}
	f := c.catalogue.formations[r.Formation]
	for i, pool := range r.Pools {
		g.lines[i], g.seated[i] = c.view.of(pool), f != nil && f.Seats(Classes[i]) > 0
		if rate, ok := w.fares.rate(t.Category, Classes[i]); ok {
			g.rates[i] = rate.Per100KM
		}
	}
	return g
}

// calls is the run as the timetable takes it: as it is expected to run, on sale; nothing where it is not.
func (g *running) calls() []timetable.Call {
	if !g.run.onSale() {
		return nil
	}
	times := expected(g.train, g.way.pattern, g.run.Date, g.run.Update)
	calls := make([]timetable.Call, len(times))
	for i := range times {
		c, t := &g.way.pattern.Calls[i], &times[i]
		calls[i] = timetable.Call{
			Station: g.way.stations[i], Arrive: t.Arrives.Unix(), Depart: t.Departs.Unix(),
			Board: !c.NoBoard && !t.Skipped && i < len(times)-1, Alight: !c.NoAlight && !t.Skipped && i > 0,
		}
	}
	first, last := served(times)
	for i := range calls { // before the first and after the last call that is served it does not run
		if i < first || i >= last {
			calls[i].Cut = true
		}
	}
	return calls
}

// runsAs reports whether a run, as it was and as it is, is the same to the timetable for certain: writing down that work on
// its stock is done changes nothing that passengers see.
func (g *running) runsAs(o *running) bool {
	return g.way == o.way && g.train == o.train && g.run.Update == o.run.Update && g.run.onSale() == o.run.onSale()
}

// renew shows rows that need no whole new network: runs that changed, and trains and fares that runs are shown with.
func (c *Core) renew(rows *Rows) {
	if len(rows.Runs)+len(rows.Trains)+len(rows.Railways) == 0 {
		return
	}
	c.building.Lock()
	defer c.building.Unlock()
	old := c.network.Load()
	n := *old
	n.runs = slices.Clone(old.runs)
	var changes []timetable.RunChange
	c.catalogue.mu.RLock()
	for _, r := range rows.Railways {
		fares := c.catalogue.railways[r.Supplier].fares
		for i, g := range n.runs {
			if g.run.Supplier == r.Supplier && g.fares != fares {
				if g := c.running(&n, g.run); g != nil {
					n.runs[i] = g
				}
			}
		}
	}
	for _, t := range rows.Trains {
		for d := range t.Dates.All() {
			if at, ok := n.index.of(RunKey{t.ID, d}); ok {
				if g := c.running(&n, n.runs[at].run); g != nil {
					n.runs[at] = g
				}
			}
		}
	}
	for _, r := range rows.Runs {
		r = c.catalogue.railways[r.Supplier].runs[r.Key()] // which may be newer
		if r == nil {
			continue
		}
		at, shown := n.index.of(r.Key())
		if !shown && !r.Ready {
			continue
		}
		g := c.running(&n, r)
		if g == nil {
			continue
		}
		if !shown {
			at = int32(len(n.runs))
			n.runs = append(n.runs, nil)
			n.index.set(r.Key(), at)
		}
		was := n.runs[at]
		n.runs[at] = g
		if was == nil || !was.runsAs(g) {
			changes = append(changes, timetable.RunChange{Run: at, Calls: g.calls()})
		}
	}
	c.catalogue.mu.RUnlock()
	for len(changes) > 0 {
		table, err := old.table.With(changes)
		var bad *timetable.RunError
		if errors.As(err, &bad) {
			c.log.Error("run cannot be shown", "run", n.runs[bad.Run].run.Key().ID().Text("run"), "error", err)
			for i := range changes {
				if changes[i].Run == int32(bad.Run) {
					changes[i].Calls = nil
				}
			}
			continue
		}
		if err != nil {
			c.log.Error("timetable cannot be shown", "error", err)
			return
		}
		n.table = table
		break
	}
	c.network.Store(&n)
}
