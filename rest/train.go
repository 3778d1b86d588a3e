package rest

import (
	"context"
	"net/http"
	"strings"
	"time"

	"holdfast/fault"
	"holdfast/rail"
	"holdfast/rest/wire"
	"holdfast/uid"
)

// TrainPath is the address of a train on a service date.
type TrainPath struct {
	Number string `path:"number" maxLength:"40" example:"HR 101" doc:"Number of the train."`
	Date   string `path:"date" format:"date" example:"2027-06-10" doc:"Its service date: the day it begins, though it may be under way past midnight."`
}

type trainSeatsIn struct {
	TrainPath
	Class    string `query:"class" enum:"first,second" example:"second" doc:"Class; second if left out."`
	From     string `query:"from" maxLength:"24" example:"LX" doc:"Code of the station where it is boarded; its first if left out."`
	To       string `query:"to" maxLength:"24" example:"CO" doc:"Code of the station where it is left; its last if left out."`
	FromCall int    `query:"from_call" minimum:"-1" maximum:"199" default:"-1" example:"0" doc:"Which call it is boarded at, from 0, where it calls at a station twice."`
	RunID    string `query:"run_id" maxLength:"64" doc:"Which one, where several trains have the number on that day."`
}

type trainPutIn struct {
	TrainPath
	Raw
}

type stationListIn struct {
	Q     string `query:"q" maxLength:"100" example:"Lisbon" doc:"Words of the name, or the code; the largest stations if left out."`
	Limit int    `query:"limit" minimum:"1" maximum:"200" default:"50" example:"50" doc:"At most so many."`
}

// StationPath is the address of a station.
type StationPath struct {
	StationCode string `path:"station_code" maxLength:"24" example:"LX" doc:"Code of the station."`
}

type boardIn struct {
	StationPath
	From  string `query:"from" format:"date-time" example:"2027-06-10T06:00:00Z" doc:"From this instant on; now if left out."`
	Limit int    `query:"limit" minimum:"1" maximum:"200" default:"50" example:"50" doc:"At most so many."`
}

type trainOut struct {
	Body wire.Train
}

type seatMapOut struct {
	Body wire.SeatMap
}

type stationListOut struct {
	Body wire.StationList
}

type stationOut struct {
	Body wire.Station
}

type boardOut struct {
	Body wire.Board
}

type updateOut struct {
	Body wire.UpdateReport
}

func (s *server) trainCalls() {
	const tag, path = "Trains", "/v1/trains/{number}/{date}"
	handle(s, operation{
		id: "get-train", method: http.MethodGet, path: path, tag: tag, summary: "Look up a train",
		about: "Where it calls, by the timetable and as expected now, and its coaches. Public.", public: true, status: http.StatusOK, codes: []string{"train_not_found"},
	}, s.getTrain)
	handle(s, operation{
		id: "get-train-seats", method: http.MethodGet, path: path + "/seats", tag: tag, summary: "Read the seats of a train",
		about:  "Every seat of a class, and which are free all the way from one station to another. Public.",
		public: true, status: http.StatusOK, codes: []string{"train_not_found", "no_such_ride", "not_on_sale", "no_seats"},
	}, s.trainSeats)
	handleBody(s, operation{
		id: "update-train", method: http.MethodPut, path: path, tag: tag, summary: "Tell of a train",
		about: "For its staff: delays, new times, stations that are left out, or that it does not run. It replaces what was told before; an empty object is \"as " +
			"in the timetable\". Travellers concerned are told, and where the change is major (withdrawn, an hour later, a quarter of an hour earlier) can cancel for everything back.",
		scopes: staff, status: http.StatusOK, codes: []string{"train_not_found"},
		examples: []example{
			{"delay", "Ten minutes late from its second station on", `{"delays": [{"call": 1, "arrives_minutes": 10, "departs_minutes": 10}], "note": "Engineering works"}`},
			{"cancelled", "It does not run", `{"cancelled": true, "note": "Storm"}`},
		},
	}, s.updateTrain)
	handle(s, operation{
		id: "list-stations", method: http.MethodGet, path: "/v1/stations", tag: tag, summary: "Find stations",
		about: "By code, or words of their names, the largest first. Public.", public: true, status: http.StatusOK,
	}, s.listStations)
	handle(s, operation{
		id: "get-station", method: http.MethodGet, path: "/v1/stations/{station_code}", tag: tag, summary: "Read a station",
		about: "Public.", public: true, status: http.StatusOK, codes: []string{"station_not_found"},
	}, s.getStation)
	handle(s, operation{
		id: "list-station-departures", method: http.MethodGet, path: "/v1/stations/{station_code}/departures", tag: tag, summary: "Read a departures board",
		about: "What leaves a station within two days, as expected now. Public.", public: true, status: http.StatusOK, codes: []string{"station_not_found"},
	}, s.stationDepartures)
}

