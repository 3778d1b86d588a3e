package reservation

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"holdfast/stock"
	"holdfast/uid"
)

// The archive. Past slots and reservations that are over move to tables of their own, so that what every placing locks,
// every index and every snapshot stays as small as what is on sale. Moving is a bulk command like any other: it locks the
// rows, checks under the locks that nothing may change them any more, and commits their leaving one table and entering the
// other at once.
//
// Of slots the desk knows no dates: whoever owns the pools says which are past (ArchiveSlots). A slot stays while anything
// that may still move claims it. A reservation stays while it may change, has keys, or counts on a slot that is not
// archived: sums over what is left are the same before and after.

const (
	archiveFirst = time.Minute // after the start
	archiveEvery = time.Hour
	archiveBatch = 256
	archiveRows  = 16  // what moving one reservation weighs in a batch: it writes a dozen rows
	archivePools = 512 // read at a time
	archiveSlots = 512 // in one command: a batch beside live commands takes a few milliseconds longer
)

// archive moves reservations that have been over for long, behind live commands, until ctx ends.
func (c *Core) archive(ctx context.Context) {
	tick := time.NewTimer(archiveFirst)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		for _, unpaid := range []bool{true, false} {
			if err := c.archiveOver(ctx, unpaid); err != nil && ctx.Err() == nil {
				c.log.Warn("archiving", "error", err)
			}
		}
		tick.Reset(archiveEvery)
	}
}

// archiveOver goes once through all that may be archived.
func (c *Core) archiveOver(ctx context.Context, unpaid bool) error {
	age := c.settings.archiveAge(unpaid)
	if age == 0 {
		return nil
	}
	q := ArchiveQuery{Unpaid: unpaid, Before: c.clock.Now().Add(-age), Limit: archiveBatch}
	for {
		begin := time.Now()
		lines, err := c.store.Archivable(ctx, q)
		if err != nil {
			return err
		}
		gone := make([]bool, len(lines))
		var answers errgroup.Group
		for i, line := range lines {
			if !line.Keyed {
				answers.Go(func() error { return c.desk.doBulk(ctx, c.archiveCommand(line.ID, &gone[i])) })
			}
		}
		err = answers.Wait()
		for _, went := range gone {
			if went {
				c.meter.archivedReservations.Inc()
			}
		}
		if err != nil || len(lines) < q.Limit {
			return err
		}
		q.After = lines[len(lines)-1]
		if err := restFor(ctx, time.Since(begin)); err != nil {
			return err
		}
	}
}

// restFor waits, so that archiving takes its turns only part of the time.
func restFor(ctx context.Context, d time.Duration) error {
	pause := time.NewTimer(d)
	defer pause.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-pause.C:
		return nil
	}
}

// archiveAge is how long what is over stays; 0: for ever. Keys must have gone before.
func (s *Settings) archiveAge(unpaid bool) time.Duration {
	age := s.ArchiveAfter
	if unpaid {
		age = s.ArchiveUnpaidAfter
	}
	if age == 0 {
		return 0
	}
	return max(age, s.KeyLife)
}

// archiveCommand moves one reservation, if it may go.
func (c *Core) archiveCommand(id uid.ID, gone *bool) *command {
	return &command{
		name: "archive", lane: laneHint(id), rows: archiveRows,
		need: func(n *needs) { n.reservation(id) },
		rule: func(w *work) error {
			*gone = false
			r := w.Reservations[id]
			if r == nil || !w.archivable(r) {
				return nil
			}
			w.gone = append(w.gone, id)
			delete(w.Reservations, id)
			w.Archived[id] = r // for the commands behind this one
			*gone = true
			return nil
		},
	}
}

// archivable reports whether nothing can happen to a reservation any more, for long enough, and none of its claims counts
// on a slot that is still there.
func (w *work) archivable(r *Reservation) bool {
	unpaid := r.Paid == 0
	switch r.Status {
	case Expired, Rejected, Cancelled:
	case Completed:
		unpaid = false
	case Held, Confirming, Confirmed:
		return false
	}
	age := w.settings.archiveAge(unpaid)
	if r.Step != NoStep || age == 0 || r.Stored == 0 || w.dirty[r.ID] != nil || w.Now.Before(r.UpdatedAt.Add(age)) {
		return false
	}
	for i := range r.Items {
		if s := r.Items[i].Status; s != Confirmed && s != Completed {
			continue // counts nowhere
		}
		for _, claim := range r.Items[i].Piece.Claims {
			for slot := claim.From; slot < claim.To; slot++ {
				if w.Slots[stock.Key{Pool: claim.Pool, Slot: slot}] != nil {
					return false
				}
			}
		}
	}
	return true
}

