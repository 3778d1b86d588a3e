// Package peer sells the way reservation systems usually do on PostgreSQL: one transaction for each request, in the
// forms that are in use, each as good as it can be made (prepared statements, as few round trips as the form allows, a
// bounded number of connections). They work on the tables of reservation/postgres, so every row, index and constraint is
// the same as ours, and give a verdict for each request: a new reservation, the one that its idempotency key has got
// already, or sold out.
//
// Where a choice had to be made it was made in the peers' favour: they open no sealed offer at this layer, check no
// hold caps, write no event about the stock, and each connection numbers the events of a stream of its own in memory, so
// that no two requests meet on a stream's row.
//
// Lock order: slots by number, and nothing else that two requests could both want.
package peer
