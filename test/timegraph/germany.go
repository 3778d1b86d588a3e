package timegraph

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"time"

	"holdfast/civil"
	"holdfast/feed"
	"holdfast/rail/timetable"
)

// archive is the feed, from the root of the module.
const archive = "../shared/data/gtfs_db_fernverkehr_2019/db_fernverkehr_2019_gtfs.zip"

// Season of the feed: service dates [First, Last].
var (
	First = civil.DateOf(2018, time.December, 9)
	Last  = civil.DateOf(2019, time.December, 14)
)

// Feed is the German long-distance trains of 2019, as a timetable takes them.
type Feed struct {
	Stations  []timetable.Station
	Codes     []string // of the stations
	Footpaths []timetable.Footpath
	Runs      []timetable.Run // in order of service dates
	Trains    int             // that the feed tells of
	Remarks   int             // lines that it refused or wondered at
}

// ErrNoData means that the feed is not on this machine.
var ErrNoData = errors.New("the German long-distance feed is not here: it is expected in " + archive)

// Germany reads the runs of some service dates. Transfer times, which the feed does not have, are two to nine minutes by
// the number of trains, as in usual practice. Stations closer than 1,500 m are joined by footpaths at a meter a second.
func Germany(ctx context.Context, from civil.Date, days int) (f *Feed, err error) {
	root, err := moduleRoot()
	if err != nil {
		return nil, err
	}
	name := filepath.Join(root, archive)
	if _, err := os.Stat(name); err != nil {
		return nil, errors.Join(ErrNoData, err)
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	files, err := feed.OpenZip(file, info.Size(), feed.ZipLimits{})
	if err != nil {
		return nil, err
	}
	return read(ctx, files, from, days)
}

// moduleRoot is the folder of go.mod above the working directory.
func moduleRoot() (string, error) {
	folder, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(folder, "go.mod")); err == nil {
			return folder, nil
		}
		up := filepath.Dir(folder)
		if up == folder {
			return "", errors.New("no go.mod above the working directory: run this inside the repository")
		}
		folder = up
	}
}

func read(ctx context.Context, files fs.FS, from civil.Date, days int) (*Feed, error) {
	f := &Feed{}
	index := map[string]timetable.StationID{}
	zones := map[string]*time.Location{}
	var stations []feed.Station
	var trains []int // per station
	byDate := make([][]timetable.Run, days)
	err := feed.ReadGTFS(ctx, files, feed.GTFSOptions{}, feed.TrainSink{
		Station: func(s feed.Station) error {
			index[s.Code] = timetable.StationID(len(stations))
			stations, trains = append(stations, s), append(trains, 0)
			f.Codes = append(f.Codes, s.Code)
			return nil
		},
		Train: func(t feed.Train) error {
			f.Trains++
			zone := zones[t.Zone]
			if zone == nil {
				var err error
				if zone, err = time.LoadLocation(t.Zone); err != nil {
					return err
				}
				zones[t.Zone] = zone
			}
			for i := range t.Calls {
				s, ok := index[t.Calls[i].Station]
				if !ok {
					return fmt.Errorf("train %s calls at %q, which is no station", t.Key, t.Calls[i].Station)
				}
				trains[s]++
			}
			for _, date := range t.Dates {
				if n := int(date - from); n >= 0 && n < days {
					byDate[n] = append(byDate[n], dated(&t, date, zone, index))
				}
			}
			return nil
		},
		Remark: func(*feed.Error) { f.Remarks++ },
	})
	if err != nil {
		return nil, err
	}
	f.Runs = slices.Concat(byDate...)
	for i := range stations {
		f.Stations = append(f.Stations, timetable.Station{Transfer: int32(120 + 60*min(trains[i]/100, 7))})
		for k := range stations {
			if m := meters(&stations[i], &stations[k]); i != k && m < 1500 {
				f.Footpaths = append(f.Footpaths, timetable.Footpath{From: timetable.StationID(i), To: timetable.StationID(k), Seconds: int32(m) + 60})
			}
		}
	}
	return f, nil
}

func dated(t *feed.Train, date civil.Date, zone *time.Location, index map[string]timetable.StationID) timetable.Run {
	noon := civil.ServiceTime(date, zone, 0).Unix()
	calls := make([]timetable.Call, len(t.Calls))
	for i := range t.Calls {
		c := &t.Calls[i]
		calls[i] = timetable.Call{
			Station: index[c.Station], Arrive: noon + int64(c.Arrive), Depart: noon + int64(c.Depart),
			Board: !c.NoBoard && i < len(t.Calls)-1, Alight: !c.NoAlight && i > 0,
		}
	}
	return timetable.Run{Calls: calls}
}

// meters between two stations, on a plane: they are close or it does not matter.
func meters(a, b *feed.Station) float64 {
	if !a.Located || !b.Located {
		return math.Inf(1)
	}
	const degree = 111_195.0
	return math.Hypot((a.Latitude-b.Latitude)*degree, (a.Longitude-b.Longitude)*degree*math.Cos(a.Latitude*math.Pi/180))
}

// Random is a query from any station to any other at any second of some days.
func Random(r *rand.Rand, f *Feed, from civil.Date, days int) timetable.Query {
	a, b := r.IntN(len(f.Stations)), r.IntN(len(f.Stations)-1)
	if b >= a {
		b++
	}
	return timetable.Query{
		From: []timetable.StationID{timetable.StationID(a)}, To: []timetable.StationID{timetable.StationID(b)},
		Depart: int64(from)*86400 + r.Int64N(int64(days)*86400), MaxChanges: timetable.MostChanges,
	}
}
