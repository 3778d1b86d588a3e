package reservation

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"holdfast/fault"
	"holdfast/stock"
	"holdfast/uid"
)

// The desk. Commands wait in the lane of their lowest pool while the lane's last transaction commits; then the lane
// takes all that wait, has the store load and lock what they name, runs their rules one after the other in memory, and
// commits the difference with its events in one durable transaction. Every answer, refusals too, comes after that
// commit. Batches grow by themselves with the load; a row lock held for one batch is the only coordination between
// lanes and processes.
//
// A lane has two clerks who take turns: while the batch of one is being written, the other gathers the next, and has
// its transaction begun and its keys claimed by the time the first one's row locks fall. A clerk passes the turn on only
// when the store has given it its locks and its rules have run, so commands are decided in the order in which they came.

const (
	clerksPerLane = 2                      // batches of a lane under way at once
	dueLimit      = 64                     // lapsed holds a batch takes along
	dueRounds     = 16                     // how often commands that found too little wait for further ones
	bulkAlone     = 4                      // 1/4 of a batch's rows is what bulk work gets while nothing else waits
	bulkShare     = 8                      // 1/8 of a batch's rows is kept for bulk work when both wait
	batchTries    = 2                      // how often a batch is tried before it is taken apart
	settleTries   = 40                     // how often an unknown commit is asked for ...
	settleWait    = 250 * time.Millisecond // ... and how long apart
	retryOverload = time.Second
)

// command is one change on its way over the desk.
type command struct {
	name string
	lane stock.PoolID // decides the lane
	rows int          // how many slots it may touch, for the bound of a batch
	need func(*needs)
	// rule decides on loaded rows: it refuses with a *fault.Error before it has changed anything, or makes its changes.
	// It may run more than once, each time on fresh rows.
	rule func(*work) error

	bulk    bool   // stands behind live commands
	key     uid.ID // its idempotency key, or zero
	short   bool   // refused for want of stock that lapsed holds may still keep
	dropped atomic.Bool
	done    chan struct{}
	err     error // the refusal, or why it could not be decided; valid once done is closed
}

type desk struct {
	store    Store
	settings Settings
	node     string
	now      func() time.Time // zero time: the store's clock decides
	early    *early
	flying   *flying
	watchers *watchers
	meter    *meter
	log      *slog.Logger

	lanes   []*lane
	stopped chan struct{} // closed when nothing is decided any more
	cancel  context.CancelFunc
	wg      sync.WaitGroup

	mu       sync.RWMutex
	draining bool
}

func newDesk(d Deps, e *early, w *watchers, m *meter) *desk {
	k := &desk{store: d.Store, settings: d.Settings, node: d.Node, early: e, flying: newFlying(), watchers: w, meter: m, log: d.Logger}
	k.stopped = make(chan struct{})
	k.now = func() time.Time { return d.Clock.Now() }
	if d.StoreClock {
		k.now = func() time.Time { return time.Time{} }
	}
	for range d.Settings.Lanes {
		k.lanes = append(k.lanes, newLane(d.Settings))
	}
	m.queue(k.waiting)
	return k
}

// start opens the lanes; they outlive ctx, since only stop ends them.
func (k *desk) start(ctx context.Context) {
	ctx, k.cancel = context.WithCancel(context.WithoutCancel(ctx))
	for i, l := range k.lanes {
		for j := range clerksPerLane {
			c := &clerk{lane: l, stream: fmt.Sprintf("%s/lane-%d-%d", k.node, i, j)}
			k.wg.Go(func() { k.serve(ctx, c) })
		}
	}
}

// stop lets everything that waits be decided, then ends the lanes. When ctx ends, what is left is given up.
func (k *desk) stop(ctx context.Context) {
	k.mu.Lock()
	again := k.draining
	if !again {
		k.draining = true
		for _, l := range k.lanes {
			close(l.live)
		}
	}
	k.mu.Unlock()
	defer context.AfterFunc(ctx, k.cancel)()
	k.wg.Wait()
	k.cancel()
	if !again {
		close(k.stopped)
	}
}

func (k *desk) waiting() int {
	n := 0
	for _, l := range k.lanes {
		n += len(l.live) + len(l.bulk)
	}
	return n
}

// errDraining refuses work while the process shuts down.
var errDraining = fault.New(fault.Unavailable, "shutting_down", "This server is shutting down; nothing was changed. Try again.").RetryIn(retryOverload)

