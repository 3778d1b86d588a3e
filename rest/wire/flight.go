package wire

// Flight is a flight number on a date.
type Flight struct {
	Number     string      `json:"number" example:"HF 201" doc:"Number as it was asked for; one it is sold under by a partner counts too."`
	Date       string      `json:"date" format:"date" example:"2027-06-10" doc:"Local date of the first take-off."`
	Departures []Departure `json:"departures" doc:"By time; a number may fly several times a day."`
}

// Departure is one dated run of a flight.
type Departure struct {
	DepartureID string        `json:"departure_id" example:"dep_01kavwy2x4e8hrn5z3m7q9t6b0" doc:"This flight on this day."`
	SupplierID  string        `json:"supplier_id" example:"sup_01kavwy2x4e8hrn5z3m7q9t6b8" doc:"The airline whose stock it is."`
	Number      string        `json:"number" example:"HF 201" doc:"Number of the flight."`
	Date        string        `json:"date" format:"date" example:"2027-06-10" doc:"Local date of the first take-off."`
	Carrier     string        `json:"carrier" example:"HF" doc:"Code of the carrier that sells it."`
	Operating   string        `json:"operating_carrier" example:"HF" doc:"Code of the carrier that flies it."`
	Codeshares  []string      `json:"codeshares" example:"[\"XY 2201\"]" doc:"Numbers of other carriers under which it is sold too."`
	State       string        `json:"state" enum:"scheduled,changed,cancelled,departed,removed" example:"scheduled" doc:"scheduled: as planned. changed: at other times, or diverted. cancelled. departed: it has left. removed: no longer in the timetable."`
	OnSale      bool          `json:"on_sale" example:"true" doc:"Whether its seats are on sale."`
	Diverted    bool          `json:"diverted,omitzero" example:"true" doc:"It lands at another airport."`
	Reason      string        `json:"reason,omitempty" example:"Fog" doc:"Why it is not as planned, for people."`
	Aircraft    *AircraftName `json:"aircraft,omitempty" doc:"The aircraft type, where it is known."`
	Tail        string        `json:"tail,omitempty" example:"CS-HFA" doc:"Registration of the aircraft, where it is known."`
	Legs        []FlightLeg   `json:"legs" doc:"From take-off to landing, in order."`
	Cabins      []CabinState  `json:"cabins" doc:"What is left, front to back; empty when it is not on sale."`
	Control     *Control      `json:"control,omitempty" doc:"For its staff: how it is sold where that differs from the tariff; left out when it does not."`
}

// AircraftName is a type of aircraft by name.
type AircraftName struct {
	Code string `json:"code,omitempty" example:"320" doc:"IATA code."`
	Name string `json:"name" example:"Airbus A320" doc:"Its name."`
}

// FlightLeg is one take-off to one landing.
type FlightLeg struct {
	From             RidePlace `json:"from" doc:"Where it takes off."`
	To               RidePlace `json:"to" doc:"Where it lands."`
	ScheduledDeparts string    `json:"scheduled_departs" format:"date-time" example:"2027-06-10T08:00:00+01:00" doc:"As planned, in local time."`
	ScheduledArrives string    `json:"scheduled_arrives" format:"date-time" example:"2027-06-10T12:00:00+02:00" doc:"As planned, in local time."`
	Departs          string    `json:"departs" format:"date-time" example:"2027-06-10T08:20:00+01:00" doc:"As expected now, in local time."`
	Arrives          string    `json:"arrives" format:"date-time" example:"2027-06-10T12:20:00+02:00" doc:"As expected now, in local time."`
}

// CabinState is what a cabin has left.
type CabinState struct {
	Cabin   string       `json:"cabin" example:"economy" doc:"The cabin."`
	Seats   int          `json:"seats" example:"150" doc:"Seats there are."`
	Free    int32        `json:"free" example:"42" doc:"What can still be sold all the way."`
	Closed  bool         `json:"closed" example:"false" doc:"Nothing of it is sold now."`
	From    *Money       `json:"lowest_fare,omitempty" doc:"The lowest fare for an adult all the way, before fare families, taxes and fees; left out when nothing is left."`
	Classes []ClassState `json:"booking_classes" doc:"Its booking classes, highest first."`
}

