package rest

import (
	"context"
	"net/http"
	"slices"
	"time"

	"holdfast/hotel"
	"holdfast/identity"
	"holdfast/money"
	"holdfast/offer"
	"holdfast/reservation"
	"holdfast/rest/problem"
	"holdfast/rest/wire"
)

// ReservationPath is the address of a reservation.
type ReservationPath struct {
	ReservationID string `path:"reservation_id" maxLength:"80" example:"res_01kavwy2x4e8hrn5z3m7q9t6b0" doc:"Id of the reservation: the one you chose, or ours."`
}

type placeIn struct {
	NeedsKey
	Raw
}

type placedOut struct {
	Location string `header:"Location" doc:"Address of the reservation."`
	ETag     string `header:"ETag" doc:"Version of the reservation."`
	Replayed string `header:"Idempotent-Replayed" doc:"true when the answer is the stored one of an earlier call."`
	Body     wire.Reservation
}

type reservationGetIn struct {
	ReservationPath
	IfNoneMatch
}

type reservationOut struct {
	Status int
	ETag   string `header:"ETag" doc:"Version of the reservation."`
	Body   *wire.Reservation
}

type reservationListIn struct {
	Page
	Before       string `query:"before" maxLength:"64" doc:"The cursor \"previous\" of a page: what is newer than it."`
	Status       string `query:"status" enum:"held,confirming,confirmed,completed,expired,rejected,cancelled" doc:"Only those in this status."`
	Locator      string `query:"locator" maxLength:"6" doc:"Only the one with this locator."`
	Archived     bool   `query:"archived" doc:"List those in the archive instead: what has been over for long. By id or locator they are found without this."`
	UpdatedSince string `query:"updated_since" format:"date-time" doc:"Only those that changed at or after this instant."`
}

type reservationListOut struct {
	Body wire.ReservationList
}

type historyOut struct {
	Body wire.History
}

// booking are the scopes that may read reservations: their callers, and staff.
var (
	booking  = []identity.Scope{identity.ReservationsWrite}
	bookings = []identity.Scope{identity.ReservationsWrite, identity.InventoryWrite, identity.RefundsApprove}
)

// placingCodes are what can keep something from being reserved.
var placingCodes = []string{
	"sold_out", "hold_limit", "not_on_sale", "offer_expired", "offer_revoked", "offer_invalid", "offer_not_yours", "price_changed", "reservation_exists",
	"currency_mismatch", "too_many_items", "min_stay", "max_stay", "closed_to_arrival", "closed_to_departure", "hotel_not_found", "room_type_not_found",
	"rate_plan_not_found", "in_past", "beyond_horizon", "dates_backwards", "stay_too_long", "occupancy_exceeded", "rooms_out_of_range",
	"adults_out_of_range", "children_out_of_range", "offer_too_large", "too_many_units", "items_missing", "travellers_missing",
	"no_single_seat", "seat_unavailable", "seat_unknown", "no_seats", "too_many_seats", "seats_unplaced",
	"offer_outdated", "not_served", "train_not_found", "train_cancelled", "no_such_ride", "fare_unknown", "same_place", "departed", "place_unknown", "place_invalid",
	"flight_not_found", "flight_cancelled", "flight_ambiguous", "cabin_not_found", "class_not_found", "family_not_found", "party_invalid", "out_of_range",
	"child_age_out_of_range",
}

