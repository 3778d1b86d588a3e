package house

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"

	"github.com/jackc/pgx/v5"

	"holdfast/test/engine"
)

// ErrNoPostgres means that the environment names no server.
var ErrNoPostgres = errors.New("no PostgreSQL: " + engine.PostgresEnv + " is not set; run under `go run ./test/engine/cmd/engines --`")

// Database is a database of its own on the server under test.
type Database struct {
	DSN          string
	server, name string
}

// NewDatabase creates an empty database.
func NewDatabase(ctx context.Context) (*Database, error) {
	server := os.Getenv(engine.PostgresEnv)
	if server == "" {
		return nil, ErrNoPostgres
	}
	d := &Database{server: server, name: "load_" + strings.ToLower(rand.Text())}
	if err := d.execute(ctx, "CREATE DATABASE "+d.name); err != nil {
		return nil, err
	}
	d.DSN = server + " dbname=" + d.name // of two equal keywords the last one counts
	if address, err := url.Parse(server); err == nil && strings.HasPrefix(address.Scheme, "postgres") {
		address.Path = "/" + d.name
		d.DSN = address.String()
	}
	return d, nil
}

// Drop removes the database, whoever is still connected.
func (d *Database) Drop(ctx context.Context) error {
	return d.execute(context.WithoutCancel(ctx), "DROP DATABASE "+d.name+" WITH (FORCE)")
}

func (d *Database) execute(ctx context.Context, sql string) error {
	conn, err := pgx.Connect(ctx, d.server)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	if _, err := conn.Exec(ctx, sql); err != nil {
		return fmt.Errorf("%s: %w", sql, err)
	}
	return nil
}

// Settle leaves the database as a fresh one is after its stock was made: the planner knows the stock, the other tables
// are empty and it knows nothing of them, and a checkpoint has been written, so that every contestant starts alike.
func (d *Database) Settle(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, d.DSN)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	for _, sql := range []string{"VACUUM (ANALYZE) reservation.pools, reservation.slots", "CHECKPOINT"} {
		if _, err := conn.Exec(ctx, sql); err != nil {
			return fmt.Errorf("%s: %w", sql, err)
		}
	}
	return nil
}

// FsyncOn fails unless the server flushes what it commits.
func FsyncOn(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, os.Getenv(engine.PostgresEnv))
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	for _, name := range []string{"fsync", "synchronous_commit", "full_page_writes"} {
		var value string
		if err := conn.QueryRow(ctx, "SHOW "+name).Scan(&value); err != nil {
			return err
		}
		if value != "on" {
			return fmt.Errorf("%s is %s: figures without durability are not comparable", name, value)
		}
	}
	return nil
}
