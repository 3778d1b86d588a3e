package wire

import (
	"encoding/json"
	"slices"

	"github.com/danielgtaylor/huma/v2"
)

// ReservationRequest places a reservation.
type ReservationRequest struct {
	ID            string        `json:"id,omitempty" pattern:"^res_[0-9A-Za-z_-]{1,60}$" patternDescription:"res_ and up to 60 letters, digits, - and _" example:"res_order-4711" doc:"An id of your choice, in a namespace of your own; without one we choose. Placing with an id you have used before is refused (reservation_exists)."`
	Items         []ItemRequest `json:"items" minItems:"1" maxItems:"20" doc:"What is wanted, all or nothing."`
	Travellers    []Traveller   `json:"travellers" minItems:"1" maxItems:"99" doc:"Who travels; the first is the contact."`
	ExpectedTotal *Money        `json:"expected_total,omitempty" doc:"The total you showed; if it is another one now, the answer is 409 price_changed and nothing is reserved."`
}

// ItemRequest is one thing to reserve: an offer; or a room type and dates, a train and stations, or a flight, for the best
// public offer.
type ItemRequest struct {
	Offer        string `json:"offer,omitempty" minLength:"5" maxLength:"4096" example:"off_4kdq0w3v9x" doc:"The id of an offer; then nothing else is given but what is wished of its seats."`
	HotelID      string `json:"hotel_id,omitempty" pattern:"^htl_[0-9a-hjkmnp-tv-z]{26}$" patternDescription:"an htl_ id" example:"htl_01kavwy2x4e8hrn5z3m7q9t6b0" doc:"The hotel."`
	RoomTypeID   string `json:"room_type_id,omitempty" pattern:"^rt_[0-9a-hjkmnp-tv-z]{26}$" patternDescription:"an rt_ id" example:"rt_01kavwy2x4e8hrn5z3m7q9t6b0" doc:"The room type."`
	RatePlanID   string `json:"rate_plan_id,omitempty" pattern:"^rp_[0-9a-hjkmnp-tv-z]{26}$" patternDescription:"an rp_ id" example:"rp_01kavwy2x4e8hrn5z3m7q9t6b0" doc:"The rate plan; the cheapest that fits if left out."`
	CheckIn      string `json:"check_in,omitempty" format:"date" example:"2027-06-10" doc:"Day of arrival: the first night."`
	CheckOut     string `json:"check_out,omitempty" format:"date" example:"2027-06-13" doc:"Day of departure: not a night any more."`
	Rooms        *int   `json:"rooms,omitempty" minimum:"1" maximum:"99" example:"1" doc:"How many rooms."`
	Adults       *int   `json:"adults,omitempty" minimum:"1" maximum:"999" example:"2" doc:"Stay: adults in all rooms together, spread evenly, at least one a room; two a room if left out, or one where the type takes no more. Train, flight: adults; one if left out."`
	ChildrenAges []int  `json:"children_ages,omitempty" maxItems:"99" minimum:"0" maximum:"17" example:"[4]" doc:"Age of each child: of a stay spread over the rooms evenly, of a train each with a seat."`

	Train        string `json:"train,omitempty" minLength:"1" maxLength:"16" example:"HR 101" doc:"Number of a train."`
	Flight       string `json:"flight,omitempty" minLength:"3" maxLength:"16" example:"HF 201" doc:"Number of a flight."`
	Date         string `json:"date,omitempty" format:"date" example:"2027-06-10" doc:"Service date of the train, or local date of the flight's first take-off."`
	From         string `json:"from,omitempty" minLength:"1" maxLength:"100" example:"LIS" doc:"Where the train is boarded: code or name of the station; of a flight IATA code, its first airport if left out."`
	To           string `json:"to,omitempty" minLength:"1" maxLength:"100" example:"HAM" doc:"Where it is left."`
	Class        string `json:"class,omitempty" enum:"first,second" example:"second" doc:"Class of the train; second if left out."`
	Cabin        string `json:"cabin,omitempty" pattern:"^[a-z][a-z_]{0,15}$" patternDescription:"a word in small letters" example:"economy" doc:"Cabin of the flight; the cheapest if left out."`
	BookingClass string `json:"booking_class,omitempty" pattern:"^[A-Z]$" patternDescription:"a capital letter" example:"Y" doc:"Booking class of the flight; the cheapest that is open if left out."`
	Fare         string `json:"fare,omitempty" minLength:"1" maxLength:"24" example:"Flex" doc:"Name of the train's fare, or code of the flight's fare family; the cheapest if left out."`
	Children     *int   `json:"children,omitempty" minimum:"0" maximum:"9" example:"1" doc:"Train, flight: children with a seat. On a train they pay as the oldest ones do; give children_ages instead for what each one pays."`
	Infants      *int   `json:"infants,omitempty" minimum:"0" maximum:"9" example:"0" doc:"Train, flight: infants on a lap."`

	Seats       []string     `json:"seats,omitempty" minItems:"1" maxItems:"99" maxLength:"12" example:"[\"12A\",\"12B\"]" doc:"For a train or flight, or an offer of one: the seats of its first ride, by traveller, adults first, then children; an empty text for who wants none in particular."`
	Preferences *Preferences `json:"preferences,omitempty" doc:"What is wished of the seats of the first ride that are not named."`
	Rides       []RideSeats  `json:"rides,omitempty" minItems:"1" maxItems:"16" doc:"The same for each ride of an offer with several, instead of seats and preferences."`
}

