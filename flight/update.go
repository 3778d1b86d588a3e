package flight

import (
	"context"
	"slices"
	"strings"
	"unicode/utf8"

	"holdfast/civil"
	"holdfast/fault"
	"holdfast/flight/itinerary"
	"holdfast/reservation"
	"holdfast/uid"
)

// Bounds of updates.
const (
	maxUpdates = 20_000 // in one call
	maxReason  = 200    // bytes
)

// Updates implements Service.
//
// Of a departure the newest word of a source holds, by its stamp: an update, or a timetable that changed it. So the outcome
// does not depend on the order in which words of one source arrive, and telling one twice changes nothing (see stamp.go). Word of a departure that no
// timetable has told is kept until one does, provided that it says from where to where.
func (c *Core) Updates(ctx context.Context, e Editor, supplier uid.ID, updates []DepartureUpdate) (*UpdateReport, error) {
	if err := e.may(supplier); err != nil {
		return nil, err
	}
	if len(updates) > maxUpdates {
		return nil, fault.InvalidField("/updates", "out_of_range", "At most %d updates at once.", maxUpdates)
	}
	report := &UpdateReport{}
	var valid []numbered
	for n := range updates {
		u := updates[n]
		if code, message := u.wrong(); code != "" {
			note(&report.Refused, n+1, code, "%s", message)
			continue
		}
		valid = append(valid, numbered{n + 1, u})
	}
	checked := *report
	checked.Refused = slices.Clip(report.Refused)
	if err := c.write(ctx, func(w *Write) (bool, error) {
		*report = checked
		c.applyUpdates(w, supplier, valid, report)
		w.Urgent = len(w.Commands) < departuresEach
		return len(w.Departures) > 0, nil
	}); err != nil {
		return nil, err
	}
	if report.Applied > 0 {
		if err := c.send(ctx, true, nil); err != nil {
			c.log.Warn("reservations learn later of changed departures", "error", err)
		}
	}
	return report, nil
}

// numbered is an update and its place in the call, from 1.
type numbered struct {
	line int
	of   DepartureUpdate
}

func (u *DepartureUpdate) wrong() (code, message string) {
	switch {
	case !validCarrier(u.Carrier) || u.Number == "" || len(u.Number) > 5 || strings.Trim(u.Number, "0123456789") != "" || len(u.Suffix) > 1:
		return "number_invalid", "This names no flight."
	case u.Date < -200_000 || u.Date > 200_000:
		return "date_invalid", "This is no date of a flight."
	case (u.From == "") != (u.To == "") || u.From != "" && (!airportCode(u.From) || !airportCode(u.To) || u.From == u.To):
		return "airport_unknown", "From and to are codes of airports, both or none."
	case len(u.Reason) > maxReason || !utf8.ValidString(u.Reason):
		return "reason_invalid", "A reason is text of at most 200 bytes."
	case u.Stamp < 0 || len(u.Source) > maxFeedName:
		return "stamp_invalid", "A stamp is not negative, and its source has a name of at most 64 bytes."
	case len(u.Times) > itinerary.MaxLegs:
		return "times_invalid", "A departure has at most ten legs."
	}
	for i, t := range u.Times {
		if !t.Arrives.After(t.Departs) || i > 0 && t.Departs.Before(u.Times[i-1].Arrives) {
			return "times_backwards", "The times do not follow each other."
		}
		if off := civil.Date(t.Departs.Unix()/86400) - u.Date; off < -14 || off > 14 {
			return "times_invalid", "The times are more than two weeks from the date of the flight."
		}
	}
	return "", ""
}

func validCarrier(s string) bool { return code(s, 2, 3) }

func airportCode(s string) bool { return code(s, 3, 3) }

