package resttest

import (
	"bytes"
	"context"
	"io"
	"slices"
	"strings"
	"time"

	"holdfast/fault"
	"holdfast/feed"
	"holdfast/feed/intake"
	"holdfast/uid"
)

// HeldRunID is a run of the seeded feed whose delivery waits for a human.
var HeldRunID = example("fdr", '0')

// Feeds is the world's service of feeds: its one format is lines, of which each one is an object.
func (w *World) Feeds() intake.Service { return mailbox{w} }

type mailbox struct{ w *World }

func (w *World) seedFeed() {
	f := intake.NewFeed("nordbahn", RailwayID, "gtfs")
	f.URL, f.Revision, f.CreatedAt, f.UpdatedAt = "https://partner.example/timetable.zip", 1, Now, Now
	f.Header = intake.Header{Name: "X-Api-Key", Value: "secret"}
	run := intake.Run{
		Partner: "nordbahn", ID: HeldRunID, Trigger: intake.Scheduled, Started: Now, Ended: Now.Add(time.Second), Outcome: intake.Held, Stamp: intake.Stamp{At: Now}, Bytes: 1000,
		Kept: true, Removed: 61, Code: "too_much_removed", Message: "The file would remove 61 % of what is there.", Remarks: []feed.Error{{File: "trips.txt", Line: 3, Code: "time_invalid", Message: "The time cannot be read."}},
	}
	w.feeds["nordbahn"] = &intake.Status{Feed: f, State: intake.State{Due: Now.Add(time.Hour), Received: Now, Held: intake.Kept{Run: HeldRunID, Stamp: run.Stamp}}}
	w.feedRuns["nordbahn"] = []intake.Run{run}
}

func (m mailbox) find(e intake.Editor, partner string) (*intake.Status, error) {
	f := m.w.feeds[partner]
	if f == nil || !e.Supplier.IsZero() && e.Supplier != f.Supplier {
		return nil, notFound("feed_not_found")
	}
	return f, nil
}

func copyFeed(f *intake.Status) *intake.Status {
	c := *f
	if c.Header.Value != "" {
		c.Header.Value = intake.Masked
	}
	return &c
}

func (m mailbox) PutFeed(_ context.Context, e intake.Editor, f intake.Feed, revision int64) (*intake.Status, error) {
	m.w.mu.Lock()
	defer m.w.mu.Unlock()
	if f.Format != "gtfs" {
		err := fault.New(fault.Invalid, "feed_invalid", "The format is not known.")
		err.Fields = []fault.Field{{Pointer: "/format", Code: "unknown_value", Message: "This format is not known here."}}
		return nil, err
	}
	f.Revision, f.CreatedAt, f.UpdatedAt = 1, m.w.Clock.Now(), m.w.Clock.Now()
	if there := m.w.feeds[f.Partner]; there != nil {
		if !e.Supplier.IsZero() && e.Supplier != there.Supplier {
			return nil, fault.New(fault.Conflict, "partner_taken", "The name is in use.")
		}
		if revision != intake.AnyRevision && revision != there.Revision {
			return nil, fault.New(fault.Stale, "changed_meanwhile", "Somebody changed it.")
		}
		f.Revision, f.CreatedAt = there.Revision+1, there.CreatedAt
	} else if revision != intake.AnyRevision {
		return nil, notFound("feed_not_found")
	}
	s := &intake.Status{Feed: f, State: intake.State{Due: f.UpdatedAt}}
	m.w.feeds[f.Partner] = s
	return copyFeed(s), nil
}

func (m mailbox) Feed(_ context.Context, e intake.Editor, partner string) (*intake.Status, error) {
	m.w.mu.Lock()
	defer m.w.mu.Unlock()
	f, err := m.find(e, partner)
	if err != nil {
		return nil, err
	}
	return copyFeed(f), nil
}

func (m mailbox) Feeds(_ context.Context, e intake.Editor, q intake.ListQuery) ([]intake.Status, string, error) {
	m.w.mu.Lock()
	defer m.w.mu.Unlock()
	var all []intake.Status
	for _, f := range m.w.feeds {
		if (e.Supplier.IsZero() || e.Supplier == f.Supplier) && f.Partner > q.After {
			all = append(all, *copyFeed(f))
		}
	}
	slices.SortFunc(all, func(a, b intake.Status) int { return strings.Compare(a.Partner, b.Partner) })
	if len(all) > q.Limit {
		return all[:q.Limit], all[q.Limit-1].Partner, nil
	}
	return all, "", nil
}

func (m mailbox) DeleteFeed(_ context.Context, e intake.Editor, partner string, revision int64) error {
	m.w.mu.Lock()
	defer m.w.mu.Unlock()
	f, err := m.find(e, partner)
	if err != nil {
		return err
	}
	if revision != intake.AnyRevision && revision != f.Revision {
		return fault.New(fault.Stale, "changed_meanwhile", "Somebody changed it.")
	}
	delete(m.w.feeds, partner)
	delete(m.w.feedRuns, partner)
	return nil
}

