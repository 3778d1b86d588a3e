package rest_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"holdfast/rest/resttest"
)

func TestPlaceAnswers(t *testing.T) {
	c, _ := newClient(t)
	r := c.place("k", placing(stayItem(`expected: `))).want(t, http.StatusCreated, "")
	id := r.text("id")
	if r.Header().Get("Location") != "/v1/reservations/"+id || !strings.HasPrefix(id, "res_") {
		t.Errorf("id %q, Location %q", id, r.Header().Get("Location"))
	}
	for path, want := range map[string]string{
		"status": "held", "payment_status": "unpaid", "legacy_status": "pending", "hold_expires_at": "2026-11-22T09:45:00Z", "created_at": "2026-11-22T09:30:00Z",
	} {
		if got := r.text(path); got != want {
			t.Errorf("%s is %q, want %q", path, got, want)
		}
	}
	if r.text("total", "amount") != "540.00" || r.text("total", "currency") != "EUR" {
		t.Errorf("total %v", r.at("total"))
	}
	if len(r.text("locator")) != 6 {
		t.Errorf("locator %q", r.text("locator"))
	}
	if got := fmt.Sprint(r.at("available_actions")); got != "[pay cancel]" {
		t.Errorf("actions %s", got)
	}
	item := map[string]string{
		"kind": "stay", "status": "held", "hotel_name": "Hotel Amsel", "room_type_name": "Double room, garden side", "check_in": "2027-06-10", "check_out": "2027-06-13",
		"rate_plan_id": resttest.RatePlanID.Text("rp"), "hotel_id": resttest.HotelID.Text("htl"), "room_type_id": resttest.RoomTypeID.Text("rt"),
	}
	for k, want := range item {
		if got := r.text("items", 0, k); got != want {
			t.Errorf("item %s is %q, want %q", k, got, want)
		}
	}
	if r.text("items", 0, "price", "base", "amount") != "525.00" || r.text("items", 0, "price", "fees", 0, "amount", "amount") != "15.00" || r.at("items", 0, "price", "taxes", 0, "included") != true {
		t.Errorf("price %v", r.at("items", 0, "price"))
	}
	if r.at("items", 0, "conditions", "cancellation_fee_percent") != float64(80) || r.text("items", 0, "conditions", "board") != "breakfast" {
		t.Errorf("conditions %v", r.at("items", 0, "conditions"))
	}
	got := c.do("GET", "/v1/reservations/"+id, resttest.TravellerToken, "").want(t, http.StatusOK, "")
	if got.Body.String() != r.Body.String() {
		t.Errorf("reading it gives something else:\n%s\n%s", got.Body, r.Body)
	}
}

// TestOccupancyIsSpread: people are spread over the rooms of a plain item as evenly as possible.
func TestOccupancyIsSpread(t *testing.T) {
	single := `room_type_id: "` + resttest.EmptyTypeID.Text("rt") + `"`
	for name, c := range map[string]struct {
		item []string
		want string
	}{
		"not said":               {[]string{"rooms: 2"}, "2/[] 2/[]"},
		"not said, single rooms": {[]string{"rooms: 2", single}, "1/[] 1/[]"},
		"even":                   {[]string{"rooms: 2", "adults: 4"}, "2/[] 2/[]"},
		"odd":                    {[]string{"rooms: 3", "adults: 5"}, "2/[] 2/[] 1/[]"},
		"one each":               {[]string{"rooms: 3", "adults: 3"}, "1/[] 1/[] 1/[]"},
		"children":               {[]string{"rooms: 2", "adults: 2", "children_ages: [4, 9]"}, "1/[4] 1/[9]"},
		"one child":              {[]string{"rooms: 2", "adults: 3", "children_ages: [4]"}, "2/[4] 1/[]"},
	} {
		t.Run(name, func(t *testing.T) {
			cl, _ := newClient(t)
			r := cl.place("k", placing(stayItem(c.item...))).want(t, http.StatusCreated, "")
			var got []string
			for _, room := range r.at("items", 0, "rooms").([]any) {
				m := room.(map[string]any)
				got = append(got, fmt.Sprintf("%v/%v", m["adults"], m["children_ages"]))
			}
			if s := strings.Join(got, " "); s != c.want {
				t.Errorf("got %s, want %s", s, c.want)
			}
		})
	}
}

