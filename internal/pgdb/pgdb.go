package pgdb

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"holdfast/internal/telemetry"
)

// Options of Open.
type Options struct {
	// Schema is the schema of the service, lower-case letters, digits and _; it must be given. Every connection works in
	// it alone.
	Schema string
	// MaxConns bounds the connections of this pool; 8 when zero. Waiting for one is bounded by the caller's ctx.
	MaxConns int32
	// ConnectTimeout bounds opening one connection; 5 s when zero.
	ConnectTimeout time.Duration
}

const (
	defaultMaxConns       = 8
	defaultConnectTimeout = 5 * time.Second
	// statementCache is the number of statements each connection keeps prepared; far more than any store has.
	statementCache = 512
	// rollbackTimeout bounds the ROLLBACK after ctx has ended; past it the connection is dropped, which rolls back too.
	rollbackTimeout = 5 * time.Second
	// idleInTransaction is when the server ends a transaction whose process has fallen silent (a lost network, a frozen
	// machine), so that its row locks are free again.
	idleInTransaction = 30 * time.Second
)

var schemaName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,62}$`)

// Open opens a pool on the database that dsn (a URL or keyword=value words) names and returns when the server has
// answered once. Several hosts may be given; the one that takes writes is used. Close the pool when done.
func Open(ctx context.Context, dsn string, options Options) (*pgxpool.Pool, error) {
	if options.MaxConns < 0 || options.ConnectTimeout < 0 {
		return nil, fmt.Errorf("open database: negative option in %+v", options)
	}
	config, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, fmt.Errorf("database address: %w", err) // pgx leaves the password out of it
	}
	if err := settle(config.ConnConfig, options.Schema); err != nil {
		return nil, err
	}
	config.MaxConns = options.MaxConns
	if config.MaxConns == 0 {
		config.MaxConns = defaultMaxConns
	}
	config.ConnConfig.ConnectTimeout = options.ConnectTimeout
	if options.ConnectTimeout == 0 {
		config.ConnConfig.ConnectTimeout = defaultConnectTimeout
	}
	config.PrepareConn = func(ctx context.Context, _ *pgx.Conn) (bool, error) {
		telemetry.UseStore(ctx)
		return true, nil
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", Classify(err))
	}
	if err := pool.Ping(ctx); err != nil {
		pool.Close()
		return nil, fmt.Errorf("reach database: %w", Classify(err))
	}
	return pool, nil
}

// settle gives a connection the settings that every use of the database shares.
func settle(config *pgx.ConnConfig, schema string) error {
	if !schemaName.MatchString(schema) {
		return fmt.Errorf("database schema %q: want lower-case letters, digits and _, starting with a letter", schema)
	}
	params := config.RuntimeParams
	params["search_path"] = schema
	params["timezone"] = "UTC"
	if params["application_name"] == "" {
		params["application_name"] = "holdfast " + schema
	}
	if params["idle_in_transaction_session_timeout"] == "" {
		params["idle_in_transaction_session_timeout"] = strconv.FormatInt(idleInTransaction.Milliseconds(), 10)
	}
	config.DefaultQueryExecMode = pgx.QueryExecModeCacheStatement
	config.StatementCacheCapacity = statementCache
	severalHosts := slices.ContainsFunc(config.Fallbacks, func(f *pgconn.FallbackConfig) bool {
		return f.Host != config.Host || f.Port != config.Port
	})
	if severalHosts && config.ValidateConnect == nil {
		config.ValidateConnect = pgconn.ValidateConnectTargetSessionAttrsReadWrite
	}
	return nil
}

// Beginner is what Tx needs of a pool or a connection.
type Beginner interface {
	BeginTx(ctx context.Context, options pgx.TxOptions) (pgx.Tx, error)
}

// Tx runs fn in a transaction. It commits when fn returns nil and rolls back when fn returns an error or panics; the
// panic goes on. An error that is no *CommitError means that the transaction was rolled back for sure. Trying again
// after ErrConflict is the caller's: it knows what may be run twice.
func Tx(ctx context.Context, db Beginner, options pgx.TxOptions, fn func(pgx.Tx) error) error {
	tx, err := db.BeginTx(ctx, options)
	if err != nil {
		return fmt.Errorf("begin: %w", Classify(err))
	}
	ended := false
	defer func() {
		if ended {
			return
		}
		// ctx may be over, and the rows must not stay locked for that.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), rollbackTimeout)
		defer cancel()
		_ = tx.Rollback(ctx) // failing, it closes the connection, and the server rolls back
	}()
	if err := fn(tx); err != nil {
		return Classify(err)
	}
	ended = true
	return AtCommit(tx.Commit(ctx))
}
