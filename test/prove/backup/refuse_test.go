package backup

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"holdfast/test/e2e/process"
	"holdfast/test/prove/shop"
)

// still is a data folder nobody works on, and a backup of it.
func still(t *testing.T) (s *shop.Shop, data, target string) {
	t.Helper()
	data, target = filepath.Join(t.TempDir(), "data"), filepath.Join(t.TempDir(), "copy")
	s = shop.New(t, binary, []string{"--data=" + data})
	s.Start(t)
	s.Furnish(t, 50)
	s.Stop(t)
	if said := s.Run(t, 0, "backup", target).Stdout; !strings.Contains(said, "holdfast restore "+target) || !strings.Contains(said, "reservation.db") {
		t.Errorf("backup says:\n%s", said)
	}
	return s, data, target
}

// refused runs a command and wants an exit code and words in what it says.
func refused(t *testing.T, code int, words string, args ...string) {
	t.Helper()
	r, err := process.Run(t.Context(), binary, args...)
	if err != nil {
		t.Fatal(err)
	}
	if r.Code != code || !strings.Contains(r.Stderr, words) {
		t.Errorf("holdfast %v: exit code %d, want %d and %q in\n%s%s", args, r.Code, code, words, r.Stdout, r.Stderr)
	}
}

// copyFolder is a copy of a backup, to be damaged.
func copyFolder(t *testing.T, from string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "copy")
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	return to
}

func edit(t *testing.T, path string, change func([]byte) []byte) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, change(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// remanifest changes the manifest and makes its sum right again: somebody else's manifest, not a damaged one.
func remanifest(from, to string) func(*testing.T, string) {
	return func(t *testing.T, dir string) {
		t.Helper()
		edit(t, filepath.Join(dir, "manifest.json"), func(text []byte) []byte {
			if !bytes.Contains(text, []byte(from)) {
				t.Fatalf("no %q in the manifest\n%s", from, text)
			}
			return bytes.ReplaceAll(text, []byte(from), []byte(to))
		})
		text, err := os.ReadFile(filepath.Join(dir, "manifest.json"))
		if err != nil {
			t.Fatal(err)
		}
		edit(t, filepath.Join(dir, "SHA256SUMS"), func(sums []byte) []byte {
			_, rest, _ := bytes.Cut(sums, []byte("\n"))
			return append(fmt.Appendf(nil, "%x  manifest.json\n", sha256.Sum256(text)), rest...)
		})
	}
}

// TestDamagedBackupIsRefused damages a backup in every way it can be damaged: --verify and restore say what is wrong,
// and restore leaves nothing behind.
func TestDamagedBackupIsRefused(t *testing.T) {
	_, _, whole := still(t)
	at := func(name string, change func([]byte) []byte) func(*testing.T, string) {
		return func(t *testing.T, dir string) { t.Helper(); edit(t, filepath.Join(dir, name), change) }
	}
	remove := func(name string) func(*testing.T, string) {
		return func(t *testing.T, dir string) {
			t.Helper()
			if err := os.Remove(filepath.Join(dir, name)); err != nil {
				t.Fatal(err)
			}
		}
	}
	flip := func(b []byte) []byte { b[len(b)/2] ^= 1; return b }
	for name, c := range map[string]struct {
		damage func(*testing.T, string)
		code   int
		words  string
		verify bool // --verify refuses it too; what is only newer is whole
	}{
		"torn file":          {at("reservation.db", func(b []byte) []byte { return b[:len(b)-4096] }), 1, "reservation.db has ", true},
		"one bit":            {at("payment.db", flip), 1, "payment.db has the right size and other contents", true},
		"file missing":       {remove("hotel.db"), 1, "hotel.db is missing", true},
		"manifest missing":   {remove("manifest.json"), 2, "has no manifest.json", true},
		"sums missing":       {remove("SHA256SUMS"), 1, "manifest.json is not what SHA256SUMS says", true},
		"manifest changed":   {at("manifest.json", flip), 1, "manifest.json is not what SHA256SUMS says", true},
		"newer format":       {remanifest(`"format": 1`, `"format": 2`), 2, "its format is 2, known is 1", true},
		"newer schema":       {remanifest(`"schema_version": `, `"schema_version": 90`), 2, "at version 90", false},
		"database not known": {remanifest(`"hotel.db"`, `"space.db"`), 2, "a database space.db, which this one does not know", false},
		"path out of it":     {remanifest(`"hotel.db"`, `"../hotel.db"`), 1, `names a file "../hotel.db"`, true},
	} {
		t.Run(name, func(t *testing.T) {
			target, fresh := copyFolder(t, whole), filepath.Join(t.TempDir(), "data")
			c.damage(t, target)
			if c.verify {
				refused(t, c.code, c.words, "backup", "--verify", target)
			}
			refused(t, c.code, c.words, "restore", target, "--data="+fresh)
			entries, err := os.ReadDir(fresh)
			if err != nil && !os.IsNotExist(err) {
				t.Fatal(err)
			}
			for _, e := range entries {
				if e.Name() != "lock" {
					t.Errorf("left behind: %s", e.Name())
				}
			}
			refused(t, 0, "", "restore", whole, "--data="+fresh) // the same folder takes a good one afterwards
		})
	}
}

// TestPlacesAreRefused names places that must not be written to.
func TestPlacesAreRefused(t *testing.T) {
	s, data, target := still(t)
	refused(t, 2, "the target exists already", "backup", target, "--data="+data)
	refused(t, 2, "is in the data folder", "backup", filepath.Join(data, "copy"), "--data="+data)
	refused(t, 2, "no data folder", "backup", filepath.Join(t.TempDir(), "copy"), "--data="+filepath.Join(t.TempDir(), "none"))
	refused(t, 2, "data folder is not empty", "restore", target, "--data="+data)
	s.Start(t)
	refused(t, 2, "is in use", "restore", target, "--data="+data)
	refused(t, 2, "the target exists already", "backup", target, "--data="+data)
	refused(t, 2, "no such file or directory", "backup", filepath.Join(t.TempDir(), "none", "copy"), "--data="+data)

	strange := t.TempDir()
	if err := os.WriteFile(filepath.Join(strange, "somebody's"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	refused(t, 2, "data folder is not empty", "restore", target, "--data="+strange)

	// A restore that was killed leaves its subfolder.
	cut := t.TempDir()
	if err := os.Mkdir(filepath.Join(cut, "restore.partial"), 0o700); err != nil {
		t.Fatal(err)
	}
	refused(t, 2, "unfinished restore", "restore", target, "--data="+cut)
	if err := s.On(t, "--data="+cut).TryStart(t.Context()); err == nil || !strings.Contains(err.Error(), "unfinished restore") {
		t.Errorf("serve on an unfinished restore: %v", err)
	}
	if _, err := os.Stat(filepath.Join(cut, "reservation.db")); err == nil {
		t.Error("serve made a store in an unfinished restore")
	}
}

// TestNothingIsForgotten: every file that a server makes in its folder is in the backup, or is known to be made anew.
func TestNothingIsForgotten(t *testing.T) {
	data, target := filepath.Join(t.TempDir(), "data"), filepath.Join(t.TempDir(), "copy")
	s := shop.New(t, binary, []string{"--data=" + data})
	s.Start(t)
	s.Furnish(t, 10)
	said := s.Run(t, 0, "backup", target).Stdout
	if strings.Contains(said, "no file of ours") {
		t.Errorf("the server has files that no backup knows; copy them, or list them as derived in internal/app/backup.go:\n%s", said)
	}
	if !strings.Contains(said, "not in it: the tokens in") {
		t.Errorf("it does not say that the tokens are elsewhere:\n%s", said)
	}
	entries, err := os.ReadDir(target)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
		if info, err := e.Info(); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s can be read by others: %v %v", e.Name(), info.Mode(), err)
		}
	}
	if got := strings.Join(names, " "); !strings.Contains(got, "feeds.db flight.db hotel.db identity.db manifest.json mode payment.db rail.db reservation.db") {
		t.Errorf("the backup has %s", got)
	}
	if info, err := os.Stat(target); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the backup's folder can be entered by others: %v %v", info.Mode(), err)
	}
}

