package wire

// HotelRequest makes a hotel or replaces what can be written of one.
type HotelRequest struct {
	SupplierID    string   `json:"supplier_id,omitempty" pattern:"^sup_[0-9a-hjkmnp-tv-z]{26}$" patternDescription:"a sup_ id" example:"sup_01kavwy2x4e8hrn5z3m7q9t6b0" doc:"The supplier it belongs to. Staff of a supplier may leave it out; it cannot change later."`
	Name          string   `json:"name" minLength:"1" maxLength:"200" example:"Hotel Amsel" doc:"Name of the hotel."`
	Stars         int      `json:"stars,omitzero" minimum:"0" maximum:"5" example:"4" doc:"1 to 5; 0 for a house without classification."`
	Address       string   `json:"address,omitempty" maxLength:"300" example:"Am Ufer 12" doc:"Street and number."`
	PostalCode    string   `json:"postal_code,omitempty" maxLength:"20" example:"04109" doc:"Postal code."`
	City          string   `json:"city" minLength:"1" maxLength:"100" example:"Lisbon" doc:"City, as travellers search for it."`
	Country       string   `json:"country" pattern:"^[A-Z]{2}$" patternDescription:"a country code such as \"DE\"" example:"DE" doc:"ISO 3166-1 alpha-2 code."`
	Latitude      float64  `json:"latitude" minimum:"-90" maximum:"90" example:"51.3397" doc:"Degrees north."`
	Longitude     float64  `json:"longitude" minimum:"-180" maximum:"180" example:"-9.1431" doc:"Degrees east."`
	TimeZone      string   `json:"time_zone" minLength:"1" maxLength:"64" example:"Europe/Berlin" doc:"IANA time zone; nights and \"today\" are meant there."`
	Currency      string   `json:"currency" pattern:"^[A-Z]{3}$" patternDescription:"a currency code such as \"EUR\"" example:"EUR" doc:"ISO 4217 code of all its prices."`
	Amenities     []string `json:"amenities,omitempty" maxItems:"50" uniqueItems:"true" pattern:"^[a-z][a-z0-9_]{0,39}$" patternDescription:"lower case words with underscores" example:"wifi,breakfast_room,parking" doc:"What it offers, as lower case words."`
	CheckInFrom   string   `json:"check_in_from,omitempty" pattern:"^([01][0-9]|2[0-3]):[0-5][0-9]$" patternDescription:"a time as HH:MM" example:"15:00" doc:"Earliest check-in, local time; 15:00 if left out."`
	CheckOutUntil string   `json:"check_out_until,omitempty" pattern:"^([01][0-9]|2[0-3]):[0-5][0-9]$" patternDescription:"a time as HH:MM" example:"11:00" doc:"Latest check-out, local time; 11:00 if left out."`
	OverbookingBP *int32   `json:"overbooking_bp,omitempty" minimum:"-10000" maximum:"20000" example:"1000" doc:"How much is sold beyond the capacity of room types that do not say otherwise, in 1/10,000; 1000 (10 %) if left out."`
	Capacity      *int32   `json:"capacity,omitempty" minimum:"1" maximum:"100000" example:"120" doc:"Rooms of the whole house, if they cap the room types together; without it there is no such cap."`
	Levies        []Levy   `json:"levies,omitempty" maxItems:"6" doc:"Taxes and fees on a stay."`
}

// Levy is a tax or fee.
type Levy struct {
	Kind     string   `json:"kind" enum:"tax,fee" example:"tax" doc:"Whether it is shown under taxes or fees."`
	Code     string   `json:"code" pattern:"^[a-z][a-z0-9_]{0,11}$" patternDescription:"up to 12 lower case letters, digits and underscores" example:"city_tax" doc:"Name of the part in prices."`
	Rule     string   `json:"rule" enum:"percent_of_base,per_room_night,per_person_night,per_adult_night,per_stay" example:"per_adult_night" doc:"What it is counted by; per_stay counts once a room."`
	Percent  *float64 `json:"percent,omitempty" minimum:"0" maximum:"100" multipleOf:"0.01" example:"7" doc:"Share of the base price, with percent_of_base."`
	Amount   *Money   `json:"amount,omitempty" doc:"Amount for each, with the other rules; in the hotel's currency."`
	Included bool     `json:"included,omitzero" example:"false" doc:"Already in the base price: shown, not added."`
}

