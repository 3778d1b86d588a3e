package sqlite

import (
	"context"

	"zombiezen.com/go/sqlite"

	"holdfast/uid"
)

var qWaitingForStaff = queries.Get("waiting_for_staff")

// WaitingForStaff lists what only staff can end.
func (s *Store) WaitingForStaff(ctx context.Context, after uid.ID, limit int) ([]uid.ID, error) {
	var ids []uid.ID
	err := s.read(ctx, "waiting for staff", func(conn *sqlite.Conn) error {
		st, err := prepare(conn, qWaitingForStaff)
		if err != nil {
			return err
		}
		st.blob(after[:])
		st.int(int64(limit))
		return st.all(func() { ids = append(ids, st.getID()) })
	})
	return ids, err
}
