package sqlitedb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"

	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite" // registers the database/sql driver "sqlite" that goose runs over

	"holdfast/internal/migration"
)

// Migrate brings the file at path, created if there is none, to the version of the last migration of fsys (see package
// migration for its shape). Each file runs in a transaction of its own. What is applied already is left alone; a file
// that is newer than fsys is refused with migration.ErrNew. Nobody else may have the file open for writing.
func Migrate(ctx context.Context, path string, fsys fs.FS) (err error) {
	dir, latest, err := migration.Files(fsys)
	if err != nil {
		return err
	}
	db, err := handle(path, "rwc")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()

	current, err := version(ctx, db)
	if err != nil {
		return fmt.Errorf("migrate %s: %w", path, err)
	}
	if current > latest {
		return fmt.Errorf("migrate %s: %w", path, migration.Check(current, latest))
	}
	provider, err := goose.NewProvider(goose.DialectSQLite3, db, dir, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return fmt.Errorf("migrate %s: %w", path, err)
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("migrate %s: %w", path, err)
	}
	return nil
}

// Version returns the version the file at path was migrated to; 0 where there is no file or nothing was applied.
func Version(ctx context.Context, path string) (_ int64, err error) {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	db, err := handle(path, "rw") // a read-only handle could not recover the WAL of a process that was killed
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	v, err := version(ctx, db)
	if err != nil {
		return 0, fmt.Errorf("schema version of %s: %w", path, err)
	}
	return v, nil
}

// RequireVersion fails with migration.ErrOld or migration.ErrNew unless the file at path stands exactly where the last
// migration of fsys leads.
func RequireVersion(ctx context.Context, path string, fsys fs.FS) error {
	_, needed, err := migration.Files(fsys)
	if err != nil {
		return err
	}
	current, err := Version(ctx, path)
	if err != nil {
		return err
	}
	if err := migration.Check(current, needed); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

func version(ctx context.Context, db *sql.DB) (int64, error) {
	var there int
	err := db.QueryRowContext(ctx,
		`SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = ?`, goose.DefaultTablename).Scan(&there)
	if err != nil || there == 0 {
		return 0, err
	}
	var v int64
	err = db.QueryRowContext(ctx,
		`SELECT coalesce(max(version_id), 0) FROM `+goose.DefaultTablename+` WHERE is_applied`).Scan(&v)
	return v, err
}

// handle opens the file for goose with the settings that Open uses. mode is SQLite's: "rwc" may create the file.
func handle(path, mode string) (*sql.DB, error) {
	query := url.Values{
		"mode":    {mode},
		"_txlock": {"immediate"},
		"_pragma": {"busy_timeout(5000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(ON)"},
	}
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: query.Encode()}).String())
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	db.SetMaxOpenConns(1) // settings and locks are a connection's own
	return db, nil
}
