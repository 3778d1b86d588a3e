package sqlite_test

import (
	"testing"

	"holdfast/reservation/reservationtest"
)

func BenchmarkPlaceBatch(b *testing.B) { reservationtest.BenchPlace(b, open(b, fresh(b)), 1) }

func BenchmarkPlaceSpread(b *testing.B) { reservationtest.BenchPlace(b, open(b, fresh(b)), 1000) }

func BenchmarkSeats(b *testing.B) { reservationtest.BenchSeats(b, open(b, fresh(b))) }
