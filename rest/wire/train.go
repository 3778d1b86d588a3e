package wire

// Train is the trains of a number on a service date.
type Train struct {
	Number string     `json:"number" example:"HR 101" doc:"Number as it was asked for."`
	Date   string     `json:"date" format:"date" example:"2027-06-10" doc:"The service date; times may pass midnight."`
	Trains []TrainRun `json:"trains" doc:"One, or several where a railway runs two parts under one number."`
}

// TrainRun is one train on one service date.
type TrainRun struct {
	RunID      string       `json:"run_id" example:"run_01kavwy2x4e8hrn5z3m7q9t6b0" doc:"Id of this train on this day."`
	SupplierID string       `json:"supplier_id" example:"sup_01kavwy2x4e8hrn5z3m7q9t6bc" doc:"The railway it belongs to."`
	Number     string       `json:"number" example:"HR 101" doc:"Number of the train."`
	Name       string       `json:"name,omitempty" example:"Tejo" doc:"Its name, where it has one."`
	Category   string       `json:"category,omitempty" example:"ICE" doc:"Kind of train."`
	Carrier    string       `json:"carrier,omitempty" example:"Seaside Rail" doc:"Who runs it."`
	Line       string       `json:"line,omitempty" example:"42" doc:"Its line."`
	Date       string       `json:"date" format:"date" example:"2027-06-10" doc:"Its service date."`
	State      string       `json:"state" enum:"scheduled,changed,cancelled,withdrawn" example:"scheduled" doc:"scheduled: as in the timetable. changed: late, or not all the way. cancelled. withdrawn: no longer in the timetable."`
	OnSale     bool         `json:"on_sale" example:"true" doc:"Whether its seats are on sale."`
	Note       string       `json:"note,omitempty" example:"Engineering works" doc:"Word for travellers."`
	Calls      []TrainCall  `json:"calls" doc:"Where it calls, in order."`
	Coaches    []TrainCoach `json:"coaches" doc:"Its coaches from the front, as far as they are known."`
	Seats      TrainSeats   `json:"seats" doc:"Seats on board, where all coaches are there."`
	Version    int64        `json:"version,omitzero" example:"1795339800000000" doc:"Version of the newest word on it beside the timetable."`
}

// TrainSeats is how many seats a train has.
type TrainSeats struct {
	First  int32 `json:"first" example:"106" doc:"In the first class."`
	Second int32 `json:"second" example:"760" doc:"In the second class."`
}

// TrainCall is one call of a train.
type TrainCall struct {
	Call             int       `json:"call" example:"0" doc:"Its place in the list, from 0: it tells two calls at one station apart."`
	Station          RidePlace `json:"station" doc:"Where it calls."`
	ScheduledArrives *string   `json:"scheduled_arrives" format:"date-time" example:"2027-06-10T09:12:00+01:00" doc:"When it arrives by the timetable, in local time; null at its first call."`
	ScheduledDeparts *string   `json:"scheduled_departs" format:"date-time" example:"2027-06-10T09:14:00+01:00" doc:"When it departs by the timetable; null at its last call."`
	Arrives          *string   `json:"arrives" format:"date-time" example:"2027-06-10T09:17:00+01:00" doc:"When it arrives as expected now."`
	Departs          *string   `json:"departs" format:"date-time" example:"2027-06-10T09:19:00+01:00" doc:"When it departs as expected now."`
	Skipped          bool      `json:"skipped" example:"false" doc:"It does not call there on this day."`
	Boarding         bool      `json:"boarding" example:"true" doc:"It may be boarded there."`
	Alighting        bool      `json:"alighting" example:"true" doc:"It may be left there."`
}

// TrainCoach is one coach of a train.
type TrainCoach struct {
	Number       string `json:"number" minLength:"1" maxLength:"4" example:"7" doc:"Its number."`
	Type         string `json:"type,omitempty" maxLength:"40" example:"Bpmz" doc:"Its kind, as the railway calls it."`
	First        int32  `json:"first,omitzero" minimum:"0" maximum:"300" example:"0" doc:"Seats of the first class."`
	Second       int32  `json:"second,omitzero" minimum:"0" maximum:"300" example:"76" doc:"Seats of the second class."`
	Compartments int32  `json:"compartments,omitzero" minimum:"0" maximum:"600" example:"0" doc:"Of all its seats those in compartments."`
	From         string `json:"from,omitempty" maxLength:"24" example:"LX" doc:"Code of the station where it joins; left out: the first."`
	To           string `json:"to,omitempty" maxLength:"24" example:"PO" doc:"Code of the station where it leaves; left out: the last."`
}

