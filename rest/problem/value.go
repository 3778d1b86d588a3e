package problem

// valueEntries: values that services refuse, most of them as one place of a request.
var valueEntries = []Entry{
	at("in_past", "In the past", "The date is before today at the hotel.", "Choose a later date."),
	at("beyond_horizon", "Too far ahead", "Nights this far ahead are not on sale yet.", "Choose an earlier date; the message names the last one."),
	at("dates_backwards", "Dates the wrong way round", "check_out must be after check_in: a stay has at least one night.", "Swap or correct the dates."),
	at("empty_range", "No night in the range", "Ranges are half-open: to is the first night that is not meant any more, so it comes after from.", "For one night, to is the day after from."),
	at("stay_too_long", "Stay too long", "A stay has more nights than can be booked at once.", "Book it in parts; the message names the most nights."),
	at("occupancy_exceeded", "Too many people for the room", "The room type does not take so many people.", "Take more rooms or another room type."),
	at("rooms_out_of_range", "Number of rooms not possible", "A stay takes at least one room, and not more than the message names.", "Correct the number; book large groups in parts."),
	at("adults_out_of_range", "Number of adults not possible", "A room takes at least one adult, and not more than the message names.", "Spread the people over more rooms."),
	at("children_out_of_range", "Too many children in a room", "A room takes only so many children.", "Spread the children over more rooms."),
	at("child_age_out_of_range", "Not the age of a child", "A child is 0 to 17 years old.", "Count older guests as adults."),
	at("offer_too_large", "Rooms too different for one offer", "The rooms differ too much to be sold as one offer.", "Ask for them in parts."),
	at("too_many_units", "Too many rooms in one item", "One item takes only so many rooms.", "Split it into several reservations."),
	at("item_unknown", "No such item", "The reservation has no item with this id.", "Take the ids from the reservation's items."),
	at("place_required", "No place to search", "A search starts at a place, near a point, or in one hotel.", "Give exactly one of them."),
	at("place_invalid", "Not the name of a place", "The text cannot be the name of a city or area.", "Name a city, or search around coordinates."),
	at("latitude_out_of_range", "Not a latitude", "Latitudes are from -90 to 90 degrees.", "Check that latitude and longitude are not swapped."),
	at("longitude_out_of_range", "Not a longitude", "Longitudes are from -180 to 180 degrees.", "Check that latitude and longitude are not swapped."),
	at("radius_out_of_range", "Radius not possible", "The radius is too small or too large.", "The message names the bounds."),
	at("sort_unknown", "No such order", "Results can be sorted by price, distance or stars.", "Choose one of these."),
	at("limit_out_of_range", "Limit not possible", "The page or result size is too small or too large.", "The message names the bounds."),
	at("range_backwards", "Range the wrong way round", "The largest is less than the smallest.", "Swap or correct the values."),
	at("too_many_amenities", "Too many amenities", "Only so many amenities can be asked for at once.", "Name fewer."),
	at("out_of_range", "Out of range", "The number is not possible here.", "The message names the bounds."),
	at("too_many", "Too many", "There are more entries than are possible.", "The message names the most."),
	at("unknown", "Not known", "The value is not one of those the field knows.", "See the field's description in /docs."),
	at("unknown_country", "Not a country", "The text is not a country code of ISO 3166-1 alpha-2.", "Send two capitals, such as SG."),
	at("unknown_time_zone", "Not a time zone", "The text is not an IANA time zone.", "Send a full name, such as Europe/Berlin."),
	at("not_text", "Not one line of text", "The text has control characters or more than one line.", "Send plain text."),
	at("not_a_time", "Not a time", "The text is not a time of the day.", "Send HH:MM, from 00:00 to 23:59."),
	at("not_a_word", "Not a word", "The text is not a word of lower case letters, digits and underscores.", "Send for example wifi or city_tax."),
	at("not_a_cursor", "Not a cursor", "The page cursor is not one of this list.", "Pass on \"next\" as it came, or start without a cursor."),
	at("not_ascending", "Not ascending", "The entries must rise from one to the next.", "Sort them."),
	at("not_in_order", "Not in order", "The entries overlap or are not in order.", "Sort and separate them."),
	at("not_an_amount", "Not an amount", "The text is not a decimal amount of the currency.", "Send for example \"12.30\"."),
	at("not_with_rule", "Not with this rule", "The field has no meaning beside the rule that was chosen.", "Leave it out."),
	at("not_with_overbooking", "Not with overbooking", "The target is set by hand or by overbooking, not both.", "Give one of them."),
	at("not_sold_with_plan", "Not sold with this rate plan", "The rate plan does not hold for this room type.", "Add the room type to the rate plan first."),
	at("nothing_to_set", "Nothing to change", "The request names nothing to change.", "Name at least one field."),
	at("above_max_stay", "Longer than the longest stay", "On some of these nights the shortest stay would be longer than the longest.", "Change both together."),
	at("below_min_stay", "Shorter than the shortest stay", "The longest stay would be shorter than the shortest.", "Change both together."),
	at("before_in_future", "Not in the future", "Only offers that have been made can be withdrawn.", "Name an instant that has passed."),
	at("supplier_missing", "Supplier missing", "The request does not say whose offers are meant.", "Name the supplier."),
	at("capacity_out_of_range", "Capacity not possible", "The capacity is below zero or above what a pool takes.", "The message names the bounds."),
	at("out_of_order_out_of_range", "Number out of order not possible", "The number of rooms out of order is not possible.", "The message names the bounds."),
	at("overbooking_out_of_range", "Overbooking not possible", "The overbooking is too small or too large.", "The message names the bounds."),
	at("target_out_of_range", "Target not possible", "The target is below zero or above what a pool takes.", "The message names the bounds."),
	at("span_invalid", "Nights not possible", "The run of nights is empty or too long.", "Name fewer nights at once."),
	at("pool_invalid", "Stock not possible", "The stock asked for is out of bounds.", "The message names the bounds."),

	{Code: "pool_not_found", Status: notFound, Title: "Not on sale any more", Meaning: "What was named is not on sale any more.", Remedy: "Search again."},
	{Code: "number_taken", Status: conflict, Title: "Room number taken", Meaning: "The hotel has a room with this number already.", Remedy: "Choose another number, or change the room there is."},
	{Code: "external_ref_taken", Status: conflict, Title: "External reference taken", Meaning: "The supplier has a hotel with this external reference already.", Remedy: "Change the hotel there is."},
	{Code: "currency_fixed", Status: conflict, Title: "Currency cannot change", Meaning: "The hotel has prices in its currency.", Remedy: "Make a new hotel for another currency.", Place: true},
	{Code: "capacity_fixed", Status: conflict, Title: "Capacity cannot be set now", Meaning: "A cap on the whole house is set before its first room type is added.", Remedy: "Leave the capacity out, or make a new hotel."},
	{Code: "last_rate_plan", Status: conflict, Title: "Last rate plan", Meaning: "A hotel keeps at least one rate plan.", Remedy: "Add another one before you delete this one."},
	{Code: "deletion_pending", Status: unavailable, Title: "Deletion under way", Meaning: "It could not be found out yet whether anything is reserved. The deletion is kept and goes on by itself.", Remedy: "Ask again after the time in Retry-After.", Retryable: true},
}

