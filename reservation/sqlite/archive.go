package sqlite

import (
	"context"
	"fmt"
	"math"
	"time"

	"zombiezen.com/go/sqlite"

	"holdfast/reservation"
	"holdfast/reservation/record"
	"holdfast/uid"
)

var (
	qOpenHeld                 = queries.Get("open_held")
	qOpenSold                 = queries.Get("open_sold")
	qOpenStep                 = queries.Get("open_step")
	qKeepSlots                = queries.Get("keep_slots")
	qDeleteSlots              = queries.Get("delete_slots")
	qHistoryLines             = queries.Get("history_lines")
	qInsertArchived           = queries.Get("insert_archived")
	qInsertArchivedBySupplier = queries.Get("insert_archived_by_supplier")
	qDeleteBySupplier         = queries.Get("delete_by_supplier")
	qDeleteHistory            = queries.Get("delete_history")
	qDeleteClaims             = queries.Get("delete_claims")
	qDeleteQuotes             = queries.Get("delete_quotes")
	qDeleteReservation        = queries.Get("delete_reservation")
	qArchivedLocator          = queries.Get("archived_locator")
	qArchived                 = queries.Get("archived")
	qArchivedByLocator        = queries.Get("archived_by_locator")
	qArchivedCreatedAt        = queries.Get("archived_created_at")
	qArchivedAllDown          = queries.Get("archived_all_down")
	qArchivedAllUp            = queries.Get("archived_all_up")
	qArchivedCallerDown       = queries.Get("archived_caller_down")
	qArchivedCallerUp         = queries.Get("archived_caller_up")
	qArchivedSupplierDown     = queries.Get("archived_supplier_down")
	qArchivedSupplierUp       = queries.Get("archived_supplier_up")
	qArchivable               = queries.Get("archivable")
	qArchivableUnpaid         = queries.Get("archivable_unpaid")
	qAuditArchived            = queries.Get("audit_archived")
	qAuditLine                = queries.Get("audit_line")
)

// loadArchive reads those of the reservations asked for that are in the archive, and of pools whose slots are to be
// archived whether anything that may still move claims them.
func loadArchive(conn *sqlite.Conn, need reservation.Need, rows *reservation.Rows) error {
	for _, id := range need.Reservations {
		if rows.Reservations[id] != nil {
			continue
		}
		a, err := readArchived(conn, id)
		if err != nil {
			return err
		}
		if a != nil {
			rows.Archived[id] = a.Reservation
		}
	}
	for _, span := range need.Archive {
		for _, query := range []string{qOpenHeld, qOpenSold, qOpenStep} {
			st, err := prepare(conn, query)
			if err != nil {
				return err
			}
			st.int(int64(span.Pool))
			st.int(int64(span.To))
			if err := st.one(func() { rows.Open[span.Pool] = true }); err != nil {
				return err
			}
		}
	}
	return nil
}

// readArchived reads one archived reservation; nil if there is none.
func readArchived(conn *sqlite.Conn, id uid.ID) (*record.Archived, error) {
	st, err := prepare(conn, qArchived)
	if err != nil {
		return nil, err
	}
	var text []byte
	st.id(id)
	if err := st.one(func() { text = st.getBytes() }); err != nil || text == nil {
		return nil, err
	}
	a, err := record.ReadArchive(text)
	if err == nil && a.ID != id {
		err = fmt.Errorf("document of %s in the archive is about %s: %w", id.Text("res"), a.ID.Text("res"), errGuard)
	}
	return a, err
}

func archivedReservations(conn *sqlite.Conn, ids []uid.ID) ([]*reservation.Reservation, error) {
	out := make([]*reservation.Reservation, 0, len(ids))
	for _, id := range ids {
		a, err := readArchived(conn, id)
		if err != nil {
			return nil, err
		}
		if a != nil {
			out = append(out, a.Reservation)
		}
	}
	return out, nil
}

func archivedLocator(conn *sqlite.Conn, locator string) (taken bool, err error) {
	st, err := prepare(conn, qArchivedLocator)
	if err != nil {
		return false, err
	}
	st.text(locator)
	return taken, st.one(func() { taken = true })
}

