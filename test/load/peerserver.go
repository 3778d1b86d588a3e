package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"net/http"
	"os"
	"sync"
	"time"

	"holdfast/test/load/edge"
	"holdfast/test/load/house"
	"holdfast/test/load/peer"
)

const (
	headerTimeout = 5 * time.Second
	drainTimeout  = 10 * time.Second
)

// servePeer is the process of a peer's server, until ctx ends.
func servePeer(ctx context.Context, args []string) (err error) {
	flags := flag.NewFlagSet(house.PeerCommand, flag.ContinueOnError)
	form := flags.String("form", string(peer.OneStatement), "form")
	connections := flags.Int("conns", 8, "connections")
	address := flags.String("addr", "", "host:port")
	tokens := flags.String("tokens", "", "JSON file of subjects by token")
	pools := flags.Int("pools", 1, "pools")
	if err := flags.Parse(args); err != nil {
		return err
	}
	f, err := peer.ParseForm(*form)
	if err != nil {
		return err
	}
	text, err := os.ReadFile(*tokens)
	if err != nil {
		return err
	}
	var subjects map[string]string
	if err := json.Unmarshal(text, &subjects); err != nil {
		return err
	}
	p, err := peer.Open(ctx, os.Getenv(house.PeerDatabaseEnv), f, *connections)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.Close(ctx)) }()
	s, err := edge.New(p, house.NewStay(), *pools, subjects)
	if err != nil {
		return err
	}
	server := &http.Server{Addr: *address, Handler: s.Handler(), ReadHeaderTimeout: headerTimeout}
	var stopping sync.WaitGroup
	stopping.Go(func() {
		<-ctx.Done()
		drain, cancel := context.WithTimeout(context.Background(), drainTimeout)
		defer cancel()
		_ = server.Shutdown(drain) //nolint:contextcheck // ctx has ended; that is why
	})
	err = server.ListenAndServe()
	if errors.Is(err, http.ErrServerClosed) {
		stopping.Wait()
		return nil
	}
	return err
}
