package sqlite

import (
	"crypto/rand"
	"errors"
	mathrand "math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	reservationsqlite "holdfast/reservation/sqlite"

	"holdfast/reservation"
	"holdfast/test/e2e/process"
	"holdfast/test/prove/effort"
	"holdfast/test/prove/shop"
	"holdfast/uid"
)

// mark says that everything acknowledged until some instant lies in the first bytes of the WAL.
type mark struct {
	at    time.Time
	bytes int64
}

// TestTornWAL kills a loaded server and cuts or damages the WAL it leaves at a random place: whatever was acknowledged
// before the WAL had grown to that place is there, the store opens by itself, and the audit is clean. What SQLite's
// frame checksums do not vouch for is not there at all: no half of a commit.
func TestTornWAL(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	s := shop.New(t, binary, []string{"--data=" + data})
	s.NoPayments = true // so that the one file is all that was acknowledged
	s.Start(t)
	s.Furnish(t, 50)
	s.Stop(t) // folds the WAL into the file: it begins anew
	s.Start(t)
	load := s.Work(t, 16)
	wal := filepath.Join(data, "reservation.db-wal")
	marks := watch(t, wal, load)
	s.Kill()
	load.Stop()
	if err := os.Remove(filepath.Join(data, "admin.sock")); err != nil { // no file to be copied
		t.Fatal(err)
	}
	size := sizeOf(t, wal)
	t.Logf("%s; a WAL of %d bytes", load, size)

	lost, kept := 0, 0
	for _, seed := range effort.Seeds(t, 1, 12) {
		random := mathrand.New(mathrand.NewPCG(seed, 0))
		at := random.Int64N(size)
		torn := filepath.Join(t.TempDir(), "data")
		if err := os.CopyFS(torn, os.DirFS(data)); err != nil {
			t.Fatal(err)
		}
		how := damage(t, filepath.Join(torn, "reservation.db-wal"), at, random)
		var known []shop.Fact
		for i := len(marks) - 1; i >= 0; i-- {
			if marks[i].bytes <= at {
				known = shop.Facts(load.Before(marks[i].at))
				break
			}
		}
		report, err := process.Audit(t.Context(), binary, "--data="+torn)
		if err != nil || len(report.Findings) > 0 {
			t.Errorf("%s at byte %d: %+v, %v; %s", how, at, report.Findings, err, effort.Repeat("sqlite", seed))
		}
		missing := compare(t, filepath.Join(torn, "reservation.db"), known)
		if len(missing) > 0 {
			t.Errorf("%s at byte %d: of %d reservations acknowledged before it these are wrong: %v; %s", how, at, len(known), missing[:1], effort.Repeat("sqlite", seed))
		}
		kept += len(known)
		lost += len(compare(t, filepath.Join(torn, "reservation.db"), shop.Facts(load.All())))
		if err := os.RemoveAll(torn); err != nil {
			t.Fatal(err)
		}
	}
	if kept == 0 || lost == 0 {
		t.Errorf("%d kept, %d lost with the damage: this test shows nothing any more", kept, lost)
	}
	t.Logf("%d acknowledgements from before the damage are there; %d from after it are lost with it", kept, lost)
}

// watch notes how far the WAL has grown while the load goes on, until it is some megabytes long: well before the
// checkpoint that would begin it anew.
func watch(t *testing.T, wal string, load *shop.Load) (marks []mark) {
	t.Helper()
	const enough = 6 << 20
	deadline := time.Now().Add(time.Minute)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for time.Now().Before(deadline) {
		at := time.Now() // first: what was acknowledged until now is in the file that is measured next
		size := sizeOf(t, wal)
		if n := len(marks); n > 0 && size < marks[n-1].bytes {
			t.Fatal("the WAL began anew; measure earlier")
		}
		if marks = append(marks, mark{at, size}); size >= enough {
			return marks
		}
		<-tick.C
	}
	t.Fatalf("the WAL does not grow: %s", load)
	return nil
}

