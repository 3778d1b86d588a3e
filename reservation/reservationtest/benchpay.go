package reservationtest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"holdfast/internal/clock"
	"holdfast/offer"
	"holdfast/payment"
	"holdfast/payment/sandbox"
	"holdfast/reservation"
	"holdfast/stock"
	"holdfast/uid"
)

// PayClients are how many payments at once the benchmark of paying tries.
var PayClients = []int{1, 32, 256}

// BenchPay measures paying through the whole saga with the sandbox behind it: so many clients, each paying one placed
// reservation after the other. It reports payments per second and the middle and 99th percentile of one payment.
// lanes is how many writers the engine of reservations has.
func BenchPay(b *testing.B, store reservation.Store, payments payment.Store, kept sandbox.Store, lanes, clients int) {
	ctx := context.Background()
	settings := reservation.DefaultSettings()
	settings.Lanes, settings.PayWait, settings.Hold = lanes, time.Minute, time.Hour
	core := reservation.New(reservation.Deps{
		Store: store, Clock: clock.System{}, Settings: settings,
		Payment: payment.New(payment.Deps{
			Store: payments, Providers: map[string]payment.Provider{sandbox.Prefix: sandbox.New(sandbox.Deps{Store: kept})},
		}),
	})
	if err := core.Start(ctx); err != nil {
		b.Fatal(err)
	}
	defer func() { _ = core.Stop(ctx) }()
	pools := must[[]stock.PoolID](b)(core.DefinePools(ctx, []reservation.PoolSpec{{Ref: uid.New(), Supplier: supplier, Physical: 1_000_000, From: night, To: night + 30}}))
	sealer := must[*offer.Sealer](b)(offer.NewSealer(must[[]byte](b)(core.SealingSecret(ctx))))
	sealed := (&world{clock: clock.Still(time.Now()), sealer: sealer}).offer(b, nights(pools[0], 0, 3, 1))
	refs := make([]string, b.N)
	each(clients, b.N, func(i int) {
		a, err := core.Place(ctx, reservation.PlaceRequest{Caller: as(fmt.Sprint("client-", i)), Offers: []string{sealed}, Travellers: guests})
		if err != nil {
			b.Error(err)
			return
		}
		refs[i] = a.Reservation.ID.Text("res")
	})
	if b.Failed() {
		return
	}
	took := make([]time.Duration, b.N)
	b.ResetTimer()
	each(clients, b.N, func(i int) {
		begin := time.Now()
		a, err := core.Pay(ctx, as(fmt.Sprint("client-", i)), refs[i], "pm_test_approved", key(fmt.Sprint(i)))
		took[i] = time.Since(begin)
		if err != nil || a.Outcome != reservation.OutcomeConfirmed {
			b.Errorf("%+v, %v", a.Outcome, err)
		}
	})
	b.StopTimer()
	slices.Sort(took)
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "payments/s")
	b.ReportMetric(took[len(took)/2].Seconds()*1000, "p50-ms")
	b.ReportMetric(took[len(took)*99/100].Seconds()*1000, "p99-ms")
}

// each does n things with so many hands.
func each(hands, n int, do func(int)) {
	var group sync.WaitGroup
	next := make(chan int)
	for range min(hands, n) {
		group.Go(func() {
			for i := range next {
				do(i)
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	group.Wait()
}
