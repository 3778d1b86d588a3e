package rest

import (
	"context"
	"net/http"
	"strings"

	"holdfast/fault"
	"holdfast/feed"
	"holdfast/identity"
	"holdfast/money"
	"holdfast/rail"
	"holdfast/rest/wire"
	"holdfast/uid"
)

type railwayIn struct {
	RailwayPath
	Raw
}

// RailwayPath is the address of a supplier that is a railway.
type RailwayPath struct {
	SupplierID string `path:"supplier_id" maxLength:"64" example:"sup_01kavwy2x4e8hrn5z3m7q9t6bc" doc:"Id of the railway."`
}

type trainFaresOut struct {
	Body wire.TrainFares
}

type saleReportOut struct {
	Body wire.SaleReport
}

type trainConflictsOut struct {
	Body wire.TrainConflictList
}

func (s *server) railwayCalls() {
	const tag, path = "Trains", "/v1/suppliers/{supplier_id}"
	handle(s, operation{
		id: "get-train-fares", method: http.MethodGet, path: path + "/train-fares", tag: tag, summary: "Read the fares of a railway",
		about: "For its staff: those that hold now.", scopes: staff, status: http.StatusOK, codes: []string{"supplier_not_found", "supplier_kind"},
	}, s.getTrainFares)
	handleBody(s, operation{
		id: "set-train-fares", method: http.MethodPut, path: path + "/train-fares", tag: tag, summary: "Set the fares of a railway",
		about:  "For its staff: replaces them all. Offers that were made before keep their price and conditions until they end.",
		scopes: staff, status: http.StatusOK, codes: []string{"supplier_not_found", "supplier_kind", "currency_mismatch"},
		examples: []example{{"two", "Two fares, by distance", `{"currency": "EUR", "child_percent": 50, "child_free_below": 6,
			"fares": [{"name": "Saver", "price_percent": 65, "cancellation_fee_percent": 100}, {"name": "Flex", "price_percent": 100, "free_cancellation_hours": 24, "cancellation_fee_percent": 50}],
			"tariffs": [{"first": {"base": {"amount": "5.00", "currency": "EUR"}, "per_100_km": {"amount": "29.00", "currency": "EUR"}}, "second": {"base": {"amount": "3.00", "currency": "EUR"}, "per_100_km": {"amount": "17.00", "currency": "EUR"}}}],
			"relations": [{"from": "LX", "to": "PO", "class": "second", "price": {"amount": "45.00", "currency": "EUR"}, "both_ways": true}]}`}},
	}, s.setTrainFares)
	handleBody(s, operation{
		id: "set-train-composition", method: http.MethodPut, path: path + "/train-compositions", tag: tag, summary: "Set the coaches of a train",
		about:  "For its staff: on the service dates `[from, to)`. Trains of which seats are sold keep their coaches, and are told as conflicts.",
		scopes: staff, status: http.StatusOK, codes: []string{"supplier_not_found", "supplier_kind", "train_not_found"},
		examples: []example{{"short", "Two coaches at weekends", `{"train": "HR 101", "from": "2027-06-01", "to": "2027-09-01", "weekdays": ["saturday", "sunday"],
			"coaches": [{"number": "7", "second": 20}, {"number": "8", "second": 20}]}`}},
	}, s.setComposition)
	handle(s, operation{
		id: "list-train-conflicts", method: http.MethodGet, path: path + "/train-conflicts", tag: tag, summary: "List trains that should be otherwise",
		about:  "For its staff: trains to come that the timetable or the coaches have otherwise, or have no more, but of which seats are sold.",
		scopes: staff, status: http.StatusOK, codes: []string{"supplier_not_found", "supplier_kind"},
	}, s.trainConflicts)
}

// ownSupplier reads a supplier of a kind that the caller writes for; others do not exist.
func (s *server) ownSupplier(ctx context.Context, c *call, text string, kind identity.SupplierKind) (uid.ID, error) {
	id, err := uid.Parse(supplierID, text)
	if err != nil || c.editor() == nil || !c.actsFor(id) {
		return uid.ID{}, fault.New(fault.NotFound, "supplier_not_found", "There is no supplier %s.", shown(text))
	}
	sup, err := s.Identity.Supplier(ctx, id)
	if err != nil {
		return uid.ID{}, err
	}
	if sup.Kind != kind {
		return uid.ID{}, fault.New(fault.Invalid, "supplier_kind", "%s is no %s.", sup.Name, kind)
	}
	return id, nil
}

func (s *server) getTrainFares(ctx context.Context, c *call, in *RailwayPath) (*trainFaresOut, error) {
	id, err := s.ownSupplier(ctx, c, in.SupplierID, identity.Railway)
	if err != nil {
		return nil, err
	}
	t, err := s.Rail.Fares(ctx, id)
	if err != nil {
		return nil, err
	}
	return &trainFaresOut{Body: showTrainFares(t)}, nil
}

func (s *server) setTrainFares(ctx context.Context, c *call, in *railwayIn, b *wire.TrainFares) (*trainFaresOut, error) {
	id, err := s.ownSupplier(ctx, c, in.SupplierID, identity.Railway)
	if err != nil {
		return nil, err
	}
	var r reader
	t := fareTable(&r, b)
	if err := r.err(); err != nil {
		return nil, err
	}
	e, _ := c.railEditor()
	done, err := s.Rail.SetFares(ctx, e, id, t)
	if err != nil {
		return nil, rebase(err, "", fareTableNames)
	}
	return &trainFaresOut{Body: showTrainFares(done)}, nil
}

