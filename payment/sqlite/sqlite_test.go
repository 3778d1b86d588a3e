package sqlite

import (
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"
	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"holdfast/internal/sqlitedb"
	"holdfast/payment"
	"holdfast/payment/paymenttest"
	"holdfast/payment/sandbox"
	"holdfast/uid"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func open(tb testing.TB) *Store {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), "payment.db")
	if err := Migrate(tb.Context(), path); err != nil {
		tb.Fatal(err)
	}
	s, err := Open(tb.Context(), path, sqlitedb.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Error(err)
		}
	})
	return s
}

func engine(tb testing.TB) paymenttest.Engine {
	s := open(tb)
	return paymenttest.Engine{Payments: s, Sandbox: s.Sandbox()}
}

func TestStore(t *testing.T) {
	paymenttest.RunStore(t, func(tb testing.TB) payment.Store { return open(tb) })
}

func TestSandboxStore(t *testing.T) {
	paymenttest.RunSandboxStore(t, func(tb testing.TB) sandbox.Store { return open(tb).Sandbox() })
}

func TestService(t *testing.T) {
	paymenttest.RunService(t, func(tb testing.TB, w paymenttest.World) payment.Service {
		return paymenttest.NewService(engine(tb), w)
	})
}

func TestCrash(t *testing.T) { paymenttest.RunCrash(t, engine) }

func TestModel(t *testing.T) { paymenttest.RunModel(t, engine) }

func TestEveryStatementIsUsed(t *testing.T) {
	if unused := queries.Unused(); len(unused) > 0 {
		t.Errorf("nobody uses %q", unused)
	}
}

func TestOpenRefusesUnmigrated(t *testing.T) {
	if _, err := Open(t.Context(), filepath.Join(t.TempDir(), "payment.db"), sqlitedb.Options{}); err == nil {
		t.Error("opened a file that was never migrated")
	}
}

// The database itself guards the ledger against whoever comes past the store.
func TestLedgerGuards(t *testing.T) {
	s := open(t)
	script := func(text string) error {
		return s.db.Write(t.Context(), func(conn *sqlite.Conn) error {
			return sqlitex.ExecuteScript(conn, text, nil)
		})
	}
	must := func(text string) {
		t.Helper()
		if err := script(text); err != nil {
			t.Fatal(err)
		}
	}
	refused := func(text, says string) {
		t.Helper()
		if err := script(text); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s\ngot error %v, want one that says %q", text, err, says)
		}
	}
	const (
		payments = `INSERT INTO payment (id, reservation, amount, currency, provider, method, status, goal, reason, refunding, refunded, created_at, updated_at)
			VALUES (x'00000000000000000000000000000001', x'00000000000000000000000000000009', 100, 'EUR', 'sandbox', 'pm_test_approved', 4, 2, '', 0, 0, 1, 1),
			       (x'00000000000000000000000000000002', x'00000000000000000000000000000009', 100, 'EUR', 'sandbox', 'pm_test_approved', 4, 2, '', 0, 0, 1, 1);`
		entry   = `INSERT INTO entry (id, kind, payment, refund, at) VALUES (x'00000000000000000000000000000001', 1, x'00000000000000000000000000000001', NULL, 1);`
		posting = `INSERT INTO posting (entry, n, account, amount, currency) VALUES (x'00000000000000000000000000000001', `
	)
	balanced := posting + `1, 'provider:sandbox', 100, 'EUR');` + posting + `2, '` + payment.ReservationAccount(uid.ID{15: 9}) + `', -100, 'EUR');`
	must(payments)
	refused(posting+`1, 'a', 100, 'EUR');`+posting+`2, 'b', -99, 'EUR');`+entry, "not balanced")
	refused(posting+`1, 'a', 100, 'EUR');`+posting+`2, 'b', -100, 'USD');`+entry, "not balanced")
	refused(posting+`1, 'a', 100, 'EUR');`+entry, "fewer than two")
	refused(entry, "fewer than two")
	refused(balanced, "FOREIGN KEY") // an entry was never written
	must(balanced + entry)
	refused(posting+`3, 'a', 1, 'EUR');`, "append-only")
	refused(strings.Replace(posting, "INSERT", "INSERT OR REPLACE", 1)+`1, 'a', 1, 'EUR');`, "append-only")
	refused(strings.Replace(entry, "INSERT", "INSERT OR REPLACE", 1), "append-only")
	refused(`UPDATE posting SET amount = 1;`, "append-only")
	refused(`DELETE FROM posting;`, "append-only")
	refused(`UPDATE entry SET at = 2;`, "append-only")
	refused(`DELETE FROM entry;`, "append-only")
	refused(strings.ReplaceAll(entry, "0001'", "0002'"), "fewer than two")

	// Red: without its guards the file takes what is wrong, and then the audit finds it.
	service := payment.New(payment.Deps{Store: s})
	if a, err := service.Audit(t.Context(), 10, nil); err != nil || len(a.Findings) != 1 || !strings.Contains(a.Findings[0], "is missing") {
		t.Fatalf("audit %q, %v; want the missing entry of the second payment alone", a.Findings, err)
	}
	must(`DROP TRIGGER posting_before_entry;` + posting + `3, 'provider:sandbox', 1, 'EUR');`)
	a, err := service.Audit(t.Context(), 10, nil)
	if err != nil || len(a.Findings) != 3 || !strings.Contains(a.Findings[0], payment.ErrUnbalanced.Error()) {
		t.Errorf("audit %q, %v; want the unbalanced entry", a.Findings, err)
	}
}
