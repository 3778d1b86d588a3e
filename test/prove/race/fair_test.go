package race

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"

	"holdfast/fault"
	"holdfast/internal/clock"
	"holdfast/offer"
	"holdfast/reservation"
	"holdfast/stock"
	"holdfast/test/prove/effort"
	"holdfast/test/prove/rig"
)

// The rush of TestFairUnderRush.
const (
	fairClients  = 3_000
	fairSeats    = 512
	fairSegments = 12
	fairSeeds    = 2
)

// closedDoor lets no batch begin before it is opened.
type closedDoor struct {
	reservation.Store
	open chan struct{}
}

func (d *closedDoor) Transact(ctx context.Context, b reservation.Batch, need reservation.Need, decide func(*reservation.Rows) (*reservation.Changes, error)) error {
	<-d.open
	return d.Store.Transact(ctx, b, need, decide)
}

// TestFairUnderRush lets 3,000 clients enter the desk in a known order while it is kept busy, for rides that overlap, then
// lets it work. Whoever entered first is served first: each has got, seat by seat, what a plain loop over the clients in
// their order of entry gives out, and the last seats have gone to who entered first.
func TestFairUnderRush(t *testing.T) {
	for _, seed := range effort.Seeds(t, 1, fairSeeds) {
		synctest.Test(t, func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 6))
			door := &closedDoor{open: make(chan struct{})}
			w := rig.Open(t, rig.SQLite, rig.Options{Clock: clock.Still(begin), Store: func(s reservation.Store) reservation.Store {
				door.Store = s
				return door
			}, Settings: func(s *reservation.Settings) { s.Queue = fairClients }})
			var pool stock.PoolID
			withDoorOpen(door, func() { pool = w.Train(t, fairSeats, fairSegments) })
			asked, answers := make([]rig.Part, fairClients), make([]string, fairClients)
			var clients sync.WaitGroup
			for i := range fairClients {
				from := random.IntN(fairSegments)
				asked[i] = rig.Part{Pool: pool, From: stock.Slot(from), To: stock.Slot(from + 1 + random.IntN(fairSegments-from)), Travellers: 1 + random.IntN(2)}
				sealed := w.Ride(t, offer.Train, asked[i])
				clients.Go(func() {
					a, err := w.Cores[0].Place(context.Background(), reservation.PlaceRequest{
						Caller: rig.As(fmt.Sprint("client-", i)), Offers: []string{sealed}, Seats: []reservation.SeatChoice{{Wish: stock.Wish{Together: true}}}, Travellers: rig.Guests,
					})
					answers[i] = answered(a, err)
				})
				synctest.Wait() // it has entered
			}
			close(door.open)
			clients.Wait()
			want := inOrder(asked)
			sold, refused, late := 0, 0, -1
			for i := range asked {
				if answers[i] != want[i] {
					t.Fatalf("seed %d: client %d of %d wants %+v and got %s; in the order of entry it is %s; %s", seed, i+1, fairClients, asked[i], answers[i], want[i], effort.Repeat("fair", seed))
				}
				if want[i] == "sold_out" || want[i] == "no_single_seat" {
					refused++
					continue
				}
				sold, late = sold+1, i
			}
			if sold < fairSeats || refused < fairSeats {
				t.Errorf("%d sold and %d refused is no rush", sold, refused)
			}
			t.Logf("seed %d: %d clients got their seats, %d were refused; the last who got one entered as number %d", seed, sold, refused, late+1)
			audit(t, w)
		})
	}
}

// withDoorOpen lets batches through while fn runs.
func withDoorOpen(d *closedDoor, fn func()) {
	close(d.open)
	fn()
	synctest.Wait() // nothing is under way
	d.open = make(chan struct{})
}

func answered(a reservation.Answer, err error) string {
	if err != nil {
		return fault.As(err).Reason
	}
	text := ""
	for _, s := range a.Reservation.Items[0].Seats {
		text += s.Label + " "
	}
	return text
}

// inOrder serves clients one after the other: counters first, then seats.
func inOrder(asked []rig.Part) []string {
	layout := rig.Layout(fairSeats)
	units := stock.Units{Layout: layout, Slots: fairSegments}
	for b := range layout.Blocks() {
		units.Blocks = append(units.Blocks, stock.NewBlock(layout, fairSegments, b))
	}
	var left [fairSegments]int
	for i := range left {
		left[i] = fairSeats
	}
	out := make([]string, len(asked))
next:
	for i, p := range asked {
		for s := p.From; s < p.To; s++ {
			if left[s] < p.Travellers {
				out[i] = "sold_out"
				continue next
			}
		}
		got, ok := units.Fit(p.Travellers, p.From, p.To, stock.Wish{Together: true})
		if !ok {
			out[i] = "no_single_seat"
			continue
		}
		for s := p.From; s < p.To; s++ {
			left[s] -= p.Travellers
		}
		for _, of := range got {
			out[i] += layout.Unit(of[0].Unit).Label + " "
		}
	}
	return out
}