// do puts a command on the desk and waits for its answer. A full queue answers overloaded at once.
func (k *desk) do(ctx context.Context, c *command) error { return k.submit(ctx, c, false) }

// doBulk is do for work that stands behind live commands: bulk definition, roll-forward, sweeps. It waits for room in
// the queue instead of being refused.
func (k *desk) doBulk(ctx context.Context, c *command) error { return k.submit(ctx, c, true) }

func (k *desk) submit(ctx context.Context, c *command, bulk bool) error {
	c.done, c.bulk = make(chan struct{}), bulk
	l := k.lanes[laneOf(c.lane, len(k.lanes))]
	if !c.key.IsZero() {
		k.flying.add(c.key) // until it is answered, which may be after its caller has gone
	}
	if err := k.enqueue(ctx, l, c, bulk); err != nil {
		k.landed(c)
		return err
	}
	select {
	case <-c.done:
		k.meter.command(c)
		return c.err
	case <-ctx.Done():
		c.dropped.Store(true) // skipped if its batch has not begun; else it takes effect and a retry finds it
		return gaveUp(ctx)
	}
}

// answer lets the caller go on with what the command came to.
func (k *desk) answer(c *command) {
	k.landed(c)
	close(c.done)
}

// landed forgets that the command's key is under way.
func (k *desk) landed(c *command) {
	if !c.key.IsZero() {
		k.flying.remove(c.key)
	}
}

// gaveUp is what a caller is told whose time is over while its command waits.
func gaveUp(ctx context.Context) error {
	return fault.New(fault.Unavailable, "gave_up_waiting", "The answer did not come in time. Ask again with the same Idempotency-Key to learn what became of it.").
		RetryIn(retryOverload).Because(ctx.Err())
}

func (k *desk) enqueue(ctx context.Context, l *lane, c *command, bulk bool) error {
	k.mu.RLock()
	defer k.mu.RUnlock()
	switch {
	case k.draining:
		return errDraining
	case !bulk:
		select {
		case l.live <- c:
			l.entered()
			return nil
		default:
			k.meter.overloaded.Inc()
			return fault.Overloaded(retryOverload)
		}
	}
	select {
	case l.bulk <- c:
		return nil
	case <-ctx.Done():
		return gaveUp(ctx)
	case <-k.stopped:
		return errDraining
	}
}

// serve is the loop of one clerk.
func (k *desk) serve(ctx context.Context, c *clerk) {
	for {
		c.takeTurn()
		first, ok := c.lane.first()
		if !ok {
			k.finish(ctx, c)
			return
		}
		batch := k.collect(c.lane, first)
		size := c.lane.begin(batch)
		k.run(ctx, c, batch)
		c.lane.end(size)
		c.passTurn()
	}
}

// finish decides what bulk work still waits when the live queue has closed and run dry.
func (k *desk) finish(ctx context.Context, c *clerk) {
	defer c.passTurn()
	for {
		select {
		case first := <-c.lane.bulk:
			k.run(ctx, c, []*command{first})
		default:
			return
		}
	}
}

// run commits a batch, or takes it apart until the command that cannot be decided stands alone.
func (k *desk) run(ctx context.Context, c *clerk, batch []*command) {
	if len(batch) == 0 {
		return
	}
	var err error
	for try, round := 0, 0; try < batchTries; try++ {
		var more bool
		if more, err = k.commit(ctx, c, batch, round); err == nil {
			var again []*command
			for _, cmd := range batch {
				if more && cmd.short && round < dueRounds {
					again = append(again, cmd)
					continue
				}
				k.answer(cmd)
			}
			if len(again) == 0 {
				return
			}
			batch, try = again, -1
			round++
			continue
		}
		if unreachable(err) {
			break
		}
		k.meter.retried.Inc()
	}
	if len(batch) > 1 && !unreachable(err) {
		k.meter.split.Inc()
		k.log.Warn("batch taken apart", "commands", len(batch), "error", err)
		k.run(ctx, c, batch[:len(batch)/2])
		k.run(ctx, c, batch[len(batch)/2:])
		return
	}
	for _, cmd := range batch {
		cmd.err = undecided(err)
		if fault.KindOf(cmd.err) == fault.Internal {
			k.log.Error("command failed", "command", cmd.name, "error", err)
		}
		k.answer(cmd)
	}
}

