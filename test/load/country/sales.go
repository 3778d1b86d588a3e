package country

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"holdfast/civil"
	"holdfast/fault"
	"holdfast/hotel"
	"holdfast/offer"
	"holdfast/reservation"
	"holdfast/test/load/drive"
	"holdfast/uid"
)

// stayNights is the length of every stay that is asked for and sold.
const stayNights = 3

// party is who comes.
var party = []offer.Party{{Adults: 2}}

// Search asks for the best stays in a city, n making it another one each time.
func (s *System) Search(ctx context.Context, size Size, n, limit int) ([]hotel.Proposal, error) {
	in := civil.Today(s.Clock.Now(), time.UTC).Add(1 + n*37%max(1, size.Nights-stayNights-2))
	return s.Hotel.Search(ctx, hotel.StayQuery{
		Place: City(n % size.Cities()), CheckIn: in, CheckOut: in.Add(stayNights), Rooms: party, Sort: hotel.ByPrice, Limit: limit,
	})
}

// Sales are calls that place stays all over the country, one after the other by each of some clients.
type Sales struct {
	system *System
	offers []string
	calls  atomic.Uint64
}

// Sell prepares sales: offers found by so many searches.
func (s *System) Sell(ctx context.Context, size Size, searches int) (*Sales, error) {
	sales := &Sales{system: s}
	for n := range searches {
		found, err := s.Search(ctx, size, n, 100)
		if err != nil {
			return nil, err
		}
		for i := range found {
			sales.offers = append(sales.offers, found[i].Sealed)
		}
	}
	if len(sales.offers) == 0 {
		return nil, errors.New("no search found anything to sell")
	}
	return sales, nil
}

// Run places stays until ctx ends and tells how long each took. Sold out is an answer like any other.
func (s *Sales) Run(ctx context.Context, clients int, think time.Duration) (*drive.Histogram, error) {
	var all drive.Histogram
	var mu sync.Mutex
	var failed error
	var running sync.WaitGroup
	for range clients {
		running.Go(func() {
			var mine drive.Histogram
			err := s.client(ctx, &mine, think)
			mu.Lock()
			defer mu.Unlock()
			all.Merge(&mine)
			failed = errors.Join(failed, err)
		})
	}
	running.Wait()
	if failed == nil && all.Count() == 0 {
		failed = errors.New("nothing was sold in that time")
	}
	return &all, failed
}

func (s *Sales) client(ctx context.Context, took *drive.Histogram, think time.Duration) error {
	for {
		wait := time.NewTimer(think/2 + rand.N(think)) //nolint:gosec // spreads calls
		select {
		case <-ctx.Done():
			wait.Stop()
			return nil
		case <-wait.C:
		}
		n := s.calls.Add(1)
		began := time.Now()
		_, err := s.system.Reservation.Place(context.WithoutCancel(ctx), reservation.PlaceRequest{
			Caller: reservation.Caller{Subject: fmt.Sprintf("b6-%d", n)}, Key: reservation.Idempotency{ID: uid.New(), Request: uid.New()},
			Offers:     []string{s.offers[n*7919%uint64(len(s.offers))]},
			Travellers: []reservation.Traveller{{GivenName: "Ada", FamilyName: "Lovelace", Email: "ada@example.org"}},
		})
		if err != nil && !fault.Is(err, "sold_out") {
			return fmt.Errorf("place: %w", err)
		}
		took.Add(time.Since(began))
	}
}
