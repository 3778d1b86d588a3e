package pgdb

import (
	"bytes"
	"context"
	"errors"
	"net"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"go.uber.org/goleak"

	"holdfast/test/engine"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const schema = "thing"

const tables = `
	CREATE TABLE parent (id bigint PRIMARY KEY, n bigint NOT NULL DEFAULT 0);
	CREATE TABLE child (
		id     bigint PRIMARY KEY,
		parent bigint NOT NULL REFERENCES parent (id),
		late   bigint REFERENCES parent (id) DEFERRABLE INITIALLY DEFERRED,
		name   text NOT NULL CONSTRAINT child_name UNIQUE,
		free   bigint NOT NULL CHECK (free >= 0)
	);
	INSERT INTO parent (id) VALUES (1), (2);`

// open gives a pool on a fresh database with the tables above.
func open(t *testing.T) (*pgxpool.Pool, string) {
	t.Helper()
	dsn := engine.Postgres(t)
	if err := Migrate(t.Context(), dsn, schema, files(map[string]string{"00001_tables.sql": tables})); err != nil {
		t.Fatal(err)
	}
	pool, err := Open(t.Context(), dsn, Options{Schema: schema})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool, dsn
}

func exec(ctx context.Context, sql string, args ...any) func(pgx.Tx) error {
	return func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, sql, args...)
		return err
	}
}

func count(t *testing.T, pool *pgxpool.Pool, sql string) (n int) {
	t.Helper()
	if err := pool.QueryRow(t.Context(), sql).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestConnectionsAreSetUp(t *testing.T) {
	pool, _ := open(t)
	for name, want := range map[string]string{
		"search_path": schema, "application_name": "holdfast " + schema, "TimeZone": "UTC",
		"idle_in_transaction_session_timeout": "30s",
	} {
		var got string
		if err := pool.QueryRow(t.Context(), "SELECT current_setting($1)", name).Scan(&got); err != nil || got != want {
			t.Errorf("%s is %q, error %v; want %q", name, got, err, want)
		}
	}
	if got := pool.Config().MaxConns; got != defaultMaxConns {
		t.Errorf("at most %d connections, want %d", got, defaultMaxConns)
	}
}

func TestOpenRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		dsn     string
		options Options
		want    error
	}{
		"no schema":        {"postgres://127.0.0.1:1/x", Options{}, nil},
		"a hostile schema": {"postgres://127.0.0.1:1/x", Options{Schema: `x"; DROP`}, nil},
		"negative bound":   {"postgres://127.0.0.1:1/x", Options{Schema: schema, MaxConns: -1}, nil},
		"a broken address": {"postgres://127.0.0.1:port/x", Options{Schema: schema}, nil},
		"nobody there":     {"postgres://127.0.0.1:1/x", Options{Schema: schema}, ErrUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			pool, err := Open(t.Context(), c.dsn, c.options)
			if err == nil {
				pool.Close()
				t.Fatal("opened")
			}
			if c.want != nil && !errors.Is(err, c.want) {
				t.Fatalf("got %v, want %v", err, c.want)
			}
		})
	}
}

func TestSeveralHostsMeanTheOneThatWrites(t *testing.T) {
	for dsn, want := range map[string]bool{
		"host=a,b user=u sslmode=disable": true, "host=a user=u": false, "host=a user=u sslmode=disable": false,
	} {
		config, err := pgx.ParseConfig(dsn)
		if err != nil {
			t.Fatal(err)
		}
		if err := settle(config, schema); err != nil {
			t.Fatal(err)
		}
		if got := config.ValidateConnect != nil; got != want {
			t.Errorf("%s: asks for a server that writes: %t, want %t", dsn, got, want)
		}
	}
}

func TestTxCommitsOrRollsBack(t *testing.T) {
	pool, _ := open(t)
	ctx := t.Context()
	if err := Tx(ctx, pool, pgx.TxOptions{}, exec(ctx, "INSERT INTO parent (id) VALUES (3)")); err != nil {
		t.Fatal(err)
	}
	mine := errors.New("mine")
	err := Tx(ctx, pool, pgx.TxOptions{}, func(tx pgx.Tx) error {
		return errors.Join(exec(ctx, "INSERT INTO parent (id) VALUES (4)")(tx), mine)
	})
	if !errors.Is(err, mine) {
		t.Errorf("got %v, want fn's own error", err)
	}
	func() {
		defer func() {
			if got := recover(); got != "broken" {
				t.Errorf("recovered %v, want the panic of fn", got)
			}
		}()
		_ = Tx(ctx, pool, pgx.TxOptions{}, func(tx pgx.Tx) error {
			_ = exec(ctx, "INSERT INTO parent (id) VALUES (5)")(tx)
			panic("broken")
		})
	}()
	gone, cancel := context.WithCancel(ctx)
	err = Tx(gone, pool, pgx.TxOptions{}, func(tx pgx.Tx) error {
		defer cancel()
		return exec(ctx, "INSERT INTO parent (id) VALUES (6)")(tx)
	})
	if !errors.Is(err, context.Canceled) || errors.Is(err, ErrUnknownCommit) {
		t.Errorf("ctx over before COMMIT was sent: got %v, want a known cancellation", err)
	}
	if n := count(t, pool, "SELECT count(*) FROM parent WHERE id > 3"); n != 0 {
		t.Errorf("%d rows of transactions that failed", n)
	}
	if n := count(t, pool, "SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in transaction%'"); n != 0 {
		t.Errorf("%d transactions left open", n)
	}
}

