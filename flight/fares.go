package flight

import (
	"cmp"
	"context"
	"slices"
	"time"

	"holdfast/fault"
	"holdfast/flight/fare"
	"holdfast/uid"
)

// maxFareUpdates bounds one call of SetFares.
const maxFareUpdates = 100_000

// fareNow is the published fare of a market in a booking class; one that nobody has published is by distance. false: the
// market has none. Called with the catalogue's lock held.
func (c *catalogue) fareNow(t *Tariff, from, to, class string, now int64) (int64, bool) {
	if f := c.fares[FareKey{t.Supplier, from, to, class}]; f != nil {
		return t.publisher().At(f.State.Published, now).Minor, true
	}
	a, b := c.airports[from], c.airports[to]
	cabin, k := t.class(class)
	if a == nil || b == nil || cabin == nil {
		return 0, false
	}
	return cabin.Classes[k].byDistance(kilometres(a, b)), true
}

// SetFares implements Service.
func (c *Core) SetFares(ctx context.Context, e Editor, supplier uid.ID, updates []FareUpdate) (*FareReport, error) {
	if err := e.may(supplier); err != nil {
		return nil, err
	}
	if len(updates) > maxFareUpdates {
		return nil, fault.InvalidField("/fares", "out_of_range", "At most %d fares at once.", maxFareUpdates)
	}
	report := &FareReport{}
	stamp, now := c.stamp(), c.clock.Now().Unix()
	if err := c.write(ctx, func(w *Write) (bool, error) {
		*report = FareReport{}
		c.catalogue.mu.RLock()
		defer c.catalogue.mu.RUnlock()
		t := c.catalogue.tariffs[supplier]
		if t == nil {
			return false, tariffMissing()
		}
		after := map[FareKey]*Fare{}
		for n, u := range updates {
			c.want(t, n+1, u, stamp, now, after, report)
		}
		for _, f := range after {
			w.Fares = append(w.Fares, f)
		}
		slices.SortFunc(w.Fares, compareFares)
		return len(w.Fares) > 0, nil
	}); err != nil {
		return nil, err
	}
	return report, nil
}

func compareFares(a, b *Fare) int {
	return cmp.Or(slices.Compare(a.Supplier[:], b.Supplier[:]), cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To), cmp.Compare(a.Class, b.Class))
}

// want takes one wanted fare; stamp is that of a word without one.
func (c *Core) want(t *Tariff, line int, u FareUpdate, stamp, now int64, after map[FareKey]*Fare, report *FareReport) {
	cabin, k := t.class(u.Class)
	from, to := c.catalogue.airports[u.From], c.catalogue.airports[u.To]
	switch {
	case cabin == nil:
		note(&report.Refused, line, "class_not_found", "The tariff has no booking class %q.", clip(u.Class))
		return
	case from == nil || to == nil || from == to:
		note(&report.Refused, line, "airport_unknown", "%q to %q are not two airports we know.", clip(u.From), clip(u.To))
		return
	case u.Stamp < 0 || len(u.Source) > maxFeedName:
		note(&report.Refused, line, "stamp_invalid", "A stamp is not negative, and its source has a name of at most %d bytes.", maxFeedName)
		return
	case u.Minor < 0 || u.Minor > fare.MaxMinor:
		note(&report.Refused, line, "out_of_range", "A fare is from 0 to %d.", fare.MaxMinor)
		return
	}
	key := FareKey{t.Supplier, u.From, u.To, u.Class}
	old := cmp.Or(after[key], c.catalogue.fares[key])
	var known int64 // of the same source
	switch {
	case u.Stamp == 0:
		if u.Source, u.Stamp = "", stamp; old != nil {
			u.Stamp = nextStamp(stamp, old.Stamp)
		}
	case old != nil && old.State.Source == u.Source:
		known = old.Stamp
	case old != nil:
		known = old.State.Seen[u.Source]
	}
	if !alike(u.Source, u.Stamp, known) {
		known = 0
	}
	next := &Fare{FareKey: key, Stamp: u.Stamp}
	p := t.publisher()
	switch {
	case old == nil && c.sells(t.Supplier, u.From, u.To):
		// What was sold by distance was published at that, though nobody has noted it.
		shown := fare.Publish(cabin.Classes[k].byDistance(kilometres(from, to)), now)
		next.State.Published = p.Want(shown, u.Minor, now)
	case old == nil:
		next.State.Published = fare.Publish(u.Minor, now)
	case u.Stamp < known, u.Stamp == known && u.Minor != old.State.Wanted:
		report.Old++
		return
	case u.Stamp == known || u.Minor == old.State.Wanted && !old.State.Derived:
		report.Same++
		if u.Stamp == known {
			return
		}
		next.State = old.State // the newest word all the same
	default:
		next.State.Published = p.Want(old.State.Published, u.Minor, now)
	}
	if next.State.Source = u.Source; old != nil {
		if next.State.Seen = old.State.Seen; old.State.Source != u.Source && old.Stamp != 0 {
			next.State.Seen = heard(old.State.Seen, old.State.Source, old.Stamp)
		}
	}
	after[key] = next
	switch {
	case old != nil && u.Minor == old.State.Wanted && !old.State.Derived:
	case next.State.Minor == u.Minor:
		report.Published++
	default:
		report.Waiting++
	}
}

