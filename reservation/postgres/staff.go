package postgres

import (
	"context"

	"holdfast/uid"
)

var qWaitingForStaff = named("waiting_for_staff")

// WaitingForStaff lists what only staff can end.
func (s *Store) WaitingForStaff(ctx context.Context, after uid.ID, limit int) ([]uid.ID, error) {
	var ids []uid.ID
	err := s.query(ctx, "waiting for staff", qWaitingForStaff, func(a *args) *args { return a.id(after).int8(int64(limit)) }, func(r *row) error {
		ids = append(ids, r.id())
		return nil
	})
	return ids, err
}
