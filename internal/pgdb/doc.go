// Package pgdb opens PostgreSQL for a store: a bounded pool whose connections live in the service's own schema, the
// migrations of that schema, transactions whose end is known or said to be unknown, and the kinds of errors. Engine is all
// that as a sqldb.Engine: a store whose statements have names needs nothing else of PostgreSQL (see Tables).
//
// Everything here also holds on databases that speak PostgreSQL's protocol without having all of it (CockroachDB,
// YugabyteDB): no advisory locks, no LISTEN, and code 40001 is an ordinary answer that asks for another try.
package pgdb