// note keeps a run that has ended.
func (m mailbox) note(partner string, r intake.Run) *intake.Run {
	r.Partner, r.ID, r.Started, r.Ended = partner, uid.New(), m.w.Clock.Now(), m.w.Clock.Now()
	m.w.feedRuns[partner] = append([]intake.Run{r}, m.w.feedRuns[partner]...)
	return &r
}

func (m mailbox) PullNow(_ context.Context, e intake.Editor, partner string) (*intake.Run, error) {
	m.w.mu.Lock()
	defer m.w.mu.Unlock()
	f, err := m.find(e, partner)
	switch {
	case err != nil:
		return nil, err
	case f.URL == "":
		return nil, fault.New(fault.Conflict, "not_pulled", "It is only pushed.")
	}
	return m.note(partner, intake.Run{Trigger: intake.Asked, Actor: e.Subject, Outcome: intake.Unchanged, Stamp: intake.Stamp{At: m.w.Clock.Now()}}), nil
}

func (m mailbox) Push(ctx context.Context, e intake.Editor, partner string, p intake.Push) (*intake.Run, error) {
	if _, err := m.Feed(ctx, e, partner); err != nil {
		return nil, err
	}
	body, err := io.ReadAll(p.Body)
	if err != nil {
		return nil, fault.New(fault.Malformed, "body_unreadable", "It broke off.")
	}
	m.w.mu.Lock()
	defer m.w.mu.Unlock()
	f, err := m.find(e, partner)
	switch {
	case err != nil:
		return nil, err
	case !f.Enabled:
		return nil, fault.New(fault.Conflict, "feed_disabled", "It is not enabled.")
	}
	if p.Stamp.IsZero() {
		p.Stamp.At = m.w.Clock.Now()
	}
	r := intake.Run{Trigger: intake.Pushed, Actor: e.Subject, Outcome: intake.Applied, DryRun: p.DryRun, Stamp: p.Stamp, Bytes: int64(len(body)), Added: int64(bytes.Count(body, []byte("\n")))}
	if p.Stamp.Compare(f.Stamp) < 0 {
		r.Outcome, r.Added = intake.Stale, 0
	} else if !p.DryRun {
		f.Stamp, f.Received, f.Applied = p.Stamp, m.w.Clock.Now(), m.w.Clock.Now()
	}
	return m.note(partner, r), nil
}

func (m mailbox) Runs(_ context.Context, e intake.Editor, partner string, q intake.RunQuery) ([]intake.Run, uid.ID, error) {
	m.w.mu.Lock()
	defer m.w.mu.Unlock()
	if _, err := m.find(e, partner); err != nil {
		return nil, uid.ID{}, err
	}
	all := m.w.feedRuns[partner]
	if i := slices.IndexFunc(all, func(r intake.Run) bool { return r.ID == q.Before }); i >= 0 {
		all = all[i+1:]
	}
	if len(all) > q.Limit {
		return slices.Clone(all[:q.Limit]), all[q.Limit-1].ID, nil
	}
	return slices.Clone(all), uid.ID{}, nil
}

func (m mailbox) Run(_ context.Context, e intake.Editor, partner string, id uid.ID) (*intake.Run, error) {
	m.w.mu.Lock()
	defer m.w.mu.Unlock()
	if _, err := m.find(e, partner); err != nil {
		return nil, err
	}
	for _, r := range m.w.feedRuns[partner] {
		if r.ID == id {
			return &r, nil
		}
	}
	return nil, notFound("run_not_found")
}

func (m mailbox) Approve(ctx context.Context, e intake.Editor, partner string, id uid.ID) (*intake.Run, error) {
	r, err := m.Discard(ctx, e, partner, id)
	if err != nil {
		return nil, err
	}
	m.w.mu.Lock()
	defer m.w.mu.Unlock()
	return m.note(partner, intake.Run{Trigger: intake.Approved, Actor: e.Subject, Outcome: intake.Applied, Stamp: r.Stamp, Removed: r.Removed, Of: id}), nil
}

func (m mailbox) Discard(ctx context.Context, e intake.Editor, partner string, id uid.ID) (*intake.Run, error) {
	if _, err := m.Run(ctx, e, partner, id); err != nil {
		return nil, err
	}
	m.w.mu.Lock()
	defer m.w.mu.Unlock()
	f, runs := m.w.feeds[partner], m.w.feedRuns[partner]
	if f.Held.Run != id {
		return nil, fault.New(fault.Conflict, "nothing_held", "Nothing waits.")
	}
	f.Held = intake.Kept{}
	i := slices.IndexFunc(runs, func(r intake.Run) bool { return r.ID == id })
	runs[i].Kept, runs[i].Outcome = false, intake.Discarded
	return &runs[i], nil
}
