// Package timetable holds the dated runs of a railway in memory and finds journeys on them: the earliest arrival, the
// latest departure, and every journey of a day for which none is better. It does no I/O and reads no clock.
//
// The search is the Connection Scan Algorithm (Dibbelt, Pajor, Strasser, Wagner: "Connection Scan Algorithm", ACM Journal
// of Experimental Algorithmics 23, 2018; first at SEA 2013). All hops of all runs, from one call to the next, are one array
// in order of departure; a query walks it once, forward for arrivals and backward for departures, and remembers one small
// row of numbers for each station and one number for each run. Changes are a second criterion as in that paper's section
// on transfers: rows have a column for each number of rides. docs/decisions/0007-journey-search.md says why this one.
//
// # What a journey is
//
// One ride or more. It begins at a station of Query.From, or with one walk from there; it ends at a station of Query.To, or
// with one walk to there. Between two rides it changes at one station, which takes Station.Transfer seconds, or walks along
// one Footpath, which takes that path's seconds and nothing besides. Boarding the first and leaving the last ride takes no
// time. Nobody boards where Call.Board is false or alights where Call.Alight is false; who is aboard stays seated through
// every call but one with Call.Cut, also where the run calls at a station for the second time.
//
// Paths need not be closed transitively: two rides are joined by one path at most, so give every pair that may be walked.
//
// # Ties
//
// Arrival, changes and departure of an answer follow from the timetable and the query. Of several journeys that have
// these three in common the one is given that at each step boards what leaves most time to get there, of these the run that
// departs last, of these the one with the highest index, and rides as far as the rest takes no more rides for it. So the
// same query on the same runs has the same answer, whatever was asked or changed before.
//
// # Use
//
// A Timetable never changes: any number of goroutines may search it. With makes another one that shares all it can; the
// owner swaps a pointer.
package timetable