// Hotel is a house.
type Hotel struct {
	ID            string     `json:"id" example:"htl_01kavwy2x4e8hrn5z3m7q9t6b0" doc:"Id of the hotel."`
	SupplierID    string     `json:"supplier_id" example:"sup_01kavwy2x4e8hrn5z3m7q9t6b0" doc:"The supplier it belongs to."`
	Name          string     `json:"name" example:"Hotel Amsel" doc:"Name of the hotel."`
	Stars         int        `json:"stars" example:"4" doc:"1 to 5; 0 for a house without classification."`
	Address       string     `json:"address" example:"Am Ufer 12" doc:"Street and number."`
	PostalCode    string     `json:"postal_code" example:"04109" doc:"Postal code."`
	City          string     `json:"city" example:"Lisbon" doc:"City."`
	Country       string     `json:"country" example:"DE" doc:"ISO 3166-1 alpha-2 code."`
	Latitude      float64    `json:"latitude" example:"51.3397" doc:"Degrees north."`
	Longitude     float64    `json:"longitude" example:"-9.1431" doc:"Degrees east."`
	TimeZone      string     `json:"time_zone" example:"Europe/Berlin" doc:"IANA time zone of nights and times."`
	Currency      string     `json:"currency" example:"EUR" doc:"ISO 4217 code of all its prices."`
	Amenities     []string   `json:"amenities" example:"wifi,breakfast_room,parking" doc:"What it offers."`
	CheckInFrom   string     `json:"check_in_from" example:"15:00" doc:"Earliest check-in, local time."`
	CheckOutUntil string     `json:"check_out_until" example:"11:00" doc:"Latest check-out, local time."`
	Levies        []Levy     `json:"levies" doc:"Taxes and fees on a stay."`
	RoomTypes     []RoomType `json:"room_types,omitempty" doc:"What it sells; only when one hotel is read."`
	CreatedAt     string     `json:"created_at" format:"date-time" example:"2026-11-22T09:30:00Z" doc:"When it was made."`
	UpdatedAt     string     `json:"updated_at" format:"date-time" example:"2026-11-22T09:30:00Z" doc:"When it was last changed."`

	Status        string `json:"status,omitempty" enum:"preparing,active,retired" example:"active" doc:"For its staff: whether it is sold. preparing: its stock is being made."`
	OverbookingBP *int32 `json:"overbooking_bp,omitempty" example:"1000" doc:"For its staff: sold beyond the capacity, in 1/10,000."`
	Capacity      *int32 `json:"capacity,omitempty" example:"120" doc:"For its staff: rooms of the whole house, if they cap the room types together."`
	ExternalRef   string `json:"external_ref,omitempty" example:"04109-hotel-amsel" doc:"For its staff: its identity in the file it was imported from."`
	Revision      int64  `json:"revision,omitzero" example:"7" doc:"For its staff: number of the last change; the ETag shows it."`
}

// HotelList is a page of hotels.
type HotelList struct {
	Hotels []Hotel `json:"hotels" doc:"By name."`
	Next   *string `json:"next" example:"SG90ZWwgQW1zZWw" doc:"Cursor of the next page for the parameter after; null at the end."`
}

// Occupancy is how many people a room takes.
type Occupancy struct {
	Adults   int `json:"adults" minimum:"1" maximum:"20" example:"2" doc:"Places for adults; a child may have one too."`
	Children int `json:"children" minimum:"0" maximum:"9" example:"1" doc:"Further places for children."`
}

// RoomTypeRequest makes a room type or replaces what can be written of one.
type RoomTypeRequest struct {
	Name          string    `json:"name" minLength:"1" maxLength:"120" example:"Double room, garden side" doc:"Name of the room type."`
	Occupancy     Occupancy `json:"occupancy" doc:"How many people a room takes."`
	BasePrice     Money     `json:"base_price" doc:"Price of a night that has no rate of its own, in the hotel's currency."`
	Capacity      int32     `json:"capacity" minimum:"1" maximum:"100000" example:"10" doc:"How many rooms of the type there are. On a PUT it holds for all nights to come and later ones; single nights differ by inventory."`
	OverbookingBP *int32    `json:"overbooking_bp,omitempty" minimum:"-10000" maximum:"20000" example:"1000" doc:"Sold beyond the capacity, in 1/10,000; the hotel's if left out."`
}

