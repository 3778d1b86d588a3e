package peer

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"holdfast/internal/sqlfile"
	"holdfast/stock"
	"holdfast/test/load/drive"
	"holdfast/uid"
)

//go:embed queries.sql
var queriesText string

var queries = sqlfile.Parse("test/load/peer/queries.sql", queriesText)

var (
	qPools  = queries.Get("pools")
	qSlots  = queries.Get("slots")
	qStream = queries.Get("stream")
	qKey    = queries.Get("key")
)

// Form is a way to sell.
type Form string

// The forms. Batched answers requests together, as ours does, written by hand; Unguarded checks, then writes, which is
// wrong: the verifier must catch it.
const (
	ForUpdate    Form = "for_update"
	Optimistic   Form = "optimistic"
	Conditional  Form = "conditional"
	OneStatement Form = "one_statement"
	Batched      Form = "batched"
	Unguarded    Form = "unguarded"
)

// Forms lists those that answer each request in a transaction of its own, and are right.
var Forms = []Form{ForUpdate, Optimistic, Conditional, OneStatement}

// place is one attempt of a form on a worker's connection. placed is false when the stock does not suffice.
var place = map[Form]func(context.Context, *worker, *row) (placed bool, err error){
	ForUpdate: forUpdate, Optimistic: optimistic, Conditional: conditional, OneStatement: oneStatement, Unguarded: unguarded,
	Seats: seats, SeatsCounted: seatsCounted, SeatsUnguarded: seatsUnguarded,
}

const (
	schema = "reservation"
	// tries bounds the attempts at one request: versions that changed meanwhile, taken locators, deadlocks.
	tries = 2000
	// batchCommands is how many requests the batched form takes together, as many as ours.
	batchCommands = 512
	batchWorkers  = 4
	batchQueue    = 8192
)

var errBusy = errors.New("other requests were faster every time")

// errAgain is an attempt that lost against another request: the same again may succeed.
var errAgain = errors.New("try again")

// Peer sells in one form.
type Peer struct {
	form    Form
	workers []*worker
	idle    chan *worker
	batches *batcher // of the batched form, else nil
}

// worker is a connection with the stream of the outbox that it alone numbers.
type worker struct {
	conn   *pgx.Conn
	stream int32
	n      int64 // of the last event written
}

// Define makes pools 1 to pools with units in each of the slots [from, to), of one supplier.
func Define(ctx context.Context, dsn string, pools int64, units int32, from, to stock.Slot, supplier uid.ID) error {
	conn, err := connect(ctx, dsn)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	if _, err := conn.Exec(ctx, qPools, pools, units, int32(from), int32(to), raw(supplier)); err != nil {
		return fmt.Errorf("pools: %w", err)
	}
	if _, err := conn.Exec(ctx, qSlots, pools, units, int32(from), int32(to)); err != nil {
		return fmt.Errorf("slots: %w", err)
	}
	return nil
}

func connect(ctx context.Context, dsn string) (*pgx.Conn, error) {
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		return nil, err
	}
	config.RuntimeParams["search_path"] = schema
	config.RuntimeParams["timezone"] = "UTC"
	config.RuntimeParams["application_name"] = "load peer"
	// As our engine has it: every statement names its rows by key, so one plan serves all values.
	config.RuntimeParams["plan_cache_mode"] = "force_generic_plan"
	config.RuntimeParams["enable_seqscan"] = "off"
	config.RuntimeParams["jit"] = "off"
	return pgx.ConnectConfig(ctx, config)
}

// Open connects so many workers to a migrated database.
func Open(ctx context.Context, dsn string, form Form, connections int) (*Peer, error) {
	if form == Batched {
		connections = batchWorkers
	}
	p := &Peer{form: form, idle: make(chan *worker, connections)}
	for i := range connections {
		conn, err := connect(ctx, dsn)
		if err != nil {
			return nil, errors.Join(err, p.Close(ctx))
		}
		w := &worker{conn: conn}
		p.workers = append(p.workers, w)
		if err := conn.QueryRow(ctx, qStream, fmt.Sprintf("peer-%d", i)).Scan(&w.stream); err != nil {
			return nil, errors.Join(fmt.Errorf("stream: %w", err), p.Close(ctx))
		}
		p.idle <- w
	}
	if form == Batched {
		p.batches = newBatcher(ctx, p.workers)
	}
	return p, nil
}