func sizeOf(t *testing.T, path string) int64 {
	t.Helper()
	info, err := os.Stat(path)
	if errors.Is(err, os.ErrNotExist) {
		return 0
	}
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

// damage harms the file from byte at on, in one of four ways.
func damage(t *testing.T, path string, at int64, random *mathrand.Rand) (how string) {
	t.Helper()
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	piece := make([]byte, 1+random.IntN(3*4096))
	switch random.IntN(4) {
	case 0:
		how, err = "cut", file.Truncate(at)
	case 1: // the file system had made it longer, and the contents never came
		how = "zeros to the end"
		size := sizeOf(t, path)
		_, err = file.WriteAt(make([]byte, size-at), at)
	case 2:
		how = "garbage"
		_, _ = rand.Read(piece) // never fails
		_, err = file.WriteAt(piece, at)
	case 3:
		how = "zeros"
		_, err = file.WriteAt(piece, at)
	}
	if err = errors.Join(err, file.Close()); err != nil {
		t.Fatal(err)
	}
	return how
}

// compare lists which of the facts the store contradicts.
func compare(t *testing.T, path string, facts []shop.Fact) (wrong []string) {
	t.Helper()
	store, err := reservationsqlite.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	}()
	for i := 0; i < len(facts); i += 500 {
		part := facts[i:min(i+500, len(facts))]
		ids := make([]uid.ID, len(part))
		for j, f := range part {
			if ids[j], err = uid.Parse("res", f.ID); err != nil {
				t.Fatal(err)
			}
		}
		found, err := store.Reservations(t.Context(), ids)
		if err != nil {
			t.Fatal(err)
		}
		is := map[uid.ID]*reservation.Reservation{}
		for _, r := range found {
			is[r.ID] = r
		}
		for j, f := range part {
			if r := is[ids[j]]; r == nil || f.Released && r.Status != reservation.Cancelled {
				wrong = append(wrong, f.ID)
			}
		}
	}
	return wrong
}

// TestDamagedFile damages the main file, as a bad disk does: the server says which file, and what to do, and serves
// nothing from it.
func TestDamagedFile(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	s := shop.New(t, binary, []string{"--data=" + data})
	s.NoPayments = true
	s.Start(t)
	s.Furnish(t, 50)
	load := s.Work(t, 16)
	load.Until(t, 300)
	load.Stop()
	s.Stop(t)
	for name, change := range map[string]func([]byte){
		"header":       func(b []byte) { copy(b, "not a file of SQLite") },
		"page of zero": func(b []byte) { clear(b[len(b)/4096/2*4096:][:4096]) },
		"garbage":      func(b []byte) { _, _ = rand.Read(b[len(b)/4096/3*4096:][:4096]) },
		"pages swapped": func(b []byte) {
			x, y := b[len(b)/4096/2*4096:][:4096], b[len(b)/4096/4*4096:][:4096]
			keep := append([]byte(nil), x...)
			copy(x, y)
			copy(y, keep)
		},
	} {
		t.Run(name, func(t *testing.T) {
			broken := filepath.Join(t.TempDir(), "data")
			if err := os.CopyFS(broken, os.DirFS(data)); err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(broken, "reservation.db")
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			change(text)
			if err := os.WriteFile(path, text, 0o600); err != nil {
				t.Fatal(err)
			}
			err = s.On(t, "--data="+broken).TryStart(t.Context())
			for _, w := range []string{"damaged", "reservation.db", "holdfast restore BACKUP"} {
				if err == nil || !strings.Contains(err.Error(), w) {
					t.Errorf("it does not say %q: %v", w, err)
				}
			}
		})
	}
	// A file that was cut short.
	broken := filepath.Join(t.TempDir(), "data")
	if err := os.CopyFS(broken, os.DirFS(data)); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(broken, "reservation.db")
	if err := os.Truncate(path, sizeOf(t, path)/4096/2*4096); err != nil {
		t.Fatal(err)
	}
	if err := s.On(t, "--data="+broken).TryStart(t.Context()); err == nil || !strings.Contains(err.Error(), "damaged") {
		t.Errorf("a file cut short: %v", err)
	}
}
