package postgres

import (
	"context"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"holdfast/test/e2e/process"
	"holdfast/test/prove/effort"
)

// TestCutConnections cuts connections at random bytes, in the middle of batches, and at COMMIT, before it arrives and
// before its answer comes back, while the shop sells. Outcomes that nobody was told are looked up; nothing acknowledged is lost, nothing happens twice.
func TestCutConnections(t *testing.T) {
	t.Parallel()
	p := start(t)
	for _, seed := range effort.Seeds(t, 1, 1) {
		name := fmt.Sprintf("cut_%d", seed)
		dsn := base(t, p, name)
		w := newWire(t, p.Host(), seed)
		s, load := open(t, strings.Replace(dsn, p.Host(), w.host(), 1))
		w.cut(true)
		process.Eventually(t, "enough connections were cut", func() bool {
			commits, bytes := w.counts()
			return commits >= 30 && bytes >= 30
		})
		w.cut(false)
		survived(t, s, load)
		commits, bytes := w.counts()
		t.Logf("cut %d times at a COMMIT, %d times at some byte", commits, bytes)
		if counter(t, s, "holdfast_desk_commits_unknown_total") == 0 {
			t.Error("no commit was looked up: this test shows nothing any more")
		}
		if t.Failed() {
			t.Log(effort.Repeat("postgres", seed))
			return
		}
		s.Stop(t)
	}
}

// TestTerminatedBackends ends the shop's backends at random while it sells.
func TestTerminatedBackends(t *testing.T) {
	t.Parallel()
	p := start(t)
	s, load := open(t, base(t, p, "terminated"))
	admin := connect(t, p, "terminated")
	ended := 0
	killer := beside(t, func(ctx context.Context) {
		tick := time.NewTicker(40 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			tag, err := admin.Exec(context.WithoutCancel(ctx), `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'seller' ORDER BY random() LIMIT 1`)
			if err != nil {
				return
			}
			ended += int(tag.RowsAffected())
		}
	})
	load.Until(t, 300)
	killer.stop()
	t.Logf("%d backends ended", ended)
	if ended < 10 {
		t.Error("too few to show anything")
	}
	survived(t, s, load)
}

// TestNoConnectionLeft lets others take all connections of PostgreSQL: calls wait, then they are told to come later, and
// when there are connections again, everything goes on by itself.
func TestNoConnectionLeft(t *testing.T) {
	t.Parallel()
	p := start(t, "max_connections=80") // of which a server and an audit have up to four a store
	dsn := base(t, p, "exhausted")
	s, load := open(t, dsn)
	admin := connect(t, p, "exhausted")
	var taken []*pgx.Conn
	release := func() {
		for _, c := range taken {
			_ = c.Close(context.Background()) // it may be broken
		}
		taken = nil
	}
	t.Cleanup(release)
	process.Eventually(t, "others have every connection", func() bool {
		execute(t, admin, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'seller' AND application_name LIKE 'holdfast%'`)
		for {
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			c, err := pgx.Connect(ctx, dsn+"&application_name=somebody")
			cancel()
			if err != nil {
				break
			}
			taken = append(taken, c)
		}
		var left int
		if err := admin.QueryRow(t.Context(), `SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'holdfast%'`).Scan(&left); err != nil {
			t.Fatal(err)
		}
		return left == 0
	})
	at := load.Refused("overloaded")
	process.Eventually(t, "calls are refused with Retry-After", func() bool { return load.Refused("overloaded") >= at+50 })
	release()
	survived(t, s, load)
}

// TestTimeouts sets the timeouts that operators set: a statement that runs into one was not executed and is told as
// such, and a connection that was ended for being idle is replaced.
func TestTimeouts(t *testing.T) {
	t.Parallel()
	p := start(t)
	s, load := open(t, base(t, p, "timeouts"))
	admin, locker := connect(t, p, "timeouts"), connect(t, p, "timeouts")
	renew := `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'seller'` // settings are for new connections
	execute(t, admin, `ALTER ROLE seller SET statement_timeout = '1s'`)
	execute(t, admin, renew)
	execute(t, locker, `BEGIN; LOCK TABLE reservation.reservations IN ACCESS EXCLUSIVE MODE`)
	at := load.Refused("overloaded")
	process.Eventually(t, "calls are refused with Retry-After", func() bool { return load.Refused("overloaded") >= at+20 })
	execute(t, locker, `ROLLBACK`)
	load.Until(t, 50)
	load.Stop()
	load.Odd(t)

	execute(t, admin, `ALTER ROLE seller RESET statement_timeout`)
	execute(t, admin, `ALTER ROLE seller SET idle_session_timeout = '2s'`)
	execute(t, admin, renew)
	load = s.Work(t, 24) // many connections at once, then hardly any
	load.Until(t, 50)
	load.Stop()
	load.Odd(t)
	process.Eventually(t, "idle connections are ended", func() bool {
		return strings.Count(p.Log(), "terminating connection due to idle-session timeout") >= 3
	})
	load = s.Work(t, 24)
	survived(t, s, load)
}

// TestRestart restarts PostgreSQL under load, in good order and as after a crash.
func TestRestart(t *testing.T) {
	t.Parallel()
	p := start(t)
	s, load := open(t, base(t, p, "restarted"))
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGQUIT} {
		load.Until(t, 100)
		if err := p.Restart(t.Context(), signal); err != nil {
			t.Fatal(err)
		}
		load.Until(t, 100)
	}
	survived(t, s, load)
}
