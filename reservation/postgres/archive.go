package postgres

import (
	"context"
	"fmt"
	"slices"
	"time"

	"holdfast/reservation"
	"holdfast/reservation/record"
	"holdfast/stock"
	"holdfast/uid"
)

var (
	qOpenPools            = named("open_pools")
	qArchiveSlots         = named("archive_slots")
	qHistoryLines         = named("history_lines")
	qInsertArchived       = named("insert_archived")
	qMoveBySupplier       = named("move_by_supplier")
	qDeleteHistory        = named("delete_history")
	qDeleteClaims         = named("delete_claims")
	qDeleteQuotes         = named("delete_quotes")
	qDeleteReservations   = named("delete_reservations")
	qFreshLocators        = named("fresh_locators")
	qArchived             = named("archived")
	qArchivedByLocator    = named("archived_by_locator")
	qArchivedCreatedAt    = named("archived_created_at")
	qArchivedAllDown      = named("archived_all_down")
	qArchivedAllUp        = named("archived_all_up")
	qArchivedCallerDown   = named("archived_caller_down")
	qArchivedCallerUp     = named("archived_caller_up")
	qArchivedSupplierDown = named("archived_supplier_down")
	qArchivedSupplierUp   = named("archived_supplier_up")
	qArchivable           = named("archivable")
	qArchivableUnpaid     = named("archivable_unpaid")
	qAuditArchived        = named("audit_archived")
	qAuditLines           = named("audit_lines")
)

// readArchived looks for those reservations in the archive that are not among the live ones. It comes after these were
// locked: what was moved in between is found.
func (t *transaction) readArchived(ctx context.Context, p *pipe) {
	var missing []uid.ID
	for _, id := range t.need.Reservations {
		if t.rows.Reservations[id] == nil {
			missing = append(missing, id)
		}
	}
	if len(missing) > 0 {
		addArchived(ctx, p, p.args().ids(len(missing), at(missing)), func(a *record.Archived) { t.rows.Archived[a.ID] = a.Reservation })
	}
}

func addArchived(ctx context.Context, p *pipe, ids *args, each func(*record.Archived)) {
	p.get(ctx, qArchived, ids, func(r *row) error {
		id := r.id()
		a, err := record.ReadArchive(r.raw())
		if err == nil && a.ID != id {
			err = fmt.Errorf("document of %s in the archive is about %s: %w", id.Text("res"), a.ID.Text("res"), errGuard)
		}
		if err == nil {
			each(a)
		}
		return err
	})
}

// readOpen tells which pools are claimed by what may still move. It comes after their slots were locked.
func (t *transaction) readOpen(ctx context.Context, p *pipe) {
	spans := t.need.Archive
	if n := len(spans); n > 0 {
		a := p.args().int8s(n, func(i int) int64 { return int64(spans[i].Pool) }).int4s(n, func(i int) int32 { return int32(spans[i].To) })
		p.get(ctx, qOpenPools, a, func(r *row) error { t.rows.Open[stock.PoolID(r.int())] = true; return nil })
	}
}

// historyOf reads what is to be archived with reservations, which are locked.
func (t *transaction) historyOf(ctx context.Context, ids []uid.ID) (map[uid.ID][]record.Line, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	lines := make(map[uid.ID][]record.Line, len(ids))
	p := t.link.pipe()
	p.get(ctx, qHistoryLines, p.args().ids(len(ids), at(ids)), func(r *row) error {
		l := record.Line{Entry: scanEntry(r)}
		l.Stream, l.N = int32(r.int()), r.int()
		lines[l.Reservation] = append(lines[l.Reservation], l)
		return nil
	})
	return lines, p.run(ctx)
}

func archiveSlots(ctx context.Context, p *pipe, c *reservation.Changes) error {
	spans := c.GoneSlots
	n, rows := len(spans), int64(0)
	if n == 0 {
		return nil
	}
	for _, s := range spans {
		rows += int64(s.To) - int64(s.From)
	}
	p.do(ctx, qArchiveSlots, p.args().int8s(n, func(i int) int64 { return int64(spans[i].Pool) }).
		int4s(n, func(i int) int32 { return int32(spans[i].From) }).
		int4s(n, func(i int) int32 { return int32(spans[i].To) }).int8(rows))
	return nil
}

