package sqlite_test

import (
	"testing"

	"holdfast/reservation/reservationtest"
)

func TestAuditFindsDamageOfSeats(t *testing.T) { reservationtest.RunSeatAudit(t, "x'", damaged) }