// TestTargetWithoutRoom: a backup that does not fit fails with the reason and leaves nothing; the server goes on.
func TestTargetWithoutRoom(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("mounting a small file system takes root")
	}
	small := t.TempDir()
	if err := syscall.Mount("tmpfs", small, "tmpfs", 0, "size=256k"); err != nil {
		t.Skipf("no file system can be mounted here: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(small, 0); err != nil {
			t.Error(err)
		}
	})
	s, load, data := open(t)
	refused(t, 2, "full", "backup", filepath.Join(small, "copy"), "--data="+data)
	entries, err := os.ReadDir(small)
	if err != nil || len(entries) > 0 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
	load.Until(t, 50)
	load.Stop()
	load.Odd(t)
	s.Audit(t)
}

// TestPostgresSaysWhatToDo: nothing is copied, and the answer is what to type.
func TestPostgresSaysWhatToDo(t *testing.T) {
	for _, command := range []string{"backup", "restore"} {
		r, err := process.Run(t.Context(), binary, command, filepath.Join(t.TempDir(), "copy"), "--database-url=postgres://ada:geheim@db:5433/holdfast")
		if err != nil {
			t.Fatal(err)
		}
		if r.Code != 2 || !strings.Contains(r.Stdout, "pg_dump --format=custom") || !strings.Contains(r.Stdout, "--schema=reservation") ||
			!strings.Contains(r.Stdout, "pg_basebackup") || !strings.Contains(r.Stdout, "postgres://ada@db:5433/holdfast") || strings.Contains(r.Stdout+r.Stderr, "geheim") {
			t.Errorf("%s: exit code %d\n%s%s", command, r.Code, r.Stdout, r.Stderr)
		}
	}
}
