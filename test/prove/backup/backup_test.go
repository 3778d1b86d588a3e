package backup

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"
	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"holdfast/internal/sqlitedb"
	"holdfast/test/e2e/process"
	"holdfast/test/prove/effort"
	"holdfast/test/prove/shop"
)

// binary is the path of the binary under test.
var binary string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "holdfast-backup-")
	if binary = os.Getenv("HOLDFAST_TEST_BINARY"); err == nil && binary == "" {
		binary, err = process.Build(context.Background(), dir)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "backup:", err)
		_ = os.RemoveAll(dir)
		os.Exit(1)
	}
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		_ = os.RemoveAll(dir) // in the system's folder for temporary files
		os.Exit(code)
	}))
}

// open makes a shop on a new data folder, sells from it, and returns when work is under way.
func open(t *testing.T) (s *shop.Shop, load *shop.Load, data string) {
	t.Helper()
	data = filepath.Join(t.TempDir(), "data")
	s = shop.New(t, binary, []string{"--data=" + data})
	s.Start(t)
	s.Furnish(t, 50)
	load = s.Work(t, 24)
	load.Until(t, 200)
	return s, load, data
}

// TestRestoreUnderLoad takes backups while a server sells, pays and cancels, and brings each into a folder of its own:
// what was acknowledged before the backup began is there as it was acknowledged, what was under way comes to an end, the
// audit is clean, and selling goes on.
func TestRestoreUnderLoad(t *testing.T) {
	t.Parallel()
	s, load, _ := open(t)
	for n := range effort.Runs(t, 2) {
		load.Until(t, 100)
		target := filepath.Join(t.TempDir(), "copy")
		known := load.Before(time.Now()) // the backup begins after that
		said := s.Run(t, 0, "backup", "--json", target)
		var report struct {
			Manifest struct {
				Started, Instant, Ended time.Time
				Held                    time.Duration `json:"held_ns"`
			}
		}
		if err := json.Unmarshal([]byte(said.Stdout), &report); err != nil {
			t.Fatalf("%v in %s", err, said.Stdout)
		}
		m := report.Manifest
		if !m.Started.Before(m.Instant) || !m.Instant.Before(m.Ended) || m.Held <= 0 {
			t.Errorf("manifest: %+v", m)
		}
		during := load.Acknowledged()
		s.Run(t, 0, "backup", "--verify", target)

		fresh := filepath.Join(t.TempDir(), "data")
		other := s.On(t, "--data="+fresh)
		other.Run(t, 0, "restore", target)
		if n := strayPayments(t, fresh); n > 0 {
			t.Errorf("%d payments belong to reservations that are not there", n)
		}
		atRest := other.Audit(t) // as it was brought back: nothing has been resumed yet
		other.Start(t)
		other.Holds(t, known)
		other.Audit(t)
		if a, err := other.Try(t.Context(), fmt.Sprintf("after-%d", n)); err != nil || a.Status != 201 {
			t.Errorf("selling on: %v, %+v", err, a)
		}
		other.Stop(t)
		t.Logf("backup %d: %d reservations known before it, %d in it, writers stood still for %v, %d acknowledged in all; %s",
			n+1, len(known), atRest.Reservations, m.Held, during, load)
		if t.Failed() {
			return
		}
	}
	load.Stop()
	load.Odd(t)
	s.Holds(t, load.All()) // the server that was copied has lost nothing by it
	s.Audit(t)
}

// TestCopiesOfTwoInstants shows what is lost when the files are copied one after the other, with SQLite's own backup of
// each. Both orders are wrong, and ours is not one of them.
func TestCopiesOfTwoInstants(t *testing.T) {
	t.Parallel()
	for _, order := range [][2]string{{"payment.db", "reservation.db"}, {"reservation.db", "payment.db"}} {
		t.Run(order[0]+" first", func(t *testing.T) {
			s, load, data := open(t)
			fresh := filepath.Join(t.TempDir(), "data")
			if err := os.Mkdir(fresh, 0o700); err != nil {
				t.Fatal(err)
			}
			copied := func(name string) {
				snapshot, err := sqlitedb.NewSnapshot(t.Context(), filepath.Join(data, name))
				if err != nil {
					t.Fatal(err)
				}
				defer func() { _ = snapshot.Close() }()
				if err := snapshot.Take(t.Context()); err != nil {
					t.Fatal(err)
				}
				if err := snapshot.Copy(t.Context(), filepath.Join(fresh, name), nil); err != nil {
					t.Fatal(err)
				}
			}
			copied(order[0])
			load.Until(t, 200) // a large file takes its time
			copied(order[1])
			copied("hotel.db")
			copied("identity.db")
			copied("rail.db")
			copied("flight.db")
			copied("feeds.db")
			load.Stop()
			if err := os.WriteFile(filepath.Join(fresh, "mode"), []byte("live\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			other := s.On(t, "--data="+fresh)
			if order[0] == "payment.db" {
				if report := other.Findings(t); len(report.Findings) == 0 {
					t.Error("reservations are paid by money that is not there, and nobody noticed: this test shows nothing any more")
				} else {
					t.Logf("%d findings, the first: %+v", len(report.Findings), report.Findings[0])
				}
			}
			orphans := strayPayments(t, fresh)
			if order[0] == "reservation.db" && orphans == 0 {
				t.Error("no payment is without its reservation: this test shows nothing any more")
			}
			t.Logf("%d captured payments belong to reservations that are not there", orphans)
		})
	}
}

// strayPayments counts the payments in a folder that took money for a reservation that is not in it. Nobody uses the
// folder.
func strayPayments(t *testing.T, dir string) (n int64) {
	t.Helper()
	conn, err := sqlite.OpenConn(filepath.Join(dir, "payment.db"), sqlite.OpenReadWrite)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }() // only read
	err = sqlitex.ExecuteTransient(conn, "ATTACH ? AS r", &sqlitex.ExecOptions{Args: []any{filepath.Join(dir, "reservation.db")}})
	if err == nil {
		err = sqlitex.ExecuteTransient(conn, "SELECT count(*) FROM payment p WHERE p.status = 4 AND NOT EXISTS (SELECT 1 FROM r.reservations WHERE id = p.reservation)",
			&sqlitex.ExecOptions{ResultFunc: func(row *sqlite.Stmt) error { n = row.ColumnInt64(0); return nil }})
	}
	if err != nil {
		t.Fatal(err)
	}
	return n
}
