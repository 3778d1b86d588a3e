// Package sqlite is the embedded store of identity: one SQLite file.
package sqlite

import (
	"context"
	"embed"
	"errors"
	"time"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"holdfast/identity"
	"holdfast/internal/sqlfile"
	"holdfast/internal/sqlitedb"
	"holdfast/uid"
)

//go:embed migrations/*.sql
var migrations embed.FS

//go:embed queries.sql
var queryText string

var (
	queries            = sqlfile.Parse("identity/sqlite/queries.sql", queryText)
	insertSupplierText = queries.Get("insert_supplier")
	supplierText       = queries.Get("supplier")
	suppliersText      = queries.Get("suppliers")
	insertModeText     = queries.Get("insert_mode")
	modeText           = queries.Get("mode")
)

// Migrate brings the file at path, created if there is none, to the version this binary needs.
func Migrate(ctx context.Context, path string) error { return sqlitedb.Migrate(ctx, path, migrations) }

// Store keeps suppliers in one file. One process opens the file at a time.
type Store struct{ db *sqlitedb.DB }

var _ identity.Store = (*Store)(nil)

// Open opens a migrated file; one at another version than this binary needs is refused.
func Open(ctx context.Context, path string, options sqlitedb.Options) (*Store, error) {
	if err := sqlitedb.RequireVersion(ctx, path, migrations); err != nil {
		return nil, err
	}
	db, err := sqlitedb.Open(ctx, path, options)
	if err != nil {
		return nil, err
	}
	return &Store{db}, nil
}

// Close implements identity.Store.
func (s *Store) Close() error { return s.db.Close() }

// CreateSupplier implements identity.Store.
func (s *Store) CreateSupplier(ctx context.Context, want identity.Supplier) (identity.Supplier, error) {
	var there []identity.Supplier
	err := s.db.Write(ctx, func(conn *sqlite.Conn) error {
		there = nil
		err := sqlitex.Execute(conn, insertSupplierText, &sqlitex.ExecOptions{Named: map[string]any{
			":id": want.ID[:], ":name": want.Name, ":kind": int64(want.Kind), ":created_at": want.CreatedAt.UnixMicro(),
		}})
		if err != nil {
			return err
		}
		return sqlitex.Execute(conn, supplierText, &sqlitex.ExecOptions{Named: map[string]any{":id": want.ID[:]}, ResultFunc: into(&there)})
	})
	if err != nil {
		return identity.Supplier{}, door(err, "create supplier")
	}
	return there[0], nil
}

// Supplier implements identity.Store.
func (s *Store) Supplier(ctx context.Context, id uid.ID) (identity.Supplier, bool, error) {
	var there []identity.Supplier
	err := s.db.Read(ctx, func(conn *sqlite.Conn) error {
		return sqlitex.Execute(conn, supplierText, &sqlitex.ExecOptions{Named: map[string]any{":id": id[:]}, ResultFunc: into(&there)})
	})
	if err != nil || len(there) == 0 {
		return identity.Supplier{}, false, door(err, "read supplier")
	}
	return there[0], true, nil
}

// Suppliers implements identity.Store.
func (s *Store) Suppliers(ctx context.Context) ([]identity.Supplier, error) {
	var all []identity.Supplier
	err := s.db.Read(ctx, func(conn *sqlite.Conn) error {
		return sqlitex.Execute(conn, suppliersText, &sqlitex.ExecOptions{ResultFunc: into(&all)})
	})
	return all, door(err, "read suppliers")
}

// Mode implements identity.Store.
func (s *Store) Mode(ctx context.Context, want string) (is string, err error) {
	err = s.db.Write(ctx, func(conn *sqlite.Conn) error {
		if err := sqlitex.Execute(conn, insertModeText, &sqlitex.ExecOptions{Named: map[string]any{":mode": want}}); err != nil {
			return err
		}
		return sqlitex.Execute(conn, modeText, &sqlitex.ExecOptions{ResultFunc: func(row *sqlite.Stmt) error {
			is = row.ColumnText(0)
			return nil
		}})
	})
	return is, door(err, "settle mode")
}

func into(list *[]identity.Supplier) func(*sqlite.Stmt) error {
	return func(row *sqlite.Stmt) error {
		s := identity.Supplier{
			Name: row.ColumnText(1), Kind: identity.SupplierKind(row.ColumnInt64(2)), CreatedAt: time.UnixMicro(row.ColumnInt64(3)).UTC(),
		}
		row.ColumnBytes(0, s.ID[:])
		*list = append(*list, s)
		return nil
	}
}

func door(err error, what string) error {
	transient := errors.Is(err, sqlitedb.ErrBusy) || errors.Is(err, sqlitedb.ErrFull) || errors.Is(err, sqlitedb.ErrIO) || errors.Is(err, sqlitedb.ErrClosed)
	return identity.StoreFault(err, what, transient)
}
