package sqlite_test

import (
	"testing"

	"go.uber.org/goleak"

	"holdfast/rail"
	"holdfast/rail/railtest"
	"holdfast/rail/sqlite"
	"holdfast/test/engine/fresh"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var open = fresh.File[rail.Store](sqlite.Migrate, sqlite.Open)

func TestStore(t *testing.T) { railtest.RunStore(t, open) }

func TestService(t *testing.T) { railtest.RunService(t, railtest.Rig{Open: open, Desk: fresh.Desk}) }
