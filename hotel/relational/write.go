package relational

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"holdfast/hotel"
	"holdfast/internal/sqldb"
	"holdfast/uid"
)

// Write implements hotel.Store. The row of the counter is locked first, so writes take place one after the other and
// become visible in the order of their numbers: who has seen a number will see no lower one any more.
func (s *Store) Write(ctx context.Context, w hotel.Write) (change int64, err error) {
	err = s.db.Write(ctx, "write hotels", func(tx sqldb.Tx) error {
		change, err = nextChange(tx)
		if err != nil {
			return err
		}
		for i := range w.Houses {
			if err := putHotel(tx, &w.Houses[i], change, w.ID); err != nil {
				return err
			}
		}
		for i := range w.Houses {
			if err := putRows(tx, &w.Houses[i]); err != nil {
				return err
			}
		}
		return putCommands(tx, &w, change)
	})
	return change, err
}

func nextChange(tx sqldb.Tx) (change int64, err error) {
	err = tx.Rows("next_change", nil, func(r sqldb.Row) error {
		change = r.Int()
		return nil
	})
	return change, err
}

// putHotel writes the hotel's own row, provided that its revision is the expected one.
func putHotel(tx sqldb.Tx, c *hotel.HouseChange, change int64, write uid.ID) error {
	h := &c.House.Hotel
	if c.GuardOnly() {
		return one(tx.Exec("guard_hotel", h.ID, c.Replaces))
	}
	var capacity any
	if h.Capacity != nil {
		capacity = int64(*h.Capacity)
	}
	args := []any{
		h.ID, h.Supplier, h.Name, int64(h.Stars), h.Address, h.PostalCode, h.City, h.Country, h.Latitude, h.Longitude, h.TimeZone,
		string(h.Currency), strings.Join(h.Amenities, " "), h.CheckInFrom, h.CheckOutUntil, int64(h.OverbookingBP), capacity,
		int64(h.CapPool), h.ExternalRef, int64(h.Status), h.CreatedAt, h.UpdatedAt, c.House.NightsTo, c.House.Revision, change, write,
	}
	if c.Replaces == 0 {
		if err := tx.Queue("insert_hotel", args...); err != nil {
			return err
		}
	} else if err := one(tx.Exec("update_hotel", append(args, c.Replaces)...)); err != nil {
		return err
	}
	if err := tx.Queue("clear_levies", h.ID); err != nil {
		return err
	}
	for i, l := range h.Levies {
		if err := tx.Queue("put_levy", h.ID, int64(i), int64(l.Kind), l.Code, int64(l.Rule), int64(l.BP), l.Minor, l.Included); err != nil {
			return err
		}
	}
	return nil
}

// one makes anything but one row an ErrStale.
func one(rows int64, err error) error {
	if err == nil && rows != 1 {
		return hotel.ErrStale
	}
	return err
}

// queued collects statements until the first one that cannot be queued.
type queued struct {
	tx  sqldb.Tx
	err error
}

func (q *queued) add(statement string, args ...any) {
	if q.err == nil {
		q.err = q.tx.Queue(statement, args...)
	}
}

// putRows writes everything else of a house. Rows that are referred to come before those that refer to them.
func putRows(tx sqldb.Tx, c *hotel.HouseChange) error {
	q, id := &queued{tx: tx}, c.House.Hotel.ID
	for i := range c.Types {
		t := &c.Types[i]
		var bp any
		if t.OverbookingBP != nil {
			bp = int64(*t.OverbookingBP)
		}
		q.add("put_room_type", id, t.ID, t.Name, int64(t.Occupancy.Adults), int64(t.Occupancy.Children), t.BasePrice, int64(t.Capacity),
			bp, int64(t.Pool), int64(t.Status), t.CreatedAt, t.UpdatedAt)
	}
	for _, room := range c.GoneRooms {
		q.add("clear_outages", id, room)
		q.add("drop_room", id, room)
	}
	for i := range c.Rooms {
		r := &c.Rooms[i]
		q.add("put_room", id, r.ID, r.RoomType, r.Number, r.CreatedAt, r.UpdatedAt)
		q.add("clear_outages", id, r.ID)
		for n, o := range r.OutOfOrder {
			q.add("put_outage", id, r.ID, int64(n), o.From, o.To, o.Reason)
		}
	}
	if err := putPlans(q, c); err != nil {
		return err
	}
	for _, l := range c.Rates {
		for _, from := range l.Gone {
			q.add("drop_rate", id, l.RoomType, from)
		}
		for _, r := range l.Set {
			q.add("put_rate", id, l.RoomType, r.From, r.To, r.Value)
		}
	}
	for _, l := range c.Restrictions {
		for _, from := range l.Gone {
			q.add("drop_restriction", id, l.RoomType, from)
		}
		for _, r := range l.Set {
			q.add("put_restriction", id, l.RoomType, r.From, r.To, int64(r.Value))
		}
	}
	for _, l := range c.Overrides {
		for _, from := range l.Gone {
			q.add("drop_override", id, l.Plan, l.RoomType, from)
		}
		for _, r := range l.Set {
			q.add("put_override", id, l.Plan, l.RoomType, r.From, r.To, r.Value)
		}
	}
	return q.err
}