func fareTable(r *reader, b *wire.TrainFares) rail.FareTable {
	currency := r.currency("/currency", b.Currency)
	t := rail.FareTable{Currency: currency, ChildBP: basisPoints(b.ChildPercent), ChildFreeBelow: b.ChildFreeBelow}
	for _, f := range b.Fares {
		family := rail.Family{Name: f.Name, PercentBP: basisPoints(f.PricePercent), FreeUntilHours: neverFree, FeeBP: basisPoints(f.FeePercent)}
		if f.FreeCancellationHours != nil {
			family.FreeUntilHours = *f.FreeCancellationHours
		}
		t.Families = append(t.Families, family)
	}
	rate := func(at string, w *wire.TrainRate) rail.Rate {
		return rail.Rate{Base: r.minor(at+"/base", &w.Base, currency), Per100KM: r.minor(at+"/per_100_km", &w.Per100KM, currency)}
	}
	for i := range b.Tariffs {
		f, at := &b.Tariffs[i], "/tariffs/"+itoa(i)
		t.Tariffs = append(t.Tariffs, rail.Tariff{Categories: f.Categories, First: rate(at+"/first", &f.First), Second: rate(at+"/second", &f.Second)})
	}
	for i := range b.Relations {
		f := &b.Relations[i]
		t.Relations = append(t.Relations, rail.Relation{From: f.From, To: f.To, Class: f.Class, Minor: r.minor("/relations/"+itoa(i)+"/price", &f.Price, currency), Both: f.Both})
	}
	return t
}

// fareTableNames are the API's names for the service's places.
var fareTableNames = strings.NewReplacer(
	"/families", "/fares", "/percent_bp", "/price_percent", "/free_until_hours", "/free_cancellation_hours", "/fee_bp", "/cancellation_fee_percent", "/child_bp", "/child_percent",
).Replace

// currency reads a currency that the schema has accepted.
func (r *reader) currency(pointer, text string) money.Currency {
	c, err := money.ParseCurrency(text)
	if err != nil {
		r.at(pointer, "unknown_currency", "Expected an ISO 4217 code such as EUR.")
	}
	return c
}

func showTrainFares(t *rail.FareTable) wire.TrainFares {
	c := t.Currency
	out := wire.TrainFares{
		Currency: string(c), ChildPercent: percent(t.ChildBP), ChildFreeBelow: t.ChildFreeBelow, Fares: make([]wire.TrainFare, len(t.Families)),
		Tariffs: make([]wire.TrainTariff, len(t.Tariffs)), Relations: make([]wire.TrainRelation, len(t.Relations)),
	}
	for i, f := range t.Families {
		out.Fares[i] = wire.TrainFare{ID: f.ID.Text(fareID), Name: f.Name, PricePercent: percent(f.PercentBP), FeePercent: percent(f.FeeBP)}
		if hours := f.FreeUntilHours; hours >= 0 {
			out.Fares[i].FreeCancellationHours = &hours
		}
	}
	rate := func(r rail.Rate) wire.TrainRate {
		return wire.TrainRate{Base: wire.Minor(r.Base, c), Per100KM: wire.Minor(r.Per100KM, c)}
	}
	for i, f := range t.Tariffs {
		out.Tariffs[i] = wire.TrainTariff{Categories: f.Categories, First: rate(f.First), Second: rate(f.Second)}
	}
	for i, f := range t.Relations {
		out.Relations[i] = wire.TrainRelation{From: f.From, To: f.To, Class: f.Class, Price: wire.Minor(f.Minor, c), Both: f.Both}
	}
	return out
}

// weekdays are the words of the API, in the order of their bits.
var weekdays = [...]string{"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"}

func weekdaysOf(words []string) (out feed.Weekdays) {
	for _, word := range words {
		for bit, text := range weekdays {
			if word == text {
				out |= 1 << bit
			}
		}
	}
	return out
}

func weekdayWords(bits uint8) []string {
	out := []string{}
	for bit, text := range weekdays {
		if bits&(1<<bit) != 0 {
			out = append(out, text)
		}
	}
	return out
}

func (s *server) setComposition(ctx context.Context, c *call, in *railwayIn, b *wire.CompositionRequest) (*saleReportOut, error) {
	id, err := s.ownSupplier(ctx, c, in.SupplierID, identity.Railway)
	if err != nil {
		return nil, err
	}
	var r reader
	change := rail.CompositionChange{Supplier: id, Train: b.Train, Weekdays: weekdaysOf(b.Weekdays)}
	change.From, change.To = r.run(b.From, b.To)
	if err := r.err(); err != nil {
		return nil, err
	}
	for i := range b.Coaches {
		change.Coaches = append(change.Coaches, rail.Coach(b.Coaches[i]))
	}
	e, _ := c.railEditor()
	report, err := s.Rail.SetComposition(ctx, e, change)
	if err != nil {
		return nil, err
	}
	return &saleReportOut{Body: wire.SaleReport{
		OnSale: report.OnSale, Replaced: report.Replaced, Withdrawn: report.Withdrawn, Waiting: report.Waiting, Conflicts: showConflicts(report.Conflicts),
	}}, nil
}

func showConflicts(all []rail.Conflict) []wire.TrainConflict {
	out := make([]wire.TrainConflict, len(all))
	for i, x := range all {
		out[i] = wire.TrainConflict{RunID: x.Run.Text(runID), Number: x.Number, Date: x.Date.String(), Withdrawn: x.Withdrawn}
	}
	return out
}

func (s *server) trainConflicts(ctx context.Context, c *call, in *RailwayPath) (*trainConflictsOut, error) {
	id, err := s.ownSupplier(ctx, c, in.SupplierID, identity.Railway)
	if err != nil {
		return nil, err
	}
	e, _ := c.railEditor()
	found, err := s.Rail.Conflicts(ctx, e, id)
	if err != nil {
		return nil, err
	}
	return &trainConflictsOut{Body: wire.TrainConflictList{Conflicts: showConflicts(found)}}, nil
}
