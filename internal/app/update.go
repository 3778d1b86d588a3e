package app

import (
	"context"
	"time"

	"holdfast/civil"
	"holdfast/fault"
	"holdfast/feed"
	"holdfast/flight"
	"holdfast/money"
	"holdfast/rail"
	"holdfast/uid"
)

// Messages of partners that tell of some runs, departures or fares. Each object's stamp is its own, else the message's;
// what is not newer than what the partner told before changes nothing, so they may come in any order, late and repeated.

// runMessage is the format "runs".
type runMessage struct {
	Runs []struct {
		Run       string     `json:"run,omitzero"`   // id; else
		Train     string     `json:"train,omitzero"` // its number, or
		Key       string     `json:"key,omitzero"`   // the id in the partner's timetable ...
		Date      civil.Date `json:"date,omitzero"`  // ... and service date
		Stamp     int64      `json:"stamp,omitzero"`
		Cancelled bool       `json:"cancelled,omitzero"`
		Skipped   []int      `json:"skipped,omitzero"` // calls, from 0
		Delays    []struct {
			Call    int   `json:"call"`
			Arrives int32 `json:"arrives,omitzero"` // seconds
			Departs int32 `json:"departs,omitzero"`
		} `json:"delays,omitzero"`
		Note string `json:"note,omitzero"`
	} `json:"runs"`
}