// SeatMap is the seats of a class of a train or of a cabin of a flight.
type SeatMap struct {
	Number      string         `json:"number" example:"HR 101" doc:"Number of the train or flight."`
	Date        string         `json:"date" format:"date" example:"2027-06-10" doc:"Service date of the train, local date of the flight."`
	RunID       string         `json:"run_id,omitempty" example:"run_01kavwy2x4e8hrn5z3m7q9t6b0" doc:"Train: this train on this day."`
	DepartureID string         `json:"departure_id,omitempty" example:"dep_01kavwy2x4e8hrn5z3m7q9t6b0" doc:"Flight: this flight on this day."`
	Class       string         `json:"class,omitempty" example:"second" doc:"Train: the class."`
	Cabin       string         `json:"cabin,omitempty" example:"economy" doc:"Flight: the cabin."`
	Aircraft    string         `json:"aircraft,omitempty" example:"Airbus A320" doc:"Flight: the aircraft type."`
	From        RidePlace      `json:"from" doc:"From where the seats are looked at."`
	To          RidePlace      `json:"to" doc:"Up to where."`
	Free        int            `json:"free" example:"42" doc:"How many are free all that way."`
	Rows        []CabinSection `json:"rows,omitempty" doc:"Flight: how rows of seats look, front to back."`
	Seats       []MapSeat      `json:"seats" doc:"Every seat, in order."`
}

// CabinSection is rows that look alike.
type CabinSection struct {
	From    int    `json:"from" example:"10" doc:"First row."`
	To      int    `json:"to" example:"30" doc:"Last row."`
	Deck    int    `json:"deck" example:"0" doc:"0 the main deck, 1 the upper one."`
	Letters string `json:"letters" example:"ABC-DEF" doc:"Seats of a row from left to right, with a hyphen for each aisle."`
}

// MapSeat is one seat of a map.
type MapSeat struct {
	Seat   string   `json:"seat" example:"7-61" doc:"What it says on the seat; this is what is named when it is chosen."`
	Coach  string   `json:"coach,omitempty" example:"7" doc:"Train: the coach."`
	Row    int      `json:"row" example:"6" doc:"Row or bay; seats of one row have the same number."`
	Deck   *int     `json:"deck,omitempty" nullable:"false" example:"0" doc:"Flight: the deck."`
	Letter string   `json:"letter,omitempty" example:"A" doc:"Flight: place in the row."`
	Traits []string `json:"traits" enum:"window,aisle,table,quiet,exit_row,legroom,accessible,power,compartment,bulkhead,family,bike" example:"[\"window\",\"power\"]" doc:"What it offers."`
	Free   bool     `json:"free" example:"true" doc:"Free all the way that was asked for."`
	Price  *Money   `json:"price,omitempty" doc:"Flight: what choosing it costs."`
}

// Station is where trains call.
type Station struct {
	Code            string   `json:"code" example:"LX" doc:"Code of the station."`
	Name            string   `json:"name" example:"Lisbon Oriente" doc:"Its name."`
	City            string   `json:"city,omitempty" example:"Lisbon" doc:"City, as far as its name tells."`
	Country         string   `json:"country,omitempty" example:"PT" doc:"ISO 3166-1 alpha-2 code, where it is known."`
	SupplierID      string   `json:"supplier_id" example:"sup_01kavwy2x4e8hrn5z3m7q9t6bc" doc:"The railway that calls it so."`
	TimeZone        string   `json:"time_zone" example:"Europe/Lisbon" doc:"IANA time zone."`
	Latitude        *float64 `json:"latitude,omitempty" nullable:"false" example:"38.7678" doc:"Degrees north, where it is known."`
	Longitude       *float64 `json:"longitude,omitempty" nullable:"false" example:"-9.0993" doc:"Degrees east, where it is known."`
	TransferSeconds int32    `json:"transfer_seconds" example:"300" doc:"How long changing trains takes."`
	CallsADay       int      `json:"calls_a_day" example:"120" doc:"Trains that call on its busiest day."`
}

// StationList is stations.
type StationList struct {
	Stations []Station `json:"stations" doc:"The largest first."`
}

// Board is what leaves a station.
type Board struct {
	Station    RidePlace   `json:"station" doc:"The station."`
	Departures []BoardLine `json:"departures" doc:"By expected time."`
}

