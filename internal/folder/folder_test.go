package folder

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

// The test binary stands in for a second server: it takes the folder, says so, and waits to be killed.
func TestMain(m *testing.M) {
	if dir := os.Getenv("FOLDER_HOLD"); dir != "" {
		f, err := Open(dir, Live)
		if err == nil {
			err = f.SetAddress("127.0.0.1:8080")
		}
		fmt.Println("took", err)
		_, _ = os.Stdin.Read(make([]byte, 1))
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

func take(t *testing.T, dir string, mode Mode) *Folder {
	t.Helper()
	f, err := Open(dir, mode)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

func TestFirstUse(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "data")
	f := take(t, dir, Test)
	info, err := os.Stat(dir)
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("folder is %v, error %v; want 0700", info.Mode(), err)
	}
	if text, err := os.ReadFile(f.Path("mode")); string(text) != "test\n" || err != nil {
		t.Errorf("mode says %q, error %v", text, err)
	}
	if f.Mode() != Test || f.Dir() != dir {
		t.Errorf("mode %v of %s", f.Mode(), f.Dir())
	}
}

func TestSecondProcessIsRefusedUntilTheFirstDies(t *testing.T) {
	dir := t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	first := exec.CommandContext(t.Context(), self)
	first.Env = append(os.Environ(), "FOLDER_HOLD="+dir)
	stdin, err := first.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = stdin.Close() }()
	stdout, err := first.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := first.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(stdout).ReadString('\n'); line != "took <nil>\n" {
		t.Fatalf("the first process says %q, error %v", line, err)
	}

	for name, try := range map[string]func() (*Folder, error){
		"Open":         func() (*Folder, error) { return Open(dir, Live) },
		"OpenExisting": func() (*Folder, error) { return OpenExisting(dir) },
	} {
		_, err := try()
		held, ok := errors.AsType[*HeldError](err)
		if !ok || !errors.Is(err, ErrHeld) || held.PID != first.Process.Pid || held.Address != "127.0.0.1:8080" {
			t.Errorf("%s: got %v, want one that names process %d", name, err, first.Process.Pid)
			continue
		}
		if says := err.Error(); !strings.Contains(says, fmt.Sprint(first.Process.Pid)) || !strings.Contains(says, dir) || !strings.Contains(says, "127.0.0.1:8080") {
			t.Errorf("%s: %q does not say who and where", name, says)
		}
	}

	if err := first.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = first.Wait()
	take(t, dir, Live) // what the dead process left behind locks nothing
}

func TestSameProcessIsRefusedToo(t *testing.T) {
	dir := t.TempDir()
	f := take(t, dir, Live)
	if _, err := Open(dir, Live); !errors.Is(err, ErrHeld) {
		t.Fatalf("got %v, want ErrHeld", err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	take(t, dir, Live)
}

func TestMode(t *testing.T) {
	for name, c := range map[string]struct {
		files map[string]string // what the folder holds before
		open  Mode
		err   error
	}{
		"live as live":          {map[string]string{"mode": "live\n", "x.db": ""}, Live, nil},
		"test as test":          {map[string]string{"mode": "test\n", "x.db": ""}, Test, nil},
		"live as test":          {map[string]string{"mode": "live\n"}, Test, ErrMode},
		"test as live":          {map[string]string{"mode": "test\n"}, Live, ErrMode},
		"no mark, data":         {map[string]string{"x.db": ""}, Live, nil},
		"no mark, data as test": {map[string]string{"x.db": ""}, Test, ErrMode},
		"half a first use":      {map[string]string{"lock": "", "mode.new": "li"}, Test, nil},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			for file, text := range c.files {
				if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			f, err := Open(dir, c.open)
			if !errors.Is(err, c.err) {
				t.Fatalf("got %v, want %v", err, c.err)
			}
			if err == nil {
				_ = f.Close()
			}
			// Refused or not, the folder is free again and what it was.
			if f, err := OpenExisting(dir); err == nil {
				_ = f.Close()
			} else if !errors.Is(err, ErrAbsent) {
				t.Errorf("afterwards: %v", err)
			}
		})
	}
	for name, text := range map[string]string{"empty": "", "nonsense": "alive"} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "mode"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(dir, Live); err == nil {
			t.Errorf("%s mark: opened", name)
		}
	}
	if _, err := Open(t.TempDir(), 0); err == nil {
		t.Error("opened without a mode")
	}
}

func TestOpenExisting(t *testing.T) {
	dir := t.TempDir()
	if _, err := OpenExisting(filepath.Join(dir, "nowhere")); !errors.Is(err, ErrAbsent) {
		t.Errorf("got %v, want ErrAbsent", err)
	}
	if _, err := OpenExisting(dir); !errors.Is(err, ErrAbsent) {
		t.Errorf("a folder that is no data folder: got %v, want ErrAbsent", err)
	}
	if entries, err := os.ReadDir(dir); len(entries) != 0 || err != nil {
		t.Errorf("it left %v behind, error %v", entries, err)
	}
	if err := take(t, dir, Test).Close(); err != nil {
		t.Fatal(err)
	}
	f, err := OpenExisting(dir)
	if err != nil || f.Mode() != Test {
		t.Fatalf("got %v, error %v; want the folder's own mode", f, err)
	}
	_ = f.Close()
}

func TestOpenEmpty(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	f, err := OpenEmpty(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := OpenEmpty(dir); !errors.Is(err, ErrHeld) {
		t.Errorf("taken twice: %v", err)
	}
	if err := os.Mkdir(f.Path(RestoreName), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	for name, open := range map[string]func() (*Folder, error){
		"OpenEmpty": func() (*Folder, error) { return OpenEmpty(dir) },
		"Open":      func() (*Folder, error) { return Open(dir, Live) },
	} {
		if _, err := open(); !errors.Is(err, ErrUnfinished) {
			t.Errorf("%s on an unfinished restore: %v", name, err)
		}
	}
	if err := os.Remove(filepath.Join(dir, RestoreName)); err != nil {
		t.Fatal(err)
	}
	take(t, dir, Live)
	used := t.TempDir()
	if err := os.WriteFile(filepath.Join(used, "x"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenEmpty(used); !errors.Is(err, ErrUsed) {
		t.Errorf("a used folder: %v", err)
	}
}