func archiveSlots(conn *sqlite.Conn, c *reservation.Changes) error {
	for _, span := range c.GoneSlots {
		for _, query := range []string{qKeepSlots, qDeleteSlots} {
			st, err := prepare(conn, query)
			if err != nil {
				return err
			}
			st.int(int64(span.Pool))
			st.int(int64(span.From))
			st.int(int64(span.To))
			if err := st.execRows(int(span.To-span.From), "archived slots"); err != nil {
				return err
			}
		}
	}
	return nil
}

// archiveReservations moves reservations with all that belongs to them. First they enter the archive, since history goes
// only where its reservation is; then what refers to them goes, then they.
func archiveReservations(conn *sqlite.Conn, c *reservation.Changes, now time.Time) error {
	for _, id := range c.GoneReservations {
		if err := archiveReservation(conn, id, now); err != nil {
			return fmt.Errorf("archive %s: %w", id.Text("res"), err)
		}
	}
	return nil
}

func archiveReservation(conn *sqlite.Conn, id uid.ID, now time.Time) error {
	l, err := readReservation(conn, id)
	if err != nil || l.Reservation == nil {
		return fmt.Errorf("read it: %w", firstOf(err, errGuard))
	}
	lines, err := historyLines(conn, id)
	if err != nil {
		return err
	}
	text, err := record.Archive(&l, lines)
	if err != nil {
		return err
	}
	st, err := prepare(conn, qInsertArchived)
	if err != nil {
		return err
	}
	st.id(id)
	if l.Name == "" {
		st.null()
	} else {
		st.text(l.Name)
	}
	st.text(l.Locator)
	st.text(l.Caller)
	st.int(int64(l.Status))
	st.time(l.CreatedAt)
	st.time(l.UpdatedAt)
	st.time(now)
	st.text(string(text))
	if err := st.exec(); err != nil {
		return err
	}
	var suppliers []uid.ID
	record.Suppliers(l.Reservation, func(supplier uid.ID) { suppliers = append(suppliers, supplier) })
	for _, supplier := range suppliers {
		for _, query := range []string{qInsertArchivedBySupplier, qDeleteBySupplier} {
			if st, err = prepare(conn, query); err != nil {
				return err
			}
			st.id(supplier)
			st.time(l.CreatedAt)
			st.id(id)
			if err := st.execRows(1, "list of a supplier"); err != nil {
				return err
			}
		}
	}
	claims := 0
	for _, lives := range l.Lives {
		claims += len(lives)
	}
	for _, gone := range []struct {
		query, what string
		rows        int
	}{{qDeleteHistory, "history", len(lines)}, {qDeleteClaims, "claims", claims}} {
		if st, err = prepare(conn, gone.query); err != nil {
			return err
		}
		st.id(id)
		if err := st.execRows(gone.rows, gone.what); err != nil {
			return err
		}
	}
	if st, err = prepare(conn, qDeleteQuotes); err != nil {
		return err
	}
	st.id(id)
	if err := st.exec(); err != nil {
		return err
	}
	if st, err = prepare(conn, qDeleteReservation); err != nil {
		return err
	}
	st.id(id)
	st.int(l.Stored)
	return st.execRows(1, "reservation")
}

// firstOf is err, or what stands for it.
func firstOf(err, other error) error {
	if err != nil {
		return err
	}
	return other
}

func historyLines(conn *sqlite.Conn, id uid.ID) ([]record.Line, error) {
	st, err := prepare(conn, qHistoryLines)
	if err != nil {
		return nil, err
	}
	var lines []record.Line
	st.id(id)
	err = st.all(func() {
		l := record.Line{Entry: reservation.Entry{
			Reservation: id, Version: st.getInt(), At: st.getTime(),
			Actor: reservation.Actor{Kind: reservation.ActorKind(st.getInt()), ID: st.getText()},
			Cause: reservation.Cause(st.getInt()), From: reservation.Status(st.getInt()), To: reservation.Status(st.getInt()),
			Payment: reservation.PaymentStatus(st.getInt()), Note: st.getText(),
		}}
		l.Stream, l.N = int32(st.getInt()), st.getInt()
		lines = append(lines, l)
	})
	return lines, err
}

