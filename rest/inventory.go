package rest

import (
	"context"
	"net/http"

	"holdfast/civil"
	"holdfast/hotel"
	"holdfast/rest/problem"
	"holdfast/rest/wire"
)

type inventoryGetIn struct {
	RoomTypePath
	From string `query:"from" format:"date" example:"2027-06-01" doc:"First night; today at the hotel if left out."`
	To   string `query:"to" format:"date" example:"2027-06-15" doc:"First night that is not meant any more; 31 nights after from if left out."`
}

type roomTypeBodyIn struct {
	RoomTypePath
	Raw
}

type inventoryOut struct {
	Body wire.Inventory
}

type rateOut struct {
	Body wire.Rate
}

// defaultNights are shown when nobody says up to where.
const defaultNights = 31

func (s *server) inventoryCalls() {
	const tag = "Rates and inventory"
	const path = "/v1/hotels/{hotel_id}/room-types/{room_type_id}"
	codes := []string{"hotel_not_found", "room_type_not_found", "pool_not_found"}
	handleBody(s, operation{
		id: "set-rates", method: http.MethodPut, path: path + "/rates", tag: tag, summary: "Set the price of nights",
		about:  "For the nights `[from, to)`. Offers made before keep their price until they end.",
		scopes: staff, status: http.StatusOK, codes: append(codes, "currency_mismatch"),
		examples: []example{
			{"summer", "A summer price", `{"from": "2027-06-01", "to": "2027-09-01", "amount": "180.00"}`},
			{"with_currency", "The same with its currency", `{"from": "2027-06-01", "to": "2027-09-01", "amount": {"amount": "180.00", "currency": "EUR"}}`},
			{"back", "Back to the base price", `{"from": "2027-06-01", "to": "2027-09-01", "amount": null}`},
		},
	}, s.setRates)
	handle(s, operation{
		id: "get-inventory", method: http.MethodGet, path: path + "/inventory", tag: tag, summary: "Read the stock of nights",
		about:  "For its staff: what there is, what is held and sold, and what restricts it, night by night, as the desk has it.",
		scopes: staff, status: http.StatusOK, codes: codes,
	}, s.getInventory)
	handleBody(s, operation{
		id: "set-inventory", method: http.MethodPut, path: path + "/inventory", tag: tag, summary: "Change the stock of nights",
		about:  "Sets what is named on the nights `[from, to)`; everything else stays. What is held or sold already stays so, whatever the new numbers are.",
		scopes: staff, status: http.StatusOK, codes: codes,
		examples: []example{
			{"stop_sell", "Stop-sell", `{"from": "2027-06-01", "to": "2027-06-15", "closed": true}`},
			{"numbers", "One room fewer, and at least two nights", `{"from": "2027-06-01", "to": "2027-06-15", "capacity": 9, "min_stay": 2}`},
		},
	}, s.setInventory)
}

func (s *server) setRates(ctx context.Context, c *call, in *roomTypeBodyIn, b *wire.RateRequest) (*rateOut, error) {
	h, e, err := s.ownHouse(ctx, c, in.HotelID)
	if err != nil {
		return nil, err
	}
	t, err := typeIn(h, in.RoomTypeID, true)
	if err != nil {
		return nil, err
	}
	var r reader
	change := hotel.RateChange{Hotel: h.Hotel.ID, RoomType: t.ID}
	change.From, change.To = r.run(b.From, b.To)
	change.Minor = r.price("/amount", b.Amount, h.Hotel.Currency)
	if err := r.err(); err != nil {
		return nil, err
	}
	if _, err := s.Hotels.SetRates(ctx, e, change); err != nil {
		return nil, err
	}
	price := t.BasePrice
	if change.Minor != nil {
		price = *change.Minor
	}
	return &rateOut{Body: wire.Rate{RoomTypeID: t.ID.Text(roomTypeID), From: b.From, To: b.To, Price: wire.Minor(price, h.Hotel.Currency)}}, nil
}

