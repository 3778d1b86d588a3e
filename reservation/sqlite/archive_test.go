package sqlite_test

import (
	"testing"

	"holdfast/reservation"
	"holdfast/reservation/reservationtest"
)

func TestArchive(t *testing.T) {
	reservationtest.RunArchive(t, func(t *testing.T) reservation.Store { return open(t, fresh(t)) })
}

func TestAuditFindsDamageOfTheArchive(t *testing.T) { reservationtest.RunArchiveAudit(t, damaged) }

func BenchmarkArchive(b *testing.B) {
	reservationtest.BenchArchive(b, func() reservation.Store { return open(b, fresh(b)) })
}
