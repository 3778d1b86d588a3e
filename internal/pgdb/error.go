package pgdb

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// What a store can ask of an error with errors.Is.
var (
	// ErrConflict: the transaction lost against another one and was rolled back; the same again may succeed. Matches
	// serialization failures (40001) and deadlocks (40P01); ErrDeadlock matches the latter alone, so that they can be
	// counted: our lock order should never let one happen.
	ErrConflict = errors.New("conflict with another transaction")
	ErrDeadlock = errors.New("deadlock")

	ErrConstraint = errors.New("constraint violated") // any of class 23
	ErrUnique     = errors.New("unique constraint violated")
	ErrCheck      = errors.New("check constraint violated")
	ErrForeignKey = errors.New("foreign key violated")

	ErrReadOnly = errors.New("database is read-only") // a standby, most often: the pool is connected to the old primary
	ErrFull     = errors.New("disk is full")
	// ErrUnavailable: the server cannot be reached, is starting or stopping, has no connection left, went away in the
	// middle of a statement, or broke off what took longer than its timeouts allow.
	ErrUnavailable = errors.New("database is unavailable")
	// ErrUnknownCommit: COMMIT was sent and its answer never came, so the transaction may be there or not. The caller
	// finds out by reading what it wrote.
	ErrUnknownCommit = errors.New("outcome of the commit is unknown")
)

// classified keeps the text and the chain of an error and adds the sentinels that name its kind.
type classified struct {
	error
	kinds []error
}

func (e *classified) Unwrap() []error { return append([]error{e.error}, e.kinds...) }

// Classify makes an error of pgx answer errors.Is for the sentinels of this package; other errors are returned as they
// are. Tx does it for what it returns; a store needs it only for errors it handles inside.
func Classify(err error) error {
	kinds := kindsOf(err)
	if err == nil || len(kinds) == 0 || errors.Is(err, kinds[0]) {
		return err
	}
	return &classified{error: err, kinds: kinds}
}

func kindsOf(err error) []error {
	answer, ok := errors.AsType[*pgconn.PgError](err)
	if !ok {
		if _, failed := errors.AsType[*pgconn.ConnectError](err); failed || lost(err) {
			return []error{ErrUnavailable}
		}
		return nil
	}
	switch answer.Code {
	case "40001":
		return []error{ErrConflict}
	case "40P01":
		return []error{ErrConflict, ErrDeadlock}
	case "23505":
		return []error{ErrConstraint, ErrUnique}
	case "23514":
		return []error{ErrConstraint, ErrCheck}
	case "23503":
		return []error{ErrConstraint, ErrForeignKey}
	case "25006":
		return []error{ErrReadOnly}
	case "53100":
		return []error{ErrFull}
	case "53300", "57P01", "57P02", "57P03", "57P05": // no connection left; being shut down, crashed, starting, idle too long
		return []error{ErrUnavailable}
	case "57014", "55P03", "25P03", "25P04": // a statement, a lock, an idle or a whole transaction took longer than the operator allows
		return []error{ErrUnavailable}
	}
	switch {
	case strings.HasPrefix(answer.Code, "23"):
		return []error{ErrConstraint}
	case strings.HasPrefix(answer.Code, "08"): // connection exceptions
		return []error{ErrUnavailable}
	}
	return nil
}

// lost tells whether err is about a connection rather than an answer of the server. pgx names it in no one way: what it
// could not send says that it is safe to send again, and what broke while it waited is an error of the network.
func lost(err error) bool {
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return false // the connection was given up for ctx; the server is not to blame
	}
	_, network := errors.AsType[*net.OpError](err)
	return network || pgconn.SafeToRetry(err) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF)
}

// Constraint returns the name of the constraint that err says was violated, or "".
func Constraint(err error) string {
	if answer, ok := errors.AsType[*pgconn.PgError](err); ok {
		return answer.ConstraintName
	}
	return ""
}

// CommitError is an error of COMMIT itself. Any other error of Tx comes from before COMMIT, and then the transaction
// was rolled back for sure.
type CommitError struct {
	// Unknown says that the transaction may have been committed all the same; errors.Is(err, ErrUnknownCommit) asks for
	// it. When false, the transaction was rolled back for sure.
	Unknown bool
	err     error
}

func (e *CommitError) Error() string {
	if e.Unknown {
		return "commit, outcome unknown: " + e.err.Error()
	}
	return "commit refused: " + e.err.Error()
}

// Unwrap gives the classified error of pgx.
func (e *CommitError) Unwrap() error { return e.err }

// Is makes errors.Is(err, ErrUnknownCommit) work.
func (e *CommitError) Is(target error) bool { return target == ErrUnknownCommit && e.Unknown }

// AtCommit says what the error of a pgx Tx.Commit means: a *CommitError, or nil for nil. Stores that do not use Tx call
// it themselves.
func AtCommit(err error) error {
	if err == nil {
		return nil
	}
	return &CommitError{Unknown: !rolledBack(err), err: Classify(err)}
}

// rolledBack tells whether err, the error of a COMMIT, proves that nothing was committed. Everything else is unknown.
func rolledBack(err error) bool {
	if errors.Is(err, pgx.ErrTxCommitRollback) || errors.Is(err, pgx.ErrTxClosed) {
		return true // the server answered ROLLBACK, or COMMIT was never sent
	}
	if answer, ok := errors.AsType[*pgconn.PgError](err); ok {
		// An ERROR at COMMIT aborts the transaction. A FATAL or PANIC ends the connection and may come after the commit
		// record was written (a shutdown while it waits for a standby); 40003 and class 08 say "unknown" themselves.
		return answer.SeverityUnlocalized == "ERROR" && answer.Code != "40003" && !strings.HasPrefix(answer.Code, "08")
	}
	// Not one byte of COMMIT left this process. "conn closed" does not prove that, though pgx says so: a connection that
	// breaks while pgx waits for the answer is closed first and then refused with the same error.
	return pgconn.SafeToRetry(err) && !strings.HasSuffix(err.Error(), "conn closed")
}