// ClassState is what a booking class has left.
type ClassState struct {
	Class string `json:"booking_class" example:"Y" doc:"Its letter."`
	Free  int32  `json:"free" example:"9" doc:"Seats that can be sold in it; they are seats of the classes above it too."`
	Fare  Money  `json:"fare" doc:"For an adult all the way, before fare families, taxes and fees."`
}

// Calendar is the cheapest price of each day.
type Calendar struct {
	Days []DayPrice `json:"days" doc:"In order."`
}

// DayPrice is the cheapest price of a day.
type DayPrice struct {
	Date  string `json:"date" format:"date" example:"2027-06-10" doc:"Local day of departure."`
	Price *Money `json:"price,omitempty" doc:"Cheapest total of all travellers, taxes and fees included; left out when nothing is for sale."`
}

// FlightUpdateRequest is all that is told of a flight on one day: what it does not say is as planned.
type FlightUpdateRequest struct {
	DepartureID string        `json:"departure_id,omitempty" pattern:"^dep_[0-9a-hjkmnp-tv-z]{26}$" patternDescription:"a dep_ id" example:"dep_01kavwy2x4e8hrn5z3m7q9t6b0" doc:"Which one, where the number flies several times that day."`
	Version     int64         `json:"version,omitzero" minimum:"1" example:"1795339800000000" doc:"A number that grows: a lower one than the last changes nothing. Microseconds since 1970 if left out."`
	Cancelled   bool          `json:"cancelled,omitzero" example:"true" doc:"It does not take place. Travellers are told and can have everything back."`
	Diverted    bool          `json:"diverted,omitzero" example:"true" doc:"It lands at another airport."`
	Departed    bool          `json:"departed,omitzero" example:"true" doc:"It has left."`
	Times       []LegTimesReq `json:"times,omitempty" maxItems:"10" doc:"New times of every leg, in order; left out: as planned."`
	Reason      string        `json:"reason,omitempty" maxLength:"300" example:"Fog" doc:"Why, for people."`
}

// LegTimesReq is the new times of a leg.
type LegTimesReq struct {
	Departs string `json:"departs" format:"date-time" example:"2027-06-10T08:20:00+01:00" doc:"When it takes off."`
	Arrives string `json:"arrives" format:"date-time" example:"2027-06-10T12:20:00+02:00" doc:"When it lands."`
}

// Control is how one departure is sold where that differs from the tariff.
type Control struct {
	Closed        bool               `json:"closed,omitzero" example:"true" doc:"Stop-sell."`
	Overbooking   []CabinOverbooking `json:"overbooking,omitempty" maxItems:"6" doc:"How much is sold beyond the seats of cabins; others as in the tariff."`
	Protected     []ProtectedSeats   `json:"protected,omitempty" maxItems:"96" doc:"Seats kept for booking classes; others as in the tariff. With load_dependent they are worked out, and shown here."`
	LoadDependent bool               `json:"load_dependent,omitzero" example:"true" doc:"Work out the seats kept for each class from the demand that the tariff expects and what is sold (EMSR-b)."`
}

// CabinOverbooking is the overbooking of a cabin.
type CabinOverbooking struct {
	Cabin         string `json:"cabin" pattern:"^[a-z][a-z_]{0,15}$" patternDescription:"a word in small letters" example:"economy" doc:"The cabin."`
	OverbookingBP int32  `json:"overbooking_bp" minimum:"-10000" maximum:"20000" example:"200" doc:"Sold beyond the seats there are, in 1/10,000."`
}

// ProtectedSeats is the seats kept for a booking class.
type ProtectedSeats struct {
	Class string `json:"booking_class" pattern:"^[A-Z]$" patternDescription:"a capital letter" example:"Y" doc:"The booking class."`
	Seats int32  `json:"seats" minimum:"0" maximum:"2048" example:"10" doc:"Kept for this class and those above it from all lower ones."`
}

