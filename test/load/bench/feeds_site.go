package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"holdfast/feed/intake/intaketest/partner"
	"holdfast/test/load/drive"
	"holdfast/test/load/house"
	"holdfast/test/load/traffic"
	"holdfast/test/load/wire"
	"holdfast/uid"
)

// partners is the servers of all partners, on one port of this machine.
type partners struct {
	*partner.Fleet
	base    string
	files   map[string][]byte // timetables, by path
	server  *http.Server
	serving sync.WaitGroup
}

func openPartners(ctx context.Context, s *storm) (*partners, error) {
	p := &partners{Fleet: partner.NewFleet(s.partners, s.body), files: map[string][]byte{"/ssim": s.ssim()}}
	gtfs, err := s.gtfs()
	if err != nil {
		return nil, err
	}
	p.files["/gtfs"] = gtfs
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p.base = "http://" + l.Addr().String()
	p.server = &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if file, ok := p.files[r.URL.Path]; ok {
			_, _ = w.Write(file) // whoever goes away is seen by what is missing
			return
		}
		p.ServeHTTP(w, r)
	})}
	p.serving.Go(func() { _ = p.server.Serve(l) }) // ends with Close
	return p, nil
}

func (p *partners) close() error {
	err := p.server.Close()
	p.serving.Wait()
	return err
}

// stormSite is the real binary with hotels, a railway, an airline and their partners.
type stormSite struct {
	*storm
	server   *house.Server
	partners *partners
	site     *traffic.Site
	hotels   *traffic.Scenario
	rate     float64  // of the searches
	rides    [][]byte // searches of trains, then of flights: requests up to their end but for the token
}

// Bounds of waiting for the server.
const (
	stormSetup = 15 * time.Minute
	stormLook  = 2 * time.Second
	stormCases = 512 // different searches of each kind
)

func (o Options) openStorm(ctx context.Context, engine house.Engine, partners int, args []string) (_ *stormSite, err error) {
	s := &stormSite{storm: newStorm(partners)}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close(ctx))
		}
	}()
	if s.partners, err = openPartners(ctx, s.storm); err != nil {
		return nil, err
	}
	town := o.city()
	if s.server, err = house.OpenServer(ctx, house.ServerPlan{
		Plan: house.Plan{Engine: engine, Stay: house.NewStay()}, Binary: o.Binary, Tokens: o.scale().tokens, Town: &town, Test: true, Args: append([]string{
			"--feeds-allow-private", "--horizon-runs", strconv.Itoa(stormSale), "--horizon-flights", strconv.Itoa(stormSale),
		}, args...),
	}); err != nil {
		return nil, err
	}
	if err := s.fill(ctx); err != nil {
		return nil, err
	}
	if s.site, err = traffic.Open(ctx, traffic.Target{Address: s.server.Address, Tokens: s.server.Tokens, Connections: 8, Days: town.Nights - 40}); err != nil {
		return nil, err
	}
	if s.hotels, err = s.site.Scenario(ctx, "search"); err != nil {
		return nil, err
	}
	s.prepare()
	return s, nil
}

func (s *stormSite) close(ctx context.Context) error {
	var errs []error
	if s.site != nil {
		errs = append(errs, s.site.Close())
	}
	if s.server != nil {
		errs = append(errs, s.server.Close(ctx))
	}
	if s.partners != nil {
		errs = append(errs, s.partners.close())
	}
	return errors.Join(errs...)
}

// fill makes the suppliers, brings their timetables by feeds, and enrols the partners.
func (s *stormSite) fill(ctx context.Context) error {
	supplier := func(kind string) (string, error) {
		var made struct {
			ID string `json:"id"`
		}
		err := s.server.Call(ctx, http.MethodPost, "/v1/suppliers", map[string]any{"name": "Storm " + kind, "kind": kind}, &made)
		return made.ID, err
	}
	railway, err := supplier("railway")
	if err != nil {
		return err
	}
	airline, err := supplier("airline")
	if err != nil {
		return err
	}
	for n := range stormAirports {
		airport := map[string]any{
			"name": "Airport " + stormAirport(n), "city": "City " + stormAirport(n), "country": "DE", "time_zone": stormZone,
			"latitude": 40 + float64(n%8)*2.5, "longitude": -5 + float64(n/8)*7,
		}
		if err := s.server.Call(ctx, http.MethodPut, "/v1/airports/"+stormAirport(n), airport, nil); err != nil {
			return err
		}
	}
	enrol := func(name, supplier, format, path string) error {
		return s.server.Call(ctx, http.MethodPut, "/v1/feeds/"+name, map[string]any{
			"supplier_id": supplier, "format": format, "url": s.partners.base + path, "every_seconds": 3600, "jitter_seconds": 0,
		}, nil)
	}
	if err := enrol("timetable-rail", railway, "gtfs", "/gtfs"); err != nil {
		return err
	}
	if err := enrol("timetable-air", airline, "ssim", "/ssim"); err != nil {
		return err
	}
	for _, name := range []string{"timetable-rail", "timetable-air"} {
		if err := s.arrived(ctx, name); err != nil {
			return err
		}
		if err := s.server.Call(ctx, http.MethodDelete, "/v1/feeds/"+name, nil, nil); err != nil { // it would come again on the hour
			return err
		}
	}
	for n := range s.storm.partners {
		supplier, format := railway, "runs"
		if n%2 == 1 {
			supplier, format = airline, "departures"
		}
		if err := enrol(s.partners.Name(n), supplier, format, s.partners.Path(n)); err != nil {
			return err
		}
	}
	if _, err := s.settled(ctx, 1, stormSetup); err != nil {
		return err
	}
	return s.onSale(ctx)
}

