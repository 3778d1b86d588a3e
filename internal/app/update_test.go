package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"holdfast/civil"
	"holdfast/flight"
	"holdfast/flight/fare"
	"holdfast/test/engine"
	"holdfast/test/prove/effort"
	"holdfast/uid"
)

// The world of the orders of arrival: trains, and flights, that are all alike. Each order has a date and some lines for
// itself: half of them are told everything in some order, the other half the newest word alone.
const (
	alikeDays   = 300
	alikeSale   = 15 // days on sale; on the others there is nothing but the word
	alikeGroups = 7
	alikeLines  = 3 // of a group, and as many twins
	alikeCalls  = 4
)

// alikeFirst is the first date of both timetables.
func alikeFirst() civil.Date { return civil.Today(time.Now(), time.UTC).Add(2) }

// alikeTrains writes the timetable of the trains.
func alikeTrains(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	compact := func(d civil.Date) string { return strings.ReplaceAll(d.String(), "-", "") }
	files := map[string]string{
		"agency.txt":   "agency_id,agency_name,agency_url,agency_timezone\nA,Alike Rail,https://example.org,Africa/Abidjan\n",
		"stops.txt":    "stop_id,stop_name,stop_lat,stop_lon\nA,Aa,48.0,9.0\nB,Bb,48.5,9.5\nC,Cc,49.0,10.0\nD,Dd,49.5,10.5\n",
		"routes.txt":   "route_id,agency_id,route_short_name,route_long_name,route_type\nR,A,IC,Alike,2\n",
		"calendar.txt": "service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date\nS,1,1,1,1,1,1,1," + compact(alikeFirst()) + "," + compact(alikeFirst().Add(alikeDays-1)) + "\n",
	}
	trips, calls := "route_id,service_id,trip_id,trip_short_name\n", "trip_id,arrival_time,departure_time,stop_id,stop_sequence\n"
	for n := range 2 * alikeLines * alikeGroups {
		trips += fmt.Sprintf("R,S,T%d,IC %d\n", n, 100+n)
		for i := range alikeCalls {
			calls += fmt.Sprintf("T%d,%02d:00:00,%02d:05:00,%c,%d\n", n, 8+i, 8+i, 'A'+i, i)
		}
	}
	files["trips.txt"], files["stop_times.txt"] = trips, calls
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// alikeFlights writes the timetable of the flights.
func alikeFlights(t *testing.T) string {
	t.Helper()
	var b bytes.Buffer
	serial := 0
	record := func(fields map[int]string) {
		serial++
		line := bytes.Repeat([]byte(" "), 200)
		copy(line[194:], fmt.Sprintf("%06d", serial))
		for at, text := range fields {
			copy(line[at-1:], text)
		}
		b.Write(append(line, '\n'))
	}
	day := func(d civil.Date) string { return strings.ToUpper(d.In(time.UTC, 0, 0).Format("02Jan06")) }
	from, to := day(alikeFirst()), day(alikeFirst().Add(alikeDays-1))
	record(map[int]string{1: "1AIRLINE STANDARD SCHEDULE DATA SET"})
	record(map[int]string{1: "2L9Z", 15: from + to})
	for n := range 2 * alikeLines * alikeGroups {
		record(map[int]string{
			1: "3 9Z", 6: fmt.Sprintf("%4d", 100+n), 10: "01", 12: "01", 14: "J", 15: from, 22: to, 29: "1234567",
			37: "QAA", 40: "08000800", 48: "+0000", 55: "QAB", 58: "10001000", 66: "+0000", 73: "320", 149: " ",
		})
	}
	record(map[int]string{1: "5 9Z"})
	name := filepath.Join(t.TempDir(), "alike.ssim")
	if err := os.WriteFile(name, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// word is one thing that is told of a line: an update with its stamp.
type word struct {
	line  int // of the group
	stamp int64
	what  int
}

// words are what there is to tell; told twice in a row they are the same.
const words = 6

func (w word) ofTrain(number int, date civil.Date) string {
	text := fmt.Sprintf(`{"train":"IC %d","date":"%s","stamp":%d`, number, date, w.stamp)
	switch w.what {
	case 1:
		text += `,"cancelled":true`
	case 2:
		text += `,"delays":[{"call":1,"arrives":600,"departs":600}]`
	case 3:
		text += `,"delays":[{"call":0,"departs":120},{"call":2,"arrives":900,"departs":840}],"note":"Signals"`
	case 4:
		text += `,"skipped":[0,1]`
	case 5:
		text += `,"note":"Full"`
	}
	return text + "}"
}

func (w word) ofFlight(number int, date civil.Date) string {
	text := fmt.Sprintf(`{"carrier":"9Z","number":"%d","date":"%s","from":"QAA","to":"QAB","stamp":%d`, number, date, w.stamp)
	at := func(minutes int) string {
		from := date.In(time.UTC, 8, minutes)
		return fmt.Sprintf(`,"times":[{"departs":%q,"arrives":%q}]`, from.Format(time.RFC3339), from.Add(2*time.Hour).Format(time.RFC3339))
	}
	switch w.what {
	case 1:
		text += `,"cancelled":true,"reason":"Fog"`
	case 2:
		text += at(20)
	case 3:
		text += at(50) + `,"reason":"Late crew"`
	case 4:
		text += `,"diverted":true`
	case 5:
		text += `,"departed":true` + at(5)
	}
	return text + "}"
}

// alike is the system under the orders.
type alike struct {
	*system
	supplier uid.ID
	format   string
	tell     func(w word, number int, date civil.Date) string
	// state is what is known of a line on a date, but for its name.
	state func(ctx context.Context, number int, date civil.Date) (any, error)
}

func (a *alike) deliver(ctx context.Context, told []string) error {
	text := fmt.Sprintf(`{%q:[%s]}`, a.format, strings.Join(told, ","))
	r, err := a.bring(ctx, delivery{Format: a.format, Supplier: a.supplier}, body{strings.NewReader(text), int64(len(text))}, nil)
	if err == nil && len(r.Refused) > 0 {
		err = fmt.Errorf("refused: %v", r.Refused)
	}
	return err
}

// order is one order of arrival: everything that is told of the lines of a group on a date comes in messages, late,
// repeated, and by two senders at once; their twins hear the newest word alone.
func (a *alike) order(ctx context.Context, t *rapid.T, number int) error {
	date, first := alikeFirst().Add(number%alikeDays), 100+number/alikeDays*2*alikeLines
	var all []word
	var newest []string
	for line := range alikeLines {
		n := rapid.IntRange(1, 4).Draw(t, "words")
		for stamp := range n {
			all = append(all, word{line, int64(10 + stamp), rapid.IntRange(0, words-1).Draw(t, "what")})
		}
		newest = append(newest, a.tell(all[len(all)-1], first+alikeLines+line, date))
	}
	for range rapid.IntRange(0, len(all)).Draw(t, "repeated") {
		all = append(all, all[rapid.IntRange(0, len(all)-1).Draw(t, "which")])
	}
	all = rapid.Permutation(all).Draw(t, "order")
	var senders [2][][]string // messages
	for len(all) > 0 {
		n := rapid.IntRange(1, len(all)).Draw(t, "message")
		var told []string
		for _, w := range all[:n] {
			told = append(told, a.tell(w, first+w.line, date))
		}
		all = all[n:]
		s := rapid.IntRange(0, 1).Draw(t, "sender")
		senders[s] = append(senders[s], told)
	}
	var group sync.WaitGroup
	var errs [2]error
	for s := range senders {
		group.Go(func() {
			for _, told := range senders[s] {
				if errs[s] = a.deliver(ctx, told); errs[s] != nil {
					return
				}
			}
		})
	}
	group.Wait()
	if err := errors.Join(errs[0], errs[1], a.deliver(ctx, newest)); err != nil {
		return err
	}
	for line := range alikeLines {
		is, err := a.state(ctx, first+line, date)
		if err != nil {
			return err
		}
		want, err := a.state(ctx, first+alikeLines+line, date)
		if err != nil {
			return err
		}
		if diff := cmp.Diff(want, is); diff != "" {
			return fmt.Errorf("%s %d on %s is not as the newest word says:\n%s", a.format, first+line, date, diff)
		}
	}
	return nil
}

// orders tries as many orders as there is time for.
func (a *alike) orders(ctx context.Context, t *testing.T) {
	number := 0
	for _, seed := range effort.Seeds(t, 1, 30) {
		if number == alikeDays*alikeGroups {
			t.Fatalf("there is room for %d orders", number)
		}
		var failed error
		rapid.Custom(func(r *rapid.T) bool {
			failed = a.order(ctx, r, number)
			return true
		}).Example(int(seed))
		if failed != nil {
			t.Fatalf("%v\n%s", failed, effort.Repeat("updates", seed))
		}
		number++
	}
}

// told is what updates leave of a train or a flight.
type toldState struct {
	State, Note string
	Stamp       int64
	Flags       [3]bool
	Times       []string
	Found       []string // what a search finds of it
}

func (s *system) trainState(ctx context.Context, number int, date civil.Date) (any, error) {
	runs, err := s.rail.Trains(ctx, fmt.Sprintf("IC %d", number), date)
	if err != nil || len(runs) != 1 {
		return nil, fmt.Errorf("train %d: %d runs, %w", number, len(runs), err)
	}
	out := toldState{State: runs[0].State.String(), Note: runs[0].Note, Stamp: runs[0].Stamp}
	for _, c := range runs[0].Calls {
		out.Times = append(out.Times, fmt.Sprint(c.Arrives.UTC(), c.Departs.UTC(), c.Skipped))
	}
	return out, nil
}

func (s *system) flightState(ctx context.Context, number int, date civil.Date) (any, error) {
	f, err := s.flight.Lookup(ctx, fmt.Sprintf("9Z%d", number), date)
	if err != nil || len(f.Departures) != 1 || f.Departures[0].Live == nil {
		return nil, fmt.Errorf("flight %d: %+v, %w", number, f, err)
	}
	d := f.Departures[0]
	out := toldState{State: d.State.String(), Note: d.Live.Reason, Stamp: d.Live.Stamp, Flags: [3]bool{d.Live.Cancelled, d.Live.Diverted, d.Live.Departed}}
	for _, l := range d.Legs {
		out.Times = append(out.Times, fmt.Sprint(l.Departs.UTC(), l.Arrives.UTC()))
	}
	if date >= alikeFirst().Add(alikeSale-2) { // today and tomorrow are on sale too
		return out, nil
	}
	found, err := s.flight.Search(ctx, flight.ItineraryQuery{Slices: []flight.SliceQuery{{From: "QAA", To: "QAB", Date: date}}, Party: fare.Party{Adults: 1}, Limit: 100})
	if err != nil {
		return nil, err
	}
	if len(found.Proposals) == 0 {
		return nil, fmt.Errorf("no flights are found on %s", date)
	}
	for _, p := range found.Proposals {
		if g := p.Slices[0].Segments[0]; g.Departure.ID == d.Departure.ID {
			out.Found = append(out.Found, fmt.Sprint(g.Legs[0].Departs.UTC(), g.Legs[0].Arrives.UTC()))
		}
	}
	want := out.Times
	if d.Live.Cancelled || d.Live.Departed {
		want = nil
	}
	if diff := cmp.Diff(want, out.Found); diff != "" {
		return nil, fmt.Errorf("flight %d on %s, which is %v, is found otherwise:\n%s", number, date, d.State, diff)
	}
	return out, nil
}

// Whatever order updates arrive in, late, repeated, in messages however cut and by two senders at once, the newest word
// of each train and flight holds, and searches find the flights by it.
func TestUpdatesInAnyOrder(t *testing.T) {
	for name, args := range map[string]func(t *testing.T) []string{
		"sqlite": func(t *testing.T) []string { return []string{"--data=" + t.TempDir()} },
		"postgres": func(t *testing.T) []string {
			return []string{"--database-url=" + engine.Postgres(t), "--database-max-conns=4"}
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := settings(t, append(args(t), tokens(t), fmt.Sprintf("--horizon-runs=%d", alikeSale), fmt.Sprintf("--horizon-flights=%d", alikeSale))...)
			s := newSystem(c, quiet)
			if !c.Embedded() {
				if err := Migrate(t.Context(), c, quiet, &output{}); err != nil {
					t.Fatal(err)
				}
			}
			if err := s.run(t.Context(), func(ctx context.Context) error {
				for _, code := range []string{"QAA", "QAB"} {
					airport := flight.Airport{IATA: code, Name: code, City: code, Country: "DE", Zone: "Africa/Abidjan", Latitude: float64(code[2]-'A') + 40}
					if _, err := s.flight.SetAirport(ctx, flight.Editor{Subject: "op"}, airport); err != nil {
						return err
					}
				}
				bring := func(format, create, file string) (uid.ID, error) {
					in, done, err := packed([]string{file})
					if err != nil {
						return uid.ID{}, err
					}
					defer done()
					d := delivery{Format: format, CreateSupplier: create, Stamp: 1}
					if r, err := s.importFeed(ctx, d, in, nil); err != nil || len(r.Refused) > 0 {
						return uid.ID{}, fmt.Errorf("%s: %+v, %w", format, r, err)
					}
					return supplierNamed(create), nil
				}
				railway, err := bring("gtfs", "Alike Rail", alikeTrains(t))
				if err != nil {
					return err
				}
				airline, err := bring("ssim", "Alike Air", alikeFlights(t))
				if err != nil {
					return err
				}
				t.Run("trains", func(t *testing.T) {
					(&alike{s, railway, "runs", word.ofTrain, s.trainState}).orders(ctx, t)
				})
				t.Run("flights", func(t *testing.T) {
					(&alike{s, airline, "departures", word.ofFlight, s.flightState}).orders(ctx, t)
				})
				return nil
			}); err != nil {
				t.Fatal(err)
			}
		})
	}
}