// trains reads the trains of an address.
func (s *server) trains(ctx context.Context, at TrainPath) ([]*rail.RunInfo, error) {
	var r reader
	date := r.date("date", at.Date)
	if err := r.err(); err != nil {
		return nil, err
	}
	return s.Rail.Trains(ctx, at.Number, date)
}

func (s *server) getTrain(ctx context.Context, _ *call, in *TrainPath) (*trainOut, error) {
	found, err := s.trains(ctx, *in)
	if err != nil {
		return nil, err
	}
	out := &trainOut{Body: wire.Train{Number: in.Number, Date: in.Date, Trains: make([]wire.TrainRun, len(found))}}
	for i, r := range found {
		out.Body.Trains[i] = showTrain(r)
	}
	return out, nil
}

func showTrain(r *rail.RunInfo) wire.TrainRun {
	t := r.Train
	out := wire.TrainRun{
		RunID: r.ID.Text(runID), SupplierID: t.Supplier.Text(supplierID), Number: t.Number, Name: t.Name, Category: t.Category, Carrier: t.Carrier, Line: t.Line,
		Date: r.Date.String(), State: r.State.String(), OnSale: !r.Preparing && (r.State == rail.Scheduled || r.State == rail.Changed), Note: r.Note,
		Calls: make([]wire.TrainCall, len(r.Calls)), Coaches: []wire.TrainCoach{}, Version: r.Stamp,
		Seats: wire.TrainSeats{First: r.Seats[rail.First-1], Second: r.Seats[rail.Second-1]},
	}
	last := len(r.Calls) - 1
	for i := range r.Calls {
		c := &r.Calls[i]
		shown := wire.TrainCall{Call: i, Station: *stationPlace(c.Station, c.TimeZone), Skipped: c.Skipped, Boarding: !c.NoBoard && i < last, Alighting: !c.NoAlight && i > 0}
		if i > 0 {
			shown.ScheduledArrives, shown.Arrives = zonedMoment(c.ScheduledArrives, c.TimeZone), zonedMoment(c.Arrives, c.TimeZone)
		}
		if i < last {
			shown.ScheduledDeparts, shown.Departs = zonedMoment(c.ScheduledDeparts, c.TimeZone), zonedMoment(c.Departs, c.TimeZone)
		}
		out.Calls[i] = shown
	}
	if r.Formation != nil {
		for _, c := range r.Formation.Coaches {
			out.Coaches = append(out.Coaches, wire.TrainCoach(c))
		}
	}
	return out
}

// zonedMoment shows a moment that may not be, in local time.
func zonedMoment(t time.Time, zone string) *string {
	if t.IsZero() {
		return nil
	}
	text := zoned(t, zone)
	return &text
}

