package intaketest

import (
	"context"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"holdfast/feed/intake"
)

// Forgetful is a store that loses answers: the next Lose commits take place and are answered with ErrUnknownCommit.
type Forgetful struct {
	intake.Store
	Lose atomic.Int32
}

// Transact implements intake.Store.
func (f *Forgetful) Transact(ctx context.Context, partner string, fn func(now time.Time, s *intake.Status) (intake.Change, error)) error {
	err := f.Store.Transact(ctx, partner, fn)
	if err == nil && f.Lose.Load() > 0 && f.Lose.Add(-1) >= 0 {
		return intake.ErrUnknownCommit
	}
	return err
}

// text is objects as one line, by key.
func text(values map[string]string) string {
	var parts []string
	for _, k := range slices.Sorted(maps.Keys(values)) {
		parts = append(parts, k+"="+values[k])
	}
	return strings.Join(parts, " ")
}

// lines is objects as a file.
func lines(values map[string]string) string {
	return strings.ReplaceAll(text(values), " ", "\n") + "\n"
}
