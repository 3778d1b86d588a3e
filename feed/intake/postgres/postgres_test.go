package postgres_test

import (
	"testing"

	"go.uber.org/goleak"

	"holdfast/feed/intake"
	"holdfast/feed/intake/intaketest"
	"holdfast/feed/intake/postgres"
	"holdfast/test/engine/fresh"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var open = fresh.Schema[intake.Store](4, postgres.Migrate, postgres.Open)

func TestStore(t *testing.T) { intaketest.RunStore(t, open) }

func TestService(t *testing.T) { intaketest.RunService(t, open) }
