package problem

// railEntries: trains, their timetables and what is sold of them.
var railEntries = []Entry{
	{Code: "station_not_found", Status: notFound, Title: "No such station", Meaning: "No railway here has a station with this code.", Remedy: "Search stations by name; the answer has their codes."},
	{Code: "train_not_found", Status: notFound, Title: "No such train", Meaning: "No train of this number runs on this date.", Remedy: "Check the number and the service date: a train that leaves after midnight may belong to the day before."},
	{Code: "train_cancelled", Status: conflict, Title: "Train is cancelled", Meaning: "The train does not run on this date.", Remedy: "Search for another journey."},
	{Code: "no_such_ride", Status: invalid, Title: "Not a ride of this train", Meaning: "The train does not go from the one station to the other, or may not be boarded or left there.", Remedy: "Read the train's calls; from comes before to.", Place: true},
	{Code: "too_much_removed", Status: conflict, Title: "File would remove too much", Meaning: "The file lacks more of what is there than a file may remove. Nothing was changed.", Remedy: "Check that the file is whole and the right one. \"meta\" has the numbers; if they are right, load it by force."},
	at("fare_unknown", "No such fare", "The railway has no fare of this name.", "Leave the fare out, or take a name from a search."),
	at("same_place", "Journey without a way", "The journey ends where it begins.", "Name two different places."),
	at("one_of", "More or less than one", "Exactly one of several fields is needed.", "Give just one of those that the message names."),
	at("station_unknown", "Station not known", "A line or a field names a station that is not there.", "Correct the code, or tell of the station first."),
	at("station_invalid", "Station cannot be", "Values of a station are not possible.", "Correct what the message names."),
	at("station_repeated", "Station given twice", "The file tells of one station twice.", "Leave one of them out."),
	at("parent_unknown", "Parent not known", "A platform names a station that is not there; it stands for itself.", "Tell of the station."),
	at("footpath_invalid", "Footpath cannot be", "The time of a footpath is not possible.", "Correct the time."),
	at("train_invalid", "Train cannot be", "Values of a train are not possible; it was left out.", "Correct what the message names."),
	at("train_repeated", "Train given twice", "The file tells of one train twice.", "Leave one of them out."),
	at("coach_type_invalid", "Type of coach cannot be", "Values of a type of coach are not possible.", "Correct what the message names."),
	at("adult_missing", "No adult", "Children do not travel alone: there is at least one adult.", "Name an adult too."),
	at("coach_type_unknown", "Type of coach not known", "Nothing says how many seats coaches of this type have; they are taken for coaches without.", "Load the types of coaches."),
	at("composition_invalid", "Composition cannot be", "The coaches of a train are not possible as they are told.", "Correct what the message names."),
	at("composition_repeated", "Composition given twice", "The file tells of the coaches of a train on the same dates twice.", "Leave one of them out."),
	at("composition_missing", "Coaches not known", "Neither a list of coaches nor a template says what coaches a train has; it is not sold.", "Load a list of coaches, or extend the template."),
	at("fare_missing", "No fare", "No tariff is for trains of this category; they are not sold.", "Add a tariff without categories: it is for all others."),
	at("stock_pending", "Sale still to come", "The file is applied, but not all of it could be put on sale yet; that goes on by itself.", "Nothing: wait a little."),
	at("update_invalid", "Update cannot be", "What is told of a run does not fit its calls.", "Correct what the message names."),
}
