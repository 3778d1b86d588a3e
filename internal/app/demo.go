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
	"time"

	"holdfast/civil"
	"holdfast/demo"
	"holdfast/hotel"
	"holdfast/identity"
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

// fillDemo brings the demo world into an empty store, goes on with a fill that was cut off, and adds what an older demo
// did not have and the dates that have come since.
func (s *system) fillDemo(ctx context.Context, out io.Writer) error {
	begin := time.Now()
	wanted, err := s.wantsDemo(ctx)
	if err != nil || !wanted {
		s.otherWorld = !wanted
		return err
	}
	say := func(what string) func(done, total int) {
		return func(done, total int) { _, _ = fmt.Fprintf(out, "Demo world: %d of %d %s\n", done, total, what) }
	}
	today := civil.Today(s.clock.Now(), time.UTC)
	added, err := demo.Fill(ctx, demo.Make(demo.Seed, today, s.config.HorizonNights), s.identity, s.hotel, say("hotels"))
	if err != nil {
		return err
	}
	runs, err := demo.FillRailway(ctx, demo.MakeRailway(today), s.identity, s.rail)
	if err != nil {
		return err
	}
	if runs > 0 {
		_, _ = fmt.Fprintf(out, "Demo world: %d train runs\n", runs)
	}
	added += runs
	for _, airline := range demo.Airlines(today, s.config.HorizonFlights) {
		flights, err := demo.FillAirline(ctx, airline, s.identity, s.flight, fifths(say("flights of "+airline.Supplier.Name)))
		if err != nil {
			return err
		}
		added += flights
	}
	if added > 0 {
		_, _ = fmt.Fprintf(out, "Demo world: ready after %.1f s\n", time.Since(begin).Seconds())
	}
	return nil
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
