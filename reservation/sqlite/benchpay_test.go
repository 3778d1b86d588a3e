package sqlite_test

import (
	"fmt"
	"path/filepath"
	"testing"

	"holdfast/internal/sqlitedb"
	paymentsqlite "holdfast/payment/sqlite"
	"holdfast/reservation/reservationtest"
)

func BenchmarkPay(b *testing.B) {
	for _, clients := range reservationtest.PayClients {
		b.Run(fmt.Sprintf("clients=%d", clients), func(b *testing.B) {
			path := filepath.Join(b.TempDir(), "payment.db")
			if err := paymentsqlite.Migrate(b.Context(), path); err != nil {
				b.Fatal(err)
			}
			payments, err := paymentsqlite.Open(b.Context(), path, sqlitedb.Options{})
			if err != nil {
				b.Fatal(err)
			}
			defer func() { _ = payments.Close() }()
			reservationtest.BenchPay(b, open(b, fresh(b)), payments, payments.Sandbox(), 1, clients)
		})
	}
}
