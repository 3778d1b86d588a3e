package wire

// TrainRequest is from where to where by train, when, and who.
type TrainRequest struct {
	From          string      `json:"from" minLength:"1" maxLength:"100" example:"Lisbon" doc:"Where it begins: the code of a station, its name, or words of it; a city means all its stations."`
	To            string      `json:"to" minLength:"1" maxLength:"100" example:"Porto" doc:"Where it ends."`
	Date          string      `json:"date,omitempty" format:"date" example:"2027-06-10" doc:"Departing on this day, where the journey begins. Exactly one of date, depart_after and arrive_before."`
	DepartAfter   string      `json:"depart_after,omitempty" format:"date-time" example:"2027-06-10T08:00:00+02:00" doc:"Departing at or after this instant."`
	ArriveBefore  string      `json:"arrive_before,omitempty" format:"date-time" example:"2027-06-10T18:00:00+02:00" doc:"Arriving at or before this instant."`
	WindowMinutes int         `json:"window_minutes,omitzero" minimum:"1" maximum:"2880" example:"240" doc:"How far to look after depart_after, or before arrive_before; a day if left out."`
	Travellers    *TrainParty `json:"travellers,omitempty" doc:"Who travels; one adult if left out."`
	Class         string      `json:"class,omitempty" enum:"first,second" example:"second" doc:"Class; second if left out."`
	MaxChanges    *int        `json:"max_changes,omitempty" minimum:"0" maximum:"7" example:"1" doc:"Changes at most: 0 for direct trains. Left out: up to 7."`
	Fare          string      `json:"fare,omitempty" minLength:"1" maxLength:"24" example:"Flex" doc:"Only this fare; all if left out."`
}

// TrainParty is who goes by train.
type TrainParty struct {
	Adults       int   `json:"adults,omitzero" minimum:"0" maximum:"9" example:"2" doc:"Adults."`
	ChildrenAges []int `json:"children_ages,omitempty" maxItems:"9" minimum:"0" maximum:"17" example:"[4]" doc:"Age of each child with a seat of its own."`
	Infants      int   `json:"infants,omitzero" minimum:"0" maximum:"9" example:"0" doc:"Infants on a lap."`
}

// FlightRequest is from where to where by plane, when, and who.
type FlightRequest struct {
	Slices             []SliceRequest `json:"slices" minItems:"1" maxItems:"6" doc:"Each direction, in the order of travel: one is one way, two there and back."`
	Travellers         *FlightParty   `json:"travellers,omitempty" doc:"Who travels; one adult if left out."`
	Cabin              string         `json:"cabin,omitempty" pattern:"^[a-z][a-z_]{0,15}$" patternDescription:"a word in small letters" example:"economy" doc:"Cabin of all flights; the cheapest of any if left out."`
	MaxStops           *int           `json:"max_stops,omitempty" minimum:"0" maximum:"2" example:"1" doc:"Changes of planes in a slice at most; 2 if left out."`
	Carriers           []string       `json:"carriers,omitempty" maxItems:"50" pattern:"^[A-Z0-9]{2,3}$" patternDescription:"the code of a carrier" example:"HF" doc:"Only flights under numbers of these carriers."`
	ExcludeCarriers    []string       `json:"exclude_carriers,omitempty" maxItems:"50" pattern:"^[A-Z0-9]{2,3}$" patternDescription:"the code of a carrier" example:"XY" doc:"No flights under numbers of these carriers."`
	MaxDurationMinutes int            `json:"max_duration_minutes,omitzero" minimum:"1" maximum:"10080" example:"600" doc:"How long a slice takes at most."`
	Fare               string         `json:"fare,omitempty" minLength:"1" maxLength:"24" example:"FLEX" doc:"Only the fare family of this code; all if left out."`
	SameCarrier        bool           `json:"same_carrier,omitzero" example:"false" doc:"No combinations of flights of different carriers."`
}

