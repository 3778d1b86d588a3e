package reservationtest

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"holdfast/fault"
	"holdfast/internal/clock"
	"holdfast/internal/sqlitedb"
	"holdfast/money"
	"holdfast/offer"
	"holdfast/payment"
	"holdfast/payment/sandbox"
	paymentsqlite "holdfast/payment/sqlite"
	"holdfast/reservation"
	"holdfast/stock"
	"holdfast/uid"
)

// RunService checks the desk and the use cases on an engine, with a real payment service on the sandbox provider. Every
// test ends with a clean audit.
func RunService(t *testing.T, open func(t *testing.T) reservation.Store) {
	cases := maps.Clone(seatCases)
	maps.Copy(cases, map[string]func(*testing.T, *world){
		"PlacePayCancel":            testPlacePayCancel,
		"PartialCancel":             testPartialCancel,
		"LastUnits":                 testLastUnits,
		"RetriesOfEveryCall":        testRetries,
		"SamePoolTwice":             testSamePoolTwice,
		"DepartureNightStaysFree":   testHalfOpen,
		"Declined":                  testDeclined,
		"UnknownOutcome":            testUnknownOutcome,
		"LateButInTime":             testLate,
		"LateAndSold":               testLateAndSold,
		"FreeOfCharge":              testFree,
		"HoldLapses":                testHoldLapses,
		"LapsedHoldsAreSoldAtOnce":  testLapsedSold,
		"Extend":                    testExtend,
		"Hoarder":                   testHoarder,
		"OutOfOrderWhileSoldOut":    testOutOfOrder,
		"StopSell":                  testStopSell,
		"Revoke":                    testRevoke,
		"NamedByCaller":             testNamed,
		"NobodyElse":                testNobodyElse,
		"ExpectedTotal":             testExpectedTotal,
		"OfferEnds":                 testOfferEnds,
		"Retire":                    testRetire,
		"DefineTwice":               testDefineTwice,
		"ResumeAfterCrash":          testResume,
		"Delivered":                 testDelivered,
		"SoldOutAnswersThenRelease": testNoHiddenStock,
		"WatchersSeeCommits":        testWatch,
		"UnknownCommit":             testUnknownCommit,
		"Poison":                    testPoison,
		"StoreGone":                 testStoreGone,
		"Overload":                  testOverload,
		"KeyOfTheSecondTry":         testKeyOfSecondTry,
		"LapsesAreForgiven":         testLapsesForgiven,
		"ManyLapsedHoldsAreSold":    testManyLapsedSold,
		"CancelAfterTheEnd":         testCancelAfterTheEnd,
		"StaffOfOneSupplier":        testStaffOfOneSupplier,
		"CaptureRefused":            testCaptureRefused,
		"CaptureRefusedLater":       testCaptureRefusedLater,
		"CapturedLateAndSold":       testCapturedLateAndSold,
		"CapturedLate":              testCapturedLate,
		"RetiredMethod":             testRetiredMethod,
		"RefundRetried":             testRefundRetried,
		"SettledOutside":            testSettledOutside,
		"SettlingResumes":           testSettlingResumes,
		"RefusedRefundsAreListed":   testRefusedRefundsList,
		"RefusedRefundOfAPart":      testRefusedRefundOfAPart,
	})
	for name, check := range cases {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, open(t))
				defer func() { w.stop(t) }()
				check(t, w)
				w.audit(t)
			})
		})
	}
}

// world is a running core with everything around it; its clock moves only when told to.
type world struct {
	store  *flaky
	pay    *faulty
	clock  *clock.Manual
	sealer *offer.Sealer
	core   *reservation.Core
}

var start = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// night is the first night that is on sale in these tests.
const night stock.Slot = 20_780

func newWorld(t *testing.T, store reservation.Store) *world {
	t.Helper()
	ctx := t.Context()
	path := filepath.Join(t.TempDir(), "payment.db")
	if err := paymentsqlite.Migrate(ctx, path); err != nil {
		t.Fatal(err)
	}
	payments, err := paymentsqlite.Open(ctx, path, sqlitedb.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { payments.Close() })
	w := &world{store: &flaky{Store: store}, clock: clock.Still(start)}
	w.pay = &faulty{Service: payment.New(payment.Deps{
		Store: payments, Clock: w.clock,
		Providers: map[string]payment.Provider{sandbox.Prefix: sandbox.New(sandbox.Deps{Store: payments.Sandbox(), Clock: w.clock})},
	})}
	w.restart(t)
	return w
}

