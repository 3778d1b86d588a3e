package wire

// OfferRequest searches stays, train journeys or flights. Exactly one of stay, train and flight.
type OfferRequest struct {
	Stay    *StayRequest   `json:"stay,omitempty" doc:"A stay: where, when, and who."`
	Train   *TrainRequest  `json:"train,omitempty" doc:"A journey by train."`
	Flight  *FlightRequest `json:"flight,omitempty" doc:"Flights: one way, return, or several slices."`
	Filters *Filters       `json:"filters,omitempty" doc:"What must hold for an offer to be shown. For trains and flights max_price alone."`
	Sort    string         `json:"sort,omitempty" enum:"price,distance,stars,departure,arrival,changes,duration,best" example:"price" doc:"Order. Stays: price (if left out), distance or stars. Trains: departure (if left out), arrival, changes, price or duration. Flights: price (if left out), duration, departure or best, which weighs price, duration and stops."`
	Limit   int            `json:"limit,omitzero" minimum:"1" maximum:"100" example:"20" doc:"At most so many hotels, journeys or itineraries; each of the latter is offered under every fare. 20 if left out."`
}

// StayRequest is where, when, and who. Exactly one of place, near and hotel_id.
type StayRequest struct {
	Place    string  `json:"place,omitempty" minLength:"1" maxLength:"120" example:"Lisbon" doc:"Name of a city or area."`
	Near     *Near   `json:"near,omitempty" doc:"A circle on the map."`
	HotelID  string  `json:"hotel_id,omitempty" pattern:"^htl_[0-9a-hjkmnp-tv-z]{26}$" patternDescription:"an htl_ id" example:"htl_01kavwy2x4e8hrn5z3m7q9t6b0" doc:"One hotel."`
	CheckIn  string  `json:"check_in" format:"date" example:"2027-06-10" doc:"Day of arrival: the first night."`
	CheckOut string  `json:"check_out" format:"date" example:"2027-06-13" doc:"Day of departure: not a night any more."`
	Rooms    []Party `json:"rooms" minItems:"1" maxItems:"9" doc:"Who sleeps in each room."`
}

// Near is a circle on the Earth.
type Near struct {
	Latitude  float64 `json:"latitude" minimum:"-90" maximum:"90" example:"38.72" doc:"Degrees north of the centre."`
	Longitude float64 `json:"longitude" minimum:"-180" maximum:"180" example:"-9.14" doc:"Degrees east of the centre."`
	RadiusKM  float64 `json:"radius_km" exclusiveMinimum:"0" maximum:"500" example:"10" doc:"Radius in kilometres."`
}

// Party is who sleeps in one room.
type Party struct {
	Adults       int   `json:"adults" minimum:"1" maximum:"20" example:"2" doc:"Adults in the room."`
	ChildrenAges []int `json:"children_ages,omitempty" maxItems:"9" minimum:"0" maximum:"17" example:"[4]" doc:"Age of each child in the room."`
}

// Filters narrow a search.
type Filters struct {
	MinPrice         *Money   `json:"min_price,omitempty" doc:"Cheapest total of the whole stay, taxes and fees included."`
	MaxPrice         *Money   `json:"max_price,omitempty" doc:"Dearest total of the whole stay, taxes and fees included."`
	MinStars         int      `json:"min_stars,omitzero" minimum:"0" maximum:"5" example:"3" doc:"Fewest stars."`
	Amenities        []string `json:"amenities,omitempty" maxItems:"20" pattern:"^[a-z0-9_]{1,40}$" patternDescription:"lower case words with underscores" example:"wifi" doc:"What the hotel must offer: all of these."`
	Board            string   `json:"board,omitempty" enum:"room_only,breakfast,half_board,full_board,all_inclusive" example:"breakfast" doc:"Meals that must be in the price."`
	FreeCancellation bool     `json:"free_cancellation,omitzero" example:"true" doc:"Only what can still be cancelled free of charge for some time."`
}

