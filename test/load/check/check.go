// Package check reads what a load run has left in the tables of a store, ours or a peer's, and says what is wrong. It
// shares no code with the engines: it adds up the rows itself.
//
// Checked: 0 <= held + sold <= limit on every slot, and both equal the sum of the live claims (I1); every acknowledged
// reservation is there, whole: item, traveller, line in its supplier's list, claim, history, key and event (I2); nothing is there that nobody was told
// of; the holds counted for callers equal the reservations; events are numbered without gaps and belong to their history
// entry (I7). Where claims name units (seats): no unit is claimed twice on any slot, and what the stored masks say is
// taken is what is claimed or blocked.
package check

import (
	"context"
	"fmt"
	"slices"

	"holdfast/test/table"
	"holdfast/uid"
)

// Expect is what the run was told.
type Expect struct {
	Acks    []uid.ID // acknowledged, each once
	Unknown int64    // calls that failed: so many reservations more may be there
	// Uncounted is for peers that know what is sold from seats alone and keep no counters of slots.
	Uncounted bool
}

// Report is what was found.
type Report struct {
	Reservations int64
	Findings     []string // at most maxFindings
	More         int64    // findings that are not listed
}

const maxFindings = 20

func (r *Report) find(format string, args ...any) {
	if len(r.Findings) >= maxFindings {
		r.More++
		return
	}
	r.Findings = append(r.Findings, fmt.Sprintf(format, args...))
}

// parts of a reservation, as bits.
type parts uint16

const (
	hasRow parts = 1 << iota
	hasItem
	hasTraveller
	hasClaim
	hasHistory
	hasKey
	hasEvent
	hasLine // in its supplier's list
	acknowledged
	whole = hasRow | hasItem | hasTraveller | hasLine | hasClaim | hasHistory | hasKey | hasEvent
)

type slotKey struct{ pool, slot int64 }

type heldKey struct {
	reservation uid.ID
	pool        int64
}

type eventKey struct{ stream, n int64 }

// verifier holds what was read.
type verifier struct {
	*Report
	parts   map[uid.ID]parts
	claimed map[slotKey]int64
	held    map[int64]int64 // reservations by pool, from the claims
	holds   map[heldKey]bool
	units   map[int64]int64
	seats   seats
	want    Expect
	events  map[eventKey]uid.ID
}

const (
	lifeHeld, lifeSold = 1, 2
	statusHeld         = 1
)

// Postgres verifies the schema of reservation in a database.
func Postgres(ctx context.Context, dsn string, want Expect) (r *Report, err error) {
	err = table.Postgres(ctx, dsn, func(s table.Source) (err error) { r, err = verify(ctx, s, want); return err })
	return r, err
}

// SQLite verifies the file of reservation.
func SQLite(ctx context.Context, path string, want Expect) (r *Report, err error) {
	err = table.SQLite(ctx, path, func(s table.Source) (err error) { r, err = verify(ctx, s, want); return err })
	return r, err
}

// verify reads everything once, table by table.
func verify(ctx context.Context, s table.Source, want Expect) (*Report, error) {
	v := &verifier{
		Report: &Report{}, parts: map[uid.ID]parts{}, claimed: map[slotKey]int64{}, held: map[int64]int64{}, units: map[int64]int64{},
		events: map[eventKey]uid.ID{}, holds: map[heldKey]bool{}, seats: seats{claimed: map[unitKey][]span{}, lines: map[int64]line{}, stored: map[blockKey]bool{}}, want: want,
	}
	for _, q := range []struct {
		sql string
		fn  func(table.Row)
	}{
		{`SELECT id, status, length(item_status), CASE WHEN document->'travellers'->0->>'given_name' <> '' THEN 1 ELSE 0 END,
			CASE WHEN document->'items'->0->>'id' <> '' THEN 1 ELSE 0 END FROM reservations`, v.reservation},
		{`SELECT reservation, pool, from_slot, to_slot, count, life, COALESCE(unit, 0) FROM claims`, v.claim},
		{`SELECT p.id, p.to_slot FROM pools p WHERE p.layout IS NOT NULL`, v.line},
		{`SELECT pool, block, taken, blocked FROM unit_blocks`, v.block},
		{`SELECT pool, slot, stock_limit, held, sold FROM slots ORDER BY pool, slot`, v.slot},
		{`SELECT pool, CAST(sum(holds) AS bigint), CAST(sum(units) AS bigint) FROM hold_counts GROUP BY pool`, v.count},
		{`SELECT reservation FROM by_supplier`, v.part(hasLine)},
		{`SELECT reservation FROM idempotency_keys WHERE state = 2`, v.part(hasKey)},
		{`SELECT stream, n, subject FROM outbox WHERE subject IS NOT NULL`, v.event},
		{`SELECT reservation, version, stream, n FROM history`, v.history},
		{`SELECT stream, min(n), max(n), count(*) FROM outbox GROUP BY stream`, v.stream},
	} {
		if err := s.Each(ctx, q.sql, func(r table.Row) error { q.fn(r); return nil }); err != nil {
			return nil, fmt.Errorf("%s: %w", q.sql, err)
		}
	}
	v.finish(want)
	return v.Report, nil
}

