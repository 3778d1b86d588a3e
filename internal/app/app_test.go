package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alecthomas/kong"
	"go.uber.org/goleak"

	"holdfast/internal/config"
	"holdfast/internal/folder"
	"holdfast/internal/migration"
	"holdfast/test/engine"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// settings reads a configuration as the binary does. Horizons are short, to be quick.
func settings(t *testing.T, args ...string) *config.Config {
	t.Helper()
	var cli struct {
		config.Config
		Serve struct{} `cmd:""`
	}
	loader := config.NewLoader(&cli.Config)
	parser, err := kong.New(&cli, kong.Resolvers(loader))
	if err != nil {
		t.Fatal(err)
	}
	ctx, err := parser.Parse(append([]string{"serve", "--addr=127.0.0.1:0", "--horizon-nights=60", "--times-notice=0s"}, args...))
	if err == nil {
		err = loader.Finish(ctx)
	}
	if err != nil {
		t.Fatal(config.Message(err))
	}
	return &cli.Config
}

var quiet = slog.New(slog.DiscardHandler)

// output is what a server says to people.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// running is a server in this process.
type running struct {
	t    *testing.T
	url  string
	out  *output
	stop context.CancelFunc
	done chan error
}

func serve(t *testing.T, c *config.Config, migrate bool) *running {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	r := &running{t: t, out: &output{}, stop: stop, done: make(chan error, 1)}
	ready := make(chan string, 1)
	go func() {
		r.done <- Serve(ctx, c, ServeOptions{Migrate: migrate, Out: r.out, Log: quiet, Ready: func(url string) { ready <- url }})
	}()
	select {
	case r.url = <-ready:
	case err := <-r.done:
		t.Fatalf("the server did not start: %v\n%s", err, r.out)
	}
	return r
}

// end stops the server and wants it to end well.
func (r *running) end() {
	r.t.Helper()
	http.DefaultClient.CloseIdleConnections()
	r.stop()
	if err := <-r.done; err != nil {
		r.t.Errorf("the server ended with %v", err)
	}
}

var keys int

// call sends JSON and wants a status.
func (r *running) call(method, path, token string, body any, status int) map[string]any {
	r.t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		r.t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(r.t.Context(), method, r.url+path, bytes.NewReader(text))
	if err != nil {
		r.t.Fatal(err)
	}
	keys++
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Idempotency-Key", fmt.Sprintf("key-%08d", keys))
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		r.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	if text, err = io.ReadAll(response.Body); err != nil {
		r.t.Fatal(err)
	}
	if response.StatusCode != status {
		r.t.Fatalf("%s %s: %s, want %d\n%s", method, path, response.Status, status, text)
	}
	var answer map[string]any
	if len(text) > 0 && strings.Contains(response.Header.Get("Content-Type"), "json") {
		if err := json.Unmarshal(text, &answer); err != nil {
			r.t.Fatalf("%s %s: %v\n%s", method, path, err, text)
		}
	}
	return answer
}

type object = map[string]any

func date(days int) string { return time.Now().UTC().AddDate(0, 0, days).Format(time.DateOnly) }

// book makes a hotel with one room, books it, pays, and finds it sold out.
func (r *running) book() {
	r.t.Helper()
	supplier := r.call("POST", "/v1/suppliers", "token-operator", object{"name": "Acme", "kind": "hotel_chain"}, 201)
	hotel := r.call("POST", "/v1/hotels", "token-operator", object{
		"supplier_id": supplier["id"], "name": "Acme Lisbon", "stars": 3, "address": "Rua do Moinho 1", "city": "Lisbon", "country": "PT",
		"latitude": 38.72, "longitude": -9.14, "time_zone": "Europe/Lisbon", "currency": "EUR", "overbooking_bp": 0,
	}, 201)
	kind := r.call("POST", fmt.Sprintf("/v1/hotels/%v/room-types", hotel["id"]), "token-operator", object{
		"name": "Double", "occupancy": object{"adults": 2, "children": 0}, "base_price": object{"amount": "90.00", "currency": "EUR"}, "capacity": 1,
	}, 201)
	item := object{"hotel_id": hotel["id"], "room_type_id": kind["id"], "check_in": date(10), "check_out": date(12), "rooms": 1, "adults": 2}
	order := object{"items": []object{item}, "travellers": []object{{"given_name": "Ada", "family_name": "Lovelace", "email": "ada@example.org"}}}
	found := r.call("POST", "/v1/offers", "token-traveller", object{"stay": object{"place": "Lisbon", "check_in": date(10), "check_out": date(12), "rooms": []object{{"adults": 2}}}}, 200)
	if offers, _ := found["offers"].([]any); len(offers) == 0 {
		r.t.Errorf("no offers in %v", found)
	}
	made := r.call("POST", "/v1/reservations", "token-traveller", order, 201)
	paid := r.call("POST", fmt.Sprintf("/v1/reservations/%v/pay", made["id"]), "token-traveller", object{"payment_method": "pm_test_approved"}, 200)
	if paid["status"] != "confirmed" || paid["payment_status"] != "paid" {
		r.t.Errorf("after paying: %v, %v", paid["status"], paid["payment_status"])
	}
	if refused := r.call("POST", "/v1/reservations", "token-traveller", order, 409); refused["code"] != "sold_out" {
		r.t.Errorf("the second one is refused with %v, want sold_out", refused["code"])
	}
}

