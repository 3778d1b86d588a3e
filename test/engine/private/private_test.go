package private

import (
	"os"
	"testing"
)

func TestReachable(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root hands its folder to another user")
	}
	closed := t.TempDir() + "/closed"
	if err := os.MkdirAll(closed+"/inner", 0o700); err != nil {
		t.Fatal(err)
	}
	if got := reachable(closed + "/inner"); got != "/tmp" {
		t.Errorf("got %s for a folder only root can enter, want /tmp", got)
	}
	if got := reachable("/tmp"); got != "/tmp" {
		t.Errorf("got %s for /tmp", got)
	}
}
