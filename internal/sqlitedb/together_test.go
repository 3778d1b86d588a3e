package sqlitedb

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

// crowd is a file whose writer is held, so that those who come meanwhile share the next transaction.
type crowd struct {
	*testing.T
	db   *DB
	free chan struct{}
	held sync.WaitGroup
}

// gather runs f in a bubble with a file whose writer is held until let go.
func gather(t *testing.T, f func(c *crowd)) {
	path := filepath.Join(t.TempDir(), "together.db")
	synctest.Test(t, func(t *testing.T) {
		db, err := Open(t.Context(), path, Options{})
		if err != nil {
			t.Fatal(err)
		}
		c := &crowd{T: t, db: db, free: make(chan struct{})}
		if err := db.Write(t.Context(), script(schema)); err != nil {
			t.Fatal(err)
		}
		c.held.Go(func() {
			err := db.Write(t.Context(), func(*sqlite.Conn) error {
				<-c.free
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
		synctest.Wait()
		f(c)
		c.held.Wait()
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
}

// add has a writer wait for its turn, behind those that wait already; the answer comes in the channel.
func (c *crowd) add(ctx context.Context, fn func(*sqlite.Conn) error) <-chan error {
	answer := make(chan error, 1)
	c.held.Go(func() {
		answer <- c.db.WriteTogether(ctx, fn)
	})
	synctest.Wait()
	return answer
}

func insert(id int64) func(*sqlite.Conn) error {
	return func(conn *sqlite.Conn) error {
		return sqlitex.Execute(conn, "INSERT INTO parent (id) VALUES (?)", &sqlitex.ExecOptions{Args: []any{id}})
	}
}

// then does one thing after the other.
func then(fns ...func(*sqlite.Conn) error) func(*sqlite.Conn) error {
	return func(conn *sqlite.Conn) error {
		for _, fn := range fns {
			if err := fn(conn); err != nil {
				return err
			}
		}
		return nil
	}
}

// ids are the parents besides the first, as a reader sees them.
func (c *crowd) ids() string {
	c.Helper()
	text := ""
	err := c.db.Read(c.Context(), func(conn *sqlite.Conn) error {
		return sqlitex.Execute(conn, "SELECT id FROM parent WHERE id > 1 ORDER BY id", &sqlitex.ExecOptions{ResultFunc: func(s *sqlite.Stmt) error {
			text += fmt.Sprint(s.ColumnInt64(0), " ")
			return nil
		}})
	})
	if err != nil {
		c.Fatal(err)
	}
	return text
}

func TestTogetherSharesOneCommitInOrder(t *testing.T) {
	gather(t, func(c *crowd) {
		var order, before []int64
		var answers []<-chan error
		for i := range int64(5) {
			answers = append(answers, c.add(c.Context(), func(conn *sqlite.Conn) error {
				n, err := number(conn, "SELECT count(*) FROM parent")
				order, before = append(order, i), append(before, n)
				if seen := c.ids(); seen != "" {
					t.Errorf("writer %d: others see %q before the commit", i, seen)
				}
				for j, a := range answers {
					if len(a) > 0 {
						t.Errorf("writer %d was answered before the commit", j)
					}
				}
				return errors.Join(err, insert(10+i)(conn))
			}))
		}
		close(c.free)
		for i, a := range answers {
			if err := <-a; err != nil {
				t.Errorf("writer %d: %v", i, err)
			}
		}
		for i := range int64(5) {
			if order[i] != i || before[i] != 1+i {
				t.Errorf("turn %d was writer %d's, who found %d parents; want first come, first served in one transaction", i, order[i], before[i])
			}
		}
		if got := c.ids(); got != "10 11 12 13 14 " {
			t.Errorf("stored %q", got)
		}
	})
}

func TestTogetherBadWritersFailAlone(t *testing.T) {
	gather(t, func(c *crowd) {
		refusal := errors.New("refused by its rule")
		leave := func(conn *sqlite.Conn) error { // a statement left in the middle of its rows
			stmt, err := conn.Prepare("SELECT id FROM parent")
			if err == nil {
				_, err = stmt.Step()
			}
			return err
		}
		bad := map[int64]struct {
			fn   func(*sqlite.Conn) error
			want error
		}{
			10: {then(insert(10), func(*sqlite.Conn) error { return refusal }), refusal}, // the first: nobody is in the transaction yet
			12: {then(insert(12), insert(1)), ErrUnique},
			14: {then(insert(14), leave, func(*sqlite.Conn) error { return refusal }), refusal},
			16: {then(insert(16), func(conn *sqlite.Conn) error { return sqlitex.Execute(conn, "no SQL", nil) }), nil},
		}
		answers := map[int64]<-chan error{}
		for i := int64(10); i < 18; i++ {
			fn := then(insert(i), leave)
			if b, ok := bad[i]; ok {
				fn = b.fn
			}
			answers[i] = c.add(c.Context(), fn)
		}
		close(c.free)
		for i, a := range answers {
			err := <-a
			b, isBad := bad[i]
			if isBad != (err != nil) || b.want != nil && !errors.Is(err, b.want) {
				t.Errorf("writer %d: %v", i, err)
			}
		}
		if got := c.ids(); got != "11 13 15 17 " {
			t.Errorf("stored %q, want what the good ones wrote", got)
		}
	})
}

func TestTogetherPanicIsItsOwn(t *testing.T) {
	for _, first := range []bool{true, false} {
		gather(t, func(c *crowd) {
			var answers []<-chan error
			broken := func() {
				c.held.Go(func() {
					defer func() {
						if got := recover(); got != "broken" {
							t.Errorf("recovered %v, want the panic of fn in the goroutine of its caller", got)
						}
					}()
					_ = c.db.WriteTogether(c.Context(), then(insert(20), func(*sqlite.Conn) error { panic("broken") }))
				})
				synctest.Wait()
			}
			if first {
				broken()
			}
			answers = append(answers, c.add(c.Context(), insert(10)))
			if !first {
				broken()
			}
			answers = append(answers, c.add(c.Context(), insert(11)))
			close(c.free)
			for i, a := range answers {
				if err := <-a; err != nil {
					t.Errorf("writer %d: %v", i, err)
				}
			}
			c.held.Wait()
			if got := c.ids(); got != "10 11 " {
				t.Errorf("stored %q", got)
			}
		})
	}
}

func TestTogetherRefusedCommitFailsAll(t *testing.T) {
	gather(t, func(c *crowd) {
		answers := []<-chan error{
			c.add(c.Context(), insert(10)),
			c.add(c.Context(), script("INSERT INTO child VALUES (1,1,9,'a',0)")), // found at COMMIT
			c.add(c.Context(), insert(11)),
			c.add(c.Context(), func(*sqlite.Conn) error { return errors.New("what I saw never was") }),
		}
		close(c.free)
		for i, a := range answers {
			err := <-a
			if refused, ok := errors.AsType[*CommitError](err); !ok || refused.Unknown || !errors.Is(err, ErrForeignKey) {
				t.Errorf("writer %d: %v, want the refusal by COMMIT", i, err)
			}
		}
		if got := c.ids(); got != "" {
			t.Errorf("stored %q after a refused commit", got)
		}
		if err := c.db.WriteTogether(c.Context(), insert(12)); err != nil {
			t.Errorf("the writer is unusable after a refused commit: %v", err)
		}
	})
}

// A transaction that SQLite itself rolls back takes everybody in it along, and nobody is told otherwise.
func TestTogetherRolledBackBySQLite(t *testing.T) {
	gather(t, func(c *crowd) {
		answers := []<-chan error{
			c.add(c.Context(), insert(10)),
			c.add(c.Context(), script("INSERT OR ROLLBACK INTO parent (id) VALUES (1)")),
		}
		after := c.add(c.Context(), insert(11)) // has its turn in the next transaction
		close(c.free)
		for i, a := range answers {
			if err := <-a; !errors.Is(err, errRolledBack) || !errors.Is(err, ErrUnique) {
				t.Errorf("writer %d: %v, want the end of the transaction with its reason", i, err)
			}
		}
		if err := <-after; err != nil {
			t.Errorf("the next one: %v", err)
		}
		if got := c.ids(); got != "11 " {
			t.Errorf("stored %q", got)
		}
	})
}

func TestTogetherContexts(t *testing.T) {
	gather(t, func(c *crowd) {
		with := func() (context.Context, context.CancelFunc) { return context.WithCancel(c.Context()) }
		waiting, stopWaiting := with()
		alone, stopAlone := with()
		inside, stopInside := with()
		done, stopDone := with()
		gone := c.add(waiting, insert(10))
		stopWaiting()
		if err := <-gone; !errors.Is(err, context.Canceled) {
			t.Errorf("while waiting: %v", err)
		}
		first := c.add(alone, func(conn *sqlite.Conn) error {
			stopAlone()
			_, err := number(conn, endless) // nobody is in the transaction yet: it is interrupted
			return err
		})
		kept := c.add(done, insert(11))
		last := c.add(inside, func(conn *sqlite.Conn) error {
			stopDone()
			stopInside()
			return insert(12)(conn)
		})
		close(c.free)
		for name, a := range map[string]<-chan error{"alone": first, "inside": last} {
			if err := <-a; !errors.Is(err, context.Canceled) {
				t.Errorf("%s: %v, want context.Canceled", name, err)
			}
		}
		if err := <-kept; err != nil {
			t.Errorf("after its turn the outcome counts, not ctx: %v", err)
		}
		if got := c.ids(); got != "11 " {
			t.Errorf("stored %q", got)
		}
	})
}

// A transaction takes in so many writers, and for so long; the others come next.
func TestTogetherIsBounded(t *testing.T) {
	for name, slow := range map[string]bool{"writers": false, "time": true} {
		gather(t, func(c *crowd) {
			var answers []<-chan error
			largest := 0
			for i := range int64(maxTogether + 10) {
				answers = append(answers, c.add(c.Context(), func(conn *sqlite.Conn) error {
					all, err := number(conn, "SELECT count(*) FROM parent")
					if err != nil {
						return err
					}
					var seen int64
					if err := c.db.Read(c.Context(), func(conn *sqlite.Conn) error { seen, err = number(conn, "SELECT count(*) FROM parent"); return err }); err != nil {
						return err
					}
					largest = max(largest, int(all-seen)+1)
					if slow {
						time.Sleep(longestTogether / 4) //nolint:forbidigo // the bubble's time
					}
					return insert(10 + i)(conn)
				}))
			}
			close(c.free)
			for i, a := range answers {
				if err := <-a; err != nil {
					t.Errorf("writer %d: %v", i, err)
				}
			}
			if want := map[bool]int{false: maxTogether, true: 4}[slow]; largest != want {
				t.Errorf("bound of %s: up to %d shared a transaction, want %d", name, largest, want)
			}
		})
	}
}

func TestTogetherAfterClose(t *testing.T) {
	db, err := Open(t.Context(), filepath.Join(t.TempDir(), "closed.db"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if err := db.WriteTogether(t.Context(), insert(1)); !errors.Is(err, ErrClosed) {
		t.Errorf("got %v, want ErrClosed", err)
	}
}

// Many writers, some bad, some giving up: what is stored is exactly what was answered with success, and plain writers
// get their turns in between.
func TestTogetherUnderLoad(t *testing.T) {
	db := open(t, Options{BusyTimeout: time.Millisecond})
	const writers, each = 16, 40
	var group sync.WaitGroup
	var next, good atomic.Int64
	next.Store(1)
	for w := range writers {
		group.Go(func() {
			for i := range each {
				ctx, cancel := context.WithCancel(t.Context())
				write := db.WriteTogether
				if w == 0 {
					write = db.Write
				}
				err := write(ctx, func(conn *sqlite.Conn) error {
					switch id := next.Add(1); (w + i) % 5 {
					case 1:
						return then(insert(id), insert(1))(conn)
					case 2:
						defer cancel()
						return insert(id)(conn)
					default:
						return insert(id)(conn)
					}
				})
				cancel()
				switch {
				case err == nil:
					good.Add(1)
				case !errors.Is(err, ErrUnique) && !errors.Is(err, context.Canceled):
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	if n := parents(t, db); n != 1+good.Load() {
		t.Errorf("%d stored, %d answered with success", n-1, good.Load())
	}
}