// ArchiveSlots implements Service. It goes in chunks behind live commands: when it fails, whole chunks have gone, and the
// next call goes on.
func (c *Core) ArchiveSlots(ctx context.Context, spans []Span) (archived int, err error) {
	spans = slices.Clone(spans)
	slices.SortFunc(spans, func(a, b Span) int { return cmp.Compare(a.Pool, b.Pool) })
	for i := 0; i < len(spans); {
		pools, err := c.store.Pools(ctx, spans[i].Pool-1, archivePools)
		if err != nil || len(pools) == 0 {
			return archived, err
		}
		var page []*pastSlots
		for at := 0; i < len(spans) && spans[i].Pool <= pools[len(pools)-1].ID; i++ {
			for pools[at].ID < spans[i].Pool {
				at++
			}
			p := &pools[at]
			if to := min(spans[i].To, p.To); p.ID == spans[i].Pool && p.From < to {
				page = append(page, &pastSlots{pool: p.ID, from: p.From, to: to})
			}
		}
		n, err := c.archivePage(ctx, page)
		archived += n
		if err != nil {
			return archived, err
		}
	}
	return archived, nil
}

// pastSlots are slots of one pool that may go; from moves on as they do.
type pastSlots struct {
	pool     stock.PoolID
	from, to stock.Slot
	moved    int // by the last command
}

// rows is how many of them one command takes.
func (p *pastSlots) rows() int { return min(int(p.to-p.from), archiveSlots) }

// archivePage moves the slots of some pools, round by round until none of them moves any more.
func (c *Core) archivePage(ctx context.Context, page []*pastSlots) (archived int, err error) {
	for len(page) > 0 {
		var more []*pastSlots
		for from := 0; from < len(page); {
			to, rows := from, 0
			for to < len(page) && (to == from || rows+page[to].rows() <= archiveSlots) {
				rows += page[to].rows()
				to++
			}
			chunk := page[from:to]
			from = to
			begin := time.Now()
			if err := c.desk.doBulk(ctx, archiveSlotsCommand(chunk, rows)); err != nil {
				return archived, err
			}
			for _, p := range chunk {
				archived += p.moved
				c.meter.archivedSlots.Add(float64(p.moved))
				if p.from += stock.Slot(p.moved); p.moved > 0 && p.from < p.to {
					more = append(more, p)
				}
			}
			if err := restFor(ctx, time.Since(begin)); err != nil {
				return archived, err
			}
		}
		page = more
	}
	return archived, nil
}

func archiveSlotsCommand(chunk []*pastSlots, rows int) *command {
	return &command{
		name: "archive_slots", lane: chunk[0].pool, rows: rows,
		need: func(n *needs) {
			for _, p := range chunk {
				n.archive(p.pool, p.from+stock.Slot(p.rows()))
			}
		},
		rule: func(w *work) error {
			for _, p := range chunk {
				moved, err := w.archiveSlots(p.pool, p.from+stock.Slot(p.rows()))
				if err != nil {
					return err
				}
				p.moved = moved
			}
			return nil
		},
	}
}

// archiveSlots moves the slots of a pool before to, all or none.
func (w *work) archiveSlots(pool stock.PoolID, to stock.Slot) (moved int, err error) {
	p := w.Pools[pool]
	if p == nil || w.Open[pool] {
		return 0, nil
	}
	to = min(to, p.To)
	for s := p.From; s < to; s++ {
		key := stock.Key{Pool: pool, Slot: s}
		row := w.Slots[key]
		if row == nil {
			return 0, fmt.Errorf("pool %d slot %d is gone: %w", pool, s, stock.ErrBroken)
		}
		if row.Held > 0 || w.slots[key] != nil || w.made[key] { // claimed, or changed by a command of this batch
			return 0, nil
		}
	}
	if p.From >= to {
		return 0, nil
	}
	gone := Span{Pool: pool, From: p.From, To: to}
	for s := gone.From; s < gone.To; s++ {
		delete(w.Slots, stock.Key{Pool: pool, Slot: s}) // commands behind this one find them gone
	}
	w.goneSlots = append(w.goneSlots, gone)
	p.From = to
	w.setPool(p)
	return int(gone.To - gone.From), nil
}

// stored reads reservations wherever they are, live ones first.
func (c *Core) stored(ctx context.Context, ids []uid.ID) ([]*Reservation, error) {
	found, err := c.store.Reservations(ctx, ids)
	if err != nil || len(found) == len(ids) {
		return found, err
	}
	missing := slices.DeleteFunc(slices.Clone(ids), func(id uid.ID) bool {
		return slices.ContainsFunc(found, func(r *Reservation) bool { return r.ID == id })
	})
	archived, err := c.store.Archived(ctx, missing) // later than the live ones: what moved in between is found here
	for _, a := range archived {
		found = append(found, a.Reservation)
	}
	return found, err
}

// entries reads the history of a reservation wherever it is.
func (c *Core) entries(ctx context.Context, id uid.ID) ([]Entry, error) {
	entries, err := c.store.History(ctx, id)
	if err != nil || len(entries) > 0 {
		return entries, err
	}
	archived, err := c.store.Archived(ctx, []uid.ID{id})
	if err != nil || len(archived) == 0 {
		return nil, err
	}
	return archived[0].History, nil
}