func tokens(t *testing.T) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "tokens.json")
	text := `[{"token": "token-operator", "subject": "op", "scopes": ["staff:*"]},
		{"token": "token-traveller", "subject": "ada", "scopes": ["offers:read", "reservations:write", "payments:write"]}]`
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return "--tokens=" + name
}

func audit(t *testing.T, c *config.Config, reservations int64) {
	t.Helper()
	report, err := Audit(t.Context(), c, quiet, nil)
	if err != nil {
		t.Fatal(err)
	}
	if !report.Clean() || report.Reservations != reservations {
		t.Errorf("audit: %+v; want a clean one of %d reservations", report, reservations)
	}
}

func TestEmbedded(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	c := settings(t, "--data="+dir, tokens(t))
	r := serve(t, c, false)
	for _, path := range []string{"/healthz", "/readyz", "/metrics", "/openapi.json"} {
		r.call("GET", path, "", nil, 200)
	}
	for _, want := range []string{r.url, r.url + "/docs", dir, "live"} {
		if !strings.Contains(r.out.String(), want) {
			t.Errorf("the greeting lacks %s:\n%s", want, r.out)
		}
	}
	r.book()
	audit(t, c, 1) // asks the server

	second := *c
	err := Serve(t.Context(), &second, ServeOptions{Out: io.Discard, Log: quiet})
	if !errors.Is(err, folder.ErrHeld) || !strings.Contains(err.Error(), strings.TrimPrefix(r.url, "http://")) {
		t.Errorf("a second server on the folder: %v, want it refused with who has it", err)
	}
	r.end()

	audit(t, c, 1) // takes the folder
	if err := Serve(t.Context(), settings(t, "--data="+dir, "--test-mode"), ServeOptions{Out: io.Discard, Log: quiet}); !errors.Is(err, folder.ErrMode) {
		t.Errorf("a test server on live data: %v, want it refused", err)
	}
	again := serve(t, c, false)
	list := again.call("GET", "/v1/reservations", "token-traveller", nil, 200)
	if !strings.Contains(fmt.Sprint(list), "confirmed") {
		t.Errorf("after a restart: %v", list)
	}
	again.end()
}

func TestPostgreSQL(t *testing.T) {
	dsn := engine.Postgres(t)
	c := settings(t, "--database-url="+dsn, "--data="+filepath.Join(t.TempDir(), "none"), tokens(t), "--database-max-conns=4")
	if err := Serve(t.Context(), c, ServeOptions{Out: io.Discard, Log: quiet}); !errors.Is(err, migration.ErrOld) || !strings.Contains(err.Error(), "holdfast migrate") {
		t.Fatalf("without migration: %v, want it refused with what to do", err)
	}
	var said output
	if err := Migrate(t.Context(), c, quiet, &said); err != nil {
		t.Fatal(err)
	}
	if lines := strings.Count(said.String(), "\n"); lines != 7 { // a store each
		t.Errorf("migrate said:\n%s", said.String())
	}
	r := serve(t, c, false)
	r.book()
	other := *c
	other.Node = "second"
	second := serve(t, &other, true)
	list := second.call("GET", "/v1/reservations", "token-traveller", nil, 200)
	if !strings.Contains(fmt.Sprint(list), "confirmed") {
		t.Errorf("the other process sees %v", list)
	}
	audit(t, c, 1)
	test := settings(t, "--database-url="+dsn, "--test-mode")
	if err := Serve(t.Context(), test, ServeOptions{Out: io.Discard, Log: quiet}); err == nil || !strings.Contains(err.Error(), "holds live data") {
		t.Errorf("a test server on live data: %v, want it refused", err)
	}
	second.end()
	r.end()
	if _, err := os.Stat(c.Data); err == nil {
		t.Error("a data folder was made although everything is on PostgreSQL")
	}
}

