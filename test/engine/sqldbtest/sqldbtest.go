// Package sqldbtest is the suite of sqldb.Engine: what every store may rely on, whichever engine keeps its tables.
package sqldbtest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"holdfast/civil"
	"holdfast/fault"
	"holdfast/internal/sqldb"
	"holdfast/uid"
)

// Statements names what an engine brings for its table of things, whose columns are those of thing, in that order, and
// whose key is the id:
//
//	put    writes a thing, to be queued; an id that is taken is refused
//	many   the same, for Many
//	touch  adds its second argument to the n of an id
//	all    reads all in the order of n
//	of     reads those with an up of some ids, in the order of up and n
//	count  counts them
var Statements = []string{"put", "many", "touch", "all", "of", "count"}

// thing has a column of every type.
type thing struct {
	id    uid.ID
	up    uid.ID // zero: NULL
	n     int64
	small *int32
	ratio float64
	text  string
	yes   bool
	day   civil.Date
	at    time.Time
	raw   []byte
}

func (x *thing) args() []any {
	up, small := any(nil), any(nil)
	if !x.up.IsZero() {
		up = x.up
	}
	if x.small != nil {
		small = int64(*x.small)
	}
	return []any{x.id, up, x.n, small, x.ratio, x.text, x.yes, x.day, x.at, x.raw}
}

func read(r sqldb.Row) thing {
	return thing{r.ID(), r.ID(), r.Int(), r.OptionalInt(), r.Float(), r.Text(), r.Bool(), r.Date(), r.Time(), r.Bytes()}
}

func (x *thing) equal(y *thing) bool {
	small := x.small == nil && y.small == nil || x.small != nil && y.small != nil && *x.small == *y.small
	return small && x.id == y.id && x.up == y.up && x.n == y.n && x.ratio == y.ratio && x.text == y.text && x.yes == y.yes && x.day == y.day &&
		x.at.Equal(y.at) && y.at.Location() == time.UTC && slices.Equal(x.raw, y.raw)
}

// some is things with little in them, numbered from a number on.
func some(from, n int) []thing {
	out := make([]thing, n)
	for i := range out {
		out[i] = thing{id: uid.New(), n: int64(from + i), raw: fmt.Appendf(nil, "thing %d", from+i)}
	}
	return out
}

var (
	errUnknown = errors.New("unknown commit")
	errTaken   = errors.New("taken")
	errOwn     = errors.New("own")
	said       = sqldb.Errors{UnknownCommit: errUnknown, Taken: errTaken, Own: []error{errOwn}}
)

// RunEngine runs the suite; open gives an engine on a fresh, empty table.
func RunEngine(t *testing.T, open func(*testing.T) sqldb.Engine) {
	for name, test := range map[string]func(*testing.T, *suite){
		"types":    types,
		"queue":    queue,
		"many":     many,
		"each":     each,
		"rollback": rollback,
		"snapshot": snapshot,
		"errors":   words,
		"clock":    now,
	} {
		t.Run(name, func(t *testing.T) {
			e := open(t)
			s := &suite{engine: e, db: sqldb.New(e, said)}
			t.Cleanup(func() {
				if err := s.db.Close(); err != nil {
					t.Error(err)
				}
			})
			test(t, s)
		})
	}
}

type suite struct {
	engine sqldb.Engine
	db     *sqldb.DB
}

func (s *suite) write(t *testing.T, fn func(sqldb.Tx) error) {
	t.Helper()
	if err := s.db.Write(t.Context(), "write things", fn); err != nil {
		t.Fatal(err)
	}
}

