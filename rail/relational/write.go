package relational

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"holdfast/civil"
	"holdfast/internal/sqldb"
	"holdfast/rail"
	"holdfast/uid"
)

// keptWrites is how many writes later the id of one is forgotten. Whoever lost an answer asks within seconds.
const keptWrites = 10_000

// Write implements rail.Store. The row of the counter is locked first, so writes take place one after the other and
// become visible in the order of their numbers: who has seen a number will see no lower one any more.
func (s *Store) Write(ctx context.Context, w rail.Write) (change int64, err error) {
	batch, err := rowsOf(&w.Rows)
	if err != nil {
		return 0, err
	}
	err = s.db.Write(ctx, "write railway", func(tx sqldb.Tx) error {
		if err := tx.Rows("next_change", nil, func(r sqldb.Row) error {
			change = r.Int()
			return nil
		}); err != nil {
			return err
		}
		if _, err := tx.Exec("put_write", w.ID, change); err != nil {
			return err
		}
		if _, err := tx.Exec("forget_writes", change-keptWrites); err != nil {
			return err
		}
		for _, b := range batch {
			for i := range b.rows {
				b.rows[i][len(b.rows[i])-1] = change
			}
			n, err := tx.Many(b.statement, b.rows)
			if err != nil {
				return err
			}
			if b.guarded && n != int64(len(b.rows)) {
				return rail.ErrStale
			}
		}
		return nil
	})
	return change, err
}

// many is rows for one statement. The last column is the number of the change.
type many struct {
	statement string
	rows      [][]any
	guarded   bool // each row must be touched: those that are not stand at another revision
}

// rowsOf is what a write writes, in the order of references between the tables.
func rowsOf(w *rail.Rows) (out []many, err error) {
	text := func(v any, none bool) string {
		if none || err != nil {
			return ""
		}
		var body []byte
		if body, err = json.Marshal(v); err != nil {
			err = fmt.Errorf("encode a row: %w", err)
		}
		return string(body)
	}
	b := many{statement: "put_railways", guarded: true}
	for _, r := range w.Railways {
		b.rows = append(b.rows, []any{r.Supplier, text(r.Templates, r.Templates == nil), text(r.Fares, r.Fares == nil), text(r.Feeds, false), r.Revision, nil})
	}
	out = append(out, b)
	b = many{statement: "put_stations"}
	for _, r := range w.Stations {
		b.rows = append(b.rows, []any{
			r.Supplier, r.Code, r.Name, r.Parent, r.City, r.Zone, r.Country, r.Latitude, r.Longitude, r.Located, int64(r.TransferSeconds),
			text(r.Footpaths, false), r.Feed, r.Retired, nil,
		})
	}
	out = append(out, b)
	b = many{statement: "put_documents"}
	seen := map[uid.ID]bool{}
	for _, r := range w.Documents {
		if !seen[r.ID] {
			seen[r.ID] = true
			b.rows = append(b.rows, []any{r.ID, int64(r.Kind), r.Body, nil})
		}
	}
	out = append(out, b)
	b = many{statement: "put_trains"}
	for _, r := range w.Trains {
		dates := r.Dates.Bits
		if dates == nil {
			dates = []byte{}
		}
		b.rows = append(b.rows, []any{
			r.ID, r.Supplier, r.Feed, r.Key, r.Number, r.Name, r.Category, r.Carrier, r.Zone, r.Line, r.Bus, r.Pattern, r.Dates.First, dates,
			r.Stamp, r.Retired, nil,
		})
	}
	out = append(out, b)
	b = many{statement: "put_types"}
	for _, r := range w.Types {
		b.rows = append(b.rows, []any{r.Supplier, r.Code, r.Name, int64(r.First), int64(r.Second), int64(r.Compartments), r.Stamp, nil})
	}
	out = append(out, b)
	b = many{statement: "put_compositions"}
	for _, r := range w.Compositions {
		b.rows = append(b.rows, []any{r.ID, r.Supplier, r.Source, r.Train, r.From, r.To, int64(r.Weekdays), r.Formation, r.Stamp, r.Gone, nil})
	}
	out = append(out, b)
	b = many{statement: "put_runs", guarded: true}
	for _, r := range w.Runs {
		want, wantPattern, wantFormation := int64(0), any(nil), any(nil)
		switch {
		case r.Want == nil:
		case r.Want.Withdrawn:
			want = 1
		default:
			want, wantPattern, wantFormation = 2, r.Want.Pattern, orNull(r.Want.Formation)
		}
		b.rows = append(b.rows, []any{
			r.Train, r.Date, r.Supplier, int64(r.State), r.Pattern, orNull(r.Formation), int64(r.Edition), int64(r.Pools[0]), int64(r.Pools[1]), r.Ready,
			want, wantPattern, wantFormation, r.Conflict, int64(r.Todo), r.Stamp, text(r.Update, r.Update == nil), r.Revision, nil,
		})
	}
	return append(out, b), err
}

func orNull(id uid.ID) any {
	if id.IsZero() {
		return nil
	}
	return id
}

// Landed implements rail.Store. Writes wait for each other on the counter's row, and so does this question.
func (s *Store) Landed(ctx context.Context, write uid.ID) (landed bool, err error) {
	err = s.db.Write(ctx, "look for a write", func(tx sqldb.Tx) error {
		landed = false
		if _, err := tx.Exec("lock_counter"); err != nil {
			return err
		}
		return tx.Rows("landed", []any{write}, func(sqldb.Row) error {
			landed = true
			return nil
		})
	})
	return landed, err
}

// Purge implements rail.Store.
func (s *Store) Purge(ctx context.Context, before civil.Date) (n int, err error) {
	err = s.db.Write(ctx, "purge runs", func(tx sqldb.Tx) error {
		if _, err := tx.Exec("lock_counter"); err != nil {
			return err
		}
		rows, err := tx.Exec("purge_runs", before)
		n = int(rows)
		return err
	})
	return n, err
}

// Lease implements rail.Store.
func (s *Store) Lease(ctx context.Context, owner string, supplier uid.ID, length time.Duration) (mine bool, err error) {
	err = s.db.Write(ctx, "lease the work on a railway", func(tx sqldb.Tx) error {
		if length <= 0 {
			_, err := tx.Exec("give_lease", supplier, owner)
			return err
		}
		now, err := tx.Now()
		if err != nil {
			return err
		}
		n, err := tx.Exec("take_lease", supplier, owner, now.Add(length), now)
		mine = n == 1
		return err
	})
	return mine, err
}