// sells says whether anything of a supplier is on sale at both airports. Called with the catalogue's lock held.
func (c *Core) sells(_ uid.ID, from, to string) bool {
	return c.catalogue.view.served[from] > 0 && c.catalogue.view.served[to] > 0
}

// Fares implements Service.
func (c *Core) Fares(_ context.Context, e Editor, supplier uid.ID, from, to string) ([]PublishedFare, error) {
	if err := e.may(supplier); err != nil {
		return nil, err
	}
	c.catalogue.mu.RLock()
	defer c.catalogue.mu.RUnlock()
	t := c.catalogue.tariffs[supplier]
	if t == nil {
		return nil, tariffMissing()
	}
	for i, code := range []string{from, to} {
		if c.catalogue.airports[code] == nil {
			return nil, airportUnknown([]string{"/from", "/to"}[i], clip(code))
		}
	}
	now, p := c.clock.Now().Unix(), t.publisher()
	var out []PublishedFare
	for i := range t.Cabins {
		for k := range t.Cabins[i].Classes {
			key := FareKey{supplier, from, to, t.Cabins[i].Classes[k].Code}
			f := PublishedFare{FareKey: key, Derived: true}
			if stored := c.catalogue.fares[key]; stored != nil {
				s := p.At(stored.State.Published, now)
				f.Minor, f.Wanted, f.Derived = s.Minor, s.Wanted, stored.State.Derived
				if at, rises := p.Next(s); rises {
					f.NextAt = time.Unix(at, 0).UTC()
				}
			} else {
				f.Minor, _ = c.catalogue.fareNow(t, from, to, key.Class, now)
				f.Wanted = f.Minor
			}
			out = append(out, f)
		}
	}
	return out, nil
}

// SetTariff implements Service.
func (c *Core) SetTariff(ctx context.Context, e Editor, t Tariff, revision int64) (*Tariff, error) {
	if err := e.may(t.Supplier); err != nil {
		return nil, err
	}
	var v verdicts
	if v.tariff(&t); v.err() != nil {
		return nil, v.err()
	}
	now := c.clock.Now().UTC().Truncate(time.Microsecond)
	stocks := false
	if err := c.write(ctx, func(w *Write) (bool, error) {
		next := t
		next.Families, next.Cabins = slices.Clone(t.Families), slices.Clone(t.Cabins)
		next.RaisedAt, next.Revision = now, 1
		next.seal()
		old := c.catalogue.tariff(t.Supplier)
		if revision != AnyRevision && (old == nil || old.Revision != revision) {
			return false, changedMeanwhile()
		}
		if old != nil {
			if next.Currency != old.Currency {
				return false, fault.InvalidField("/currency", "currency_fixed", "The currency of a tariff stays what it is: %s.", old.Currency)
			}
			next.Revision, next.RaisedAt = old.Revision+1, old.RaisedAt
			switch dearer := next.dearer(old); {
			case dearer && c.sellsBy(old):
				if again := old.RaisedAt.Add(time.Duration(old.WindowSeconds) * time.Second); !old.RaisedAt.IsZero() && now.Before(again) {
					return false, fault.New(fault.Conflict, "fare_rise_too_soon", "Families and levies changed at %s; they may become dearer from %s on.", old.RaisedAt.Format(time.RFC3339), again.Format(time.RFC3339))
				}
				next.RaisedAt = now
			case dearer || old.dearer(&next): // a fall stands as long as a rise
				next.RaisedAt = now
			}
		}
		w.Tariffs, w.Versions = append(w.Tariffs, &next), next.Families
		c.follow(w, old, &next, now.Unix())
		stocks = len(w.Commands) > 0
		return true, nil
	}); err != nil {
		return nil, err
	}
	if stocks {
		if err := c.send(ctx, true, nil); err != nil {
			c.log.Warn("the stock of a tariff's departures is changed later", "error", err)
		}
	}
	return c.catalogue.tariff(t.Supplier), nil
}

