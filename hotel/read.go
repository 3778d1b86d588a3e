package hotel

import (
	"context"
	"encoding/base64"
	"slices"
	"strings"

	"holdfast/civil"
	"holdfast/fault"
	"holdfast/place"
	"holdfast/reservation"
	"holdfast/stock"
	"holdfast/uid"
)

// MaxListed is the most hotels one page of Houses has.
const MaxListed = 200

// House implements Service.
func (c *Core) House(_ context.Context, e *Editor, id uid.ID) (*House, error) {
	h := c.catalogue.house(id)
	if h == nil || !visible(e, &h.Hotel) {
		return nil, hotelNotFound()
	}
	return h, nil
}

// visible says whether a hotel exists for somebody: active ones for all, the others for their staff only.
func visible(e *Editor, h *Hotel) bool {
	return h.Status == Active || e != nil && (e.Supplier.IsZero() || e.Supplier == h.Supplier)
}

// Houses implements Service.
func (c *Core) Houses(_ context.Context, q ListQuery) (houses []*House, next string, err error) {
	limit := q.Limit
	if limit < 1 || limit > MaxListed {
		return nil, "", invalidFields(fault.Field{Pointer: "limit", Code: "out_of_range", Message: "limit is 1 to 200."})
	}
	sorted := c.catalogue.byName()
	if q.After != "" {
		at, err := base64.RawURLEncoding.DecodeString(q.After)
		if err != nil || len(at) < len(uid.ID{}) {
			return nil, "", invalidFields(fault.Field{Pointer: "after", Code: "not_a_cursor", Message: "after is not a cursor of this list; take the one that the page before gave."})
		}
		last := &card{house: &House{}, name: string(at[len(uid.ID{}):])}
		copy(last.house.Hotel.ID[:], at)
		i, found := slices.BinarySearchFunc(sorted, last, compareCards)
		if found {
			i++
		}
		sorted = sorted[i:]
	}
	words, city := strings.Fields(place.Name(q.Text)), place.Name(q.City)
	for i, e := range sorted {
		h := e.house
		if h.Hotel.Status == Retired || !listed(q.Editor, &h.Hotel) || city != "" && e.city != city || !hasWords(e.text, words) {
			continue
		}
		if len(houses) == limit {
			before := sorted[i-1] // the page ends before the first hotel that did not fit; those skipped in between stay skipped
			id := before.house.Hotel.ID
			return houses, base64.RawURLEncoding.EncodeToString(append(id[:], before.name...)), nil
		}
		houses = append(houses, h)
	}
	return houses, "", nil
}

// listed says whether a hotel belongs into somebody's list: staff of a supplier see what is theirs.
func listed(e *Editor, h *Hotel) bool {
	if e == nil {
		return h.Status == Active
	}
	return e.Supplier.IsZero() || e.Supplier == h.Supplier
}

func hasWords(text string, words []string) bool {
	for _, w := range words {
		if !strings.Contains(text, w) {
			return false
		}
	}
	return true
}

// Inventory implements Service.
func (c *Core) Inventory(ctx context.Context, hotel, roomType uid.ID, from, to civil.Date) ([]Night, error) {
	h := c.catalogue.house(hotel)
	if h == nil || h.Hotel.Status == Retired {
		return nil, hotelNotFound()
	}
	t := h.Type(roomType)
	if t == nil || t.Status == Retired {
		return nil, roomTypeNotFound()
	}
	var v verdicts
	v.check(from < to, "/to", "empty_range", "The last night comes after the first: to is the day after the last night.")
	v.check(to-from <= MaxHorizon, "/to", "too_long", "Ask for at most %d nights at once.", MaxHorizon)
	if err := v.err(); err != nil {
		return nil, err
	}
	if t.Pool == 0 {
		return nil, nil // preparing: no night has stock yet
	}
	rows, err := c.desk.Slots(ctx, reservation.Span{Pool: t.Pool, From: stock.Slot(from), To: stock.Slot(to)})
	if err != nil {
		return nil, err
	}
	nights := make([]Night, 0, len(rows))
	for _, r := range rows {
		n := Night{
			Date: civil.Date(r.Key.Slot), Physical: r.Physical, OutOfOrder: r.OutOfOrder, Capacity: r.Capacity(), Target: r.Target,
			OverbookingBP: r.OverbookingBP, Closed: r.Closed, Held: r.Held, Sold: r.Sold, Available: r.Free(), Oversold: r.Oversold(),
			Price: t.BasePrice,
		}
		if p, ok := t.Rates.At(n.Date); ok {
			n.Price = p
		}
		n.Restriction, _ = t.Restrictions.At(n.Date)
		nights = append(nights, n)
	}
	return nights, nil
}