// BoardLine is one train that leaves.
type BoardLine struct {
	RunID            string    `json:"run_id" example:"run_01kavwy2x4e8hrn5z3m7q9t6b0" doc:"This train on this day."`
	Number           string    `json:"number" example:"HR 101" doc:"Number of the train."`
	Category         string    `json:"category,omitempty" example:"ICE" doc:"Kind of train."`
	Date             string    `json:"date" format:"date" example:"2027-06-10" doc:"Its service date."`
	Call             int       `json:"call" example:"0" doc:"Which of its calls this is, from 0."`
	State            string    `json:"state" enum:"scheduled,changed,cancelled,withdrawn" example:"scheduled" doc:"As of the train."`
	Skipped          bool      `json:"skipped" example:"false" doc:"It does not call here on this day."`
	ScheduledDeparts string    `json:"scheduled_departs" format:"date-time" example:"2027-06-10T08:05:00+01:00" doc:"By the timetable, in local time."`
	Departs          string    `json:"departs" format:"date-time" example:"2027-06-10T08:09:00+01:00" doc:"As expected now."`
	Toward           RidePlace `json:"toward" doc:"Where it ends."`
	Note             string    `json:"note,omitempty" example:"Engineering works" doc:"Word for travellers."`
}

// TrainUpdateRequest is all that is told of a train on one day: what it does not name is as in the timetable.
type TrainUpdateRequest struct {
	RunID     string       `json:"run_id,omitempty" pattern:"^run_[0-9a-hjkmnp-tv-z]{26}$" patternDescription:"a run_ id" example:"run_01kavwy2x4e8hrn5z3m7q9t6b0" doc:"Which one, where several trains have the number on that day."`
	Version   int64        `json:"version,omitzero" minimum:"1" example:"1795339800000000" doc:"Microseconds since 1970 of when it was issued, or any number that grows: a lower or equal one than the last changes nothing. Left out: newer than all that is known."`
	Cancelled bool         `json:"cancelled,omitzero" example:"true" doc:"It does not run. Travellers are told and can have everything back."`
	Skipped   []int        `json:"skipped,omitempty" maxItems:"200" minimum:"0" maximum:"199" example:"[2]" doc:"Calls that are left out, counted from 0."`
	Delays    []CallDelay  `json:"delays,omitempty" maxItems:"200" doc:"Delays; each goes on to the calls after it until another is told."`
	Times     []CallTimeIn `json:"times,omitempty" maxItems:"200" doc:"New times of single calls; they come before delays."`
	Note      string       `json:"note,omitempty" maxLength:"300" example:"Engineering works" doc:"Word for travellers."`
}

// CallDelay is a delay from a call on.
type CallDelay struct {
	Call           int `json:"call" minimum:"0" maximum:"199" example:"1" doc:"From this call on, counted from 0."`
	ArrivesMinutes int `json:"arrives_minutes,omitzero" minimum:"-1440" maximum:"1440" example:"5" doc:"So much later does it arrive there."`
	DepartsMinutes int `json:"departs_minutes,omitzero" minimum:"-1440" maximum:"1440" example:"5" doc:"So much later does it depart there, and come to the calls after it."`
}

// CallTimeIn is new times of a call.
type CallTimeIn struct {
	Call    int    `json:"call" minimum:"0" maximum:"199" example:"1" doc:"The call, counted from 0."`
	Arrives string `json:"arrives,omitempty" format:"date-time" example:"2027-06-10T09:17:00+01:00" doc:"When it arrives."`
	Departs string `json:"departs,omitempty" format:"date-time" example:"2027-06-10T09:19:00+01:00" doc:"When it departs."`
}

// UpdateReport says what became of an update.
type UpdateReport struct {
	Outcome string `json:"outcome" enum:"applied,unchanged,older,awaiting" example:"applied" doc:"applied. unchanged: it says nothing new. older: a newer one is known; nothing was changed. awaiting: kept until a timetable has it."`
	Told    *int   `json:"told,omitempty" nullable:"false" example:"12" doc:"Train: reservations that were told; more may follow."`
}

// TrainFares is what the tickets of a railway cost, and under which conditions.
type TrainFares struct {
	Currency       string          `json:"currency" pattern:"^[A-Z]{3}$" patternDescription:"a currency code such as \"EUR\"" example:"EUR" doc:"ISO 4217 code of all amounts."`
	Fares          []TrainFare     `json:"fares" minItems:"1" maxItems:"8" doc:"The fares: price levels and conditions."`
	Tariffs        []TrainTariff   `json:"tariffs" minItems:"1" maxItems:"64" doc:"Prices by distance: the first that names the kind of train holds, one without kinds for all."`
	Relations      []TrainRelation `json:"relations,omitempty" maxItems:"20000" doc:"Prices from station to station, whatever the way; they come before the distance."`
	ChildPercent   float64         `json:"child_percent" minimum:"0" maximum:"100" multipleOf:"0.01" example:"50" doc:"Share of an adult's price that a child pays."`
	ChildFreeBelow int             `json:"child_free_below" minimum:"0" maximum:"18" example:"6" doc:"Children younger than this pay nothing, and have their seat."`
}

