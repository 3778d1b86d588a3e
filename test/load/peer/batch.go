package peer

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/jackc/pgx/v5"

	"holdfast/stock"
	"holdfast/test/load/drive"
	"holdfast/uid"
)

var (
	qBatchKeys         = queries.Get("batch_keys")
	qBatchLockSlots    = queries.Get("batch_lock_slots")
	qBatchTakeSlots    = queries.Get("batch_take_slots")
	qBatchKeysIn       = queries.Get("batch_insert_keys")
	qBatchReservations = queries.Get("batch_insert_reservations")
	qBatchBySupplier   = queries.Get("batch_insert_by_supplier")
	qBatchClaims       = queries.Get("batch_insert_claims")
	qBatchHistory      = queries.Get("batch_insert_history")
	qBatchEvents       = queries.Get("batch_insert_events")
	qBatchCounts       = queries.Get("batch_put_counts")
)

// batcher gathers the orders that wait while a worker's last transaction commits, and answers them in one. A pool
// belongs to one worker, so that no two transactions meet.
type batcher struct {
	queues []chan *asked
	owners sync.WaitGroup
}

// asked is an order that waits for its answer.
type asked struct {
	*Order
	row    row
	id     uid.ID
	err    error
	answer chan struct{}
}

func newBatcher(ctx context.Context, workers []*worker) *batcher {
	ctx = context.WithoutCancel(ctx) // those who asked may leave; what was begun is finished nevertheless
	b := &batcher{}
	for _, w := range workers {
		queue := make(chan *asked, batchQueue)
		b.queues = append(b.queues, queue)
		b.owners.Go(func() { w.serve(ctx, queue) })
	}
	return b
}

func (b *batcher) stop() {
	for _, q := range b.queues {
		close(q)
	}
	b.owners.Wait()
}

func (b *batcher) place(ctx context.Context, o *Order) (uid.ID, error) {
	a := &asked{Order: o, answer: make(chan struct{})}
	select {
	case b.queues[int(o.Claim.Pool)%len(b.queues)] <- a:
	case <-ctx.Done():
		return uid.ID{}, ctx.Err()
	}
	select {
	case <-a.answer:
		return a.id, a.err
	case <-ctx.Done():
		return uid.ID{}, ctx.Err()
	}
}

func (w *worker) serve(ctx context.Context, queue chan *asked) {
	for first := range queue {
		batch := []*asked{first}
	more:
		for len(batch) < batchCommands {
			select {
			case a, ok := <-queue:
				if !ok {
					break more
				}
				batch = append(batch, a)
			default:
				break more
			}
		}
		err := w.answer(ctx, batch)
		for _, a := range batch {
			if err != nil {
				a.id, a.err = uid.ID{}, err
			}
			close(a.answer)
		}
	}
}

func (w *worker) answer(ctx context.Context, batch []*asked) error {
	for range tries {
		n := w.n
		err := w.commit(ctx, batch)
		if err == nil {
			return nil
		}
		w.n = n
		w.rollback(ctx)
		if kindOf(err) != again {
			return err
		}
	}
	return errBusy
}

// commit answers a batch in one transaction of two round trips: lock and look up; write and commit.
func (w *worker) commit(ctx context.Context, batch []*asked) error {
	found, free, err := w.load(ctx, batch)
	if err != nil {
		return err
	}
	var placed []*asked
	for _, a := range batch {
		a.id, a.err = uid.ID{}, nil
		switch id, ok := found[a.Key]; {
		case ok:
			a.id = id
			continue
		case !free.take(a.Claim):
			a.err = drive.ErrSoldOut
			continue
		}
		a.row = newRow(a.Order)
		a.id = a.row.id
		found[a.Key] = a.id
		placed = append(placed, a)
	}
	return w.write(ctx, placed)
}

// stocktake is what the locked slots can still give.
type stocktake map[stock.Key]int32

func (s stocktake) take(c stock.Claim) bool {
	for slot := c.From; slot < c.To; slot++ {
		if s[stock.Key{Pool: c.Pool, Slot: slot}] < c.Count {
			return false
		}
	}
	for slot := c.From; slot < c.To; slot++ {
		s[stock.Key{Pool: c.Pool, Slot: slot}] -= c.Count
	}
	return true
}

