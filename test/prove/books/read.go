package books

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"holdfast/test/table"
	"holdfast/uid"
)

// read reads everything once, table by table.
func read(ctx context.Context, s table.Source) (*Books, error) {
	b := &Books{
		Slots: map[Key]Slot{}, Changes: map[Key][]Slot{}, Reservations: map[uid.ID]*Reservation{}, Counts: map[CountKey]Count{}, Streams: map[int64]Stream{},
	}
	of := func(id uid.ID) *Reservation {
		r := b.Reservations[id]
		if r == nil {
			r = &Reservation{}
			b.Reservations[id] = r
		}
		return r
	}
	sum := func(field func(*Reservation) *int64) func(table.Row) error {
		return func(r table.Row) error { *field(of(r.ID(0))) = r.Int(1); return nil }
	}
	for _, q := range []struct {
		sql string
		fn  func(table.Row) error
	}{
		{`SELECT id, status, version, CAST(document AS text), item_status FROM reservations`, func(r table.Row) error {
			x := of(r.ID(0))
			x.Status, x.Version = r.Int(1), r.Int(2)
			return x.parts(r.Text(3), r.Text(4))
		}},
		{`SELECT reservation, count(*) FROM by_supplier GROUP BY reservation`, sum(func(r *Reservation) *int64 { return &r.Lines })},
		{`SELECT reservation, count(*) FROM claims GROUP BY reservation`, sum(func(r *Reservation) *int64 { return &r.Claims })},
		{`SELECT reservation, count(*) FROM history GROUP BY reservation`, sum(func(r *Reservation) *int64 { return &r.Entries })},
		{`SELECT reservation, max(version) FROM history GROUP BY reservation`, sum(func(r *Reservation) *int64 { return &r.Last })},
		{`SELECT reservation, count(*) FROM history WHERE cause = 1 GROUP BY reservation`, sum(func(r *Reservation) *int64 { return &r.PlacedEntries })},
		{
			`SELECT h.reservation, count(*) FROM history h JOIN outbox o ON o.stream = h.stream AND o.n = h.n AND o.subject = h.reservation AND o.version = h.version GROUP BY h.reservation`,
			sum(func(r *Reservation) *int64 { return &r.Events }),
		},
		{`SELECT c.reservation, r.caller, c.pool, c.from_slot, c.to_slot, c.count, c.life, CAST(substr(r.item_status, c.item + 1, 1) AS integer), COALESCE(c.unit, 0) FROM claims c
			JOIN reservations r ON r.id = c.reservation`, func(r table.Row) error {
			b.Claims = append(b.Claims, Claim{r.ID(0), r.Text(1), r.Int(2), r.Int(3), r.Int(4), r.Int(5), r.Int(6), r.Int(7), r.Int(8)})
			return nil
		}},
		{`SELECT pool, slot, target, stock_limit, held, sold, version, CASE WHEN closed THEN 1 ELSE 0 END FROM slots`, func(r table.Row) error {
			b.Slots[Key{r.Int(0), r.Int(1)}] = Slot{Target: r.Int(2), Limit: r.Int(3), Held: r.Int(4), Sold: r.Int(5), Version: r.Int(6), Closed: r.Int(7) == 1}
			return nil
		}},
		{`SELECT caller, pool, holds, units FROM hold_counts WHERE holds <> 0 OR units <> 0`, func(r table.Row) error {
			b.Counts[CountKey{r.Text(0), r.Int(1)}] = Count{r.Int(2), r.Int(3)}
			return nil
		}},
		{`SELECT stream, min(n), max(n), count(*) FROM outbox GROUP BY stream`, func(r table.Row) error {
			b.Streams[r.Int(0)] = Stream{r.Int(1), r.Int(2), r.Int(3)}
			return nil
		}},
		{`SELECT CAST(data AS text) FROM outbox WHERE type = 'stock.changed'`, func(r table.Row) error { return b.told(r.Text(0)) }},
	} {
		if err := s.Each(ctx, q.sql, q.fn); err != nil {
			return nil, fmt.Errorf("%s: %w", q.sql, err)
		}
	}
	var err error
	if b.Seats, err = readSeats(ctx, s); err != nil {
		return nil, err
	}
	for _, told := range b.Changes {
		slices.SortStableFunc(told, func(x, y Slot) int { return cmp.Compare(x.Version, y.Version) })
	}
	return b, nil
}

// parts counts what the document of a reservation holds.
func (r *Reservation) parts(document, statuses string) error {
	var d struct {
		Travellers []struct {
			Given string `json:"given_name"`
		}
		Items []struct{ ID string }
	}
	if err := json.Unmarshal([]byte(document), &d); err != nil {
		return fmt.Errorf("document %s: %w", document, err)
	}
	for _, t := range d.Travellers {
		if t.Given != "" {
			r.Travellers++
		}
	}
	for _, i := range d.Items {
		if i.ID != "" {
			r.Items++
		}
	}
	if int(r.Items) != len(statuses) {
		return fmt.Errorf("%d items have the statuses %q", r.Items, statuses)
	}
	return nil
}

// told notes what one stock.changed event says.
func (b *Books) told(data string) error {
	var runs []struct {
		Pool, From, N, Target, Limit, Held, Sold, Version int64
		Closed                                            bool
	}
	if err := json.Unmarshal([]byte(data), &runs); err != nil {
		return fmt.Errorf("stock event %s: %w", data, err)
	}
	for _, r := range runs {
		for i := range r.N {
			k := Key{r.Pool, r.From + i}
			b.Changes[k] = append(b.Changes[k], Slot{Target: r.Target, Limit: r.Limit, Held: r.Held, Sold: r.Sold, Version: r.Version, Closed: r.Closed})
		}
	}
	return nil
}

// Postgres reads the schema of reservation in a database.
func Postgres(ctx context.Context, dsn string) (b *Books, err error) {
	err = table.Postgres(ctx, dsn, func(s table.Source) (err error) { b, err = read(ctx, s); return err })
	return b, err
}

// SQLite reads the file of reservation.
func SQLite(ctx context.Context, path string) (b *Books, err error) {
	err = table.SQLite(ctx, path, func(s table.Source) (err error) { b, err = read(ctx, s); return err })
	return b, err
}