// SliceRequest is one direction.
type SliceRequest struct {
	From          string     `json:"from" minLength:"1" maxLength:"100" example:"LIS" doc:"Where it begins: IATA code of an airport or metropolitan area, or the name of a city."`
	To            string     `json:"to" minLength:"1" maxLength:"100" example:"HAM" doc:"Where it ends."`
	Date          string     `json:"date" format:"date" example:"2027-06-10" doc:"Local day of departure."`
	DepartBetween *TimeRange `json:"depart_between,omitempty" doc:"Local times between which it departs."`
	ArriveBetween *TimeRange `json:"arrive_between,omitempty" doc:"Local times between which it arrives."`
}

// TimeRange is times of the day, both inclusive; it may pass midnight.
type TimeRange struct {
	From string `json:"from" pattern:"^([01][0-9]|2[0-3]):[0-5][0-9]$" patternDescription:"a time as HH:MM" example:"06:00" doc:"Earliest local time."`
	To   string `json:"to" pattern:"^([01][0-9]|2[0-3]):[0-5][0-9]$" patternDescription:"a time as HH:MM" example:"12:00" doc:"Latest local time."`
}

// FlightParty is who flies.
type FlightParty struct {
	Adults   int `json:"adults" minimum:"1" maximum:"9" example:"2" doc:"Adults."`
	Children int `json:"children,omitzero" minimum:"0" maximum:"9" example:"1" doc:"Children with a seat of their own."`
	Infants  int `json:"infants,omitzero" minimum:"0" maximum:"9" example:"0" doc:"Infants on a lap."`
}

// OfferFare is the fare of an offer.
type OfferFare struct {
	ID         string `json:"id" example:"far_01kavwy2x4e8hrn5z3m7q9t6b0" doc:"Id of the fare."`
	Name       string `json:"name" example:"Flex" doc:"Its name."`
	Code       string `json:"code,omitempty" example:"FLEX" doc:"Flight: code of the fare family."`
	CarryOn    *int   `json:"carry_on,omitempty" example:"1" doc:"Flight: pieces of luggage in the cabin."`
	Bags       *int   `json:"bags,omitempty" example:"1" doc:"Flight: checked pieces of luggage."`
	SeatChoice string `json:"seat_choice,omitempty" enum:"paid,free" example:"paid" doc:"Flight: whether choosing a seat costs something."`
	ChangeFee  *Money `json:"change_fee,omitempty" doc:"Flight: what changing to another flight costs each traveller, besides a dearer fare; left out when it is not possible."`
}

// TrainLeg is a ride on a train, or a way on foot.
type TrainLeg struct {
	Kind             string     `json:"kind" enum:"ride,walk" example:"ride" doc:"What it is."`
	Ride             *int       `json:"ride,omitempty" nullable:"false" example:"0" doc:"Number of the ride in the offer, for rides in POST /v1/reservations."`
	RunID            string     `json:"run_id,omitempty" example:"run_01kavwy2x4e8hrn5z3m7q9t6b0" doc:"The train on this day."`
	Number           string     `json:"number,omitempty" example:"HR 101" doc:"Number of the train."`
	Name             string     `json:"name,omitempty" example:"Tejo" doc:"Its name, where it has one."`
	Category         string     `json:"category,omitempty" example:"ICE" doc:"Kind of train."`
	Carrier          string     `json:"carrier,omitempty" example:"Seaside Rail" doc:"Who runs it."`
	Line             string     `json:"line,omitempty" example:"42" doc:"Its line."`
	Date             string     `json:"date,omitempty" format:"date" example:"2027-06-10" doc:"Its service date, which may be the day before."`
	From             RidePlace  `json:"from" doc:"Where it begins."`
	To               RidePlace  `json:"to" doc:"Where it ends."`
	Departs          string     `json:"departs" format:"date-time" example:"2027-06-10T08:05:00+02:00" doc:"When it departs as expected now, in local time."`
	Arrives          string     `json:"arrives" format:"date-time" example:"2027-06-10T11:41:00+02:00" doc:"When it arrives as expected now, in local time."`
	ScheduledDeparts string     `json:"scheduled_departs,omitempty" format:"date-time" example:"2027-06-10T08:00:00+02:00" doc:"When the timetable has it depart; left out when that is the same."`
	ScheduledArrives string     `json:"scheduled_arrives,omitempty" format:"date-time" example:"2027-06-10T11:36:00+02:00" doc:"When the timetable has it arrive; left out when that is the same."`
	Minutes          int        `json:"duration_minutes" example:"216" doc:"How long it takes."`
	FromCall         *int       `json:"from_call,omitempty" nullable:"false" example:"0" doc:"Which call of the train it is boarded at, counted from 0."`
	ToCall           *int       `json:"to_call,omitempty" nullable:"false" example:"2" doc:"Which call it is left at."`
	SeatsLeft        *int32     `json:"seats_left,omitempty" nullable:"false" example:"9" doc:"Seats free all the way when the search looked."`
	Price            *Money     `json:"price,omitempty" doc:"What this ride costs all travellers together."`
	Terms            *RideTerms `json:"conditions,omitempty" doc:"Of undoing this ride alone, once paid."`
}

