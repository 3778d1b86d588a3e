package house

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"holdfast/reservation"
	"holdfast/stock"
	"holdfast/test/load/check"
	"holdfast/uid"
)

// Memory is the engine of L0: nothing is durable, so that what is measured is the desk and the rules alone.
const Memory Engine = "memory"

// memory is a reservation.Store in maps. It has what placing needs; the embedded interface is nil, so that a call of
// anything else stops the benchmark.
type memory struct {
	reservation.Store

	mu           sync.Mutex
	secrets      map[string][]byte
	pools        map[uid.ID]*reservation.PoolRow
	slots        map[stock.Key]*reservation.SlotRow
	counts       map[reservation.CountKey]*reservation.CountRow
	keys         map[uid.ID]*reservation.KeyRow
	reservations map[uid.ID]*reservation.Reservation
	events       int64
}

func newMemory() *memory {
	return &memory{
		secrets: map[string][]byte{}, pools: map[uid.ID]*reservation.PoolRow{}, slots: map[stock.Key]*reservation.SlotRow{},
		counts: map[reservation.CountKey]*reservation.CountRow{}, keys: map[uid.ID]*reservation.KeyRow{}, reservations: map[uid.ID]*reservation.Reservation{},
	}
}

// Transact implements reservation.Store. decide gets copies, as from a real store.
func (m *memory) Transact(_ context.Context, b reservation.Batch, need reservation.Need, decide func(*reservation.Rows) (*reservation.Changes, error)) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	changes, err := decide(m.load(b, need))
	if err != nil {
		return err
	}
	for _, rows := range [][]*reservation.SlotRow{changes.NewSlots, changes.SetSlots} {
		for _, r := range rows {
			row := *r
			m.slots[r.Key] = &row
		}
	}
	for _, r := range changes.SetCounts {
		m.counts[r.Key] = r
	}
	for _, pools := range [][]*reservation.PoolRow{changes.NewPools, changes.SetPools} {
		for _, p := range pools {
			m.pools[p.Ref] = p
		}
	}
	for _, r := range changes.NewReservations {
		m.reservations[r.ID] = r
	}
	kept := make(map[uid.ID]bool, len(changes.KeptKeys))
	for _, id := range changes.KeptKeys {
		kept[id] = true
	}
	for _, k := range need.Keys {
		if kept[k.ID] {
			m.keys[k.ID] = k
		}
	}
	m.events += int64(len(changes.Events))
	return nil
}

func (m *memory) load(b reservation.Batch, need reservation.Need) *reservation.Rows {
	rows := &reservation.Rows{
		Now: b.Now, Keys: map[uid.ID]*reservation.KeyRow{}, Reservations: map[uid.ID]*reservation.Reservation{}, Quotes: map[uid.ID]*reservation.Quote{},
		Slots: map[stock.Key]*reservation.SlotRow{}, Counts: make(map[reservation.CountKey]*reservation.CountRow, len(need.Counts)),
		Pools: map[stock.PoolID]*reservation.PoolRow{}, PoolRefs: map[uid.ID]*reservation.PoolRow{},
	}
	for _, k := range need.Keys {
		if stored := m.keys[k.ID]; stored != nil {
			rows.Keys[k.ID] = stored
		}
	}
	for _, span := range need.Spans {
		for slot := span.From; slot < span.To; slot++ {
			key := stock.Key{Pool: span.Pool, Slot: slot}
			if stored := m.slots[key]; stored != nil {
				row := *stored
				rows.Slots[key] = &row
			}
		}
	}
	for _, k := range need.Counts {
		if stored := m.counts[k]; stored != nil {
			row := *stored
			rows.Counts[k] = &row
		}
	}
	if len(need.Pools) > 0 {
		for _, p := range m.pools {
			if slices.Contains(need.Pools, p.ID) {
				row := *p
				rows.Pools[p.ID] = &row
			}
		}
	}
	if len(need.NewPools) > 0 {
		rows.NextPool = stock.PoolID(len(m.pools) + 1)
		for _, ref := range need.NewPools {
			if p := m.pools[ref]; p != nil {
				row := *p
				rows.PoolRefs[ref] = &row
			}
		}
	}
	return rows
}

// Keys implements reservation.Store.
func (m *memory) Keys(_ context.Context, ids []uid.ID) (out []*reservation.KeyRow, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, id := range ids {
		if k := m.keys[id]; k != nil {
			out = append(out, k)
		}
	}
	return out, nil
}

// Reservations implements reservation.Store.
func (m *memory) Reservations(_ context.Context, ids []uid.ID) (out []*reservation.Reservation, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, id := range ids {
		if r := m.reservations[id]; r != nil {
			out = append(out, r)
		}
	}
	return out, nil
}

// FreeLocators implements reservation.Store: nobody looks for reservations by locator here.
func (m *memory) FreeLocators(_ context.Context, locators []string) ([]string, error) {
	return locators, nil
}

// Due implements reservation.Store: a run is over before a hold lapses.
func (m *memory) Due(context.Context, reservation.DueKind, time.Time, int) ([]uid.ID, error) {
	return nil, nil
}

// Prune implements reservation.Store.
func (m *memory) Prune(context.Context, time.Time, time.Time, time.Time, int) (int, error) {
	return 0, nil
}

// Revocations implements reservation.Store.
func (m *memory) Revocations(context.Context) ([]reservation.Revocation, error) { return nil, nil }

// Secret implements reservation.Store.
func (m *memory) Secret(_ context.Context, name string, fresh []byte) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.secrets[name] == nil {
		m.secrets[name] = fresh
	}
	return m.secrets[name], nil
}

// Close implements reservation.Store.
func (m *memory) Close() error { return nil }

// check adds up what is in the maps, as check.verify does with tables.
func (m *memory) check(want check.Expect) *check.Report {
	m.mu.Lock()
	defer m.mu.Unlock()
	report := &check.Report{Reservations: int64(len(m.reservations))}
	find := func(format string, args ...any) {
		report.Findings = append(report.Findings, fmt.Sprintf(format, args...))
	}
	claimed := map[stock.Key]int32{}
	for _, r := range m.reservations {
		for i := range r.Items {
			for _, c := range r.Items[i].Claims {
				for slot := c.From; slot < c.To; slot++ {
					claimed[stock.Key{Pool: c.Pool, Slot: slot}] += c.Count
				}
			}
		}
	}
	for key, s := range m.slots {
		if s.Held < 0 || s.Sold < 0 || s.Held+s.Sold > s.Limit || s.Held+s.Sold != claimed[key] {
			find("pool %d slot %d: %d held and %d sold of %d, claimed %d times", key.Pool, key.Slot, s.Held, s.Sold, s.Limit, claimed[key])
		}
	}
	untold, told := report.Reservations, map[uid.ID]bool{}
	for _, id := range want.Acks {
		switch {
		case m.reservations[id] == nil:
			find("reservation %s was acknowledged and is not there", id.Text("res"))
		case told[id]:
			find("reservation %s was given to two requests", id.Text("res"))
		default:
			untold--
		}
		told[id] = true
	}
	if untold > want.Unknown {
		find("%d reservations were made for nobody; %d calls ended without an answer", untold, want.Unknown)
	}
	return report
}
