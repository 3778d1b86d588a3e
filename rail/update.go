package rail

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"holdfast/civil"
	"holdfast/fault"
	"holdfast/uid"
)

// MaxUpdates bounds what one call applies.
const MaxUpdates = 10_000

// updatesPerTurn is how many updates are looked at before writers of the catalogue get a turn. What they change meanwhile
// shows in the revisions of the runs when these are written.
const updatesPerTurn = 64

// maxDelay bounds how far from the timetable a train may be.
const maxDelay = 24 * time.Hour

// Updates implements Service. What is told replaces what was told before, under the guard of its stamp; it is written in
// one transaction with what is left to be done (stop-sell, telling reservations), tried at once and repeated by a job.
func (c *Core) Updates(ctx context.Context, e Editor, updates []RunUpdate) (*UpdateReport, error) {
	if len(updates) > MaxUpdates {
		var v verdicts
		v.check(false, "", "too_many", "At most %d updates come in one call.", MaxUpdates)
		return nil, v.err()
	}
	report := &UpdateReport{}
	by := map[uid.ID][]int{}
	for i := range updates {
		if err := e.may(updates[i].Supplier); err != nil {
			return nil, err
		}
		by[updates[i].Supplier] = append(by[updates[i].Supplier], i)
	}
	before := c.told.Load()
	for _, supplier := range slices.SortedFunc(maps.Keys(by), compareID) {
		if err := c.update(ctx, supplier, updates, by[supplier], report); err != nil {
			return nil, err
		}
	}
	report.Told = int(c.told.Load() - before)
	slices.SortFunc(report.Refused, func(a, b UpdateNote) int { return cmp.Compare(a.Index, b.Index) })
	return report, nil
}

// update applies the updates of one railway.
func (c *Core) update(ctx context.Context, supplier uid.ID, updates []RunUpdate, mine []int, report *UpdateReport) error {
	keys, err := c.storeUpdates(ctx, supplier, updates, mine, report)
	if err != nil {
		return err
	}
	if len(keys) == 0 {
		return nil
	}
	sale := &SaleReport{}
	if err := c.workOn(ctx, supplier, keys, sale); err != nil {
		c.log.Warn("reservations are told of changes later", "error", err)
	}
	report.Waiting += sale.Waiting
	return nil
}

func (c *Core) storeUpdates(ctx context.Context, supplier uid.ID, updates []RunUpdate, mine []int, report *UpdateReport) ([]RunKey, error) {
	if err := c.turns.take(ctx, supplier); err != nil {
		return nil, err
	}
	defer c.turns.give(supplier)
	applied, older, refused := report.Applied, report.Older, len(report.Refused)
	for try := range importTries {
		if try > 0 {
			report.Applied, report.Older, report.Refused = applied, older, report.Refused[:refused]
			if err := c.poll(ctx); err != nil {
				return nil, err
			}
		}
		runs := map[RunKey]*Run{}
		var keys []RunKey
		c.catalogue.mu.RLock()
		for at, n := range mine {
			if at%updatesPerTurn == updatesPerTurn-1 { // writers do not wait for all, nor do the readers behind them
				c.catalogue.mu.RUnlock()
				c.catalogue.mu.RLock()
			}
			next, code, err := c.updated(&updates[n], runs)
			switch {
			case err != nil:
				report.Refused = append(report.Refused, UpdateNote{Index: n, Code: code, Message: err.Error()})
			case next == nil:
				report.Older++
			default:
				if runs[next.Key()] == nil {
					keys = append(keys, next.Key())
				}
				runs[next.Key()] = next
				report.Applied++
			}
		}
		rows := &Rows{}
		for _, key := range keys {
			rows.Runs = append(rows.Runs, runs[key])
		}
		c.catalogue.mu.RUnlock()
		if rows.Empty() {
			return nil, nil
		}
		err := c.write(ctx, rows)
		if errors.Is(err, ErrStale) {
			continue
		}
		return keys, err
	}
	return nil, fault.Overloaded(time.Second)
}

// updated is a run with an update; nil when a newer one is known. written is what this very call has changed already.
// Called with mu held for reading.
func (c *Core) updated(u *RunUpdate, written map[RunKey]*Run) (*Run, string, error) {
	w := c.catalogue.railways[u.Supplier]
	if w == nil {
		return nil, "train_not_found", errors.New("the railway has no trains")
	}
	t, date := c.named(w, u)
	if t == nil {
		return nil, "train_not_found", fmt.Errorf("no train %s runs on %s", clip(cmp.Or(u.Number, u.Key)), u.Date)
	}
	key := RunKey{t.ID, date}
	is := w.runs[key]
	next := Run{Supplier: t.Supplier, Train: t.ID, Date: date, State: Scheduled, Pattern: t.Pattern, Edition: 1}
	if is != nil {
		next = *is
	}
	next.Revision++
	if w := written[key]; w != nil {
		revision := next.Revision
		next = *w
		next.Revision = revision
	}
	now := c.now().UnixMicro()
	if (is != nil || written[key] != nil) && !u.newer(&next) {
		return nil, "", nil
	}
	if next.State == Withdrawn {
		return nil, "train_not_found", fmt.Errorf("train %s runs no more on %s", t.Number, date)
	}
	p := c.catalogue.patterns[next.Pattern]
	told, state, err := u.told(t, p, date)
	if err == nil && (len(u.Source) > maxName || !plain(u.Source)) {
		err = fmt.Errorf("the name of a source has at most %d bytes", maxName)
	}
	if err != nil {
		return nil, "update_invalid", err
	}
	a, b := served(expected(t, p, date, next.Update))
	x, y := served(expected(t, p, date, told))
	told.remember(u, next.Update, now)
	next.Update, next.State, next.Stamp = told, state, u.after(next.Stamp, now)
	if next.Ready {
		if next.Todo |= Tell; a != x || b != y {
			next.Todo |= Close
		}
	}
	return &next, "", nil
}

