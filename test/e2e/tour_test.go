package e2e

import (
	"fmt"
	"strings"
	"testing"

	"holdfast/test/e2e/api"
	"holdfast/test/e2e/process"
)

// TestTour goes through every call of part 1 once, as the people who use it would.
func TestTour(t *testing.T) {
	onShapes(t, nil, func(t *testing.T, w *world) {
		w.suppliers(t)
		h := tourOfStaff(t, w)
		tourOfPublic(t, w, h)
		tourOfTraveller(t, w, h)
		tourOfPayments(t, w, h)
		tourOfEnds(t, w, h)
	}, sqlite, postgres, pair)
}

// tourOfStaff makes a hotel and everything in it.
func tourOfStaff(t *testing.T, w *world) house {
	boss, desk, other := w.as(t, operator), w.as(t, acmeStaff), w.as(t, rivalStaff)
	var made api.Named
	boss.want(201, "POST", "/v1/suppliers", api.Object{"name": "Third Hotels", "kind": "hotel_chain"}, &made)
	if !strings.HasPrefix(made.ID, "sup_") {
		t.Errorf("supplier %+v", made)
	}
	desk.refused(403, "scope_missing", "POST", "/v1/suppliers", api.Object{"name": "No Hotels", "kind": "hotel_chain"})
	w.as(t, ada).refused(403, "scope_missing", "POST", "/v1/hotels", hotelBody("Not hers", "Nowhere", 0))
	w.as(t, "").refused(401, "token_missing", "POST", "/v1/hotels", hotelBody("Nobody's", "Nowhere", 0))

	var hotel, double, single api.Named
	desk.want(201, "POST", "/v1/hotels", hotelBody("Hotel Amsel", "Leipzig", 1000), &hotel)
	other.refused(404, "supplier_not_found", "POST", "/v1/hotels", hotelBody("Of Acme", "Leipzig", 0))
	at := "/v1/hotels/" + hotel.ID
	body := hotelBody("Hotel Amsel am Ufer", "Leipzig", 1000)
	body["stars"] = 5
	desk.want(200, "PUT", at, body, nil)
	other.refused(404, "hotel_not_found", "PUT", at, body)

	desk.want(201, "POST", at+"/room-types", typeBody("Double", "120.00", 10), &double)
	desk.want(201, "POST", at+"/room-types", typeBody("Single", "80.00", 4), &single)
	var seen struct {
		Name      string
		BasePrice api.Money `json:"base_price"`
	}
	desk.want(200, "PUT", at+"/room-types/"+single.ID, typeBody("Single, quiet side", "85.00", 4), nil)
	desk.want(200, "GET", at+"/room-types/"+single.ID, nil, &seen)
	if seen.Name != "Single, quiet side" || seen.BasePrice.Amount != "85.00" {
		t.Errorf("changed room type reads %+v", seen)
	}
	h := house{hotel: hotel.ID, roomType: double.ID, city: "Leipzig", today: w.today()}
	desk.want(200, "PUT", at+"/room-types/"+double.ID+"/rates", api.Object{"from": h.night(20), "to": h.night(22), "amount": "150.00"}, nil)
	desk.want(200, "PUT", at+"/room-types/"+double.ID+"/inventory", api.Object{"from": h.night(30), "to": h.night(31), "capacity": 5, "min_stay": 2}, nil)
	other.refused(404, "hotel_not_found", "PUT", at+"/room-types/"+double.ID+"/inventory", api.Object{"from": h.night(30), "to": h.night(31), "closed": true})

	// 10 rooms and 10 % are 11; 5 rooms and 10 % are 5; 4 rooms and 10 % are 4.
	nights := w.nights(t, h, 19, 32)
	for i, want := range map[int]api.Night{
		0:  {Capacity: 10, Target: 11, Available: 11, Price: api.Money{Amount: "120.00", Currency: "EUR"}},
		1:  {Capacity: 10, Target: 11, Available: 11, Price: api.Money{Amount: "150.00", Currency: "EUR"}},
		3:  {Capacity: 10, Target: 11, Available: 11, Price: api.Money{Amount: "120.00", Currency: "EUR"}},
		11: {Capacity: 5, Target: 5, Available: 5, Price: api.Money{Amount: "120.00", Currency: "EUR"}},
	} {
		if want.Date = h.night(19 + i); nights[i] != want {
			t.Errorf("night %+v, want %+v", nights[i], want)
		}
	}
	singles := h
	singles.roomType = single.ID
	if n := w.nights(t, singles, 19, 20)[0]; n.Target != 4 {
		t.Errorf("4 rooms and 10 %%: target %d, want 4", n.Target)
	}

	var room api.Named
	rooms := at + "/rooms"
	desk.want(201, "POST", rooms, api.Object{"number": "204", "room_type_id": double.ID}, &room)
	desk.want(200, "PUT", rooms+"/"+room.ID, api.Object{
		"number": "204", "room_type_id": double.ID, "out_of_order": []api.Object{{"from": h.night(40), "to": h.night(41), "reason": "new carpet"}},
	}, nil)
	desk.want(200, "GET", rooms+"/"+room.ID, nil, nil)
	desk.want(200, "GET", rooms, nil, nil)
	w.as(t, ada).refused(403, "scope_missing", "GET", rooms, nil)
	nights = w.nights(t, h, 40, 42)
	if nights[0].Capacity != 9 || nights[0].Available != 9 || nights[1].Capacity != 10 {
		t.Errorf("with a room out of order: %+v", nights)
	}
	desk.want(204, "DELETE", rooms+"/"+room.ID, nil, nil)
	if n := w.nights(t, h, 40, 41)[0]; n.Capacity != 10 {
		t.Errorf("without the room that was out of order: %+v", n)
	}
	return h
}