func (s *suite) count(t *testing.T) (n int64) {
	t.Helper()
	if err := s.db.Read(t.Context(), "count things", func(tx sqldb.Tx) (err error) {
		n, err = count(tx)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return n
}

func count(tx sqldb.Tx) (n int64, err error) {
	err = tx.Rows("count", nil, func(r sqldb.Row) error {
		n = r.Int()
		return nil
	})
	return n, err
}

func put(things []thing) func(sqldb.Tx) error {
	return func(tx sqldb.Tx) error {
		for i := range things {
			if err := tx.Queue("put", things[i].args()...); err != nil {
				return err
			}
		}
		return nil
	}
}

// What was written is what is read, at the ends of every type; and what was read stays when the next row is.
func types(t *testing.T, s *suite) {
	least, most := int32(-1<<31), int32(1<<31-1)
	want := []thing{
		{id: uid.New(), n: -1 << 63, ratio: -1.5e-300, day: civil.DateOf(1, time.January, 1), at: time.Time{}, raw: []byte{}},
		{id: uid.New(), n: 0, small: &least, text: "ж, \"'\n🚆", yes: true, day: civil.DateOf(1969, time.December, 31), at: time.UnixMicro(-1), raw: []byte{0, 1, 255}},
		{id: uid.New(), n: 1<<63 - 1, small: &most, ratio: 0.1, day: civil.DateOf(9999, time.December, 31), at: time.Date(2026, 11, 22, 23, 59, 59, 999_999_000, time.FixedZone("", 7200)), raw: []byte("z")},
	}
	want[2].up = want[0].id
	for name, write := range map[string]func(sqldb.Tx) error{
		"queued": put(want),
		"many": func(tx sqldb.Tx) error {
			for i := range want {
				want[i].id = uid.New()
			}
			rows := [][]any{want[0].args(), want[1].args(), want[2].args()}
			_, err := tx.Many("many", rows)
			return err
		},
	} {
		var got []thing
		err := s.engine.Write(t.Context(), func(tx sqldb.Tx) error {
			got = nil
			if err := write(tx); err != nil {
				return err
			}
			if err := tx.Rows("all", nil, func(r sqldb.Row) error {
				got = append(got, read(r))
				return nil
			}); err != nil {
				return err
			}
			return errOwn // the next one finds the table empty
		})
		if !errors.Is(err, errOwn) {
			t.Fatal(err)
		}
		if !slices.EqualFunc(got, want, func(g, w thing) bool { return w.equal(&g) }) {
			t.Errorf("%s: got %+v, want %+v", name, got, want)
		}
	}
}

// Queued statements run in their order, before whatever reads or counts and before the commit, however many.
func queue(t *testing.T, s *suite) {
	things := some(0, 2345)
	s.write(t, func(tx sqldb.Tx) error {
		if err := put(things)(tx); err != nil {
			return err
		}
		for range 2 { // on the row that a statement just before puts there
			if err := tx.Queue("touch", things[2343].id, int64(100_000)); err != nil {
				return err
			}
		}
		if err := put(some(10_000, 3))(tx); err != nil {
			return err
		}
		n, err := tx.Exec("touch", things[2344].id, int64(300_000))
		if err == nil && n != 1 {
			t.Errorf("a statement after the queue touched %d rows, want 1", n)
		}
		if err != nil {
			return err
		}
		if n, err := count(tx); n != 2348 || err != nil {
			t.Errorf("%d things (%v) in the transaction, want 2348", n, err)
		}
		return put(some(20_000, 2))(tx) // goes with the commit
	})
	if n := s.count(t); n != 2350 {
		t.Errorf("%d things, want 2350", n)
	}
	var last []int64
	if err := s.db.Read(t.Context(), "read things", func(tx sqldb.Tx) error {
		return tx.Rows("all", nil, func(r sqldb.Row) error {
			last = append(last, read(r).n)
			return nil
		})
	}); err != nil {
		t.Fatal(err)
	}
	if got, want := last[len(last)-2:], []int64{202_343, 302_344}; !slices.Equal(got, want) {
		t.Errorf("the highest are %d, want %d", got, want)
	}
}

func many(t *testing.T, s *suite) {
	var rows [][]any
	things := some(0, 11_000) // some pieces and a part of one
	for i := range things {
		rows = append(rows, things[i].args())
	}
	s.write(t, func(tx sqldb.Tx) error {
		if err := put(some(50_000, 1))(tx); err != nil {
			return err
		}
		n, err := tx.Many("many", rows)
		if n != 11_000 {
			t.Errorf("touched %d (%v), want 11,000", n, err)
		}
		return err
	})
	var got []thing
	if err := s.db.Read(t.Context(), "read things", func(tx sqldb.Tx) error {
		return tx.Rows("all", nil, func(r sqldb.Row) error {
			got = append(got, read(r))
			return nil
		})
	}); err != nil {
		t.Fatal(err)
	}
	if len(got) != 11_001 {
		t.Fatalf("%d things, want 11,001", len(got))
	}
	for i := range things { // what was read first stayed as it was
		if !things[i].equal(&got[i]) {
			t.Fatalf("got %+v, want %+v", got[i], things[i])
		}
	}
	s.write(t, func(tx sqldb.Tx) error {
		n, err := tx.Many("many", nil)
		if n != 0 {
			t.Errorf("touched %d with no rows", n)
		}
		return err
	})
	err := s.db.Write(t.Context(), "write things", func(tx sqldb.Tx) error {
		_, err := tx.Many("many", rows[10_990:])
		return err
	})
	if !errors.Is(err, errTaken) {
		t.Errorf("the same again: %v, want taken", err)
	}
}

func each(t *testing.T, s *suite) {
	things := some(0, 60)
	ups := []uid.ID{uid.New(), uid.New(), uid.New()}
	for i := range things {
		things[i].up = ups[i%3]
	}
	s.write(t, put(things))
	var got []uid.ID
	perUp := map[uid.ID]int{}
	if err := s.db.Read(t.Context(), "read things", func(tx sqldb.Tx) error {
		return tx.Each("of", ups[1:], func(r sqldb.Row) error {
			x := read(r)
			if perUp[x.up]++; len(got) == 0 || got[len(got)-1] != x.up {
				got = append(got, x.up)
			}
			return nil
		})
	}); err != nil {
		t.Fatal(err)
	}
	if len(got) != 2 || perUp[ups[1]] != 20 || perUp[ups[2]] != 20 {
		t.Errorf("rows of %v: %v, want 20 of each of two, one after the other", got, perUp)
	}
}

// Nothing stays of a transaction whose function fails, and of a Read nothing ever.
func rollback(t *testing.T, s *suite) {
	err := s.db.Write(t.Context(), "write things", func(tx sqldb.Tx) error {
		if err := put(some(0, 5))(tx); err != nil {
			return err
		}
		if n, err := count(tx); n != 5 || err != nil {
			t.Errorf("%d things (%v), want 5", n, err)
		}
		return errOwn
	})
	if !errors.Is(err, errOwn) {
		t.Errorf("got %v, want what the function said", err)
	}
	_ = s.db.Read(t.Context(), "write things", func(tx sqldb.Tx) error { // an engine may refuse it at once
		if err := put(some(0, 5))(tx); err != nil {
			return err
		}
		_, err := tx.Exec("touch", uid.New(), int64(1))
		return err
	})
	err = s.db.Read(t.Context(), "read things", func(tx sqldb.Tx) error {
		if err := tx.Rows("count", nil, func(sqldb.Row) error { return errOwn }); !errors.Is(err, errOwn) {
			t.Errorf("got %v, want what the row's function said", err)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	if n := s.count(t); n != 0 {
		t.Errorf("%d things, want none", n)
	}
}

// A Read sees one state, whatever is committed meanwhile.
func snapshot(t *testing.T, s *suite) {
	s.write(t, put(some(0, 1)))
	if err := s.db.Read(t.Context(), "read things", func(tx sqldb.Tx) error {
		if n, err := count(tx); n != 1 || err != nil {
			t.Errorf("%d things (%v), want 1", n, err)
		}
		s.write(t, put(some(1, 1)))
		if n, err := count(tx); n != 1 || err != nil {
			t.Errorf("%d things (%v), want the 1 of before", n, err)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if n := s.count(t); n != 2 {
		t.Errorf("%d things, want 2", n)
	}
}

// What goes wrong comes out in the store's words, or as a defect.
func words(t *testing.T, s *suite) {
	taken := some(0, 1)
	s.write(t, put(taken))
	if err := s.db.Write(t.Context(), "write things", put(taken)); !errors.Is(err, errTaken) {
		t.Errorf("an id twice: %v, want taken", err)
	}
	err := sqldb.New(s.engine, sqldb.Errors{UnknownCommit: errUnknown}).Write(t.Context(), "write things", put(taken))
	if !defect(err) {
		t.Errorf("an id twice where that is a defect: %v, want an internal fault", err)
	}
	runs := []func(context.Context, string, func(sqldb.Tx) error) error{s.db.Write, s.db.Read}
	for _, want := range []error{errOwn, errTaken, fault.Overloaded(time.Minute), context.DeadlineExceeded} {
		for _, run := range runs {
			if err := run(t.Context(), "try", func(sqldb.Tx) error { return fmt.Errorf("said: %w", want) }); !errors.Is(err, want) || defect(err) {
				t.Errorf("a function says %v: got %v", want, err)
			}
		}
	}
	for _, run := range runs {
		if err := run(t.Context(), "try", func(sqldb.Tx) error { return errors.New("unheard of") }); !defect(err) {
			t.Errorf("a function says what the store has no word for: %v, want an internal fault", err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.db.Write(ctx, "write things", put(some(1, 1))); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// defect tells whether err is a fault of ours.
func defect(err error) bool {
	said, ok := errors.AsType[*fault.Error](err)
	return ok && said.Kind == fault.Internal
}

func now(t *testing.T, s *suite) {
	for _, run := range []func(context.Context, string, func(sqldb.Tx) error) error{s.db.Write, s.db.Read} {
		if err := run(t.Context(), "ask the time", func(tx sqldb.Tx) error {
			at, err := tx.Now()
			if off := time.Since(at).Abs(); off > time.Minute {
				t.Errorf("the clock says %v, %v off", at, off)
			}
			return err
		}); err != nil {
			t.Error(err)
		}
	}
}
