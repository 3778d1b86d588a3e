package pgdb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"holdfast/internal/migration"
)

// Two processes that migrate the same schema take turns by a row in the table goose_lock of that schema: it works
// through poolers and on databases without advisory locks. A process that dies lets the row lapse after lockLease.
const (
	lockLease     = 30 * time.Second
	lockHeartbeat = 5 * time.Second
	lockInterval  = 250 * time.Millisecond
	lockTries     = 1200 // 5 minutes
	unlockTries   = 40   // 10 seconds; past them the lease lapses by itself
)

// Migrate creates the schema if there is none and brings it to the version of the last migration of fsys (see package
// migration for its shape). Each file runs in a transaction of its own unless it says otherwise. What is applied already
// is left alone; a schema that is newer than fsys is refused with migration.ErrNew.
func Migrate(ctx context.Context, dsn, schema string, fsys fs.FS) (err error) {
	dir, latest, err := migration.Files(fsys)
	if err != nil {
		return err
	}
	db, err := handle(dsn, schema)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()

	if err := createSchema(ctx, db, schema); err != nil {
		return fmt.Errorf("create schema %s: %w", schema, Classify(err))
	}
	current, err := version(ctx, db)
	if err != nil {
		return fmt.Errorf("migrate %s: %w", schema, Classify(err))
	}
	if current > latest {
		return fmt.Errorf("migrate %s: %w", schema, migration.Check(current, latest))
	}
	locker, err := lock.NewPostgresTableLocker(
		lock.WithTableLeaseDuration(lockLease),
		lock.WithTableHeartbeatInterval(lockHeartbeat),
		lock.WithTableLockTimeout(lockInterval, lockTries),
		lock.WithTableUnlockTimeout(lockInterval, unlockTries),
		lock.WithTableRetryPolicy(waits),
	)
	if err != nil {
		return fmt.Errorf("migrate %s: %w", schema, err)
	}
	provider, err := goose.NewProvider(goose.DialectPostgres, db, dir,
		goose.WithLocker(locker), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return fmt.Errorf("migrate %s: %w", schema, err)
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("migrate %s: %w", schema, Classify(err))
	}
	return nil
}

// Version returns the version the schema was migrated to; 0 where nothing was applied.
func Version(ctx context.Context, dsn, schema string) (_ int64, err error) {
	db, err := handle(dsn, schema)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	v, err := version(ctx, db)
	if err != nil {
		return 0, fmt.Errorf("version of schema %s: %w", schema, Classify(err))
	}
	return v, nil
}

// RequireVersion fails with migration.ErrOld or migration.ErrNew unless the schema stands exactly where the last
// migration of fsys leads.
func RequireVersion(ctx context.Context, dsn, schema string, fsys fs.FS) error {
	_, needed, err := migration.Files(fsys)
	if err != nil {
		return err
	}
	current, err := Version(ctx, dsn, schema)
	if err != nil {
		return err
	}
	if err := migration.Check(current, needed); err != nil {
		return fmt.Errorf("schema %s: %w", schema, err)
	}
	return nil
}

// createSchema leaves alone a schema that is there, so that an operator may create it for a user without that right.
func createSchema(ctx context.Context, db *sql.DB, schema string) error {
	var there bool
	err := db.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = $1)`, schema).Scan(&there)
	if err != nil || there {
		return err
	}
	_, err = db.ExecContext(ctx, `CREATE SCHEMA IF NOT EXISTS `+pgx.Identifier{schema}.Sanitize())
	// Two that create it at once: IF NOT EXISTS looks before it locks, and the later one trips over the name's index.
	if answer, ok := errors.AsType[*pgconn.PgError](err); ok && (answer.Code == "23505" || answer.Code == "42P06") {
		return nil
	}
	return err
}

func version(ctx context.Context, db *sql.DB) (int64, error) {
	var there bool
	err := db.QueryRowContext(ctx,
		`SELECT EXISTS (SELECT 1 FROM pg_tables WHERE schemaname = current_schema() AND tablename = $1)`,
		goose.DefaultTablename).Scan(&there)
	if err != nil || !there {
		return 0, err
	}
	var v int64
	err = db.QueryRowContext(ctx,
		`SELECT coalesce(max(version_id), 0) FROM `+goose.DefaultTablename+` WHERE is_applied`).Scan(&v)
	return v, err
}

// handle opens the database for goose with the settings that Open uses.
func handle(dsn, schema string) (*sql.DB, error) {
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		return nil, fmt.Errorf("database address: %w", err)
	}
	if err := settle(config, schema); err != nil {
		return nil, err
	}
	config.ConnectTimeout = defaultConnectTimeout
	// A migration changes tables that statements of this connection may have been prepared for.
	config.DefaultQueryExecMode = pgx.QueryExecModeExec
	return stdlib.OpenDB(*config), nil
}

// waits tells whether an error of taking the migration lock is worth another try: somebody else has it (goose says so
// with an error of its own), or the two collided. What will not get better by waiting ends the run at once.
func waits(err error) bool {
	if answer, ok := errors.AsType[*pgconn.PgError](err); ok {
		return answer.Code == "40001" || answer.Code == "40P01"
	}
	_, unreachable := errors.AsType[*pgconn.ConnectError](err)
	return !unreachable && !lost(err)
}