func (s *system) bringRuns(ctx context.Context, d delivery, b body, _ func(done, total int64)) (*DeliveryReport, error) {
	var m runMessage
	if err := message(b, &m); err != nil {
		return nil, err
	}
	updates := make([]rail.RunUpdate, len(m.Runs))
	for i, u := range m.Runs {
		updates[i] = rail.RunUpdate{
			Supplier: d.Supplier, Source: d.Feed, Number: u.Train, Key: u.Key, Date: u.Date, Stamp: stampOf(u.Stamp, d.Stamp), Cancelled: u.Cancelled, Skipped: u.Skipped, Note: u.Note,
		}
		if u.Key != "" {
			updates[i].Feed = d.Feed
		}
		if u.Run != "" {
			var err error
			if updates[i].Run, err = uid.Parse("run", u.Run); err != nil {
				return nil, fault.New(fault.Invalid, "file_invalid", "Run %d has the id %q, which is none.", i, u.Run)
			}
		}
		for _, c := range u.Delays {
			updates[i].Delays = append(updates[i].Delays, rail.CallDelay{Call: c.Call, Arrives: c.Arrives, Departs: c.Departs})
		}
	}
	if d.DryRun {
		return &DeliveryReport{Lines: []string{"updates are not tried out: the message can be read"}, Untouched: int64(len(updates))}, nil
	}
	out := &DeliveryReport{}
	err := inParts(ctx, d, updates, func(part []rail.RunUpdate, from int) error {
		r, err := s.rail.Updates(ctx, rail.Editor{Subject: byImport}, part)
		if err != nil {
			return err
		}
		out.Changed += int64(r.Applied)
		out.Stale += int64(r.Older)
		for _, n := range r.Refused {
			out.refuse(feed.Error{Line: from + n.Index + 1, Code: n.Code, Message: n.Message})
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	out.Applied = out.Changed > 0
	return out, nil
}

// stampOf is the stamp of an object, or that of its message.
func stampOf(own, message int64) int64 {
	if own != 0 {
		return own
	}
	return message
}

// departureMessage is the format "departures".
type departureMessage struct {
	Departures []struct {
		Carrier   string     `json:"carrier"`
		Number    string     `json:"number"`
		Suffix    string     `json:"suffix,omitzero"`
		Date      civil.Date `json:"date"`
		From      string     `json:"from,omitzero"`
		To        string     `json:"to,omitzero"`
		Stamp     int64      `json:"stamp,omitzero"`
		Cancelled bool       `json:"cancelled,omitzero"`
		Diverted  bool       `json:"diverted,omitzero"`
		Departed  bool       `json:"departed,omitzero"`
		Reason    string     `json:"reason,omitzero"`
		Times     []struct {
			Departs time.Time `json:"departs"`
			Arrives time.Time `json:"arrives"`
		} `json:"times,omitzero"` // of every leg
	} `json:"departures"`
}

func (s *system) bringDepartures(ctx context.Context, d delivery, b body, _ func(done, total int64)) (*DeliveryReport, error) {
	var m departureMessage
	if err := message(b, &m); err != nil {
		return nil, err
	}
	updates := make([]flight.DepartureUpdate, len(m.Departures))
	for i, u := range m.Departures {
		updates[i] = flight.DepartureUpdate{
			Carrier: u.Carrier, Number: u.Number, Suffix: u.Suffix, Date: u.Date, From: u.From, To: u.To, Stamp: stampOf(u.Stamp, d.Stamp), Source: d.Feed,
			Cancelled: u.Cancelled, Diverted: u.Diverted, Departed: u.Departed, Reason: u.Reason,
		}
		for _, t := range u.Times {
			updates[i].Times = append(updates[i].Times, flight.LegTimes{Departs: t.Departs, Arrives: t.Arrives})
		}
	}
	if d.DryRun {
		return &DeliveryReport{Lines: []string{"updates are not tried out: the message can be read"}, Untouched: int64(len(updates))}, nil
	}
	out := &DeliveryReport{}
	err := inParts(ctx, d, updates, func(part []flight.DepartureUpdate, from int) error {
		r, err := s.flight.Updates(ctx, flight.Editor{Subject: byImport}, d.Supplier, part)
		if err != nil {
			return err
		}
		out.Changed += int64(r.Applied)
		out.Untouched += int64(r.Same + r.Awaiting)
		out.Stale += int64(r.Old)
		for _, n := range r.Refused {
			out.refuse(feed.Error{Line: from + n.Line, Code: n.Code, Message: n.Message})
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	out.Applied = out.Changed > 0
	return out, nil
}

// fareMessage is the format "fares".
type fareMessage struct {
	Currency money.Currency `json:"currency"`
	Fares    []struct {
		From   string `json:"from"`
		To     string `json:"to"`
		Class  string `json:"class"`
		Amount string `json:"amount"` // decimal
		Stamp  int64  `json:"stamp,omitzero"`
	} `json:"fares"`
}

func (s *system) bringFares(ctx context.Context, d delivery, b body, _ func(done, total int64)) (*DeliveryReport, error) {
	var m fareMessage
	if err := message(b, &m); err != nil {
		return nil, err
	}
	tariff, err := s.flight.Tariff(ctx, flight.Editor{Subject: byImport}, d.Supplier)
	if err != nil {
		return nil, err
	}
	if m.Currency != tariff.Currency {
		return nil, fault.New(fault.Invalid, "file_invalid", "The fares are in %q; this airline sells in %s.", m.Currency, tariff.Currency)
	}
	updates := make([]flight.FareUpdate, len(m.Fares))
	for i, f := range m.Fares {
		amount, err := money.Parse(f.Amount, m.Currency)
		if err != nil {
			return nil, fault.New(fault.Invalid, "file_invalid", "Fare %d has the amount %q: %v.", i, f.Amount, err)
		}
		updates[i] = flight.FareUpdate{From: f.From, To: f.To, Class: f.Class, Minor: amount.Minor, Stamp: stampOf(f.Stamp, d.Stamp), Source: d.Feed}
	}
	if d.DryRun {
		return &DeliveryReport{Lines: []string{"updates are not tried out: the message can be read"}, Untouched: int64(len(updates))}, nil
	}
	r, err := s.flight.SetFares(ctx, flight.Editor{Subject: byImport}, d.Supplier, updates)
	if err != nil {
		return nil, err
	}
	out := &DeliveryReport{Applied: r.Published+r.Waiting > 0, Changed: int64(r.Published + r.Waiting), Untouched: int64(r.Same), Stale: int64(r.Old)}
	for _, n := range r.Refused {
		out.refuse(feed.Error{Line: n.Line, Code: n.Code, Message: n.Message})
	}
	return out, nil
}