func (s *server) trainSeats(ctx context.Context, _ *call, in *trainSeatsIn) (*seatMapOut, error) {
	found, err := s.trains(ctx, in.TrainPath)
	if err != nil {
		return nil, err
	}
	r := found[0]
	if in.RunID != "" {
		if r = runNamed(found, in.RunID); r == nil {
			return nil, unknownTrain(in.Number, in.Date)
		}
	}
	from, to, ok := calls(r, in)
	if !ok {
		return nil, fault.New(fault.Invalid, "no_such_ride", "Train %s does not go from %s to %s that day.", r.Train.Number, shown(in.From), shown(in.To))
	}
	class := trainClass(in.Class)
	m, err := s.Rail.SeatMap(ctx, r.ID, class, from, to)
	if err != nil {
		return nil, err
	}
	out := &seatMapOut{Body: wire.SeatMap{
		Number: r.Train.Number, Date: r.Date.String(), RunID: r.ID.Text(runID), Class: class.String(), Seats: make([]wire.MapSeat, len(m.Layout.Units)),
		From: *stationPlace(r.Calls[from].Station, r.Calls[from].TimeZone), To: *stationPlace(r.Calls[to].Station, r.Calls[to].TimeZone),
	}}
	for i, u := range m.Layout.Units {
		coach, _, _ := strings.Cut(u.Label, "-")
		out.Body.Seats[i] = wire.MapSeat{Seat: u.Label, Coach: coach, Row: int(u.Row), Traits: u.Traits.Words(), Free: m.Free[i]}
		if m.Free[i] {
			out.Body.Free++
		}
	}
	return out, nil
}

// calls are where a train is boarded and left.
func calls(r *rail.RunInfo, in *trainSeatsIn) (from, to int, ok bool) {
	from, to = 0, len(r.Calls)-1
	if in.FromCall >= 0 {
		from = in.FromCall
	} else if in.From != "" {
		for from < len(r.Calls) && r.Calls[from].Code != in.From {
			from++
		}
	}
	if from >= len(r.Calls) || in.From != "" && r.Calls[from].Code != in.From {
		return 0, 0, false
	}
	if in.To != "" {
		to = from + 1
		for to < len(r.Calls) && r.Calls[to].Code != in.To {
			to++
		}
	}
	return from, to, from < to && to < len(r.Calls)
}

func runNamed(all []*rail.RunInfo, text string) *rail.RunInfo {
	id, err := uid.Parse(runID, text)
	if err != nil {
		return nil
	}
	for _, r := range all {
		if r.ID == id {
			return r
		}
	}
	return nil
}

func unknownTrain(number, date string) error {
	return fault.New(fault.NotFound, "train_not_found", "No train %s runs on %s.", shown(number), date)
}

// railEditor is who calls, as railways see them; false for everybody who may not write to any.
func (c *call) railEditor() (rail.Editor, bool) {
	e := c.editor()
	if e == nil {
		return rail.Editor{}, false
	}
	return rail.Editor{Subject: e.Subject, Supplier: e.Supplier}, true
}

func (s *server) updateTrain(ctx context.Context, c *call, in *trainPutIn, b *wire.TrainUpdateRequest) (*updateOut, error) {
	e, ok := c.railEditor()
	if !ok {
		return nil, unknownTrain(in.Number, in.Date)
	}
	found, err := s.trains(ctx, in.TrainPath)
	if err != nil {
		return nil, err
	}
	own := found[:0:0]
	for _, r := range found {
		if c.actsFor(r.Train.Supplier) {
			own = append(own, r)
		}
	}
	var r reader
	var run *rail.RunInfo
	switch {
	case len(own) == 0:
		return nil, unknownTrain(in.Number, in.Date)
	case b.RunID != "":
		if run = runNamed(own, b.RunID); run == nil {
			return nil, unknownTrain(in.Number, in.Date)
		}
	case len(own) > 1:
		r.at("/run_id", "required", "Several trains have this number on that day; say which one.")
	default:
		run = own[0]
	}
	u := runUpdate(&r, b)
	if err := r.err(); err != nil {
		return nil, err
	}
	u.Supplier, u.Run, u.Number, u.Date = run.Train.Supplier, run.ID, run.Train.Number, run.Date
	report, err := s.Rail.Updates(ctx, e, []rail.RunUpdate{u})
	switch {
	case err != nil:
		return nil, err
	case len(report.Refused) > 0:
		return nil, fault.New(fault.Invalid, "validation_failed", "%s", report.Refused[0].Message)
	}
	out := &updateOut{Body: wire.UpdateReport{Outcome: "applied", Told: &report.Told}}
	if report.Applied == 0 {
		out.Body.Outcome = "older"
	}
	return out, nil
}

