package relational

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"holdfast/flight"
	"holdfast/internal/sqldb"
	"holdfast/uid"
)

// portion is how many rows Changes gives at once.
const portion = 4096

// Landed implements flight.Store. Writes wait for each other on the counter's row, and so does this question.
func (s *Store) Landed(ctx context.Context, write uid.ID) (change int64, err error) {
	err = s.db.Write(ctx, "look for a write", func(tx sqldb.Tx) error {
		change = 0
		if _, err := tx.Exec("lock_counter"); err != nil {
			return err
		}
		return tx.Rows("landed", []any{write}, func(r sqldb.Row) error {
			change = r.Int()
			return nil
		})
	})
	return change, err
}

// Changes implements flight.Store.
func (s *Store) Changes(ctx context.Context, after int64, take func(*flight.Rows) error) (now int64, err error) {
	err = s.db.Read(ctx, "read flights", func(tx sqldb.Tx) error {
		if err := tx.Rows("counter", nil, func(r sqldb.Row) error {
			now = r.Int()
			return nil
		}); err != nil || now == after {
			return err
		}
		c := &changes{tx: tx, after: after, take: take}
		if err := c.content(); err != nil {
			return err
		}
		return c.departures()
	})
	return now, err
}

// changes are the rows of one reading, as they come.
type changes struct {
	tx    sqldb.Tx
	after int64
	take  func(*flight.Rows) error
	rows  flight.Rows
	n     int
}

// more counts a row and gives what has come together on.
func (c *changes) more() error {
	if c.n++; c.n < portion {
		return nil
	}
	return c.give()
}

func (c *changes) give() error {
	if c.n == 0 {
		return nil
	}
	rows := c.rows
	c.rows, c.n = flight.Rows{}, 0
	return c.take(&rows)
}

func (c *changes) content() error {
	for _, part := range []struct {
		statement string
		row       func(sqldb.Row) error
	}{
		{"airports", c.airport},
		{"carriers", c.carrier},
		{"aircraft", c.aircraft},
		{"tariffs", c.tariff},
		{"fares", c.fare},
		{"feeds", c.feed},
	} {
		if err := c.tx.Rows(part.statement, []any{c.after}, func(r sqldb.Row) error {
			if err := part.row(r); err != nil {
				return err
			}
			return c.more()
		}); err != nil {
			return fmt.Errorf("%s: %w", part.statement, err)
		}
	}
	return nil
}

func (c *changes) airport(r sqldb.Row) error {
	c.rows.Airports = append(c.rows.Airports, &flight.Airport{
		IATA: r.Text(), ICAO: r.Text(), Name: r.Text(), City: r.Text(), Country: r.Text(), Zone: r.Text(), Metro: r.Text(),
		Latitude: r.Float(), Longitude: r.Float(), ConnectMinutes: int32(r.Int()),
	})
	return nil
}

func (c *changes) carrier(r sqldb.Row) error {
	x := &flight.Carrier{Code: r.Text(), Supplier: r.ID(), Name: r.Text()}
	x.Interline, x.Revision = words(r.Text()), r.Int()
	c.rows.Carriers = append(c.rows.Carriers, x)
	return nil
}

func (c *changes) aircraft(r sqldb.Row) error {
	a := &flight.Aircraft{ID: r.ID(), Supplier: r.ID(), Code: r.Text(), Name: r.Text()}
	if err := json.Unmarshal([]byte(r.Text()), &a.Sections); err != nil {
		return err
	}
	a.Revision = r.Int()
	c.rows.Aircraft = append(c.rows.Aircraft, a)
	return nil
}

func (c *changes) tariff(r sqldb.Row) error {
	t := &flight.Tariff{}
	if err := json.Unmarshal([]byte(r.Text()), t); err != nil {
		return err
	}
	c.rows.Tariffs = append(c.rows.Tariffs, t)
	return nil
}

func (c *changes) fare(r sqldb.Row) error {
	f := &flight.Fare{FareKey: flight.FareKey{Supplier: r.ID(), From: r.Text(), To: r.Text(), Class: r.Text()}, Stamp: r.Int()}
	c.rows.Fares = append(c.rows.Fares, f)
	return json.Unmarshal([]byte(r.Text()), &f.State)
}

func (c *changes) feed(r sqldb.Row) error {
	c.rows.Feeds = append(c.rows.Feeds, &flight.Feed{Supplier: r.ID(), Name: r.Text(), Stamp: r.Int()})
	return nil
}

// departures reads them with their legs, which come in the same order.
func (c *changes) departures() error {
	var all []*flight.Departure
	if err := c.tx.Rows("departures", []any{c.after}, func(r sqldb.Row) error {
		d, err := departure(r)
		all = append(all, d)
		return err
	}); err != nil {
		return fmt.Errorf("departures: %w", err)
	}
	at := 0
	if err := c.tx.Rows("legs", []any{c.after}, func(r sqldb.Row) error {
		id := r.ID()
		for at < len(all) && all[at].ID != id {
			at++
		}
		if at == len(all) {
			return fmt.Errorf("a leg of %x, which was not read", id)
		}
		all[at].Legs = append(all[at].Legs, flight.Leg{
			From: r.Text(), To: r.Text(), Departs: r.Time(), Arrives: r.Time(), DepartOffset: int16(r.Int()), ArriveOffset: int16(r.Int()),
		})
		return nil
	}); err != nil {
		return fmt.Errorf("legs: %w", err)
	}
	for _, d := range all {
		c.rows.Departures = append(c.rows.Departures, d)
		if err := c.more(); err != nil {
			return err
		}
	}
	return c.give()
}

func departure(r sqldb.Row) (*flight.Departure, error) {
	d := &flight.Departure{ID: r.ID(), Supplier: r.ID(), Feed: r.Text()}
	d.Key = flight.Key{Carrier: r.Text(), Number: r.Text(), Suffix: r.Text(), Date: r.Date(), From: r.Text(), To: r.Text()}
	d.Operator, d.Codeshares, d.Equipment, d.Tail = r.Text(), words(r.Text()), r.Text(), r.Text()
	d.Aircraft, d.Removed = r.ID(), r.Bool()
	for _, part := range []any{&d.Live, &d.Control, &d.Pools} {
		if text := r.Text(); text != "" {
			if err := json.Unmarshal([]byte(text), part); err != nil {
				return d, fmt.Errorf("departure %x: %w", d.ID, err)
			}
		}
	}
	d.Told = int32(r.Int())
	return d, nil
}

// words are what stands between blanks; nil for none.
func words(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Fields(s)
}

// Schedules implements flight.Store.
func (s *Store) Schedules(ctx context.Context, supplier uid.ID, feed string) (out []*flight.Schedule, err error) {
	err = s.db.Read(ctx, "read schedules", func(tx sqldb.Tx) error {
		return tx.Rows("schedules", []any{supplier, feed}, func(r sqldb.Row) error {
			x := &flight.Schedule{ID: r.ID(), Supplier: supplier, Feed: r.Text(), Carrier: r.Text(), Number: r.Text(), Suffix: r.Text()}
			x.First, x.Last, x.Weekdays = r.Date(), r.Date(), uint8(r.Int())
			out = append(out, x)
			return json.Unmarshal([]byte(r.Text()), &x.Legs)
		})
	})
	return out, err
}