func TestTestMode(t *testing.T) {
	dir := t.TempDir()
	c := settings(t, "--data="+dir, "--clock=2013-06-01T00:00:00Z", tokens(t))
	r := serve(t, c, false)
	if !strings.Contains(r.out.String(), "2013-06-01T00:00:0") {
		t.Errorf("the greeting does not tell the time:\n%s", r.out)
	}
	r.call("POST", "/v1/sandbox/clock", "token-operator", object{"now": "2013-07-01T00:00:00Z"}, 200)
	r.end()
	if err := Serve(t.Context(), settings(t, "--data="+dir), ServeOptions{Out: io.Discard, Log: quiet}); !errors.Is(err, folder.ErrMode) {
		t.Errorf("a live server on test data: %v, want it refused", err)
	}
}

func TestReadyEndsBeforeTheServer(t *testing.T) {
	c := settings(t, "--data="+t.TempDir(), "--times-notice=2s")
	r := serve(t, c, false)
	r.call("GET", "/readyz", "", nil, 200)
	r.stop()
	for { // until the server has heard of it
		response, err := http.Get(r.url + "/readyz")
		if err != nil {
			t.Fatalf("the server is gone before /readyz said so: %v", err)
		}
		_ = response.Body.Close()
		if response.StatusCode == http.StatusServiceUnavailable {
			break
		}
	}
	r.call("GET", "/healthz", "", nil, 200) // it still takes requests
	r.end()
}

func TestDemoGoesOnWhereItWasCutOff(t *testing.T) {
	dir := t.TempDir()
	c := settings(t, "--data="+dir, "--demo", "--horizon-runs=10", "--horizon-flights=10")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	cut := &cutter{cancel: cancel}
	if err := Serve(ctx, c, ServeOptions{Out: cut, Log: quiet}); err != nil {
		t.Fatalf("cut off: %v", err)
	}
	if !strings.Contains(cut.String(), "Demo world: 50 of") || strings.Contains(cut.String(), "is ready") {
		t.Fatalf("it was not cut off half-way:\n%s", cut.String())
	}
	r := serve(t, c, false)
	if out := r.out.String(); !strings.Contains(out, "Demo world: ready") || strings.Contains(out, "Demo world: 50 of") {
		t.Errorf("the second start began anew:\n%s", out)
	}
	found := r.call("POST", "/v1/offers", "demo-traveller", object{"stay": object{"place": "Kyoto", "check_in": date(10), "check_out": date(12), "rooms": []object{{"adults": 2}}}}, 200)
	if offers, _ := found["offers"].([]any); len(offers) == 0 {
		t.Errorf("no offers in %v", found)
	}
	audit(t, c, 0)
	r.end()
	third := serve(t, c, false)
	if out := third.out.String(); strings.Contains(out, "Demo world") || !strings.Contains(out, "demo-operator") {
		t.Errorf("the third start:\n%s", out)
	}
	third.end()
}

// cutter ends a server's context when the first part of the demo is there.
type cutter struct {
	output
	cancel context.CancelFunc
}

func (c *cutter) Write(p []byte) (int, error) {
	if bytes.Contains(p, []byte("Demo world: 50 of")) {
		c.cancel()
	}
	return c.output.Write(p)
}

func TestDemoTokensAreRandomWhereOthersCanReach(t *testing.T) {
	for addr, well := range map[string]bool{
		"127.0.0.1:8080": true, "[::1]:80": true, "localhost:80": true, "127.1.2.3:1": true,
		":8080": false, "0.0.0.0:8080": false, "192.168.1.5:80": false, "example.org:80": false, "[::]:80": false,
	} {
		if got := loopback(addr); got != well {
			t.Errorf("%s: loopback %v, want %v", addr, got, well)
		}
	}
	c := settings(t, "--data="+t.TempDir(), "--demo")
	c.Addr = "0.0.0.0:0"
	first, err := newSystem(c, quiet).demoTokens()
	if err != nil {
		t.Fatal(err)
	}
	again, err := newSystem(c, quiet).demoTokens()
	if err != nil {
		t.Fatal(err)
	}
	for i := range first {
		if first[i].Token != again[i].Token || len(first[i].Token) < 30 {
			t.Errorf("token %q, after a restart %q", first[i].Token, again[i].Token)
		}
	}
	if info, err := os.Stat(filepath.Join(c.Data, demoTokenFile)); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("file of tokens: %v, error %v; want 0600", info, err)
	}
}