// tourOfPublic reads without a token and searches in all three ways, on every process.
func tourOfPublic(t *testing.T, w *world, h house) {
	for i := range w.servers {
		public := w.on(t, i, "")
		public.want(200, "GET", "/healthz", nil, nil)
		public.want(200, "GET", "/readyz", nil, nil)
		public.want(200, "GET", "/docs", nil, nil)
		public.want(200, "GET", "/metrics", nil, nil)
		var document struct{ OpenAPI string }
		public.want(200, "GET", "/openapi.json", nil, &document)
		if !strings.HasPrefix(document.OpenAPI, "3.1") {
			t.Errorf("document of version %q", document.OpenAPI)
		}
		process.Eventually(t, "the hotel is in the list", func() bool {
			var list struct{ Hotels []api.Named }
			public.want(200, "GET", "/v1/hotels?q=amsel&city=leipzig&limit=5", nil, &list)
			return len(list.Hotels) == 1 && list.Hotels[0].ID == h.hotel && list.Hotels[0].Name == "Hotel Amsel am Ufer"
		})
		public.want(200, "GET", "/v1/hotels/"+h.hotel, nil, nil)

		when := func(where string, place any) api.Object {
			return api.Object{"stay": api.Object{where: place, "check_in": h.night(19), "check_out": h.night(22), "rooms": []api.Party{{Adults: 2, ChildrenAges: []int{4}}}}}
		}
		for where, search := range map[string]api.Object{
			"place":    when("place", "Leipzig"),
			"near":     when("near", api.Object{"latitude": 51.35, "longitude": 12.37, "radius_km": 5}),
			"hotel_id": when("hotel_id", h.hotel),
		} {
			found := offersOnceSold(t, w.on(t, i, ada), search, 1)
			o := found.Offers[0]
			if where == "hotel_id" { // a named hotel answers with all its room types
				for _, other := range found.Offers {
					if other.RoomType.ID == h.roomType {
						o = other
					}
				}
			} else if o.Hotel.DistanceKM == nil || *o.Hotel.DistanceKM > 2 {
				t.Errorf("search by %s: distance %v", where, o.Hotel.DistanceKM)
			}
			if o.Hotel.ID != h.hotel || !strings.HasPrefix(o.ID, "off_") {
				t.Errorf("search by %s found %+v", where, o)
			}
			if where == "hotel_id" && o.Price.Total != (api.Money{Amount: "420.00", Currency: "EUR"}) { // 120 + 150 + 150
				t.Errorf("search by %s: total %+v", where, o.Price.Total)
			}
		}
		narrow := when("hotel_id", h.hotel)
		narrow["filters"] = api.Object{"max_price": api.Money{Amount: "1.00", Currency: "EUR"}}
		if found := w.on(t, i, ada).offers(narrow); len(found.Offers) != 0 {
			t.Errorf("for a euro: %+v", found)
		}
		w.on(t, i, ada).want(200, "POST", "/v1/offers", api.Object{
			"stay":    api.Object{"place": "Leipzig", "check_in": h.night(19), "check_out": h.night(22), "rooms": []api.Party{{Adults: 2}}},
			"filters": api.Object{"min_stars": 4, "amenities": []string{"wifi"}}, "sort": "stars", "limit": 3,
		}, nil)
	}
}

