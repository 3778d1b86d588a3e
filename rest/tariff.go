package rest

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"holdfast/flight"
	"holdfast/identity"
	"holdfast/money"
	"holdfast/offer"
	"holdfast/rest/wire"
)

type flightFaresIn struct {
	AirlinePath
	From string `query:"from" required:"true" maxLength:"3" example:"LIS" doc:"IATA code of the airport."`
	To   string `query:"to" required:"true" maxLength:"3" example:"HAM" doc:"IATA code of the airport."`
}

type tariffGetIn struct {
	AirlinePath
	IfNoneMatch
}

type tariffPutIn struct {
	AirlinePath
	IfMatch
	Raw
}

type tariffOut struct {
	Status int
	ETag   string `header:"ETag" doc:"Version, for If-Match and If-None-Match."`
	Body   *wire.FlightTariff
}

type flightFareListOut struct {
	Body wire.FlightFareList
}

type flightFareReportOut struct {
	Body wire.FlightFareReport
}

func (s *server) tariffCalls() {
	const tag, path = "Airlines", "/v1/suppliers/{supplier_id}"
	known := []string{"supplier_not_found", "supplier_kind", "tariff_not_found"}
	handle(s, operation{
		id: "get-flight-tariff", method: http.MethodGet, path: path + "/flight-tariff", tag: tag, summary: "Read a tariff",
		about:  "For its staff: cabins with their booking classes, fare families, taxes and fees.",
		scopes: staff, status: http.StatusOK, codes: known, answers: map[int]string{http.StatusNotModified: "You have the current version."},
	}, s.getTariff)
	handleBody(s, operation{
		id: "set-flight-tariff", method: http.MethodPut, path: path + "/flight-tariff", tag: tag, summary: "Set a tariff",
		about: "For its staff: replaces all of it. Fares by distance follow it by its own rule: they fall at once, and rise at most once in a while. Fare families and " +
			"levies may not become dearer more often than that either.",
		scopes: staff, status: http.StatusOK, ifMatch: true, codes: append(slices.Clone(known), "fare_rise_too_soon", "currency_fixed", "currency_mismatch"),
		examples: []example{{"one_cabin", "One cabin with two booking classes", `{"currency": "EUR", "child_percent": 75, "infant_percent": 10, "rise_window_hours": 24, "rise_settle_hours": 24,
			"cabins": [{"cabin": "economy", "overbooking_bp": 200, "seat_prices": [{"amount": "0.00", "currency": "EUR"}, {"amount": "15.00", "currency": "EUR"}], "booking_classes": [
				{"booking_class": "Y", "protected_percent": 10, "base": {"amount": "70.00", "currency": "EUR"}, "per_100_km": {"amount": "11.00", "currency": "EUR"}},
				{"booking_class": "K", "base": {"amount": "19.00", "currency": "EUR"}, "per_100_km": {"amount": "3.50", "currency": "EUR"}}]}],
			"fare_families": [{"code": "LIGHT", "name": "Light", "price_percent": 100, "cancellation_fee_percent": 100, "carry_on": 1, "bags": 0, "seat_choice": "paid"},
				{"code": "FLEX", "name": "Flex", "price_percent": 125, "amount": {"amount": "40.00", "currency": "EUR"}, "change_fee": {"amount": "0.00", "currency": "EUR"}, "free_cancellation_minutes": 120, "cancellation_fee_percent": 10, "carry_on": 2, "bags": 1, "seat_choice": "free"}],
			"levies": [{"kind": "tax", "code": "departure", "amount": {"amount": "12.00", "currency": "EUR"}, "travellers": ["adult", "child"]}]}`}},
	}, s.setTariff)
	handle(s, operation{
		id: "list-flight-fares", method: http.MethodGet, path: path + "/flight-fares", tag: tag, summary: "Read fares between two airports",
		about: "For its staff: what is published, what was asked for last, and when it rises.", scopes: staff, status: http.StatusOK, codes: known,
	}, s.listFlightFares)
	handleBody(s, operation{
		id: "set-flight-fares", method: http.MethodPut, path: path + "/flight-fares", tag: tag, summary: "Ask for fares",
		about: "For its staff: fares that are wanted from now on. A lower one is published at once; a higher one when the tariff's rule allows it, so that nobody who " +
			"looks again a little later is shown a dearer one. Each has a version; an older one changes nothing.",
		scopes: staff, status: http.StatusOK, codes: append(slices.Clone(known), "tariff_missing", "currency_mismatch"),
		examples: []example{{"one", "One fare", `{"fares": [{"from": "LIS", "to": "HAM", "booking_class": "Y", "amount": {"amount": "180.00", "currency": "EUR"}}]}`}},
	}, s.setFlightFares)
}

func (s *server) tariff(ctx context.Context, c *call, text string) (*flight.Tariff, flight.Editor, error) {
	id, err := s.ownSupplier(ctx, c, text, identity.Airline)
	if err != nil {
		return nil, flight.Editor{}, err
	}
	e, _ := c.flightEditor()
	t, err := s.Flights.Tariff(ctx, e, id)
	return t, e, err
}

