package resttest

import (
	"context"
	"slices"
	"strings"
	"time"

	"holdfast/civil"
	"holdfast/fault"
	"holdfast/offer"
	"holdfast/rail"
	"holdfast/stock"
	"holdfast/uid"
)

// Rail is the world's railway: two trains on one day.
func (w *World) Rail() rail.Service { return trains{w: w} }

type trains struct {
	rail.Service // what the edge never asks
	w            *World
}

// Stations of the world.
const (
	lisbon, santarem, coimbra, aveiro, porto = "LX", "SA", "CO", "AV", "PO"

	railZone = "Europe/Lisbon"
)

// track is the seeded railway.
type track struct {
	stations []*rail.Station
	runs     []*rail.RunInfo
	fares    *rail.FareTable
}

func (w *World) seedRail() {
	t := &w.track
	for i, name := range []string{"Lisbon Oriente", "Santarém", "Coimbra", "Aveiro", "Porto Campanhã"} {
		code := []string{lisbon, santarem, coimbra, aveiro, porto}[i]
		city, _, _ := strings.Cut(name, " ")
		t.stations = append(t.stations, &rail.Station{
			Supplier: RailwayID, Code: code, Name: name, City: city, Zone: railZone, Country: "PT", Latitude: 38.7 + float64(i)/2, Longitude: -9 + float64(i)/10, Located: true,
		})
	}
	flex, saver := FareID, example("far", '4')
	t.fares = &rail.FareTable{
		Currency: "EUR", ChildBP: 5_000, ChildFreeBelow: 6,
		Families: []rail.Family{
			{ID: saver, Version: uid.New(), Name: "Saver", PercentBP: 6_500, FreeUntilHours: -1, FeeBP: 10_000},
			{ID: flex, Version: uid.New(), Name: "Flex", PercentBP: 10_000, FreeUntilHours: 24, FeeBP: 5_000},
		},
		Tariffs: []rail.Tariff{{First: rail.Rate{Base: 500, Per100KM: 2_900}, Second: rail.Rate{Base: 300, Per100KM: 1_700}}},
	}
	t.runs = []*rail.RunInfo{
		w.run(RunID, "HR 101", firstTrainPool, 7, lisbon, santarem, coimbra, aveiro, porto),
		w.run(OtherRunID, "HR 205", secondTrainPool, 10, coimbra, aveiro, porto),
	}
}

func (w *World) station(code string) *rail.Station {
	i := slices.IndexFunc(w.track.stations, func(s *rail.Station) bool { return s.Code == code })
	return w.track.stations[i]
}

// run is a train that takes half an hour from station to station.
func (w *World) run(id uid.ID, number string, pool stock.PoolID, hour int, way ...string) *rail.RunInfo {
	r := &rail.RunInfo{
		ID: id, Train: &rail.Train{Supplier: RailwayID, ID: uid.New(), Number: number, Category: "IC", Carrier: "Seaside Rail", Zone: railZone}, Date: RideDate, State: rail.Scheduled,
		Formation: &rail.Formation{Coaches: []rail.Coach{{Number: "7", Second: 20}, {Number: "8", Second: 20}}},
	}
	r.Seats[rail.Second-1], r.Pools[rail.Second-1] = 40, pool
	at := RideDate.In(time.UTC, hour-1, 0)
	for i, code := range way {
		c := rail.CallInfo{Station: w.station(code), TimeZone: railZone}
		c.ScheduledArrives, c.ScheduledDeparts = at.Add(time.Duration(i)*30*time.Minute), at.Add(time.Duration(i)*30*time.Minute+2*time.Minute)
		c.Arrives, c.Departs = c.ScheduledArrives, c.ScheduledDeparts
		r.Calls = append(r.Calls, c)
	}
	return r
}

// named reports whether a text means a station: its code, or the beginning of its name.
func named(s *rail.Station, text string) bool {
	return s.Code == text || strings.HasPrefix(strings.ToLower(s.Name), strings.ToLower(text))
}