// Airport is an airport.
type Airport struct {
	Code           string  `json:"code" example:"LIS" doc:"IATA code."`
	ICAO           string  `json:"icao,omitempty" example:"LPPT" doc:"ICAO code."`
	Name           string  `json:"name" example:"Lisbon Airport" doc:"Its name."`
	City           string  `json:"city" example:"Lisbon" doc:"City."`
	Country        string  `json:"country" example:"PT" doc:"ISO 3166-1 alpha-2 code."`
	TimeZone       string  `json:"time_zone" example:"Europe/Lisbon" doc:"IANA time zone."`
	Metro          string  `json:"metro,omitempty" example:"LON" doc:"IATA code of its metropolitan area, where it has one."`
	Latitude       float64 `json:"latitude" example:"38.7742" doc:"Degrees north."`
	Longitude      float64 `json:"longitude" example:"-9.1342" doc:"Degrees east."`
	ConnectMinutes int32   `json:"connect_minutes,omitzero" example:"45" doc:"Least time to change planes; left out: the usual one."`
}

// AirportRequest makes or replaces an airport.
type AirportRequest struct {
	ICAO           string  `json:"icao,omitempty" pattern:"^[A-Z0-9]{4}$" patternDescription:"an ICAO code" example:"LPPT" doc:"ICAO code."`
	Name           string  `json:"name" minLength:"1" maxLength:"200" example:"Lisbon Airport" doc:"Its name."`
	City           string  `json:"city" minLength:"1" maxLength:"200" example:"Lisbon" doc:"City, as travellers search for it."`
	Country        string  `json:"country" pattern:"^[A-Z]{2}$" patternDescription:"a country code such as \"DE\"" example:"PT" doc:"ISO 3166-1 alpha-2 code."`
	TimeZone       string  `json:"time_zone" minLength:"1" maxLength:"64" example:"Europe/Lisbon" doc:"IANA time zone."`
	Metro          string  `json:"metro,omitempty" pattern:"^[A-Z]{3}$" patternDescription:"an IATA code" example:"LIS" doc:"IATA code of its metropolitan area."`
	Latitude       float64 `json:"latitude" minimum:"-90" maximum:"90" example:"38.7742" doc:"Degrees north."`
	Longitude      float64 `json:"longitude" minimum:"-180" maximum:"180" example:"-9.1342" doc:"Degrees east."`
	ConnectMinutes int32   `json:"connect_minutes,omitzero" minimum:"0" maximum:"1440" example:"45" doc:"Least time to change planes; the usual one if left out."`
}

// Carrier is an airline by its code.
type Carrier struct {
	Code       string   `json:"code" example:"HF" doc:"IATA code, else ICAO code."`
	SupplierID string   `json:"supplier_id" example:"sup_01kavwy2x4e8hrn5z3m7q9t6b8" doc:"Who sells its flights."`
	Name       string   `json:"name" example:"Holdfast Air" doc:"Its name."`
	Interline  []string `json:"interline" example:"[\"XY\"]" doc:"Carriers whose flights may be combined with its own in one trip, when they say so too."`
}

// CarrierRequest makes or replaces a carrier.
type CarrierRequest struct {
	SupplierID string   `json:"supplier_id,omitempty" pattern:"^sup_[0-9a-hjkmnp-tv-z]{26}$" patternDescription:"a sup_ id" example:"sup_01kavwy2x4e8hrn5z3m7q9t6b8" doc:"Who sells its flights. Staff of a supplier may leave it out."`
	Name       string   `json:"name" minLength:"1" maxLength:"200" example:"Holdfast Air" doc:"Its name."`
	Interline  []string `json:"interline,omitempty" maxItems:"200" uniqueItems:"true" pattern:"^[A-Z0-9]{2,3}$" patternDescription:"the code of a carrier" example:"XY" doc:"Carriers whose flights may be combined with its own in one trip, when they say so too."`
}

// CarrierList is all carriers.
type CarrierList struct {
	Carriers []Carrier `json:"carriers" doc:"By code."`
}