func (s *server) reservationCalls() {
	const tag = "Reservations"
	const path = "/v1/reservations"
	handleBody(s, operation{
		id: "place-reservation", method: http.MethodPost, path: path, tag: tag, summary: "Reserve",
		about: "Keeps the stock of all items, or of none, until `hold_expires_at`; pay before then. An item is the offer of a search; or a room type " +
			"with dates, a train with stations, or a flight, for which the best public offer is taken. Seats of trains are given out now, those of flights when they are chosen or at check-in; " +
			"what choosing costs is added to the price as the fee `seat`.",
		scopes: booking, status: http.StatusCreated, key: keyRequired, codes: placingCodes,
		examples: []example{
			{"plain", "A room type and dates", `{"items": [{"hotel_id": "htl_01kavwy2x4e8hrn5z3m7q9t6b0", "room_type_id": "rt_01kavwy2x4e8hrn5z3m7q9t6b0", "check_in": "2027-06-10", "check_out": "2027-06-13", "rooms": 1, "adults": 2, "children_ages": [4]}],
				"travellers": [{"given_name": "Mara", "family_name": "Lindqvist", "email": "mara@example.com"}]}`},
			{"offer", "An offer of a search", `{"items": [{"offer": "off_4kdq0w3v9x"}], "travellers": [{"given_name": "Mara", "family_name": "Lindqvist", "email": "mara@example.com"}]}`},
			{"seats", "A flight with two seats", `{"items": [{"offer": "off_7flight0w3", "seats": ["12A", "12B"]}], "travellers": [{"given_name": "Mara", "family_name": "Lindqvist"}, {"given_name": "Jon", "family_name": "Lindqvist"}]}`},
			{"rides", "A train journey with a change, with wishes for each train", `{"items": [{"offer": "off_7train0w3", "rides": [{"ride": 0, "seats": ["7-11"]}, {"ride": 1, "preferences": {"window": true, "quiet": true, "seat_change": true}}]}],
				"travellers": [{"given_name": "Mara", "family_name": "Lindqvist"}]}`},
			{"train", "A train", `{"items": [{"train": "HR 101", "date": "2027-06-10", "from": "Lisbon", "to": "Porto", "class": "second", "adults": 1, "preferences": {"window": true}}], "travellers": [{"given_name": "Mara", "family_name": "Lindqvist"}]}`},
			{"flight", "A flight", `{"items": [{"flight": "HF 201", "date": "2027-06-10", "cabin": "economy", "adults": 2, "children": 1, "seats": ["14A", "14B", "14C"]}], "travellers": [{"given_name": "Mara", "family_name": "Lindqvist"}]}`},
			{"own_id", "With an id of your own and the total you showed", `{"id": "res_order-4711", "items": [{"hotel_id": "htl_01kavwy2x4e8hrn5z3m7q9t6b0", "room_type_id": "rt_01kavwy2x4e8hrn5z3m7q9t6b0", "check_in": "2027-06-10", "check_out": "2027-06-13", "rooms": 1}],
				"travellers": [{"given_name": "Mara", "family_name": "Lindqvist"}], "expected_total": {"amount": "540.00", "currency": "EUR"}}`},
		},
	}, s.place)
	handle(s, operation{
		id: "list-reservations", method: http.MethodGet, path: path, tag: tag, summary: "List reservations",
		about:  "Your own; for staff of a supplier those with its items; for the operator all. Newest first.",
		scopes: bookings, status: http.StatusOK,
	}, s.listReservations)
	handle(s, operation{
		id: "get-reservation", method: http.MethodGet, path: path + "/{reservation_id}", tag: tag, summary: "Read a reservation",
		about:  "A hold that has lapsed reads as expired at once.",
		scopes: bookings, status: http.StatusOK, codes: []string{"reservation_not_found"}, answers: map[int]string{http.StatusNotModified: "You have the current version."},
	}, s.getReservation)
	handle(s, operation{
		id: "get-history", method: http.MethodGet, path: path + "/{reservation_id}/history", tag: tag, summary: "Read the history of a reservation",
		about:  "Every change with who made it and why, oldest first.",
		scopes: bookings, status: http.StatusOK, codes: []string{"reservation_not_found"},
	}, s.history)
	handle(s, operation{
		id: "extend-reservation", method: http.MethodPost, path: path + "/{reservation_id}/extend", tag: tag, summary: "Extend a hold",
		about:  "Gives an unpaid reservation more time to be paid, up to a cap. No body. The header Idempotency-Key is not needed: how often a hold was extended shows in its history.",
		scopes: booking, status: http.StatusOK, codes: []string{"reservation_not_found", "not_all_yours", "hold_expired", "hold_limit", "not_extendable"}, noBody: true,
	}, s.extend)
	handle(s, operation{
		id: "release-reservation", method: http.MethodDelete, path: path + "/{reservation_id}", tag: tag, summary: "Cancel an unpaid reservation",
		about:  "Gives the stock back. Repeating it changes nothing. Once paid, cancelling needs a quote (409 `quote_required`).",
		scopes: booking, status: http.StatusNoContent, codes: []string{"reservation_not_found", "not_all_yours", "quote_required", "payment_running", "not_cancellable"},
	}, s.release)
}

func (s *server) place(ctx context.Context, c *call, in *placeIn, b *wire.ReservationRequest) (*placedOut, error) {
	key, err := c.key(in.IdempotencyKey, keyRequired)
	if err != nil {
		return nil, err
	}
	var r reader
	offers, plain := readItems(&r, b.Items)
	seats := readSeats(&r, b.Items)
	expected := r.money("/expected_total", b.ExpectedTotal)
	if err := r.err(); err != nil {
		return nil, err
	}
	req := reservation.PlaceRequest{Caller: c.caller(), Key: key, Name: b.ID, Expected: expected, Travellers: make([]reservation.Traveller, len(b.Travellers))}
	for i, t := range b.Travellers {
		req.Travellers[i] = reservation.Traveller(t)
	}
	for i, it := range plain {
		if it == nil {
			continue
		}
		if offers[i], err = it.price(ctx, s, "/items/"+itoa(i)); err != nil {
			req.Refusal = err // reservations decide: a repeated call gets its stored answer all the same
			break
		}
	}
	if req.Refusal == nil {
		req.Offers, req.Seats = offers, seats
	}
	a, err := s.Reservations.Place(ctx, req)
	if err != nil {
		return nil, err
	}
	shown := s.showReservation(ctx, a.Reservation)
	return &placedOut{Location: "/v1/reservations/" + shown.ID, ETag: etag(a.Reservation.Version, ""), Replayed: replayed(a), Body: shown}, nil
}

