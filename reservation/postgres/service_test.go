package postgres_test

import (
	"testing"

	"holdfast/reservation"
	"holdfast/reservation/reservationtest"
)

func TestService(t *testing.T) {
	reservationtest.RunService(t, func(t *testing.T) reservation.Store { return open(t, fresh(t)) })
}
