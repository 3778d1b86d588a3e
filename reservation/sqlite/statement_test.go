package sqlite_test

import (
	"path/filepath"
	"testing"

	zombiezen "zombiezen.com/go/sqlite"

	"holdfast/reservation/sqlite"
)

// Every statement is one that SQLite takes, whole: what is left over behind it would be found when it is first run.
func TestEveryStatementIsTaken(t *testing.T) {
	path := filepath.Join(t.TempDir(), "reservation.db")
	if err := sqlite.Migrate(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	conn, err := zombiezen.OpenConn(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }() // only prepared
	for name, text := range sqlite.Statements() {
		stmt, trailing, err := conn.PrepareTransient(text)
		if err != nil || trailing != 0 {
			t.Errorf("%s: %d bytes are left over, %v", name, trailing, err)
			continue
		}
		if err := stmt.Finalize(); err != nil {
			t.Error(err)
		}
	}
}
