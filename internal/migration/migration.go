// Package migration holds what the two relational engines share about schema versions: which version a set of
// migration files leads to, and whether a database stands exactly there.
//
// A set of files is what `//go:embed migrations/*.sql` gives: files named NNNNN_word.sql in the folder migrations, in
// the format of goose. They only go forward; a file with a way back is refused, because a way back that nobody runs is
// untested code that destroys data.
package migration

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path"

	"github.com/pressly/goose/v3"
)

// Folder is the name of the folder that holds the files inside an engine's embedded file system.
const Folder = "migrations"

var (
	// ErrOld: the database is older than the binary needs; `holdfast migrate` brings it up.
	ErrOld = errors.New("schema is older than this binary needs")
	// ErrNew: the database was migrated by a newer binary, which may have dropped what this one reads.
	ErrNew = errors.New("schema is newer than this binary knows")
)

// Files returns the folder with the migration files of fsys and the version that the last of them leads to (at least 1).
func Files(fsys fs.FS) (fs.FS, int64, error) {
	dir, err := fs.Sub(fsys, Folder)
	if err != nil {
		return nil, 0, fmt.Errorf("open migrations: %w", err)
	}
	names, err := fs.Glob(dir, "*.sql")
	if err != nil {
		return nil, 0, fmt.Errorf("list migrations: %w", err)
	}
	var latest int64
	seen := map[int64]string{}
	for _, name := range names {
		version, err := goose.NumericComponent(name)
		if err != nil {
			return nil, 0, fmt.Errorf("migration %s: %w", name, err)
		}
		if other, twice := seen[version]; twice {
			return nil, 0, fmt.Errorf("migrations %s and %s have the same version %d", other, name, version)
		}
		seen[version] = name
		text, err := fs.ReadFile(dir, name)
		if err != nil {
			return nil, 0, fmt.Errorf("migration %s: %w", name, err)
		}
		if bytes.Contains(text, []byte("+goose Down")) {
			return nil, 0, fmt.Errorf("migration %s has a Down part; migrations only go forward", name)
		}
		latest = max(latest, version)
	}
	if latest == 0 {
		return nil, 0, fmt.Errorf("no migration files in folder %s", path.Clean(Folder))
	}
	return dir, latest, nil
}

// Check compares the version a database is at (0 for an empty one) with the version this binary needs. The error is
// ErrOld or ErrNew.
func Check(current, needed int64) error {
	if current < needed {
		return fmt.Errorf("%w: it is at version %d, needed is %d; run `holdfast migrate`", ErrOld, current, needed)
	}
	if current > needed {
		return fmt.Errorf("%w: it is at version %d, known is %d; run the newer binary", ErrNew, current, needed)
	}
	return nil
}