// unreachable says that no batch can be decided now, so that taking this one apart helps nobody.
func unreachable(err error) bool {
	return fault.KindOf(err) == fault.Unavailable || errors.Is(err, context.Canceled) || errors.Is(err, errUnsettled)
}

// errRolledBack is a commit that was looked up and had not taken effect.
var errRolledBack = errors.New("batch was rolled back with its connection")

// errUnsettled is a commit of which nobody could be asked whether it took effect.
var errUnsettled = errors.New("commit not settled")

func undecided(err error) error {
	switch {
	case errors.Is(err, errUnsettled):
		return fault.New(fault.Unavailable, "outcome_unknown", "The connection to the database was lost at the very end. Ask again with the same Idempotency-Key to learn what became of it.").
			RetryIn(retryOverload).Because(err)
	case errors.Is(err, errRolledBack):
		return fault.Overloaded(retryOverload).Because(err) // twice: the connection or the disk is in trouble, not the command
	case errors.Is(err, context.Canceled):
		return errDraining
	}
	var f *fault.Error
	if errors.As(err, &f) {
		return f
	}
	return fault.Wrap(err, "desk")
}

// commit runs one transaction for the batch. A commit whose answer was lost is looked up by the batch's id.
// more: the batch gave lapsed holds back and there are further ones.
func (k *desk) commit(ctx context.Context, c *clerk, batch []*command, round int) (more bool, err error) {
	defer k.watchers.telling.begin(&err)()
	n := &needs{}
	for _, cmd := range batch {
		cmd.need(n)
	}
	b := Batch{ID: uid.New(), Stream: c.stream, Now: k.now()}
	var w *work
	var token *noteToken
	began := time.Now()
	need := n.merged(dueLimit)
	err = k.store.Transact(ctx, b, need, func(rows *Rows) (*Changes, error) {
		k.early.drop(token) // of an earlier try
		if w, err = k.decide(rows, batch); err != nil {
			return nil, err
		}
		w.keep(need.Keys)
		token = k.early.note(w.soldOut)
		changes := w.changes()
		if !w.unfinished(round) {
			c.passTurn()
		}
		return changes, nil
	})
	if errors.Is(err, ErrUnknownCommit) {
		err = k.settle(ctx, b.ID)
	}
	if err != nil {
		k.early.drop(token)
		return false, err
	}
	changed := w.changedSlots()
	k.early.freed(changed)
	k.early.believe(token)
	k.watchers.tell(changed)
	k.meter.batch(len(batch), len(changed), time.Since(began))
	return w.DueMore && len(w.Due) > 0, nil
}

// unfinished says that commands of the batch will be decided again in the next round, before any that came later.
func (w *work) unfinished(round int) bool {
	return w.anyShort && w.DueMore && len(w.Due) > 0 && round < dueRounds
}

// decide runs the rules of a batch on its rows. What has lapsed is given back first.
func (k *desk) decide(rows *Rows, batch []*command) (w *work, err error) {
	w = newWork(rows, &k.settings)
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("rule panicked: %v\n%s", p, debug.Stack())
		}
	}()
	for _, id := range rows.Due {
		if r := rows.Reservations[id]; r != nil {
			if err := w.lapse(r); err != nil {
				return nil, err
			}
		}
	}
	for _, c := range batch {
		c.err, w.short = nil, false
		if err := c.rule(w); err != nil {
			var refusal *fault.Error
			if !errors.As(err, &refusal) {
				return nil, fmt.Errorf("%s: %w", c.name, err)
			}
			c.err = refusal
		}
		c.short = c.err != nil && w.short
		w.anyShort = w.anyShort || c.short
	}
	return w, nil
}

// settle finds out what became of a commit whose answer was lost. nil: it took effect.
func (k *desk) settle(ctx context.Context, batch uid.ID) error {
	k.meter.unknown.Inc()
	for range settleTries {
		committed, err := k.store.Committed(ctx, batch)
		switch {
		case err == nil && committed:
			return nil
		case err == nil:
			return errRolledBack
		case ctx.Err() != nil:
			return errUnsettled
		}
		k.log.Warn("asking what became of a commit", "batch", batch.Text("batch"), "error", err)
		select {
		case <-time.After(settleWait):
		case <-ctx.Done():
		}
	}
	return errUnsettled
}
