package postgres_test

import (
	"testing"

	"holdfast/reservation"
	"holdfast/reservation/reservationtest"
)

func TestReplay(t *testing.T) {
	reservationtest.RunReplay(t, func(t *testing.T) reservation.Store { return open(t, fresh(t)) })
}
