package peer

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
)

var (
	qSeatTable        = queries.Get("seat_table")
	qSeats            = queries.Get("seats")
	qLockSeats        = queries.Get("lock_seats")
	qReadSeats        = queries.Get("read_seats")
	qTakeSeats        = queries.Get("take_seats")
	qInsertClaimUnits = queries.Get("insert_claim_of_units")
)

// Seats sells seats: a row for each seat with a mask of its segments, of which as many as are wanted are locked that are
// free all the way (FOR UPDATE SKIP LOCKED, lowest first), then marked. It keeps no counters of segments: it need not meet
// others on a row. SeatsCounted keeps them too, as our tables have them. SeatsUnguarded looks without a lock, which is
// wrong: the verifier must catch it.
const (
	Seats          Form = "seats"
	SeatsCounted   Form = "seats_and_counters"
	SeatsUnguarded Form = "seats_unguarded"
)

// SeatForms lists the forms that sell seats.
var SeatForms = []Form{Seats, SeatsCounted}

// DefineSeats makes the rows of seats of pools 1 to pools.
func DefineSeats(ctx context.Context, dsn string, pools int64, seats int32) error {
	conn, err := connect(ctx, dsn)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	if _, err := conn.Exec(ctx, qSeatTable); err != nil {
		return fmt.Errorf("table of seats: %w", err)
	}
	if _, err := conn.Exec(ctx, qSeats, pools, seats); err != nil {
		return fmt.Errorf("seats: %w", err)
	}
	_, err = conn.Exec(ctx, "VACUUM (ANALYZE) peer_seats")
	return err
}

// mask has the bits of a claim's segments.
func (r *row) mask() int64 { return (1<<(r.Claim.To-r.Claim.From) - 1) << r.Claim.From }

// seats locks free seats and marks them: two round trips.
func seats(ctx context.Context, w *worker, r *row) (bool, error) {
	return takeSeats(ctx, w, r, qLockSeats, false)
}

func seatsCounted(ctx context.Context, w *worker, r *row) (bool, error) {
	return takeSeats(ctx, w, r, qLockSeats, true)
}

func seatsUnguarded(ctx context.Context, w *worker, r *row) (bool, error) {
	return takeSeats(ctx, w, r, qReadSeats, false)
}

func takeSeats(ctx context.Context, w *worker, r *row, find string, counted bool) (bool, error) {
	c := r.Claim
	rows, done, err := begin(ctx, w, r, true, find, int64(c.Pool), r.mask(), c.Count)
	if err != nil {
		return false, err
	}
	units, err := pgx.CollectRows(rows, pgx.RowTo[int16])
	if err := errors.Join(err, done()); err != nil {
		return false, err
	}
	if len(units) < int(c.Count) {
		w.rollback(ctx)
		return false, nil
	}
	r.units = units
	return true, finish(ctx, w, r, func(b *pgx.Batch) {
		b.Queue(qTakeSeats, int64(c.Pool), r.mask(), units)
		if counted {
			b.Queue(qTakeSlots, int64(c.Pool), int32(c.From), int32(c.To), c.Count)
		}
	})
}