func runUpdate(r *reader, b *wire.TrainUpdateRequest) rail.RunUpdate {
	u := rail.RunUpdate{Stamp: b.Version, Cancelled: b.Cancelled, Skipped: b.Skipped, Note: b.Note}
	for _, d := range b.Delays {
		u.Delays = append(u.Delays, rail.CallDelay{Call: d.Call, Arrives: int32(d.ArrivesMinutes) * 60, Departs: int32(d.DepartsMinutes) * 60})
	}
	for i, t := range b.Times {
		at := "/times/" + itoa(i)
		u.Times = append(u.Times, rail.CallTime{Call: t.Call, Arrives: r.instant(at+"/arrives", t.Arrives), Departs: r.instant(at+"/departs", t.Departs)})
	}
	return u
}

func showStation(st *rail.StationInfo) wire.Station {
	out := wire.Station{
		Code: st.Code, Name: st.Name, City: st.City, Country: st.Country, SupplierID: st.Supplier.Text(supplierID), TimeZone: st.TimeZone,
		TransferSeconds: st.Transfer, CallsADay: st.CallsADay,
	}
	if st.Located {
		latitude, longitude := st.Latitude, st.Longitude
		out.Latitude, out.Longitude = &latitude, &longitude
	}
	return out
}

func (s *server) listStations(ctx context.Context, _ *call, in *stationListIn) (*stationListOut, error) {
	found, err := s.Rail.Stations(ctx, in.Q, in.Limit)
	if err != nil {
		return nil, err
	}
	out := &stationListOut{Body: wire.StationList{Stations: make([]wire.Station, len(found))}}
	for i, st := range found {
		out.Body.Stations[i] = showStation(st)
	}
	return out, nil
}

func (s *server) getStation(ctx context.Context, _ *call, in *StationPath) (*stationOut, error) {
	st, err := s.Rail.Station(ctx, in.StationCode)
	if err != nil {
		return nil, err
	}
	return &stationOut{Body: showStation(st)}, nil
}

func (s *server) stationDepartures(ctx context.Context, _ *call, in *boardIn) (*boardOut, error) {
	var r reader
	from := r.instant("from", in.From)
	if err := r.err(); err != nil {
		return nil, err
	}
	if from.IsZero() {
		from = s.Clock.Now()
	}
	st, err := s.Rail.Station(ctx, in.StationCode)
	if err != nil {
		return nil, err
	}
	found, err := s.Rail.Departures(ctx, in.StationCode, from, in.Limit)
	if err != nil {
		return nil, err
	}
	out := &boardOut{Body: wire.Board{Station: *stationPlace(st.Station, st.TimeZone), Departures: make([]wire.BoardLine, len(found))}}
	for i, d := range found {
		call, end := &d.Run.Calls[d.Call], &d.Run.Calls[len(d.Run.Calls)-1]
		out.Body.Departures[i] = wire.BoardLine{
			RunID: d.Run.ID.Text(runID), Number: d.Run.Train.Number, Category: d.Run.Train.Category, Date: d.Run.Date.String(), Call: d.Call, State: d.Run.State.String(),
			Skipped: call.Skipped, ScheduledDeparts: zoned(call.ScheduledDeparts, call.TimeZone), Departs: zoned(call.Departs, call.TimeZone),
			Toward: *stationPlace(end.Station, end.TimeZone), Note: d.Run.Note,
		}
	}
	return out, nil
}