// Archived reads archived reservations, in the order asked for.
func (s *Store) Archived(ctx context.Context, ids []uid.ID) ([]*reservation.Archived, error) {
	var out []*reservation.Archived
	err := s.read(ctx, "archived reservations", func(conn *sqlite.Conn) error {
		out = nil
		for _, id := range ids {
			a, err := readArchived(conn, id)
			if err != nil {
				return err
			}
			if a != nil {
				out = append(out, &reservation.Archived{Reservation: a.Reservation, History: a.Entries()})
			}
		}
		return nil
	})
	return out, err
}

// listing are the statements that a filter is answered with: where a cursor stands, and the list upwards (true) or down.
func listing(f reservation.Filter) (createdAt string, list map[bool]string) {
	switch {
	case f.Archived && f.Caller != "":
		return qArchivedCreatedAt, map[bool]string{true: qArchivedCallerUp, false: qArchivedCallerDown}
	case f.Archived && !f.Supplier.IsZero():
		return qArchivedCreatedAt, map[bool]string{true: qArchivedSupplierUp, false: qArchivedSupplierDown}
	case f.Archived:
		return qArchivedCreatedAt, map[bool]string{true: qArchivedAllUp, false: qArchivedAllDown}
	case f.Caller != "":
		return qCreatedAt, map[bool]string{true: qFindCallerUp, false: qFindCallerDown}
	case !f.Supplier.IsZero():
		return qCreatedAt, map[bool]string{true: qFindSupplierUp, false: qFindSupplierDown}
	}
	return qCreatedAt, map[bool]string{true: qFindAllUp, false: qFindAllDown}
}

// Archivable lists reservations that are over.
func (s *Store) Archivable(ctx context.Context, q reservation.ArchiveQuery) ([]reservation.ArchiveLine, error) {
	query := qArchivable
	if q.Unpaid {
		query = qArchivableUnpaid
	}
	var out []reservation.ArchiveLine
	err := s.read(ctx, "archivable", func(conn *sqlite.Conn) error {
		out = nil
		st, err := prepare(conn, query)
		if err != nil {
			return err
		}
		st.time(q.Before)
		if q.After.UpdatedAt.IsZero() {
			st.int(math.MinInt64)
		} else {
			st.time(q.After.UpdatedAt)
		}
		st.blob(q.After.ID[:])
		st.int(int64(q.Limit))
		return st.all(func() {
			out = append(out, reservation.ArchiveLine{UpdatedAt: st.getTime(), ID: st.getID(), Keyed: st.getBool()})
		})
	})
	return out, err
}

// auditArchived notes what is wrong with an archived reservation and gives it, if it can be read and is one.
func auditArchived(conn *sqlite.Conn, id uid.ID, a *reservation.RecordAudit) (*record.Archived, error) {
	st, err := prepare(conn, qAuditArchived)
	if err != nil {
		return nil, err
	}
	var found *record.Archived
	st.id(id)
	err = st.one(func() {
		locator, caller, name, status := st.getText(), st.getText(), st.getText(), reservation.Status(st.getInt())
		of, broken := record.ReadArchive(st.getBytes())
		audit := reservation.ArchiveAudit{Left: st.getInt()}
		switch {
		case broken != nil:
			audit.Broken = broken.Error()
		case of.ID != id || of.Locator != locator || of.Caller != caller || of.Name != name || of.Status != status:
			audit.Broken = "it is about another reservation than its row"
		default:
			found = of
		}
		a.Archived[id] = audit
	})
	return found, err
}

// auditLines fills in the history of an archived reservation and which events it names.
func auditLines(conn *sqlite.Conn, of *record.Archived, a *reservation.RecordAudit) error {
	st, err := prepare(conn, qAuditLine)
	if err != nil {
		return err
	}
	for i := range of.History {
		l := &of.History[i]
		named := reservation.EventAudit{Stream: l.Stream, N: l.N}
		st.int(int64(l.Stream))
		st.int(l.N)
		st.id(of.ID)
		if err := st.one(func() { named.Version = st.getInt() }); err != nil {
			return err
		}
		a.History[of.ID] = append(a.History[of.ID], l.Entry)
		a.Events[of.ID] = append(a.Events[of.ID], named)
	}
	return nil
}
