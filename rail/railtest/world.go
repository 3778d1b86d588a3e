package railtest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"holdfast/civil"
	"holdfast/fault"
	"holdfast/feed"
	"holdfast/internal/clock"
	"holdfast/rail"
	"holdfast/reservation"
	"holdfast/uid"
)

// Rig is what RunService runs on.
type Rig struct {
	Open Open
	// Desk makes an empty service reservation that runs until the test ends.
	Desk func(t *testing.T, c clock.Clock) reservation.Service
}

// noon is when the tests begin; today is the date there and then.
var (
	noon  = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	today = civil.DateOf(2026, 11, 20)
)

// world is one service, or several on one store, with their stock and their clock.
type world struct {
	t        *testing.T
	store    func() rail.Store
	desk     *Faulty
	clock    *clock.Manual
	core     *rail.Core
	forget   *Forgetful // of the process started last
	supplier uid.ID
	staff    rail.Editor
	settings rail.Settings
}

func newWorld(t *testing.T, r Rig) *world {
	t.Helper()
	w := &world{t: t, store: r.Open(t), clock: clock.Still(noon), supplier: uid.New(), settings: rail.Settings{Horizon: 5, OfferLife: 20 * time.Minute}}
	w.staff = rail.Editor{Subject: "staff", Supplier: w.supplier}
	w.desk = &Faulty{Service: r.Desk(t, w.clock)}
	w.core = w.start()
	return w
}

// start brings up one more process on the world's store.
func (w *world) start() *rail.Core {
	w.t.Helper()
	return w.startWith(w.desk)
}

func (w *world) startWith(desk reservation.Service) *rail.Core {
	w.t.Helper()
	store := &Forgetful{Store: w.store()}
	w.forget = store
	c := rail.New(rail.Deps{Store: store, Reservation: desk, Clock: w.clock, Settings: w.settings})
	if err := c.Start(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() {
		if err := c.Stop(context.Background()); err != nil {
			w.t.Error(err)
		}
		if err := store.Close(); err != nil {
			w.t.Error(err)
		}
	})
	return c
}

// file is a feed in memory.
type file struct {
	stations  []feed.Station
	footpaths []feed.Footpath
	trains    []feed.Train
	remarks   []*feed.Error
}

func (f *file) read(_ context.Context, sink feed.TrainSink) error {
	for _, e := range f.remarks {
		sink.Remark(e)
	}
	for _, s := range f.stations {
		if err := sink.Station(s); err != nil {
			return err
		}
	}
	for _, p := range f.footpaths {
		if err := sink.Footpath(p); err != nil {
			return err
		}
	}
	for _, t := range f.trains {
		if err := sink.Train(t); err != nil {
			return err
		}
	}
	return nil
}

// at is seconds of a clock time that may pass 24:00.
func at(hour, minute int32) int32 { return hour*3600 + minute*60 }

// call is a call of two minutes, or of none at the ends.
func call(station string, arrive, depart int32) feed.Call {
	return feed.Call{Station: station, Arrive: arrive, Depart: depart}
}

// days are n service dates from one on.
func days(from civil.Date, n int) (out []civil.Date) {
	for i := range n {
		out = append(out, from.Add(i))
	}
	return out
}

// lines is a small railway: two ways from Berlin to Cologne, one on to Munich, a train over two nights, one that calls
// twice at a station, a bus.
func lines() *file {
	station := func(code, name string, lat, lon float64) feed.Station {
		return feed.Station{Code: code, Name: name, Zone: "Europe/Berlin", Country: "DE", Latitude: lat, Longitude: lon, Located: true}
	}
	train := func(key, number, category string, calls ...feed.Call) feed.Train {
		return feed.Train{Key: key, Number: number, Category: category, Zone: "Europe/Berlin", Calls: calls, Dates: days(today-3, 30)}
	}
	bus := train("b1", "Bus 77", "Bus", call("HAN", at(9, 0), at(9, 0)), call("CEL", at(9, 50), at(9, 50)))
	bus.Bus = true
	return &file{
		stations: []feed.Station{
			station("BER", "Berlin Hbf", 52.525592, 13.369545), station("SUE", "Berlin Südkreuz", 52.475547, 13.365575),
			station("HAN", "Hannover Hbf", 52.376764, 9.741021), station("KOE", "Köln Hbf", 50.943029, 6.958730),
			station("MUE", "München Hbf", 48.140232, 11.558335), station("CEL", "Celle", 52.6211, 10.0630),
		},
		footpaths: []feed.Footpath{{From: "BER", To: "SUE", Seconds: 1500}, {From: "SUE", To: "BER", Seconds: 1500}},
		trains: []feed.Train{
			train("1", "ICE 1", "ICE", call("BER", at(8, 0), at(8, 0)), call("HAN", at(9, 40), at(9, 42)), call("KOE", at(12, 0), at(12, 0))),
			train("2", "IC 2", "IC", call("BER", at(8, 10), at(8, 10)), call("HAN", at(10, 30), at(10, 35)), call("KOE", at(13, 40), at(13, 40))),
			train("3", "ICE 3", "ICE", call("KOE", at(12, 20), at(12, 20)), call("MUE", at(16, 40), at(16, 40))),
			train("9", "NJ 9", "NJ", call("MUE", at(22, 0), at(22, 0)), call("KOE", at(25, 30), at(26, 0)), call("BER", at(49, 10), at(49, 10))),
			train("5", "RE 5", "RE", call("HAN", at(14, 0), at(14, 0)), call("CEL", at(14, 30), at(14, 31)), call("HAN", at(15, 0), at(15, 10)), call("BER", at(17, 0), at(17, 0))),
			bus,
		},
	}
}

