// Package e2e holds black-box proofs: the real binary, started as an operator starts it, talked to over HTTP and the
// command line alone, on every shape it can have.
//
// The shapes are SQLite in a data folder, PostgreSQL under one process, and PostgreSQL under two processes with the
// callers split over both. PostgreSQL comes from test/engine: without one the shapes on it are skipped by name, and fail
// where CI=true. `make test` starts one:
//
//	make test PKG=./test/e2e
//
// What is proven: a tour of the whole API; nothing is sold twice under 200 clients, with and without retries; a room out
// of order and a stop-sell; the caps of a hoarder; SIGKILL in the middle of a sale; everything that depends on time,
// with the sandbox clock; bad input changes nothing; search is fresh and overload is refused; importing real hotels;
// settings and stopping. Every scenario ends with a clean `holdfast audit`.
//
// The short forms take a few minutes; HOLDFAST_LONG=1 runs longer ones. HOLDFAST_TEST_BINARY names a binary to prove
// instead of building one. When a test fails, it shows the end of what its
// servers said.
package e2e
