package house

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"

	"holdfast/test/load/check"
	"holdfast/test/load/peer"
)

// PeerServer is a peer behind its HTTP layer, a process of its own: this binary with the command PeerCommand.
type PeerServer struct {
	*Process
	Tokens   []string
	Bodies   [][]byte // by target
	folder   string
	database *Database
}

// What the command of a peer's process is called, and where it finds its database.
const (
	PeerCommand     = "peer-server"
	PeerDatabaseEnv = "HOLDFAST_LOAD_PEER_DATABASE"
)

// OpenPeerServer starts a peer's server on a fresh database.
func OpenPeerServer(ctx context.Context, p ServerPlan, form peer.Form, connections int) (_ *PeerServer, err error) {
	s := &PeerServer{}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close(ctx))
		}
	}()
	if s.folder, err = os.MkdirTemp("", "holdfast-load-"); err != nil {
		return nil, err
	}
	if s.database, err = PeerDatabase(ctx, p.Plan); err != nil {
		return nil, err
	}
	var subjects map[string]string
	s.Tokens, subjects = Tokens(p.Tokens)
	text, err := json.Marshal(subjects)
	if err != nil {
		return nil, err
	}
	tokens := filepath.Join(s.folder, "tokens.json")
	if err := os.WriteFile(tokens, text, 0o600); err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	address, err := freeAddress(ctx)
	if err != nil {
		return nil, err
	}
	s.Process, err = start(ctx, filepath.Join(s.folder, "log"), address, []string{PeerDatabaseEnv + "=" + s.database.DSN}, self, PeerCommand,
		"-form", string(form), "-conns", strconv.Itoa(connections), "-addr", address, "-tokens", tokens, "-pools", strconv.Itoa(p.Pools))
	if err != nil {
		return nil, err
	}
	return s, s.offers(ctx)
}

func (s *PeerServer) offers(ctx context.Context) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.Address+"/offers", http.NoBody)
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	var offers []string
	if err := json.NewDecoder(answer.Body).Decode(&offers); err != nil {
		return fmt.Errorf("offers of the peer: %w", err)
	}
	for _, o := range offers {
		s.Bodies = append(s.Bodies, Body(o))
	}
	return nil
}

// Check verifies what is stored.
func (s *PeerServer) Check(ctx context.Context, want check.Expect) (*check.Report, error) {
	return check.Postgres(ctx, s.database.DSN, want)
}

// Close stops the server and removes its database.
func (s *PeerServer) Close(ctx context.Context) error {
	var errs []error
	if s.Process != nil {
		errs = append(errs, s.Stop())
	}
	if s.database != nil {
		errs = append(errs, s.database.Drop(ctx))
	}
	return errors.Join(append(errs, os.RemoveAll(s.folder))...)
}
