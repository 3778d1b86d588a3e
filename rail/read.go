package rail

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"holdfast/civil"
	"holdfast/fault"
	"holdfast/stock"
	"holdfast/uid"
)

// Bounds of reading.
const (
	MaxDepartures = 200
	MaxFound      = 200
	boardAhead    = 48 * time.Hour // how far ahead a departures board looks
)

func (s *stop) info() *StationInfo {
	return &StationInfo{Station: s.station, TimeZone: s.zone, Transfer: s.transfer, CallsADay: s.calls}
}

// Station implements Service.
func (c *Core) Station(_ context.Context, code string) (*StationInfo, error) {
	if found := c.network.Load().places.byCode[code]; len(found) > 0 {
		return found[0].info(), nil
	}
	return nil, stationNotFound(code)
}

// Stations implements Service.
func (c *Core) Stations(_ context.Context, text string, limit int) ([]*StationInfo, error) {
	if limit < 1 || limit > MaxFound {
		return nil, fault.InvalidField("limit", "limit_out_of_range", "limit is 1 to %d.", MaxFound)
	}
	n := c.network.Load()
	var found []*stop
	if strings.TrimSpace(text) == "" {
		for _, s := range n.stations {
			if !s.station.Retired {
				found = append(found, s)
			}
		}
		slices.SortStableFunc(found, func(a, b *stop) int {
			return cmp.Or(cmp.Compare(b.calls, a.calls), cmp.Compare(a.station.Name, b.station.Name))
		})
	} else {
		found = slices.Clone(n.places.byCode[strings.TrimSpace(text)])
		for _, m := range n.places.matches(strings.Fields(fold(text))) {
			if !slices.Contains(found, m.stop) {
				found = append(found, m.stop)
			}
		}
	}
	out := make([]*StationInfo, min(len(found), limit))
	for i := range out {
		out[i] = found[i].info()
	}
	return out, nil
}

// Trains implements Service.
func (c *Core) Trains(_ context.Context, number string, date civil.Date) ([]*RunInfo, error) {
	var out []*RunInfo
	for _, key := range c.runsOf(number, date) {
		if r := c.info(key); r != nil {
			out = append(out, r)
		}
	}
	if len(out) == 0 {
		return nil, trainNotFound(number, date)
	}
	return out, nil
}

// Run implements Service.
func (c *Core) Run(_ context.Context, id uid.ID) (*RunInfo, error) {
	c.catalogue.mu.RLock()
	key, ok := c.catalogue.runIDs[id]
	c.catalogue.mu.RUnlock()
	if ok {
		if r := c.info(key); r != nil {
			return r, nil
		}
	}
	return nil, fault.New(fault.NotFound, "run_not_found", "There is no such run, or it is not on sale yet.")
}

// info is a run as it is shown; nil where it is not known.
func (c *Core) info(key RunKey) *RunInfo {
	n := c.network.Load()
	c.catalogue.mu.RLock()
	defer c.catalogue.mu.RUnlock()
	t := c.catalogue.trains[key.Train]
	if t == nil {
		return nil
	}
	w := c.catalogue.railways[t.Supplier]
	r := w.runs[key]
	out := &RunInfo{ID: key.ID(), Train: t, Date: key.Date, State: Scheduled, Preparing: true}
	pattern := c.catalogue.patterns[t.Pattern]
	var told *Update
	if r != nil {
		out.State, out.Preparing, out.Conflict, out.Stamp, out.Pools = r.State, !r.Ready, r.Conflict, r.Stamp, r.Pools
		told = r.Update
		if p := c.catalogue.patterns[r.Pattern]; p != nil {
			pattern = p
		}
		out.Formation = c.catalogue.formations[r.Formation]
	}
	if out.Formation == nil {
		out.Formation = c.catalogue.formation(w, t, key.Date)
	}
	if pattern == nil {
		return nil
	}
	if told != nil {
		out.Note = told.Note
	}
	if out.Formation != nil {
		for _, class := range Classes {
			out.Seats[class-1] = out.Formation.Seats(class)
		}
		out.Seats[Second-1] += out.Formation.Places
	}
	for i, times := range expected(t, pattern, key.Date, told) {
		call := &pattern.Calls[i]
		info := CallInfo{CallTimes: times, NoBoard: call.NoBoard, NoAlight: call.NoAlight, Station: w.root(call.Station)}
		if info.Station == nil {
			info.Station = &Station{Supplier: t.Supplier, Code: call.Station, Name: call.Station}
		}
		info.TimeZone = w.zoneOf(info.Station, t)
		if id, known := n.byKey[info.Station.Key()]; known {
			info.TimeZone = n.stations[id].zone
		}
		out.Calls = append(out.Calls, info)
	}
	return out
}

