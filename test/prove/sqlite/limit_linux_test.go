package sqlite

import (
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"holdfast/test/prove/shop"
)

// TestNoMoreBytes sells until no file of the server may grow any more, as with a quota: writes fail with an error of
// input and output rather than "full". The same is wanted as with a full disk, and it takes no rights to show.
func TestNoMoreBytes(t *testing.T) {
	t.Parallel()
	s := shop.New(t, binary, []string{"--data=" + filepath.Join(t.TempDir(), "data")})
	s.Start(t)
	s.Furnish(t, 50)
	load := s.Work(t, 16)
	load.Until(t, 50)
	var before unix.Rlimit
	if err := unix.Prlimit(s.Server.PID, unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: 256 << 10, Max: unix.RLIM_INFINITY}, &before); err != nil {
		t.Fatal(err)
	}
	refusedFor(t, s, load, 100)
	load.Reads(t)
	if err := unix.Prlimit(s.Server.PID, unix.RLIMIT_FSIZE, &before, nil); err != nil {
		t.Fatal(err)
	}
	resumes(t, s, load)
}