// live is the word of an update.
func (u *DepartureUpdate) live() *Live {
	l := &Live{Stamp: u.Stamp, Source: u.Source, Cancelled: u.Cancelled, Diverted: u.Diverted, Departed: u.Departed, Reason: u.Reason}
	for _, t := range u.Times {
		l.Times = append(l.Times, LegTimes{t.Departs.UTC().Truncate(1e9), t.Arrives.UTC().Truncate(1e9)})
	}
	return l
}

// applyUpdates fills in what updates come to.
func (c *Core) applyUpdates(w *Write, supplier uid.ID, updates []numbered, report *UpdateReport) {
	c.catalogue.mu.RLock()
	defer c.catalogue.mu.RUnlock()
	stamp := c.stamp()
	before := map[uid.ID]*Departure{}
	after := map[uid.ID]*Departure{}
	var order []uid.ID
	for n := range updates {
		u := &updates[n].of
		old, id := c.updated(supplier, u)
		if id.IsZero() {
			note(&report.Refused, updates[n].line, "flight_ambiguous", "There is not one flight %s%s of %s; say from where to where.", u.Carrier, u.Number+u.Suffix, u.Date)
			continue
		}
		if x := c.catalogue.carriers[u.Carrier]; old == nil && x != nil && x.Supplier != supplier {
			note(&report.Refused, updates[n].line, "carrier_foreign", "Carrier %s belongs to another supplier.", u.Carrier)
			continue
		}
		now := after[id] // of an earlier update of this call
		if now == nil {
			now = old
		}
		if now != nil && len(now.Legs) > 0 && len(u.Times) > 0 && len(u.Times) != len(now.Legs) {
			note(&report.Refused, updates[n].line, "times_invalid", "Flight %s of %s has %d legs, and these are times of %d.", now.Flight(), u.Date, len(now.Legs), len(u.Times))
			continue
		}
		live := u.live()
		var held *Live
		if now != nil {
			held = now.Live
		}
		switch {
		case u.Stamp == 0:
			if live.Source, live.Stamp = "", stamp; held != nil {
				live.Stamp = nextStamp(stamp, held.Stamp, held.Plan)
			}
		case held.equal(live):
			report.Same++
			continue
		case now != nil && now.older(u.Source, u.Stamp):
			report.Old++
			continue
		}
		live.follow(held, stamp)
		next := &Departure{ID: id, Supplier: supplier, Key: Key{Carrier: u.Carrier, Number: u.Number, Suffix: u.Suffix, Date: u.Date, From: u.From, To: u.To}}
		if now != nil {
			copied := *now
			next = &copied
		}
		if next.Live = live; len(next.Legs) == 0 {
			report.Awaiting++
		} else {
			report.Applied++
		}
		if after[id] == nil {
			before[id], order = old, append(order, id)
		}
		after[id] = next
	}
	now := c.clock.Now()
	for _, id := range order {
		c.change(w, before[id], after[id], now)
	}
}

// updated finds the departure that an update means; the id is zero when that is not clear.
func (c *Core) updated(supplier uid.ID, u *DepartureUpdate) (*Departure, uid.ID) {
	if u.From != "" {
		id := Key{Carrier: u.Carrier, Number: u.Number, Suffix: u.Suffix, Date: u.Date, From: u.From, To: u.To}.ID(supplier)
		return c.catalogue.departures[id], id
	}
	var found *Departure
	for _, id := range c.catalogue.numbers[numberKey{u.Carrier + u.Number, u.Date}] {
		d := c.catalogue.departures[id]
		if d.Supplier != supplier || d.Carrier != u.Carrier || d.Number != u.Number || d.Suffix != u.Suffix || d.Removed || len(d.Legs) == 0 {
			continue
		}
		if found != nil {
			return nil, uid.ID{}
		}
		found = d
	}
	if found == nil {
		return nil, uid.ID{}
	}
	return found, found.ID
}