// AircraftType is a type of aircraft as a supplier flies it.
type AircraftType struct {
	ID         string            `json:"id" example:"act_01kavwy2x4e8hrn5z3m7q9t6b0" doc:"Id of the aircraft type."`
	SupplierID string            `json:"supplier_id" example:"sup_01kavwy2x4e8hrn5z3m7q9t6b8" doc:"Who flies it."`
	Code       string            `json:"code,omitempty" example:"320" doc:"IATA code of the equipment; flights of it get these seats."`
	Name       string            `json:"name" example:"Airbus A320" doc:"Its name."`
	Sections   []AircraftSection `json:"sections" doc:"Rows that look alike, front to back, lower deck first."`
	Seats      int               `json:"seats" example:"150" doc:"How many seats it has."`
}

// AircraftRequest makes or replaces an aircraft type.
type AircraftRequest struct {
	Code     string            `json:"code,omitempty" maxLength:"4" example:"320" doc:"IATA code of the equipment; flights of it get these seats."`
	Name     string            `json:"name" minLength:"1" maxLength:"200" example:"Airbus A320" doc:"Its name."`
	Sections []AircraftSection `json:"sections" minItems:"1" maxItems:"24" doc:"Rows that look alike, front to back, lower deck first."`
}

// AircraftSection is rows of seats of one cabin on one deck that look alike.
type AircraftSection struct {
	Cabin      string    `json:"cabin" pattern:"^[a-z][a-z_]{0,15}$" patternDescription:"a word in small letters" example:"economy" doc:"The cabin."`
	Deck       int       `json:"deck,omitzero" minimum:"0" maximum:"9" example:"1" doc:"0 the main deck, 1 the upper one."`
	From       int       `json:"from" minimum:"1" maximum:"120" example:"10" doc:"First row."`
	To         int       `json:"to" minimum:"1" maximum:"120" example:"30" doc:"Last row."`
	Letters    string    `json:"letters" pattern:"^[A-Z-]{1,16}$" patternDescription:"capitals with a hyphen for each aisle" example:"ABC-DEF" doc:"Seats of a row from left to right, with a hyphen for each aisle."`
	Skip       []int     `json:"skip,omitempty" maxItems:"120" minimum:"1" maximum:"120" example:"[13]" doc:"Rows that do not exist."`
	Missing    []string  `json:"missing,omitempty" maxItems:"500" maxLength:"12" example:"[\"30F\"]" doc:"Seats that a row lacks."`
	Exits      []int     `json:"exits,omitempty" maxItems:"120" minimum:"1" maximum:"120" example:"[14]" doc:"Exit rows."`
	Legroom    []int     `json:"legroom,omitempty" maxItems:"120" minimum:"1" maximum:"120" example:"[10]" doc:"Rows with more room for the legs."`
	Accessible []int     `json:"accessible,omitempty" maxItems:"120" minimum:"1" maximum:"120" example:"[11]" doc:"Rows that a wheelchair reaches."`
	Power      bool      `json:"power,omitzero" example:"true" doc:"Every seat has a socket."`
	Bulkhead   bool      `json:"bulkhead,omitzero" example:"true" doc:"The first row has a wall before it."`
	Tiers      []RowTier `json:"tiers,omitempty" maxItems:"40" doc:"Price tiers of rows; rows not named are in tier 0."`
}

// RowTier puts rows into a price tier.
type RowTier struct {
	From int `json:"from" minimum:"1" maximum:"120" example:"10" doc:"First row."`
	To   int `json:"to" minimum:"1" maximum:"120" example:"12" doc:"Last row."`
	Tier int `json:"tier" minimum:"0" maximum:"7" example:"1" doc:"The tier; what it costs is in the tariff's cabins."`
}

// AircraftList is all aircraft types of a supplier.
type AircraftList struct {
	Aircraft []AircraftType `json:"aircraft_types" doc:"By name."`
}