func (v *verifier) reservation(r table.Row) {
	id := r.ID(0)
	v.Reservations++
	v.parts[id] |= hasRow
	if r.Int(3) == 1 {
		v.parts[id] |= hasTraveller
	}
	if r.Int(2) == 1 && r.Int(4) == 1 {
		v.parts[id] |= hasItem
	}
	if s := r.Int(1); s != statusHeld {
		v.find("reservation %s has status %d; nothing but placings was asked for", id.Text("res"), s)
	}
}

func (v *verifier) part(p parts) func(table.Row) {
	return func(r table.Row) {
		id := r.ID(0)
		if v.parts[id]&p != 0 {
			v.find("reservation %s has a row of part %b twice", id.Text("res"), p)
		}
		v.parts[id] |= p
	}
}

func (v *verifier) claim(r table.Row) {
	v.parts[r.ID(0)] |= hasClaim
	if life := r.Int(5); life != lifeHeld && life != lifeSold {
		return
	}
	pool, count := r.Int(1), r.Int(4)
	for slot := r.Int(2); slot < r.Int(3); slot++ {
		v.claimed[slotKey{pool, slot}] += count
	}
	if hold := (heldKey{r.ID(0), pool}); !v.holds[hold] { // who has two seats has two claims and one hold
		v.holds[hold] = true
		v.held[pool]++
	}
	if unit := r.Int(6); unit != 0 {
		v.seat(unitKey{pool, unit}, span{r.Int(2), r.Int(3)}, count)
	}
	v.units[pool] += count
}

func (v *verifier) slot(r table.Row) {
	key, limit, held, sold := slotKey{r.Int(0), r.Int(1)}, r.Int(2), r.Int(3), r.Int(4)
	claimed := v.claimed[key]
	delete(v.claimed, key)
	if held < 0 || sold < 0 || held+sold > limit {
		v.find("pool %d slot %d: %d held and %d sold of %d", key.pool, key.slot, held, sold, limit)
	}
	if claimed != held+sold && !v.want.Uncounted {
		v.find("pool %d slot %d: counts %d held and %d sold, its claims add up to %d", key.pool, key.slot, held, sold, claimed)
	}
	if claimed > limit {
		v.find("pool %d slot %d: claimed %d times, the limit is %d", key.pool, key.slot, claimed, limit)
	}
}

func (v *verifier) count(r table.Row) {
	pool := r.Int(0)
	if holds, units := r.Int(1), r.Int(2); holds != v.held[pool] || units != v.units[pool] {
		v.find("pool %d: callers are counted with %d holds, %d units; claims say %d and %d", pool, holds, units, v.held[pool], v.units[pool])
	}
	delete(v.held, pool)
}

func (v *verifier) event(r table.Row) { v.events[eventKey{r.Int(0), r.Int(1)}] = r.ID(2) }

func (v *verifier) history(r table.Row) {
	id := r.ID(0)
	v.parts[id] |= hasHistory
	if v.events[eventKey{r.Int(2), r.Int(3)}] == id {
		v.parts[id] |= hasEvent
	}
	if version := r.Int(1); version != 1 {
		v.find("reservation %s has a history entry %d", id.Text("res"), version)
	}
}

func (v *verifier) stream(r table.Row) {
	if first, last, n := r.Int(1), r.Int(2), r.Int(3); first != 1 || last != n {
		v.find("stream %d: %d events numbered %d to %d", r.Int(0), n, first, last)
	}
}

// finish compares with what was acknowledged.
func (v *verifier) finish(want Expect) {
	v.overlaps()
	for key, n := range v.claimed {
		v.find("pool %d slot %d is claimed %d times and does not exist", key.pool, key.slot, n)
	}
	for pool, n := range v.held {
		v.find("pool %d: %d holds are not counted for their callers", pool, n)
	}
	for _, id := range want.Acks {
		p := v.parts[id]
		if p&acknowledged != 0 {
			v.find("reservation %s was given to two requests", id.Text("res"))
		}
		v.parts[id] = p | acknowledged
	}
	var untold int64
	for id, p := range v.parts {
		if p&whole != whole {
			v.find("reservation %s is not whole: has %09b of %09b", id.Text("res"), p&whole, whole)
		}
		if p&acknowledged == 0 {
			untold++
		}
	}
	if untold > want.Unknown {
		v.find("%d reservations were made for nobody; %d calls ended without an answer", untold, want.Unknown)
	}
	slices.Sort(v.Findings)
}
