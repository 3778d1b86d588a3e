package bench

import (
	"archive/zip"
	"bytes"
	"fmt"
	"strings"
	"time"

	"holdfast/civil"
)

// The timetables of the storm, and the changes that partners tell of them. Everything follows from numbers, so what has
// to be there afterwards is known without asking anybody.
const (
	stormStations = 120
	stormCalls    = 6 // of a train
	stormAirports = 40
	stormDays     = 180 // of both timetables, from tomorrow on
	stormSale     = 45  // of them on sale, today and tomorrow among them
	stormChanges  = 1000
	stormZone     = "Africa/Abidjan" // UTC, by a name
	stormCarrier  = "9Z"
	cancelEvery   = 50 // one of so many changes is a cancellation
)

// storm is the partners of a railway and of an airline, as many of each, who together tell of every run and departure once.
type storm struct {
	partners int // even ones tell of trains, odd ones of flights
	first    civil.Date
}

func newStorm(partners int) *storm {
	return &storm{partners: partners, first: civil.Today(time.Now(), time.UTC).Add(1)}
}

// lines is how many trains, and how many flights, there are a day.
func (s *storm) lines() int { return (s.partners/2*stormChanges + stormDays - 1) / stormDays }

func (s *storm) end() civil.Date { return s.first.Add(stormDays - 1) }

// at is the train or flight, and the date, of a change of a partner.
func (s *storm) at(partner, change int) (line int, date civil.Date) {
	n := partner/2*stormChanges + change
	return n / stormDays, s.first.Add(n % stormDays)
}

func stormTrain(n int) string { return fmt.Sprintf("IC %d", 1000+n) }

// stormStation is the station of a call: trains go round circles of different widths, so that most pairs need a change.
func stormStation(train, call int) int { return (train*7 + call*(1+train%11)) % stormStations }

// stormMinute is when a train or flight sets out, in minutes of its day.
func stormMinute(line int) int { return 300 + line*37%1000 }

const stormHop = 35 // minutes from call to call