// shownID is the id by which a caller knows a reservation.
func shownID(r *reservation.Reservation) string {
	if r.Name != "" {
		return r.Name
	}
	return r.ID.Text(reservationID)
}

// showReservation shows a reservation to the one who placed it; others know it by our id.
func (s *server) showReservation(ctx context.Context, r *reservation.Reservation) wire.Reservation {
	out := wire.Reservation{
		ID: r.ID.Text(reservationID), Locator: r.Locator, Status: r.Status.String(), PaymentStatus: r.Payment.String(), LegacyStatus: legacyStatus(r.Status, r.Payment),
		Total: wire.MoneyOf(r.Total()), Paid: wire.Minor(r.Paid, r.Currency), Refunded: wire.Minor(r.Refunded, r.Currency),
		Items: make([]wire.Item, len(r.Items)), Travellers: make([]wire.Traveller, len(r.Travellers)), AvailableActions: actions(r),
		CreatedAt: instant(r.CreatedAt), UpdatedAt: instant(r.UpdatedAt),
	}
	if x := exchangeOf(ctx); x != nil && x.who != nil && x.who.Subject == r.Caller {
		out.ID = shownID(r)
	}
	if r.Status == reservation.Held || r.Status == reservation.Confirming {
		out.HoldExpiresAt = moment(r.HoldExpiresAt)
	}
	for i, t := range r.Travellers {
		out.Travellers[i] = wire.Traveller(t)
	}
	seen := s.names(ctx)
	for i := range r.Items {
		out.Items[i] = s.showItem(seen, &r.Items[i], r.Currency)
	}
	return out
}

func (s *server) showItem(seen *names, it *reservation.Item, c money.Currency) wire.Item {
	if it.Ride != nil {
		return s.showRide(seen, it, c)
	}
	stay := &it.Stay
	out := wire.Item{
		ID: it.ID.Text(itemID), Status: it.Status.String(), Kind: "stay", HotelID: stay.Hotel.Text(hotelID), RoomTypeID: stay.RoomType.Text(roomTypeID), RatePlanID: stay.Plan.Text(ratePlanID),
		HotelName: &unnamed, RoomTypeName: &unnamed,
		CheckIn: stay.CheckIn.String(), CheckOut: stay.CheckOut.String(), Rooms: showParties(stay.Rooms),
		Price:      itemPrice(it, c),
		Conditions: wire.Conditions{FreeCancellationUntil: moment(it.Terms.FreeUntil), CancellationFeePercent: percent(it.Terms.FeeBP), Board: hotel.Board(stay.Board).String()},
	}
	h := seen.house(s, stay.Hotel)
	if h == nil {
		return out
	}
	out.HotelName = &h.Hotel.Name
	if t := h.Type(stay.RoomType); t != nil {
		out.RoomTypeName = &t.Name
	}
	return out
}

// unnamed is shown for what is not known any more.
var unnamed string

func itemPrice(it *reservation.Item, c money.Currency) wire.ItemPrice {
	out := wire.ItemPrice{Total: wire.Minor(it.Price.Total(), c), Base: wire.Minor(it.Price.Base, c)}
	out.Taxes, out.Fees = taxesAndFees(it.Price.Parts, c)
	return out
}

func showParties(rooms []offer.Party) []wire.ItemParty {
	out := make([]wire.ItemParty, len(rooms))
	for i, p := range rooms {
		out[i] = wire.ItemParty{Adults: int(p.Adults), ChildrenAges: ints(p.ChildAges)}
	}
	return out
}

// legacyStatus says both states in the five words of the hotel document (design.md section 5).
func legacyStatus(s reservation.Status, p reservation.PaymentStatus) string {
	switch {
	case p == reservation.Refunded:
		return "refunded"
	case s == reservation.Rejected:
		return "rejected"
	case s == reservation.Cancelled, s == reservation.Expired:
		return "canceled"
	case s == reservation.Held, s == reservation.Confirming, p != reservation.Paid && p != reservation.PartiallyRefunded && p != reservation.RefundFailed:
		return "pending"
	}
	return "paid"
}