// FlightTariff is how a supplier sells its flights.
type FlightTariff struct {
	Currency      string        `json:"currency" pattern:"^[A-Z]{3}$" patternDescription:"a currency code such as \"EUR\"" example:"EUR" doc:"ISO 4217 code of all amounts; it stays."`
	Cabins        []TariffCabin `json:"cabins" minItems:"1" maxItems:"6" doc:"The cabins, best first."`
	Families      []FareFamily  `json:"fare_families" minItems:"1" maxItems:"8" doc:"The fare families, cheapest first."`
	Levies        []FlightLevy  `json:"levies,omitempty" maxItems:"24" doc:"Taxes and fees."`
	ChildPercent  float64       `json:"child_percent" minimum:"0" maximum:"100" multipleOf:"0.01" example:"75" doc:"Share of an adult's fare that a child pays."`
	InfantPercent float64       `json:"infant_percent" minimum:"0" maximum:"100" multipleOf:"0.01" example:"10" doc:"Share of an adult's fare that an infant on a lap pays."`
	WindowHours   int           `json:"rise_window_hours" minimum:"0" maximum:"2160" example:"24" doc:"A published fare rises at most once in so many hours."`
	SettleHours   int           `json:"rise_settle_hours" minimum:"0" maximum:"2160" example:"24" doc:"And not before a higher one has been wanted for so many hours."`
}

// TariffCabin is a cabin of a tariff.
type TariffCabin struct {
	Cabin         string         `json:"cabin" pattern:"^[a-z][a-z_]{0,15}$" patternDescription:"a word in small letters" example:"economy" doc:"The cabin, as aircraft types name it."`
	OverbookingBP int32          `json:"overbooking_bp,omitzero" minimum:"-10000" maximum:"20000" example:"200" doc:"Sold beyond the seats there are, in 1/10,000."`
	SeatPrices    []Money        `json:"seat_prices,omitempty" maxItems:"8" doc:"What choosing a seat costs, by price tier from 0; left out: nothing."`
	Classes       []BookingClass `json:"booking_classes" minItems:"1" maxItems:"16" doc:"Its booking classes, highest first."`
}

// BookingClass is a booking class of a tariff.
type BookingClass struct {
	Class            string  `json:"booking_class" pattern:"^[A-Z]$" patternDescription:"a capital letter" example:"Y" doc:"Its letter, once in a tariff."`
	ProtectedPercent float64 `json:"protected_percent,omitzero" minimum:"0" maximum:"100" multipleOf:"0.01" example:"10" doc:"Share of the cabin kept for this class from all lower ones."`
	Base             Money   `json:"base" doc:"Of the fare of ways that have no fare of their own: once."`
	Per100KM         Money   `json:"per_100_km" doc:"And for 100 km of the great circle."`
	DemandPercent    float64 `json:"demand_percent,omitzero" minimum:"0" maximum:"1000" multipleOf:"0.01" example:"15" doc:"Demand expected for a departure, as a share of the cabin; for load_dependent."`
	DeviationPercent float64 `json:"deviation_percent,omitzero" minimum:"0" maximum:"1000" multipleOf:"0.01" example:"7" doc:"Its standard deviation."`
}

// FareFamily is conditions under one name.
type FareFamily struct {
	ID                      string  `json:"id,omitempty" maxLength:"64" example:"far_01kavwy2x4e8hrn5z3m7q9t6b0" doc:"Id of the fare family; not looked at when it is sent."`
	Code                    string  `json:"code" minLength:"1" maxLength:"24" example:"FLEX" doc:"Its code; it stays."`
	Name                    string  `json:"name" minLength:"1" maxLength:"24" example:"Flex" doc:"Its name."`
	PricePercent            float64 `json:"price_percent" minimum:"0" maximum:"1000" multipleOf:"0.01" example:"125" doc:"Share of the booking class's fare."`
	Amount                  *Money  `json:"amount,omitempty" doc:"Then added; may be negative."`
	ChangeFee               *Money  `json:"change_fee,omitempty" doc:"What changing costs each traveller; left out: it is not possible."`
	FreeCancellationMinutes *int32  `json:"free_cancellation_minutes,omitempty" minimum:"0" maximum:"525600" example:"120" doc:"Cancelling is free until so many minutes before departure; left out: never."`
	FeePercent              float64 `json:"cancellation_fee_percent" minimum:"0" maximum:"100" multipleOf:"0.01" example:"50" doc:"Share of the price kept from then on."`
	CarryOn                 int     `json:"carry_on" minimum:"0" maximum:"9" example:"1" doc:"Pieces of luggage in the cabin."`
	Bags                    int     `json:"bags" minimum:"0" maximum:"9" example:"1" doc:"Checked pieces of luggage."`
	SeatChoice              string  `json:"seat_choice" enum:"paid,free" example:"paid" doc:"Whether choosing a seat costs what its tier says, or nothing."`
}