// gtfs is the railway's timetable.
func (s *storm) gtfs() ([]byte, error) {
	compact := func(d civil.Date) string { return strings.ReplaceAll(d.String(), "-", "") }
	var stops, trips, calls strings.Builder
	stops.WriteString("stop_id,stop_name,stop_lat,stop_lon\n")
	for n := range stormStations {
		fmt.Fprintf(&stops, "S%03d,Station %03d,%.4f,%.4f\n", n, n, 47.5+float64(n%12)*0.6, 6.5+float64(n/12)*0.9)
	}
	trips.WriteString("route_id,service_id,trip_id,trip_short_name\n")
	calls.WriteString("trip_id,arrival_time,departure_time,stop_id,stop_sequence\n")
	for n := range s.lines() {
		fmt.Fprintf(&trips, "R,S,T%d,%s\n", n, stormTrain(n))
		for c := range stormCalls {
			at := stormMinute(n) + c*stormHop
			fmt.Fprintf(&calls, "T%d,%02d:%02d:00,%02d:%02d:00,S%03d,%d\n", n, at/60, at%60, (at+2)/60, (at+2)%60, stormStation(n, c), c)
		}
	}
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, text := range map[string]string{
		"agency.txt":     "agency_id,agency_name,agency_url,agency_timezone\nA,Storm Rail,https://example.org," + stormZone + "\n",
		"routes.txt":     "route_id,agency_id,route_short_name,route_long_name,route_type\nR,A,IC,All lines,2\n",
		"calendar.txt":   "service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date\nS,1,1,1,1,1,1,1," + compact(s.first) + "," + compact(s.end()) + "\n",
		"stops.txt":      stops.String(),
		"trips.txt":      trips.String(),
		"stop_times.txt": calls.String(),
	} {
		w, err := z.Create(name)
		if err != nil {
			return nil, err
		}
		if _, err := w.Write([]byte(text)); err != nil {
			return nil, err
		}
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

func stormAirport(n int) string { return "Q" + string(rune('A'+n/8)) + string(rune('A'+n%8)) }

// stormRoute is where a flight goes from and to, and for how many minutes.
func stormRoute(flight int) (from, to, minutes int) {
	from = flight % stormAirports
	to = (from + 1 + flight/stormAirports%(stormAirports-1)) % stormAirports
	return from, to, 60 + flight%120
}

const ssimColumns = 200

// ssim is the airline's timetable: records of SSIM chapter 7, one leg a flight, every day.
func (s *storm) ssim() []byte {
	var b bytes.Buffer
	serial := 0
	record := func(fields map[int]string) { // by column, from 1
		serial++
		line := bytes.Repeat([]byte(" "), ssimColumns)
		copy(line[194:], fmt.Sprintf("%06d", serial))
		for at, text := range fields {
			copy(line[at-1:], text)
		}
		b.Write(append(line, '\n'))
	}
	period := func(d civil.Date) string {
		return strings.ToUpper(d.In(time.UTC, 0, 0).Format("02Jan06"))
	}
	record(map[int]string{1: "1AIRLINE STANDARD SCHEDULE DATA SET"})
	record(map[int]string{1: "2L" + stormCarrier, 15: period(s.first) + period(s.end())})
	for n := range s.lines() {
		from, to, minutes := stormRoute(n)
		departs := stormMinute(n)
		arrives := (departs + minutes) % (24 * 60)
		record(map[int]string{
			1: "3 " + stormCarrier, 6: fmt.Sprintf("%4d", n+1), 10: "01", 12: "01", 14: "J", 15: period(s.first), 22: period(s.end()), 29: "1234567",
			37: stormAirport(from), 40: clock4(departs) + clock4(departs), 48: "+0000", 55: stormAirport(to), 58: clock4(arrives) + clock4(arrives), 66: "+0000",
			73: "320", 149: " ",
		})
	}
	record(map[int]string{1: "5 " + stormCarrier})
	return b.Bytes()
}

func clock4(minutes int) string { return fmt.Sprintf("%02d%02d", minutes/60, minutes%60) }

// told is what a partner says of one run or departure in a version: that it is cancelled, or so late.
func told(partner, change, version int) (cancelled bool, late time.Duration) {
	if (change+partner)%cancelEvery == 0 {
		return true, 0
	}
	return false, time.Duration(1+(change*7+partner*3+version*13)%40) * time.Minute
}

// body is the file of a partner in a version. The first has nothing in it: a partner who has just been enrolled.
func (s *storm) body(partner, version int) []byte {
	var b bytes.Buffer
	name := "runs"
	if partner%2 == 1 {
		name = "departures"
	}
	fmt.Fprintf(&b, "{%q:[", name)
	for n := range stormChanges {
		if version == 1 {
			break
		}
		if n > 0 {
			b.WriteByte(',')
		}
		line, date := s.at(partner, n)
		cancelled, late := told(partner, n, version)
		if partner%2 == 0 {
			fmt.Fprintf(&b, `{"train":%q,"date":"%s",`, stormTrain(line), date)
			if cancelled {
				b.WriteString(`"cancelled":true}`)
			} else {
				fmt.Fprintf(&b, `"delays":[{"call":%d,"arrives":%d,"departs":%d}]}`, n%(stormCalls-1), int(late.Seconds()), int(late.Seconds()))
			}
			continue
		}
		from, to, minutes := stormRoute(line)
		fmt.Fprintf(&b, `{"carrier":%q,"number":"%d","date":"%s","from":%q,"to":%q,`, stormCarrier, line+1, date, stormAirport(from), stormAirport(to))
		if cancelled {
			b.WriteString(`"cancelled":true}`)
			continue
		}
		departs := date.In(time.UTC, 0, 0).Add(time.Duration(stormMinute(line))*time.Minute + late)
		fmt.Fprintf(&b, `"times":[{"departs":%q,"arrives":%q}]}`, departs.Format(time.RFC3339), departs.Add(time.Duration(minutes)*time.Minute).Format(time.RFC3339))
	}
	b.WriteString("]}")
	return b.Bytes()
}