// SetControl implements Service.
func (c *Core) SetControl(ctx context.Context, e Editor, departure uid.ID, control Control) (*FlightDeparture, error) {
	if err := c.write(ctx, func(w *Write) (bool, error) {
		d := c.catalogue.departure(departure)
		if d == nil || len(d.Legs) == 0 || !e.Supplier.IsZero() && e.Supplier != d.Supplier {
			return false, departureNotFound()
		}
		if err := c.checkControl(d, &control); err != nil {
			return false, err
		}
		next := *d
		next.Control = &control
		if control.LoadDependent {
			next.Control = c.protect(&next)
		}
		if next.Control.empty() {
			next.Control = nil
		}
		w.Departures = append(w.Departures, &next)
		w.Commands = append(w.Commands, Command{Departure: d.ID, Stock: true})
		w.Urgent = true
		return true, nil
	}); err != nil {
		return nil, err
	}
	if err := c.send(ctx, true, nil); err != nil {
		c.log.Warn("a departure's stock is changed later", "departure", departure.Text("dep"), "error", err)
	}
	return c.Departure(ctx, departure)
}

func (k *Control) empty() bool {
	return !k.Closed && !k.LoadDependent && len(k.OverbookingBP) == 0 && len(k.Protected) == 0
}

func (c *Core) checkControl(d *Departure, k *Control) error {
	var v verdicts
	t := c.catalogue.tariff(d.Supplier)
	if t == nil {
		return tariffMissing()
	}
	for cabin, bp := range k.OverbookingBP {
		v.check(t.cabin(cabin) != nil, "/overbooking_bp/"+cabin, "cabin_not_found", "The tariff has no such cabin.")
		v.check(bp >= -10_000 && bp <= 20_000, "/overbooking_bp/"+cabin, "out_of_range", "Overbooking goes from -10000 to 20000 basis points.")
	}
	for class, n := range k.Protected {
		cabin, _ := t.class(class)
		v.check(cabin != nil, "/protected/"+class, "class_not_found", "The tariff has no such booking class.")
		v.check(n >= 0 && n <= maxSeats, "/protected/"+class, "out_of_range", "Seats kept go from 0 to %d.", maxSeats)
	}
	return v.err()
}

func departureNotFound() *fault.Error {
	return fault.New(fault.NotFound, "departure_not_found", "There is no such departure.")
}

func tariffMissing() *fault.Error {
	return fault.New(fault.Conflict, "tariff_missing", "The supplier has not said how it sells. Set its tariff first.")
}

// RevokeOffers implements Service.
func (c *Core) RevokeOffers(ctx context.Context, e Editor, supplier, version uid.ID) error {
	if err := e.may(supplier); err != nil {
		return err
	}
	return c.desk.RevokeOffers(ctx, reservation.Revocation{Supplier: supplier, RatePlan: version, Before: c.clock.Now(), Actor: reservation.Actor{Kind: reservation.StaffActor, ID: e.Subject}})
}

// Schedules implements Service.
func (c *Core) Schedules(ctx context.Context, e Editor, supplier uid.ID) ([]*Schedule, error) {
	if err := e.may(supplier); err != nil {
		return nil, err
	}
	return c.store.Schedules(ctx, supplier, "")
}

// Feeds implements Service.
func (c *Core) Feeds(_ context.Context, e Editor, supplier uid.ID) ([]Feed, error) {
	if !e.Supplier.IsZero() {
		if supplier.IsZero() {
			supplier = e.Supplier
		}
		if err := e.may(supplier); err != nil {
			return nil, err
		}
	}
	c.catalogue.mu.RLock()
	defer c.catalogue.mu.RUnlock()
	var out []Feed
	for _, f := range c.catalogue.feeds {
		if supplier.IsZero() || f.Supplier == supplier {
			out = append(out, *f)
		}
	}
	slices.SortFunc(out, func(a, b Feed) int {
		if a.Supplier != b.Supplier {
			return slices.Compare(a.Supplier[:], b.Supplier[:])
		}
		return strings.Compare(a.Name, b.Name)
	})
	return out, nil
}
