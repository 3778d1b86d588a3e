package locks

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"go.uber.org/goleak"

	"holdfast/reservation"
	"holdfast/test/prove/books"
	"holdfast/test/prove/effort"
	"holdfast/test/prove/rig"
	"holdfast/uid"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	shortForm    = 3_000                  // commands of each shape
	otherFrom    = 20_000                 // with so many a second process of the operating system takes part
	otherEnv     = "HOLDFAST_PROVE_LOCKS" // tells a test process that it is the second one: DSN and pools
	otherTimeout = 30 * time.Minute
)

// TestLocks has two cores on one database, and in the long form a second process of the operating system, do every
// kind of command on the same few rows: reservations over pools A, B against B, A, keys that are fought over in any order
// with pools in any order, staff and imports across them, in batches that are bounded by rows, with commands among them
// that cannot be decided. Nobody waits in a circle, and everybody but those few is decided.
func TestLocks(t *testing.T) {
	for _, shape := range []rig.Shape{rig.SQLite, rig.Pair} {
		t.Run(shape.Name, func(t *testing.T) {
			commands := effort.Runs(t, shortForm)
			var struck []*poisoner
			w := rig.Open(t, shape, rig.Options{Settings: func(s *reservation.Settings) {
				settings(s)
				if !shape.Postgres {
					s.Lanes = 1
				}
			}, Store: func(s reservation.Store) reservation.Store {
				struck = append(struck, &poisoner{Store: s})
				return struck[len(struck)-1]
			}})
			g := prepare(t, w)
			c := &tally{}
			var running sync.WaitGroup
			for i, core := range w.Cores {
				running.Go(func() {
					if err := g.work(core, c, w.Supplier, fmt.Sprint("core-", i), commands/len(w.Cores), uint64(i)+1); err != nil {
						t.Errorf("core %d: %v", i, err)
					}
				})
			}
			if shape.Postgres && commands >= otherFrom {
				running.Go(func() { other(t, w, g, commands/2) })
			}
			running.Wait()
			deadlocks, conflicts := w.Deadlocks()
			if deadlocks != 0 {
				t.Errorf("%d deadlocks (40P01) among %d conflicts", deadlocks, conflicts)
			}
			if n := serverDeadlocks(t, w); n != 0 {
				t.Errorf("the server counts %d deadlocks in this database", n)
			}
			if c.poisoned.Load() == 0 || c.done.Load() < int64(commands)/3 {
				t.Errorf("%d commands went through, %d were poison: that proves nothing", c.done.Load(), c.poisoned.Load())
			}
			for _, f := range w.Books(t).Findings(books.Expect{Unknown: commands * 2}) {
				t.Error(f)
			}
			batches := int64(0)
			for _, p := range struck {
				batches += p.struck.Load()
			}
			t.Logf("%d commands done, %d refused, %d could not be decided, tried in %d batches; %d conflicts, %d deadlocks",
				c.done.Load(), c.refused.Load(), c.poisoned.Load(), batches, conflicts, deadlocks)
		})
	}
}

