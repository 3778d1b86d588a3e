// Package sqlitedb opens one SQLite file for a store: one connection that writes, a bounded number that read, and the
// migrations that shape the file.
//
// What holds for every file: WAL with synchronous=FULL (an answer after COMMIT survives a power cut), foreign keys on,
// every write transaction starts with BEGIN IMMEDIATE (a deferred one that turns into a writer is refused by SQLite
// without waiting), and a read transaction sees one snapshot from its first statement to its last.
//
// One process opens a file at a time; internal/folder sees to that. Writers of one process queue for the one write
// connection, so SQLite itself never has to say "busy" unless a foreign process holds the file.
//
// Engine is the same as a sqldb.Engine: a store whose statements have names needs nothing else of SQLite (see Tables).
//
// Migrate runs over database/sql because goose asks for it; everything else uses zombiezen.com/go/sqlite, which is
// nearly twice as fast for reads and a third faster for writes on the same engine.
package sqlitedb
