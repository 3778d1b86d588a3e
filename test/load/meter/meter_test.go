package meter_test

import (
	"context"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"holdfast/test/engine"
	"holdfast/test/load/meter"
)

func burn(tb testing.TB, d time.Duration) {
	tb.Helper()
	x := 1
	for end := meter.Self() + d; meter.Self() < end; {
		for i := range 10_000 {
			x = x*31 + i
		}
	}
	runtime.KeepAlive(x)
}

func TestSelfIsSeenFromBothSides(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("no /proc here")
	}
	before := meter.Read(os.Getpid(), nil)
	burn(t, 300*time.Millisecond)
	used := meter.Read(os.Getpid(), nil).Since(before)
	if used.Self < 300*time.Millisecond {
		t.Errorf("getrusage saw %v of 300 ms", used.Self)
	}
	if d := used.Server - used.Self; d < -50*time.Millisecond || d > 50*time.Millisecond {
		t.Errorf("/proc saw %v, getrusage %v", used.Server, used.Self)
	}
	if rss := meter.PeakRSS(os.Getpid()); rss < 1<<20 || rss > 1<<36 {
		t.Errorf("peak memory of %d bytes", rss)
	}
	if meter.Process(1<<30) != 0 || meter.PeakRSS(1<<30) != 0 {
		t.Error("a process that is not there used something")
	}
}

func TestPostgresIsSeen(t *testing.T) {
	dsn := engine.Postgres(t)
	p, err := meter.FindPostgres(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	if p == nil {
		t.Skip("the server is on another machine")
	}
	before := p.CPU()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(t.Context())) }()
	if _, err := conn.Exec(t.Context(), "SELECT sum(x::bigint * x) FROM generate_series(1, 3000000) x"); err != nil {
		t.Fatal(err)
	}
	if used := p.CPU() - before; used < 50*time.Millisecond {
		t.Errorf("only %v seen for three million rows", used)
	}
}

func TestCost(t *testing.T) {
	u := meter.Usage{Self: time.Second, Server: 2 * time.Second}
	if got, want := u.Per(10_000).String(), "self:100us,server:200us"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if (u.Per(0) != meter.Cost{}) {
		t.Error("no operations cost something")
	}
}
