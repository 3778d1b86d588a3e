package relational

import (
	"context"
	"encoding/json"
	"fmt"

	"holdfast/feed"
	"holdfast/internal/sqldb"
	"holdfast/rail"
	"holdfast/stock"
)

// Changed implements rail.Store.
func (s *Store) Changed(ctx context.Context, after int64) (rows *rail.Rows, last int64, err error) {
	err = s.db.Read(ctx, "read railways", func(tx sqldb.Tx) error {
		p := &page{}
		rows = &p.rows
		if err := tx.Rows("last_change", nil, func(r sqldb.Row) error {
			last = r.Int()
			return nil
		}); err != nil || last <= after {
			return err
		}
		for _, part := range []struct {
			statement string
			row       func(sqldb.Row) error
		}{
			{"railways", p.railway},
			{"stations", p.station},
			{"documents", p.document},
			{"trains", p.train},
			{"types", p.coachType},
			{"compositions", p.composition},
			{"runs", p.run},
		} {
			if err := tx.Rows(part.statement, []any{after}, part.row); err != nil {
				return fmt.Errorf("%s: %w", part.statement, err)
			}
		}
		return nil
	})
	return rows, last, err
}

// page is rows while they are read.
type page struct{ rows rail.Rows }

func parse(text string, into any) error {
	if err := json.Unmarshal([]byte(text), into); err != nil {
		return fmt.Errorf("stored JSON: %w", err)
	}
	return nil
}

func (p *page) railway(r sqldb.Row) error {
	w := &rail.Railway{Supplier: r.ID()}
	templates, fares, feeds := r.Text(), r.Text(), r.Text()
	w.Revision = r.Int()
	p.rows.Railways = append(p.rows.Railways, w)
	if templates != "" {
		w.Templates = &rail.Templates{}
		if err := parse(templates, w.Templates); err != nil {
			return err
		}
	}
	if fares != "" {
		w.Fares = &rail.FareTable{}
		if err := parse(fares, w.Fares); err != nil {
			return err
		}
	}
	return parse(feeds, &w.Feeds)
}

func (p *page) station(r sqldb.Row) error {
	w := &rail.Station{Supplier: r.ID(), Code: r.Text(), Name: r.Text(), Parent: r.Text(), City: r.Text(), Zone: r.Text(), Country: r.Text()}
	w.Latitude, w.Longitude, w.Located, w.TransferSeconds = r.Float(), r.Float(), r.Bool(), int32(r.Int())
	footpaths := r.Text()
	w.Feed, w.Retired = r.Text(), r.Bool()
	p.rows.Stations = append(p.rows.Stations, w)
	return parse(footpaths, &w.Footpaths)
}

func (p *page) document(r sqldb.Row) error {
	p.rows.Documents = append(p.rows.Documents, rail.Document{ID: r.ID(), Kind: rail.DocumentKind(r.Int()), Body: r.Text()})
	return nil
}

func (p *page) train(r sqldb.Row) error {
	w := &rail.Train{ID: r.ID(), Supplier: r.ID(), Feed: r.Text(), Key: r.Text(), Number: r.Text(), Name: r.Text(), Category: r.Text()}
	w.Carrier, w.Zone, w.Line, w.Bus, w.Pattern = r.Text(), r.Text(), r.Text(), r.Bool(), r.ID()
	w.Dates = rail.Dates{First: r.Date(), Bits: r.Bytes()}
	w.Stamp, w.Retired = r.Int(), r.Bool()
	p.rows.Trains = append(p.rows.Trains, w)
	return w.Dates.Check()
}

func (p *page) coachType(r sqldb.Row) error {
	w := &rail.TypeRow{Supplier: r.ID()}
	w.Code, w.Name, w.First, w.Second, w.Compartments, w.Stamp = r.Text(), r.Text(), int32(r.Int()), int32(r.Int()), int32(r.Int()), r.Int()
	p.rows.Types = append(p.rows.Types, w)
	return nil
}

func (p *page) composition(r sqldb.Row) error {
	w := &rail.Composition{ID: r.ID(), Supplier: r.ID(), Source: r.Text(), Train: r.Text(), From: r.Date(), To: r.Date(), Weekdays: feed.Weekdays(r.Int())}
	w.Formation, w.Stamp, w.Gone = r.ID(), r.Int(), r.Bool()
	p.rows.Compositions = append(p.rows.Compositions, w)
	return nil
}

func (p *page) run(r sqldb.Row) error {
	w := &rail.Run{Train: r.ID(), Date: r.Date(), Supplier: r.ID(), State: rail.State(r.Int()), Pattern: r.ID(), Formation: r.ID(), Edition: int32(r.Int())}
	for i := range w.Pools {
		w.Pools[i] = stock.PoolID(r.Int())
	}
	w.Ready = r.Bool()
	want, wantPattern, wantFormation := r.Int(), r.ID(), r.ID()
	if want != 0 {
		w.Want = &rail.Want{Withdrawn: want == 1, Pattern: wantPattern, Formation: wantFormation}
	}
	w.Conflict, w.Todo, w.Stamp = r.Bool(), rail.Todo(r.Int()), r.Int()
	told := r.Text()
	w.Revision = r.Int()
	p.rows.Runs = append(p.rows.Runs, w)
	if told != "" {
		w.Update = &rail.Update{}
		return parse(told, w.Update)
	}
	return nil
}
