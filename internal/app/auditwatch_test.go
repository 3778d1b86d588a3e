package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/prometheus/client_golang/prometheus"
	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"holdfast/fault"
	"holdfast/reservation"
	"holdfast/test/engine"
)

// damage is done behind the back of every guard: a sold claim that counts nowhere any more.
const damage = "UPDATE claims SET life = 3 WHERE life = 2"

func TestAuditWatchReportsDamageWithinOnePass(t *testing.T) {
	t.Run("embedded", func(t *testing.T) {
		dir := filepath.Join(t.TempDir(), "data")
		watchDamage(t, []string{"--data=" + dir}, func() error {
			conn, err := sqlite.OpenConn(filepath.Join(dir, "reservation.db"), sqlite.OpenReadWrite)
			if err != nil {
				return err
			}
			conn.SetBusyTimeout(10 * time.Second)
			return errors.Join(sqlitex.Execute(conn, damage, nil), conn.Close())
		})
	})
	t.Run("postgres", func(t *testing.T) {
		dsn := engine.Postgres(t)
		watchDamage(t, []string{"--database-url=" + dsn}, func() error {
			conn, err := pgx.Connect(t.Context(), dsn)
			if err != nil {
				return err
			}
			_, err = conn.Exec(t.Context(), strings.Replace(damage, "claims", "reservation.claims", 1))
			return errors.Join(err, conn.Close(t.Context()))
		})
	})
}

func watchDamage(t *testing.T, store []string, spoil func() error) {
	c := settings(t, append(store, tokens(t), "--audit-every=20ms")...)
	r := serve(t, c, true)
	defer r.end()
	r.book()

	var said output
	at := make(chan net.Addr, 1)
	ended := make(chan error, 1)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var watching sync.WaitGroup
	watching.Go(func() {
		ended <- WatchAudit(ctx, c, quiet, WatchOptions{
			Every: 20 * time.Millisecond, Metrics: "127.0.0.1:0", FailFast: true, Out: &said, Listening: func(a net.Addr) { at <- a },
		})
	})
	defer watching.Wait()
	address := "http://" + (<-at).String() + "/metrics"
	eventually(t, "a pass that is right", func() bool { return strings.Contains(said.String(), " right: ") })
	metrics := scrape(t, address)
	for _, want := range []string{
		`holdfast_audit_violations{invariant="I1"} 0`, `holdfast_audit_passes_total{result="wrong"} 0`, "holdfast_audit_last_success_timestamp_seconds 1.", "holdfast_audit_duration_seconds ",
		`holdfast_audit_rows_checked_total{kind="reservations"}`,
	} {
		if !strings.Contains(metrics, want) {
			t.Errorf("the metrics lack %s", want)
		}
	}
	eventually(t, "a right pass of the server's own watch", func() bool {
		return !strings.Contains(scrape(t, r.url+"/metrics"), `holdfast_audit_passes_total{result="right"} 0`)
	})

	if err := spoil(); err != nil {
		t.Fatal(err)
	}
	passes := strings.Count(said.String(), "\n")
	if err := <-ended; !errors.Is(err, ErrViolation) {
		t.Fatalf("the watch ended with %v, want ErrViolation\n%s", err, said.String())
	}
	lines := strings.Split(strings.TrimSpace(said.String()), "\n")
	if last := lines[len(lines)-1]; !strings.Contains(last, " WRONG (I") || len(lines) > passes+2 { // one may have been under way
		t.Errorf("%d passes until the damage, then:\n%s", passes, strings.Join(lines, "\n"))
	}
	eventually(t, "the server's own watch", func() bool {
		m := scrape(t, r.url+"/metrics")
		return !strings.Contains(m, `holdfast_audit_violations{invariant="I1"} 0`) && !strings.Contains(m, `holdfast_audit_passes_total{result="wrong"} 0`)
	})
}