// Close ends the connections; no request may be under way.
func (p *Peer) Close(ctx context.Context) error {
	ctx = context.WithoutCancel(ctx)
	if p.batches != nil {
		p.batches.stop()
	}
	var errs []error
	for _, w := range p.workers {
		errs = append(errs, w.conn.Close(ctx))
	}
	return errors.Join(errs...)
}

// Place answers one order: the id of its reservation, or drive.ErrSoldOut.
func (p *Peer) Place(ctx context.Context, o *Order) (uid.ID, error) {
	if p.batches != nil {
		return p.batches.place(ctx, o)
	}
	var w *worker
	select {
	case w = <-p.idle:
	case <-ctx.Done():
		return uid.ID{}, ctx.Err()
	}
	defer func() { p.idle <- w }()
	return w.place(ctx, place[p.form], o)
}

func (w *worker) place(ctx context.Context, form func(context.Context, *worker, *row) (bool, error), o *Order) (uid.ID, error) {
	for range tries {
		r := newRow(o)
		w.n++
		placed, err := form(ctx, w, &r)
		if err == nil && placed {
			return r.id, nil
		}
		w.n-- // nothing was written under this number
		if err != nil {
			w.rollback(ctx)
		}
		switch kind := kindOf(err); kind {
		case fine:
			return uid.ID{}, drive.ErrSoldOut
		case taken:
			return w.first(ctx, o)
		case again:
		case broken:
			return uid.ID{}, err
		}
	}
	return uid.ID{}, errBusy
}

// kind is what an attempt came to besides a placing.
type kind int

const (
	fine  kind = iota + 1
	taken      // the idempotency key has an answer already
	again      // another request was faster
	broken
)

func kindOf(err error) kind {
	answer, ok := errors.AsType[*pgconn.PgError](err)
	switch {
	case err == nil:
		return fine
	case errors.Is(err, errTaken), ok && answer.ConstraintName == "idempotency_keys_pkey":
		return taken
	case errors.Is(err, errAgain), ok && (answer.ConstraintName == "reservations_locator" || answer.Code == "40001" || answer.Code == "40P01"):
		return again
	case ok && answer.Code == "22012": // one_statement: not all nights were free
		return fine
	}
	return broken
}

// errTaken is an idempotency key that was found before anything was written.
var errTaken = errors.New("idempotency key is taken")

// rollback leaves the connection outside of a transaction.
func (w *worker) rollback(ctx context.Context) {
	if w.conn.PgConn().TxStatus() != 'I' {
		_, _ = w.conn.Exec(ctx, "ROLLBACK") // failing, the connection is broken, and the next statement says so
	}
}

// first is the answer that an idempotency key has.
func (w *worker) first(ctx context.Context, o *Order) (uid.ID, error) {
	var request, id uid.ID
	if err := w.conn.QueryRow(ctx, qKey, raw(o.Key)).Scan((*[16]byte)(&request), (*[16]byte)(&id)); err != nil {
		return uid.ID{}, fmt.Errorf("key: %w", err)
	}
	if request != o.Hash {
		return uid.ID{}, errors.New("idempotency key was used for a different request")
	}
	return id, nil
}

// ParseForm reads the name of a form.
func ParseForm(name string) (Form, error) {
	f := Form(name)
	if _, ok := place[f]; !ok && f != Batched {
		var names []string
		for _, known := range append(Forms, Batched, Unguarded) {
			names = append(names, string(known))
		}
		return "", fmt.Errorf("form %q is unknown; known are %s", name, strings.Join(names, ", "))
	}
	return f, nil
}