// TransformSchema says in the document that an item is one of these forms; item.go holds requests against it, because it
// can name the wrong place.
func (ItemRequest) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	form := func(title string, needs []string, more ...string) map[string]any {
		return map[string]any{"title": title, "required": needs, "properties": without(s, append(more, needs...))}
	}
	s.Extensions = map[string]any{"oneOf": []any{
		form("An offer", []string{"offer"}, "seats", "preferences", "rides"),
		form("A room type and dates", []string{"hotel_id", "room_type_id", "check_in", "check_out", "rooms"}, "rate_plan_id", "adults", "children_ages"),
		form("A train", []string{"train", "date", "from", "to"}, "class", "fare", "adults", "children", "children_ages", "infants", "seats", "preferences", "rides"),
		form("A flight", []string{"flight", "date"}, "from", "to", "cabin", "booking_class", "fare", "adults", "children", "infants", "seats", "preferences", "rides"),
	}}
	return s
}

// without forbids all fields of a schema but those named.
func without(s *huma.Schema, but []string) map[string]any {
	forbidden := map[string]any{}
	for name := range s.Properties {
		if !slices.Contains(but, name) {
			forbidden[name] = false
		}
	}
	return forbidden
}

// Traveller is a person who travels.
type Traveller struct {
	GivenName  string `json:"given_name" minLength:"1" maxLength:"100" example:"Mara" doc:"Given name."`
	FamilyName string `json:"family_name" minLength:"1" maxLength:"100" example:"Lindqvist" doc:"Family name."`
	Email      string `json:"email,omitempty" format:"email" maxLength:"254" example:"mara@example.com" doc:"E-mail address."`
}

// Reservation is what was reserved.
type Reservation struct {
	ID               string      `json:"id" example:"res_01kavwy2x4e8hrn5z3m7q9t6b0" doc:"Id of the reservation: the one you chose, or ours."`
	Locator          string      `json:"locator" example:"H7K3QF" doc:"Six characters for people, without look-alikes."`
	Status           string      `json:"status" enum:"held,confirming,confirmed,completed,expired,rejected,cancelled" example:"held" doc:"held: stock is kept until hold_expires_at. confirming: a payment runs. confirmed: paid, or the money is set aside. completed: delivered. expired: not paid in time. rejected: payment refused. cancelled."`
	PaymentStatus    string      `json:"payment_status" enum:"unpaid,authorized,paid,partially_refunded,refunded,failed,refund_failed" example:"unpaid" doc:"Where the money stands. refund_failed: money is owed to you, the provider refused to return it, and staff see to it."`
	LegacyStatus     string      `json:"legacy_status" enum:"pending,paid,rejected,canceled,refunded" example:"pending" doc:"Both in the five words of the hotel document."`
	HoldExpiresAt    *string     `json:"hold_expires_at,omitempty" format:"date-time" example:"2026-11-22T09:45:00Z" doc:"While held: the end of the hold. While confirming: how long the payment protects it. Otherwise left out."`
	Total            Money       `json:"total" doc:"What was sold, cancelled items included."`
	Paid             Money       `json:"paid" doc:"What was taken."`
	Refunded         Money       `json:"refunded" doc:"What was returned."`
	Items            []Item      `json:"items" doc:"What was reserved."`
	Travellers       []Traveller `json:"travellers" doc:"Who travels."`
	AvailableActions []string    `json:"available_actions" enum:"pay,cancel,change_seats,check_in" example:"[\"pay\",\"cancel\"]" doc:"What you can do next."`
	CreatedAt        string      `json:"created_at" format:"date-time" example:"2026-11-22T09:30:00Z" doc:"When it was placed."`
	UpdatedAt        string      `json:"updated_at" format:"date-time" example:"2026-11-22T09:30:00Z" doc:"When it last changed."`
}

