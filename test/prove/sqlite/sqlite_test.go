package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"go.uber.org/goleak"

	"holdfast/test/e2e/process"
	"holdfast/test/prove/shop"
)

// binary is the path of the binary under test.
var binary string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "holdfast-sqlite-")
	if binary = os.Getenv("HOLDFAST_TEST_BINARY"); err == nil && binary == "" {
		binary, err = process.Build(context.Background(), dir)
	}
	if err == nil {
		err = os.Chmod(dir, 0o755) // a test runs it as another user
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "sqlite:", err)
		_ = os.RemoveAll(dir)
		os.Exit(1)
	}
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		_ = os.RemoveAll(dir) // in the system's folder for temporary files
		os.Exit(code)
	}))
}

// TestFullDisk sells until the file system is full: writes are refused with 503 and Retry-After, reads go on, nothing
// that was acknowledged is lost, a killed server comes back on it, and with room again selling resumes by itself.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	small := t.TempDir()
	if os.Geteuid() != 0 {
		t.Skip("mounting a small file system takes root; TestNoMoreBytes shows the same with a limit of the process")
	}
	if err := syscall.Mount("tmpfs", small, "tmpfs", 0, "size=64m"); err != nil {
		t.Skipf("no file system can be mounted here (%v); TestNoMoreBytes shows the same with a limit of the process", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(small, 0); err != nil {
			t.Error(err)
		}
	})
	s := shop.New(t, binary, []string{"--data=" + filepath.Join(small, "data")})
	t.Cleanup(func() {
		if s.Server != nil { // before the file system goes
			s.Kill()
		}
	})
	s.Start(t)
	s.Furnish(t, 50)
	load := s.Work(t, 16)
	load.Until(t, 50)
	ballast := filepath.Join(small, "ballast")
	fill(t, ballast)
	refusedFor(t, s, load, 100)
	load.Reads(t)

	// Killed while there is no room, it comes back: recovery needs no more than what is there.
	s.Kill()
	if err := s.TryStart(t.Context()); err != nil {
		t.Errorf("it does not come back on a full disk: %v", err)
	} else {
		load.Reads(t)
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	if s.Server == nil {
		s.Start(t)
	}
	resumes(t, s, load)
}

// fill takes all the room of a file system.
func fill(t *testing.T, path string) {
	t.Helper()
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, size := range []int{1 << 20, 4096} {
		for {
			if _, err := file.Write(make([]byte, size)); err != nil {
				if !errors.Is(err, syscall.ENOSPC) {
					t.Fatal(err)
				}
				break
			}
		}
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
}

// refusedFor waits until so many calls were told to come later.
func refusedFor(t *testing.T, s *shop.Shop, load *shop.Load, n int) {
	t.Helper()
	process.Eventually(t, "calls are refused for want of room", func() bool { return load.Refused("overloaded")+load.Refused("store_unavailable") >= n })
	if a, err := s.Read(t.Context(), s.Hotel()); err != nil || a.Status != 200 {
		t.Errorf("a page of the hotel: %v %+v", err, a)
	}
}

// resumes wants everything to go on by itself, and nothing to be lost.
func resumes(t *testing.T, s *shop.Shop, load *shop.Load) {
	t.Helper()
	load.Until(t, 100)
	load.Stop()
	load.Odd(t)
	s.Holds(t, load.All())
	s.Audit(t)
	t.Log(load)
}

// TestReadOnlyFolder starts a server that may not write: it is refused at the start, by name and with what to do.
func TestReadOnlyFolder(t *testing.T) {
	data := filepath.Join(shared(t), "data")
	s := shop.New(t, binary, []string{"--data=" + data})
	s.Start(t)
	s.Stop(t)
	other := shop.New(t, asNobody(t), []string{"--data=" + data})
	for name, c := range map[string]struct {
		lock  func() error
		words []string
	}{
		"folder": {func() error { return os.Chmod(data, 0o555) }, []string{"cannot be written to", data, "chown"}},
		"file":   {func() error { return os.Chmod(filepath.Join(data, "payment.db"), 0o444) }, []string{"cannot be written to", "payment.db", "chown"}},
		"hidden": {func() error { return os.Chmod(data, 0o000) }, []string{"cannot be written to", data, "chown"}},
	} {
		t.Run(name, func(t *testing.T) {
			open := func() error {
				return errors.Join(os.Chmod(data, 0o777), filepath.WalkDir(data, func(path string, d os.DirEntry, err error) error {
					if err == nil && d.Type().IsRegular() {
						err = os.Chmod(path, 0o666)
					}
					return err
				}))
			}
			if err := errors.Join(open(), c.lock()); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = open() })
			err := other.TryStart(t.Context())
			if err == nil {
				t.Fatal("it started")
			}
			for _, w := range c.words {
				if !strings.Contains(err.Error(), w) {
					t.Errorf("it does not say %q: %v", w, err)
				}
			}
		})
	}
	s.Start(t) // nothing was harmed
	s.Stop(t)
}

// shared is a folder that another user can get to.
func shared(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "holdfast-shared-")
	if err == nil {
		err = os.Chmod(dir, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// asNobody is a program that runs the binary without root's rights, which no mode can stop.
func asNobody(t *testing.T) string {
	t.Helper()
	if os.Geteuid() != 0 {
		return binary
	}
	setpriv, err := exec.LookPath("setpriv")
	if err != nil {
		t.Skip("root ignores modes, and there is no setpriv to run as somebody else")
	}
	script := filepath.Join(shared(t), "holdfast")
	text := fmt.Sprintf("#!/bin/sh\nexec %s --reuid=nobody --regid=nogroup --clear-groups %s \"$@\"\n", setpriv, binary)
	if err := os.WriteFile(script, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
	return script
}

// TestSecondProcess: nobody else gets at a folder in use, whatever the command, and everybody is told who has it. The lock
// itself is in internal/folder, and TestDataFolder of test/e2e has the rest.
func TestSecondProcess(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	s := shop.New(t, binary, []string{"--data=" + data})
	s.Start(t)
	s.Furnish(t, 10)
	second := s.On(t, "--data="+data)
	err := second.TryStart(t.Context())
	for _, w := range []string{"is in use", fmt.Sprintf("process %d", s.Server.PID), strings.TrimPrefix(s.Server.URL, "http://"), "stop it, or name another folder"} {
		if err == nil || !strings.Contains(err.Error(), w) {
			t.Errorf("the second server does not say %q: %v", w, err)
		}
	}
	if r := s.Run(t, 2, "migrate"); !strings.Contains(r.Stderr, "is in use") {
		t.Errorf("migrate: %s", r.Stderr)
	}
	if a, err := s.Try(t.Context(), "still"); err != nil || a.Status != 201 {
		t.Errorf("the first server: %v %+v", err, a)
	}
	s.Kill() // the kernel frees the lock
	second.Start(t)
	second.Stop(t)
}