// offersOnceSold searches until at least so many offers are found: a process hears of what another one made within a
// second or two.
func offersOnceSold(t *testing.T, c caller, search api.Object, n int) api.Offers {
	t.Helper()
	var found api.Offers
	process.Eventually(t, fmt.Sprintf("%d offers for %v", n, search), func() bool {
		a := c.call("POST", "/v1/offers", search)
		if a.Problem().Code == "place_unknown" {
			return false
		}
		if a.Status != 200 || a.Into(&found) != nil {
			t.Fatalf("search: %d %s", a.Status, a.Body)
		}
		return len(found.Offers) >= n
	})
	return found
}

// tourOfTraveller reserves in both forms and reads.
func tourOfTraveller(t *testing.T, w *world, h house) {
	a, b, last := w.as(t, ada), w.on(t, 1, bob), len(w.servers)-1
	var offer api.Offer
	for _, o := range a.offers(h.search(19, 22)).Offers {
		if o.RoomType.ID == h.roomType {
			offer = o
		}
	}
	byOffer := w.on(t, last, ada).reserve(api.Object{"offer": offer.ID}) // sealed by one process, opened by another
	if byOffer.Total != offer.Price.Total {
		t.Errorf("reserved for %+v what was offered for %+v", byOffer.Total, offer.Price.Total)
	}
	if fmt.Sprint(byOffer.AvailableActions) != "[pay cancel]" || byOffer.HoldExpiresAt == "" {
		t.Errorf("held: %+v", byOffer)
	}

	plain := order(h.stay(19, 22, 2))
	plain["id"], plain["expected_total"] = "res_tour-1", api.Money{Amount: "1.00", Currency: "EUR"}
	p := a.refused(409, "price_changed", "POST", "/v1/reservations", plain)
	if !strings.Contains(fmt.Sprint(p.Meta), "840.00") {
		t.Errorf("price_changed does not tell the price: %+v", p)
	}
	plain["expected_total"] = api.Money{Amount: "840.00", Currency: "EUR"}
	var named api.Reservation
	a.want(201, "POST", "/v1/reservations", plain, &named)
	if named.ID != "res_tour-1" || named.Total.Amount != "840.00" {
		t.Errorf("plain and named: %+v", named)
	}
	a.refused(409, "reservation_exists", "POST", "/v1/reservations", plain)
	b.want(201, "POST", "/v1/reservations", plain, nil) // another namespace

	if n := w.nights(t, h, 19, 23); n[0].Held != 5 || n[2].Held != 5 || n[3].Held != 0 || n[0].Available != 6 {
		t.Errorf("five rooms held for three nights, the departure night free: %+v", n)
	}

	// A traveller sees its own only, staff its supplier's, the operator all.
	for i, c := range map[string]caller{"bob": b, "rival's staff": w.as(t, rivalStaff)} {
		c.refused(404, "reservation_not_found", "GET", "/v1/reservations/"+byOffer.ID, nil)
		if i == "bob" {
			c.refused(404, "reservation_not_found", "DELETE", "/v1/reservations/"+byOffer.ID, nil)
			c.refused(404, "reservation_not_found", "POST", "/v1/reservations/"+byOffer.ID+"/pay", api.Object{"payment_method": "pm_test_approved"})
		}
	}
	for name, want := range map[string]int{ada: 2, bob: 1, acmeStaff: 3, rivalStaff: 0, operator: 3} {
		var list api.Reservations
		w.on(t, last, name).want(200, "GET", "/v1/reservations", nil, &list)
		if len(list.Reservations) != want {
			t.Errorf("%s lists %d reservations, want %d", name, len(list.Reservations), want)
		}
	}
	var page api.Reservations
	a.want(200, "GET", "/v1/reservations?limit=1", nil, &page)
	if len(page.Reservations) != 1 || page.Next == nil {
		t.Fatalf("a page of one: %+v", page)
	}
	first := page.Reservations[0].ID
	a.want(200, "GET", "/v1/reservations?limit=1&after="+*page.Next, nil, &page)
	if len(page.Reservations) != 1 || page.Reservations[0].ID == first {
		t.Errorf("the second page: %+v", page)
	}
	if got := w.as(t, acmeStaff).get(byOffer.ID); got.Status != "held" {
		t.Errorf("acme's staff read %+v", got)
	}
	if got := a.causes(byOffer.ID); got != "placed" {
		t.Errorf("history %q", got)
	}

	// Unpaid ones are cancelled without a quote; doing it again changes nothing.
	a.want(204, "DELETE", "/v1/reservations/"+byOffer.ID, nil, nil)
	a.want(204, "DELETE", "/v1/reservations/"+byOffer.ID, nil, nil)
	a.want(204, "DELETE", "/v1/reservations/res_tour-1", nil, nil)
	b.want(204, "DELETE", "/v1/reservations/res_tour-1", nil, nil)
	if got := a.get(byOffer.ID); got.Status != "cancelled" || a.causes(byOffer.ID) != "placed released" {
		t.Errorf("after DELETE: %+v, %s", got, a.causes(byOffer.ID))
	}
	if n := w.nights(t, h, 19, 20)[0]; n.Held != 0 || n.Available != 11 {
		t.Errorf("after DELETE: %+v", n)
	}
}