// arrived waits until a timetable has been applied.
func (s *stormSite) arrived(ctx context.Context, name string) error {
	return poll(ctx, stormSetup, func() (bool, error) {
		runs, err := s.runs(ctx, name)
		if err != nil || len(runs) == 0 || runs[0].Outcome == "running" {
			return false, err
		}
		if r := runs[0]; r.Outcome != "applied" || r.Refused > 0 {
			return false, fmt.Errorf("%s: %+v", name, r)
		}
		return true, nil
	})
}

// onSale waits until the last days of both timetables within the horizon are on sale.
func (s *stormSite) onSale(ctx context.Context) error {
	last := s.first.Add(stormSale - 2)
	return poll(ctx, stormSetup, func() (bool, error) {
		for _, path := range []string{"/v1/trains/" + urlText(stormTrain(s.lines()-1)), "/v1/flights/" + stormCarrier + strconv.Itoa(s.lines())} {
			var got struct {
				Trains, Departures []struct {
					OnSale bool `json:"on_sale"`
				}
			}
			if err := s.server.Call(ctx, http.MethodGet, path+"/"+last.String(), nil, &got); err != nil {
				return false, err
			}
			if all := append(got.Trains, got.Departures...); len(all) != 1 || !all[0].OnSale {
				return false, nil
			}
		}
		return true, nil
	})
}

func urlText(s string) string { return strings.ReplaceAll(s, " ", "%20") }

// poll asks until it is done.
func poll(ctx context.Context, long time.Duration, done func() (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, long)
	defer cancel()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		if ok, err := done(); ok || err != nil {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("it did not come to be in %v: %w", long, ctx.Err())
		}
	}
}

// feedRun is what is looked at of a run.
type feedRun struct {
	Outcome, Version, Code, Message             string
	Added, Changed, Removed, Untouched, Refused int64
	Stale                                       int64
	Remarks                                     []struct{ Code, Message string }
}

func (s *stormSite) runs(ctx context.Context, name string) ([]feedRun, error) {
	var list struct{ Runs []feedRun }
	err := s.server.Call(ctx, http.MethodGet, "/v1/feeds/"+name+"/runs?limit=20", nil, &list)
	return list.Runs, err
}

// settled waits until every partner's version has come and its run has ended, and returns how long that took.
func (s *stormSite) settled(ctx context.Context, version int, long time.Duration) (time.Duration, error) {
	began, want := time.Now(), strconv.Itoa(version)
	err := poll(ctx, long, func() (bool, error) {
		after, done := "", 0
		for {
			var list struct {
				Feeds []struct {
					Version   string
					Running   string `json:"running_id"`
					Failures  int
					AppliedAt *string `json:"applied_at"`
				}
				Next *string
			}
			if err := s.server.Call(ctx, http.MethodGet, "/v1/feeds?limit=200&after="+after, nil, &list); err != nil {
				return false, err
			}
			for _, f := range list.Feeds {
				if v, _, _ := strings.Cut(f.Version, " "); f.Running == "" && v == want {
					done++
				}
			}
			if list.Next == nil {
				break
			}
			after = *list.Next
		}
		if done == s.storm.partners {
			return true, nil
		}
		select { // looking costs the server something
		case <-time.After(stormLook):
		case <-ctx.Done():
		}
		return false, nil
	})
	return time.Since(began), err
}

// exactly verifies that every change of a version was applied once: by the runs, and by a sample of trains and flights.
func (s *stormSite) exactly(ctx context.Context, version int) error {
	for n := range s.storm.partners {
		runs, err := s.runs(ctx, s.partners.Name(n))
		if err != nil {
			return err
		}
		times := 0
		for _, r := range runs {
			v, _, _ := strings.Cut(r.Version, " ")
			if v != strconv.Itoa(version) {
				continue
			}
			if times++; r.Outcome != "applied" || r.Added+r.Changed+r.Removed != stormChanges || r.Stale+r.Refused+r.Untouched != 0 {
				return fmt.Errorf("%s, version %d: want %d changes applied, got %+v", s.partners.Name(n), version, stormChanges, r)
			}
		}
		if times != 1 {
			return fmt.Errorf("%s, version %d: %d runs, want one: %+v", s.partners.Name(n), version, times, runs)
		}
		if err := s.spot(ctx, n, n*7%stormChanges, version); err != nil {
			return err
		}
		if err := s.spot(ctx, n, (cancelEvery-n%cancelEvery)%cancelEvery, version); err != nil {
			return err
		}
	}
	return nil
}

