package house

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"

	"holdfast/internal/admin"
)

// Profile copies a profile of the running server from its admin socket; what is the rest of the path, as in
// "profile?seconds=4" or "allocs".
func (s *Server) Profile(ctx context.Context, what string, to io.Writer) error {
	socket := filepath.Join(s.adminFolder(), admin.SocketName)
	client := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", socket)
	}}}
	defer client.CloseIdleConnections()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://admin/debug/pprof/"+what, http.NoBody)
	if err != nil {
		return err
	}
	answer, err := client.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("profile %s: %s", what, answer.Status)
	}
	_, err = io.Copy(to, answer.Body)
	return err
}

// adminFolder is where the server has its admin socket.
func (s *Server) adminFolder() string {
	if s.database != nil {
		return s.folder
	}
	return s.data()
}