// Item is one sold piece: a stay, a train ride or a flight. The fields of a stay are left out of a ride, and the other way
// round.
type Item struct {
	ID           string      `json:"id" example:"itm_01kavwy2x4e8hrn5z3m7q9t6b0" doc:"Id of the item."`
	Status       string      `json:"status" enum:"held,confirming,confirmed,completed,expired,rejected,cancelled" example:"held" doc:"As of a reservation; single items can be cancelled."`
	Kind         string      `json:"kind" enum:"stay,train,flight" example:"stay" doc:"What it is."`
	HotelID      string      `json:"hotel_id,omitzero" example:"htl_01kavwy2x4e8hrn5z3m7q9t6b0" doc:"Stay: the hotel."`
	HotelName    *string     `json:"hotel_name,omitzero" nullable:"false" example:"Hotel Amsel" doc:"Stay: its name now."`
	RoomTypeID   string      `json:"room_type_id,omitzero" example:"rt_01kavwy2x4e8hrn5z3m7q9t6b0" doc:"Stay: the room type."`
	RoomTypeName *string     `json:"room_type_name,omitzero" nullable:"false" example:"Double room, garden side" doc:"Stay: its name now."`
	RatePlanID   string      `json:"rate_plan_id,omitzero" example:"rp_01kavwy2x4e8hrn5z3m7q9t6b0" doc:"Stay: the rate plan. It may have been changed since; the conditions here are those that were sold."`
	CheckIn      string      `json:"check_in,omitzero" format:"date" example:"2027-06-10" doc:"Stay: day of arrival."`
	CheckOut     string      `json:"check_out,omitzero" format:"date" example:"2027-06-13" doc:"Stay: day of departure."`
	Rooms        []ItemParty `json:"rooms,omitzero" doc:"Stay: who sleeps in each room."`

	Number       string          `json:"number,omitzero" example:"ICE 1672" doc:"Ride: number of the train or flight."`
	RunID        string          `json:"run_id,omitzero" example:"run_01kavwy2x4e8hrn5z3m7q9t6b0" doc:"Train: this train on this day."`
	DepartureID  string          `json:"departure_id,omitzero" example:"dep_01kavwy2x4e8hrn5z3m7q9t6b0" doc:"Flight: this flight on this day."`
	Date         string          `json:"date,omitzero" format:"date" example:"2027-06-10" doc:"Ride: service date of the train, local date of the flight."`
	From         *RidePlace      `json:"from,omitzero" doc:"Ride: where it is boarded."`
	To           *RidePlace      `json:"to,omitzero" doc:"Ride: where it is left."`
	Departs      string          `json:"departs,omitzero" format:"date-time" example:"2027-06-10T08:05:00+02:00" doc:"Ride: when it departs, in local time, as it was sold; notice says what has changed."`
	Arrives      string          `json:"arrives,omitzero" format:"date-time" example:"2027-06-10T11:41:00+02:00" doc:"Ride: when it arrives, in local time, as it was sold."`
	Class        string          `json:"class,omitzero" example:"second" doc:"Train: the class."`
	Cabin        string          `json:"cabin,omitzero" example:"economy" doc:"Flight: the cabin."`
	BookingClass string          `json:"booking_class,omitzero" example:"Y" doc:"Flight: the booking class."`
	Fare         *RideFare       `json:"fare,omitzero" doc:"Ride: the fare it was sold under."`
	Travelling   *RideTravellers `json:"travellers,omitzero" doc:"Ride: who travels."`
	Seats        []ItemSeat      `json:"seats,omitzero" doc:"Ride: the seats, by traveller and way. Who has none yet gets one at check-in."`
	Notice       *Notice         `json:"notice,omitzero" doc:"Ride: what the supplier has changed since it was sold; left out when nothing has. It can then be cancelled for everything back."`

	Price      ItemPrice  `json:"price" doc:"What it costs."`
	Conditions Conditions `json:"conditions" doc:"Of undoing it once paid."`
}

