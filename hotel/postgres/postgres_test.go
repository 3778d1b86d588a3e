package postgres_test

import (
	"testing"

	"go.uber.org/goleak"

	"holdfast/hotel"
	"holdfast/hotel/hoteltest"
	"holdfast/hotel/postgres"
	"holdfast/test/engine/fresh"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var open = fresh.Schema[hotel.Store](3, postgres.Migrate, postgres.Open)

func TestStore(t *testing.T) { hoteltest.RunStore(t, open) }

func TestService(t *testing.T) { hoteltest.RunService(t, hoteltest.Rig{Open: open, Desk: fresh.Desk}) }