// named finds the train and the service date of an update. Called with mu held for reading.
func (c *Core) named(w *railway, u *RunUpdate) (*Train, civil.Date) {
	if !u.Run.IsZero() {
		key, ok := c.catalogue.runIDs[u.Run]
		if t := w.trains[key.Train]; ok && t != nil {
			return t, key.Date
		}
		return nil, 0
	}
	if u.Key != "" {
		t := w.trains[TrainID(u.Supplier, cmp.Or(u.Feed, defaultFeed), u.Key)]
		if t != nil && (t.Dates.Has(u.Date) || w.runs[RunKey{t.ID, u.Date}] != nil) {
			return t, u.Date
		}
		return nil, 0
	}
	for _, t := range w.numbers[number(u.Number)] {
		if t.Dates.Has(u.Date) {
			return t, u.Date
		}
	}
	for _, t := range w.numbers[number(u.Number)] { // one that the timetable has no more, but whose seats are sold
		if w.runs[RunKey{t.ID, u.Date}] != nil {
			return t, u.Date
		}
	}
	return nil, 0
}

// told is an update as it is kept: delays by call.
func (u *RunUpdate) told(t *Train, p *Pattern, d civil.Date) (*Update, State, error) {
	out := &Update{Cancelled: u.Cancelled, Note: u.Note}
	if len(u.Note) > maxName || !plain(u.Note) {
		return nil, 0, fmt.Errorf("a note is one line of at most %d bytes", maxName)
	}
	calls := len(p.Calls)
	late, given := make([]CallDelay, calls), make([]bool, calls)
	for _, x := range u.Delays {
		if x.Call < 0 || x.Call >= calls || !within(x.Arrives) || !within(x.Departs) {
			return nil, 0, fmt.Errorf("a delay of %d and %d seconds at call %d: the train has %d calls, and is at most %v late or early", x.Arrives, x.Departs, x.Call, calls, maxDelay)
		}
	}
	delays := slices.SortedStableFunc(slices.Values(u.Delays), func(a, b CallDelay) int { return cmp.Compare(a.Call, b.Call) })
	for n, x := range delays {
		until := calls
		if n+1 < len(delays) {
			until = delays[n+1].Call
		}
		for i := x.Call; i < until; i++ {
			arrives := x.Departs
			if i == x.Call {
				arrives = x.Arrives
			}
			late[i], given[i] = CallDelay{i, arrives, x.Departs}, true
		}
	}
	for _, x := range u.Times {
		if x.Call < 0 || x.Call >= calls {
			return nil, 0, fmt.Errorf("times at call %d: the train has %d calls", x.Call, calls)
		}
		at := zone(t.Zone)
		arrives, near := lateness(x.Arrives, instant(d, at, p.Calls[x.Call].Arrive), late[x.Call].Arrives)
		departs, too := lateness(x.Departs, instant(d, at, p.Calls[x.Call].Depart), late[x.Call].Departs)
		if !near || !too {
			return nil, 0, fmt.Errorf("times at call %d: the train is at most %v late or early", x.Call, maxDelay)
		}
		if given[x.Call] = given[x.Call] || !x.Arrives.IsZero() || !x.Departs.IsZero(); given[x.Call] {
			late[x.Call] = CallDelay{x.Call, arrives, departs}
		}
	}
	for i := range late {
		if given[i] {
			out.Delays = append(out.Delays, late[i])
		}
	}
	for _, n := range u.Skipped {
		if n < 0 || n >= calls {
			return nil, 0, fmt.Errorf("call %d is left out, but the train has %d calls", n, calls)
		}
		out.Skipped = append(out.Skipped, n)
	}
	slices.Sort(out.Skipped)
	out.Skipped = slices.Compact(out.Skipped)
	first, last := served(expected(t, p, d, out))
	switch {
	case out.Cancelled || first == last: // a train that calls at one station goes nowhere
		out.Cancelled = true
		return out, Cancelled, nil
	case len(out.Delays)+len(out.Skipped) > 0:
		return out, Changed, nil
	default:
		return out, Scheduled, nil
	}
}

func seconds(n int32) time.Duration { return time.Duration(n) * time.Second }

func within(delay int32) bool { return seconds(delay) <= maxDelay && seconds(delay) >= -maxDelay }

// lateness is how many seconds an instant is after the scheduled one; otherwise where nothing is told. It is false where
// that is too far.
func lateness(told, scheduled time.Time, otherwise int32) (int32, bool) {
	if told.IsZero() {
		return otherwise, true
	}
	late := told.Truncate(time.Second).Sub(scheduled)
	return int32(max(-maxDelay, min(late, maxDelay)) / time.Second), late <= maxDelay && late >= -maxDelay
}