// TrainFare is a fare.
type TrainFare struct {
	ID                    string  `json:"id,omitempty" maxLength:"64" example:"far_01kavwy2x4e8hrn5z3m7q9t6b0" doc:"Id of the fare; not looked at when it is sent."`
	Name                  string  `json:"name" minLength:"1" maxLength:"24" example:"Flex" doc:"Its name."`
	PricePercent          float64 `json:"price_percent" minimum:"0" maximum:"500" multipleOf:"0.01" example:"100" doc:"Share of the tariff's price."`
	FreeCancellationHours *int32  `json:"free_cancellation_hours,omitempty" minimum:"0" maximum:"8760" example:"24" doc:"Cancelling is free until so many hours before departure; left out: never."`
	FeePercent            float64 `json:"cancellation_fee_percent" minimum:"0" maximum:"100" multipleOf:"0.01" example:"50" doc:"Share of the price kept from then on."`
}

// TrainTariff is a price by distance.
type TrainTariff struct {
	Categories []string  `json:"categories,omitempty" maxItems:"50" maxLength:"24" example:"[\"ICE\"]" doc:"Kinds of trains it is for; left out: all."`
	First      TrainRate `json:"first" doc:"In the first class."`
	Second     TrainRate `json:"second" doc:"In the second class."`
}

// TrainRate is the price of a class.
type TrainRate struct {
	Base     Money `json:"base" doc:"Once a journey."`
	Per100KM Money `json:"per_100_km" doc:"For 100 km of its way."`
}

// TrainRelation is the price between two stations.
type TrainRelation struct {
	From  string `json:"from" minLength:"1" maxLength:"24" example:"LX" doc:"Code of the station where it begins."`
	To    string `json:"to" minLength:"1" maxLength:"24" example:"PO" doc:"Code of the station where it ends."`
	Class string `json:"class" enum:"first,second" example:"second" doc:"The class."`
	Price Money  `json:"price" doc:"For an adult, before the fare's share."`
	Both  bool   `json:"both_ways,omitzero" example:"true" doc:"The other way too."`
}

// CompositionRequest sets the coaches of a train on some days.
type CompositionRequest struct {
	Train    string       `json:"train" minLength:"1" maxLength:"16" example:"HR 101" doc:"Number of the train."`
	From     string       `json:"from" format:"date" example:"2027-06-01" doc:"First service date."`
	To       string       `json:"to" format:"date" example:"2027-09-01" doc:"First service date that is not meant any more."`
	Weekdays []string     `json:"weekdays,omitempty" uniqueItems:"true" maxItems:"7" enum:"monday,tuesday,wednesday,thursday,friday,saturday,sunday" example:"[\"saturday\",\"sunday\"]" doc:"Only on these days of the week; left out: every day."`
	Coaches  []TrainCoach `json:"coaches" minItems:"1" maxItems:"40" doc:"Its coaches from the front. Without numbers of seats those of its type."`
}

// SaleReport says what became of the trains that are on sale.
type SaleReport struct {
	OnSale    int             `json:"on_sale" example:"3" doc:"Put on sale now."`
	Replaced  int             `json:"replaced" example:"12" doc:"Changed: nothing was sold of them."`
	Withdrawn int             `json:"withdrawn" example:"0" doc:"Taken off sale."`
	Waiting   int             `json:"waiting" example:"0" doc:"Still to be done; it goes on by itself."`
	Conflicts []TrainConflict `json:"conflicts" doc:"Trains that stay as they are, because seats are sold."`
}

// TrainConflict is a train that should be otherwise, but has seats sold: staff decide.
type TrainConflict struct {
	RunID     string `json:"run_id" example:"run_01kavwy2x4e8hrn5z3m7q9t6b0" doc:"This train on this day."`
	Number    string `json:"number" example:"HR 101" doc:"Number of the train."`
	Date      string `json:"date" format:"date" example:"2027-06-10" doc:"Its service date."`
	Withdrawn bool   `json:"withdrawn" example:"false" doc:"The timetable has it no more; else it should have other coaches or another way."`
}

// TrainConflictList is conflicts.
type TrainConflictList struct {
	Conflicts []TrainConflict `json:"conflicts" doc:"By date."`
}
