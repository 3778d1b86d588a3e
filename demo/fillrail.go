package demo

import (
	"context"
	"fmt"

	"holdfast/fault"
	"holdfast/feed"
	"holdfast/rail"
	"holdfast/uid"
)

// Trains are what FillRailway needs of rail.
type Trains interface {
	Fares(ctx context.Context, supplier uid.ID) (*rail.FareTable, error)
	Import(ctx context.Context, e rail.Editor, read func(context.Context, feed.TrainSink) error, o rail.ImportOptions, progress rail.Progress) (*rail.ImportReport, error)
}

// FillRailway brings a railway into the services and returns how many runs it put on sale. What is there already stays as
// it is, fares and coaches that staff changed too; later dates are added. The stock of a railway whose Fill was cut off is
// made by the jobs of rail.
func FillRailway(ctx context.Context, r Railway, suppliers Suppliers, trains Trains) (added int, err error) {
	if _, err := suppliers.CreateSupplier(ctx, r.Supplier); err != nil {
		return 0, fmt.Errorf("supplier %q: %w", r.Supplier.Name, err)
	}
	o := rail.ImportOptions{Supplier: r.Supplier.ID, Feed: feedName, Stamp: stamp(r.From), SkipRefused: true}
	if _, err := trains.Fares(ctx, r.Supplier.ID); err != nil { // nothing of it is there
		o.Templates = &r.Templates
	}
	report, err := trains.Import(ctx, rail.Editor{Subject: editor.Subject}, func(_ context.Context, sink feed.TrainSink) error {
		line := 0
		for _, s := range r.Stations {
			line++
			s.Line = line
			if err := sink.Station(s); err != nil {
				return err
			}
		}
		for _, f := range r.Footpaths {
			line++
			f.Line = line
			if err := sink.Footpath(f); err != nil {
				return err
			}
		}
		for _, t := range r.Trains {
			line++
			t.Line = line
			if err := sink.Train(t); err != nil {
				return err
			}
		}
		return nil
	}, o, nil)
	switch {
	case fault.Is(err, "too_much_removed"):
		return 0, nil
	case err != nil:
		return 0, fmt.Errorf("timetable of %s: %w", r.Supplier.Name, err)
	}
	return report.Sale.OnSale, nil
}
