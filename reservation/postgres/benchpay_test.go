package postgres_test

import (
	"fmt"
	"testing"

	paymentpostgres "holdfast/payment/postgres"
	"holdfast/reservation/reservationtest"
)

func BenchmarkPay(b *testing.B) {
	for _, clients := range reservationtest.PayClients {
		b.Run(fmt.Sprintf("clients=%d", clients), func(b *testing.B) {
			dsn := fresh(b)
			if err := paymentpostgres.Migrate(b.Context(), dsn); err != nil {
				b.Fatal(err)
			}
			payments, err := paymentpostgres.Open(b.Context(), dsn, 0)
			if err != nil {
				b.Fatal(err)
			}
			defer func() { _ = payments.Close() }()
			reservationtest.BenchPay(b, open(b, dsn), payments, payments.Sandbox(), 4, clients)
		})
	}
}