func TestKindsOfErrors(t *testing.T) {
	pool, _ := open(t)
	all := []error{ErrConflict, ErrDeadlock, ErrConstraint, ErrUnique, ErrCheck, ErrForeignKey, ErrReadOnly, ErrFull, ErrUnavailable, ErrUnknownCommit}
	for name, c := range map[string]struct {
		options    pgx.TxOptions
		sql        string
		want       []error
		constraint string
	}{
		"unique":      {sql: "INSERT INTO child VALUES (1,1,NULL,'a',0), (2,1,NULL,'a',0)", want: []error{ErrConstraint, ErrUnique}, constraint: "child_name"},
		"check":       {sql: "INSERT INTO child VALUES (1,1,NULL,'a',-1)", want: []error{ErrConstraint, ErrCheck}, constraint: "child_free_check"},
		"foreign key": {sql: "INSERT INTO child VALUES (1,7,NULL,'a',0)", want: []error{ErrConstraint, ErrForeignKey}, constraint: "child_parent_fkey"},
		"at commit":   {sql: "INSERT INTO child VALUES (1,1,7,'a',0)", want: []error{ErrConstraint, ErrForeignKey}, constraint: "child_late_fkey"},
		"not null":    {sql: "INSERT INTO child VALUES (1,NULL,NULL,'a',0)", want: []error{ErrConstraint}},
		"read-only":   {options: pgx.TxOptions{AccessMode: pgx.ReadOnly}, sql: "DELETE FROM child", want: []error{ErrReadOnly}},
		"terminated":  {sql: "SELECT pg_terminate_backend(pg_backend_pid())", want: []error{ErrUnavailable}},
		"our mistake": {sql: "SELECT * FROM nowhere"},
	} {
		t.Run(name, func(t *testing.T) {
			err := Tx(t.Context(), pool, c.options, exec(t.Context(), c.sql))
			if err == nil {
				t.Fatal("no error")
			}
			for _, kind := range all {
				want := slices.Contains(c.want, kind)
				if errors.Is(err, kind) != want {
					t.Errorf("errors.Is(%v, %v) is %t", err, kind, !want)
				}
			}
			if _, atCommit := errors.AsType[*CommitError](err); atCommit != (name == "at commit") {
				t.Errorf("%v: reported as an error of COMMIT: %t", err, atCommit)
			}
			if got := Constraint(err); got != c.constraint {
				t.Errorf("constraint %q, want %q", got, c.constraint)
			}
		})
	}
}

func TestSerializationFailure(t *testing.T) {
	pool, _ := open(t)
	ctx := t.Context()
	add := exec(ctx, "UPDATE parent SET n = n + 1 WHERE id = 1")
	err := Tx(ctx, pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead}, func(tx pgx.Tx) error {
		if err := exec(ctx, "SELECT n FROM parent")(tx); err != nil {
			return err
		}
		if err := Tx(ctx, pool, pgx.TxOptions{}, add); err != nil { // another process, meanwhile
			return err
		}
		return add(tx)
	})
	if !errors.Is(err, ErrConflict) || errors.Is(err, ErrDeadlock) {
		t.Fatalf("got %v, want ErrConflict alone", err)
	}
}

func TestDeadlock(t *testing.T) {
	pool, _ := open(t)
	ctx := t.Context()
	var meet [2]chan struct{}
	meet[0], meet[1] = make(chan struct{}), make(chan struct{})
	results := make(chan error, 2)
	for i := range 2 {
		go func() {
			results <- Tx(ctx, pool, pgx.TxOptions{}, func(tx pgx.Tx) error {
				err := errors.Join(exec(ctx, "SET LOCAL deadlock_timeout = '20ms'")(tx),
					exec(ctx, "UPDATE parent SET n = n + 1 WHERE id = $1", 1+i)(tx))
				close(meet[i])
				<-meet[1-i]
				return errors.Join(err, exec(ctx, "UPDATE parent SET n = n + 1 WHERE id = $1", 2-i)(tx))
			})
		}()
	}
	first, second := <-results, <-results
	if first == nil {
		first, second = second, first
	}
	if !errors.Is(first, ErrDeadlock) || !errors.Is(first, ErrConflict) {
		t.Errorf("got %v, want ErrDeadlock", first)
	}
	if second != nil && !errors.Is(second, ErrDeadlock) {
		t.Errorf("the other one failed with %v", second)
	}
}

