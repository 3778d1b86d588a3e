package relational

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"holdfast/flight"
	"holdfast/internal/sqldb"
	"holdfast/uid"
)

// writesKept is how many writes Landed remembers. A writer asks for its own at once.
const writesKept = 1000

// Write implements flight.Store. The row of the counter is locked first, so writes take place one after the other.
func (s *Store) Write(ctx context.Context, w flight.Write) (change int64, err error) {
	err = s.db.Write(ctx, "write flights", func(tx sqldb.Tx) error {
		n, err := tx.Exec("next_change", w.After)
		if err != nil {
			return err
		}
		if n != 1 {
			return flight.ErrStale
		}
		change = w.After + 1
		q := &queued{tx: tx}
		q.add("note_write", w.ID, change)
		q.add("forget_writes", change-writesKept)
		q.content(&w, change)
		q.departures(&w, change)
		if err := q.commands(&w, change); err != nil {
			return err
		}
		return q.err
	})
	return change, err
}

// queued collects statements until the first one that cannot be queued.
type queued struct {
	tx  sqldb.Tx
	err error
}

func (q *queued) add(statement string, args ...any) {
	if q.err == nil {
		q.err = q.tx.Queue(statement, args...)
	}
}

// text is a value as JSON; "" for nil.
func (q *queued) text(v any) string {
	b, err := json.Marshal(v)
	if err != nil && q.err == nil {
		q.err = fmt.Errorf("%T as JSON: %w", v, err)
	}
	if s := string(b); s != "null" {
		return s
	}
	return ""
}

// content writes everything but departures.
func (q *queued) content(w *flight.Write, change int64) {
	for _, a := range w.Airports {
		q.add("put_airport", a.IATA, a.ICAO, a.Name, a.City, a.Country, a.Zone, a.Metro, a.Latitude, a.Longitude, int64(a.ConnectMinutes), change)
	}
	for _, c := range w.Carriers {
		q.add("put_carrier", c.Code, c.Supplier, c.Name, strings.Join(c.Interline, " "), c.Revision, change)
	}
	for _, a := range w.Aircraft {
		q.add("put_aircraft", a.ID, a.Supplier, a.Code, a.Name, q.text(a.Sections), a.Revision, change)
	}
	for _, t := range w.Tariffs {
		q.add("put_tariff", t.Supplier, q.text(t), t.Revision, change)
	}
	for i := range w.Versions {
		f := &w.Versions[i]
		q.add("put_version", f.Version, f.ID, q.text(f), change)
	}
	for _, f := range w.Fares {
		q.add("put_fare", f.Supplier, f.From, f.To, f.Class, f.Stamp, q.text(&f.State), change)
	}
	for _, f := range w.Feeds {
		q.add("put_feed", f.Supplier, f.Name, f.Stamp, change)
	}
	for _, id := range w.GoneSchedules {
		q.add("drop_schedule", id)
	}
	for _, s := range w.Schedules {
		q.add("put_schedule", s.ID, s.Supplier, s.Feed, s.Carrier, s.Number, s.Suffix, s.First, s.Last, int64(s.Weekdays), q.text(s.Legs))
	}
}

// departures writes them kind of row by kind of row, so that an engine may write many at once.
func (q *queued) departures(w *flight.Write, change int64) {
	departures := slices.Clone(w.Departures)
	slices.SortFunc(departures, func(a, b *flight.Departure) int { return compare(a.ID, b.ID) })
	for _, d := range departures {
		q.add("put_departure", d.ID, d.Supplier, d.Feed, d.Carrier, d.Number, d.Suffix, d.Date, d.From, d.To, d.Operator,
			strings.Join(d.Codeshares, " "), d.Equipment, d.Tail, d.Aircraft, d.Removed, q.text(d.Live), q.text(d.Control), q.pools(d), int64(d.Told), change)
	}
	for _, d := range w.Legs {
		q.add("clear_legs", d.ID)
	}
	for _, d := range w.Legs {
		for i := range d.Legs {
			l := &d.Legs[i]
			q.add("put_leg", d.ID, int64(i), l.From, l.To, l.Departs, l.Arrives, int64(l.DepartOffset), int64(l.ArriveOffset))
		}
	}
}

func (q *queued) pools(d *flight.Departure) string {
	if len(d.Pools) == 0 {
		return ""
	}
	return q.text(d.Pools)
}

// commands are handed in and taken away in the order of their departures, which is that of locking.
func (q *queued) commands(w *flight.Write, change int64) error {
	if len(w.Commands)+len(w.Done) == 0 {
		return q.err
	}
	if q.err != nil {
		return q.err
	}
	now, err := q.tx.Now()
	if err != nil {
		return err
	}
	until := now.Add(w.Wait)
	if w.Urgent {
		until = time.Unix(0, 0).Add(w.Wait) // the order of waiting alone
	}
	for _, c := range byDeparture(w.Commands) {
		q.add("put_command", c.Departure, change, c.Stock, c.Disrupt, until)
	}
	done := byDeparture(w.Done)
	for _, c := range done {
		q.add("drop_command", c.Departure, c.Change)
	}
	for _, c := range done {
		q.add("free_command", c.Departure, now)
	}
	return q.err
}

func byDeparture(commands []flight.Command) []flight.Command {
	commands = slices.Clone(commands)
	slices.SortFunc(commands, func(a, b flight.Command) int {
		return cmp.Or(compare(a.Departure, b.Departure), cmp.Compare(a.Change, b.Change))
	})
	return commands
}

func compare(a, b uid.ID) int { return slices.Compare(a[:], b[:]) }

// Claim implements flight.Store.
func (s *Store) Claim(ctx context.Context, owner string, lease time.Duration, all bool, limit int) (out []flight.Command, err error) {
	err = s.db.Write(ctx, "claim commands", func(tx sqldb.Tx) error {
		out = nil
		now, err := tx.Now()
		if err != nil {
			return err
		}
		return tx.Rows("claim", []any{owner, now.Add(lease), now, all, int64(limit)}, func(r sqldb.Row) error {
			out = append(out, flight.Command{Departure: r.ID(), Change: r.Int(), Stock: r.Bool(), Disrupt: r.Bool()})
			return nil
		})
	})
	return out, err
}

// Postpone implements flight.Store.
func (s *Store) Postpone(ctx context.Context, owner string, departures []uid.ID, wait time.Duration) error {
	departures = slices.Clone(departures)
	slices.SortFunc(departures, compare)
	return s.db.Write(ctx, "postpone commands", func(tx sqldb.Tx) error {
		now, err := tx.Now()
		if err != nil {
			return err
		}
		for _, id := range departures {
			if err := tx.Queue("postpone", id, owner, now.Add(wait)); err != nil {
				return err
			}
		}
		return nil
	})
}

// Waiting implements flight.Store.
func (s *Store) Waiting(ctx context.Context) (n int, err error) {
	err = s.db.Read(ctx, "count commands", func(tx sqldb.Tx) error {
		return tx.Rows("waiting", nil, func(r sqldb.Row) error {
			n = int(r.Int())
			return nil
		})
	})
	return n, err
}
