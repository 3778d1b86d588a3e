package sqlite_test

import (
	"testing"

	"go.uber.org/goleak"

	"holdfast/flight"
	"holdfast/flight/flighttest"
	"holdfast/flight/sqlite"
	"holdfast/test/engine/fresh"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var open = fresh.File[flight.Store](sqlite.Migrate, sqlite.Open)

func TestStore(t *testing.T) { flighttest.RunStore(t, open) }

func TestService(t *testing.T) {
	flighttest.RunService(t, flighttest.Rig{Open: open, Desk: fresh.Desk})
}