func (w *worker) load(ctx context.Context, batch []*asked) (map[uid.ID]uid.ID, stocktake, error) {
	keys := make([][16]byte, len(batch))
	wanted := map[stock.Key]bool{}
	for i, a := range batch {
		keys[i] = a.Key
		for slot := a.Claim.From; slot < a.Claim.To; slot++ {
			wanted[stock.Key{Pool: a.Claim.Pool, Slot: slot}] = true
		}
	}
	pools, numbers := make([]int64, 0, len(wanted)), make([]int32, 0, len(wanted))
	for key := range wanted {
		pools, numbers = append(pools, int64(key.Pool)), append(numbers, int32(key.Slot))
	}
	b := &pgx.Batch{}
	b.Queue("BEGIN")
	found := map[uid.ID]uid.ID{}
	b.Queue(qBatchKeys, keys).Query(func(rows pgx.Rows) error {
		var id, request, reservation [16]byte
		_, err := pgx.ForEachRow(rows, []any{&id, &request, &reservation}, func() error { found[id] = reservation; return nil })
		return err
	})
	free := stocktake{}
	b.Queue(qBatchLockSlots, pools, numbers).Query(func(rows pgx.Rows) error {
		var pool int64
		var slot, target, used int32
		var closed bool
		_, err := pgx.ForEachRow(rows, []any{&pool, &slot, &target, &used, &closed}, func() error {
			if !closed {
				free[stock.Key{Pool: stock.PoolID(pool), Slot: stock.Slot(slot)}] = target - used
			}
			return nil
		})
		return err
	})
	return found, free, w.conn.SendBatch(ctx, b).Close()
}

// columns are the rows of a batch, table by table.
type columns struct {
	keys, hashes, ids, suppliers         []uid.ID
	locators, callers, documents, events []string
	pools                                []int64
	from, to, units                      []int32
}

func (w *worker) write(ctx context.Context, placed []*asked) error {
	b := &pgx.Batch{}
	if len(placed) > 0 {
		w.queue(b, placed)
	}
	b.Queue("COMMIT")
	answers := w.conn.SendBatch(ctx, b)
	var first error
	for range b.Len() {
		if _, err := answers.Exec(); err != nil && first == nil {
			first = err
		}
	}
	if err := errors.Join(first, answers.Close()); err != nil {
		return fmt.Errorf("batch: %w", err)
	}
	w.n += int64(len(placed))
	return nil
}

func (w *worker) queue(b *pgx.Batch, placed []*asked) {
	c := columns{}
	taken := map[stock.Key]int32{}
	for _, a := range placed {
		r := &a.row
		c.keys, c.hashes, c.ids = append(c.keys, r.Key), append(c.hashes, r.Hash), append(c.ids, r.id)
		c.suppliers = append(c.suppliers, r.Supplier)
		c.locators, c.callers = append(c.locators, r.locator), append(c.callers, r.Caller)
		c.documents, c.events = append(c.documents, r.document), append(c.events, r.event())
		c.pools, c.from, c.to = append(c.pools, int64(r.Claim.Pool)), append(c.from, int32(r.Claim.From)), append(c.to, int32(r.Claim.To))
		c.units = append(c.units, r.Claim.Count)
		for slot := r.Claim.From; slot < r.Claim.To; slot++ {
			taken[stock.Key{Pool: r.Claim.Pool, Slot: slot}] += r.Claim.Count
		}
	}
	var pools []int64
	var numbers, units []int32
	for key, n := range taken {
		pools, numbers, units = append(pools, int64(key.Pool)), append(numbers, int32(key.Slot)), append(units, n)
	}
	one := &placed[0].row
	b.Queue(qBatchTakeSlots, pools, numbers, units)
	b.Queue(qBatchKeysIn, c.keys, c.hashes, c.ids, raw(one.id), one.now)
	b.Queue(qBatchReservations, c.ids, c.locators, c.callers, c.documents, one.Currency, one.now, one.until, one.EndsAt)
	b.Queue(qBatchBySupplier, c.suppliers, c.ids, one.now)
	b.Queue(qBatchClaims, c.ids, c.pools, c.from, c.to, c.units, one.until)
	b.Queue(qBatchHistory, c.ids, c.callers, one.now, w.n, w.stream)
	b.Queue(qBatchCounts, c.pools, c.callers, c.units)
	b.Queue(qBatchEvents, c.ids, c.events, one.now, w.stream, w.n)
}
