// Package postgres proves what the store on PostgreSQL does when connections, the server, or the whole machine under it
// go away while it sells. The real binary runs on private servers, which are cut off, stopped, killed and replaced.
//
// What needs no process of its own is beside the store: reservation/postgres/fault_test.go has serialization failures
// and deadlocks (retried, bounded), a connection lost before COMMIT, an unknown commit that is looked up by the batch's
// id and never guessed, and the naive outbox that loses events; internal/pgdb has the same for its transactions.
package postgres