// archiveReservations moves reservations with all that belongs to them. First they enter the archive, since history goes
// only where its reservation is; then what refers to them goes, then they.
func (t *transaction) archiveReservations(lines map[uid.ID][]record.Line) func(context.Context, *pipe, *reservation.Changes) error {
	return func(ctx context.Context, p *pipe, c *reservation.Changes) error {
		n := len(c.GoneReservations)
		if n == 0 {
			return nil
		}
		gone, documents := make([]*record.Loaded, n), make([][]byte, n)
		var lists []listed
		var entries, claims int64
		for i, id := range c.GoneReservations {
			at := slices.IndexFunc(t.loaded, func(l record.Loaded) bool { return l.ID == id })
			if at < 0 || t.loaded[at].Version != t.loaded[at].Stored {
				return fmt.Errorf("archive %s, which was not loaded or has changed: %w", id.Text("res"), errGuard)
			}
			l := &t.loaded[at]
			var err error
			if documents[i], err = record.Archive(l, lines[id]); err != nil {
				return err
			}
			gone[i] = l
			record.Suppliers(l.Reservation, func(supplier uid.ID) { lists = append(lists, listed{supplier, l.Reservation}) })
			entries += int64(len(lines[id]))
			for _, lives := range l.Lives {
				claims += int64(len(lives))
			}
		}
		ids := func() *args { return p.args().ids(n, at(c.GoneReservations)) }
		p.do(ctx, qInsertArchived, ids().
			times(n, func(i int) time.Time { return gone[i].CreatedAt }).
			time(t.rows.Now).
			times(n, func(i int) time.Time { return gone[i].UpdatedAt }).
			int2s(n, func(i int) int16 { return int16(gone[i].Status) }).
			texts(n, func(i int) string { return gone[i].Locator }).
			optionalTexts(n, func(i int) string { return gone[i].Name }).
			texts(n, func(i int) string { return gone[i].Caller }).
			documents(n, func(buf []byte, i int) []byte { return append(buf, documents[i]...) }))
		if m := len(lists); m > 0 {
			p.do(ctx, qMoveBySupplier, p.args().ids(m, func(i int) uid.ID { return lists[i].supplier }).
				times(m, func(i int) time.Time { return lists[i].r.CreatedAt }).
				ids(m, func(i int) uid.ID { return lists[i].r.ID }))
		}
		p.do(ctx, qDeleteHistory, ids().int8(entries))
		p.do(ctx, qDeleteClaims, ids().int8(claims))
		p.do(ctx, qDeleteQuotes, ids())
		p.do(ctx, qDeleteReservations, ids().int8s(n, func(i int) int64 { return gone[i].Stored }))
		return nil
	}
}

// Archived reads archived reservations, in the order asked for.
func (s *Store) Archived(ctx context.Context, ids []uid.ID) ([]*reservation.Archived, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	found := make(map[uid.ID]*record.Archived, len(ids))
	if err := s.once(ctx, func(p *pipe) {
		addArchived(ctx, p, p.args().ids(len(ids), at(ids)), func(a *record.Archived) { found[a.ID] = a })
	}); err != nil {
		return nil, door(err, "archived reservations")
	}
	var out []*reservation.Archived
	for _, id := range ids {
		if a := found[id]; a != nil {
			out = append(out, &reservation.Archived{Reservation: a.Reservation, History: a.Entries()})
		}
	}
	return out, nil
}

func (s *Store) archivedReservations(ctx context.Context, ids []uid.ID) ([]*reservation.Reservation, error) {
	found, err := s.Archived(ctx, ids)
	out := make([]*reservation.Reservation, 0, len(found))
	for _, a := range found {
		out = append(out, a.Reservation)
	}
	return out, err
}