// sellsBy says whether anything is on sale by a tariff.
func (c *Core) sellsBy(t *Tariff) bool {
	c.catalogue.mu.RLock()
	defer c.catalogue.mu.RUnlock()
	for _, l := range c.catalogue.view.listings {
		if l.departure.Supplier == t.Supplier {
			return true
		}
	}
	return false
}

// follow has fares by distance follow a tariff by the rule of publishing, and departures its cabins and classes.
func (c *Core) follow(w *Write, old, next *Tariff, now int64) {
	c.catalogue.mu.RLock()
	defer c.catalogue.mu.RUnlock()
	p := next.publisher()
	if old == nil {
		old = &Tariff{}
	}
	markets := map[[2]string]bool{}
	for _, f := range c.catalogue.fares {
		if f.Supplier != next.Supplier {
			continue
		}
		markets[[2]string{f.From, f.To}] = true
		cabin, k := next.class(f.Class)
		if !f.State.Derived || cabin == nil {
			continue
		}
		if was, _ := old.class(f.Class); was == nil {
			continue // it is new: see below
		}
		wanted := cabin.Classes[k].byDistance(kilometres(c.catalogue.airports[f.From], c.catalogue.airports[f.To]))
		if wanted != f.State.Wanted {
			w.Fares = append(w.Fares, &Fare{FareKey: f.FareKey, Stamp: f.Stamp, State: FareState{Published: p.Want(f.State.Published, wanted, now), Derived: true}})
		}
	}
	for m := range markets { // classes that are new
		w.Fares = append(w.Fares, newFares(c.catalogue, old, next, m[0], m[1], kilometres(c.catalogue.airports[m[0]], c.catalogue.airports[m[1]]), now)...)
	}
	slices.SortFunc(w.Fares, compareFares)
	if sameStock(old, next) {
		return
	}
	at := c.clock.Now()
	for _, d := range c.catalogue.departures {
		if d.Supplier == next.Supplier && c.onSale(d, at) {
			w.Commands = append(w.Commands, Command{Departure: d.ID, Stock: true})
		}
	}
}

// sameStock says whether two tariffs divide departures alike.
func sameStock(a, b *Tariff) bool {
	return slices.EqualFunc(a.Cabins, b.Cabins, func(x, y Cabin) bool {
		return x.Name == y.Name && x.OverbookingBP == y.OverbookingBP && slices.EqualFunc(x.Classes, y.Classes, func(k, l Class) bool {
			return k.Code == l.Code && k.ProtectedBP == l.ProtectedBP && k.DemandBP == l.DemandBP && k.DeviationBP == l.DeviationBP
		})
	})
}

// Tariff implements Service.
func (c *Core) Tariff(_ context.Context, e Editor, supplier uid.ID) (*Tariff, error) {
	if err := e.may(supplier); err != nil {
		return nil, err
	}
	if t := c.catalogue.tariff(supplier); t != nil {
		return t, nil
	}
	return nil, fault.New(fault.NotFound, "tariff_not_found", "The supplier has not said how it sells.")
}