// TransformSchema says in the document which fields an item of a kind has, and shows one of them.
func (Item) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	kind := func(words ...string) map[string]any { return map[string]any{"kind": map[string]any{"enum": words}} }
	s.Extensions = map[string]any{"oneOf": []any{
		map[string]any{"title": "A stay", "properties": kind("stay"), "required": []string{"hotel_id", "room_type_id", "rate_plan_id", "check_in", "check_out", "rooms"}},
		map[string]any{
			"title": "A train ride or flight", "properties": kind("train", "flight"),
			"required": []string{"number", "date", "from", "to", "departs", "arrives", "fare", "travellers", "seats"},
		},
	}}
	s.Examples = []any{json.RawMessage(`{"id": "itm_01kavwy2x4e8hrn5z3m7q9t6b0", "status": "held", "kind": "train", "number": "ICE 1672",
		"run_id": "run_01kavwy2x4e8hrn5z3m7q9t6b0", "date": "2027-06-10", "from": {"code": "8002549", "name": "Hamburg Hbf", "time_zone": "Europe/Berlin"},
		"to": {"code": "8000261", "name": "München Hbf", "time_zone": "Europe/Berlin"}, "departs": "2027-06-10T08:05:00+02:00", "arrives": "2027-06-10T13:41:00+02:00",
		"class": "second", "fare": {"id": "far_01kavwy2x4e8hrn5z3m7q9t6b0", "name": "Flex"}, "travellers": {"adults": 1, "children": 0, "infants": 0},
		"seats": [{"traveller": 0, "seat": "7-61", "coach": "7", "fee": {"amount": "0.00", "currency": "EUR"}}],
		"price": {"total": {"amount": "89.90", "currency": "EUR"}, "base": {"amount": "89.90", "currency": "EUR"}, "taxes": [], "fees": []},
		"conditions": {"free_cancellation_until": "2027-06-09T22:00:00Z", "cancellation_fee_percent": 50}}`)}
	return s
}

// ItemParty is who sleeps in one room of an item.
type ItemParty struct {
	Adults       int   `json:"adults" example:"2" doc:"Adults in the room."`
	ChildrenAges []int `json:"children_ages" example:"[4]" doc:"Age of each child in the room."`
}

// ItemPrice is the price of an item with its parts.
type ItemPrice struct {
	Total Money       `json:"total" doc:"What is to be paid for it."`
	Base  Money       `json:"base" doc:"Before taxes and fees that are added."`
	Taxes []PricePart `json:"taxes" doc:"Taxes."`
	Fees  []PricePart `json:"fees" doc:"Fees."`
}

// ReservationList is a page of reservations.
type ReservationList struct {
	Reservations []Reservation `json:"reservations" doc:"Newest first."`
	Next         *string       `json:"next" example:"AZVqv8XpI4uKr5oOnsfTLw" doc:"Cursor of the next page for the parameter after; null at the end."`
	Previous     *string       `json:"previous" example:"AZVqv8XpI4uKr5oOnsfTLw" doc:"Cursor for the parameter before, for what is newer than this page; null on an empty page."`
}

// History is how a reservation came to be what it is.
type History struct {
	History []HistoryEntry `json:"history" doc:"Oldest first."`
}

// HistoryEntry is one change.
type HistoryEntry struct {
	Version       int64  `json:"version" example:"1" doc:"Number of the change; the ETag of the reservation shows the last."`
	At            string `json:"at" format:"date-time" example:"2026-11-22T09:30:00Z" doc:"When."`
	Actor         Actor  `json:"actor" doc:"Who."`
	Cause         string `json:"cause" enum:"placed,hold_extended,payment_begun,payment_made,payment_taken,payment_refused,payment_lapsed,paid_late,hold_lapsed,released,cancelled,money_returned,delivered,refund_refused,refund_retried,settled_outside,seats_changed,supplier_changed,supplier_withdrew" example:"placed" doc:"Why."`
	From          string `json:"from,omitempty" enum:"held,confirming,confirmed,completed,expired,rejected,cancelled" example:"held" doc:"Status before; left out for the placing."`
	To            string `json:"to" enum:"held,confirming,confirmed,completed,expired,rejected,cancelled" example:"held" doc:"Status after."`
	PaymentStatus string `json:"payment_status" enum:"unpaid,authorized,paid,partially_refunded,refunded,failed,refund_failed" example:"unpaid" doc:"Where the money stood after."`
	Note          string `json:"note,omitempty" example:"540.00 EUR" doc:"Further facts."`
}

