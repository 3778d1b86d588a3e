package e2e

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"holdfast/test/e2e/api"
)

const (
	attempts     = 2000 // for the one room type, over all clients
	attemptsEach = attempts / crowdSize
)

// verdict is the answer to one attempt, and to its repetitions.
type verdict struct {
	client  int
	key     string
	answers []*api.Answer
	unheard int // calls that the client gave up on
}

// rush lets 200 clients want one room each, ten times. The callers are split over the processes.
func rush(w *world, body api.Object, each func(context.Context, *verdict, func(context.Context) (*api.Answer, error)) error) ([]*verdict, error) {
	verdicts := make([]*verdict, attempts)
	failures := make([]error, crowdSize)
	var clients sync.WaitGroup
	for c := range crowdSize {
		clients.Go(func() {
			for i := range attemptsEach {
				v := &verdict{client: c, key: fmt.Sprintf("rush-%d-%d", c, i)}
				verdicts[c*attemptsEach+i] = v
				var hands atomic.Int64 // a repetition may go to another process
				hands.Store(int64(c + i))
				err := each(context.Background(), v, func(ctx context.Context) (*api.Answer, error) {
					at := int(hands.Add(1)) % len(w.services)
					return w.services[at].Do(ctx, api.Request{Method: "POST", Path: "/v1/reservations", Token: crowd(c), Key: v.key, Body: body})
				})
				if err != nil {
					failures[c] = err
					return
				}
			}
		})
	}
	clients.Wait()
	for _, err := range failures {
		if err != nil {
			return nil, err
		}
	}
	return verdicts, nil
}

