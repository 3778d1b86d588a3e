package relational

import (
	"context"
	"errors"
)

// Holder is an Engine whose writers all live in this process and can be kept out for an instant.
type Holder interface {
	Hold(ctx context.Context) (release func(), err error)
}

// Hold keeps writers out until release is called: a backup fixes the state of all stores at one instant. Only a store on
// a Holder can.
func (s *Store) Hold(ctx context.Context) (release func(), err error) {
	holder, ok := s.engine.(Holder)
	if !ok {
		return nil, errors.New("writers of other processes cannot be kept out of this store")
	}
	return holder.Hold(ctx)
}