// importEntries: what `holdfast import` says about a file; it reports them by line.
var importEntries = []Entry{
	{Code: "malformed", Status: badRequest, Title: "Cannot be read", Meaning: "The options of the import cannot be read.", Remedy: "See holdfast import --help."},
	at("file_invalid", "File cannot be imported", "The file cannot be read as the CSV it should be; nothing was changed.", "Correct the line that is named."),
	at("template_invalid", "Template cannot be used", "The template is not the JSON it should be, or has values that are not possible.", "Correct the places that are named."),
	at("shares", "Shares do not add up", "The shares of the template's room types must add up to 10,000.", "Correct the shares."),
	at("identity_missing", "Hotel without identity", "Nothing on the line says which hotel it is.", "Fill the identity column, or name and postal code."),
	at("duplicate_identity", "Hotel given twice", "Two lines have the same identity.", "Leave one of them out."),
	at("postal_code_invalid", "Not a postal code", "The text is not a postal code of the country.", "Correct the line."),
	at("stars_invalid", "Not a number of stars", "Stars are 0 to 5.", "Correct the line."),
	at("rooms_invalid", "Not a number of rooms", "The number of rooms is missing or not possible.", "Correct the line."),
}

// at is an entry that is about a value: 422, alone or as one of the places.
func at(code, title, meaning, remedy string) Entry {
	return Entry{Code: code, Status: invalid, Title: title, Meaning: meaning, Remedy: remedy, Place: true}
}
