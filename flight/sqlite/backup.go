package sqlite

import (
	"context"

	"holdfast/internal/sqlitedb"
)

// Schema is the version of the schema that this binary needs.
func Schema() (int64, error) { return sqlitedb.Latest(migrations) }

// Hold keeps writers out until release is called: a backup fixes the state of all stores at one instant.
func (e *engine) Hold(ctx context.Context) (release func(), err error) { return e.db.Hold(ctx) }
