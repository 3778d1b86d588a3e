package rest

import (
	"context"
	"net/http"
	"slices"
	"strconv"

	"holdfast/fault"
	"holdfast/reservation"
	"holdfast/rest/wire"
	"holdfast/stock"
)

// ItemPath is the address of an item of a reservation.
type ItemPath struct {
	ReservationPath
	ItemID string `path:"item_id" maxLength:"64" example:"itm_01kavwy2x4e8hrn5z3m7q9t6bc" doc:"Id of the item."`
}

type seatsIn struct {
	ItemPath
	NeedsKey
	Raw
}

type checkInIn struct {
	ItemPath
	TakesKey
	Raw
}

// seatedReservation has a flight; the examples of the reference change its seats.
const seatedReservation = "res_01kavwy2x4e8hrn5z3m7q9t6bc"

func (s *server) seatCalls() {
	const path = "/v1/reservations/{reservation_id}/items/{item_id}"
	codes := []string{
		"reservation_not_found", "item_not_found", "hold_expired", "not_changeable", "departed", "no_seats", "no_single_seat",
	}
	params := map[string]string{"reservation_id": seatedReservation}
	handleBody(s, operation{
		id: "change-seats", method: http.MethodPost, path: path + "/seats", tag: "Reservations", summary: "Change seats",
		about: "Gives the travellers of a train ride or flight the seats that are named, all of them or none; two travellers may swap. A seat that costs more " +
			"than what was paid for the traveller's is refused.",
		scopes: booking, status: http.StatusOK, key: keyRequired, params: params,
		codes:    append(slices.Clone(codes), "seat_unavailable", "seat_unknown", "seat_costs_more", "too_many_seats"),
		examples: []example{{"one", "Another seat for the first traveller", `{"seats": ["14F"]}`}, {"second", "One for the second only", `{"seats": ["", "14E"]}`}},
	}, s.changeSeats)
	handleBody(s, operation{
		id: "check-in", method: http.MethodPost, path: path + "/check-in", tag: "Reservations", summary: "Check in",
		about:  "Gives seats to the travellers of a ride who have none yet, at no cost, the cheapest first. The reservation has been paid. Repeating it changes nothing.",
		scopes: booking, status: http.StatusOK, key: keyOptional, bodyOptional: true, params: params, codes: append(slices.Clone(codes), "not_confirmed"),
		examples: []example{{"plain", "Any seats", `{}`}, {"together", "Next to each other", `{"preferences": {"together": true, "aisle": true, "exit_row": false}}`}},
	}, s.checkIn)
}

func (s *server) changeSeats(ctx context.Context, c *call, in *seatsIn, b *wire.SeatsRequest) (*paidOut, error) {
	key, err := c.key(in.IdempotencyKey, keyRequired)
	if err != nil {
		return nil, err
	}
	var r reader
	if !slices.ContainsFunc(b.Seats, func(l string) bool { return l != "" }) {
		r.at("/seats", "required", "Name at least one seat.")
	}
	if err := r.err(); err != nil {
		return nil, err
	}
	return s.seat(ctx, c, in.ItemPath, reservation.SeatChoice{Labels: b.Seats}, key)
}

func (s *server) checkIn(ctx context.Context, c *call, in *checkInIn, b *wire.CheckInRequest) (*paidOut, error) {
	key, err := c.key(in.IdempotencyKey, keyOptional)
	if err != nil {
		return nil, err
	}
	is, err := s.Reservations.Reservation(ctx, c.caller(), in.ReservationID)
	if err != nil {
		return nil, err
	}
	if is.Status == reservation.Held { // or whoever holds a place could have the best seats, and pay or not
		return nil, fault.New(fault.Conflict, "not_confirmed", "Seats are given at check-in, once the reservation is paid. Pay first, or choose seats.")
	}
	return s.seat(ctx, c, in.ItemPath, reservation.SeatChoice{Wish: wishOf(b.Preferences)}, key)
}

func (s *server) seat(ctx context.Context, c *call, at ItemPath, choice reservation.SeatChoice, key reservation.Idempotency) (*paidOut, error) {
	a, err := s.Reservations.ChangeSeats(ctx, c.caller(), at.ReservationID, at.ItemID, choice, key)
	if err != nil {
		return nil, err
	}
	return &paidOut{Status: http.StatusOK, ETag: etag(a.Reservation.Version, ""), Replayed: replayed(a), Body: s.showReservation(ctx, a.Reservation)}, nil
}

// readSeats is what the items of a request wish of their seats.
func readSeats(r *reader, items []wire.ItemRequest) []reservation.SeatChoice {
	var out []reservation.SeatChoice
	for i := range items {
		b, at := &items[i], "/items/"+strconv.Itoa(i)
		if b.Seats == nil && b.Preferences == nil && b.Rides == nil {
			continue
		}
		if b.Rides == nil {
			out = append(out, reservation.SeatChoice{Offer: i, Labels: b.Seats, Wish: wishOf(b.Preferences)})
			continue
		}
		if b.Seats != nil || b.Preferences != nil {
			r.at(at+"/rides", "not_together", "Give seats and preferences, or rides.")
		}
		seen := map[int]bool{}
		for k, ride := range b.Rides {
			if seen[ride.Ride] {
				r.at(at+"/rides/"+strconv.Itoa(k)+"/ride", "repeated", "This ride is given twice.")
			}
			seen[ride.Ride] = true
			out = append(out, reservation.SeatChoice{Offer: i, Piece: ride.Ride, Labels: ride.Seats, Wish: wishOf(ride.Preferences)})
		}
	}
	return out
}

func wishOf(p *wire.Preferences) stock.Wish {
	if p == nil {
		return stock.Wish{}
	}
	w := stock.Wish{Together: p.Together, MayChange: p.SeatChange}
	for _, t := range []struct {
		wanted *bool
		trait  stock.Traits
	}{
		{p.Window, stock.Window},
		{p.Aisle, stock.Aisle},
		{p.Table, stock.Table},
		{p.Quiet, stock.Quiet},
		{p.ExitRow, stock.ExitRow},
		{p.Legroom, stock.Legroom},
		{p.Accessible, stock.Accessible},
		{p.Power, stock.Power},
		{p.Compartment, stock.Compartment},
		{p.Bulkhead, stock.Bulkhead},
		{p.Family, stock.Family},
		{p.Bike, stock.Bike},
	} {
		switch {
		case t.wanted == nil:
		case *t.wanted:
			w.Want |= t.trait
		default:
			w.Avoid |= t.trait
		}
	}
	return w
}