// FlightLevy is a tax or fee on flights.
type FlightLevy struct {
	Kind     string   `json:"kind" enum:"tax,fee" example:"tax" doc:"Whether it is shown under taxes or fees."`
	Code     string   `json:"code" pattern:"^[a-z][a-z0-9_]{0,11}$" patternDescription:"up to 12 lower case letters, digits and underscores" example:"departure" doc:"Name of the part in prices."`
	Percent  *float64 `json:"percent,omitempty" minimum:"0" maximum:"100" multipleOf:"0.01" example:"7" doc:"Share of the fare. Exactly one of percent and amount."`
	Amount   *Money   `json:"amount,omitempty" doc:"For each traveller and flight."`
	Airports []string `json:"airports,omitempty" maxItems:"200" pattern:"^[A-Z]{3}$" patternDescription:"an IATA code" example:"LIS" doc:"Only for flights that begin there; left out: all."`
	Who      []string `json:"travellers,omitempty" maxItems:"3" uniqueItems:"true" enum:"adult,child,infant" example:"[\"adult\",\"child\"]" doc:"Only for these; left out: for everybody."`
	Once     bool     `json:"once,omitzero" example:"true" doc:"Once a trip, not for each flight."`
	Included bool     `json:"included,omitzero" example:"true" doc:"Already in the fare: shown, not added."`
}

// FlightFaresRequest tells what fares are wanted.
type FlightFaresRequest struct {
	Fares []FlightFareIn `json:"fares" minItems:"1" maxItems:"1000" doc:"Fares that are wanted from now on. They fall at once; when they rise the tariff's rule decides."`
}

// FlightFareIn is a fare that is wanted.
type FlightFareIn struct {
	From    string `json:"from" pattern:"^[A-Z]{3}$" patternDescription:"an IATA code" example:"LIS" doc:"From this airport."`
	To      string `json:"to" pattern:"^[A-Z]{3}$" patternDescription:"an IATA code" example:"HAM" doc:"To this airport."`
	Class   string `json:"booking_class" pattern:"^[A-Z]$" patternDescription:"a capital letter" example:"Y" doc:"In this booking class."`
	Amount  Money  `json:"amount" doc:"For an adult, before fare families, taxes and fees; in the tariff's currency."`
	Version int64  `json:"version,omitzero" minimum:"1" example:"1795339800000000" doc:"A number that grows: a lower one than the last changes nothing. Microseconds since 1970 if left out."`
}

// FlightFareReport says what became of wanted fares.
type FlightFareReport struct {
	Published int          `json:"published" example:"3" doc:"Published at once."`
	Waiting   int          `json:"waiting" example:"1" doc:"Rises that are published later."`
	Unchanged int          `json:"unchanged" example:"0" doc:"Said nothing new."`
	Older     int          `json:"older" example:"0" doc:"Older than what is known."`
	Refused   []FareRemark `json:"refused" doc:"That cannot be."`
}

// FareRemark is why a fare was refused.
type FareRemark struct {
	Index   int    `json:"index" example:"0" doc:"Which one of the request, from 0."`
	Code    string `json:"code" example:"class_not_found" doc:"What is wrong; stable."`
	Message string `json:"message" example:"The tariff has no booking class \"Q\"." doc:"The same for people."`
}

// FlightFareList is the fares between two airports.
type FlightFareList struct {
	Fares []FlightFare `json:"fares" doc:"By booking class."`
}

