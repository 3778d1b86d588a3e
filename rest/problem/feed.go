package problem

// feedEntries: what partners send.
var feedEntries = []Entry{
	{Code: "feed_not_found", Status: notFound, Title: "No such feed", Meaning: "There is no feed of this partner that you may see.", Remedy: "Check the name and the token; GET /v1/feeds lists yours."},
	{Code: "run_not_found", Status: notFound, Title: "No such run", Meaning: "There is no run with this id: no run of this feed, of which only the last ones are kept, or no train on that day.", Remedy: "Check the id; the lists of runs and trains have them."},
	{Code: "partner_taken", Status: conflict, Title: "Name in use", Meaning: "Another supplier has a feed of this name.", Remedy: "Choose another name."},
	{Code: "feed_busy", Status: conflict, Title: "Feed is being worked on", Meaning: "Another delivery of the feed is being applied.", Remedy: "Try again after the time in Retry-After.", Retryable: true},
	{Code: "feed_disabled", Status: conflict, Title: "Feed is not enabled", Meaning: "The feed is neither fetched nor taken.", Remedy: "Enable it, then try again."},
	{Code: "not_pulled", Status: conflict, Title: "Feed has no address", Meaning: "The feed is only pushed: there is nothing to fetch.", Remedy: "Give it an address, or have the partner send the file."},
	{Code: "nothing_held", Status: conflict, Title: "Nothing waits", Meaning: "The run holds no delivery: it never did, it was approved or discarded, or a newer delivery was applied meanwhile.", Remedy: "Read the feed; held_id names the run that waits, if one does."},
	at("feed_invalid", "Feed cannot be like this", "The feed has values that are not possible.", "Correct the places that are named."),
	at("stamp_invalid", "Not a version", "The version of the delivery cannot be read, or lies more than a day in the future.", "Send a number that grows, an instant such as 2026-11-22T09:00:00Z, or both with a blank between them, in the header Feed-Version."),
	{Code: "format_unknown", Status: invalid, Title: "No such format", Meaning: "The server reads no files of this format.", Remedy: "`holdfast import feed --help` lists the formats."},
	{Code: "date_missing", Status: invalid, Title: "Date missing", Meaning: "The file is the timetable of one day and does not say of which.", Remedy: "Name the day."},
	at("not_allowed", "Not allowed here", "The field has no meaning beside the others.", "Leave it out."),
	{Code: "delivery_too_large", Status: invalid, Title: "Delivery too large", Meaning: "The file is larger than the server takes.", Remedy: "Send it in parts."},
}