// TestReplayIsTheSameAnswer: the stored answer comes back byte for byte, whatever has happened since.
func TestReplayIsTheSameAnswer(t *testing.T) {
	c, w := newClient(t)
	body := placing(stayItem())
	first := c.place("k", body).want(t, http.StatusCreated, "")
	if first.Header().Get("Idempotent-Replayed") != "" {
		t.Error("the first answer is marked as replayed")
	}
	at := "/v1/reservations/" + first.text("id")
	c.do("POST", at+"/pay", resttest.TravellerToken, `{"payment_method": "pm_test_approved"}`, "Idempotency-Key: p").want(t, http.StatusOK, "")
	w.Clock.Advance(24 * time.Hour)
	again := c.place("k", body).want(t, http.StatusCreated, "")
	if again.Body.String() != first.Body.String() || again.Header().Get("ETag") != first.Header().Get("ETag") || again.Header().Get("Location") != first.Header().Get("Location") {
		t.Errorf("the replay differs:\n%s\n%s", again.Body, first.Body)
	}
	if again.Header().Get("Idempotent-Replayed") != "true" {
		t.Error("the replay is not marked")
	}
	c.place("k", placing(stayItem("rooms: 2"))).want(t, http.StatusUnprocessableEntity, "idempotency_key_reused")
	c.place("k", body+" ").want(t, http.StatusUnprocessableEntity, "idempotency_key_reused")

	// The same key of somebody else, and on another path, is another key.
	c.do("POST", "/v1/reservations", resttest.OtherToken, body, "Idempotency-Key: k").want(t, http.StatusCreated, "")
	c.do("POST", heldOne+"/pay", resttest.TravellerToken, `{"payment_method": "pm_test_approved"}`, "Idempotency-Key: k").want(t, http.StatusConflict, "hold_expired")
}

// TestReplayBeatsRefusal: what the edge itself finds wrong must not hide the answer of a call that went through.
func TestReplayBeatsRefusal(t *testing.T) {
	c, _ := newClient(t)
	body := placing(stayItem(`check_in: "2026-11-22"`, `check_out: "2026-11-23"`))
	first := c.place("k", body).want(t, http.StatusCreated, "")
	c.do("POST", "/v1/sandbox/clock", resttest.TravellerToken, `{"advance_seconds": 200000}`).want(t, http.StatusOK, "")
	c.place("other", body).want(t, http.StatusUnprocessableEntity, "in_past")
	again := c.place("k", body).want(t, http.StatusCreated, "")
	if again.Body.String() != first.Body.String() {
		t.Errorf("the replay differs:\n%s\n%s", again.Body, first.Body)
	}
}

func TestIdempotencyKeyRules(t *testing.T) {
	c, _ := newClient(t)
	body, pay := placing(stayItem()), `{"payment_method": "pm_test_approved"}`
	c.do("POST", "/v1/reservations", resttest.TravellerToken, body).want(t, http.StatusBadRequest, "idempotency_key_required")
	c.do("POST", heldOne+"/pay", resttest.TravellerToken, pay).want(t, http.StatusBadRequest, "idempotency_key_required")
	for _, bad := range []string{"", "with blank", "tab\there", "ümlaut", "x\x7f", strings.Repeat("x", 256)} {
		c.place(bad, body).want(t, http.StatusBadRequest, "idempotency_key_malformed")
		c.do("POST", paidOne+"/cancellations", resttest.TravellerToken, `{}`, "Idempotency-Key: "+bad).want(t, http.StatusBadRequest, "idempotency_key_malformed")
	}
	for _, good := range []string{"x", "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", strings.Repeat("x", 255)} {
		c.place(good, body).want(t, http.StatusCreated, "")
	}
}