func (t trains) Search(_ context.Context, q rail.JourneyQuery) ([]rail.JourneyProposal, error) {
	t.w.mu.Lock()
	defer t.w.mu.Unlock()
	known := func(text string) bool {
		return slices.ContainsFunc(t.w.track.stations, func(s *rail.Station) bool { return named(s, text) })
	}
	switch {
	case !known(q.From) || !known(q.To):
		return nil, fault.New(fault.NotFound, "place_unknown", "No station has this code, or a name like it.")
	case q.Adults+len(q.ChildAges) == 0:
		return nil, fault.InvalidField("/travellers", "out_of_range", "Nobody travels.")
	}
	var out []rail.JourneyProposal
	for _, r := range t.w.track.runs {
		from := slices.IndexFunc(r.Calls, func(c rail.CallInfo) bool { return named(c.Station, q.From) })
		to := slices.IndexFunc(r.Calls, func(c rail.CallInfo) bool { return named(c.Station, q.To) })
		if from < 0 || to <= from || q.Date != 0 && q.Date != r.Date || !q.Departs.IsZero() && r.Calls[from].Departs.Before(q.Departs) {
			continue
		}
		for i := range t.w.track.fares.Families {
			if f := &t.w.track.fares.Families[i]; q.Fare == "" || q.Fare == f.Name {
				p := t.w.journey(r, from, to, f, q.Class, q.Adults, len(q.ChildAges), q.Infants)
				p.Journey = len(out) / len(t.w.track.fares.Families)
				out = append(out, p)
			}
		}
	}
	return out, nil
}

// journey is a ride under a fare, and a way on foot to its train.
func (w *World) journey(r *rail.RunInfo, from, to int, f *rail.Family, class rail.Class, adults, children, infants int) rail.JourneyProposal {
	a, b := &r.Calls[from], &r.Calls[to]
	left := int32(0)
	if u := w.seats[r.Pools[rail.Second-1]]; u != nil {
		for n := range u.Layout.Units {
			if u.Free(int32(n+1), stock.Slot(from), stock.Slot(to)) {
				left++
			}
		}
	}
	piece := w.train(r.ID, r.Train.Number, a.Code, b.Code, 0, 0, r.Pools[rail.Second-1], 0)
	piece.Claims = []stock.Claim{{Pool: r.Pools[rail.Second-1], From: stock.Slot(from), To: stock.Slot(to), Count: int32(adults + children)}}
	ride := piece.Ride
	ride.Departs, ride.Arrives, ride.DepartOffset, ride.ArriveOffset, ride.Class = a.Departs, b.Arrives, 60, 60, class.String()
	ride.Fare, ride.FareVersion, ride.FareName = f.ID, f.Version, f.Name
	ride.Adults, ride.Children, ride.Infants = uint8(adults), uint8(children), uint8(infants)
	piece.Price.Base = eur(4_500*int64(adults) + 2_250*int64(children)).BasisPoints(int64(f.PercentBP)).Minor
	piece.Terms = offer.Terms{FeeBP: f.FeeBP, EndsAt: ride.Arrives}
	if f.FreeUntilHours >= 0 {
		piece.Terms.FreeUntil = ride.Departs.Add(-time.Duration(f.FreeUntilHours) * time.Hour)
	}
	p := rail.JourneyProposal{
		Sealed: "off_" + uid.New().Text("x")[2:], Offer: w.rides(piece), Departs: a.Departs.Add(-5 * time.Minute), Arrives: b.Arrives, Class: class, Fare: *f, Available: left,
		Legs: []rail.JourneyLeg{{
			From: a.Station, To: a.Station, FromZone: a.TimeZone, ToZone: a.TimeZone, Departs: a.Departs.Add(-5 * time.Minute), Arrives: a.Departs,
		}, {
			Run: r.ID, Train: r.Train, Date: r.Date, From: a.Station, To: b.Station, FromCall: from, ToCall: to, FromZone: a.TimeZone, ToZone: b.TimeZone,
			Departs: a.Departs, Arrives: b.Arrives, ScheduledDeparts: a.ScheduledDeparts, ScheduledArrives: b.ScheduledArrives, Available: left, Price: piece.Price.Base,
		}},
	}
	w.sealed[p.Sealed] = p.Offer
	return p
}