// eventually waits for another goroutine or process.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !ok(); {
		if time.Now().After(deadline) {
			t.Fatalf("still waiting for %s", what)
		}
		time.Sleep(10 * time.Millisecond) //nolint:forbidigo // another goroutine's work
	}
}

func scrape(t *testing.T, url string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(response.Body)
	if err = errors.Join(err, response.Body.Close()); err != nil {
		t.Fatal(err)
	}
	http.DefaultClient.CloseIdleConnections()
	return string(text)
}

func TestAuditWatchWantsAServer(t *testing.T) {
	c := settings(t, "--data="+t.TempDir())
	var said output
	if err := WatchAudit(t.Context(), c, quiet, WatchOptions{Out: &said}); err == nil || !strings.Contains(err.Error(), "no server runs") {
		t.Errorf("without a server: %v", err)
	}
	if !strings.Contains(said.String(), "FAILED") {
		t.Errorf("said %q", said.String())
	}
}

// A pass that cannot run is counted and the watch goes on; lines and metrics tell passes apart.
func TestAuditWatchGoesOn(t *testing.T) {
	results := []struct {
		report *reservation.AuditReport
		err    error
		line   string
	}{
		{&reservation.AuditReport{Slots: 5}, nil, " pass 1 right: 5 slots, "},
		{nil, fault.New(fault.Unavailable, "database_unavailable", "The database is away."), " pass 2 FAILED after "},
		{
			&reservation.AuditReport{
				Findings:   []reservation.Finding{{Invariant: "I5", Subject: "res_1", Detail: "says 3"}, {Invariant: "I1", Subject: "x", Detail: "y"}},
				Violations: map[string]int64{"I5": 300, "I1": 1}, Refused: 2,
			}, nil, " pass 3 WRONG (I1 1, I5 300), first I5 res_1: says 3; ",
		},
		{&reservation.AuditReport{}, nil, " pass 4 right: "},
	}
	registry := prometheus.NewPedanticRegistry()
	n := 0
	w := newAuditWatch(func(context.Context) (*reservation.AuditReport, error) {
		n++
		return results[n-1].report, results[n-1].err
	}, registry)
	stop := errors.New("enough")
	err := w.run(t.Context(), 0, func(p auditPass) error {
		if line := p.String(); !strings.Contains(line, results[p.number-1].line) || strings.Contains(line, "\n") {
			t.Errorf("pass %d says %q", p.number, line)
		}
		want := map[string]float64{"holdfast_audit_violations I5": 0, "holdfast_audit_passes_total failed": 0, "holdfast_audit_passes_total wrong": 0, "holdfast_audit_refused_refunds ": 0}
		if p.number >= 2 {
			want["holdfast_audit_passes_total failed"] = 1
		}
		if p.number >= 3 {
			want["holdfast_audit_passes_total wrong"] = 1
		}
		if p.number == 3 {
			want["holdfast_audit_violations I5"], want["holdfast_audit_refused_refunds "] = 300, 2
		}
		got := gather(t, registry)
		for name, value := range want {
			if got[name] != value {
				t.Errorf("pass %d: %s is %v, want %v", p.number, name, got[name], value)
			}
		}
		if p.number == len(results) {
			return stop
		}
		return nil
	})
	if !errors.Is(err, stop) {
		t.Errorf("ended with %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	n = 0
	if err := w.run(ctx, time.Hour, func(auditPass) error { return stop }); err != nil {
		t.Errorf("the end of ctx is no error, got %v", err)
	}
}

// gather reads metrics as "name label".
func gather(t *testing.T, registry *prometheus.Registry) map[string]float64 {
	t.Helper()
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]float64{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			label := ""
			for _, l := range m.GetLabel() {
				label = l.GetValue()
			}
			all[fmt.Sprint(f.GetName(), " ", label)] = m.GetGauge().GetValue() + m.GetCounter().GetValue()
		}
	}
	return all
}