// OfferList is what a search found.
type OfferList struct {
	Offers []Offer `json:"offers" doc:"In the order asked for."`
}

// Offer is an immutable priced proposal: a stay, a train journey, or flights. The fields of the other kinds are left out.
type Offer struct {
	ID        string         `json:"id" example:"off_4kdq0w3v9x" doc:"The sealed offer: pass it on as it is to reserve at this price."`
	Kind      string         `json:"kind" enum:"stay,train,flight" example:"stay" doc:"What it is."`
	Hotel     *OfferHotel    `json:"hotel,omitzero" doc:"Stay: the hotel."`
	RoomType  *OfferRoomType `json:"room_type,omitzero" doc:"Stay: what is sold."`
	RatePlan  *OfferRatePlan `json:"rate_plan,omitzero" doc:"Stay: on which conditions."`
	CheckIn   string         `json:"check_in,omitzero" format:"date" example:"2027-06-10" doc:"Stay: day of arrival."`
	CheckOut  string         `json:"check_out,omitzero" format:"date" example:"2027-06-13" doc:"Stay: day of departure."`
	Rooms     []ItemParty    `json:"rooms,omitzero" doc:"Stay: who sleeps in each room."`
	Available *int32         `json:"available,omitzero" nullable:"false" example:"4" doc:"Stay: rooms free on the scarcest night when the search looked; the desk decides."`

	Journey   *int         `json:"journey,omitzero" nullable:"false" example:"0" doc:"Train, flight: offers of the same journey under other fares have the same number, counted from 0 in the order of the list."`
	From      *RidePlace   `json:"from,omitzero" doc:"Train, flight: where the journey begins."`
	To        *RidePlace   `json:"to,omitzero" doc:"Train, flight: where it ends; of a return flight where its first slice ends."`
	Departs   string       `json:"departs,omitzero" format:"date-time" example:"2027-06-10T08:05:00+02:00" doc:"Train, flight: when it begins, in local time."`
	Arrives   string       `json:"arrives,omitzero" format:"date-time" example:"2027-06-10T13:41:00+02:00" doc:"Train, flight: when it is over, in local time."`
	Minutes   *int         `json:"duration_minutes,omitzero" nullable:"false" example:"336" doc:"Train, flight: how long it takes; of several slices all together, without the time between them."`
	Changes   *int         `json:"changes,omitzero" nullable:"false" example:"1" doc:"Train: how often one changes trains."`
	Stops     *int         `json:"stops,omitzero" nullable:"false" example:"0" doc:"Flight: how often one changes planes, in all slices together."`
	Class     string       `json:"class,omitzero" enum:"first,second" example:"second" doc:"Train: the class."`
	Legs      []TrainLeg   `json:"legs,omitzero" doc:"Train: the rides and the ways on foot between them."`
	Slices    []OfferSlice `json:"slices,omitzero" doc:"Flight: each direction."`
	Fare      *OfferFare   `json:"fare,omitzero" doc:"Train, flight: the fare; of flights under several the first one's."`
	SeatsLeft *int32       `json:"seats_left,omitzero" nullable:"false" example:"9" doc:"Train, flight: seats free all the way on the scarcest ride when the search looked; the desk decides."`

	Price      OfferPrice `json:"price" doc:"What it costs."`
	Conditions Conditions `json:"conditions" doc:"Of undoing it once paid; of several rides the strictest."`
	ExpiresAt  string     `json:"expires_at" format:"date-time" example:"2026-11-22T09:50:00Z" doc:"Until then the price holds, as long as there is stock."`
}

