package record

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"holdfast/reservation"
	"holdfast/uid"
)

// document is what of a reservation never changes and no query looks into: its travellers and what its items are. What
// changes of items is beside it, so that a change need not write it anew: their statuses (AppendStatuses), and what
// seldom changes (AppendAmended).
type document struct {
	Travellers []traveller `json:"travellers"`
	Items      []item      `json:"items"`
}

type traveller struct {
	GivenName  string `json:"given_name"`
	FamilyName string `json:"family_name"`
	Email      string `json:"email"`
}

type item struct {
	ID       string `json:"id"`
	Supplier string `json:"supplier"`
	EndsAt   *int64 `json:"ends_at"` // microseconds since 1970
	Piece    piece  `json:"piece"`
	Placed   []seat `json:"placed"`
	Sold     int16  `json:"sold"`
}

// AppendDocument appends the document of a reservation to dst; document_test.go holds it against encoding/json.
func AppendDocument(dst []byte, r *reservation.Reservation) []byte {
	dst = append(dst, `{"travellers":[`...)
	for i := range r.Travellers {
		if i > 0 {
			dst = append(dst, ',')
		}
		t := &r.Travellers[i]
		dst = append(dst, `{"given_name":`...)
		dst = appendString(dst, t.GivenName)
		dst = append(dst, `,"family_name":`...)
		dst = appendString(dst, t.FamilyName)
		if t.Email != "" {
			dst = append(dst, `,"email":`...)
			dst = appendString(dst, t.Email)
		}
		dst = append(dst, '}')
	}
	dst = append(dst, `],"items":[`...)
	for i := range r.Items {
		if i > 0 {
			dst = append(dst, ',')
		}
		it := &r.Items[i]
		dst = append(dst, `{"id":"`...)
		dst = hex.AppendEncode(dst, it.ID[:])
		dst = append(dst, '"')
		dst = appendID(dst, "supplier", it.Supplier)
		if !it.Terms.EndsAt.IsZero() {
			dst = append(dst, `,"ends_at":`...)
			dst = strconv.AppendInt(dst, it.Terms.EndsAt.UnixMicro(), 10)
		}
		dst = append(dst, `,"piece":`...)
		dst = AppendPiece(dst, &it.Piece)
		if len(it.Placed) > 0 {
			dst = append(dst, `,"placed":`...)
			dst = appendSeats(dst, it.Placed)
		}
		if it.Sold != 0 {
			dst = append(dst, `,"sold":`...)
			dst = strconv.AppendInt(dst, int64(it.Sold), 10)
		}
		dst = append(dst, '}')
	}
	return append(dst, "]}"...)
}

// Document reads what AppendDocument wrote, and the statuses and changes beside it, into the travellers and items of r;
// claims are rows of their own.
func Document(text []byte, statuses string, changes []byte, r *reservation.Reservation) error {
	var d document
	if err := json.Unmarshal(text, &d); err != nil {
		return fmt.Errorf("document of a reservation: %w", err)
	}
	if len(statuses) != len(d.Items) {
		return fmt.Errorf("document of a reservation: %d items with %d statuses", len(d.Items), len(statuses))
	}
	if len(d.Travellers) > 0 {
		r.Travellers = make([]reservation.Traveller, len(d.Travellers))
		for i, t := range d.Travellers {
			r.Travellers[i] = reservation.Traveller(t)
		}
	}
	if len(d.Items) == 0 {
		return nil
	}
	r.Items = make([]reservation.Item, len(d.Items))
	for i := range d.Items {
		from, to := &d.Items[i], &r.Items[i]
		if err := parseID(from.ID, &to.ID); err != nil {
			return err
		}
		if err := parseID(from.Supplier, &to.Supplier); err != nil {
			return err
		}
		if to.Status = reservation.Status(statuses[i] - '0'); to.Status < reservation.Held || to.Status > reservation.Cancelled {
			return fmt.Errorf("document of a reservation: status %q of an item", statuses[i])
		}
		if err := from.Piece.into(&to.Piece); err != nil {
			return err
		}
		if from.EndsAt != nil {
			to.Terms.EndsAt = time.UnixMicro(*from.EndsAt).UTC()
		}
		to.Placed, to.Sold = seatsOf(from.Placed), from.Sold
	}
	return amend(changes, r.Items)
}

func parseID(text string, to *uid.ID) error {
	if len(text) != hex.EncodedLen(len(to)) {
		return fmt.Errorf("document of a reservation: id %q", text)
	}
	if _, err := hex.Decode(to[:], []byte(text)); err != nil {
		return fmt.Errorf("document of a reservation: id %q: %w", text, err)
	}
	return nil
}

// AppendStatuses appends the statuses of a reservation's items to dst, one digit each.
func AppendStatuses(dst []byte, r *reservation.Reservation) []byte {
	for i := range r.Items {
		dst = append(dst, '0'+byte(r.Items[i].Status))
	}
	return dst
}

// Suppliers calls each for every supplier of a reservation, once.
func Suppliers(r *reservation.Reservation, each func(uid.ID)) {
items:
	for i := range r.Items {
		for j := range i {
			if r.Items[j].Supplier == r.Items[i].Supplier {
				continue items
			}
		}
		each(r.Items[i].Supplier)
	}
}

// Over reports whether nothing happens to a reservation by itself any more: neither does it keep stock that somebody
// may still use, nor does it wait for money. Its keys may go once they are old.
func Over(r *reservation.Reservation) bool {
	switch r.Status {
	case reservation.Completed, reservation.Expired, reservation.Rejected, reservation.Cancelled:
		return r.Step == reservation.NoStep
	case reservation.Held, reservation.Confirming, reservation.Confirmed:
	}
	return false
}

// DueShare is how many rows a batch asks for of the lapsed holds of each of its pools: together about limit, and one
// more, which tells that there are more; no pool's all go before another's.
func DueShare(limit, pools int) int { return (limit + pools) / pools }

// Keyed reports whether a key that takes effect answers with a quote, which then lives as long as the key.
func Keyed(q *reservation.Quote, keys []*reservation.KeyRow, kept []uid.ID) bool {
	return slices.ContainsFunc(keys, func(k *reservation.KeyRow) bool { return k.Facts.Quote == q.ID && slices.Contains(kept, k.ID) })
}