// tourOfPayments pays in every way the sandbox knows.
func tourOfPayments(t *testing.T, w *world, h house) {
	a := w.as(t, ada)
	approved := a.reserve(h.stay(25, 26, 1))
	paid := a.pay(200, approved.ID, "pm_test_approved")
	if paid.Status != "confirmed" || paid.PaymentStatus != "paid" || paid.Paid != paid.Total || fmt.Sprint(paid.AvailableActions) != "[cancel]" {
		t.Errorf("approved: %+v", paid)
	}
	a.refused(409, "not_payable", "POST", "/v1/reservations/"+approved.ID+"/pay", api.Object{"payment_method": "pm_test_approved"})
	a.refused(409, "quote_required", "DELETE", "/v1/reservations/"+approved.ID, nil)

	declined := a.reserve(h.stay(25, 26, 1))
	a.refused(402, "payment_declined", "POST", "/v1/reservations/"+declined.ID+"/pay", api.Object{"payment_method": "pm_test_declined"})
	if got := a.get(declined.ID); got.Status != "rejected" || got.PaymentStatus != "failed" {
		t.Errorf("declined: %+v", got)
	}
	card := a.reserve(h.stay(25, 26, 1))
	a.refused(422, "card_number_refused", "POST", "/v1/reservations/"+card.ID+"/pay", api.Object{"payment_method": "4242424242424242"})
	a.refused(422, "payment_method_unknown", "POST", "/v1/reservations/"+card.ID+"/pay", api.Object{"payment_method": "pm_test_nonsense"})

	// Slow and unknown ones go on by themselves until they are known.
	slow := a.pay(202, a.reserve(h.stay(26, 27, 1)).ID, "pm_test_slow")
	unknown := a.pay(202, a.reserve(h.stay(26, 27, 1)).ID, "pm_test_unknown")
	if slow.Status != "confirming" || unknown.Status != "confirming" {
		t.Errorf("slow %s, unknown %s; want confirming", slow.Status, unknown.Status)
	}
	a.refused(409, "payment_running", "DELETE", "/v1/reservations/"+slow.ID, nil)
	for _, id := range []string{slow.ID, unknown.ID} {
		a.becomes(id, "confirmed", "paid")
		if got := a.causes(id); got != "placed payment_begun payment_made payment_taken" {
			t.Errorf("history %q", got)
		}
	}
	var money api.Payments
	a.want(200, "GET", "/v1/payments?reservation="+slow.ID, nil, &money)
	if len(money.Payments) != 1 || money.Payments[0].Status != "captured" || money.Payments[0].Amount != slow.Total {
		t.Errorf("payments %+v", money)
	}
	a.want(200, "GET", "/v1/payments/"+money.Payments[0].ID, nil, nil)
	w.as(t, bob).refused(404, "payment_not_found", "GET", "/v1/payments/"+money.Payments[0].ID, nil)
	if n := w.nights(t, h, 26, 27)[0]; n.Sold != 2 || n.Held != 0 {
		t.Errorf("two sold: %+v", n)
	}

	// Cancelling what is paid: a quote, then its confirmation.
	var q api.Quote
	a.want(201, "POST", "/v1/reservations/"+slow.ID+"/cancellations", nil, &q)
	if q.Refund != slow.Total || q.Fee.Amount != "0.00" {
		t.Errorf("three weeks ahead: %+v", q)
	}
	w.as(t, bob).refused(404, "reservation_not_found", "POST", "/v1/reservations/"+slow.ID+"/cancellations/"+q.ID+"/confirm", nil)
	a.want(200, "POST", "/v1/reservations/"+slow.ID+"/cancellations/"+q.ID+"/confirm", nil, nil)
	if got := a.becomes(slow.ID, "cancelled", "refunded"); got.Refunded != got.Total {
		t.Errorf("cancelled: %+v", got)
	}
	if n := w.nights(t, h, 26, 27)[0]; n.Sold != 1 {
		t.Errorf("after cancelling: %+v", n)
	}
	a.want(204, "DELETE", "/v1/reservations/"+card.ID, nil, nil)
}

