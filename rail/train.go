package rail

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"time"

	"holdfast/civil"
	"holdfast/uid"
)

// Bounds of a train.
const (
	MaxCalls   = 200
	MaxSpan    = 4 * 24 * 3600 // seconds after the begin of its service date that a train may still be on its way
	MaxDates   = 800           // days from the first to the last service date
	MaxNumber  = 16            // bytes, as an offer holds them
	MaxStation = 24
)

// Call is one stop of a train. A train may call twice at a station: its place in the list tells them apart. Times are
// seconds after noon minus twelve hours of the service date where the train's times are counted (Train.Zone), so they
// may pass 24:00 and are right when the clocks change.
type Call struct {
	Station           string
	Arrive, Depart    int32
	NoBoard, NoAlight bool
}

// Pattern is the calls of a train: a document that never changes, named by its content.
type Pattern struct {
	ID    uid.ID
	Calls []Call
}

// callWire is a call as it is stored: [station, arrive, depart, 1 no boarding + 2 no alighting].
type callWire [4]any

// NewPattern names some calls.
func NewPattern(calls []Call) (*Pattern, error) {
	p := &Pattern{Calls: calls}
	body, err := p.Body()
	if err != nil {
		return nil, err
	}
	p.ID = derive("pattern", string(body))
	return p, nil
}

// Body is the pattern as it is stored.
func (p *Pattern) Body() ([]byte, error) {
	wire := make([]callWire, len(p.Calls))
	for i, c := range p.Calls {
		flags := 0
		if c.NoBoard {
			flags = 1
		}
		if c.NoAlight {
			flags += 2
		}
		wire[i] = callWire{c.Station, c.Arrive, c.Depart, flags}
	}
	return json.Marshal(wire)
}

// ParsePattern reads what Body wrote.
func ParsePattern(id uid.ID, body []byte) (*Pattern, error) {
	var wire []callWire
	if err := json.Unmarshal(body, &wire); err != nil {
		return nil, fmt.Errorf("stored calls: %w", err)
	}
	p := &Pattern{ID: id, Calls: make([]Call, len(wire))}
	for i, w := range wire {
		station, ok1 := w[0].(string)
		arrive, ok2 := w[1].(float64)
		depart, ok3 := w[2].(float64)
		flags, ok4 := w[3].(float64)
		if !ok1 || !ok2 || !ok3 || !ok4 {
			return nil, fmt.Errorf("stored calls: call %d is not one", i)
		}
		p.Calls[i] = Call{station, int32(arrive), int32(depart), int(flags)&1 != 0, int(flags)&2 != 0}
	}
	return p, nil
}

// Segments is how many stop-to-stop segments the pattern has: the slots of its pools.
func (p *Pattern) Segments() int { return len(p.Calls) - 1 }

// Train is a train as it runs with the same calls on each of its service dates.
type Train struct {
	Supplier uid.ID
	ID       uid.ID // made of supplier, feed and key
	Feed     string // the timetable that told of it
	Key      string // what that calls it
	Number   string // as travellers know it, "ICE 1672"
	Name     string
	Category string
	Carrier  string
	Zone     string // IANA zone of the times
	Line     string
	Bus      bool
	Pattern  uid.ID
	Dates    Dates
	Stamp    int64 // version of the feed that told of it last
	Retired  bool  // the timetable has it no more
}

// TrainID is the id of a train of a feed.
func TrainID(supplier uid.ID, feed, key string) uid.ID {
	return derive("train", string(supplier[:]), feed, key)
}

// same compares what a feed tells of two trains.
func (t *Train) same(o *Train) bool {
	a, b := *t, *o
	a.Stamp, b.Stamp, a.Dates, b.Dates = 0, 0, Dates{}, Dates{}
	return equalTrain(&a, &b) && t.Dates.Equal(o.Dates)
}

func equalTrain(a, b *Train) bool {
	return a.Supplier == b.Supplier && a.ID == b.ID && a.Feed == b.Feed && a.Key == b.Key && a.Number == b.Number && a.Name == b.Name &&
		a.Category == b.Category && a.Carrier == b.Carrier && a.Zone == b.Zone && a.Line == b.Line && a.Bus == b.Bus &&
		a.Pattern == b.Pattern && a.Retired == b.Retired
}

// instant is when the clock of a service date shows so many seconds: counted from noon minus twelve hours, which is
// midnight but on the days when the clocks change (the rule of GTFS).
func instant(date civil.Date, zone *time.Location, seconds int32) time.Time {
	return date.In(zone, 12, 0).Add(time.Duration(seconds)*time.Second - 12*time.Hour)
}

// derive is an id made of some texts: the same texts give the same id, in every process.
func derive(kind string, parts ...string) uid.ID {
	h := sha256.New()
	h.Write([]byte(kind))
	var length [8]byte
	for _, p := range parts {
		n := len(p)
		for i := range length {
			length[i] = byte(n >> (8 * i))
		}
		h.Write(length[:])
		h.Write([]byte(p))
	}
	var id uid.ID
	copy(id[:], h.Sum(nil))
	return id
}
