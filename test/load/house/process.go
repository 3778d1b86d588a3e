package house

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"holdfast/internal/folder"
	"holdfast/test/load/check"
	"holdfast/uid"
)

// Process is a server that runs beside this process and answers on an address of its own.
type Process struct {
	Address string // host:port
	command *exec.Cmd
	waiting sync.WaitGroup // for the end of the command
	ended   chan error
	log     string
}

const (
	readyTimeout = time.Minute
	readyEvery   = 20 * time.Millisecond
	endTimeout   = 30 * time.Second
	logShown     = 2000 // bytes of a log that an error repeats
)

// start runs a command and returns when GET /readyz answers 200. Its output goes to the file log.
func start(ctx context.Context, log, address string, env []string, name string, args ...string) (*Process, error) {
	output, err := os.Create(log)
	if err != nil {
		return nil, err
	}
	defer func() { _ = output.Close() }() // the command has its own copy
	p := &Process{Address: address, command: exec.CommandContext(context.WithoutCancel(ctx), name, args...), ended: make(chan error, 1), log: log}
	p.command.Env = append(os.Environ(), env...)
	p.command.Stdout, p.command.Stderr = output, output
	if err := p.command.Start(); err != nil {
		return nil, err
	}
	p.waiting.Go(func() { p.ended <- p.command.Wait() })
	if err := p.ready(ctx); err != nil {
		return nil, errors.Join(err, p.Stop())
	}
	return p, nil
}

func (p *Process) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	tick := time.NewTicker(readyEvery)
	defer tick.Stop()
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+p.Address+"/readyz", http.NoBody)
		if err != nil {
			return err
		}
		if answer, err := http.DefaultClient.Do(request); err == nil {
			_ = answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case err := <-p.ended:
			p.ended <- err
			return fmt.Errorf("%s ended: %w\n%s", p.command.Path, err, p.tail())
		case <-ctx.Done():
			return fmt.Errorf("%s is not ready: %w\n%s", p.command.Path, ctx.Err(), p.tail())
		case <-tick.C:
		}
	}
}

// PID is the process's id.
func (p *Process) PID() int { return p.command.Process.Pid }

func (p *Process) tail() string {
	text, _ := os.ReadFile(p.log)
	return string(text[max(0, len(text)-logShown):])
}

// Stop asks the process to end in good order and waits for it.
func (p *Process) Stop() error {
	_ = p.command.Process.Signal(syscall.SIGTERM) // an error means that it has ended
	select {
	case err := <-p.ended:
		if err != nil {
			return fmt.Errorf("%s: %w\n%s", p.command.Path, err, p.tail())
		}
		return nil
	case <-time.After(endTimeout):
		_ = p.command.Process.Kill()
		return fmt.Errorf("%s did not end in %v", p.command.Path, endTimeout)
	}
}