func (t trains) BestOffer(_ context.Context, q rail.RideRequest) (rail.JourneyProposal, error) {
	t.w.mu.Lock()
	defer t.w.mu.Unlock()
	if q.Adults+len(q.ChildAges) > rail.MaxTravellers {
		return rail.JourneyProposal{}, fault.InvalidField("/travellers", "out_of_range", "So many travellers cannot be booked at once.")
	}
	for _, r := range t.w.track.runs {
		if r.Train.Number != q.Number || r.Date != q.Date {
			continue
		}
		from := slices.IndexFunc(r.Calls, func(c rail.CallInfo) bool { return named(c.Station, q.From) })
		to := slices.IndexFunc(r.Calls, func(c rail.CallInfo) bool { return named(c.Station, q.To) })
		switch {
		case from < 0 || to <= from:
			return rail.JourneyProposal{}, fault.New(fault.Invalid, "no_such_ride", "The train does not go there.")
		case r.State == rail.Cancelled:
			return rail.JourneyProposal{}, fault.New(fault.Conflict, "train_cancelled", "The train is cancelled.")
		}
		for i := range t.w.track.fares.Families {
			if f := &t.w.track.fares.Families[i]; q.Fare == "" || q.Fare == f.Name {
				return t.w.journey(r, from, to, f, q.Class, q.Adults, len(q.ChildAges), q.Infants), nil
			}
		}
		return rail.JourneyProposal{}, fault.New(fault.Invalid, "fare_unknown", "The railway has no such fare.")
	}
	return rail.JourneyProposal{}, notFound("train_not_found")
}

func (t trains) Station(_ context.Context, code string) (*rail.StationInfo, error) {
	for _, s := range t.w.track.stations {
		if s.Code == code {
			return &rail.StationInfo{Station: s, TimeZone: s.Zone, Transfer: 300, CallsADay: 2}, nil
		}
	}
	return nil, notFound("station_not_found")
}

func (t trains) Stations(ctx context.Context, text string, limit int) ([]*rail.StationInfo, error) {
	var out []*rail.StationInfo
	for _, s := range t.w.track.stations {
		if named(s, text) && len(out) < limit {
			info, err := t.Station(ctx, s.Code)
			if err != nil {
				return nil, err
			}
			out = append(out, info)
		}
	}
	return out, nil
}

func (t trains) Trains(_ context.Context, number string, date civil.Date) ([]*rail.RunInfo, error) {
	t.w.mu.Lock()
	defer t.w.mu.Unlock()
	var out []*rail.RunInfo
	for _, r := range t.w.track.runs {
		if r.Train.Number == number && r.Date == date {
			out = append(out, r)
		}
	}
	if len(out) == 0 {
		return nil, notFound("train_not_found")
	}
	return out, nil
}

func (t trains) Run(_ context.Context, id uid.ID) (*rail.RunInfo, error) {
	t.w.mu.Lock()
	defer t.w.mu.Unlock()
	for _, r := range t.w.track.runs {
		if r.ID == id {
			return r, nil
		}
	}
	return nil, notFound("run_not_found")
}

func (t trains) Departures(_ context.Context, station string, from time.Time, limit int) ([]rail.Departure, error) {
	t.w.mu.Lock()
	defer t.w.mu.Unlock()
	var out []rail.Departure
	for _, r := range t.w.track.runs {
		for i := range r.Calls[:len(r.Calls)-1] {
			if r.Calls[i].Code == station && !r.Calls[i].Departs.Before(from) && len(out) < limit {
				out = append(out, rail.Departure{Run: r, Call: i, Toward: r.Calls[len(r.Calls)-1].Station})
			}
		}
	}
	return out, nil
}

