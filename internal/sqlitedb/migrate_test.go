package sqlitedb

import (
	"errors"
	"path/filepath"
	"testing"
	"testing/fstest"

	"zombiezen.com/go/sqlite"

	"holdfast/internal/migration"
)

func file(text string) *fstest.MapFile {
	return &fstest.MapFile{Data: []byte("-- +goose Up\n" + text)}
}

func TestMigrate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a?b #1.db")
	one := fstest.MapFS{"migrations/00001_thing.sql": file("CREATE TABLE thing (id INTEGER PRIMARY KEY) STRICT;")}
	two := fstest.MapFS{
		"migrations/00001_thing.sql": one["migrations/00001_thing.sql"],
		"migrations/00002_name.sql":  file("ALTER TABLE thing ADD COLUMN name TEXT NOT NULL DEFAULT 'x';"),
	}
	if err := RequireVersion(t.Context(), path, one); !errors.Is(err, migration.ErrOld) {
		t.Fatalf("no file yet: got %v, want ErrOld", err)
	}
	for range 2 { // the second run finds nothing to do
		if err := Migrate(t.Context(), path, one); err != nil {
			t.Fatal(err)
		}
	}
	if err := RequireVersion(t.Context(), path, one); err != nil {
		t.Fatal(err)
	}
	if err := RequireVersion(t.Context(), path, two); !errors.Is(err, migration.ErrOld) {
		t.Fatalf("behind: got %v, want ErrOld", err)
	}

	// A server has the file open, with rows in it, while the next version arrives.
	db, err := Open(t.Context(), path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	if err := db.Write(t.Context(), script("INSERT INTO thing (id) VALUES (1)")); err != nil {
		t.Fatal(err)
	}
	if err := Migrate(t.Context(), path, two); err != nil {
		t.Fatal(err)
	}
	err = db.Read(t.Context(), func(conn *sqlite.Conn) error {
		n, err := number(conn, "SELECT count(*) FROM thing WHERE name = 'x'")
		if n != 1 {
			t.Errorf("%d rows carry the new column, want 1", n)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if v, err := Version(t.Context(), path); v != 2 || err != nil {
		t.Fatalf("got version %d, error %v; want 2", v, err)
	}
	if err := RequireVersion(t.Context(), path, one); !errors.Is(err, migration.ErrNew) {
		t.Fatalf("ahead: got %v, want ErrNew", err)
	}
	if err := Migrate(t.Context(), path, one); !errors.Is(err, migration.ErrNew) {
		t.Fatalf("migrating backwards: got %v, want ErrNew", err)
	}
}

func TestFailedMigrationLeavesNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	bad := fstest.MapFS{"migrations/00001_bad.sql": file("CREATE TABLE thing (id INTEGER PRIMARY KEY) STRICT;\nCREATE TABLE thing (id INTEGER) STRICT;")}
	if err := Migrate(t.Context(), path, bad); err == nil {
		t.Fatal("a broken migration was applied")
	}
	if v, err := Version(t.Context(), path); v != 0 || err != nil {
		t.Fatalf("got version %d, error %v; want 0", v, err)
	}
	good := fstest.MapFS{"migrations/00001_good.sql": file("CREATE TABLE thing (id INTEGER PRIMARY KEY) STRICT;")}
	if err := Migrate(t.Context(), path, good); err != nil {
		t.Fatalf("half of the broken migration is still there: %v", err)
	}
}