// actions are what can be done next, by state alone: a stored answer must not change with the clock. Whether a hold can be
// extended depends on caps besides, so it is for the call to say.
func actions(r *reservation.Reservation) []string {
	var change, lacking bool
	for i := range r.Items {
		c, l := reseatable(&r.Items[i])
		change, lacking = change || c, lacking || l
	}
	switch r.Status {
	case reservation.Held:
		all := []string{"pay", "cancel"}
		if change {
			all = append(all, "change_seats")
		}
		return all
	case reservation.Confirmed:
		all := []string{"cancel"}
		if change {
			all = append(all, "change_seats")
		}
		if lacking {
			all = append(all, "check_in")
		}
		return all
	case reservation.Confirming, reservation.Completed, reservation.Expired, reservation.Rejected, reservation.Cancelled:
	}
	return []string{}
}

func (s *server) listReservations(ctx context.Context, c *call, in *reservationListIn) (*reservationListOut, error) {
	f := reservation.Filter{Locator: in.Locator, Archived: in.Archived, Limit: min(in.limit()+1, reservation.MaxPage)} // one more tells whether there is a next page
	var err error
	if f.After, err = parseCursor("after", in.After); err != nil {
		return nil, err
	}
	if f.Before, err = parseCursor("before", in.Before); err != nil {
		return nil, err
	}
	if in.Status != "" {
		i := slices.IndexFunc(reservation.Statuses, func(s reservation.Status) bool { return s.String() == in.Status })
		f.Status = reservation.Statuses[i]
	}
	if in.UpdatedSince != "" {
		if f.Updated, err = time.Parse(time.RFC3339, in.UpdatedSince); err != nil {
			return nil, invalidPlaces([]problem.Place{{Pointer: "updated_since", Code: "wrong_format", Message: "Expected an instant such as 2027-03-12T15:00:00Z (RFC 3339)."}})
		}
	}
	found, err := s.Reservations.Reservations(ctx, c.caller(), f)
	if err != nil {
		return nil, err
	}
	more := len(found) > in.limit() || len(found) == reservation.MaxPage
	if len(found) > in.limit() {
		if f.Before.IsZero() {
			found = found[:in.limit()]
		} else {
			found = found[1:] // the one furthest from the cursor is the newest
		}
	}
	out := &reservationListOut{Body: wire.ReservationList{Reservations: make([]wire.Reservation, len(found))}}
	for i, r := range found {
		out.Body.Reservations[i] = s.showReservation(ctx, r)
	}
	if n := len(found); n > 0 {
		out.Body.Previous = cursorOf(found[0].ID)
		if more || !f.Before.IsZero() {
			out.Body.Next = cursorOf(found[n-1].ID)
		}
	}
	return out, nil
}

func (s *server) getReservation(ctx context.Context, c *call, in *reservationGetIn) (*reservationOut, error) {
	r, err := s.Reservations.Reservation(ctx, c.caller(), in.ReservationID)
	if err != nil {
		return nil, err
	}
	out := &reservationOut{Status: http.StatusOK, ETag: reservationTag(r)}
	if in.fresh(out.ETag) {
		out.Status = http.StatusNotModified
		return out, nil
	}
	shown := s.showReservation(ctx, r)
	out.Body = &shown
	return out, nil
}

// reservationTag names a version. A hold that reads as expired before the sweep has written it is another answer than
// the held one of the same version.
func reservationTag(r *reservation.Reservation) string {
	if r.Status == reservation.Expired {
		return etag(r.Version, "-expired")
	}
	return etag(r.Version, "")
}

func (s *server) history(ctx context.Context, c *call, in *ReservationPath) (*historyOut, error) {
	entries, err := s.Reservations.History(ctx, c.caller(), in.ReservationID)
	if err != nil {
		return nil, err
	}
	out := &historyOut{Body: wire.History{History: make([]wire.HistoryEntry, len(entries))}}
	for i, e := range entries {
		shown := wire.HistoryEntry{
			Version: e.Version, At: instant(e.At), Actor: wire.Actor{Kind: e.Actor.Kind.String()}, Cause: e.Cause.String(), To: e.To.String(),
			PaymentStatus: e.Payment.String(), Note: e.Note,
		}
		if e.From != 0 {
			shown.From = e.From.String()
		}
		if c.staff() || e.Actor.ID == c.who.Subject && e.Actor.Kind != reservation.SystemActor {
			shown.Actor.ID = e.Actor.ID
		}
		out.Body.History[i] = shown
	}
	return out, nil
}

func (s *server) extend(ctx context.Context, c *call, in *ReservationPath) (*reservationOut, error) {
	a, err := s.Reservations.Extend(ctx, c.caller(), in.ReservationID)
	if err != nil {
		return nil, err
	}
	shown := s.showReservation(ctx, a.Reservation)
	return &reservationOut{Status: http.StatusOK, ETag: etag(a.Reservation.Version, ""), Body: &shown}, nil
}

func (s *server) release(ctx context.Context, c *call, in *ReservationPath) (*nothing, error) {
	return nil, s.Reservations.Release(ctx, c.caller(), in.ReservationID)
}