func (s *server) getInventory(ctx context.Context, c *call, in *inventoryGetIn) (*inventoryOut, error) {
	h, _, err := s.ownHouse(ctx, c, in.HotelID)
	if err != nil {
		return nil, err
	}
	t, err := typeIn(h, in.RoomTypeID, true)
	if err != nil {
		return nil, err
	}
	var r reader
	var from, to civil.Date
	if in.From == "" {
		zone, err := civil.Zone(h.Hotel.TimeZone)
		if err != nil {
			return nil, err
		}
		from = civil.Today(s.Clock.Now(), zone)
	} else {
		from = r.date("from", in.From)
	}
	if in.To == "" {
		to = from.Add(defaultNights)
	} else {
		to = r.date("to", in.To)
	}
	if len(r.wrong) == 0 && from >= to {
		r.at("to", "empty_range", "to is the day after the last night, so it comes after from.")
	}
	if err := r.err(); err != nil {
		return nil, err
	}
	return s.inventory(ctx, h, t, from, to)
}

func (s *server) inventory(ctx context.Context, h *hotel.House, t *hotel.RoomType, from, to civil.Date) (*inventoryOut, error) {
	nights, err := s.Hotels.Inventory(ctx, h.Hotel.ID, t.ID, from, to)
	if err != nil {
		return nil, err
	}
	out := &inventoryOut{Body: wire.Inventory{HotelID: h.Hotel.ID.Text(hotelID), RoomTypeID: t.ID.Text(roomTypeID), Nights: make([]wire.Night, len(nights))}}
	for i, n := range nights {
		out.Body.Nights[i] = wire.Night{
			Date: n.Date.String(), Capacity: n.Capacity, Physical: n.Physical, OutOfOrder: n.OutOfOrder, OverbookingBP: n.OverbookingBP, Target: n.Target,
			Closed: n.Closed, Held: n.Held, Sold: n.Sold, Available: n.Available, Oversold: n.Oversold, Price: wire.Minor(n.Price, h.Hotel.Currency),
			MinStay: n.Restriction.MinStay(), MaxStay: n.Restriction.MaxStay(),
			ClosedToArrival: n.Restriction&hotel.ClosedToArrival != 0, ClosedToDeparture: n.Restriction&hotel.ClosedToDeparture != 0,
		}
	}
	return out, nil
}

func (s *server) setInventory(ctx context.Context, c *call, in *roomTypeBodyIn, b *wire.InventoryRequest) (*inventoryOut, error) {
	h, e, err := s.ownHouse(ctx, c, in.HotelID)
	if err != nil {
		return nil, err
	}
	t, err := typeIn(h, in.RoomTypeID, true)
	if err != nil {
		return nil, err
	}
	var r reader
	from, to := r.run(b.From, b.To)
	if b.Capacity == nil && b.OverbookingBP == nil && b.Target == nil && b.Closed == nil && b.MinStay == nil && b.MaxStay == nil &&
		b.ClosedToArrival == nil && b.ClosedToDeparture == nil {
		r.wrong = append(r.wrong, problem.Place{Pointer: "", Code: "required", Message: "Name at least one thing to change."})
	}
	if b.OverbookingBP != nil && b.Target != nil {
		r.at("/target", "not_together", "The target is set by hand or by overbooking_bp, not both.")
	}
	if err := r.err(); err != nil {
		return nil, err
	}
	done, err := s.Hotels.SetInventory(ctx, e, hotel.InventoryChange{
		Hotel: h.Hotel.ID, RoomType: t.ID, From: from, To: to, Capacity: b.Capacity, OverbookingBP: b.OverbookingBP, Target: b.Target, Closed: b.Closed,
		MinStay: b.MinStay, MaxStay: b.MaxStay, ClosedToArrival: b.ClosedToArrival, ClosedToDeparture: b.ClosedToDeparture,
	})
	if err != nil {
		return nil, err
	}
	return s.inventory(ctx, done, t, from, to)
}
