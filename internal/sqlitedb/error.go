package sqlitedb

import (
	"context"
	"errors"
	"fmt"

	"zombiezen.com/go/sqlite"
)

// What a store can ask of an error with errors.Is. A violated constraint matches ErrConstraint and, where SQLite says
// which kind, one of the more exact ones as well.
var (
	ErrConstraint = errors.New("constraint violated")
	ErrUnique     = errors.New("unique constraint violated") // a unique index or a primary key
	ErrCheck      = errors.New("check constraint violated")
	ErrForeignKey = errors.New("foreign key violated")
	ErrBusy       = errors.New("database is busy")
	ErrFull       = errors.New("disk is full")
	ErrIO         = errors.New("reading or writing the file failed") // a quota or a limit that is used up, a disk that breaks
	ErrReadOnly   = errors.New("database is read-only")
	ErrCorrupt    = errors.New("database file is damaged")
	ErrClosed     = errors.New("database is closed")
	// ErrUnknownCommit: COMMIT was sent and failed in a way that leaves open whether the transaction will be there when
	// the file is next opened. The caller finds out by reading what it wrote.
	ErrUnknownCommit = errors.New("outcome of the commit is unknown")
)

// CommitError is an error of COMMIT itself. Any other error of DB.Write comes from before COMMIT, and then the
// transaction was rolled back for sure.
type CommitError struct {
	// Unknown says that the transaction may have become durable all the same; errors.Is(err, ErrUnknownCommit) asks for
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

// Unwrap gives the classified error of the engine.
func (e *CommitError) Unwrap() error { return e.err }

// Is makes errors.Is(err, ErrUnknownCommit) work.
func (e *CommitError) Is(target error) bool { return target == ErrUnknownCommit && e.Unknown }

// classified keeps the text and the chain of an error and adds the sentinels that name its kind.
type classified struct {
	error
	kinds []error
}

func (e *classified) Unwrap() []error { return append([]error{e.error}, e.kinds...) }

// Classify makes an error of the engine answer errors.Is for the sentinels of this package; other errors are returned
// as they are. DB.Write and DB.Read do it for what they return; a store needs it only for errors it handles inside.
func Classify(err error) error {
	kinds := kindsOf(sqlite.ErrCode(err))
	if err == nil || len(kinds) == 0 || errors.Is(err, kinds[0]) {
		return err
	}
	return &classified{error: err, kinds: kinds}
}

func kindsOf(code sqlite.ResultCode) []error {
	//nolint:exhaustive // the extended codes that name a kind of constraint; all others are judged by their primary code
	switch code {
	case sqlite.ResultConstraintUnique, sqlite.ResultConstraintPrimaryKey, sqlite.ResultConstraintRowID:
		return []error{ErrConstraint, ErrUnique}
	case sqlite.ResultConstraintCheck:
		return []error{ErrConstraint, ErrCheck}
	case sqlite.ResultConstraintForeignKey:
		return []error{ErrConstraint, ErrForeignKey}
	}
	//nolint:exhaustive // the other codes are mistakes in our SQL or the machine's trouble: no store acts on them
	switch code.ToPrimary() {
	case sqlite.ResultConstraint:
		return []error{ErrConstraint}
	case sqlite.ResultBusy, sqlite.ResultLocked:
		return []error{ErrBusy}
	case sqlite.ResultFull:
		return []error{ErrFull}
	case sqlite.ResultIOErr:
		return []error{ErrIO}
	case sqlite.ResultReadOnly:
		return []error{ErrReadOnly}
	case sqlite.ResultCorrupt, sqlite.ResultNotADB:
		return []error{ErrCorrupt}
	}
	return nil
}

// finish classifies what a transaction ended with and lets a cut-off by ctx answer for ctx.
func finish(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if sqlite.ErrCode(err).ToPrimary() == sqlite.ResultInterrupt && ctx.Err() != nil && !errors.Is(err, ctx.Err()) {
		return fmt.Errorf("%w: %w", ctx.Err(), err)
	}
	return Classify(err)
}