func (s *server) getTariff(ctx context.Context, c *call, in *tariffGetIn) (*tariffOut, error) {
	t, _, err := s.tariff(ctx, c, in.SupplierID)
	if err != nil {
		return nil, err
	}
	out := &tariffOut{Status: http.StatusOK, ETag: etag(t.Revision, "")}
	if in.fresh(out.ETag) {
		out.Status = http.StatusNotModified
		return out, nil
	}
	shown := showTariff(t)
	out.Body = &shown
	return out, nil
}

func (s *server) setTariff(ctx context.Context, c *call, in *tariffPutIn, b *wire.FlightTariff) (*tariffOut, error) {
	id, err := s.ownSupplier(ctx, c, in.SupplierID, identity.Airline)
	if err != nil {
		return nil, err
	}
	revision, err := in.revision(flight.AnyRevision)
	if err != nil {
		return nil, err
	}
	var r reader
	t := tariffOf(&r, b)
	t.Supplier = id
	if err := r.err(); err != nil {
		return nil, err
	}
	e, _ := c.flightEditor()
	done, err := s.Flights.SetTariff(ctx, e, t, anyRevision(revision))
	if err != nil {
		return nil, rebase(err, "", tariffNames)
	}
	shown := showTariff(done)
	return &tariffOut{Status: http.StatusOK, ETag: etag(done.Revision, ""), Body: &shown}, nil
}

// tariffNames are the API's names for the service's places.
var tariffNames = strings.NewReplacer(
	"/families", "/fare_families", "/classes", "/booking_classes", "/tiers", "/seat_prices", "/window_seconds", "/rise_window_hours", "/shares", "/child_percent",
	"/protected_bp", "/protected_percent", "/demand_bp", "/demand_percent",
).Replace

const secondsAnHour = 3600

var levyKinds = map[string]offer.PartKind{"tax": offer.Tax, "fee": offer.Fee}

func tariffOf(r *reader, b *wire.FlightTariff) flight.Tariff {
	c := r.currency("/currency", b.Currency)
	t := flight.Tariff{Currency: c, WindowSeconds: int64(b.WindowHours) * secondsAnHour, SettleSeconds: int64(b.SettleHours) * secondsAnHour}
	t.Shares.ChildBP, t.Shares.InfantBP = basisPoints(b.ChildPercent), basisPoints(b.InfantPercent)
	for i := range b.Cabins {
		t.Cabins = append(t.Cabins, tariffCabin(r, "/cabins/"+itoa(i), &b.Cabins[i], c))
	}
	for i := range b.Families {
		t.Families = append(t.Families, family(r, "/fare_families/"+itoa(i), &b.Families[i], c))
	}
	for i := range b.Levies {
		w, at := &b.Levies[i], "/levies/"+itoa(i)
		l := flight.Levy{Kind: levyKinds[w.Kind], Code: w.Code, Airports: w.Airports, Once: w.Once, Included: w.Included, Minor: r.minor(at+"/amount", w.Amount, c)}
		if (w.Percent == nil) == (w.Amount == nil) {
			r.at(at+"/amount", "one_of", "Give percent or amount.")
		}
		if w.Percent != nil {
			l.BP = basisPoints(*w.Percent)
		}
		for k := flight.Adult; k <= flight.Infant; k++ {
			if slices.Contains(w.Who, k.String()) {
				l.Who = append(l.Who, k)
			}
		}
		t.Levies = append(t.Levies, l)
	}
	return t
}

func tariffCabin(r *reader, at string, w *wire.TariffCabin, c money.Currency) flight.Cabin {
	out := flight.Cabin{Name: w.Cabin, OverbookingBP: w.OverbookingBP}
	for i := range w.SeatPrices {
		out.Tiers = append(out.Tiers, r.minor(at+"/seat_prices/"+itoa(i), &w.SeatPrices[i], c))
	}
	for i := range w.Classes {
		x, at := &w.Classes[i], at+"/booking_classes/"+itoa(i)
		out.Classes = append(out.Classes, flight.Class{
			Code: x.Class, ProtectedBP: basisPoints(x.ProtectedPercent), Base: r.minor(at+"/base", &x.Base, c), Per100KM: r.minor(at+"/per_100_km", &x.Per100KM, c),
			DemandBP: basisPoints(x.DemandPercent), DeviationBP: basisPoints(x.DeviationPercent),
		})
	}
	return out
}

func family(r *reader, at string, w *wire.FareFamily, c money.Currency) flight.Family {
	f := flight.Family{Family: flight.FareFamily{
		Code: w.Code, Name: w.Name, PercentBP: basisPoints(w.PricePercent), Amount: r.minor(at+"/amount", w.Amount, c), CarryOn: uint8(w.CarryOn), Bags: uint8(w.Bags),
		SeatChoice: flight.SeatPaid,
	}}
	if w.SeatChoice == "free" {
		f.SeatChoice = flight.SeatFree
	}
	if w.ChangeFee != nil {
		f.Change.Allowed, f.Change.Minor = true, r.minor(at+"/change_fee", w.ChangeFee, c)
	}
	if w.FreeCancellationMinutes != nil {
		f.Refund.FreeUntil, f.Refund.FreeBefore = true, *w.FreeCancellationMinutes
	}
	f.Refund.FeeBP = basisPoints(w.FeePercent)
	return f
}

