package feed

import (
	"cmp"
	"context"
	"fmt"
	"slices"
)

// maxGTFSCalls is how many calls a train may have.
const maxGTFSCalls = 1_000

// tellTrains puts the calls of each trip in order and gives the sink the trains, in the order of trips.txt.
func (g *gtfs) tellTrains(ctx context.Context) error {
	slices.SortFunc(g.calls, func(a, b gtfsCall) int {
		return cmp.Or(cmp.Compare(a.trip, b.trip), cmp.Compare(a.sequence, b.sequence), cmp.Compare(a.line, b.line))
	})
	slices.SortFunc(g.headways, func(a, b gtfsHeadway) int { return cmp.Or(cmp.Compare(a.trip, b.trip), cmp.Compare(a.line, b.line)) })
	call, headway := 0, 0
	for i := range g.trips {
		if i%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		calls := next(g.calls, &call, func(c gtfsCall) bool { return c.trip == int32(i) })
		headways := next(g.headways, &headway, func(h gtfsHeadway) bool { return h.trip == int32(i) })
		if err := g.tellTrip(&g.trips[i], calls, headways); err != nil {
			return err
		}
	}
	return nil
}

// next cuts off the elements from *at that belong together.
func next[T any](all []T, at *int, belongs func(T) bool) []T {
	from := *at
	for *at < len(all) && belongs(all[*at]) {
		*at++
	}
	return all[from:*at]
}

func (g *gtfs) tellTrip(t *gtfsTrip, calls []gtfsCall, headways []gtfsHeadway) error {
	if t.refused {
		return nil
	}
	service := &g.services[t.service]
	switch {
	case service.refused: // by a line of calendar_dates.txt
		g.remark(&Error{File: "trips.txt", Line: int(t.line), Code: "unknown_service", Message: fmt.Sprintf("The days of the trip %q are not known: a line of its service was refused.", t.id)})
		return nil
	case len(calls) == 0:
		g.warnAt("trips.txt", int(t.line), "no_calls", "The trip %q calls nowhere; nobody can ride it, and it was left out.", t.id)
		return nil
	case len(calls) == 1:
		g.warnAt("trips.txt", int(t.line), "one_call", "The trip %q calls once; nobody can ride it, and it was left out.", t.id)
		return nil
	case len(service.dates) == 0:
		g.warnAt("trips.txt", int(t.line), "never_runs", "The trip %q runs on no day; it was left out.", t.id)
		return nil
	case t.headway && len(headways) == 0:
		return nil // its lines in frequencies.txt were refused
	}
	if bad := checkCalls(t, calls); bad != nil {
		bad.File = "stop_times.txt"
		g.remark(bad)
		return nil
	}
	if n := interpolate(calls); n > 0 {
		g.warnAt("trips.txt", int(t.line), "interpolated_times", "The trip %q has %d calls without a time; they were spread evenly over the times around them.", t.id, n)
	}
	for _, c := range calls {
		g.stops[c.stop].used = true
	}
	if g.sink.Train == nil {
		return nil
	}
	if !t.headway {
		return g.sink.Train(g.train(t, calls, t.id, 0))
	}
	for _, h := range headways {
		for start := h.from; start < h.until; start += h.every {
			key := t.id + "@" + clock(start)
			if err := g.sink.Train(g.train(t, calls, key, start-calls[0].depart)); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkCalls tells what is wrong with the calls of a trip, in order.
func checkCalls(t *gtfsTrip, calls []gtfsCall) *Error {
	refused := func(c gtfsCall, code, format string, args ...any) *Error {
		return &Error{Line: int(c.line), Code: code, Message: fmt.Sprintf(format, args...) + fmt.Sprintf(" The trip %q is left out.", t.id)}
	}
	if len(calls) > maxGTFSCalls {
		return refused(calls[maxGTFSCalls], "too_many_calls", "A train has at most %d calls.", maxGTFSCalls)
	}
	last := calls[0]
	for i, c := range calls {
		switch {
		case i > 0 && c.sequence == calls[i-1].sequence:
			return refused(c, "duplicate", "The trip has a call with the stop_sequence %d before, on line %d.", c.sequence, calls[i-1].line)
		case c.arrive == noTime && (i == 0 || i == len(calls)-1):
			return refused(c, "missing_time", "The first and the last call of a trip need times.")
		case c.arrive == noTime:
			continue
		case c.arrive < last.depart && i > 0:
			return refused(c, "goes_back", "The train arrives at %s, before it left the stop before at %s.", clock(c.arrive), clock(last.depart))
		}
		last = c
	}
	return nil
}

// clock writes seconds as HH:MM:SS.
func clock(seconds int32) string {
	return fmt.Sprintf("%02d:%02d:%02d", seconds/3600, seconds/60%60, seconds%60)
}

// interpolate gives times to the calls without, spread evenly between those with; the first and the last have one.
func interpolate(calls []gtfsCall) (without int) {
	known := 0
	for i := range calls {
		if calls[i].arrive == noTime {
			continue
		}
		for j := known + 1; j < i; j++ {
			from, to := calls[known].depart, calls[i].arrive
			at := from + int32(int64(to-from)*int64(j-known)/int64(i-known))
			calls[j].arrive, calls[j].depart = at, at
			without++
		}
		known = i
	}
	return without
}

// train is a trip as it runs, all times moved by shift.
func (g *gtfs) train(t *gtfsTrip, calls []gtfsCall, key string, shift int32) Train {
	route := &g.routes[t.route]
	number, category := route.name(t.short, t.headsign, t.id)
	train := Train{
		Line: int(t.line), Key: key, Number: number, Name: t.headsign, Category: category, Carrier: route.carrier, Zone: route.zone, Bus: route.bus,
		Calls: make([]Call, len(calls)), Dates: g.services[t.service].dates,
	}
	for i, c := range calls {
		train.Calls[i] = Call{
			Line: int(c.line), Station: g.stops[c.stop].Code, Arrive: c.arrive + shift, Depart: c.depart + shift,
			NoBoard: c.noBoard, NoAlight: c.noAlight,
		}
	}
	return train
}
