package postgres_test

import (
	"testing"

	"go.uber.org/goleak"

	"holdfast/flight"
	"holdfast/flight/flighttest"
	"holdfast/flight/postgres"
	"holdfast/test/engine/fresh"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var open = fresh.Schema[flight.Store](3, postgres.Migrate, postgres.Open)

func TestStore(t *testing.T) { flighttest.RunStore(t, open) }

func TestService(t *testing.T) {
	flighttest.RunService(t, flighttest.Rig{Open: open, Desk: fresh.Desk})
}