func freeAddress(ctx context.Context) (string, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// Tokens are bearer tokens by subject for so many travellers.
func Tokens(n int) (tokens []string, subjects map[string]string) {
	subjects = make(map[string]string, n)
	for i := range n {
		token := "load-" + uid.New().Text("t")
		tokens = append(tokens, token)
		subjects[token] = Subject(int64(i))
	}
	return tokens, subjects
}

// Server is the real binary on a fresh store, with hotels to sell.
type Server struct {
	*Process
	Tokens   []string
	Bodies   [][]byte // of requests to place, by target
	folder   string
	database *Database // nil on SQLite
	operator string
	binary   string
	stay     *Stay
}

// ServerPlan is a Plan over HTTP: Hotels with so many room types each, one target a room type.
type ServerPlan struct {
	Plan
	Binary   string // of holdfast
	Tokens   int
	PerHouse int      // room types of a hotel
	Town     *Town    // what it has instead of Pools; nil for these
	Test     bool     // test data: its clock can be moved
	Args     []string // further arguments of serve
}

// horizonNights of the server: enough for the stay, few enough that thousands of pools are made in seconds.
const horizonNights = 75

// OpenServer starts the binary and makes what it sells through its API.
func OpenServer(ctx context.Context, p ServerPlan) (_ *Server, err error) {
	s := &Server{stay: p.Stay, binary: p.Binary, operator: "operator-" + uid.New().Text("t")}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close(ctx))
		}
	}()
	if s.folder, err = os.MkdirTemp("", "holdfast-load-"); err != nil {
		return nil, err
	}
	tokens := filepath.Join(s.folder, "tokens.json")
	if err := s.writeTokens(tokens, p.Tokens); err != nil {
		return nil, err
	}
	address, err := freeAddress(ctx)
	if err != nil {
		return nil, err
	}
	nights := horizonNights
	if p.Town != nil {
		nights = p.Town.Nights
	}
	args := []string{"serve", "--addr", address, "--tokens", tokens, "--data", s.data(), "--log-level", "warn", "--horizon-nights", fmt.Sprint(nights), "--times-notice", "0s"}
	var env []string
	if p.Engine == Postgres {
		if s.database, err = NewDatabase(ctx); err != nil {
			return nil, err
		}
		args = append(args, "--migrate", "--admin", s.folder)
		env = append(env, "HOLDFAST_DATABASE_URL="+s.database.DSN) // not an argument: it holds a password
	}
	args = append(args, p.Args...)
	if p.Test {
		args = append(args, "--test-mode")
	}
	if p.Town != nil {
		if err := s.settle(ctx, *p.Town, p.Test); err != nil {
			return nil, fmt.Errorf("fill the town: %w", err)
		}
	}
	if s.Process, err = start(ctx, filepath.Join(s.folder, "log"), address, env, p.Binary, args...); err != nil {
		return nil, err
	}
	if p.Town == nil {
		if err := s.fill(ctx, p); err != nil {
			return nil, err
		}
	}
	if s.database != nil {
		return s, s.database.Settle(ctx)
	}
	return s, nil
}

// settle stores a town before the server starts.
func (s *Server) settle(ctx context.Context, t Town, test bool) error {
	if s.database != nil {
		return t.fill(ctx, "", s.database.DSN)
	}
	if err := os.MkdirAll(s.data(), 0o700); err != nil {
		return err
	}
	if test { // a folder with files and no mark counts as live
		if err := os.WriteFile(filepath.Join(s.data(), folder.ModeName), []byte(folder.Test.String()+"\n"), 0o600); err != nil {
			return err
		}
	}
	return t.fill(ctx, s.data(), "")
}

func (s *Server) data() string { return filepath.Join(s.folder, "data") }

func (s *Server) writeTokens(name string, n int) error {
	type entry struct {
		Token    string   `json:"token"`
		Subject  string   `json:"subject"`
		Supplier string   `json:"supplier"`
		Scopes   []string `json:"scopes"`
	}
	entries := []entry{{s.operator, "operator", "*", []string{"staff:*", "inventory:write", "offers:read"}}}
	var subjects map[string]string
	s.Tokens, subjects = Tokens(n)
	for _, token := range s.Tokens {
		entries = append(entries, entry{token, subjects[token], "", []string{"offers:read", "reservations:write", "payments:write"}})
	}
	text, err := json.Marshal(entries)
	if err != nil {
		return err
	}
	return os.WriteFile(name, text, 0o600)
}

// fill makes a supplier, hotels and room types, and gathers an offer of each.
func (s *Server) fill(ctx context.Context, p ServerPlan) error {
	var supplier, hotel struct {
		ID string `json:"id"`
	}
	if err := s.Call(ctx, http.MethodPost, "/v1/suppliers", map[string]any{"name": "Load", "kind": "hotel_chain"}, &supplier); err != nil {
		return err
	}
	for made := 0; made < p.Pools; {
		house := map[string]any{
			"supplier_id": supplier.ID, "name": fmt.Sprintf("Hotel %d", made), "stars": 3, "address": "Am Ufer 12", "city": "Leipzig", "country": "DE",
			"latitude": 51.34, "longitude": 12.37, "time_zone": "Europe/Berlin", "currency": "EUR", "overbooking_bp": 0,
		}
		if err := s.Call(ctx, http.MethodPost, "/v1/hotels", house, &hotel); err != nil {
			return err
		}
		types := min(max(1, p.PerHouse), p.Pools-made)
		for i := range types {
			room := map[string]any{
				"name": fmt.Sprintf("Room %d", i), "occupancy": map[string]int{"adults": 2, "children": 0}, "capacity": p.Units,
				"base_price": map[string]string{"amount": "180.00", "currency": "EUR"},
			}
			if err := s.Call(ctx, http.MethodPost, "/v1/hotels/"+hotel.ID+"/room-types", room, nil); err != nil {
				return err
			}
		}
		if err := s.offers(ctx, hotel.ID, types); err != nil {
			return err
		}
		made += types
	}
	return nil
}

