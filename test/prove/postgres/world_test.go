package postgres

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"go.uber.org/goleak"

	"holdfast/test/e2e/process"
	"holdfast/test/engine/private"
	"holdfast/test/prove/shop"
)

// binary is the path of the binary under test.
var binary string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "holdfast-prove-")
	if binary = os.Getenv("HOLDFAST_TEST_BINARY"); err == nil && binary == "" {
		binary, err = process.Build(context.Background(), dir)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "postgres:", err)
		_ = os.RemoveAll(dir)
		os.Exit(1)
	}
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		_ = os.RemoveAll(dir) // in the system's folder for temporary files
		os.Exit(code)
	}))
}

// start starts a private server. Where there is none, the test is skipped, and fails in CI.
func start(t *testing.T, settings ...string) *private.Postgres {
	t.Helper()
	if testing.Short() {
		t.Skip("starts servers of its own")
	}
	if _, err := private.FindPostgres(t.Context()); err != nil && os.Getenv("CI") != "true" {
		t.Skip(err)
	}
	p, err := private.StartPostgres(t.Context(), os.Stderr, append([]string{"shared_buffers=64MB"}, settings...)...)
	if err != nil {
		t.Fatal(err)
	}
	stopLater(t, p)
	return p
}

func stopLater(t *testing.T, p *private.Postgres) {
	t.Helper()
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("PostgreSQL at %s said at the end:\n%s", p.Host(), p.Log())
		}
		if err := p.Stop(); err != nil {
			t.Error(err)
		}
	})
}

// as is the address of a database on a server or in front of it, for the role that the shop works as: no superuser, so
// that the connections that PostgreSQL keeps for those are not for it.
func as(database string, hosts string) string {
	return fmt.Sprintf("postgres://seller:seller@%s/%s?sslmode=disable", hosts, database)
}

// base is an empty database for the role, migrated.
func base(t *testing.T, p *private.Postgres, name string) string {
	t.Helper()
	admin := connect(t, p, "postgres")
	execute(t, admin, `DO $$ BEGIN CREATE ROLE seller LOGIN PASSWORD 'seller'; EXCEPTION WHEN duplicate_object THEN NULL; END $$`)
	execute(t, admin, `CREATE DATABASE `+name+` OWNER seller`)
	r, err := process.Run(t.Context(), binary, "migrate", "--database-url="+as(name, p.Host()))
	if err != nil || r.Code != 0 {
		t.Fatalf("migrate: %v\n%s%s", err, r.Stdout, r.Stderr)
	}
	return as(name, p.Host())
}

// connect is a superuser's connection, which ends with t.
func connect(t *testing.T, p *private.Postgres, database string) *pgx.Conn {
	t.Helper()
	address, err := url.Parse(p.DSN())
	if err != nil {
		t.Fatal(err)
	}
	address.Path = "/" + database
	conn, err := pgx.Connect(t.Context(), address.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) }) // the server may be gone
	return conn
}

func execute(t *testing.T, conn *pgx.Conn, sql string, args ...any) {
	t.Helper()
	if _, err := conn.Exec(t.Context(), sql, args...); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// open makes a shop that works on dsn, and clients at work. direct is how its tools reach the same database.
func open(t *testing.T, dsn string, args ...string) (*shop.Shop, *shop.Load) {
	t.Helper()
	s := shop.New(t, binary, []string{"--database-url=" + dsn}, append([]string{"--database-max-conns=6", "--limits-lanes=2"}, args...)...)
	s.Start(t)
	s.Furnish(t, 50)
	load := s.Work(t, 24)
	load.Until(t, 50)
	return s, load
}

// survived wants the shop to be as if nothing had happened: it sells, everything acknowledged is there and comes to an
// end, and the audit is clean.
func survived(t *testing.T, s *shop.Shop, load *shop.Load) {
	t.Helper()
	load.Until(t, 50)
	load.Stop()
	load.Odd(t)
	t.Logf("%s; commits looked up: %v", load, counter(t, s, "holdfast_desk_commits_unknown_total"))
	s.Holds(t, load.All())
	s.Audit(t)
}

// counter reads a counter of the server.
func counter(t *testing.T, s *shop.Shop, name string) float64 {
	t.Helper()
	a, err := s.Read(t.Context(), "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`(?m)^` + name + ` (\S+)$`).FindSubmatch(a.Body)
	if found == nil {
		t.Fatalf("no metric %s", name)
	}
	value, err := strconv.ParseFloat(string(found[1]), 64)
	if err != nil {
		t.Fatal(err)
	}
	return value
}

// group owns what a test lets run beside it.
type group struct {
	sync.WaitGroup
	cancel context.CancelFunc
}

// beside runs fn until the test stops it.
func beside(t *testing.T, fn func(ctx context.Context)) *group {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	g := &group{cancel: cancel}
	g.Go(func() { fn(ctx) })
	t.Cleanup(g.stop)
	return g
}

func (g *group) stop() {
	g.cancel()
	g.Wait()
}
