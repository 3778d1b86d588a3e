package postgres

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"go.uber.org/goleak"

	"holdfast/internal/clock"
	"holdfast/internal/pgdb"
	"holdfast/money"
	"holdfast/payment"
	"holdfast/payment/paymenttest"
	"holdfast/payment/sandbox"
	"holdfast/test/engine"
	"holdfast/uid"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// database is a fresh, migrated database.
func database(tb testing.TB) string {
	tb.Helper()
	dsn := engine.Postgres(tb)
	if err := Migrate(tb.Context(), dsn); err != nil {
		tb.Fatal(err)
	}
	return dsn
}

// process opens a store as one process has it.
func process(tb testing.TB, dsn string) *Store {
	tb.Helper()
	s, err := Open(tb.Context(), dsn, 4)
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

func open(tb testing.TB) *Store { return process(tb, database(tb)) }

func pair(s *Store) paymenttest.Engine {
	return paymenttest.Engine{Payments: s, Sandbox: s.Sandbox()}
}

func both(tb testing.TB) paymenttest.Engine { return pair(open(tb)) }

func TestStore(t *testing.T) {
	paymenttest.RunStore(t, func(tb testing.TB) payment.Store { return open(tb) })
}

func TestSandboxStore(t *testing.T) {
	paymenttest.RunSandboxStore(t, func(tb testing.TB) sandbox.Store { return open(tb).Sandbox() })
}

func TestService(t *testing.T) {
	paymenttest.RunService(t, func(tb testing.TB, w paymenttest.World) payment.Service {
		return paymenttest.NewService(both(tb), w)
	})
}

func TestCrash(t *testing.T) { paymenttest.RunCrash(t, both) }

func TestModel(t *testing.T) { paymenttest.RunModel(t, both) }

// Processes that know nothing of each other, on one database.
func TestProcesses(t *testing.T) {
	dsn := database(t)
	w := paymenttest.World{Clock: clock.Still(paymenttest.Start)}
	var services []payment.Service
	for range 3 {
		services = append(services, paymenttest.NewService(pair(process(t, dsn)), w))
	}
	paymenttest.Race(t, services...)
}

func TestEveryStatementIsUsed(t *testing.T) {
	if unused := queries.Unused(); len(unused) > 0 {
		t.Errorf("nobody uses %q", unused)
	}
}

func TestOpenRefusesUnmigrated(t *testing.T) {
	if _, err := Open(t.Context(), engine.Postgres(t), 1); err == nil {
		t.Error("opened a schema that was never migrated")
	}
}

// A transaction that loses against another one is tried again; one that always loses is given up with a clear answer.
func TestConflictsAreRetried(t *testing.T) {
	s := open(t)
	for fails, want := range map[int]bool{payment.MaxTries - 1: true, payment.MaxTries: false} {
		tries := 0
		err := write(t.Context(), s.pool, "test", func(tx pgx.Tx) error {
			if tries++; tries <= fails {
				_, err := tx.Exec(t.Context(), `DO $$ BEGIN RAISE EXCEPTION 'lost' USING ERRCODE = 'serialization_failure'; END $$`)
				return err
			}
			return nil
		})
		if (err == nil) != want || tries != min(fails+1, payment.MaxTries) {
			t.Errorf("%d failures: %d tries, error %v", fails, tries, err)
		}
	}
}

// A server that goes away at COMMIT leaves the outcome open: the transaction is run again and finds what is there.
func TestUnknownCommitIsRepeated(t *testing.T) {
	s := open(t)
	_, err := s.pool.Exec(t.Context(), `DO $$ BEGIN
		CREATE SEQUENCE commits;
		CREATE FUNCTION go_away() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN
			IF nextval(''commits'') = 1 THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF;
			RETURN NULL;
		END';
		CREATE CONSTRAINT TRIGGER go_away AFTER INSERT ON payment DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION go_away();
	END $$`)
	if err != nil {
		t.Fatal(err)
	}
	service := paymenttest.NewService(pair(s), paymenttest.World{Clock: clock.Still(paymenttest.Start)})
	q := payment.Request{ID: uid.New(), Reservation: uid.New(), Amount: money.Of(100, "EUR"), Method: sandbox.Prefix + "approved"}
	if p, err := service.Authorize(t.Context(), q); err != nil || p.Status != payment.Authorized {
		t.Errorf("payment is %s, error %v", p.Status, err)
	}
	var commits int
	if err := s.pool.QueryRow(t.Context(), `SELECT last_value FROM commits`).Scan(&commits); err != nil || commits != 2 {
		t.Errorf("%d commits were tried, error %v; want 2", commits, err)
	}
}

// The database itself guards the ledger against whoever comes past the store.
func TestLedgerGuards(t *testing.T) {
	s := open(t)
	script := func(text string) error {
		return pgdb.Tx(t.Context(), s.pool, pgx.TxOptions{}, func(tx pgx.Tx) error {
			_, err := tx.Conn().PgConn().Exec(t.Context(), text).ReadAll()
			return err
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
		one      = `'00000000-0000-0000-0000-000000000001'`
		two      = `'00000000-0000-0000-0000-000000000002'`
		payments = `INSERT INTO payment (id, reservation, amount, currency, provider, method, status, goal, reason, refunding, refunded, created_at, updated_at)
			VALUES (` + one + `, '00000000-0000-0000-0000-000000000009', 100, 'EUR', 'sandbox', 'pm_test_approved', 4, 2, '', 0, 0, now(), now()),
			       (` + two + `, '00000000-0000-0000-0000-000000000009', 100, 'EUR', 'sandbox', 'pm_test_approved', 4, 2, '', 0, 0, now(), now());`
		entry   = `INSERT INTO entry (id, kind, payment, refund, at) VALUES (` + one + `, 1, ` + one + `, NULL, now());`
		posting = `INSERT INTO posting (entry, n, account, amount, currency) VALUES (` + one + `, `
	)
	balanced := posting + `1, 'provider:sandbox', 100, 'EUR');` + posting + `2, '` + payment.ReservationAccount(uid.ID{15: 9}) + `', -100, 'EUR');`
	must(payments)
	refused(entry+posting+`1, 'a', 100, 'EUR');`+posting+`2, 'b', -99, 'EUR');`, "not balanced")
	refused(entry+posting+`1, 'a', 100, 'EUR');`+posting+`2, 'b', -100, 'USD');`, "not balanced")
	refused(entry+posting+`1, 'a', 100, 'EUR');`, "fewer than two")
	refused(entry, "fewer than two")
	refused(balanced, "foreign key") // an entry was never written
	must(entry + balanced)
	refused(posting+`3, 'a', 1, 'EUR');`, "not balanced")
	refused(`UPDATE posting SET amount = 1;`, "append-only")
	refused(`DELETE FROM posting;`, "append-only")
	refused(`TRUNCATE posting;`, "append-only")
	refused(`UPDATE entry SET at = now();`, "append-only")
	refused(`DELETE FROM entry;`, "append-only")
	refused(`TRUNCATE entry CASCADE;`, "append-only")

	// Red: without its guard the database takes what is wrong, and then the audit finds it.
	service := payment.New(payment.Deps{Store: s})
	if a, err := service.Audit(t.Context(), 10, nil); err != nil || len(a.Findings) != 1 || !strings.Contains(a.Findings[0], "is missing") {
		t.Fatalf("audit %q, %v; want the missing entry of the second payment alone", a.Findings, err)
	}
	must(`DROP TRIGGER posting_balanced ON posting;` + posting + `3, 'provider:sandbox', 1, 'EUR');`)
	a, err := service.Audit(t.Context(), 10, nil)
	if err != nil || len(a.Findings) != 3 || !strings.Contains(a.Findings[0], payment.ErrUnbalanced.Error()) {
		t.Errorf("audit %q, %v; want the unbalanced entry", a.Findings, err)
	}
}
