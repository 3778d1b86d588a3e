// Package postgres is the store of identity on PostgreSQL: one schema, shared by any number of processes.
package postgres

import (
	"context"
	"embed"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"holdfast/identity"
	"holdfast/internal/pgdb"
	"holdfast/internal/sqlfile"
	"holdfast/uid"
)

// Schema is the schema the store lives in.
const Schema = "identity"

//go:embed migrations/*.sql
var migrations embed.FS

//go:embed queries.sql
var queryText string

var (
	queries            = sqlfile.Parse("identity/postgres/queries.sql", queryText)
	insertSupplierText = queries.Get("insert_supplier")
	supplierText       = queries.Get("supplier")
	suppliersText      = queries.Get("suppliers")
	insertModeText     = queries.Get("insert_mode")
	modeText           = queries.Get("mode")
)

// maxTries bounds how often a transaction that lost against another one is run again.
const maxTries = 8

// Migrate brings the schema, created if there is none, to the version this binary needs.
func Migrate(ctx context.Context, dsn string) error {
	return pgdb.Migrate(ctx, dsn, Schema, migrations)
}

// Store keeps suppliers in one schema.
type Store struct{ pool *pgxpool.Pool }

var _ identity.Store = (*Store)(nil)

// Open opens the migrated schema on the database of dsn, with at most maxConns connections; one at another version than
// this binary needs is refused.
func Open(ctx context.Context, dsn string, maxConns int32) (*Store, error) {
	if err := pgdb.RequireVersion(ctx, dsn, Schema, migrations); err != nil {
		return nil, err
	}
	pool, err := pgdb.Open(ctx, dsn, pgdb.Options{Schema: Schema, MaxConns: maxConns})
	if err != nil {
		return nil, err
	}
	return &Store{pool}, nil
}

// Close implements identity.Store.
func (s *Store) Close() error {
	s.pool.Close()
	return nil
}

// CreateSupplier implements identity.Store.
func (s *Store) CreateSupplier(ctx context.Context, want identity.Supplier) (identity.Supplier, error) {
	err := s.write(ctx, insertSupplierText, want.ID[:], want.Name, int16(want.Kind), want.CreatedAt)
	if err != nil {
		return identity.Supplier{}, door(err, "create supplier")
	}
	there, _, err := s.Supplier(ctx, want.ID)
	return there, err
}

// Supplier implements identity.Store.
func (s *Store) Supplier(ctx context.Context, id uid.ID) (identity.Supplier, bool, error) {
	there, err := s.read(ctx, supplierText, id[:])
	if err != nil || len(there) == 0 {
		return identity.Supplier{}, false, door(err, "read supplier")
	}
	return there[0], true, nil
}

// Suppliers implements identity.Store.
func (s *Store) Suppliers(ctx context.Context) ([]identity.Supplier, error) {
	all, err := s.read(ctx, suppliersText)
	return all, door(err, "read suppliers")
}

// Mode implements identity.Store.
func (s *Store) Mode(ctx context.Context, want string) (is string, err error) {
	if err := s.write(ctx, insertModeText, want); err != nil {
		return "", door(err, "settle mode")
	}
	err = s.pool.QueryRow(ctx, modeText).Scan(&is)
	return is, door(err, "read mode")
}

// write runs one statement that may be repeated: ON CONFLICT DO NOTHING makes a repetition after a lost answer harmless.
func (s *Store) write(ctx context.Context, text string, args ...any) (err error) {
	for range maxTries {
		_, err = s.pool.Exec(ctx, text, args...)
		if err = pgdb.Classify(err); !errors.Is(err, pgdb.ErrConflict) {
			break
		}
	}
	return err
}

func (s *Store) read(ctx context.Context, text string, args ...any) ([]identity.Supplier, error) {
	rows, err := s.pool.Query(ctx, text, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (out identity.Supplier, err error) {
		var kind int16
		var created time.Time
		err = row.Scan((*[16]byte)(&out.ID), &out.Name, &kind, &created)
		out.Kind, out.CreatedAt = identity.SupplierKind(kind), created.UTC()
		return out, err
	})
}

func door(err error, what string) error {
	err = pgdb.Classify(err)
	transient := errors.Is(err, pgdb.ErrUnavailable) || errors.Is(err, pgdb.ErrConflict) ||
		errors.Is(err, pgdb.ErrReadOnly) || errors.Is(err, pgdb.ErrFull)
	return identity.StoreFault(err, what, transient)
}
