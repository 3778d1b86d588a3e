package record

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"holdfast/reservation"
	"holdfast/stock"
	"holdfast/uid"
)

// seat is a unit of an item, in the documents.
type seat struct {
	Traveller int    `json:"traveller"`
	Pool      int64  `json:"pool"`
	Unit      int32  `json:"unit"`
	From      int32  `json:"from"`
	To        int32  `json:"to"`
	Label     string `json:"label"`
	Fee       int64  `json:"fee"`
}

// notice is what a supplier has changed of an item, in the documents.
type notice struct {
	ID        string    `json:"id"`
	At        time.Time `json:"at"`
	Withdrawn bool      `json:"withdrawn"`
	Departs   time.Time `json:"departs"`
	Arrives   time.Time `json:"arrives"`
	Note      string    `json:"note"`
}

// amended is the document of what has changed of the items of a reservation since it was placed, but for their statuses.
type amended struct {
	Items []amendment `json:"items"`
}

type amendment struct {
	Item   int     `json:"item"`
	Seats  []seat  `json:"seats"` // null: those it was placed with
	Notice *notice `json:"notice"`
}

func appendSeats(dst []byte, seats []reservation.Seat) []byte {
	dst = append(dst, '[')
	for i := range seats {
		if i > 0 {
			dst = append(dst, ',')
		}
		s := &seats[i]
		dst = append(dst, `{"traveller":`...)
		dst = strconv.AppendInt(dst, int64(s.Traveller), 10)
		dst = append(dst, `,"pool":`...)
		dst = strconv.AppendInt(dst, int64(s.Pool), 10)
		dst = append(dst, `,"unit":`...)
		dst = strconv.AppendInt(dst, int64(s.Unit), 10)
		dst = append(dst, `,"from":`...)
		dst = strconv.AppendInt(dst, int64(s.From), 10)
		dst = append(dst, `,"to":`...)
		dst = strconv.AppendInt(dst, int64(s.To), 10)
		dst = appendText(dst, "label", s.Label)
		dst = appendInt(dst, "fee", s.Fee)
		dst = append(dst, '}')
	}
	return append(dst, ']')
}

// seatsOf is nil for no seats.
func seatsOf(from []seat) []reservation.Seat {
	if len(from) == 0 {
		return nil
	}
	seats := make([]reservation.Seat, len(from))
	for i, s := range from {
		seats[i] = reservation.Seat{
			Traveller: s.Traveller, Pool: stock.PoolID(s.Pool), Unit: s.Unit, From: stock.Slot(s.From), To: stock.Slot(s.To), Label: s.Label, Fee: s.Fee,
		}
	}
	return seats
}

func appendNotice(dst []byte, n *reservation.Notice) []byte {
	dst = append(dst, `{"id":"`...)
	dst = hex.AppendEncode(dst, n.ID[:])
	dst = append(dst, '"')
	dst = appendTime(dst, "at", n.At)
	if n.Withdrawn {
		dst = append(dst, `,"withdrawn":true`...)
	}
	dst = appendTime(dst, "departs", n.Departs)
	dst = appendTime(dst, "arrives", n.Arrives)
	dst = appendText(dst, "note", n.Note)
	return append(dst, '}')
}

func (d *notice) notice() (*reservation.Notice, error) {
	if d == nil {
		return nil, nil
	}
	n := &reservation.Notice{At: Micro(d.At), Withdrawn: d.Withdrawn, Departs: Micro(d.Departs), Arrives: Micro(d.Arrives), Note: d.Note}
	return n, parseID(d.ID, &n.ID)
}

// AppendAmended appends to dst the document of what has changed of a reservation's items; nothing where nothing has,
// which the engines store as NULL.
func AppendAmended(dst []byte, r *reservation.Reservation) []byte {
	some := false
	for i := range r.Items {
		it := &r.Items[i]
		reseated := it.Reseated()
		if !reseated && it.Notice == nil {
			continue
		}
		if some {
			dst = append(dst, ',')
		} else {
			dst = append(dst, `{"items":[`...)
		}
		some = true
		dst = append(dst, `{"item":`...)
		dst = strconv.AppendInt(dst, int64(i), 10)
		if reseated {
			dst = append(dst, `,"seats":`...)
			dst = appendSeats(dst, it.Seats)
		}
		if it.Notice != nil {
			dst = append(dst, `,"notice":`...)
			dst = appendNotice(dst, it.Notice)
		}
		dst = append(dst, '}')
	}
	if some {
		dst = append(dst, "]}"...)
	}
	return dst
}

// amend reads what AppendAmended wrote into items that are as they were placed.
func amend(text []byte, items []reservation.Item) error {
	for i := range items {
		items[i].Seats = slices.Clone(items[i].Placed)
	}
	if len(text) == 0 {
		return nil
	}
	var d amended
	if err := json.Unmarshal(text, &d); err != nil {
		return fmt.Errorf("what has changed of a reservation: %w", err)
	}
	for i := range d.Items {
		from := &d.Items[i]
		if from.Item < 0 || from.Item >= len(items) {
			return fmt.Errorf("what has changed of a reservation: item %d of %d", from.Item, len(items))
		}
		it := &items[from.Item]
		if from.Seats != nil {
			it.Seats = seatsOf(from.Seats)
		}
		if from.Notice == nil {
			continue
		}
		var err error
		if it.Notice, err = from.Notice.notice(); err != nil {
			return err
		}
	}
	return nil
}

// factSeats and factNotices are those of a key's facts, by item.
func factSeats(f *reservation.Facts) [][]seat {
	var all [][]seat
	for _, seats := range f.Seats {
		of := make([]seat, len(seats))
		for i, s := range seats {
			of[i] = seat{s.Traveller, int64(s.Pool), s.Unit, int32(s.From), int32(s.To), s.Label, s.Fee}
		}
		all = append(all, of)
	}
	return all
}

func factNotices(f *reservation.Facts) []*notice {
	var all []*notice
	for _, n := range f.Notices {
		if n == nil {
			all = append(all, nil)
			continue
		}
		all = append(all, &notice{hexOf(n.ID), Micro(n.At), n.Withdrawn, Micro(n.Departs), Micro(n.Arrives), n.Note})
	}
	return all
}

func hexOf(id uid.ID) string { return hex.EncodeToString(id[:]) }