// spot looks up what a change was about.
func (s *stormSite) spot(ctx context.Context, partner, change, version int) error {
	line, date := s.at(partner, change)
	cancelled, late := told(partner, change, version)
	state := "changed"
	if cancelled {
		state = "cancelled"
	}
	type times struct {
		Planned string `json:"scheduled_departs"`
		Departs string
	}
	var got struct {
		Trains []struct {
			State string
			Calls []times
		}
		Departures []struct {
			State string
			Legs  []times
		}
	}
	path, at := "/v1/trains/"+urlText(stormTrain(line)), change%(stormCalls-1)
	if partner%2 == 1 {
		path, at = "/v1/flights/"+stormCarrier+strconv.Itoa(line+1), 0
	}
	if err := s.server.Call(ctx, http.MethodGet, path+"/"+date.String(), nil, &got); err != nil {
		return err
	}
	is, all := "", []times(nil)
	for _, t := range got.Trains {
		is, all = t.State, t.Calls
	}
	for _, d := range got.Departures {
		is, all = d.State, d.Legs
	}
	if is != state || len(all) <= at {
		return fmt.Errorf("%s on %s is %q; partner %d said %s in version %d", path, date, is, partner, state, version)
	}
	if cancelled {
		return nil
	}
	planned, err1 := time.Parse(time.RFC3339, all[at].Planned)
	departs, err2 := time.Parse(time.RFC3339, all[at].Departs)
	if err := errors.Join(err1, err2); err != nil || departs.Sub(planned) != late {
		return fmt.Errorf("%s on %s departs %s instead of %s; partner %d said %v late in version %d (%w)", path, date, all[at].Departs, all[at].Planned, partner, late, version, err)
	}
	return nil
}

// prepare makes the searches of trains and flights, on dates on which they are sold.
func (s *stormSite) prepare() {
	request := func(v any) []byte {
		body, err := json.Marshal(v)
		if err != nil {
			panic(err) // maps of strings and numbers
		}
		return []byte("Content-Type: application/json\r\nContent-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n" + string(body))
	}
	for i := range stormCases {
		train := i * 13 % s.lines()
		departs := s.first.Add(i%(stormSale-1)).In(time.UTC, 0, stormMinute(train)-30)
		s.rides = append(s.rides, request(map[string]any{"train": map[string]any{
			"from": fmt.Sprintf("S%03d", stormStation(train, 0)), "to": fmt.Sprintf("S%03d", stormStation(train, 2+i%3)),
			"depart_after": departs.Format(time.RFC3339), "window_minutes": 240,
		}, "limit": 5}))
	}
	for i := range stormCases {
		from, to, _ := stormRoute(i * 13 % s.lines())
		date := s.first.Add(i % (stormSale - 1)).String()
		s.rides = append(s.rides, request(map[string]any{"flight": map[string]any{
			"slices": []map[string]any{{"from": stormAirport(from), "to": stormAirport(to), "date": date}}, "max_stops": 1,
		}, "limit": 10}))
	}
}

// searches is the mix: hotels, trains and flights in turn. All that it is given is answered, even when ctx ends.
type searches struct {
	*stormSite
	kinds [3]drive.Histogram // from the request, not from the meant arrival
	none  [3]int64
	mu    sync.Mutex
}

var offerID = []byte(`"id":"off_`)

// Place implements drive.Seller.
func (s *searches) Place(ctx context.Context, r drive.Request) (id uid.ID, err error) {
	ctx = context.WithoutCancel(ctx)
	kind := int(r.N % 3)
	began := time.Now()
	defer func() { s.kinds[kind].Add(time.Since(began)) }()
	if kind == 0 {
		return s.hotels.Place(ctx, r)
	}
	body := s.rides[(kind-1)*stormCases+int(uint64(r.N)*0x9e3779b97f4a7c15>>33%stormCases)]
	return uid.ID{}, s.site.Do(ctx, func(b []byte) []byte {
		b = append(b, "POST /v1/offers HTTP/1.1\r\nHost: "+s.server.Address+"\r\nAuthorization: Bearer "+s.server.Tokens[int(r.N)%len(s.server.Tokens)]+"\r\n"...)
		return append(b, body...)
	}, func(a wire.Answer) error {
		if a.Status != http.StatusOK {
			return a.Unexpected()
		}
		if !bytes.Contains(a.Body, offerID) {
			s.mu.Lock()
			s.none[kind]++
			s.mu.Unlock()
		}
		return nil
	})
}