func (t trains) SeatMap(ctx context.Context, id uid.ID, class rail.Class, from, to int) (*rail.SeatMap, error) {
	r, err := t.Run(ctx, id)
	if err != nil {
		return nil, err
	}
	t.w.mu.Lock()
	defer t.w.mu.Unlock()
	pool := r.Pools[class-1]
	if pool == 0 {
		return nil, fault.New(fault.Invalid, "not_on_sale", "Nothing of this class is on sale.")
	}
	u := t.w.seats[pool]
	m := &rail.SeatMap{Run: id, Class: class, From: from, To: to, Layout: u.Layout, Free: make([]bool, len(u.Layout.Units))}
	for i := range m.Free {
		m.Free[i] = u.Free(int32(i+1), stock.Slot(from), stock.Slot(to))
	}
	return m, nil
}

func (t trains) Updates(_ context.Context, _ rail.Editor, updates []rail.RunUpdate) (*rail.UpdateReport, error) {
	t.w.mu.Lock()
	defer t.w.mu.Unlock()
	report := &rail.UpdateReport{}
	for n, u := range updates {
		i := slices.IndexFunc(t.w.track.runs, func(r *rail.RunInfo) bool { return r.ID == u.Run })
		r := *t.w.track.runs[i]
		if u.Stamp == 0 {
			u.Stamp = max(r.Stamp+1, t.w.Clock.Now().UnixMicro())
		}
		if u.Stamp <= r.Stamp {
			report.Older++
			continue
		}
		r.Stamp, r.Note, r.State = u.Stamp, u.Note, rail.Changed
		r.Calls = slices.Clone(r.Calls)
		if u.Cancelled {
			r.State = rail.Cancelled
		}
		refused := false
		for _, d := range u.Delays {
			if d.Call >= len(r.Calls) {
				report.Refused = append(report.Refused, rail.UpdateNote{Index: n, Code: "out_of_range", Message: "There is no such call."})
				refused = true
				continue
			}
			c := &r.Calls[d.Call]
			c.Arrives = c.ScheduledArrives.Add(time.Duration(d.Arrives) * time.Second)
			for k := d.Call; k < len(r.Calls); k++ {
				r.Calls[k].Departs = r.Calls[k].ScheduledDeparts.Add(time.Duration(d.Departs) * time.Second)
			}
		}
		if !refused {
			t.w.track.runs[i] = &r
			report.Applied++
			report.Told++
		}
	}
	return report, nil
}

func (t trains) Fares(context.Context, uid.ID) (*rail.FareTable, error) {
	t.w.mu.Lock()
	defer t.w.mu.Unlock()
	return t.w.track.fares, nil
}

func (t trains) SetFares(_ context.Context, _ rail.Editor, _ uid.ID, table rail.FareTable) (*rail.FareTable, error) {
	t.w.mu.Lock()
	defer t.w.mu.Unlock()
	for i := range table.Families {
		table.Families[i].ID, table.Families[i].Version = uid.New(), uid.New()
	}
	t.w.track.fares = &table
	return &table, nil
}

func (t trains) SetComposition(_ context.Context, _ rail.Editor, c rail.CompositionChange) (*rail.SaleReport, error) {
	if !slices.ContainsFunc(t.w.track.runs, func(r *rail.RunInfo) bool { return r.Train.Number == c.Train }) {
		return nil, notFound("train_not_found")
	}
	return &rail.SaleReport{Conflicts: []rail.Conflict{{Run: RunID, Number: c.Train, Date: RideDate}}}, nil
}

func (t trains) Conflicts(context.Context, rail.Editor, uid.ID) ([]rail.Conflict, error) {
	return []rail.Conflict{{Run: RunID, Number: "HR 101", Date: RideDate}}, nil
}