// FlightFare is a fare as it stands now.
type FlightFare struct {
	From       string  `json:"from" example:"LIS" doc:"From this airport."`
	To         string  `json:"to" example:"HAM" doc:"To this airport."`
	Class      string  `json:"booking_class" example:"Y" doc:"In this booking class."`
	Published  Money   `json:"published" doc:"What it costs now."`
	Wanted     Money   `json:"wanted" doc:"What was asked for last."`
	RisesAt    *string `json:"rises_at" format:"date-time" example:"2026-11-23T09:30:00Z" doc:"When it rises if nothing else is asked for; null: it does not."`
	ByDistance bool    `json:"by_distance" example:"false" doc:"Nobody set it: it follows the tariff."`
}

// ScheduleList is the schedules of a supplier.
type ScheduleList struct {
	Schedules []Schedule `json:"schedules" doc:"As its timetables told them."`
	Next      *string    `json:"next" example:"NTA" doc:"Cursor of the next page for the parameter after; null at the end."`
}

// Schedule is a flight as its timetable repeats it.
type Schedule struct {
	Number   string        `json:"number" example:"HF 201" doc:"Number of the flight."`
	Feed     string        `json:"feed" example:"nordbahn" doc:"Who told it."`
	First    string        `json:"from" format:"date" example:"2027-03-28" doc:"First day."`
	Last     string        `json:"until" format:"date" example:"2027-10-30" doc:"Last day, which is meant too, as timetables say it."`
	Weekdays []string      `json:"weekdays" enum:"monday,tuesday,wednesday,thursday,friday,saturday,sunday" example:"[\"monday\",\"friday\"]" doc:"On these days of the week."`
	Legs     []ScheduleLeg `json:"legs" doc:"In order."`
}

// ScheduleLeg is one leg of a schedule.
type ScheduleLeg struct {
	From       string   `json:"from" example:"LIS" doc:"Where it takes off."`
	To         string   `json:"to" example:"HAM" doc:"Where it lands."`
	Departs    string   `json:"departs" example:"08:00" doc:"Local time there."`
	Arrives    string   `json:"arrives" example:"12:00" doc:"Local time there; +1 behind it for the day after, and so on."`
	Equipment  string   `json:"equipment,omitempty" example:"320" doc:"IATA code of the aircraft type."`
	Operating  string   `json:"operating_carrier,omitempty" example:"HF" doc:"The carrier that flies it, where it is another one."`
	Codeshares []string `json:"codeshares,omitempty" example:"[\"XY 2201\"]" doc:"Numbers of other carriers under which it is sold too."`
}

// FlightRevocationRequest ends offers of flights.
type FlightRevocationRequest struct {
	Fare string `json:"fare,omitempty" minLength:"1" maxLength:"24" example:"FLEX" doc:"Only offers under this fare family as it is now; left out: every offer of the supplier."`
}

// FlightRevocation is what was ended.
type FlightRevocation struct {
	SupplierID string `json:"supplier_id" example:"sup_01kavwy2x4e8hrn5z3m7q9t6b8" doc:"Offers of this supplier have ended."`
	Fare       string `json:"fare,omitempty" example:"FLEX" doc:"Only those under this fare family."`
	Before     string `json:"before" format:"date-time" example:"2026-11-22T09:30:00Z" doc:"If they were made before this instant."`
}

// FlightConflict is a departure that should have other seats or classes, but some are taken.
type FlightConflict struct {
	DepartureID string   `json:"departure_id" example:"dep_01kavwy2x4e8hrn5z3m7q9t6b0" doc:"The departure."`
	Number      string   `json:"number" example:"HF 201" doc:"Flight number."`
	Date        string   `json:"date" format:"date" example:"2027-06-10" doc:"Its local date."`
	From        string   `json:"from" example:"LIS" doc:"First airport."`
	To          string   `json:"to" example:"HAM" doc:"Last airport."`
	Cabins      []string `json:"cabins" example:"[\"economy\"]" doc:"Cabins that stay as they were."`
}

// FlightConflictList is conflicts.
type FlightConflictList struct {
	Conflicts []FlightConflict `json:"conflicts" doc:"By date."`
}
