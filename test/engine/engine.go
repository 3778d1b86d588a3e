// Package engine gives tests the real servers they need: a fresh, empty database each on a running PostgreSQL.
//
// Which server, and whether there is one, is said by the environment; `make test` starts private ones first (see
// cmd/engines). Without a server a test that needs it is skipped with its reason, and fails where CI=true: no engine is
// skipped silently.
package engine

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// PostgresEnv names the variable with the address of a running server: a DSN (URL or keyword=value words) of a user who
// may create databases.
const PostgresEnv = "HOLDFAST_TEST_POSTGRES"

// callTimeout bounds creating and dropping a database, on a machine busy with other tests.
const callTimeout = time.Minute

// Postgres creates an empty database for tb and returns its DSN. The database is dropped when tb ends, together with
// whoever is still connected to it.
func Postgres(tb testing.TB) string {
	tb.Helper()
	server := os.Getenv(PostgresEnv)
	if server == "" {
		missing(tb, "PostgreSQL", PostgresEnv)
	}
	name := "test_" + strings.ToLower(rand.Text())
	if err := execute(server, `CREATE DATABASE `+name); err != nil {
		tb.Fatalf("create a database on the server of %s: %v", PostgresEnv, err)
	}
	tb.Cleanup(func() {
		if err := execute(server, `DROP DATABASE `+name+` WITH (FORCE)`); err != nil {
			tb.Errorf("drop the test's database: %v", err)
		}
	})
	return withDatabase(server, name)
}

// missing ends tb: in CI it fails, elsewhere it is skipped with the reason.
func missing(tb testing.TB, engine, env string) {
	tb.Helper()
	if os.Getenv("CI") == "true" {
		tb.Fatalf("no %s: %s is not set, and CI tests every engine; run `make test`", engine, env)
	}
	tb.Skipf("no %s: %s is not set; `make test` starts one", engine, env)
}

func execute(dsn, sql string) error {
	ctx, cancel := context.WithTimeout(context.Background(), callTimeout)
	defer cancel()
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	defer func() { _ = conn.Close(ctx) }()
	_, err = conn.Exec(ctx, sql)
	return err
}

// withDatabase returns dsn for another database of the same server.
func withDatabase(dsn, name string) string {
	if address, err := url.Parse(dsn); err == nil && strings.HasPrefix(address.Scheme, "postgres") {
		address.Path = "/" + name
		return address.String()
	}
	return dsn + " dbname=" + name // of two equal keywords the last one counts
}
