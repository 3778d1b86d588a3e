package rest

import (
	"slices"
	"strings"
	"time"

	"holdfast/money"
	"holdfast/offer"
	"holdfast/reservation"
	"holdfast/rest/wire"
)

// local shows a moment as a clock shows it that is so many minutes ahead of UTC.
func local(t time.Time, offset int16) string {
	return t.In(time.FixedZone("", int(offset)*60)).Format(time.RFC3339)
}

// showRide shows an item that is a train ride or a flight.
func (s *server) showRide(seen *names, it *reservation.Item, c money.Currency) wire.Item {
	r := it.Ride
	out := wire.Item{
		ID: it.ID.Text(itemID), Status: it.Status.String(), Number: r.Number, Date: r.Date.String(),
		From: seen.place(s, r.Mode, r.From), To: seen.place(s, r.Mode, r.To),
		Departs: local(r.Departs, r.DepartOffset), Arrives: local(r.Arrives, r.ArriveOffset), BookingClass: r.Booking,
		Fare:       &wire.RideFare{ID: r.Fare.Text(fareID), Name: r.FareName},
		Travelling: &wire.RideTravellers{Adults: int(r.Adults), Children: int(r.Children), Infants: int(r.Infants)},
		Seats:      s.showSeats(seen, it, c), Notice: showNotice(it),
		Price:      itemPrice(it, c),
		Conditions: wire.Conditions{FreeCancellationUntil: moment(it.Terms.FreeUntil), CancellationFeePercent: percent(it.Terms.FeeBP)},
	}
	switch r.Mode {
	case offer.Train:
		out.Kind, out.RunID, out.Class = "train", r.Run.Text(runID), r.Class
	case offer.Flight:
		out.Kind, out.DepartureID, out.Cabin = "flight", r.Run.Text(departureID), r.Class
	}
	return out
}

// showSeats shows who sits where. A seat that does not go all the way says from where to where.
func (s *server) showSeats(seen *names, it *reservation.Item, c money.Currency) []wire.ItemSeat {
	out := make([]wire.ItemSeat, len(it.Seats))
	for i, seat := range it.Seats {
		out[i] = wire.ItemSeat{Traveller: seat.Traveller, Seat: seat.Label, Fee: wire.Minor(seat.Fee, c)}
		if coach, _, ok := strings.Cut(seat.Label, "-"); ok && it.Ride.Mode == offer.Train {
			out[i].Coach = coach
		}
		if changes(it.Seats, seat.Traveller) {
			out[i].From, out[i].To = seen.stop(s, it.Ride, seat.From), seen.stop(s, it.Ride, seat.To)
		}
	}
	return out
}

// changes reports whether a traveller changes seats on the way.
func changes(seats []reservation.Seat, traveller int) bool {
	n := 0
	for _, s := range seats {
		if s.Traveller == traveller {
			n++
		}
	}
	return n > 1
}

func showNotice(it *reservation.Item) *wire.Notice {
	n := it.Notice
	if n == nil {
		return nil
	}
	out := &wire.Notice{Withdrawn: n.Withdrawn, Note: n.Note, At: instant(n.At)}
	if !n.Departs.IsZero() {
		out.Departs = local(n.Departs, it.Ride.DepartOffset)
	}
	if !n.Arrives.IsZero() {
		out.Arrives = local(n.Arrives, it.Ride.ArriveOffset)
	}
	return out
}

// reseatable reports whether the seats of an item can be changed, and whether somebody has none yet.
func reseatable(it *reservation.Item) (change, lacking bool) {
	if it.Ride == nil || it.Ride.Seating.Pool == 0 || it.Status != reservation.Held && it.Status != reservation.Confirmed ||
		it.Notice != nil && it.Notice.Withdrawn {
		return false, false
	}
	for t := range it.Ride.Seats() {
		if !slices.ContainsFunc(it.Seats, func(s reservation.Seat) bool { return s.Traveller == t }) {
			lacking = true
		}
	}
	return true, lacking
}
