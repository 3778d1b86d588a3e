package timetable_test

import (
	"encoding/binary"
	"testing"

	"holdfast/rail/timetable"
)

// FuzzTimetable makes timetables of any bytes: they are refused, or whatever is asked of them is answered by journeys.
func FuzzTimetable(f *testing.F) {
	f.Add([]byte{3, 1, 0, 1, 5, 2, 7, 0, 0, 0, 0, 7, 1, 10, 0, 12, 0, 7, 2, 20, 0, 20, 0})
	f.Fuzz(func(t *testing.T, data []byte) {
		next := func() int64 {
			if len(data) == 0 {
				return 0
			}
			b := data[0]
			data = data[1:]
			return int64(b)
		}
		wide := func() int64 {
			if len(data) > 8 && next()%16 == 0 {
				v := int64(binary.LittleEndian.Uint64(data))
				data = data[8:]
				return v
			}
			return noon + 60*next() + 3600*next()
		}
		n := &network{stations: make([]timetable.Station, next()%8)}
		for i := range n.stations {
			n.stations[i].Transfer = int32(next() - 5)
		}
		for range next() % 4 {
			n.footpaths = append(n.footpaths, timetable.Footpath{From: timetable.StationID(next() % 8), To: timetable.StationID(next() % 8), Seconds: int32(next() * 60)})
		}
		run := func() (calls []timetable.Call) {
			for range next() % 5 {
				flags := next()
				c := timetable.Call{Station: timetable.StationID(next() % 8), Board: flags&1 != 0, Alight: flags&2 != 0, Cut: flags&12 == 12, Arrive: wide()}
				c.Depart = c.Arrive + 60*(next()-2)
				calls = append(calls, c)
			}
			return calls
		}
		for range next() % 8 {
			n.runs = append(n.runs, timetable.Run{Calls: run()})
		}
		tt, err := timetable.New(n.stations, n.footpaths, n.runs)
		if err != nil {
			return
		}
		for len(data) > 0 {
			change := timetable.RunChange{Run: int32(next() - 2), Calls: run()}
			if changed, err := tt.With([]timetable.RunChange{change}); err == nil {
				if tt = changed; int(change.Run) == len(n.runs) {
					n.runs = append(n.runs, timetable.Run{})
				}
				n.runs[change.Run] = timetable.Run{Calls: change.Calls}
			}
			at := wide()
			q := timetable.Query{
				From: []timetable.StationID{timetable.StationID(next() - 2)}, To: []timetable.StationID{timetable.StationID(next() - 2), 1},
				Depart: at, ArriveBy: at, MaxChanges: int(next() - 3), Longest: wide() - noon, Within: wide() - noon,
			}
			journeys := tt.Search(q)
			for _, ask := range []func(timetable.Query) (timetable.Journey, bool){tt.Earliest, tt.Latest} {
				if j, ok := ask(q); ok {
					journeys = append(journeys, j)
				}
			}
			for _, j := range journeys {
				if problem := n.wrong(q, j); problem != "" {
					t.Fatalf("%+v: %s: %+v", q, problem, j.Legs)
				}
			}
		}
	})
}