// RideTerms are what undoing one ride costs.
type RideTerms struct {
	FreeCancellationUntil  *string `json:"free_cancellation_until" format:"date-time" example:"2027-06-09T06:05:00Z" doc:"Cancelling before costs nothing; null: it is never free."`
	CancellationFeePercent float64 `json:"cancellation_fee_percent" example:"50" doc:"Share of the total kept from then on."`
}

// OfferSlice is one direction of an offer of flights.
type OfferSlice struct {
	From     RidePlace       `json:"from" doc:"Where it begins."`
	To       RidePlace       `json:"to" doc:"Where it ends."`
	Departs  string          `json:"departs" format:"date-time" example:"2027-06-10T08:00:00+01:00" doc:"When it departs, in local time."`
	Arrives  string          `json:"arrives" format:"date-time" example:"2027-06-10T12:00:00+02:00" doc:"When it arrives, in local time."`
	Minutes  int             `json:"duration_minutes" example:"180" doc:"How long it takes."`
	Stops    int             `json:"stops" example:"0" doc:"How often one changes planes."`
	Segments []FlightSegment `json:"segments" doc:"The flights, in order."`
}

// FlightSegment is one flight of a slice, from boarding to leaving.
type FlightSegment struct {
	Ride         int         `json:"ride" example:"0" doc:"Number of the ride in the offer, for rides in POST /v1/reservations."`
	DepartureID  string      `json:"departure_id" example:"dep_01kavwy2x4e8hrn5z3m7q9t6b0" doc:"The flight on this day."`
	Number       string      `json:"number" example:"HF 201" doc:"Number of the flight."`
	Date         string      `json:"date" format:"date" example:"2027-06-10" doc:"Local date of its first take-off."`
	Carrier      string      `json:"carrier" example:"HF" doc:"Code of the carrier that sells it."`
	Operating    string      `json:"operating_carrier" example:"HF" doc:"Code of the carrier that flies it."`
	Aircraft     string      `json:"aircraft,omitempty" example:"320" doc:"IATA code of the aircraft type, where it is known."`
	From         RidePlace   `json:"from" doc:"Where it is boarded."`
	To           RidePlace   `json:"to" doc:"Where it is left."`
	Departs      string      `json:"departs" format:"date-time" example:"2027-06-10T08:00:00+01:00" doc:"When it departs as expected now, in local time."`
	Arrives      string      `json:"arrives" format:"date-time" example:"2027-06-10T12:00:00+02:00" doc:"When it arrives as expected now, in local time."`
	Minutes      int         `json:"duration_minutes" example:"180" doc:"How long it takes."`
	Via          []RidePlace `json:"via,omitempty" doc:"Airports where it lands on the way, without a change."`
	Cabin        string      `json:"cabin" example:"economy" doc:"The cabin."`
	BookingClass string      `json:"booking_class" example:"Y" doc:"The booking class."`
	Fare         RideFare    `json:"fare" doc:"The fare family."`
	SeatsLeft    int32       `json:"seats_left" example:"9" doc:"Seats left in the booking class when the search looked."`
	Price        Money       `json:"price" doc:"What this flight costs all travellers together."`
	Terms        RideTerms   `json:"conditions" doc:"Of undoing this flight alone, once paid."`
}
