package wire

// RidePlace is where a ride begins or ends.
type RidePlace struct {
	Code     string `json:"code" example:"8002549" doc:"Code of the station, or IATA code of the airport."`
	Name     string `json:"name,omitempty" example:"Hamburg Hbf" doc:"Its name now; left out when it is not known here any more."`
	TimeZone string `json:"time_zone,omitempty" example:"Europe/Berlin" doc:"IANA time zone of its times."`
}

// RideFare is the fare of a ride.
type RideFare struct {
	ID   string `json:"id" example:"far_01kavwy2x4e8hrn5z3m7q9t6b0" doc:"Id of the fare. It may have been changed since; the conditions of the item are those that were sold."`
	Name string `json:"name" example:"Flex" doc:"Its name when it was sold."`
}

// RideTravellers is who goes on a ride.
type RideTravellers struct {
	Adults   int `json:"adults" example:"1" doc:"Adults."`
	Children int `json:"children" example:"0" doc:"Children with a seat of their own."`
	Infants  int `json:"infants" example:"0" doc:"Infants on a lap."`
}

// ItemSeat is a seat that a traveller has, all the way or on a part of it.
type ItemSeat struct {
	Traveller int        `json:"traveller" example:"0" doc:"Which traveller of the item, from 0: adults first, then children."`
	Seat      string     `json:"seat" example:"7-61" doc:"What it says on the seat."`
	Coach     string     `json:"coach,omitempty" example:"7" doc:"Train: the coach."`
	From      *RidePlace `json:"from,omitempty" doc:"Where this seat begins, when it changes on the way."`
	To        *RidePlace `json:"to,omitempty" doc:"Where this seat ends, when it changes on the way."`
	Fee       Money      `json:"fee" doc:"What choosing it cost; part of the item's price."`
}

// Notice is what a supplier has changed of a ride after it was sold.
type Notice struct {
	Withdrawn bool   `json:"withdrawn" example:"false" doc:"It does not run. What is not cancelled by the time it would have been over is returned by itself."`
	Departs   string `json:"departs,omitempty" format:"date-time" example:"2027-06-10T08:45:00+02:00" doc:"When it departs now."`
	Arrives   string `json:"arrives,omitempty" format:"date-time" example:"2027-06-10T14:21:00+02:00" doc:"When it arrives now."`
	Note      string `json:"note,omitempty" example:"Engineering works" doc:"Why, for people."`
	At        string `json:"at" format:"date-time" example:"2027-06-09T18:00:00Z" doc:"When the reservation was told."`
}

// Preferences are what travellers wish of their seats. Each of the first is true for wanted, false for to be avoided; seats
// that fit best are taken, and others where there are none.
type Preferences struct {
	Window      *bool `json:"window,omitempty" example:"true" doc:"At the window."`
	Aisle       *bool `json:"aisle,omitempty" example:"false" doc:"At the aisle."`
	Table       *bool `json:"table,omitempty" example:"true" doc:"At a table."`
	Quiet       *bool `json:"quiet,omitempty" example:"true" doc:"In the quiet zone."`
	ExitRow     *bool `json:"exit_row,omitempty" example:"false" doc:"In an exit row."`
	Legroom     *bool `json:"legroom,omitempty" example:"true" doc:"With more room for the legs."`
	Accessible  *bool `json:"accessible,omitempty" example:"false" doc:"For people with reduced mobility."`
	Power       *bool `json:"power,omitempty" example:"true" doc:"With a socket."`
	Compartment *bool `json:"compartment,omitempty" example:"false" doc:"In a compartment."`
	Bulkhead    *bool `json:"bulkhead,omitempty" example:"false" doc:"Behind a bulkhead."`
	Family      *bool `json:"family,omitempty" example:"true" doc:"In the family zone."`
	Bike        *bool `json:"bike,omitempty" example:"false" doc:"By a place for a bicycle."`
	Together    bool  `json:"together,omitzero" example:"true" doc:"Next to each other, in one coach or cabin section."`
	SeatChange  bool  `json:"seat_change,omitzero" example:"false" doc:"A change of seats on the way is accepted where no seat is free all the way; otherwise the answer is 409 no_single_seat."`
}

// RideSeats is what is wished of the seats of one ride of an offer.
type RideSeats struct {
	Ride        int          `json:"ride" minimum:"0" maximum:"15" example:"0" doc:"Which ride of the offer, from 0, in the order of travel."`
	Seats       []string     `json:"seats,omitempty" minItems:"1" maxItems:"99" maxLength:"12" example:"[\"12A\",\"12B\"]" doc:"By traveller, adults first, then children; an empty text for who wants none in particular."`
	Preferences *Preferences `json:"preferences,omitempty" doc:"What is wished of the seats that are not named."`
}

// SeatsRequest changes the seats of an item.
type SeatsRequest struct {
	Seats []string `json:"seats" minItems:"1" maxItems:"99" maxLength:"12" example:"[\"7-62\"]" doc:"By traveller, adults first, then children; an empty text for who keeps what they have."`
}

// CheckInRequest gives seats to travellers who have none.
type CheckInRequest struct {
	Preferences *Preferences `json:"preferences,omitempty" doc:"What is wished of the seats."`
}