// Departures implements Service.
func (c *Core) Departures(_ context.Context, station string, from time.Time, limit int) ([]Departure, error) {
	if limit < 1 || limit > MaxDepartures {
		return nil, fault.InvalidField("limit", "limit_out_of_range", "limit is 1 to %d.", MaxDepartures)
	}
	n := c.network.Load()
	found := n.places.byCode[station]
	if len(found) == 0 {
		return nil, stationNotFound(station)
	}
	type candidate struct {
		key     RunKey
		call    int
		departs time.Time
	}
	var all []candidate
	c.catalogue.mu.RLock()
	for _, s := range found {
		for _, v := range s.trains {
			p := c.catalogue.patterns[v.train.Pattern]
			w := c.catalogue.railways[v.train.Supplier]
			if p == nil || v.call == len(p.Calls)-1 {
				continue
			}
			today := civil.Today(from, zone(v.train.Zone))
			for d := range v.train.Dates.Between(today-daysUnderWay, today+3) {
				at := instant(d, zone(v.train.Zone), p.Calls[v.call].Depart)
				key := RunKey{v.train.ID, d}
				if r := w.runs[key]; r != nil && r.Update != nil && r.Pattern == v.train.Pattern {
					at = expected(v.train, p, d, r.Update)[v.call].Departs
				}
				if !at.Before(from) && at.Before(from.Add(boardAhead)) {
					all = append(all, candidate{key, v.call, at})
				}
			}
		}
	}
	c.catalogue.mu.RUnlock()
	slices.SortFunc(all, func(a, b candidate) int {
		return cmp.Or(a.departs.Compare(b.departs), compareID(a.key.Train, b.key.Train), cmp.Compare(a.key.Date, b.key.Date), cmp.Compare(a.call, b.call))
	})
	var out []Departure
	for _, x := range all[:min(len(all), limit)] {
		r := c.info(x.key)
		if r == nil || x.call >= len(r.Calls)-1 || r.Calls[x.call].Code != station {
			continue // it keeps another way: its seats are sold
		}
		out = append(out, Departure{Run: r, Call: x.call, Toward: r.Calls[len(r.Calls)-1].Station})
	}
	return out, nil
}

// SeatMap implements Service.
func (c *Core) SeatMap(ctx context.Context, run uid.ID, class Class, from, to int) (*SeatMap, error) {
	r, err := c.Run(ctx, run)
	if err != nil {
		return nil, err
	}
	if class != First && class != Second {
		return nil, fault.InvalidField("class", "unknown", "A class is first or second.")
	}
	if from < 0 || from >= to || to >= len(r.Calls) {
		return nil, fault.New(fault.Invalid, "no_such_ride", "The train has the calls 0 to %d, and a ride goes from one to a later one.", len(r.Calls)-1)
	}
	pool := r.Pools[class-1]
	if pool == 0 {
		return nil, fault.New(fault.Invalid, "not_on_sale", "Nothing of this class is on sale.")
	}
	units, err := c.desk.Units(ctx, pool)
	if err != nil {
		return nil, err
	}
	if units == nil || units.Layout == nil {
		return nil, fault.New(fault.Conflict, "no_seats", "This train is sold without seat numbers.")
	}
	m := &SeatMap{Run: run, Class: class, From: from, To: to, Layout: units.Layout, Units: units, Free: make([]bool, len(units.Layout.Units))}
	for i := range m.Free {
		m.Free[i] = units.Free(int32(i+1), stock.Slot(from), stock.Slot(to))
	}
	return m, nil
}
