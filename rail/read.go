package rail

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"holdfast/civil"
	"holdfast/fault"
	"holdfast/place"
	"holdfast/stock"
	"holdfast/uid"
)

// Bounds of reading.
const (
	MaxDepartures = 200
	MaxFound      = 200
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
		for _, m := range n.places.matches(strings.Fields(place.Words(text))) {
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
