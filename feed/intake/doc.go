// Package intake keeps the feeds of partners: who sends what, from where and how often; it fetches what is due and
// takes what is pushed, hands each delivery to the service that understands its format (an Applier), and keeps a row
// of every attempt.
//
// Invariants, each with its test in intaketest:
//
//   - At most one delivery of a feed of whole files is being applied, whatever number of processes run: a lease in the
//     store, renewed while the work goes on, and given up with it. (RunService: "two processes pull a feed once")
//   - A delivery never replaces what a newer one did: its stamp must be above that of the newest one applied, and not
//     below that of one whose outcome is not known. Feeds of updates leave this to the Applier, object by object.
//     (RunService: "any order of arrival ends in the same state")
//   - Nothing is applied by halves, and what would remove more than the feed allows is kept for a human.
//   - Every attempt is a run with an outcome; one that a crash left open is closed by the next on that feed.
//   - Bodies, times, redirects, retries, concurrent work, kept deliveries and kept runs are bounded (settings.go), and no
//     body is ever in memory whole.
//   - A pull reaches no address of a private network unless the deployment allows it (guard.go).
//
// The store's heart is one call, Store.Transact: it locks the row of a feed, shows it to a pure function, and commits
// what that says. Lock order: the feed's row, then its runs. No transaction is open while a partner or an Applier works.
package intake
