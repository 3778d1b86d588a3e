package sqlite

import (
	"errors"
	"fmt"
	"slices"

	"zombiezen.com/go/sqlite"

	"holdfast/fault"
	"holdfast/internal/sqlitedb"
	"holdfast/reservation"
	"holdfast/reservation/record"
	"holdfast/uid"
)

// write stores what a batch decided, and the row with its id.
func write(conn *sqlite.Conn, b reservation.Batch, need reservation.Need, rows *reservation.Rows, loaded []record.Loaded, c *reservation.Changes) error {
	if c == nil {
		c = &reservation.Changes{}
	}
	for _, step := range []func() error{
		func() error { return writeKeys(conn, need, c) },
		func() error { return insertReservations(conn, c) },
		func() error { return setReservations(conn, loaded, c) },
		func() error { return insertQuotes(conn, need, c) },
		func() error { return writePools(conn, c) },
		func() error { return writeSlots(conn, c) },
		func() error { return writeBlocks(conn, c) },
		func() error { return putCounts(conn, c) },
		func() error { return insertRevocations(conn, c) },
		func() error { return archiveSlots(conn, c) },
		func() error { return archiveReservations(conn, c, rows.Now) },
		func() error { return insertEvents(conn, b.Stream, c) },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	st, err := prepare(conn, qInsertBatch)
	if err != nil {
		return err
	}
	st.id(b.ID)
	st.time(rows.Now)
	return st.exec()
}

func writeKeys(conn *sqlite.Conn, need reservation.Need, c *reservation.Changes) error {
	st, err := prepare(conn, qInsertKey)
	if err != nil {
		return err
	}
	for _, id := range c.KeptKeys {
		i, found := slices.BinarySearchFunc(need.Keys, id, func(k *reservation.KeyRow, id uid.ID) int { return slices.Compare(k.ID[:], id[:]) })
		if !found {
			return fmt.Errorf("keep key %s, which was not asked for: %w", id.Text("key"), errGuard)
		}
		k := need.Keys[i]
		st.id(k.ID)
		st.id(k.Request)
		if err := bindOutcome(&st, k); err != nil {
			return err
		}
		st.time(k.CreatedAt)
		if err := st.exec(); err != nil {
			return fmt.Errorf("key: %w", err)
		}
	}
	if st, err = prepare(conn, qSetKey); err != nil {
		return err
	}
	for _, k := range c.SetKeys {
		st.id(k.ID)
		if err := bindOutcome(&st, k); err != nil {
			return err
		}
		if err := st.execRows(1, "key"); err != nil {
			return err
		}
	}
	return nil
}

func bindOutcome(st *statement, k *reservation.KeyRow) error {
	facts, err := record.Facts(&k.Facts)
	if err != nil {
		return err
	}
	st.id(k.Reservation)
	st.int(int64(k.State))
	st.int(int64(k.Answer))
	if facts == nil {
		st.null()
	} else {
		st.text(string(facts))
	}
	return nil
}

func insertReservations(conn *sqlite.Conn, c *reservation.Changes) error {
	if len(c.NewReservations) == 0 {
		return nil
	}
	row, err := prepare(conn, qInsertReservation)
	if err != nil {
		return err
	}
	list, err := prepare(conn, qInsertBySupplier)
	if err != nil {
		return err
	}
	claims, err := prepare(conn, qInsertClaim)
	if err != nil {
		return err
	}
	var text []byte // reused
	for _, r := range c.NewReservations {
		if text, err = insertReservation(conn, &row, r, text); err != nil {
			return err
		}
		record.Suppliers(r, func(supplier uid.ID) {
			list.id(supplier)
			list.time(r.CreatedAt)
			list.id(r.ID)
			err = errors.Join(err, list.exec())
		})
		if err != nil {
			return fmt.Errorf("list of a supplier: %w", err)
		}
		for i := range r.Items {
			if err := insertClaims(&claims, r, i, reservation.ClaimHeld); err != nil {
				return err
			}
		}
	}
	return insertEnded(conn, c.NewReservations)
}

// insertClaims inserts the claims of one item.
func insertClaims(st *statement, r *reservation.Reservation, item int, life reservation.ClaimLife) error {
	for ord, claim := range r.Items[item].Claims {
		st.id(r.ID)
		st.int(int64(item))
		st.int(int64(ord))
		st.int(int64(claim.Pool))
		st.int(int64(claim.From))
		st.int(int64(claim.To))
		st.int(int64(claim.Count))
		st.int(int64(life))
		if life == reservation.ClaimHeld {
			st.time(r.HoldExpiresAt)
		} else {
			st.null()
		}
		if claim.Unit == 0 {
			st.null()
		} else {
			st.int(int64(claim.Unit))
		}
		if err := st.exec(); err != nil {
			return fmt.Errorf("claim: %w", err)
		}
	}
	return nil
}

// insertEnded lists reservations that are over for pruning.
func insertEnded(conn *sqlite.Conn, rs []*reservation.Reservation) error {
	st, err := prepare(conn, qInsertEnded)
	if err != nil {
		return err
	}
	for _, r := range rs {
		if !record.Over(r) {
			continue
		}
		st.time(r.CreatedAt)
		st.id(r.ID)
		if err := st.exec(); err != nil {
			return fmt.Errorf("ended: %w", err)
		}
	}
	return nil
}

// insertReservation inserts a reservation's own row. text is a buffer to write the document in; it is given back.
func insertReservation(conn *sqlite.Conn, st *statement, r *reservation.Reservation, text []byte) ([]byte, error) {
	if taken, err := archivedLocator(conn, r.Locator); err != nil || taken {
		return text, errors.Join(err, errLocator)
	}
	st.id(r.ID)
	if r.Name == "" {
		st.null()
	} else {
		st.text(r.Name)
	}
	st.text(r.Locator)
	st.text(r.Caller)
	st.int(int64(r.Status))
	st.int(int64(r.Payment))
	st.text(string(r.Currency))
	st.time(r.CreatedAt)
	st.time(r.UpdatedAt)
	st.time(r.HoldExpiresAt)
	st.time(r.PlacedUntil)
	bindChanging(st, r)
	text = record.AppendDocument(text[:0], r)
	st.text(string(text))
	err := st.exec()
	if errors.Is(err, sqlitedb.ErrUnique) {
		return text, clash(conn, r, err)
	}
	if err != nil {
		return text, fmt.Errorf("reservation: %w", err)
	}
	return text, nil
}

// bindChanging binds extensions and what follows it, which both the insert and the update name in this order.
func bindChanging(st *statement, r *reservation.Reservation) {
	st.int(int64(r.Extensions))
	st.bool(r.GraceUsed)
	st.id(r.Attempt)
	st.text(r.Method)
	st.id(r.PayKey)
	st.int(r.Paid)
	st.int(r.Refunded)
	st.int(r.Owed)
	st.id(r.RefundID)
	st.int(int64(r.Step))
	st.time(r.StepDue)
	st.int(int64(r.StepTries))
	st.time(r.EndsAt())
	st.int(r.Version)
	var statuses [16]byte
	st.text(string(record.AppendStatuses(statuses[:0], r)))
	if amended := record.AppendAmended(nil, r); amended == nil {
		st.null()
	} else {
		st.text(string(amended))
	}
}

// clash says which unique column a new reservation met: a locator is drawn again, an id or name is there to stay.
func clash(conn *sqlite.Conn, r *reservation.Reservation, cause error) error {
	st, err := prepare(conn, qHasLocator)
	if err != nil {
		return err
	}
	taken := false
	st.text(r.Locator)
	if err := st.one(func() { taken = true }); err != nil {
		return err
	}
	if taken {
		return errLocator
	}
	return fault.New(fault.Conflict, "reservation_exists", "A reservation with this id exists already.").Because(cause)
}

func setReservations(conn *sqlite.Conn, loaded []record.Loaded, c *reservation.Changes) error {
	if len(c.SetReservations) == 0 && len(c.ClaimStates) == 0 && len(c.SetClaims) == 0 {
		return nil
	}
	row, err := prepare(conn, qSetReservation)
	if err != nil {
		return err
	}
	for _, r := range c.SetReservations {
		row.id(r.ID)
		row.int(int64(r.Status))
		row.int(int64(r.Payment))
		row.time(r.UpdatedAt)
		row.time(r.HoldExpiresAt)
		bindChanging(&row, r)
		row.int(r.Stored)
		if err := row.execRows(1, "reservation"); err != nil {
			return err
		}
	}
	if err := insertEnded(conn, c.SetReservations); err != nil {
		return err
	}
	if err := replaceClaims(conn, loaded, c); err != nil {
		return err
	}
	claims, err := prepare(conn, qSetClaims)
	if err != nil {
		return err
	}
	for _, state := range c.ClaimStates {
		want, err := record.Claims(c, state)
		if err != nil {
			return err
		}
		claims.id(state.Reservation)
		claims.int(int64(state.Item))
		claims.int(int64(state.Life))
		if err := claims.execRows(want, "claims"); err != nil {
			return err
		}
	}
	until, err := prepare(conn, qSetHeldUntil)
	if err != nil {
		return err
	}
	for _, r := range c.SetReservations {
		if r.Status != reservation.Held && r.Status != reservation.Confirming {
			continue
		}
		until.id(r.ID)
		until.time(r.HoldExpiresAt)
		if err := until.exec(); err != nil {
			return fmt.Errorf("end of a hold: %w", err)
		}
	}
	return nil
}

func insertQuotes(conn *sqlite.Conn, need reservation.Need, c *reservation.Changes) error {
	st, err := prepare(conn, qInsertQuote)
	if err != nil {
		return err
	}
	for _, q := range c.NewQuotes {
		items := make([]byte, 0, len(q.Items)*len(uid.ID{}))
		for _, id := range q.Items {
			items = append(items, id[:]...)
		}
		st.id(q.ID)
		st.id(q.Reservation)
		st.int(q.Version)
		st.blob(items)
		st.int(q.Refund)
		st.int(q.Fee)
		st.time(q.ExpiresAt)
		st.bool(record.Keyed(q, need.Keys, c.KeptKeys))
		if err := st.exec(); err != nil {
			return fmt.Errorf("quote: %w", err)
		}
	}
	return nil
}

func insertRevocations(conn *sqlite.Conn, c *reservation.Changes) error {
	st, err := prepare(conn, qInsertRevocation)
	if err != nil {
		return err
	}
	for i := range c.NewRevocations {
		r := &c.NewRevocations[i]
		st.id(r.Supplier)
		st.id(r.RatePlan)
		st.time(r.Before)
		st.int(int64(r.Actor.Kind))
		st.text(r.Actor.ID)
		st.time(r.At)
		if err := st.exec(); err != nil {
			return fmt.Errorf("revocation: %w", err)
		}
	}
	return nil
}

// insertEvents numbers the events and notes with each history entry which one is its own.
func insertEvents(conn *sqlite.Conn, name string, c *reservation.Changes) error {
	offsets, err := record.Numbers(c)
	if err != nil || len(c.Events) == 0 {
		return err
	}
	stream, first, err := advance(conn, name, len(c.Events))
	if err != nil {
		return err
	}
	events, err := prepare(conn, qInsertEvent)
	if err != nil {
		return err
	}
	for i := range c.Events {
		e := &c.Events[i]
		events.int(stream)
		events.int(first + int64(i))
		events.text(e.Type)
		events.id(e.Subject)
		events.int(e.Version)
		events.time(e.At)
		events.text(string(e.Data))
		if err := events.exec(); err != nil {
			return fmt.Errorf("event: %w", err)
		}
	}
	history, err := prepare(conn, qInsertHistory)
	if err != nil {
		return err
	}
	for i := range c.NewHistory {
		h := &c.NewHistory[i]
		history.id(h.Reservation)
		history.int(h.Version)
		history.time(h.At)
		history.int(int64(h.Actor.Kind))
		history.text(h.Actor.ID)
		history.int(int64(h.Cause))
		history.int(int64(h.From))
		history.int(int64(h.To))
		history.int(int64(h.Payment))
		history.text(h.Note)
		history.int(stream)
		history.int(first + offsets[i])
		if err := history.exec(); err != nil {
			return fmt.Errorf("history: %w", err)
		}
	}
	return nil
}

// advance takes n numbers of the named stream, which starts with its first batch; first is the lowest of them.
func advance(conn *sqlite.Conn, name string, n int) (stream, first int64, err error) {
	st, err := prepare(conn, qAdvanceStream)
	if err != nil {
		return 0, 0, err
	}
	take := func() error {
		st.text(name)
		st.int(int64(n))
		return st.one(func() { stream, first = st.getInt(), st.getInt() })
	}
	if err := take(); err != nil || first > 0 {
		return stream, first, err
	}
	fresh, err := prepare(conn, qInsertStream)
	if err != nil {
		return 0, 0, err
	}
	fresh.text(name)
	if err := fresh.exec(); err != nil {
		return 0, 0, fmt.Errorf("stream: %w", err)
	}
	err = take()
	return stream, first, err
}