func TestOwnNames(t *testing.T) {
	c, _ := newClient(t)
	body := placing(stayItem(), `"id": "res_order-4711"`)
	r := c.place("a", body).want(t, http.StatusCreated, "")
	if r.text("id") != "res_order-4711" || r.Header().Get("Location") != "/v1/reservations/res_order-4711" {
		t.Errorf("id %s, Location %s", r.text("id"), r.Header().Get("Location"))
	}
	c.place("b", body).want(t, http.StatusConflict, "reservation_exists")
	c.do("GET", "/v1/reservations/res_order-4711", resttest.TravellerToken, "").want(t, http.StatusOK, "")
	c.do("GET", "/v1/reservations/res_order-4711", resttest.OtherToken, "").want(t, http.StatusNotFound, "reservation_not_found")
	other := c.do("POST", "/v1/reservations", resttest.OtherToken, body, "Idempotency-Key: a").want(t, http.StatusCreated, "")
	if other.text("locator") == r.text("locator") {
		t.Error("two callers with one name share a reservation")
	}
	seen := c.do("GET", "/v1/reservations?locator="+r.text("locator"), resttest.OperatorToken, "").want(t, http.StatusOK, "")
	if id := seen.text("reservations", 0, "id"); id == "res_order-4711" || !strings.HasPrefix(id, "res_") {
		t.Errorf("staff see the name %q, which means nothing to them", id)
	}
}

func TestPayOutcomes(t *testing.T) {
	c, _ := newClient(t)
	place := func(key string) string {
		return "/v1/reservations/" + c.place(key, placing(stayItem())).want(t, http.StatusCreated, "").text("id")
	}
	pay := func(at, key, method string) reply {
		return c.do("POST", at+"/pay", resttest.TravellerToken, `{"payment_method": "`+method+`"}`, "Idempotency-Key: "+key)
	}
	at := place("1")
	r := pay(at, "p1", "pm_test_approved").want(t, http.StatusOK, "")
	if r.text("status") != "confirmed" || r.text("payment_status") != "paid" || r.text("legacy_status") != "paid" || r.text("paid", "amount") != "540.00" || r.at("hold_expires_at") != nil {
		t.Errorf("paid: %s", r.Body)
	}
	if again := pay(at, "p1", "pm_test_approved").want(t, http.StatusOK, ""); again.Body.String() != r.Body.String() || again.Header().Get("Idempotent-Replayed") != "true" {
		t.Errorf("replay differs: %s", again.Body)
	}
	pay(at, "p2", "pm_test_approved").want(t, http.StatusConflict, "not_payable")

	at = place("2")
	pay(at, "p3", "pm_test_declined").want(t, http.StatusPaymentRequired, "payment_declined")
	if again := pay(at, "p3", "pm_test_declined").want(t, http.StatusPaymentRequired, "payment_declined"); again.Header().Get("Idempotent-Replayed") != "true" {
		t.Error("the repeated refusal is not marked")
	}
	got := c.do("GET", at, resttest.TravellerToken, "")
	if got.text("status") != "rejected" || got.text("legacy_status") != "rejected" || fmt.Sprint(got.at("available_actions")) != "[]" {
		t.Errorf("declined: %s", got.Body)
	}

	at = place("3")
	if r := pay(at, "p4", "pm_test_slow").want(t, http.StatusAccepted, ""); r.text("status") != "confirming" || r.text("legacy_status") != "pending" {
		t.Errorf("slow: %s", r.Body)
	}
	at = place("4")
	pay(at, "p5", "pm_other").want(t, http.StatusUnprocessableEntity, "payment_method_unknown")
	for _, card := range []string{"4111111111111111", "4111 1111 1111 1111", "pm_4111-1111-1111-1111"} {
		if r := pay(at, "p6", card).want(t, http.StatusUnprocessableEntity, "card_number_refused"); strings.Contains(r.Body.String(), "1111") {
			t.Errorf("the answer repeats the card number: %s", r.Body)
		}
	}
}

func TestCancelUnpaid(t *testing.T) {
	c, _ := newClient(t)
	c.do("DELETE", heldOne, resttest.OtherToken, "").want(t, http.StatusNotFound, "reservation_not_found")
	for range 2 {
		if r := c.do("DELETE", heldOne, resttest.TravellerToken, ""); r.Code != http.StatusNoContent || r.Body.Len() != 0 {
			t.Errorf("%d %s", r.Code, r.Body)
		}
	}
	if got := c.do("GET", heldOne, resttest.TravellerToken, ""); got.text("status") != "cancelled" || got.text("legacy_status") != "canceled" {
		t.Errorf("got %s", got.Body)
	}
	c.do("DELETE", paidOne, resttest.TravellerToken, "").want(t, http.StatusConflict, "quote_required")
}

