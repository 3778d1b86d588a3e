package postgres

import (
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"holdfast/test/e2e/process"
	"holdfast/test/engine/private"
	"holdfast/test/prove/effort"
	"holdfast/test/prove/shop"
)

// pair is a primary, its standby, and a shop that sells on whichever of them takes writes.
type pair struct {
	primary, standby *private.Postgres
	admin            *pgx.Conn // of the primary
	shop             *shop.Shop
	load             *shop.Load
}

func newPair(t *testing.T, names string) *pair {
	t.Helper()
	p := &pair{primary: start(t)}
	base(t, p.primary, "holdfast")
	var err error
	if p.standby, err = p.primary.Standby(t.Context(), "second"); err != nil {
		t.Fatal(err)
	}
	stopLater(t, p.standby)
	p.admin = connect(t, p.primary, "postgres")
	execute(t, p.admin, `ALTER SYSTEM SET synchronous_standby_names = '`+names+`'`)
	execute(t, p.admin, `SELECT pg_reload_conf()`)
	both := as("holdfast", p.primary.Host()+","+p.standby.Host()) + "&target_session_attrs=read-write&connect_timeout=2"
	p.shop, p.load = open(t, both)
	return p
}

// fail kills the primary, promotes the standby, and waits until the shop sells again.
func (p *pair) fail(t *testing.T) (killed time.Time) {
	t.Helper()
	killed = time.Now()
	p.primary.Kill()
	if err := p.standby.Promote(t.Context()); err != nil {
		t.Fatal(err)
	}
	promoted := time.Now()
	p.load.Until(t, 1)
	t.Logf("promoted %v after the kill, sold again %v after that", promoted.Sub(killed).Round(time.Millisecond), time.Since(promoted).Round(time.Millisecond))
	p.shop.Store = []string{"--database-url=" + as("holdfast", p.standby.Host())} // of the audit
	return killed
}

// TestFailover sells on a primary whose standby commits with it, kills the primary, and promotes the standby: the shop,
// which was given both addresses, finds the new primary by itself, and everything it had acknowledged is there.
func TestFailover(t *testing.T) {
	t.Parallel()
	for range effort.Runs(t, 1) {
		p := newPair(t, "second")
		process.Eventually(t, "the standby commits with the primary", func() bool {
			var state string
			err := p.admin.QueryRow(t.Context(), `SELECT sync_state FROM pg_stat_replication WHERE application_name = 'second'`).Scan(&state)
			return err == nil && state == "sync"
		})
		p.load.Until(t, 200)
		known := p.load.Before(p.fail(t))
		survived(t, p.shop, p.load)
		t.Logf("%d reservations had been acknowledged before the kill", len(known))
		p.shop.Stop(t)
	}
}

// TestFailoverWithoutTheStandbysWord shows what is lost when the primary does not wait for its standby, which is what
// PostgreSQL does unless it is told: reservations that were acknowledged are not on the new primary.
func TestFailoverWithoutTheStandbysWord(t *testing.T) {
	t.Parallel()
	p := newPair(t, "")
	cutOff(t, p.standby)
	p.load.Until(t, 100)
	p.load.Stop()
	known := p.load.All()
	p.primary.Kill()
	if err := p.standby.Promote(t.Context()); err != nil {
		t.Fatal(err)
	}
	lost := p.shop.Missing(t, known)
	if lost == 0 {
		t.Error("nothing is lost: this test shows nothing any more")
	}
	t.Logf("%d of %d acknowledged reservations are lost", lost, len(known))
}

// cutOff keeps a standby from its primary, as a network that is down does; it returns when no log comes in any more.
func cutOff(t *testing.T, standby *private.Postgres) {
	t.Helper()
	conn := connect(t, standby, "postgres")
	receiver := func() (pid int) {
		if err := conn.QueryRow(t.Context(), `SELECT coalesce(max(pid), 0) FROM pg_stat_wal_receiver`).Scan(&pid); err != nil {
			t.Fatal(err)
		}
		return pid
	}
	was := receiver()
	if was == 0 {
		t.Fatal("the standby does not follow its primary")
	}
	execute(t, conn, `ALTER SYSTEM SET primary_conninfo = 'host=127.0.0.1 port=1'`)
	execute(t, conn, `SELECT pg_reload_conf()`)
	process.Eventually(t, "no log comes in any more", func() bool { return receiver() != was })
}

// TestDump takes the dump that `holdfast backup` names on PostgreSQL while the shop sells, and brings it into an empty
// database: the same is wanted as of a backup of a data folder.
func TestDump(t *testing.T) {
	t.Parallel()
	p := start(t)
	dsn := base(t, p, "sold")
	s, load := open(t, dsn)
	load.Until(t, 200)
	said, err := process.Run(t.Context(), binary, "backup", "x", "--database-url="+dsn)
	if err != nil {
		t.Fatal(err)
	}
	command := "" // as printed
	for line := range strings.Lines(said.Stdout) {
		if strings.Contains(line, "pg_dump ") {
			command = strings.TrimSpace(line)
		}
	}
	words := strings.Fields(strings.ReplaceAll(command, "'", ""))
	if len(words) < 4 {
		t.Fatalf("no command in %s", said.Stdout)
	}
	known := load.Before(time.Now())
	run := func(name string, args ...string) {
		cmd := p.Program(t.Context(), name, args...)
		cmd.Env = append(cmd.Env, "PGPASSWORD=seller")
		if output, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s %v: %v\n%s", name, args, err, output)
		}
	}
	run(words[0], words[1:]...)
	execute(t, connect(t, p, "postgres"), `CREATE DATABASE restored OWNER seller`)
	run("pg_restore", "--no-owner", "--exit-on-error", "--dbname="+as("restored", p.Host()), "holdfast.dump")
	load.Stop()
	other := s.On(t, "--database-url="+as("restored", p.Host()))
	other.Run(t, 0, "migrate")
	other.Audit(t)
	other.Start(t)
	other.Holds(t, known)
	other.Audit(t)
	other.Stop(t)
}
