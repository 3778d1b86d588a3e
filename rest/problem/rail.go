package problem

// railEntries: trains and their stations.
var railEntries = []Entry{
	{Code: "station_not_found", Status: notFound, Title: "No such station", Meaning: "There is no station with this code.", Remedy: "GET /v1/places finds stations by name."},
	{Code: "train_not_found", Status: notFound, Title: "No such train", Meaning: "No train of this number runs on that service date.", Remedy: "Check number and date; a train that leaves after midnight may belong to the day before."},
	{Code: "train_cancelled", Status: conflict, Title: "Train is cancelled", Meaning: "The train does not run on that day.", Remedy: "Search for another connection."},
	at("no_such_ride", "Train does not go there", "The train does not go from the one station to the other.", "Look at its calls: a ride goes from one to a later one."),
	at("fare_unknown", "No such fare", "The railway has no fare of this name.", "Leave it out to get the cheapest, or take a name from a search."),
	at("same_place", "Ends where it begins", "Start and end are the same place.", "Name two different places."),
	at("one_of", "Not exactly one of these", "Of some fields exactly one is wanted, and none or several were given.", "The message names them."),
	{Code: "too_much_removed", Status: conflict, Title: "Too much would be removed", Meaning: "The file would remove a larger share of what is there than is allowed without a human. Nothing was changed.", Remedy: "Look at the file; if it is right, apply it with force."},
	at("composition_invalid", "Coaches not possible", "The coaches of a train cannot be like this.", "The message says what is wrong."),
	at("composition_repeated", "Coaches given twice", "The coaches of a train are given twice for the same days.", "Leave one out."),
	at("coach_type_invalid", "Coach type not possible", "A type of coach has numbers that are not possible.", "The message says what is wrong."),
	at("footpath_invalid", "Footpath not possible", "A way on foot between two stations cannot be like this.", "The message says what is wrong."),
	at("station_invalid", "Station not possible", "A station of the file cannot be like this.", "The message says what is wrong."),
	at("station_repeated", "Station given twice", "Two lines have the same station.", "Leave one of them out."),
	at("station_unknown", "Station not known", "A line names a station that the file does not have.", "Add the station, or correct its code."),
	at("train_invalid", "Train not possible", "A train of the file cannot be like this.", "The message says what is wrong."),
	at("train_repeated", "Train given twice", "Two lines have the same train.", "Leave one of them out."),
}
