package e2e

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"holdfast/test/e2e/api"
	"holdfast/test/e2e/process"
)

// slowest is how old a search in another process may be, on a machine busy with other tests; idle ones are much faster.
const slowest = 5 * time.Second

// TestSearchIsFresh: what a process has sold is gone from its next search, and back when it is cancelled; in another
// process on the same database within a moment.
func TestSearchIsFresh(t *testing.T) {
	onShapes(t, nil, func(t *testing.T, w *world) {
		h := w.house(t, 2, 0)
		a := w.as(t, ada)
		available := func(i int) int {
			found := w.on(t, i, bob).offers(h.search(10, 12)).Offers
			if len(found) == 0 {
				return 0
			}
			return found[0].Available
		}
		var others []time.Duration
		check := func(want int) {
			t.Helper()
			begin := time.Now()
			if got := available(0); got != want {
				t.Errorf("the search after it finds %d, want %d", got, want)
			}
			for i := 1; i < len(w.servers); i++ {
				process.Eventually(t, fmt.Sprintf("the other process finds %d", want), func() bool { return available(i) == want })
				others = append(others, time.Since(begin))
			}
		}
		for range form(5, 50) {
			first := a.reserve(h.stay(10, 12, 1))
			check(1)
			second := a.reserve(h.stay(11, 12, 1))
			check(0)
			a.pay(200, first.ID, "pm_test_approved")
			check(0)
			a.want(204, "DELETE", "/v1/reservations/"+second.ID, nil, nil)
			check(1)
			a.cancel(first.ID)
			check(2)
		}
		if len(others) > 0 {
			slices.Sort(others)
			t.Logf("the other process saw %d changes within %v (median), %v (worst)", len(others), others[len(others)/2], others[len(others)-1])
			if others[len(others)-1] > slowest {
				t.Errorf("a search in the other process was %v old", others[len(others)-1])
			}
		}
	}, sqlite, postgres, pair)
}

// TestOverload: a queue that is much too small refuses what it cannot take, with Retry-After, and is well again at once.
func TestOverload(t *testing.T) {
	onShapes(t, []string{"--limits-queue=2", "--limits-batch-commands=1", "--limits-lanes=1"}, func(t *testing.T, w *world) {
		h := w.house(t, 10_000, 0)
		var mu sync.Mutex
		count, held := map[string]int{}, 0
		var failure error
		var clients sync.WaitGroup
		for c := range crowdSize {
			clients.Go(func() {
				for i := range form(8, 80) {
					from := 10 + rand.IntN(20)
					a, err := w.services[0].Do(context.Background(), api.Request{
						Method: "POST", Path: "/v1/reservations", Token: crowd(c), Key: fmt.Sprintf("overload-%d-%d", c, i), Body: order(h.stay(from, from+1, 1)),
					})
					mu.Lock()
					switch {
					case err != nil:
						failure = err
					case a.Status == 201:
						held++
						count["201"]++
					default:
						count[fmt.Sprintf("%d %s", a.Status, a.Problem().Code)]++
						if a.Status == 503 && (a.Header.Get("Retry-After") == "" || !a.Problem().Retryable) {
							failure = fmt.Errorf("503 without a word on when to come again: %v %s", a.Header, a.Body)
						}
					}
					mu.Unlock()
				}
			})
		}
		clients.Wait()
		if failure != nil {
			t.Error(failure)
		}
		t.Logf("%v", count)
		if count["201"] == 0 || count["503 overloaded"] == 0 || len(count) != 2 {
			t.Errorf("answers %v, want some 201 and some 503 overloaded and nothing else", count)
		}
		w.as(t, ada).book(h.stay(10, 11, 1)) // well again
		sum := -1
		for _, n := range w.nights(t, h, 10, 30) {
			sum += n.Held + n.Sold
		}
		if sum != held {
			t.Errorf("%d were answered with 201, and the books have %d", held, sum)
		}
	}, sqlite)
}