// serverDeadlocks is what the server itself has counted; 0 on SQLite.
func serverDeadlocks(t *testing.T, w *rig.World) (n int64) {
	t.Helper()
	if !w.Shape.Postgres {
		return 0
	}
	conn := connect(t, w.DSN)
	if err := conn.QueryRow(t.Context(), `SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()`).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func connect(t *testing.T, dsn string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

// other runs this test's binary once more as a process of its own, on the same database.
func other(t *testing.T, w *rig.World, g *ground, commands int) {
	words := []string{w.DSN, w.Supplier.Text("sup"), fmt.Sprint(commands)}
	for _, ref := range slices.Concat(g.refs, g.trainRefs) {
		words = append(words, ref.Text("poo"))
	}
	ctx, cancel := context.WithTimeout(t.Context(), otherTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Args[0], "-test.run=^TestOtherProcess$", "-test.v")
	cmd.Env = append(os.Environ(), otherEnv+"="+strings.Join(words, "\n"))
	said, err := cmd.CombinedOutput()
	if err != nil || !bytes.Contains(said, []byte("--- PASS: TestOtherProcess")) {
		t.Errorf("the second process: %v\n%s", err, said)
		return
	}
	t.Logf("the second process said:\n%s", said)
}

// TestOtherProcess is the second process of TestLocks; alone it is the same work on a database of its own.
func TestOtherProcess(t *testing.T) {
	words := strings.Split(os.Getenv(otherEnv), "\n")
	var w *rig.World
	var g *ground
	o := rig.Options{Settings: settings, Store: func(s reservation.Store) reservation.Store { return &poisoner{Store: s} }, Node: "other"}
	commands := shortForm / 3
	if len(words) > 3 {
		o.DSN = words[0]
		w = rig.Open(t, rig.Postgres, o)
		supplier, err := uid.Parse("sup", words[1])
		if err != nil {
			t.Fatal(err)
		}
		w.Supplier = supplier
		if _, err := fmt.Sscan(words[2], &commands); err != nil {
			t.Fatal(err)
		}
		g = &ground{}
		var trains []uid.ID
		for i, word := range words[3:] {
			ref, err := uid.Parse("poo", word)
			if err != nil {
				t.Fatal(err)
			}
			if i >= pools {
				trains = append(trains, ref)
				continue
			}
			ids, err := w.Cores[0].DefinePools(t.Context(), []reservation.PoolSpec{w.Spec(ref, 900_000, nights)})
			if err != nil {
				t.Fatal(err)
			}
			g.refs, g.pools = append(g.refs, ref), append(g.pools, ids[0])
		}
		g.offer(t, w)
		g.defineTrains(t, w, trains)
	} else {
		w = rig.Open(t, rig.Postgres, o)
		g = prepare(t, w)
	}
	c := &tally{}
	if err := g.work(w.Cores[0], c, w.Supplier, "other", commands, 99); err != nil {
		t.Error(err)
	}
	deadlocks, conflicts := w.Deadlocks()
	if deadlocks != 0 {
		t.Errorf("%d deadlocks among %d conflicts", deadlocks, conflicts)
	}
	t.Logf("%d commands done, %d refused, %d could not be decided; %d conflicts, %d deadlocks", c.done.Load(), c.refused.Load(), c.poisoned.Load(), conflicts, deadlocks)
}

// redTries bounds how long a reversed order may go without a deadlock.
const redTries = 400

// TestRedReversed: a writer that locks slots in the opposite order, beside a desk at work. The deadlocks that are counted
// as zero above are counted here.
func TestRedReversed(t *testing.T) {
	w := rig.Open(t, rig.Pair, rig.Options{Settings: settings})
	g := prepare(t, w)
	c := &tally{}
	done := make(chan struct{})
	var running sync.WaitGroup
	for i, core := range w.Cores {
		running.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-done:
					return
				default:
				}
				if err := g.crossed(core, c, n+i); err != nil {
					t.Errorf("core %d: %v", i, err)
					return
				}
			}
		})
	}
	conn := connect(t, w.DSN)
	seen := int64(0)
	for range redTries {
		if err := reversed(t.Context(), conn); err != nil {
			var refused *pgconn.PgError
			if !errors.As(err, &refused) || refused.Code != "40P01" {
				t.Errorf("the reversed writer: %v", err)
				break
			}
			seen++
		}
		deadlocks, _ := w.Deadlocks()
		if seen += deadlocks; seen > 0 {
			break
		}
	}
	close(done)
	running.Wait()
	if seen == 0 {
		t.Errorf("no deadlock in %d transactions that lock in the opposite order: the count proves nothing", redTries)
	}
	if n := serverDeadlocks(t, w); n == 0 {
		t.Log("the server's own count lags behind")
	}
}

// reversed locks all slots from the last to the first, one statement a pool.
func reversed(ctx context.Context, conn *pgx.Conn) error {
	tx, err := conn.Begin(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }()
	for pool := pools; pool > 0; pool-- {
		if _, err := tx.Exec(ctx, `SELECT 1 FROM reservation.slots WHERE pool = $1 ORDER BY slot DESC FOR UPDATE`, pool); err != nil {
			return err
		}
	}
	return tx.Commit(ctx)
}
