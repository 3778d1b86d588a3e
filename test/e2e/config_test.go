package e2e

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"holdfast/test/e2e/api"
	"holdfast/test/e2e/process"
)

// TestConfig: a wrong value stops the start with a message that says which, what is wanted and where it came from.
func TestConfig(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		t.Helper()
		name = filepath.Join(dir, name)
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	store := "--data=" + filepath.Join(dir, "data")
	for name, c := range map[string]struct {
		env  []string
		args []string
		says []string
	}{
		"out of bounds":           {nil, []string{"--limits-queue=0"}, []string{"limits.queue", "want 1 to 1000000", "--limits-queue"}},
		"from the environment":    {[]string{"HOLDFAST_TIMES_HOLD=soon"}, nil, []string{"times.hold", `"soon"`, "HOLDFAST_TIMES_HOLD"}},
		"from the file":           {nil, []string{"--config=" + write("a.json", `{"limits": {"rate": -5}}`)}, []string{"limits.rate", "-5", "a.json"}},
		"unknown in the file":     {nil, []string{"--config=" + write("b.json", `{"limits": {"rat": 5}}`)}, []string{"rat", "b.json", "limits.rate"}},
		"a file that is none":     {nil, []string{"--config=" + filepath.Join(dir, "none.json")}, []string{"none.json"}},
		"address":                 {nil, []string{"--addr=8080"}, []string{"addr", `"8080"`, "HOST:PORT"}},
		"clock":                   {nil, []string{"--clock=yesterday"}, []string{"clock", "yesterday", "2026-"}},
		"log level":               {nil, []string{"--log-level=loud"}, []string{"log.level", "debug, info, warn or error"}},
		"database":                {nil, []string{"--database-url=mysql://db"}, []string{"database.url", "postgres://"}},
		"unknown flag":            {nil, []string{"--limit-queue=5"}, []string{"--limit-queue"}},
		"tokens that are no JSON": {nil, []string{"--tokens=" + write("tokens.json", `[{"token": "token-of-ada", "subject": "ada", "scopes": ["offers:sell"]}]`)}, []string{"tokens.json", "offers:sell"}},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := process.RunWith(t.Context(), binary, c.env, append([]string{"serve", store}, c.args...)...)
			if err != nil {
				t.Fatal(err)
			}
			if r.Code == 0 {
				t.Errorf("it started")
			}
			for _, want := range c.says {
				if !strings.Contains(r.Stderr, want) {
					t.Errorf("exit code %d, no %q in: %s", r.Code, want, r.Stderr)
				}
			}
			if strings.Contains(r.Stderr, "token-of-ada") || strings.Contains(r.Stderr, "panic") {
				t.Errorf("it says %s", r.Stderr)
			}
		})
	}
}

// TestConfigMasksSecrets: `holdfast config` shows what counts and where it came from, and no password.
func TestConfigMasksSecrets(t *testing.T) {
	const password = "correct-horse-battery"
	file := filepath.Join(t.TempDir(), "holdfast.json")
	if err := os.WriteFile(file, []byte(`{"limits": {"queue": 4096}, "times": {"hold": "20m"}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	secret := filepath.Join(t.TempDir(), "url.txt")
	if err := os.WriteFile(secret, []byte("host=db user=holdfast password="+password+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		env  []string
		args []string
	}{
		"in the environment": {[]string{"HOLDFAST_DATABASE_URL=postgres://ada:" + password + "@db/holdfast?sslpassword=" + password}, nil},
		"in a file":          {nil, []string{"--database-url-file=" + secret}},
	} {
		for _, form := range [][]string{{"config"}, {"config", "--json"}} {
			args := append(append(form, "--config="+file, "--limits-lanes=2"), c.args...)
			r, err := process.RunWith(t.Context(), binary, append(c.env, "HOLDFAST_TIMES_HOLD=25m"), args...)
			if err != nil {
				t.Fatal(err)
			}
			if r.Code != 0 || strings.Contains(r.Stdout+r.Stderr, password) || !strings.Contains(r.Stdout, "4096") || !strings.Contains(r.Stdout, "25m") {
				t.Errorf("%s, %v: exit code %d\n%s%s", name, form, r.Code, r.Stdout, r.Stderr)
			}
			if len(form) > 1 {
				var settings []map[string]string
				if err := json.Unmarshal([]byte(r.Stdout), &settings); err != nil || len(settings) < 20 {
					t.Errorf("%s: %v, %d settings", name, err, len(settings))
				}
			}
		}
	}
}

// TestDrain: SIGTERM makes /readyz answer 503 while requests are still taken; those under way are finished; the exit code
// is 0, and nothing is lost.
func TestDrain(t *testing.T) {
	for _, s := range []shape{sqlite, postgres} {
		t.Run(s.name, func(t *testing.T) {
			w := open(t, s)
			w.args = append(w.args, "--times-notice=3s", "--times-pay-wait=3s")
			w.stop(0)
			w.start()
			h := w.house(t, 5, 0)
			a := w.as(t, ada)
			r := a.reserve(h.stay(10, 11, 1))
			var answer *api.Answer
			var failed error
			var paying sync.WaitGroup
			paying.Go(func() { // waits for the provider, which takes five seconds
				answer, failed = w.services[0].Do(context.Background(), api.Request{
					Method: "POST", Path: "/v1/reservations/" + r.ID + "/pay", Token: ada, Key: "drain", Body: api.Object{"payment_method": "pm_test_slow"},
				})
			})
			process.Eventually(t, "the payment is under way", func() bool { return a.get(r.ID).Status == "confirming" })
			if err := w.servers[0].Signal(syscall.SIGTERM); err != nil {
				t.Fatal(err)
			}
			public := w.as(t, "")
			process.Eventually(t, "/readyz says that it is stopping", func() bool {
				ready := public.call("GET", "/readyz", nil)
				return ready.Status == http.StatusServiceUnavailable
			})
			public.want(200, "GET", "/healthz", nil, nil)
			other := a.reserve(h.stay(10, 11, 1)) // still taken
			paying.Wait()
			if failed != nil || answer.Status != http.StatusAccepted && answer.Status != http.StatusOK {
				t.Errorf("the payment under way ended with %v, %+v", failed, answer)
			}
			<-w.servers[0].Ended()
			w.stop(0) // wants exit code 0
			w.audit(t)
			w.start()
			a = w.as(t, ada)
			if got := a.get(other.ID); got.Status != "held" {
				t.Errorf("reserved while it was stopping: %+v", got)
			}
			a.becomes(r.ID, "confirmed", "paid") // and the payment goes on where it stopped
			w.audit(t)
		})
	}
}
