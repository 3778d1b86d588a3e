package sim_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"holdfast/payment"
	"holdfast/reservation"
	"holdfast/stock"
	"holdfast/uid"
)

// judge holds what is stored, and what the bank did, against each other and against what the callers were told.
func (w *world) judge() {
	w.audit()
	w.stop()
	all := w.all()
	byRef := map[string]*reservation.Reservation{}
	for _, r := range all {
		byRef[r.ID.Text("res")] = r
		w.trace("%s", w.final(r))
	}
	w.told(all, byRef)
	w.paid(all)
	w.counted(all)
	w.seated(all)
	w.streamed(all)
	w.whole(all)
	for _, c := range w.callers {
		for what, n := range c.told {
			w.count[what] += n
		}
		for _, i := range c.intents {
			w.trace("%s %s: %s", c.name, i.what, w.blank(i.refused))
		}
	}
}

func (w *world) blank(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// final is a reservation in the end, without what differs between two runs of a seed.
func (w *world) final(r *reservation.Reservation) string {
	text := fmt.Sprintf("in the end%s of %s is %s, %s, version %d, paid %d, returned %d, owed %d:", w.nick(r.ID[:]), r.Caller, r.Status, r.Payment, r.Version, r.Paid, r.Refunded, r.Owed)
	history, err := w.rows.History(context.Background(), r.ID)
	w.must(err)
	for _, e := range history {
		text += fmt.Sprintf(" %s %s;", e.At.Format("15:04:05.000"), e.Cause)
	}
	return text
}

// audit lets the service check itself, over a way without faults.
func (w *world) audit() {
	core := reservation.New(reservation.Deps{
		Store: w.rows, Clock: w, Settings: reservation.DefaultSettings(),
		Payment: payment.New(payment.Deps{Store: w.accounts, Clock: w, Providers: map[string]payment.Provider{"pm_sim_": &line{bank: w.bank, w: w}}}),
	})
	report, err := core.Audit(context.Background(), nil)
	w.must(err)
	for _, f := range report.Findings {
		w.find(f.Invariant, "audit of %s: %s", f.Subject, f.Detail)
	}
	if report.Slots != int64(len(w.most)) {
		w.find("I1", "%d slots, %d were made", report.Slots, len(w.most))
	}
}

// told is I2, I3 and I4 as callers see them: what they were promised is there, once.
func (w *world) told(all []*reservation.Reservation, byRef map[string]*reservation.Reservation) {
	byTag := map[string][]*reservation.Reservation{}
	for _, r := range all {
		byTag[r.Travellers[0].FamilyName] = append(byTag[r.Travellers[0].FamilyName], r)
	}
	for _, c := range w.callers {
		for _, i := range c.placed() {
			made := byTag[i.tag]
			switch {
			case len(made) > 1:
				w.find("I3", "one key of %s placed %d reservations", c.name, len(made))
			case i.about != nil && len(made) == 0:
				w.find("I2", "%s was told that %q was placed; it is not there", c.name, i.tag)
			case i.about != nil && byRef[i.about.ref] == nil:
				w.find("I2", "%s was given an id that does not exist", c.name)
			case i.about == nil && i.refused != "" && len(made) > 0:
				w.find("I3", "%s was told %s for %q, yet it was placed", c.name, i.refused, i.tag)
			}
		}
		for _, o := range c.mine {
			if r := byRef[o.ref]; r != nil {
				w.promised(c, o, r)
			}
		}
	}
}

func (w *world) promised(c *caller, o *owned, r *reservation.Reservation) {
	sold := r.Status == reservation.Confirmed || r.Status == reservation.Completed || r.Status == reservation.Cancelled && r.Paid > 0
	captured, _ := w.taken(r.ID)
	switch {
	case o.paid == "confirmed" && (!sold || captured != r.Total().Minor):
		w.find("I2", "%s was told that it is confirmed; it is %s, and %d of %d were taken", c.name, r.Status, captured, r.Total().Minor)
	case (o.paid == "declined" || o.paid == "too late") && (sold || captured > 0):
		w.find("I5", "%s was told that the payment was %s; it is %s, and %d were taken", c.name, o.paid, r.Status, captured)
	case o.released && sold:
		w.find("I2", "%s released it unpaid; it is %s", c.name, r.Status)
	}
	if int(r.Extensions) < o.extended || int(r.Extensions) > o.asked {
		w.find("I3", "%s asked %d times for more time and got it %d times; it was extended %d times", c.name, o.asked, o.extended, r.Extensions)
	}
	var promised int64
	var quotes []uid.ID
	for _, i := range c.intents {
		if i.what == "cancel" && i.about == o && i.first != "" && !slices.Contains(quotes, i.quote.ID) {
			promised += i.quote.Refund
			quotes = append(quotes, i.quote.ID)
		}
	}
	if promised > r.Refunded+r.Owed {
		w.find("I5", "%s was promised %d back; %d were returned and %d are owed", c.name, promised, r.Refunded, r.Owed)
	}
}

// taken is what the bank took and gave back for a reservation.
func (w *world) taken(id uid.ID) (captured, refunded int64) {
	for _, f := range w.bank.files {
		if f.request.Reservation != id {
			continue
		}
		captured += f.request.Amount.Minor * int64(f.captures)
		for _, r := range f.refunds {
			refunded += r.minor
		}
	}
	return captured, refunded
}

// paid is I5 by the bank's own books: to the cent, per reservation, and nothing set aside for ever.
func (w *world) paid(all []*reservation.Reservation) {
	for _, r := range all {
		captured, refunded := w.taken(r.ID)
		if captured != r.Paid || refunded != r.Refunded {
			w.find("I5", "%s of %s says %d paid, %d returned; the bank took %d and returned %d", r.Status, r.Caller, r.Paid, r.Refunded, captured, refunded)
		}
		sold := r.Status == reservation.Confirmed || r.Status == reservation.Completed || r.Status == reservation.Cancelled
		if captured > 0 && !sold {
			w.find("I5", "it is %s, yet the bank took %d", r.Status, captured)
		}
		if r.Owed > 0 && !w.refusedRefund(r) {
			w.find("I5", "%d are still owed", r.Owed)
		}
	}
	for _, f := range w.bank.files {
		if f.at(w.bank.now()) == payment.OutcomeApproved {
			w.find("I5", "%s stay set aside for ever", f.request.Amount)
		}
	}
}

// counted is I1 by adding up: the counters are the sum of live claims, and nothing was ever sold beyond what staff
// wanted to sell at their most generous.
func (w *world) counted(all []*reservation.Reservation) {
	type tally struct{ held, sold int32 }
	sum := map[stock.Key]tally{}
	for _, r := range all {
		for i := range r.Items {
			for _, c := range r.Items[i].Claims {
				for s := c.From; s < c.To; s++ {
					k := stock.Key{Pool: c.Pool, Slot: s}
					t := sum[k]
					switch r.Items[i].Status {
					case reservation.Held, reservation.Confirming:
						t.held += c.Count
					case reservation.Confirmed, reservation.Completed:
						t.sold += c.Count
					case reservation.Expired, reservation.Rejected, reservation.Cancelled:
					}
					sum[k] = t
				}
			}
		}
	}
	for _, span := range w.spans() {
		slots, err := w.rows.Slots(context.Background(), span)
		w.must(err)
		for _, s := range slots {
			t := sum[s.Key]
			if s.Held != t.held || s.Sold != t.sold {
				w.find("I1", "slot %v says %d held, %d sold; its reservations add up to %d and %d", s.Key, s.Held, s.Sold, t.held, t.sold)
			}
			if t.sold > w.most[s.Key] {
				w.find("I1", "slot %v was sold %d times; there were never more than %d", s.Key, t.sold, w.most[s.Key])
			}
		}
	}
}

// streamed is I7: no stream has a gap, each transition has its event once and in order, and so has each version of a slot.
func (w *world) streamed(all []*reservation.Reservation) {
	ctx := context.Background()
	streams, err := w.rows.Streams(ctx)
	w.must(err)
	versions := map[uid.ID][]int64{}
	slots := map[stock.Key][]int64{}
	latest := map[stock.Key]reservation.SlotRow{}
	for stream, last := range streams {
		events, err := w.rows.Events(ctx, stream, 0, 100_000)
		w.must(err)
		if int64(len(events)) != last {
			w.find("I7", "stream %d has %d events, its last number is %d", stream, len(events), last)
		}
		for n, e := range events {
			if e.N != int64(n+1) {
				w.find("I7", "stream %d: event %d follows %d", stream, e.N, n)
			}
			if !json.Valid(e.Data) {
				w.find("I7", "stream %d: event %d is no JSON", stream, e.N)
			}
			if !e.Subject.IsZero() {
				versions[e.Subject] = append(versions[e.Subject], e.Version)
			}
			if e.Type == "stock.changed" {
				rows, err := reservation.DecodeSlots(e.Data)
				w.must(err)
				for _, s := range rows {
					slots[s.Key] = append(slots[s.Key], s.Version)
					if s.Version > latest[s.Key].Version {
						latest[s.Key] = s
					}
				}
			}
		}
	}
	for _, r := range all {
		if v := versions[r.ID]; !dense(v) || int64(len(v)) != r.Version {
			w.find("I7", "a reservation at version %d has the events %v", r.Version, v)
		}
	}
	for _, span := range w.spans() {
		rows, err := w.rows.Slots(ctx, span)
		w.must(err)
		for _, s := range rows {
			if !dense(slots[s.Key]) || latest[s.Key] != s {
				w.find("I7", "slot %v is %+v; whoever followed the events has %+v after the versions %v", s.Key, s, latest[s.Key], slots[s.Key])
			}
		}
	}
}

// dense says that each number from 1 on is there once.
func dense(numbers []int64) bool {
	slices.Sort(numbers)
	for i, n := range numbers {
		if n != int64(i+1) {
			return false
		}
	}
	return true
}

// whole is I6 and I11: a reservation of several items is confirmed, or let go, as a whole, but for what its caller
// cancelled; and every state was reached by an allowed transition.
func (w *world) whole(all []*reservation.Reservation) {
	for _, r := range all {
		for i := range r.Items {
			if s := r.Items[i].Status; s != r.Status && s != reservation.Cancelled {
				w.find("I6", "item %d is %s while its reservation is %s", i+1, s, r.Status)
			}
		}
		history, err := w.rows.History(context.Background(), r.ID)
		w.must(err)
		at := reservation.Status(0)
		var safe time.Time // until when nobody may take the stock away
		for _, e := range history {
			switch e.Cause { //nolint:exhaustive // the others give no time
			case reservation.Placed:
				safe = e.At.Add(hold)
			case reservation.HoldExtended:
				safe = safe.Add(extension)
			case reservation.PaymentBegun:
				if g := e.At.Add(grace); g.After(safe) {
					safe = g
				}
			case reservation.HoldLapsed, reservation.PaymentLapsed:
				if e.At.Before(safe) {
					w.find("I4", "a hold lapsed at %s, %s before its time", e.At.Format("15:04:05"), safe.Sub(e.At))
				}
			}
			if !slices.ContainsFunc(reservation.Transitions, func(t reservation.Transition) bool { return t.From == e.From && t.To == e.To && t.Cause == e.Cause }) || e.From != at {
				w.find("I11", "from %d to %d by %s", e.From, e.To, e.Cause)
			}
			at = e.To
		}
		if at != r.Status {
			w.find("I11", "it is %s, its history ends elsewhere", r.Status)
		}
	}
}
