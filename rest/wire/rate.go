package wire

// RateRequest sets the price of nights.
type RateRequest struct {
	From   string `json:"from" format:"date" example:"2027-06-01" doc:"First night."`
	To     string `json:"to" format:"date" example:"2027-09-01" doc:"First night that is not meant any more."`
	Amount Price  `json:"amount" doc:"Price of each night in the hotel's currency: a decimal text, or an object with amount and currency; null goes back to the room type's base price."`
}

// Rate is what a RateRequest came to.
type Rate struct {
	RoomTypeID string `json:"room_type_id" example:"rt_01kavwy2x4e8hrn5z3m7q9t6b0" doc:"The room type."`
	From       string `json:"from" format:"date" example:"2027-06-01" doc:"First night."`
	To         string `json:"to" format:"date" example:"2027-09-01" doc:"First night that is not meant any more."`
	Price      Money  `json:"price" doc:"Price of each of these nights now."`
}

// InventoryRequest sets what is named on the nights; everything else stays.
type InventoryRequest struct {
	From              string `json:"from" format:"date" example:"2027-06-01" doc:"First night."`
	To                string `json:"to" format:"date" example:"2027-06-15" doc:"First night that is not meant any more."`
	Capacity          *int32 `json:"capacity,omitempty" minimum:"0" maximum:"100000" example:"9" doc:"Rooms there are, those out of order included."`
	OverbookingBP     *int32 `json:"overbooking_bp,omitempty" minimum:"-10000" maximum:"20000" example:"500" doc:"Sold beyond the capacity, in 1/10,000; sets the target by rule again."`
	Target            *int32 `json:"target,omitempty" minimum:"0" maximum:"100000" example:"8" doc:"How many are to be sold, by hand instead of by overbooking_bp."`
	Closed            *bool  `json:"closed,omitempty" example:"false" doc:"Stop-sell: true ends the sale of these nights, false opens it again."`
	MinStay           *int   `json:"min_stay,omitempty" minimum:"0" maximum:"180" example:"2" doc:"Fewest nights of a stay that arrives then; 0 for no rule."`
	MaxStay           *int   `json:"max_stay,omitempty" minimum:"0" maximum:"180" example:"14" doc:"Most nights of a stay that arrives then; 0 for no rule."`
	ClosedToArrival   *bool  `json:"closed_to_arrival,omitempty" example:"false" doc:"Nobody can arrive then."`
	ClosedToDeparture *bool  `json:"closed_to_departure,omitempty" example:"false" doc:"Nobody can leave then."`
}

// Inventory is the state of nights.
type Inventory struct {
	HotelID    string  `json:"hotel_id" example:"htl_01kavwy2x4e8hrn5z3m7q9t6b0" doc:"The hotel."`
	RoomTypeID string  `json:"room_type_id" example:"rt_01kavwy2x4e8hrn5z3m7q9t6b0" doc:"The room type."`
	Nights     []Night `json:"nights" doc:"The nights that are on sale or have been, in order."`
}

// Night is the state of one night of a room type.
type Night struct {
	Date              string `json:"date" format:"date" example:"2027-06-01" doc:"The night that begins on this day."`
	Capacity          int32  `json:"capacity" example:"9" doc:"Rooms that can be slept in: physical minus out of order."`
	Physical          int32  `json:"physical" example:"10" doc:"Rooms there are."`
	OutOfOrder        int32  `json:"out_of_order" example:"1" doc:"Rooms out of order."`
	OverbookingBP     int32  `json:"overbooking_bp" example:"1000" doc:"Sold beyond the capacity, in 1/10,000."`
	Target            int32  `json:"target" example:"9" doc:"How many are to be sold."`
	Closed            bool   `json:"closed" example:"false" doc:"Stop-sell."`
	Held              int32  `json:"held" example:"1" doc:"On hold, not paid."`
	Sold              int32  `json:"sold" example:"6" doc:"Sold."`
	Available         int32  `json:"available" example:"2" doc:"What can still be sold."`
	Oversold          int32  `json:"oversold" example:"0" doc:"How many more are held and sold than there is capacity."`
	Price             Money  `json:"price" doc:"Price of the night before rate plans."`
	MinStay           int    `json:"min_stay" example:"2" doc:"Fewest nights of a stay that arrives then; 0 for no rule."`
	MaxStay           int    `json:"max_stay" example:"0" doc:"Most nights of a stay that arrives then; 0 for no rule."`
	ClosedToArrival   bool   `json:"closed_to_arrival" example:"false" doc:"Nobody can arrive then."`
	ClosedToDeparture bool   `json:"closed_to_departure" example:"false" doc:"Nobody can leave then."`
}