func TestCancelPaid(t *testing.T) {
	c, w := newClient(t)
	c.do("POST", heldOne+"/cancellations", resttest.TravellerToken, "{}").want(t, http.StatusConflict, "not_cancellable")
	w.Clock.Set(time.Date(2027, 6, 9, 0, 0, 0, 0, time.UTC)) // free cancelling is over
	q := c.do("POST", paidOne+"/cancellations", resttest.TravellerToken, "", "Idempotency-Key: q").want(t, http.StatusCreated, "")
	if q.text("fee", "amount") != "432.00" || q.text("refund", "amount") != "108.00" || q.text("expires_at") != "2027-06-09T00:15:00Z" {
		t.Errorf("quote %s", q.Body)
	}
	if q.Header().Get("Location") != paidOne+"/cancellations/"+q.text("id") {
		t.Errorf("Location %s", q.Header().Get("Location"))
	}
	if again := c.do("POST", paidOne+"/cancellations", resttest.TravellerToken, "", "Idempotency-Key: q").want(t, http.StatusCreated, ""); again.Body.String() != q.Body.String() {
		t.Errorf("replay differs: %s", again.Body)
	}
	confirm := paidOne + "/cancellations/" + q.text("id") + "/confirm"
	c.do("POST", confirm, resttest.OtherToken, "").want(t, http.StatusNotFound, "reservation_not_found")
	c.do("POST", paidOne+"/cancellations/quo_nothing/confirm", resttest.TravellerToken, "").want(t, http.StatusNotFound, "quote_not_found")
	r := c.do("POST", confirm, resttest.TravellerToken, "", "Idempotency-Key: c").want(t, http.StatusOK, "")
	if r.text("status") != "cancelled" || r.text("payment_status") != "partially_refunded" || r.text("refunded", "amount") != "108.00" {
		t.Errorf("cancelled: %s", r.Body)
	}
	c.do("POST", confirm, resttest.TravellerToken, "", "Idempotency-Key: c").want(t, http.StatusOK, "")
	c.do("POST", confirm, resttest.TravellerToken, "").want(t, http.StatusConflict, "quote_outdated")
	p := c.do("GET", "/v1/payments?reservation="+resttest.PaidID.Text("res"), resttest.TravellerToken, "").want(t, http.StatusOK, "")
	if p.text("payments", 0, "refunded", "amount") != "108.00" || p.text("refunds", 0, "status") != "succeeded" || !strings.HasPrefix(p.text("refunds", 0, "id"), "rfd_") {
		t.Errorf("payments %s", p.Body)
	}
}

func TestExtend(t *testing.T) {
	c, w := newClient(t)
	for _, until := range []string{"2026-11-22T10:00:00Z", "2026-11-22T10:15:00Z"} {
		if r := c.do("POST", heldOne+"/extend", resttest.TravellerToken, "").want(t, http.StatusOK, ""); r.text("hold_expires_at") != until {
			t.Errorf("until %s, want %s", r.text("hold_expires_at"), until)
		}
	}
	c.do("POST", heldOne+"/extend", resttest.TravellerToken, "").want(t, http.StatusConflict, "hold_limit")
	c.do("POST", paidOne+"/extend", resttest.TravellerToken, "").want(t, http.StatusConflict, "not_extendable")
	w.Clock.Advance(time.Hour)
	c.do("POST", heldOne+"/extend", resttest.TravellerToken, "").want(t, http.StatusConflict, "hold_expired")
	if r := c.do("GET", heldOne, resttest.TravellerToken, ""); r.text("status") != "expired" || r.text("legacy_status") != "canceled" || r.at("hold_expires_at") != nil {
		t.Errorf("lapsed: %s", r.Body)
	}
}