// OfferHotel is the hotel of an offer.
type OfferHotel struct {
	ID         string   `json:"id" example:"htl_01kavwy2x4e8hrn5z3m7q9t6b0" doc:"Id of the hotel."`
	Name       string   `json:"name" example:"Hotel Amsel" doc:"Name of the hotel."`
	Stars      int      `json:"stars" example:"4" doc:"1 to 5; 0 for a house without classification."`
	Address    string   `json:"address" example:"Am Ufer 12" doc:"Street and number."`
	City       string   `json:"city" example:"Lisbon" doc:"City."`
	Country    string   `json:"country" example:"DE" doc:"ISO 3166-1 alpha-2 code."`
	Latitude   float64  `json:"latitude" example:"51.3397" doc:"Degrees north."`
	Longitude  float64  `json:"longitude" example:"-9.1431" doc:"Degrees east."`
	TimeZone   string   `json:"time_zone" example:"Europe/Berlin" doc:"IANA time zone of its nights."`
	Amenities  []string `json:"amenities" example:"wifi,breakfast_room" doc:"What it offers."`
	DistanceKM *float64 `json:"distance_km,omitempty" example:"1.2" doc:"From the centre of the search; left out when a hotel was named."`
}

// OfferRoomType is the room type of an offer.
type OfferRoomType struct {
	ID        string    `json:"id" example:"rt_01kavwy2x4e8hrn5z3m7q9t6b0" doc:"Id of the room type."`
	Name      string    `json:"name" example:"Double room, garden side" doc:"Name of the room type."`
	Occupancy Occupancy `json:"occupancy" doc:"How many people a room takes."`
}

// OfferRatePlan is the rate plan of an offer.
type OfferRatePlan struct {
	ID    string `json:"id" example:"rp_01kavwy2x4e8hrn5z3m7q9t6b0" doc:"Id of the rate plan."`
	Name  string `json:"name" example:"Flexible with breakfast" doc:"Name of the rate plan."`
	Board string `json:"board" enum:"room_only,breakfast,half_board,full_board,all_inclusive" example:"breakfast" doc:"Meals in the price."`
}

// OfferPrice is a price with its parts.
type OfferPrice struct {
	Total      Money            `json:"total" doc:"What is to be paid."`
	Base       Money            `json:"base" doc:"Before taxes and fees that are added: all nights of all rooms, or all rides of all travellers."`
	Nights     []NightPrice     `json:"nights,omitzero" doc:"Stay: each night, for all rooms."`
	Travellers []TravellerPrice `json:"travellers,omitzero" doc:"Flight: what the travellers of each type pay together."`
	Taxes      []PricePart      `json:"taxes" doc:"Taxes."`
	Fees       []PricePart      `json:"fees" doc:"Fees."`
}

// TravellerPrice is what the travellers of a type pay.
type TravellerPrice struct {
	Type  string `json:"type" enum:"adult,child,infant" example:"adult" doc:"Type of the travellers."`
	Count int    `json:"count" example:"2" doc:"How many there are."`
	Base  Money  `json:"base" doc:"What they pay together, before taxes and fees that are added."`
	Total Money  `json:"total" doc:"What they pay together."`
}

// NightPrice is the price of one night.
type NightPrice struct {
	Date  string `json:"date" format:"date" example:"2027-06-10" doc:"The night that begins on this day."`
	Price Money  `json:"price" doc:"For all rooms."`
}

// PricePart is a tax or fee of a price.
type PricePart struct {
	Code     string `json:"code" example:"city_tax" doc:"What it is."`
	Amount   Money  `json:"amount" doc:"How much."`
	Included bool   `json:"included" example:"false" doc:"Already in the base: shown, not added."`
}

// Conditions are what undoing a paid stay, train ride or flight costs.
type Conditions struct {
	FreeCancellationUntil  *string `json:"free_cancellation_until" format:"date-time" example:"2027-06-08T13:00:00Z" doc:"Cancelling before costs nothing; null: it is never free."`
	CancellationFeePercent float64 `json:"cancellation_fee_percent" example:"80" doc:"Share of the total kept from then on."`
	Board                  string  `json:"board,omitempty" enum:"room_only,breakfast,half_board,full_board,all_inclusive" example:"breakfast" doc:"Meals in the price."`
}
