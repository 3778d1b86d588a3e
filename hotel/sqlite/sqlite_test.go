package sqlite_test

import (
	"testing"

	"go.uber.org/goleak"

	"holdfast/hotel"
	"holdfast/hotel/hoteltest"
	"holdfast/hotel/sqlite"
	"holdfast/test/engine/fresh"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var open = fresh.File[hotel.Store](sqlite.Migrate, sqlite.Open)

func TestStore(t *testing.T) { hoteltest.RunStore(t, open) }

func TestService(t *testing.T) { hoteltest.RunService(t, hoteltest.Rig{Open: open, Desk: fresh.Desk}) }