// RoomType is what is sold.
type RoomType struct {
	ID        string    `json:"id" example:"rt_01kavwy2x4e8hrn5z3m7q9t6b0" doc:"Id of the room type."`
	HotelID   string    `json:"hotel_id" example:"htl_01kavwy2x4e8hrn5z3m7q9t6b0" doc:"The hotel it belongs to."`
	Name      string    `json:"name" example:"Double room, garden side" doc:"Name of the room type."`
	Occupancy Occupancy `json:"occupancy" doc:"How many people a room takes."`
	BasePrice Money     `json:"base_price" doc:"Price of a night that has no rate of its own."`
	CreatedAt string    `json:"created_at" format:"date-time" example:"2026-11-22T09:30:00Z" doc:"When it was made."`
	UpdatedAt string    `json:"updated_at" format:"date-time" example:"2026-11-22T09:30:00Z" doc:"When it was last changed."`

	Status        string `json:"status,omitempty" enum:"preparing,active,retired" example:"active" doc:"For its staff: whether it is sold. preparing: its stock is being made."`
	Capacity      *int32 `json:"capacity,omitempty" example:"10" doc:"For its staff: how many rooms of the type there are; nights may differ."`
	OverbookingBP *int32 `json:"overbooking_bp,omitempty" example:"1000" doc:"For its staff: sold beyond the capacity, in 1/10,000; left out when the hotel's counts."`
}

// RoomTypeList is all room types of a hotel.
type RoomTypeList struct {
	RoomTypes []RoomType `json:"room_types" doc:"By creation."`
	Next      *string    `json:"next" example:"Mg" doc:"Cursor of the next page for the parameter after; null at the end."`
}

// RoomRequest makes a room or replaces what can be written of one.
type RoomRequest struct {
	Number     string   `json:"number" minLength:"1" maxLength:"20" example:"204" doc:"Number on the door; unique in the hotel."`
	RoomTypeID string   `json:"room_type_id" pattern:"^rt_[0-9a-hjkmnp-tv-z]{26}$" patternDescription:"an rt_ id" example:"rt_01kavwy2x4e8hrn5z3m7q9t6b0" doc:"Its room type."`
	OutOfOrder []Outage `json:"out_of_order,omitempty" maxItems:"100" doc:"When it cannot be slept in; these nights it is taken off the capacity."`
}

// Outage takes a room off sale.
type Outage struct {
	From   string `json:"from" format:"date" example:"2027-03-12" doc:"First night out of order."`
	To     string `json:"to" format:"date" example:"2027-03-15" doc:"First night in order again."`
	Reason string `json:"reason,omitempty" maxLength:"200" example:"new carpet" doc:"Why, for staff."`
}

// Room is a numbered room.
type Room struct {
	ID         string   `json:"id" example:"rm_01kavwy2x4e8hrn5z3m7q9t6b0" doc:"Id of the room."`
	HotelID    string   `json:"hotel_id" example:"htl_01kavwy2x4e8hrn5z3m7q9t6b0" doc:"The hotel it belongs to."`
	Number     string   `json:"number" example:"204" doc:"Number on the door."`
	RoomTypeID string   `json:"room_type_id" example:"rt_01kavwy2x4e8hrn5z3m7q9t6b0" doc:"Its room type."`
	OutOfOrder []Outage `json:"out_of_order" doc:"When it cannot be slept in."`
	CreatedAt  string   `json:"created_at" format:"date-time" example:"2026-11-22T09:30:00Z" doc:"When it was made."`
	UpdatedAt  string   `json:"updated_at" format:"date-time" example:"2026-11-22T09:30:00Z" doc:"When it was last changed."`
}

// RoomList is a page of rooms.
type RoomList struct {
	Rooms []Room  `json:"rooms" doc:"By number."`
	Next  *string `json:"next" example:"NTA" doc:"Cursor of the next page for the parameter after; null at the end."`
}