// putPlans writes rate plans. The conditions of a version are inserted once and never touched again.
func putPlans(q *queued, c *hotel.HouseChange) error {
	id := c.House.Hotel.ID
	for i := range c.Plans {
		p := &c.Plans[i]
		q.add("put_rate_plan", id, p.ID, p.Version, int64(p.Status), p.CreatedAt, p.UpdatedAt)
		if !slices.Contains(c.Versions, p.Version) {
			continue
		}
		bands, err := json.Marshal(p.ChildBands)
		if err != nil {
			return fmt.Errorf("child bands: %w", err)
		}
		types := make([]string, len(p.RoomTypes))
		for i, t := range p.RoomTypes {
			types[i] = t.Text(typePrefix)
		}
		q.add("put_version", id, p.ID, p.Version, p.Name, int64(p.Board), int64(p.PercentBP), p.Amount, int64(p.IncludedAdults), p.ExtraAdult,
			string(bands), int64(p.FreeUntilHours), int64(p.FeeBP), strings.Join(types, " "), p.UpdatedAt)
	}
	return nil
}

// typePrefix is that of room type ids where several stand in one text column.
const typePrefix = "rt"

// putCommands queues commands and takes those out that are done. Rows of queues are locked in the order of hotels, as
// Claim and Postpone do, who do not wait for the counter.
func putCommands(tx sqldb.Tx, w *hotel.Write, change int64) error {
	finished, commands := slices.Clone(w.Done), slices.Clone(w.Commands)
	slices.SortFunc(finished, func(a, b hotel.CommandID) int { return slices.Compare(a.Hotel[:], b.Hotel[:]) })
	slices.SortFunc(commands, func(a, b hotel.Command) int { return slices.Compare(a.Hotel[:], b.Hotel[:]) })
	for _, d := range finished {
		if err := tx.Queue("drop_command", d.Hotel, d.Change); err != nil {
			return err
		}
		if err := tx.Queue("drop_queue", d.Hotel); err != nil {
			return err
		}
	}
	if len(commands) == 0 {
		return nil
	}
	now, err := tx.Now()
	if err != nil {
		return err
	}
	for i := range commands {
		body, err := json.Marshal(&commands[i])
		if err != nil {
			return fmt.Errorf("command: %w", err)
		}
		if err := tx.Queue("put_command", commands[i].Hotel, change, string(body), now); err != nil {
			return err
		}
		if err := tx.Queue("put_queue", commands[i].Hotel, now.Add(w.Wait)); err != nil {
			return err
		}
	}
	return nil
}

// Waiting implements hotel.Store.
func (s *Store) Waiting(ctx context.Context, all bool, limit int) (hotels []uid.ID, err error) {
	err = s.db.Read(ctx, "read waiting commands", func(tx sqldb.Tx) error {
		now, err := tx.Now()
		if err != nil {
			return err
		}
		return tx.Rows("waiting", []any{now, all, int64(limit)}, func(r sqldb.Row) error {
			hotels = append(hotels, r.ID())
			return nil
		})
	})
	return hotels, err
}

// Claim implements hotel.Store.
func (s *Store) Claim(ctx context.Context, owner string, lease time.Duration, hotels []uid.ID) (first []hotel.Command, busy int, err error) {
	hotels = slices.Clone(hotels)
	slices.SortFunc(hotels, func(a, b uid.ID) int { return slices.Compare(a[:], b[:]) }) // the order of locking
	err = s.db.Write(ctx, "claim commands", func(tx sqldb.Tx) error {
		first, busy = nil, 0
		now, err := tx.Now()
		if err != nil {
			return err
		}
		var mine []uid.ID
		for _, id := range hotels {
			n, err := tx.Exec("claim_queue", id, owner, now.Add(lease), now)
			if err != nil {
				return err
			}
			if n == 1 {
				mine = append(mine, id)
			}
		}
		if err := tx.Each("queue_exists", without(hotels, mine), func(sqldb.Row) error {
			busy++
			return nil
		}); err != nil {
			return err
		}
		return tx.Each("first_command", mine, func(r sqldb.Row) error {
			cmd := hotel.Command{}
			id, change, body := r.ID(), r.Int(), r.Text()
			if err := json.Unmarshal([]byte(body), &cmd); err != nil {
				return fmt.Errorf("stored command: %w", err)
			}
			cmd.Hotel, cmd.Change = id, change
			first = append(first, cmd)
			return nil
		})
	})
	return first, busy, err
}

// without is what a has and b has not; both ascend.
func without(a, b []uid.ID) (out []uid.ID) {
	for _, id := range a {
		if len(b) > 0 && b[0] == id {
			b = b[1:]
			continue
		}
		out = append(out, id)
	}
	return out
}

// Postpone implements hotel.Store.
func (s *Store) Postpone(ctx context.Context, owner string, hotels []uid.ID, wait time.Duration) error {
	hotels = slices.Clone(hotels)
	slices.SortFunc(hotels, func(a, b uid.ID) int { return slices.Compare(a[:], b[:]) })
	return s.db.Write(ctx, "postpone commands", func(tx sqldb.Tx) error {
		now, err := tx.Now()
		if err != nil {
			return err
		}
		for _, id := range hotels {
			if err := tx.Queue("postpone_queue", id, owner, now.Add(wait)); err != nil {
				return err
			}
		}
		return nil
	})
}
