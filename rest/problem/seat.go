package problem

// seatEntries: seats of trains and flights, and what suppliers change of what was sold.
var seatEntries = []Entry{
	{Code: "seat_unavailable", Status: conflict, Title: "Seat not free", Meaning: "The seat is taken, out of order, or not sold with this offer. Nothing was reserved or changed.", Remedy: "Choose another one; the seat map shows which are free."},
	at("seat_unknown", "No such seat", "There is no seat of this name on the train or aircraft, in this class or cabin.", "Take the names from the seat map."),
	{Code: "seat_costs_more", Status: conflict, Title: "Seat costs more", Meaning: "The seat costs more to choose than what was paid for the one it would replace. Nothing was changed.", Remedy: "Choose another one, or cancel the item and reserve anew with the seat."},
	{Code: "no_single_seat", Status: conflict, Title: "No seat all the way", Meaning: "Seats are free on each part of the way, but none is free all the way. Nothing was reserved.", Remedy: "Place again with the preference seat_change to accept a change of seats on the way, or search again."},
	{Code: "no_seats", Status: conflict, Title: "No seats to choose", Meaning: "The ride has no seats with numbers: everybody sits where they like.", Remedy: "Leave the seats out."},
	at("too_many_seats", "More seats than travellers", "More seats are named than travellers take one. Infants on a lap take none.", "Name one for each adult and child."),
	at("seats_unplaced", "Seats without a ride", "Seats are asked for where the item has no such ride, or twice for one.", "Number the rides of the offer from 0, and name each once; a stay has no seats."),
	{Code: "departed", Status: conflict, Title: "Departed already", Meaning: "The train or flight has departed, so nothing about its seats can be changed any more.", Remedy: "There is nothing to be done."},
	{Code: "not_changeable", Status: conflict, Title: "Cannot be changed", Meaning: "Seats can be changed while the item is held or confirmed, and not while its payment runs.", Remedy: "Read the reservation; its available_actions say what can be done."},
	{Code: "withdrawn", Status: conflict, Title: "Does not run any more", Meaning: "The supplier has cancelled a part of what is reserved, so it cannot be paid.", Remedy: "Cancel the reservation and search again."},
	{Code: "pool_differs", Status: conflict, Title: "Seats cannot change", Meaning: "The stock exists already with other seats or another length, and these never change.", Remedy: "Make a new run or departure, or keep the seats."},
	{Code: "pool_has_units", Status: conflict, Title: "Capacity comes from the seats", Meaning: "The stock has seats with numbers, which say how much there is; its capacity is not set by hand.", Remedy: "Put single seats out of order, or change the target."},
	at("layout_invalid", "Seats not possible", "The seats have names that are empty, too long or used twice, or are too many.", "The message says which."),
	at("disruption_invalid", "Change not possible", "A change of times or a cancellation needs an id, an actor and a part of the way.", "The message says what is missing."),
	at("note_too_long", "Note too long", "The note for travellers is too long.", "Shorten it; the message names the bound."),
}
