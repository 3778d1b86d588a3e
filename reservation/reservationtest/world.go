package reservationtest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"holdfast/civil"
	"holdfast/offer"
	"holdfast/reservation"
	"holdfast/stock"
	"holdfast/uid"
)

// noon is the batches' now in these tests, with digits below the microsecond that no engine keeps.
var noon = time.Date(2026, 11, 20, 12, 0, 0, 123_456_789, time.UTC)

// micro is t as the engines keep it.
func micro(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }

// decide is the rules of a batch.
type decide = func(*reservation.Rows) (*reservation.Changes, error)

// batch is a batch with a fresh id.
func batch(stream string, now time.Time) reservation.Batch {
	return reservation.Batch{ID: uid.New(), Stream: stream, Now: now}
}

// transact runs a batch at noon that must succeed.
func transact(t testing.TB, s reservation.Store, need reservation.Need, rules decide) {
	t.Helper()
	if err := s.Transact(t.Context(), batch("one", noon), need, rules); err != nil {
		t.Fatalf("batch: %v", err)
	}
}

// always is rules that want these changes whatever is loaded.
func always(c reservation.Changes) decide {
	return func(*reservation.Rows) (*reservation.Changes, error) { return &c, nil }
}

// must is for calls that give a value and may fail.
func must[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// same compares what was stored with what was read, to the microsecond; nil and empty lists are the same.
func same(t testing.TB, what string, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty(), cmp.Transformer("micro", micro)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

var errStop = errors.New("rules refuse the whole batch")

// newPool makes a pool of physical units with the slots [from, to).
func newPool(t testing.TB, s reservation.Store, physical int32, from, to stock.Slot) *reservation.PoolRow {
	t.Helper()
	p := &reservation.PoolRow{Physical: physical, OverbookingBP: 1000, From: from, To: to}
	makePool(t, s, p, func(stock.Slot) int32 { return physical })
	return p
}

// makePool makes a pool with its slots, of which each has so many physical units.
func makePool(t testing.TB, s reservation.Store, p *reservation.PoolRow, physical func(stock.Slot) int32) {
	t.Helper()
	p.Ref, p.Supplier, p.Version = uid.New(), uid.New(), 1
	transact(t, s, reservation.Need{NewPools: []uid.ID{p.Ref}}, func(rows *reservation.Rows) (*reservation.Changes, error) {
		p.ID = rows.NextPool
		c := &reservation.Changes{NewPools: []*reservation.PoolRow{p}}
		for slot := p.From; slot < p.To; slot++ {
			c.NewSlots = append(c.NewSlots, &reservation.SlotRow{Key: stock.Key{Pool: p.ID, Slot: slot}, Counters: stock.New(physical(slot), p.OverbookingBP), Version: 1})
		}
		return c, nil
	})
}

var (
	locatorMu sync.Mutex
	locators  int
)

// locator is one that no other reservation of this run has.
func locator() string {
	locatorMu.Lock()
	defer locatorMu.Unlock()
	locators++
	return fmt.Sprintf("L%05d", locators)
}

// newReservation is a held reservation with one item for each list of claims, as the placing leaves it.
func newReservation(caller string, now time.Time, items ...[]stock.Claim) *reservation.Reservation {
	r := &reservation.Reservation{
		ID: uid.New(), Locator: locator(), Caller: caller, Status: reservation.Held, Payment: reservation.Unpaid, Currency: "EUR",
		CreatedAt: now, UpdatedAt: now, HoldExpiresAt: now.Add(15 * time.Minute), PlacedUntil: now.Add(15 * time.Minute),
		Travellers: []reservation.Traveller{
			{GivenName: "Zoë \"Z\"", FamilyName: "O'Neill", Email: "zoe@example.org"}, {GivenName: "李", FamilyName: "小龍"},
		},
		Version: 1,
	}
	for i, claims := range items {
		r.Items = append(r.Items, reservation.Item{ID: uid.New(), Status: reservation.Held, Piece: offer.Piece{
			Supplier: uid.New(), Claims: claims,
			Price: offer.Price{Base: int64(10_000 + i), Parts: []offer.Part{
				{Kind: offer.Tax, Code: "vat", Minor: 700, Included: true}, {Kind: offer.Fee, Code: "city \"tax\" é", Minor: 350},
			}},
			Terms: offer.Terms{FreeUntil: now.Add(24 * time.Hour), FeeBP: 9000, EndsAt: now.Add(time.Duration(72+i) * time.Hour)},
			Stay: offer.Stay{
				Hotel: uid.New(), RoomType: uid.New(), RatePlan: uid.New(), CheckIn: civil.DateOf(2026, 11, 23), CheckOut: civil.DateOf(2026, 11, 26),
				Rooms: []offer.Party{{Adults: 2, ChildAges: []uint8{0, 17}}, {Adults: 1}},
			},
		}})
	}
	return r
}

// entry is the history of r's last transition, and event what the outbox says of it.
func entry(r *reservation.Reservation, from reservation.Status, cause reservation.Cause, at time.Time) reservation.Entry {
	return reservation.Entry{
		Reservation: r.ID, Version: r.Version, At: at, Actor: reservation.Actor{Kind: reservation.TravellerActor, ID: r.Caller}, Cause: cause,
		From: from, To: r.Status, Payment: r.Payment, Note: "of " + cause.String(),
	}
}

func event(r *reservation.Reservation, cause reservation.Cause, at time.Time) reservation.Event {
	return reservation.Event{
		Type: cause.EventType(), Subject: r.ID, Version: r.Version, At: at, Data: []byte(fmt.Sprintf(`{"locator": %q,  "version":%d}`, r.Locator, r.Version)),
	}
}

// spansOf are the spans of claims as a need wants them.
func spansOf(claims []stock.Claim) []reservation.Span {
	demands, err := stock.Demands(claims)
	if err != nil {
		panic(err)
	}
	var spans []reservation.Span
	for _, d := range demands {
		if last := len(spans) - 1; last >= 0 && spans[last].Pool == d.Key.Pool && spans[last].To == d.Key.Slot {
			spans[last].To++
			continue
		}
		spans = append(spans, reservation.Span{Pool: d.Key.Pool, From: d.Key.Slot, To: d.Key.Slot + 1})
	}
	return spans
}

// claimStock applies change to every slot that claims need, once per claim, and returns the slots in lock order.
func claimStock(rows *reservation.Rows, claims []stock.Claim, change func(*stock.Counters, int32) error) ([]*reservation.SlotRow, error) {
	demands, err := stock.Demands(claims)
	if err != nil {
		return nil, err
	}
	var set []*reservation.SlotRow
	for _, d := range demands {
		row := rows.Slots[d.Key]
		if row == nil {
			return nil, fmt.Errorf("slot %v is not loaded", d.Key)
		}
		if err := change(&row.Counters, d.Count); err != nil {
			return nil, err
		}
		row.Version++
		set = append(set, row)
	}
	return set, nil
}

// countsOf are the count keys of a reservation.
func countsOf(r *reservation.Reservation) []reservation.CountKey {
	var keys []reservation.CountKey
	for _, c := range r.Claims(nil) {
		keys = append(keys, reservation.CountKey{Caller: r.Caller, Pool: c.Pool})
	}
	slices.SortFunc(keys, reservation.CountKey.Compare)
	return slices.Compact(keys)
}

// place stores reservations with all that the desk writes about a placing. They must be in order of id and of callers
// of their own or one each.
func place(t testing.TB, s reservation.Store, rs ...*reservation.Reservation) {
	t.Helper()
	var claims []stock.Claim
	need := reservation.Need{}
	for _, r := range rs {
		claims = append(claims, r.Claims(nil)...)
		need.Counts = append(need.Counts, countsOf(r)...)
	}
	need.Spans, need.Units = spansOf(claims), unitPools(claims)
	slices.SortFunc(need.Counts, reservation.CountKey.Compare)
	need.Counts = slices.Compact(need.Counts)
	transact(t, s, need, func(rows *reservation.Rows) (*reservation.Changes, error) {
		c := &reservation.Changes{NewReservations: rs}
		slots, err := claimStock(rows, claims, (*stock.Counters).Hold)
		if err != nil {
			return nil, err
		}
		c.SetSlots = slots
		if c.SetBlocks, err = moveUnits(rows, claims, (*stock.Units).Take); err != nil {
			return nil, err
		}
		for _, r := range rs {
			c.NewHistory = append(c.NewHistory, entry(r, 0, reservation.Placed, r.CreatedAt))
			c.Events = append(c.Events, event(r, reservation.Placed, r.CreatedAt))
			for _, claim := range r.Claims(nil) {
				key := reservation.CountKey{Caller: r.Caller, Pool: claim.Pool}
				if rows.Counts[key] == nil {
					rows.Counts[key] = &reservation.CountRow{Key: key}
				}
				rows.Counts[key].Holds++
				rows.Counts[key].Units += claim.Count
			}
		}
		for _, key := range need.Counts {
			c.SetCounts = append(c.SetCounts, rows.Counts[key])
		}
		c.Events = append(c.Events, reservation.Event{Type: "stock.changed", At: noon, Data: []byte(`[]`)})
		return c, nil
	})
}

// read gives one stored reservation.
func read(t testing.TB, s reservation.Store, id uid.ID) *reservation.Reservation {
	t.Helper()
	rs := must[[]*reservation.Reservation](t)(s.Reservations(t.Context(), []uid.ID{id}))
	if len(rs) != 1 {
		t.Fatalf("%d reservations with id %x, want 1", len(rs), id)
	}
	return rs[0]
}

// slotsOf reads the slots of a pool.
func slotsOf(t testing.TB, s reservation.Store, p *reservation.PoolRow) []reservation.SlotRow {
	t.Helper()
	return must[[]reservation.SlotRow](t)(s.Slots(t.Context(), reservation.Span{Pool: p.ID, From: p.From, To: p.To}))
}

// sorted puts ids in lock order.
func sorted(ids ...uid.ID) []uid.ID {
	slices.SortFunc(ids, compareIDs)
	return ids
}

func compareIDs(a, b uid.ID) int { return slices.Compare(a[:], b[:]) }

// short is an id for messages.
func short(ids []uid.ID) string {
	var out []string
	for _, id := range ids {
		out = append(out, fmt.Sprintf("%x", id[10:]))
	}
	return strings.Join(out, " ")
}
