// Package rail owns stations, trains, the runs of a train on its service dates, coaches with their seats, and fares; it
// searches journeys and makes offers of them. Capacity lives in reservation alone: a run has one pool for each of its
// classes, cut into its stop-to-stop segments.
//
// What a railway says of its trains (a timetable, compositions, updates) is stored as it was said, and small: the calls
// of trains are documents by content, service dates are sets of bits. A run has a row of its own only once it is inside
// the sale horizon or was changed; the row says what its stock was made of and what is left to be done with it
// (Run.Todo). Rows and work are written in one transaction; the work is tried at once and repeated by a job, and since a
// row names what is wanted, never a step, doing it twice does no harm.
//
// Invariants: a run without its pools is preparing and never offered; what has been sold keeps its calls and its seats
// until staff deal with it (Run.Conflict); a stamp that is older never overwrites a newer one of its source, and staff
// without a stamp have the last word; a train is in one feed; a fare version never changes; a file is applied whole or not
// at all.
//
// Lock order of every transaction: the counter's row, the railway, everything else of that railway. No transaction is
// open while reservation is asked; a lease on the railway keeps two processes from doing its work at once.
package rail