func TestHistoryNamesActors(t *testing.T) {
	c, _ := newClient(t)
	own := c.do("GET", paidOne+"/history", resttest.TravellerToken, "").want(t, http.StatusOK, "")
	entries := own.at("history").([]any)
	if len(entries) != 3 || own.text("history", 0, "cause") != "placed" || own.at("history", 0, "from") != nil || own.text("history", 1, "from") != "held" {
		t.Errorf("history %s", own.Body)
	}
	if own.text("history", 0, "actor", "id") != "traveller-1" || own.at("history", 2, "actor", "id") != nil {
		t.Errorf("a traveller sees %v and %v", own.at("history", 0, "actor"), own.at("history", 2, "actor"))
	}
	if seen := c.do("GET", paidOne+"/history", resttest.OperatorToken, "").want(t, http.StatusOK, ""); seen.text("history", 2, "actor", "id") != "saga" {
		t.Errorf("staff see %v", seen.at("history", 2, "actor"))
	}
}

// TestPagesOfReservations walks a list in both directions without losing or repeating anything.
func TestPagesOfReservations(t *testing.T) {
	c, _ := newClient(t)
	for i := range 7 {
		c.do("POST", "/v1/reservations", resttest.OtherToken, placing(`{"offer": "off_4kdq0w3v9x"}`), fmt.Sprintf("Idempotency-Key: %d", i)).want(t, http.StatusCreated, "")
	}
	list := func(query string) (ids []string, next, previous string) {
		r := c.do("GET", "/v1/reservations?"+query, resttest.OtherToken, "").want(t, http.StatusOK, "")
		for i := range r.at("reservations").([]any) {
			ids = append(ids, r.text("reservations", i, "id"))
		}
		return ids, r.text("next"), r.text("previous")
	}
	all, next, _ := list("limit=200")
	if len(all) != 7 || next != "" {
		t.Fatalf("%d reservations, next %q", len(all), next)
	}
	var walked []string
	var previous string
	for query := "limit=3"; ; {
		page, next, prev := list(query)
		walked, previous = append(walked, page...), prev
		if next == "" {
			break
		}
		query = "limit=3&after=" + next
	}
	if !slices.Equal(walked, all) {
		t.Errorf("walked %v, want %v", walked, all)
	}
	back, _, _ := list("limit=3&before=" + previous)
	if !slices.Equal(back, all[3:6]) {
		t.Errorf("before the last page: %v, want %v", back, all[3:6])
	}
	if exact, next, _ := list("limit=7"); len(exact) != 7 || next != "" {
		t.Errorf("a page that holds all has %d and next %q", len(exact), next)
	}
	if held, _, _ := list("status=held"); len(held) != 7 {
		t.Errorf("%d held", len(held))
	}
	if paid, _, _ := list("status=confirmed"); len(paid) != 0 {
		t.Errorf("%d confirmed", len(paid))
	}
	if since, _, _ := list("updated_since=2026-11-22T09:30:01Z"); len(since) != 0 {
		t.Errorf("%d changed since", len(since))
	}
}

// TestSoldOut: the last room goes once, and a cancellation brings it back.
func TestSoldOut(t *testing.T) {
	c, _ := newClient(t)
	item := stayItem(`room_type_id: "`+resttest.EmptyTypeID.Text("rt")+`"`, "rooms: 4")
	r := c.place("1", placing(item)).want(t, http.StatusCreated, "")
	c.place("2", placing(item)).want(t, http.StatusConflict, "sold_out")
	c.do("DELETE", "/v1/reservations/"+r.text("id"), resttest.TravellerToken, "")
	c.place("2", placing(item)).want(t, http.StatusCreated, "")
}

func TestRevokedOffers(t *testing.T) {
	c, _ := newClient(t)
	offer := placing(`{"offer": "off_4kdq0w3v9x"}`)
	c.place("1", offer).want(t, http.StatusCreated, "")
	c.do("POST", theHotel+"/offer-revocations", resttest.RivalToken, "").want(t, http.StatusNotFound, "hotel_not_found")
	c.do("POST", theHotel+"/offer-revocations", resttest.StaffToken, "").want(t, http.StatusCreated, "")
	c.place("2", offer).want(t, http.StatusGone, "offer_revoked")
}