// offers asks for the offers of a hotel until each room type has one.
func (s *Server) offers(ctx context.Context, hotel string, types int) error {
	ask := map[string]any{"stay": map[string]any{
		"hotel_id": hotel, "check_in": s.stay.First.String(), "check_out": (s.stay.First + Nights).String(), "rooms": []map[string]int{{"adults": 2}},
	}, "limit": 100}
	deadline := time.Now().Add(readyTimeout)
	for time.Now().Before(deadline) {
		var got struct {
			Offers []struct {
				ID       string `json:"id"`
				RoomType struct {
					ID string `json:"id"`
				} `json:"room_type"`
			} `json:"offers"`
		}
		if err := s.Call(ctx, http.MethodPost, "/v1/offers", ask, &got); err != nil {
			return err
		}
		seen := map[string]string{}
		for _, o := range got.Offers {
			seen[o.RoomType.ID] = o.ID
		}
		if len(seen) < types {
			continue // stock is made behind the call, in milliseconds
		}
		for _, o := range got.Offers {
			if seen[o.RoomType.ID] == o.ID {
				s.Bodies = append(s.Bodies, Body(o.ID))
			}
		}
		return nil
	}
	return fmt.Errorf("hotel %s has no offers for its %d room types", hotel, types)
}

// Body is the request to place an offer.
func Body(offer string) []byte {
	return []byte(`{"items":[{"offer":"` + offer + `"}],"travellers":[{"given_name":"` + GivenName + `","family_name":"` + FamilyName + `","email":"` + Email + `"}]}`)
}

// Call is a call of the operator; without in it has no body, and out may be nil.
func (s *Server) Call(ctx context.Context, method, path string, in, out any) error {
	var body []byte
	if in != nil {
		var err error
		if body, err = json.Marshal(in); err != nil {
			return err
		}
	}
	request, err := http.NewRequestWithContext(ctx, method, "http://"+s.Address+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	if in != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	request.Header.Set("Authorization", "Bearer "+s.operator)
	request.Header.Set("Idempotency-Key", uid.New().Text("key"))
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	if answer.StatusCode >= http.StatusMultipleChoices {
		return fmt.Errorf("%s %s: %s: %s", method, path, answer.Status, strings.TrimSpace(string(text)))
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(text, out)
}

// Check verifies what is stored.
func (s *Server) Check(ctx context.Context, want check.Expect) (*check.Report, error) {
	if s.database == nil {
		return check.SQLite(ctx, filepath.Join(s.data(), "reservation.db"), want)
	}
	return check.Postgres(ctx, s.database.DSN, want)
}

// Close stops the server and removes what it stored.
func (s *Server) Close(ctx context.Context) error {
	var errs []error
	if s.Process != nil {
		errs = append(errs, s.Stop())
	}
	if s.database != nil {
		errs = append(errs, s.database.Drop(ctx))
	}
	return errors.Join(append(errs, os.RemoveAll(s.folder))...)
}

// DSN is the server's database; "" on SQLite.
func (s *Server) DSN() string {
	if s.database == nil {
		return ""
	}
	return s.database.DSN
}

// Audit has the binary recompute everything that is stored; an error says what is wrong.
func (s *Server) Audit(ctx context.Context) error {
	command := exec.CommandContext(ctx, s.binary, "audit", "--data", s.data())
	if s.database != nil {
		command = exec.CommandContext(ctx, s.binary, "audit")
		command.Env = append(os.Environ(), "HOLDFAST_DATABASE_URL="+s.database.DSN)
	}
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("audit: %w\n%s", err, output[max(0, len(output)-logShown):])
	}
	return nil
}