func showTariff(t *flight.Tariff) wire.FlightTariff {
	c := t.Currency
	out := wire.FlightTariff{
		Currency: string(c), ChildPercent: percent(t.Shares.ChildBP), InfantPercent: percent(t.Shares.InfantBP),
		WindowHours: int(t.WindowSeconds / secondsAnHour), SettleHours: int(t.SettleSeconds / secondsAnHour),
		Cabins: make([]wire.TariffCabin, len(t.Cabins)), Families: make([]wire.FareFamily, len(t.Families)), Levies: make([]wire.FlightLevy, len(t.Levies)),
	}
	for i := range t.Cabins {
		k := &t.Cabins[i]
		shown := wire.TariffCabin{Cabin: k.Name, OverbookingBP: k.OverbookingBP, Classes: make([]wire.BookingClass, len(k.Classes))}
		for _, minor := range k.Tiers {
			shown.SeatPrices = append(shown.SeatPrices, wire.Minor(minor, c))
		}
		for n, x := range k.Classes {
			shown.Classes[n] = wire.BookingClass{
				Class: x.Code, ProtectedPercent: percent(x.ProtectedBP), Base: wire.Minor(x.Base, c), Per100KM: wire.Minor(x.Per100KM, c),
				DemandPercent: percent(x.DemandBP), DeviationPercent: percent(x.DeviationBP),
			}
		}
		out.Cabins[i] = shown
	}
	for i := range t.Families {
		f := &t.Families[i]
		fare := fareFamily(f, c)
		shown := wire.FareFamily{
			ID: fare.ID, Code: f.Code, Name: f.Name, PricePercent: percent(f.PercentBP), ChangeFee: fare.ChangeFee, FeePercent: percent(f.Refund.FeeBP),
			CarryOn: int(f.CarryOn), Bags: int(f.Bags), SeatChoice: fare.SeatChoice,
		}
		if f.Amount != 0 {
			amount := wire.Minor(f.Amount, c)
			shown.Amount = &amount
		}
		if f.Refund.FreeUntil {
			minutes := f.Refund.FreeBefore
			shown.FreeCancellationMinutes = &minutes
		}
		out.Families[i] = shown
	}
	for i := range t.Levies {
		l := &t.Levies[i]
		shown := wire.FlightLevy{Kind: "fee", Code: l.Code, Airports: l.Airports, Once: l.Once, Included: l.Included}
		if l.Kind == offer.Tax {
			shown.Kind = "tax"
		}
		if l.BP != 0 {
			share := percent(l.BP)
			shown.Percent = &share
		} else {
			amount := wire.Minor(l.Minor, c)
			shown.Amount = &amount
		}
		for _, k := range l.Who {
			shown.Who = append(shown.Who, k.String())
		}
		out.Levies[i] = shown
	}
	return out
}

func (s *server) listFlightFares(ctx context.Context, c *call, in *flightFaresIn) (*flightFareListOut, error) {
	t, e, err := s.tariff(ctx, c, in.SupplierID)
	if err != nil {
		return nil, err
	}
	fares, err := s.Flights.Fares(ctx, e, t.Supplier, in.From, in.To)
	if err != nil {
		return nil, err
	}
	out := &flightFareListOut{Body: wire.FlightFareList{Fares: make([]wire.FlightFare, len(fares))}}
	for i, f := range fares {
		out.Body.Fares[i] = wire.FlightFare{
			From: f.From, To: f.To, Class: f.Class, Published: wire.Minor(f.Minor, t.Currency), Wanted: wire.Minor(f.Wanted, t.Currency), RisesAt: moment(f.NextAt), ByDistance: f.Derived,
		}
	}
	return out, nil
}

func (s *server) setFlightFares(ctx context.Context, c *call, in *airlineIn, b *wire.FlightFaresRequest) (*flightFareReportOut, error) {
	t, e, err := s.tariff(ctx, c, in.SupplierID)
	if err != nil {
		return nil, err
	}
	var r reader
	updates := make([]flight.FareUpdate, len(b.Fares))
	for i := range b.Fares {
		f := &b.Fares[i]
		updates[i] = flight.FareUpdate{From: f.From, To: f.To, Class: f.Class, Minor: r.minor("/fares/"+itoa(i)+"/amount", &f.Amount, t.Currency), Stamp: f.Version}
	}
	if err := r.err(); err != nil {
		return nil, err
	}
	report, err := s.Flights.SetFares(ctx, e, t.Supplier, updates)
	if err != nil {
		return nil, err
	}
	out := &flightFareReportOut{Body: wire.FlightFareReport{
		Published: report.Published, Waiting: report.Waiting, Unchanged: report.Same, Older: report.Old, Refused: make([]wire.FareRemark, len(report.Refused)),
	}}
	for i, n := range report.Refused {
		out.Body.Refused[i] = wire.FareRemark{Index: n.Line - 1, Code: n.Code, Message: n.Message}
	}
	return out, nil
}