// Actor is who did something.
type Actor struct {
	Kind string `json:"kind" enum:"traveller,staff,system" example:"traveller" doc:"In which role."`
	ID   string `json:"id,omitempty" example:"traveller-1" doc:"Who; travellers see only their own name here."`
}

// PayRequest pays.
type PayRequest struct {
	PaymentMethod string `json:"payment_method" minLength:"1" maxLength:"255" example:"pm_test_approved" doc:"The token of the payment provider; never a card number. In the sandbox: pm_test_approved, pm_test_declined, pm_test_slow, pm_test_unknown, pm_test_late, pm_test_capture_refused, pm_test_late_captured, pm_test_refund_refused, pm_test_refund_refused_1h."`
}

// CancellationRequest asks what cancelling costs.
type CancellationRequest struct {
	Items []string `json:"items,omitempty" maxItems:"20" uniqueItems:"true" pattern:"^itm_[0-9a-hjkmnp-tv-z]{26}$" patternDescription:"an itm_ id" example:"[\"itm_01kavwy2x4e8hrn5z3m7q9t6b0\"]" doc:"Only these items; left out: everything that is not cancelled yet."`
}

// Cancellation is a quote: what cancelling costs, for a short time.
type Cancellation struct {
	ID            string   `json:"id" example:"quo_01kavwy2x4e8hrn5z3m7q9t6b0" doc:"Id of the quote."`
	ReservationID string   `json:"reservation_id" example:"res_01kavwy2x4e8hrn5z3m7q9t6b1" doc:"The reservation."`
	Items         []string `json:"items" example:"[\"itm_01kavwy2x4e8hrn5z3m7q9t6b0\"]" doc:"What would be cancelled."`
	Refund        Money    `json:"refund" doc:"What would be returned, to the cent."`
	Fee           Money    `json:"fee" doc:"What would be kept."`
	ExpiresAt     string   `json:"expires_at" format:"date-time" example:"2026-11-22T09:45:00Z" doc:"Until then it can be confirmed, unless the reservation changes."`
}

// Payment is one attempt to pay.
type Payment struct {
	ID            string `json:"id" example:"pay_01kavwy2x4e8hrn5z3m7q9t6b0" doc:"Id of the payment."`
	ReservationID string `json:"reservation_id" example:"res_01kavwy2x4e8hrn5z3m7q9t6b4" doc:"The reservation it pays for; our id of it."`
	Amount        Money  `json:"amount" doc:"How much."`
	Method        string `json:"method" example:"pm_test_approved" doc:"The token it was paid with."`
	Status        string `json:"status" enum:"pending,authorized,declined,captured,voided" example:"captured" doc:"pending: the outcome is not known yet. authorized: set aside. captured: taken. voided: let go."`
	Reason        string `json:"reason,omitempty" example:"insufficient_funds" doc:"Why it was declined."`
	Refunded      Money  `json:"refunded" doc:"How much of it went back."`
	CreatedAt     string `json:"created_at" format:"date-time" example:"2026-11-22T09:31:00Z" doc:"When it was begun."`
	UpdatedAt     string `json:"updated_at" format:"date-time" example:"2026-11-22T09:31:01Z" doc:"When it last changed."`
}

// Refund is money on its way back.
type Refund struct {
	ID        string `json:"id" example:"rfd_01kavwy2x4e8hrn5z3m7q9t6b0" doc:"Id of the refund."`
	PaymentID string `json:"payment_id" example:"pay_01kavwy2x4e8hrn5z3m7q9t6b0" doc:"The payment it is taken from."`
	Amount    Money  `json:"amount" doc:"How much."`
	Status    string `json:"status" enum:"pending,succeeded,failed" example:"succeeded" doc:"failed: the provider refused for good; staff have it tried again, or pay by other means."`
	Reference string `json:"reference,omitempty" example:"SEPA transfer of 22 November, statement 112" doc:"Where to find it, when it was paid by other means."`
	CreatedAt string `json:"created_at" format:"date-time" example:"2026-11-22T10:02:00Z" doc:"When it was begun."`
}

// PaymentList is the payments and refunds of a reservation.
type PaymentList struct {
	Payments []Payment `json:"payments" doc:"Oldest first."`
	Refunds  []Refund  `json:"refunds" doc:"Oldest first."`
	Next     *string   `json:"next" example:"MA" doc:"Always null: a reservation has few payments."`
}