// listing are the statements that a filter is answered with: where a cursor stands, and the list upwards (true) or down.
func listing(f reservation.Filter) (createdAt query, list map[bool]query) {
	switch {
	case f.Archived && f.Caller != "":
		return qArchivedCreatedAt, map[bool]query{true: qArchivedCallerUp, false: qArchivedCallerDown}
	case f.Archived && !f.Supplier.IsZero():
		return qArchivedCreatedAt, map[bool]query{true: qArchivedSupplierUp, false: qArchivedSupplierDown}
	case f.Archived:
		return qArchivedCreatedAt, map[bool]query{true: qArchivedAllUp, false: qArchivedAllDown}
	case f.Caller != "":
		return qCreatedAt, map[bool]query{true: qFindCallerUp, false: qFindCallerDown}
	case !f.Supplier.IsZero():
		return qCreatedAt, map[bool]query{true: qFindSupplierUp, false: qFindSupplierDown}
	}
	return qCreatedAt, map[bool]query{true: qFindAllUp, false: qFindAllDown}
}

// Archivable lists reservations that are over.
func (s *Store) Archivable(ctx context.Context, q reservation.ArchiveQuery) ([]reservation.ArchiveLine, error) {
	query := qArchivable
	if q.Unpaid {
		query = qArchivableUnpaid
	}
	var out []reservation.ArchiveLine
	err := s.query(ctx, "archivable", query, func(a *args) *args {
		a.time(q.Before)
		if q.After.UpdatedAt.IsZero() {
			a.int8(beforeAll)
		} else {
			a.time(q.After.UpdatedAt)
		}
		return a.id(q.After.ID).int8(int64(q.Limit))
	}, func(r *row) error {
		out = append(out, reservation.ArchiveLine{UpdatedAt: r.time(), ID: r.id(), Keyed: r.bool()})
		return nil
	})
	return out, err
}

// gone is what the audit reads of archived reservations.
type gone struct {
	loaded map[uid.ID]*record.Loaded
	lines  []record.Line
}

func newGone() *gone { return &gone{loaded: map[uid.ID]*record.Loaded{}} }

// read adds the statement that reads those of a range.
func (g *gone) read(ctx context.Context, p *pipe, ids *args, a *reservation.RecordAudit) {
	p.get(ctx, qAuditArchived, ids, func(r *row) error {
		id, locator, caller, name, status := r.id(), r.text(), r.text(), r.text(), reservation.Status(r.int())
		found, broken := record.ReadArchive(r.raw())
		audit := reservation.ArchiveAudit{Left: r.int()}
		switch {
		case broken != nil:
			audit.Broken = broken.Error()
		case found.ID != id || found.Locator != locator || found.Caller != caller || found.Name != name || found.Status != status:
			audit.Broken = "it is about another reservation than its row"
		default:
			g.loaded[id] = &found.Loaded
			g.lines = append(g.lines, found.History...)
		}
		a.Archived[id] = audit
		return nil
	})
}

// auditLines fills in the history of archived reservations and which events it names. Events are only ever added to, so
// they may be read after the snapshot.
func (s *Store) auditLines(ctx context.Context, g *gone, live map[uid.ID]*record.Loaded, a *reservation.RecordAudit) error {
	lines := slices.DeleteFunc(g.lines, func(l record.Line) bool { return live[l.Reservation] != nil }) // one that is in both places is told as such
	for i := range lines {
		id := lines[i].Reservation
		a.History[id] = append(a.History[id], lines[i].Entry)
	}
	n := len(lines)
	if n == 0 {
		return nil
	}
	return s.query(ctx, "audit archive", qAuditLines, func(p *args) *args {
		return p.ids(n, func(i int) uid.ID { return lines[i].Reservation }).
			int4s(n, func(i int) int32 { return lines[i].Stream }).int8s(n, func(i int) int64 { return lines[i].N })
	}, func(r *row) error {
		id := r.id()
		a.Events[id] = append(a.Events[id], reservation.EventAudit{Stream: int32(r.int()), N: r.int(), Version: r.int()})
		return nil
	})
}