// restart brings up a fresh core on the same stores, as a process that starts again.
func (w *world) restart(t *testing.T) {
	t.Helper()
	settings := reservation.DefaultSettings()
	settings.Lanes = 2
	core := reservation.New(reservation.Deps{Store: w.store, Payment: w.pay, Clock: w.clock, Settings: settings})
	if err := core.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	secret, err := core.SealingSecret(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if w.sealer, err = offer.NewSealer(secret); err != nil {
		t.Fatal(err)
	}
	w.core = core
}

func (w *world) stop(t *testing.T) {
	t.Helper()
	if err := w.core.Stop(context.Background()); err != nil {
		t.Error(err)
	}
}

func (w *world) audit(t *testing.T) {
	t.Helper()
	report, err := w.core.Audit(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range report.Findings {
		t.Errorf("audit: %s %s: %s", f.Invariant, f.Subject, f.Detail)
	}
	if report.Slots == 0 {
		t.Error("the audit saw no slots")
	}
}

// faulty lets tests break the way to payment: as if the process died before or after the call.
type faulty struct {
	payment.Service
	before, after atomic.Pointer[string] // the name of the call to break
	retired       atomic.Bool            // the provider takes authorizations and then says that it never would
}

var errCrash = fault.New(fault.Unavailable, "crashed", "the test broke this call")

func (f *faulty) around(name string, call func() error) error {
	if p := f.before.Load(); p != nil && *p == name {
		return errCrash
	}
	if err := call(); err != nil {
		return err
	}
	if p := f.after.Load(); p != nil && *p == name {
		return errCrash
	}
	return nil
}

func (f *faulty) Authorize(ctx context.Context, r payment.Request) (p payment.Payment, err error) {
	err = f.around("authorize", func() error { p, err = f.Service.Authorize(ctx, r); return err })
	if f.retired.Load() {
		return payment.Payment{}, payment.MethodUnknown()
	}
	return p, err
}

func (f *faulty) Void(ctx context.Context, id uid.ID) (p payment.Payment, err error) {
	err = f.around("void", func() error { p, err = f.Service.Void(ctx, id); return err })
	return p, err
}

func (f *faulty) RefundOutside(ctx context.Context, r payment.RefundRequest, reference string) (p payment.Refund, err error) {
	err = f.around("outside", func() error { p, err = f.Service.RefundOutside(ctx, r, reference); return err })
	return p, err
}

func (f *faulty) Capture(ctx context.Context, id uid.ID) (p payment.Payment, err error) {
	err = f.around("capture", func() error { p, err = f.Service.Capture(ctx, id); return err })
	return p, err
}

func (f *faulty) Refund(ctx context.Context, r payment.RefundRequest) (p payment.Refund, err error) {
	err = f.around("refund", func() error { p, err = f.Service.Refund(ctx, r); return err })
	return p, err
}

// pool makes a pool of physical units for 30 nights.
func (w *world) pool(t *testing.T, physical, overbookingBP int32) stock.PoolID {
	t.Helper()
	ids, err := w.core.DefinePools(t.Context(), []reservation.PoolSpec{{Ref: uid.New(), Supplier: supplier, Physical: physical, OverbookingBP: overbookingBP, From: night, To: night + 30}})
	if err != nil {
		t.Fatal(err)
	}
	return ids[0]
}

var (
	supplier = uid.New()
	plan     = uid.New()
)

// offer seals a proposal for n units on each claim; 100.00 EUR a claim, free to cancel for a day, then half is kept.
func (w *world) offer(t testing.TB, claims ...stock.Claim) string {
	t.Helper()
	now := w.clock.Now()
	o := offer.Offer{IssuedAt: now, ExpiresAt: now.Add(20 * time.Minute), Currency: "EUR"}
	for _, c := range claims {
		o.Pieces = append(o.Pieces, offer.Piece{
			Supplier: supplier, Claims: []stock.Claim{c}, Price: offer.Price{Base: 10_000},
			Terms: offer.Terms{FreeUntil: now.Add(24 * time.Hour), FeeBP: 5000, EndsAt: now.Add(10 * 24 * time.Hour)},
			Stay:  offer.Stay{RatePlan: plan, CheckIn: 1, CheckOut: 2},
		})
	}
	text, err := w.sealer.Seal(o)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func nights(pool stock.PoolID, from, n stock.Slot, count int32) stock.Claim {
	return stock.Claim{Pool: pool, From: night + from, To: night + from + n, Count: count}
}

var guests = []reservation.Traveller{{GivenName: "Ada", FamilyName: "Lovelace", Email: "ada@example.org"}}

func as(subject string) reservation.Caller { return reservation.Caller{Subject: subject} }

// key makes an idempotency key as the edge would.
func key(id string) reservation.Idempotency {
	var k reservation.Idempotency
	copy(k.ID[:], fmt.Sprintf("%16s", id))
	copy(k.Request[:], fmt.Sprintf("%16s", id))
	return k
}

func (w *world) place(t testing.TB, who string, claims ...stock.Claim) (*reservation.Reservation, error) {
	t.Helper()
	a, err := w.core.Place(context.Background(), reservation.PlaceRequest{Caller: as(who), Offers: []string{w.offer(t, claims...)}, Travellers: guests})
	return a.Reservation, err
}

// placed is place that must succeed; it returns the id.
func (w *world) placed(t testing.TB, who string, claims ...stock.Claim) string {
	t.Helper()
	r, err := w.place(t, who, claims...)
	if err != nil {
		t.Fatalf("place: %v", err)
	}
	return r.ID.Text("res")
}

func (w *world) paid(t testing.TB, who, ref, method string) reservation.Answer {
	t.Helper()
	a, err := w.core.Pay(context.Background(), as(who), ref, method, reservation.Idempotency{})
	if err != nil {
		t.Fatalf("pay: %v", err)
	}
	return a
}

// read is the reservation as its caller sees it.
func (w *world) read(t testing.TB, who, ref string) *reservation.Reservation {
	t.Helper()
	r, err := w.core.Reservation(context.Background(), as(who), ref)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// until waits for the jobs of the core to bring a reservation of ada's where it should be; the core looks every second.
func (w *world) until(t testing.TB, ref string, ok func(*reservation.Reservation) bool) *reservation.Reservation {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for {
		r := w.read(t, "ada", ref)
		if ok(r) {
			return r
		}
		if time.Now().After(deadline) {
			t.Fatalf("reservation stays %s, %s, step %s", r.Status, r.Payment, r.Step)
		}
		time.Sleep(20 * time.Millisecond) //nolint:forbidigo // simulated time
	}
}

func (w *world) free(t testing.TB, pool stock.PoolID, at stock.Slot) int32 {
	t.Helper()
	return w.slot(t, pool, at).Free()
}

func (w *world) slot(t testing.TB, pool stock.PoolID, at stock.Slot) reservation.SlotRow {
	t.Helper()
	rows, err := w.core.Slots(context.Background(), reservation.Span{Pool: pool, From: night + at, To: night + at + 1})
	if err != nil || len(rows) != 1 {
		t.Fatalf("slots: %v, %v", rows, err)
	}
	return rows[0]
}

func denied(t testing.TB, err error, reason string) {
	t.Helper()
	if !fault.Is(err, reason) {
		t.Errorf("got %v, want %s", err, reason)
	}
}

func eur(minor int64) money.Amount { return money.Of(minor, "EUR") }

// freeOffer seals a proposal that costs nothing.
func (w *world) freeOffer(t testing.TB, c stock.Claim) string {
	t.Helper()
	now := w.clock.Now()
	text, err := w.sealer.Seal(offer.Offer{
		IssuedAt: now, ExpiresAt: now.Add(time.Hour), Currency: "EUR",
		Pieces: []offer.Piece{{Supplier: supplier, Claims: []stock.Claim{c}, Terms: offer.Terms{EndsAt: now.Add(240 * time.Hour)}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return text
}
