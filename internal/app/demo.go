package app

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"holdfast/civil"
	"holdfast/demo"
	"holdfast/hotel"
	"holdfast/identity"
	"holdfast/internal/lifecycle"
)

// demoTokenFile keeps the random tokens of a demo that others can reach.
const demoTokenFile = "demo-tokens.json" //nolint:gosec // a file's name

// demoTokens are the tokens of the demo, nil without one. On a loopback address they are the well-known ones; a server
// that others can reach has random ones, kept in the data folder.
func (s *system) demoTokens() ([]identity.Token, error) {
	if !s.config.Demo {
		return nil, nil
	}
	tokens := demo.Tokens()
	if loopback(s.config.Addr) {
		return tokens, nil
	}
	path := filepath.Join(s.config.Data, demoTokenFile)
	kept, err := keptTokens(path)
	if err != nil {
		return nil, err
	}
	all := kept
	for _, t := range tokens {
		if !slices.ContainsFunc(kept, func(k identity.Token) bool { return k.Subject == t.Subject }) {
			t.Token += "-" + strings.ToLower(rand.Text())
			all = append(all, t)
		}
	}
	if len(all) == len(kept) {
		return kept, nil
	}
	text, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("demo tokens: %w", err)
	}
	if err := os.MkdirAll(s.config.Data, 0o700); err != nil {
		return nil, fmt.Errorf("demo tokens: %w", err)
	}
	// Written whole under another name first: a start that is killed leaves no half a file.
	if err := os.WriteFile(path+".new", append(text, '\n'), 0o600); err != nil {
		return nil, fmt.Errorf("demo tokens: %w", err)
	}
	return all, os.Rename(path+".new", path)
}

// keptTokens reads the tokens of a start before this one; an older demo had fewer.
func keptTokens(path string) (kept []identity.Token, err error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("demo tokens: %w", err)
	}
	if err := json.Unmarshal(text, &kept); err != nil {
		return nil, fmt.Errorf("%s: %w; remove it to get new tokens", path, err)
	}
	return kept, nil
}

// loopback tells whether only this machine can reach the address.
func loopback(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// renewEvery is how often a running server looks whether the demo's timetables lack the dates of a new day.
const renewEvery = time.Hour

// demoWorld brings the demo world into a server's services and keeps its timetables up to date.
type demoWorld struct {
	system *system
	cancel context.CancelFunc
	worker sync.WaitGroup

	mu  sync.Mutex // one fill at a time
	day civil.Date // of the last fill
}

// module fills an empty store, goes on with a fill that was cut off, and adds what an older demo did not have.
func (w *demoWorld) module(out io.Writer) lifecycle.Component {
	return lifecycle.Component{
		Name: "demo world", Start: func(ctx context.Context, _ func(error)) error {
			if err := w.fill(ctx, out); err != nil || w.system.otherWorld {
				return err
			}
			run, cancel := context.WithCancel(context.WithoutCancel(ctx)) // ctx bounds starting alone
			w.cancel = cancel
			w.worker.Go(func() { w.follow(run) })
			return nil
		}, Stop: func(context.Context) error {
			if w.cancel != nil {
				w.cancel()
				w.worker.Wait()
			}
			return nil
		},
	}
}

// follow renews the timetables until ctx ends.
func (w *demoWorld) follow(ctx context.Context) {
	tick := time.NewTicker(renewEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if err := w.renew(ctx); err != nil && ctx.Err() == nil {
			w.system.log.Warn("the demo's timetables were not renewed; it will be tried again", "error", err)
		}
	}
}

// renew adds the dates that have come within the horizon since the last fill.
func (w *demoWorld) renew(ctx context.Context) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	today := civil.Today(w.system.clock.Now(), time.UTC)
	if !w.system.config.Demo || w.system.otherWorld || today == w.day {
		return nil
	}
	_, err := w.fillTimetables(ctx, today, io.Discard)
	return err
}

// clockMoved is for when the clock was moved: there are flights on the days that are near then.
func (w *demoWorld) clockMoved(ctx context.Context) error {
	if err := w.renew(ctx); err != nil {
		return err
	}
	return w.system.catchUp(ctx)
}

func (w *demoWorld) fill(ctx context.Context, out io.Writer) error {
	begin, s := time.Now(), w.system
	wanted, err := s.wantsDemo(ctx)
	if err != nil || !wanted {
		s.otherWorld = !wanted
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	today := civil.Today(s.clock.Now(), time.UTC)
	added, err := demo.Fill(ctx, demo.Make(demo.Seed, today, s.config.HorizonNights), s.identity, s.hotel, progressOf(out, "hotels"))
	if err != nil {
		return err
	}
	more, err := w.fillTimetables(ctx, today, out)
	if err != nil {
		return err
	}
	if added+more > 0 {
		_, _ = fmt.Fprintf(out, "Demo world: ready after %.1f s\n", time.Since(begin).Seconds())
	}
	return nil
}

// fillTimetables brings in the railway and the airlines as they are on a day. Called with mu held.
func (w *demoWorld) fillTimetables(ctx context.Context, today civil.Date, out io.Writer) (added int, err error) {
	s := w.system
	if added, err = demo.FillRailway(ctx, demo.MakeRailway(today), s.identity, s.rail); err != nil {
		return added, err
	}
	if added > 0 {
		_, _ = fmt.Fprintf(out, "Demo world: %d train runs\n", added)
	}
	for _, airline := range demo.Airlines(today, s.config.HorizonFlights) {
		flights, err := demo.FillAirline(ctx, airline, s.identity, s.flight, fifths(progressOf(out, "flights of "+airline.Supplier.Name)))
		if err != nil {
			return added, err
		}
		added += flights
	}
	w.day = today
	return added, nil
}

// progressOf says how far a fill is.
func progressOf(out io.Writer, what string) func(done, total int) {
	return func(done, total int) { _, _ = fmt.Fprintf(out, "Demo world: %d of %d %s\n", done, total, what) }
}

// fifths passes on every fifth of what a long call tells.
func fifths(say func(done, total int)) func(done, total int) {
	said := 0
	return func(done, total int) {
		if total > 0 && 5*done/total > said {
			said = 5 * done / total
			say(done, total)
		}
	}
}

// wantsDemo tells whether the store is empty or has the demo's suppliers already.
func (s *system) wantsDemo(ctx context.Context) (bool, error) {
	suppliers, err := s.identity.Suppliers(ctx)
	if err != nil {
		return false, err
	}
	for _, have := range suppliers {
		if have.ID == demo.Staff() {
			return true, nil
		}
	}
	houses, _, err := s.hotel.Houses(ctx, hotel.ListQuery{Limit: 1, Editor: &hotel.Editor{}})
	if err != nil {
		return false, err
	}
	if len(suppliers) > 0 || len(houses) > 0 {
		s.log.Warn("the store is not empty; the demo world is left out")
		return false, nil
	}
	return true, nil
}