// tourOfEnds deletes: never what has stays to come.
func tourOfEnds(t *testing.T, w *world, h house) {
	desk, at := w.as(t, acmeStaff), "/v1/hotels/"+h.hotel
	desk.refused(409, "has_reservations", "DELETE", at, nil)
	desk.refused(409, "has_reservations", "DELETE", at+"/room-types/"+h.roomType, nil)
	var list api.Reservations
	w.as(t, ada).want(200, "GET", "/v1/reservations?status=confirmed", nil, &list)
	if len(list.Reservations) != 2 {
		t.Errorf("%d confirmed, want 2", len(list.Reservations))
	}
	for _, r := range list.Reservations {
		w.as(t, ada).cancel(r.ID)
	}
	desk.want(204, "DELETE", at+"/room-types/"+h.roomType, nil, nil)
	w.as(t, ada).refused(404, "room_type_not_found", "POST", "/v1/reservations", order(h.stay(25, 26, 1)))
	desk.want(204, "DELETE", at, nil, nil)
	w.as(t, ada).refused(404, "hotel_not_found", "GET", at, nil)
	for _, r := range list.Reservations {
		w.as(t, ada).becomes(r.ID, "cancelled", "refunded") // and it can still be read
	}
	if r := w.must("audit"); !strings.Contains(r.Stdout, "Everything is right") {
		t.Errorf("audit says\n%s", r.Stdout)
	}
}