func (w *world) options() rail.ImportOptions { return rail.ImportOptions{Supplier: w.supplier} }

func (w *world) load(f *file, o rail.ImportOptions) *rail.ImportReport {
	w.t.Helper()
	return must[*rail.ImportReport](w.t)(w.core.Import(w.t.Context(), w.staff, f.read, o, nil))
}

// query is a day of journeys of one adult.
func query(from, to string, d civil.Date) rail.JourneyQuery {
	return rail.JourneyQuery{From: from, To: to, Date: d, Adults: 1, Class: rail.Second, MaxChanges: 3, Sort: rail.ByDeparture, Limit: 20}
}

func (w *world) find(q rail.JourneyQuery) []rail.JourneyProposal {
	w.t.Helper()
	return must[[]rail.JourneyProposal](w.t)(w.core.Search(w.t.Context(), q))
}

// run reads the only run of a number on a date.
func (w *world) run(number string, d civil.Date) *rail.RunInfo {
	w.t.Helper()
	runs := must[[]*rail.RunInfo](w.t)(w.core.Trains(w.t.Context(), number, d))
	if len(runs) != 1 {
		w.t.Fatalf("%d runs of %s on %s", len(runs), number, d)
	}
	return runs[0]
}

// ride is a plain request for one adult.
func ride(number string, d civil.Date, from, to string) rail.RideRequest {
	return rail.RideRequest{Number: number, Date: d, From: from, To: to, Class: rail.Second, Adults: 1}
}

// place holds a sealed offer.
func (w *world) place(sealed string) (*reservation.Reservation, error) {
	w.t.Helper()
	a, err := w.desk.Place(w.t.Context(), reservation.PlaceRequest{
		Caller: reservation.Caller{Subject: uid.New().Text("usr")}, Offers: []string{sealed},
		Travellers: []reservation.Traveller{{GivenName: "Ada", FamilyName: "Lovelace", Email: "ada@example.org"}},
		Key:        reservation.Idempotency{ID: uid.New(), Request: uid.New()},
	})
	return a.Reservation, err
}

// book holds the best offer for a plain request.
func (w *world) book(r rail.RideRequest) *reservation.Reservation {
	w.t.Helper()
	p := must[rail.JourneyProposal](w.t)(w.core.BestOffer(w.t.Context(), r))
	return must[*reservation.Reservation](w.t)(w.place(p.Sealed))
}

// again reads a reservation.
func (w *world) again(r *reservation.Reservation) *reservation.Reservation {
	w.t.Helper()
	return must[*reservation.Reservation](w.t)(w.desk.Reservation(w.t.Context(), reservation.Caller{Staff: true, Subject: "operator"}, r.ID.Text("res")))
}

// trains is a journey in words: its trains and times.
func journey(p *rail.JourneyProposal) string {
	s := ""
	for i := range p.Legs {
		l := &p.Legs[i]
		name := "walk"
		if l.Train != nil {
			name = l.Train.Number
		}
		if s != "" {
			s += ", "
		}
		s += fmt.Sprintf("%s %s %s-%s %s", name, l.From.Code, clockOf(l.Departs, l.FromZone), l.To.Code, clockOf(l.Arrives, l.ToZone))
	}
	return s
}

func clockOf(t time.Time, zone string) string {
	loc, err := civil.Zone(zone)
	if err != nil {
		return err.Error()
	}
	return t.In(loc).Format("15:04")
}

// journeys are proposals in words, each journey once.
func journeys(all []rail.JourneyProposal) (out []string) {
	last := -1
	for i := range all {
		if all[i].Journey != last {
			last = all[i].Journey
			out = append(out, journey(&all[i]))
		}
	}
	return out
}

var unavailable = fault.Overloaded(0)