// RatePlanRequest makes a rate plan or replaces what can be written of one.
type RatePlanRequest struct {
	Name                   string      `json:"name" minLength:"1" maxLength:"120" example:"Flexible with breakfast" doc:"Name of the rate plan."`
	Board                  string      `json:"board,omitempty" enum:"room_only,breakfast,half_board,full_board,all_inclusive" example:"breakfast" doc:"Meals in the price; room_only if left out."`
	PricePercent           *float64    `json:"price_percent,omitempty" minimum:"0" maximum:"1000" multipleOf:"0.01" example:"110" doc:"Share of the night's price; 100 if left out."`
	Amount                 *Money      `json:"amount,omitempty" doc:"Then added for each room and night; may be negative."`
	IncludedAdults         int         `json:"included_adults,omitzero" minimum:"0" maximum:"20" example:"2" doc:"Adults in the price; 0 or left out: all of them."`
	ExtraAdult             *Money      `json:"extra_adult,omitempty" doc:"Supplement a night for each further adult."`
	ChildBands             []ChildBand `json:"child_bands,omitempty" maxItems:"8" doc:"Supplements a night for children by age, ascending; an older child counts as an adult."`
	FreeCancellationHours  *int32      `json:"free_cancellation_hours,omitempty" minimum:"0" maximum:"8760" example:"48" doc:"Cancelling is free until so many hours before check-in; never, if left out."`
	CancellationFeePercent *float64    `json:"cancellation_fee_percent,omitempty" minimum:"0" maximum:"100" multipleOf:"0.01" example:"80" doc:"Share of the total kept from then on; 100 if left out."`
	RoomTypeIDs            []string    `json:"room_type_ids,omitempty" maxItems:"200" uniqueItems:"true" pattern:"^rt_[0-9a-hjkmnp-tv-z]{26}$" patternDescription:"an rt_ id" example:"[\"rt_01kavwy2x4e8hrn5z3m7q9t6b0\"]" doc:"Sold with these room types; left out: with all."`
}

// ChildBand is the supplement for children up to an age.
type ChildBand struct {
	UpToAge    int   `json:"up_to_age" minimum:"0" maximum:"17" example:"6" doc:"Oldest age it holds for."`
	Supplement Money `json:"supplement" doc:"For each child and night."`
}

// RatePlan is conditions and a rule for the price.
type RatePlan struct {
	ID                     string      `json:"id" example:"rp_01kavwy2x4e8hrn5z3m7q9t6b0" doc:"Id of the rate plan."`
	HotelID                string      `json:"hotel_id" example:"htl_01kavwy2x4e8hrn5z3m7q9t6b0" doc:"The hotel it belongs to."`
	Name                   string      `json:"name" example:"Flexible with breakfast" doc:"Name of the rate plan."`
	Board                  string      `json:"board" enum:"room_only,breakfast,half_board,full_board,all_inclusive" example:"breakfast" doc:"Meals in the price."`
	PricePercent           float64     `json:"price_percent" example:"110" doc:"Share of the night's price."`
	Amount                 Money       `json:"amount" doc:"Then added for each room and night."`
	IncludedAdults         int         `json:"included_adults" example:"2" doc:"Adults in the price; 0: all of them."`
	ExtraAdult             Money       `json:"extra_adult" doc:"Supplement a night for each further adult."`
	ChildBands             []ChildBand `json:"child_bands" doc:"Supplements a night for children by age."`
	FreeCancellationHours  *int32      `json:"free_cancellation_hours" example:"48" doc:"Cancelling is free until so many hours before check-in; null: never."`
	CancellationFeePercent float64     `json:"cancellation_fee_percent" example:"80" doc:"Share of the total kept from then on."`
	RoomTypeIDs            []string    `json:"room_type_ids" example:"[\"rt_01kavwy2x4e8hrn5z3m7q9t6b0\"]" doc:"Sold with these room types; empty: with all."`
	Overrides              []Override  `json:"overrides" doc:"Nights with an explicit price instead of the rule's."`
	CreatedAt              string      `json:"created_at" format:"date-time" example:"2026-11-22T09:30:00Z" doc:"When it was made."`
	UpdatedAt              string      `json:"updated_at" format:"date-time" example:"2026-11-22T09:30:00Z" doc:"When it was last changed."`
}

// Override is an explicit price of nights.
type Override struct {
	RoomTypeID string `json:"room_type_id" example:"rt_01kavwy2x4e8hrn5z3m7q9t6b0" doc:"The room type."`
	From       string `json:"from" format:"date" example:"2027-12-30" doc:"First night."`
	To         string `json:"to" format:"date" example:"2028-01-02" doc:"First night that is not meant any more."`
	Price      Money  `json:"price" doc:"Price of each night."`
}

// OverrideRequest sets the explicit price of nights.
type OverrideRequest struct {
	RoomTypeID string `json:"room_type_id" pattern:"^rt_[0-9a-hjkmnp-tv-z]{26}$" patternDescription:"an rt_ id" example:"rt_01kavwy2x4e8hrn5z3m7q9t6b0" doc:"The room type."`
	From       string `json:"from" format:"date" example:"2027-12-30" doc:"First night."`
	To         string `json:"to" format:"date" example:"2028-01-02" doc:"First night that is not meant any more."`
	Amount     Price  `json:"amount" doc:"Price of each night in the hotel's currency: a decimal text, or an object with amount and currency; null goes back to the rule."`
}

// RatePlanList is all rate plans of a hotel.
type RatePlanList struct {
	RatePlans []RatePlan `json:"rate_plans" doc:"By creation."`
	Next      *string    `json:"next" example:"Mg" doc:"Cursor of the next page for the parameter after; null at the end."`
}

// RevocationRequest ends offers.
type RevocationRequest struct {
	RatePlanID string `json:"rate_plan_id,omitempty" pattern:"^rp_[0-9a-hjkmnp-tv-z]{26}$" patternDescription:"an rp_ id" example:"rp_01kavwy2x4e8hrn5z3m7q9t6b0" doc:"Only offers of this rate plan; left out: every offer of the hotel's supplier."`
}

// Revocation is what was ended.
type Revocation struct {
	SupplierID string `json:"supplier_id" example:"sup_01kavwy2x4e8hrn5z3m7q9t6b0" doc:"Offers of this supplier have ended."`
	RatePlanID string `json:"rate_plan_id,omitempty" example:"rp_01kavwy2x4e8hrn5z3m7q9t6b0" doc:"Only those of this rate plan."`
	Before     string `json:"before" format:"date-time" example:"2026-11-22T09:30:00Z" doc:"If they were made before this instant."`
}
