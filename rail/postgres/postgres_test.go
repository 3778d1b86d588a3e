package postgres_test

import (
	"testing"

	"go.uber.org/goleak"

	"holdfast/rail"
	"holdfast/rail/postgres"
	"holdfast/rail/railtest"
	"holdfast/test/engine/fresh"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var open = fresh.Schema[rail.Store](3, postgres.Migrate, postgres.Open)

func TestStore(t *testing.T) { railtest.RunStore(t, open) }

func TestService(t *testing.T) { railtest.RunService(t, railtest.Rig{Open: open, Desk: fresh.Desk}) }
