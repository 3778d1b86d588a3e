package books

import (
	"cmp"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
	"zombiezen.com/go/sqlite"

	"holdfast/uid"
)

// source gives the rows of a query; the row is valid during the call.
type source interface {
	each(ctx context.Context, sql string, fn func(row) error) error
}

// row reads columns by place, from 0.
type row interface {
	int(column int) int64
	id(column int) uid.ID
	text(column int) string
}

// read reads everything once, table by table; nobody may be writing.
func read(ctx context.Context, s source) (*Books, error) {
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
	sum := func(field func(*Reservation) *int64) func(row) error {
		return func(r row) error { *field(of(r.id(0))) = r.int(1); return nil }
	}
	for _, table := range []struct {
		sql string
		fn  func(row) error
	}{
		{`SELECT id, status, version, CAST(document AS text), item_status FROM reservations`, func(r row) error {
			x := of(r.id(0))
			x.Status, x.Version = r.int(1), r.int(2)
			return x.parts(r.text(3), r.text(4))
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
		{`SELECT c.reservation, r.caller, c.pool, c.from_slot, c.to_slot, c.count, c.life, CAST(substr(r.item_status, c.item + 1, 1) AS integer) FROM claims c
			JOIN reservations r ON r.id = c.reservation`, func(r row) error {
			b.Claims = append(b.Claims, Claim{r.id(0), r.text(1), r.int(2), r.int(3), r.int(4), r.int(5), r.int(6), r.int(7)})
			return nil
		}},
		{`SELECT pool, slot, target, stock_limit, held, sold, version, CASE WHEN closed THEN 1 ELSE 0 END FROM slots`, func(r row) error {
			b.Slots[Key{r.int(0), r.int(1)}] = Slot{Target: r.int(2), Limit: r.int(3), Held: r.int(4), Sold: r.int(5), Version: r.int(6), Closed: r.int(7) == 1}
			return nil
		}},
		{`SELECT caller, pool, holds, units FROM hold_counts WHERE holds <> 0 OR units <> 0`, func(r row) error {
			b.Counts[CountKey{r.text(0), r.int(1)}] = Count{r.int(2), r.int(3)}
			return nil
		}},
		{`SELECT stream, min(n), max(n), count(*) FROM outbox GROUP BY stream`, func(r row) error {
			b.Streams[r.int(0)] = Stream{r.int(1), r.int(2), r.int(3)}
			return nil
		}},
		{`SELECT CAST(data AS text) FROM outbox WHERE type = 'stock.changed'`, func(r row) error { return b.told(r.text(0)) }},
	} {
		if err := s.each(ctx, table.sql, table.fn); err != nil {
			return nil, fmt.Errorf("%s: %w", table.sql, err)
		}
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
func Postgres(ctx context.Context, dsn string) (*Books, error) {
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close(ctx) }()
	if _, err := conn.Exec(ctx, "SET search_path = reservation"); err != nil {
		return nil, err
	}
	return read(ctx, database{conn})
}

type database struct{ conn *pgx.Conn }

func (d database) each(ctx context.Context, sql string, fn func(row) error) error {
	rows, err := d.conn.Query(ctx, sql)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := fn(wire(rows.RawValues())); err != nil {
			return err
		}
	}
	return rows.Err()
}

// wire is a row in PostgreSQL's binary format.
type wire [][]byte

func (w wire) int(column int) int64 {
	switch b := w[column]; len(b) {
	case 8:
		return int64(binary.BigEndian.Uint64(b))
	case 4:
		return int64(int32(binary.BigEndian.Uint32(b)))
	case 2:
		return int64(int16(binary.BigEndian.Uint16(b)))
	default:
		panic(fmt.Sprintf("column %d has %d bytes; the queries of this package ask for integers there", column, len(b)))
	}
}

func (w wire) id(column int) (id uid.ID) {
	copy(id[:], w[column])
	return id
}

func (w wire) text(column int) string { return string(w[column]) }

// SQLite reads the file of reservation.
func SQLite(ctx context.Context, path string) (_ *Books, err error) {
	conn, err := sqlite.OpenConn(path, sqlite.OpenReadOnly)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	conn.SetInterrupt(ctx.Done())
	return read(ctx, file{conn})
}

type file struct{ conn *sqlite.Conn }

func (f file) each(_ context.Context, sql string, fn func(row) error) error {
	stmt, err := f.conn.Prepare(sql)
	if err != nil {
		return err
	}
	for {
		more, err := stmt.Step()
		if err != nil || !more {
			return err
		}
		if err := fn(record{stmt}); err != nil {
			return errors.Join(err, stmt.Reset())
		}
	}
}

type record struct{ stmt *sqlite.Stmt }

func (r record) int(column int) int64 { return r.stmt.ColumnInt64(column) }

func (r record) id(column int) (id uid.ID) {
	r.stmt.ColumnBytes(column, id[:])
	return id
}

func (r record) text(column int) string { return r.stmt.ColumnText(column) }