// cutter is a connection that breaks at COMMIT: before it is sent, or before its answer arrives.
type cutter struct {
	net.Conn
	mode *atomic.Int32
}

const (
	cutBefore = iota + 1
	cutAfter
	cutClosed // like cutAfter, by a connection that is closed instead of one that stays silent
)

func (c *cutter) Write(b []byte) (int, error) {
	mode := c.mode.Load()
	if mode == 0 || !bytes.Contains(bytes.ToLower(b), []byte("commit")) {
		return c.Conn.Write(b)
	}
	if mode == cutBefore {
		return 0, errors.Join(errors.New("cut before COMMIT"), c.Close())
	}
	n, err := c.Conn.Write(b)
	if mode == cutClosed {
		return n, errors.Join(err, c.Close())
	}
	// The server has all of it and carries it out; its answer is left unread.
	return n, errors.Join(err, c.SetReadDeadline(time.Unix(1, 0)))
}

func TestConnectionLostAroundCommit(t *testing.T) {
	pool, dsn := open(t)
	for id, mode := range map[int]int32{10: cutBefore, 11: cutAfter, 12: cutClosed} {
		config, err := pgx.ParseConfig(dsn)
		if err != nil {
			t.Fatal(err)
		}
		if err := settle(config, schema); err != nil {
			t.Fatal(err)
		}
		var now atomic.Int32
		dial := config.DialFunc
		config.DialFunc = func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := dial(ctx, network, address)
			return &cutter{conn, &now}, err
		}
		conn, err := pgx.ConnectConfig(t.Context(), config)
		if err != nil {
			t.Fatal(err)
		}
		err = Tx(t.Context(), conn, pgx.TxOptions{}, func(tx pgx.Tx) error {
			defer now.Store(mode)
			return exec(t.Context(), "INSERT INTO parent (id) VALUES ($1)", id)(tx)
		})
		_ = conn.Close(t.Context())
		atCommit, ok := errors.AsType[*CommitError](err)
		if !ok {
			t.Fatalf("mode %d: got %v, want an error of COMMIT", mode, err)
		}
		there := func() bool {
			var n int
			// The server may still be at it: a lock on the row waits for its end.
			err := pool.QueryRow(t.Context(), "INSERT INTO parent (id) VALUES ($1) ON CONFLICT (id) DO NOTHING RETURNING 1", id).Scan(&n)
			return errors.Is(err, pgx.ErrNoRows)
		}()
		switch mode {
		case cutBefore:
			if there || atCommit.Unknown {
				t.Errorf("cut before COMMIT: row there is %t, %v; want it gone for sure", there, err)
			}
		case cutAfter, cutClosed:
			if !there || !atCommit.Unknown || !errors.Is(err, ErrUnknownCommit) {
				t.Errorf("cut after COMMIT: row there is %t, %v; want it there and the outcome unknown", there, err)
			}
		}
	}
}

func TestAtCommit(t *testing.T) {
	answer := func(severity, code string) error {
		return &pgconn.PgError{Severity: "translated", SeverityUnlocalized: severity, Code: code}
	}
	for name, c := range map[string]struct {
		err     error
		unknown bool
	}{
		"serialization":       {answer("ERROR", "40001"), false},
		"unique":              {answer("ERROR", "23505"), false},
		"says unknown":        {answer("ERROR", "40003"), true},
		"connection class":    {answer("ERROR", "08007"), true},
		"shutdown":            {answer("FATAL", "57P01"), true},
		"crash":               {answer("PANIC", "XX000"), true},
		"answered ROLLBACK":   {pgx.ErrTxCommitRollback, false},
		"closed before":       {pgx.ErrTxClosed, false},
		"an error of its own": {errors.New("something else"), true},
		"deadline":            {context.DeadlineExceeded, true},
	} {
		if got := errors.Is(AtCommit(c.err), ErrUnknownCommit); got != c.unknown {
			t.Errorf("%s: unknown is %t, want %t", name, got, c.unknown)
		}
	}
	if AtCommit(nil) != nil {
		t.Error("an error for a commit that worked")
	}
}
