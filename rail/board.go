package rail

import (
	"cmp"
	"context"
	"slices"
	"time"

	"holdfast/civil"
	"holdfast/fault"
)

// boardAhead is how far ahead a departures board looks.
const boardAhead = 48 * time.Hour

// boards is which trains call at which stations. It is made when somebody asks for the first time after a timetable
// changed.
type boards struct {
	timetables int64 // catalogue.timetables when it was made
	at         map[Key][]visit
}

// visit is a train that calls at a station, and which of its calls that is.
type visit struct {
	train *Train
	call  int
}

// boardsNow is the boards of the timetables that hold.
func (c *Core) boardsNow() *boards {
	c.catalogue.mu.RLock()
	defer c.catalogue.mu.RUnlock()
	if b := c.boards.Load(); b != nil && b.timetables == c.catalogue.timetables {
		return b
	}
	b := &boards{timetables: c.catalogue.timetables, at: map[Key][]visit{}}
	for _, w := range c.catalogue.railways {
		for _, t := range w.trains {
			p := c.catalogue.patterns[t.Pattern]
			if t.Retired || p == nil {
				continue
			}
			for i := range p.Calls[:len(p.Calls)-1] {
				if s := w.root(p.Calls[i].Station); s != nil && !p.Calls[i].NoBoard {
					b.at[s.Key()] = append(b.at[s.Key()], visit{t, i})
				}
			}
		}
	}
	c.boards.Store(b)
	return b
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
	boards := c.boardsNow()
	c.catalogue.mu.RLock()
	for _, s := range found {
		for _, v := range boards.at[s.station.Key()] {
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