// TestNothingIsSoldTwice: 200 clients, 10 rooms and 10 % overbooking, 2,000 attempts: exactly 11 are sold.
func TestNothingIsSoldTwice(t *testing.T) {
	onShapes(t, nil, func(t *testing.T, w *world) {
		h := w.house(t, 10, 1000)
		verdicts, err := rush(w, order(h.stay(10, 13, 1)), func(ctx context.Context, v *verdict, call func(context.Context) (*api.Answer, error)) error {
			a, err := call(ctx)
			v.answers = append(v.answers, a)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		checkRush(t, w, h, verdicts, 11)
	}, sqlite, postgres, pair)
}

// TestRetriesHaveNoSecondEffect is the same with clients that repeat calls at random: after the answer, at the same time,
// or after giving up on a call half-way.
func TestRetriesHaveNoSecondEffect(t *testing.T) {
	onShapes(t, nil, func(t *testing.T, w *world) {
		h := w.house(t, 10, 1000)
		verdicts, err := rush(w, order(h.stay(10, 13, 1)), func(ctx context.Context, v *verdict, call func(context.Context) (*api.Answer, error)) error {
			var err error
			for try := range 1 + rand.IntN(3) {
				if rand.IntN(3) == 0 { // give up on one before
					hurry, cancel := context.WithTimeout(ctx, time.Duration(rand.IntN(5_000))*time.Microsecond)
					a, gaveUp := call(hurry)
					cancel()
					if gaveUp == nil {
						v.answers = append(v.answers, a)
					} else {
						v.unheard++
					}
				}
				if try > 0 && rand.IntN(2) == 0 { // two at the same time
					var both [2]*api.Answer
					var errs [2]error
					var twins sync.WaitGroup
					for i := range both {
						twins.Go(func() { both[i], errs[i] = call(ctx) })
					}
					twins.Wait()
					for i := range both {
						if errs[i] != nil {
							return errs[i]
						}
						v.answers = append(v.answers, both[i])
					}
					continue
				}
				var a *api.Answer
				if a, err = call(ctx); err != nil {
					return err
				}
				v.answers = append(v.answers, a)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		checkRush(t, w, h, verdicts, 11)
		payRush(t, w, h, verdicts)
	}, sqlite, postgres, pair)
}

// checkRush wants so many sold, everybody else refused as sold out, one answer for each key, and the books to agree.
func checkRush(t *testing.T, w *world, h house, verdicts []*verdict, want int) {
	t.Helper()
	sold := map[string]string{} // reservation -> key
	calls, unheard := 0, 0
	for _, v := range verdicts {
		var first *api.Answer
		unheard += v.unheard
		for _, a := range v.answers {
			calls++
			switch {
			case a.Status == 201:
				if first != nil && !bytes.Equal(first.Body, a.Body) {
					t.Errorf("one key, two answers:\n%s\n%s", first.Body, a.Body)
				}
				if first != nil && a.Header.Get("Idempotent-Replayed") == "" && first.Header.Get("Idempotent-Replayed") == "" {
					t.Errorf("key %s took effect twice: no answer says that it is a stored one", v.key)
				}
				first = a
			case a.Status == 409 && a.Problem().Code == "sold_out":
				if first != nil {
					t.Errorf("key %s: refused after it had been sold", v.key)
				}
			default:
				t.Errorf("key %s: %d %s", v.key, a.Status, a.Body)
			}
		}
		if first == nil {
			continue
		}
		var r api.Reservation
		if err := first.Into(&r); err != nil {
			t.Error(err)
		}
		if other, twice := sold[r.ID]; twice {
			t.Errorf("reservation %s answered for the keys %s and %s", r.ID, other, v.key)
		}
		sold[r.ID] = v.key
		if got := w.on(t, v.client+1, crowd(v.client)).get(r.ID); got.Status != "held" {
			t.Errorf("sold, and reads %+v", got)
		}
	}
	t.Logf("%d calls answered, %d given up on, %d sold", calls, unheard, len(sold))
	if len(sold) != want {
		t.Errorf("%d sold, want %d", len(sold), want)
	}
	if len(verdicts) != attempts {
		t.Errorf("%d attempts, want %d", len(verdicts), attempts)
	}
	for _, n := range w.nights(t, h, 9, 14) {
		busy := n.Date >= h.night(10) && n.Date < h.night(13)
		if busy && (n.Held != want || n.Available != 0) || !busy && n.Held != 0 {
			t.Errorf("night %+v", n)
		}
	}
}

// payRush pays for what was sold, with two calls at once for each key, and wants one payment each.
func payRush(t *testing.T, w *world, h house, verdicts []*verdict) {
	t.Helper()
	type bill struct {
		client int
		id     string
		paid   [4]*api.Answer
		errs   [4]error
	}
	var bills []*bill
	for _, v := range verdicts {
		for _, a := range v.answers {
			if a.Status == 201 {
				var r api.Reservation
				if err := a.Into(&r); err != nil {
					t.Fatal(err)
				}
				bills = append(bills, &bill{client: v.client, id: r.ID})
				break
			}
		}
	}
	var payers sync.WaitGroup
	for _, b := range bills {
		for i := range b.paid {
			payers.Go(func() {
				for { // a call that finds the first one running is told to come again
					b.paid[i], b.errs[i] = w.services[i%len(w.services)].Do(context.Background(), api.Request{
						Method: "POST", Path: "/v1/reservations/" + b.id + "/pay", Token: crowd(b.client), Key: "pay-" + b.id, Body: api.Object{"payment_method": "pm_test_approved"},
					})
					if b.errs[i] != nil || b.paid[i].Problem().Code != "idempotency_in_progress" {
						return
					}
					if b.paid[i].Header.Get("Retry-After") == "" {
						b.errs[i] = fmt.Errorf("in progress without Retry-After: %s", b.paid[i].Body)
						return
					}
				}
			})
		}
	}
	payers.Wait()
	for _, b := range bills {
		for i, a := range b.paid {
			if b.errs[i] != nil || a.Status != 200 || !bytes.Equal(a.Body, b.paid[0].Body) {
				t.Errorf("pay %s, call %d: error %v, %+v", b.id, i, b.errs[i], a)
			}
		}
		var money api.Payments
		w.as(t, crowd(b.client)).want(200, "GET", "/v1/payments?reservation="+b.id, nil, &money)
		if len(money.Payments) != 1 || money.Payments[0].Status != "captured" {
			t.Errorf("%s has the payments %+v", b.id, money)
		}
	}
	if n := w.nights(t, h, 10, 11)[0]; n.Sold != len(bills) || n.Held != 0 {
		t.Errorf("%d paid: %+v", len(bills), n)
	}
}

// TestRoomOutOfOrder: 10 rooms sold out, then one put out of order: the first cancellation frees nothing, the second one
// does. The same with stop-sell on and off.
func TestRoomOutOfOrder(t *testing.T) {
	onShapes(t, nil, func(t *testing.T, w *world) {
		h := w.house(t, 10, 0)
		a, b, desk := w.as(t, ada), w.on(t, 1, bob), w.as(t, acmeStaff)
		soldOut := func(why string) {
			t.Helper()
			for i := range w.servers {
				w.on(t, i, bob).refused(409, "sold_out", "POST", "/v1/reservations", order(h.stay(10, 12, 1)))
			}
			if t.Failed() {
				t.Fatal(why)
			}
		}
		var held []string
		for range 10 {
			held = append(held, a.reserve(h.stay(10, 12, 1)).ID)
		}
		release := func() {
			t.Helper()
			a.want(204, "DELETE", "/v1/reservations/"+held[0], nil, nil)
			held = held[1:]
		}
		soldOut("ten of ten are held")

		var room api.Named
		rooms := "/v1/hotels/" + h.hotel + "/rooms"
		body := api.Object{"number": "7", "room_type_id": h.roomType}
		desk.want(201, "POST", rooms, body, &room)
		body["out_of_order"] = []api.Object{{"from": h.night(10), "to": h.night(11), "reason": "water"}}
		desk.want(200, "PUT", rooms+"/"+room.ID, body, nil)
		if n := w.nights(t, h, 10, 12); n[0].Oversold != 1 || n[0].Capacity != 9 || n[0].Available != 0 || n[1].Oversold != 0 {
			t.Errorf("ten held in nine rooms: %+v", n)
		}
		release()
		soldOut("a cancellation freed a room that is out of order")
		if n := w.nights(t, h, 10, 11)[0]; n.Held != 9 || n.Oversold != 0 || n.Available != 0 {
			t.Errorf("nine held in nine rooms: %+v", n)
		}
		release()
		back := b.reserveOnceFree(h.stay(10, 12, 1)).ID
		soldOut("nine of nine are held")
		b.want(204, "DELETE", "/v1/reservations/"+back, nil, nil)

		// In order again: the room comes back, and not twice.
		delete(body, "out_of_order")
		desk.want(200, "PUT", rooms+"/"+room.ID, body, nil)
		if n := w.nights(t, h, 10, 11)[0]; n.Available != 2 || n.Capacity != 10 {
			t.Errorf("in order again: %+v", n)
		}
		stopSell(t, w, h, a, b, desk, &held)
	}, sqlite, postgres, pair)
}

// stopSell closes a night: what is held stays, nothing is sold; opening it again restores exactly what was.
func stopSell(t *testing.T, w *world, h house, a, b, desk caller, held *[]string) {
	t.Helper()
	inventory := "/v1/hotels/" + h.hotel + "/room-types/" + h.roomType + "/inventory"
	night := func(closed bool) api.Object {
		return api.Object{"from": h.night(11), "to": h.night(12), "closed": closed}
	}
	before := w.nights(t, h, 11, 12)[0]
	promise := offerOf(t, a, h)
	desk.want(200, "PUT", inventory, night(true), nil)
	refusal := func() {
		t.Helper()
		for i := range w.servers {
			w.on(t, i, bob).refused(409, "sold_out", "POST", "/v1/reservations", order(h.stay(10, 12, 1)))
		}
		b.refused(409, "sold_out", "POST", "/v1/reservations", order(api.Object{"offer": promise}))  // stop-sell wins over an offer
		b.want(204, "DELETE", "/v1/reservations/"+b.reserveOnceFree(h.stay(10, 11, 1)).ID, nil, nil) // the night beside it sells
	}
	refusal()
	a.want(204, "DELETE", "/v1/reservations/"+(*held)[0], nil, nil)
	*held = (*held)[1:]
	refusal()
	if n := w.nights(t, h, 11, 12)[0]; !n.Closed || n.Held != before.Held-1 || n.Target != before.Target || n.Available != 0 {
		t.Errorf("closed: %+v; before: %+v", n, before)
	}
	paid := a.pay(200, (*held)[0], "pm_test_approved") // what was held before can be paid
	if paid.Status != "confirmed" {
		t.Errorf("paid in a closed night: %+v", paid)
	}
	desk.want(200, "PUT", inventory, night(false), nil)
	if n := w.nights(t, h, 11, 12)[0]; n.Closed || n.Available != before.Available+1 || n.Target != before.Target {
		t.Errorf("open again: %+v; before: %+v", n, before)
	}
	b.reserveOnceFree(api.Object{"offer": promise})
}

// offerOf is the offer of a search for the house's nights [10, 12).
func offerOf(t *testing.T, c caller, h house) string {
	t.Helper()
	found := offersOnceSold(t, c, h.search(10, 12), 1)
	return found.Offers[0].ID
}

// TestHoarder: a hundred tokens of one subject are one caller, and never hold more than its caps.
func TestHoarder(t *testing.T) {
	const holds, units = 7, 12
	flags := []string{fmt.Sprintf("--caps-holds-per-pool=%d", holds), fmt.Sprintf("--caps-units-per-pool=%d", units), "--caps-lapses-per-pool=1000"}
	onShapes(t, flags, func(t *testing.T, w *world) {
		for _, rooms := range []int{1, 3} { // the cap of reservations bites first, then that of units
			h := w.house(t, 100, 0)
			most := min(holds, units/rooms)
			statuses := make([]string, hoardSize*2)
			var hands sync.WaitGroup
			for i := range statuses {
				hands.Go(func() {
					a, err := w.services[i%len(w.services)].Do(context.Background(), api.Request{
						Method: "POST", Path: "/v1/reservations", Token: hoard(i % hoardSize), Key: fmt.Sprintf("hoard-%d-%d", rooms, i), Body: order(h.stay(10+i%3, 13, rooms)),
					})
					if err != nil {
						statuses[i] = err.Error()
						return
					}
					statuses[i] = fmt.Sprintf("%d %s", a.Status, a.Problem().Code)
				})
			}
			hands.Wait()
			count := map[string]int{}
			for _, s := range statuses {
				count[s]++
			}
			if len(count) != 2 || count["201 "] != most || count["409 hold_limit"] != len(statuses)-most {
				t.Errorf("with %d rooms each: %v, want %d holds and the rest refused with hold_limit", rooms, count, most)
			}
			if n := w.nights(t, h, 12, 13)[0]; n.Held != most*rooms {
				t.Errorf("held %+v, want %d", n, most*rooms)
			}
			w.as(t, ada).reserve(h.stay(12, 13, 1)) // nobody else is kept from booking

			// Paying or letting go makes room for as many again, not more.
			var list api.Reservations
			one := w.as(t, hoard(1))
			one.want(200, "GET", "/v1/reservations?status=held&limit=200", nil, &list)
			mine := 0
			for _, r := range list.Reservations {
				if r.Items[0].HotelID != h.hotel {
					continue
				}
				switch mine++; mine {
				case 1:
					one.pay(200, r.ID, "pm_test_approved")
				case 2:
					one.want(204, "DELETE", "/v1/reservations/"+r.ID, nil, nil)
				}
			}
			if mine != most {
				t.Errorf("the hoarder lists %d holds, want %d", mine, most)
			}
			one.reserve(h.stay(12, 13, rooms))
			w.on(t, 1, hoard(2)).reserve(h.stay(12, 13, rooms))
			w.on(t, 1, hoard(3)).refused(409, "hold_limit", "POST", "/v1/reservations", order(h.stay(12, 13, rooms)))
		}
	}, sqlite, postgres, pair)
}
