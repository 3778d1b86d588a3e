package rest_test

import (
	"net/http"
	"strings"
	"testing"

	"holdfast/rest/resttest"
)

// TestEveryOperationAsksWhoCalls: without a token, with a wrong one, and without the scope, nothing but the public
// operations answers; and the refusal comes before anything of the body is looked at.
func TestEveryOperationAsksWhoCalls(t *testing.T) {
	h := resttest.Seed().Handler()
	for _, o := range readDocument(t, h).operations() {
		t.Run(o.id(), func(t *testing.T) {
			c := &client{t: t, h: h}
			public := o.token() == ""
			body := ""
			if o.raw["requestBody"] != nil {
				body = "{broken"
			}
			method := strings.ToUpper(o.method)
			if r := c.do(method, o.target(t), "", body); public {
				if r.Code >= 400 {
					t.Errorf("a public operation answers %d: %s", r.Code, r.Body)
				}
			} else if r.want(t, http.StatusUnauthorized, "token_missing"); r.Header().Get("WWW-Authenticate") != `Bearer realm="holdfast"` {
				t.Errorf("WWW-Authenticate %q", r.Header().Get("WWW-Authenticate"))
			}
			if o.path != "/healthz" && o.path != "/readyz" {
				r := c.do(method, o.target(t), "tok_nobody", body).want(t, http.StatusUnauthorized, "token_unknown")
				if !strings.Contains(r.Header().Get("WWW-Authenticate"), "invalid_token") {
					t.Errorf("WWW-Authenticate %q", r.Header().Get("WWW-Authenticate"))
				}
			}
			if !public && o.path != "/v1/sandbox/clock" && o.path != "/v1/offers" && o.path != "/v1/flights/calendar" {
				c.do(method, o.target(t), resttest.ReaderToken, body).want(t, http.StatusForbidden, "scope_missing")
			}
			o.check(t, c.do(method, o.target(t), "tok_nobody", body).ResponseRecorder)
		})
	}
}

// TestForeignThingsDoNotExist: each operation on something of somebody else answers as if it were not there.
func TestForeignThingsDoNotExist(t *testing.T) {
	rate := `{"from": "2027-06-01", "to": "2027-06-02", "amount": "1.00"}`
	override := `{"room_type_id": "` + resttest.RoomTypeID.Text("rt") + `", "from": "2027-06-01", "to": "2027-06-02", "amount": "1.00"}`
	roomType := `{"name": "x", "occupancy": {"adults": 1, "children": 0}, "base_price": {"amount": "1", "currency": "EUR"}, "capacity": 1}`
	hotel := `{"name": "N", "city": "C", "country": "DE", "latitude": 1, "longitude": 2, "time_zone": "Europe/Berlin", "currency": "EUR"}`
	room := `{"number": "1", "room_type_id": "` + resttest.RoomTypeID.Text("rt") + `"}`
	pay := `{"payment_method": "pm_test_approved"}`
	calls := []struct{ method, target, body, code string }{
		{"PUT", theHotel, hotel, "hotel_not_found"},
		{"DELETE", theHotel, "", "hotel_not_found"},
		{"POST", theHotel + "/room-types", roomType, "hotel_not_found"},
		{"PUT", theType, roomType, "hotel_not_found"},
		{"DELETE", theType, "", "hotel_not_found"},
		{"PUT", theType + "/rates", rate, "hotel_not_found"},
		{"GET", theType + "/inventory", "", "hotel_not_found"},
		{"PUT", theType + "/inventory", `{"from": "2027-06-01", "to": "2027-06-02", "closed": true}`, "hotel_not_found"},
		{"POST", theHotel + "/rooms", room, "hotel_not_found"},
		{"GET", theHotel + "/rooms", "", "hotel_not_found"},
		{"GET", theRoom, "", "hotel_not_found"},
		{"PUT", theRoom, room, "hotel_not_found"},
		{"DELETE", theRoom, "", "hotel_not_found"},
		{"POST", theHotel + "/rate-plans", `{"name": "x"}`, "hotel_not_found"},
		{"GET", theHotel + "/rate-plans", "", "hotel_not_found"},
		{"GET", thePlan, "", "hotel_not_found"},
		{"PUT", thePlan, `{"name": "x"}`, "hotel_not_found"},
		{"DELETE", thePlan, "", "hotel_not_found"},
		{"PUT", thePlan + "/overrides", override, "hotel_not_found"},
		{"POST", theHotel + "/offer-revocations", "{}", "hotel_not_found"},
		{"GET", "/v1/suppliers/" + resttest.SupplierID.Text("sup"), "", "supplier_not_found"},
		{"GET", heldOne, "", "reservation_not_found"},
		{"GET", heldOne + "/history", "", "reservation_not_found"},
	}
	for _, call := range calls {
		t.Run(call.method+" "+call.target, func(t *testing.T) {
			c, _ := newClient(t)
			c.do(call.method, call.target, resttest.RivalToken, call.body).want(t, http.StatusNotFound, call.code)
			if !strings.HasPrefix(call.target, "/v1/reservations") { // staff scopes without a supplier are not the operator's
				c.do(call.method, call.target, resttest.LooseToken, call.body).want(t, http.StatusNotFound, call.code)
			}
		})
	}
	for _, call := range []struct{ method, target, body, code string }{
		{"GET", heldOne, "", "reservation_not_found"},
		{"GET", heldOne + "/history", "", "reservation_not_found"},
		{"DELETE", heldOne, "", "reservation_not_found"},
		{"POST", heldOne + "/extend", "", "reservation_not_found"},
		{"POST", heldOne + "/pay", pay, "reservation_not_found"},
		{"POST", paidOne + "/cancellations", "{}", "reservation_not_found"},
		{"POST", paidOne + "/cancellations/" + resttest.QuoteID.Text("quo") + "/confirm", "", "reservation_not_found"},
		{"POST", seatedOne + "/seats", `{"seats": ["14F"]}`, "reservation_not_found"},
		{"POST", seatedOne + "/check-in", "", "reservation_not_found"},
		{"GET", "/v1/payments?reservation=" + resttest.PaidID.Text("res"), "", "reservation_not_found"},
		{"GET", "/v1/payments/" + resttest.PaymentID.Text("pay"), "", "payment_not_found"},
	} {
		t.Run("other traveller: "+call.method+" "+call.target, func(t *testing.T) {
			c, _ := newClient(t)
			c.do(call.method, call.target, resttest.OtherToken, call.body, "Idempotency-Key: k").want(t, http.StatusNotFound, call.code)
		})
	}
	c, _ := newClient(t)
	for _, token := range []string{resttest.OtherToken, resttest.RivalToken, resttest.LooseToken} {
		if r := c.do("GET", "/v1/reservations", token, "").want(t, http.StatusOK, ""); len(r.at("reservations").([]any)) != 0 {
			t.Errorf("%s sees foreign reservations: %s", token, r.Body)
		}
	}
	for token, n := range map[string]int{resttest.StaffToken: 2, resttest.OperatorToken: 3} {
		if r := c.do("GET", "/v1/reservations", token, "").want(t, http.StatusOK, ""); len(r.at("reservations").([]any)) != n {
			t.Errorf("%s does not see the supplier's reservations: %s", token, r.Body)
		}
	}
}

func TestSuppliers(t *testing.T) {
	c, _ := newClient(t)
	body := `{"name": "New Inns", "kind": "hotel_chain"}`
	c.do("POST", "/v1/suppliers", resttest.StaffToken, body).want(t, http.StatusForbidden, "scope_missing")
	c.do("POST", "/v1/suppliers", resttest.RivalToken, body).want(t, http.StatusForbidden, "scope_missing") // staff:* of one supplier
	r := c.do("POST", "/v1/suppliers", resttest.OperatorToken, body).want(t, http.StatusCreated, "")
	if r.Header().Get("Location") != "/v1/suppliers/"+r.text("id") {
		t.Errorf("Location %s", r.Header().Get("Location"))
	}
	named := `{"id": "sup_01kavwy2x4e8hrn5z3m7q9t6bg", "name": "New Inns", "kind": "airline"}`
	for range 2 {
		c.do("POST", "/v1/suppliers", resttest.OperatorToken, named).want(t, http.StatusCreated, "")
	}
	c.do("POST", "/v1/suppliers", resttest.OperatorToken, strings.Replace(named, "airline", "railway", 1)).want(t, http.StatusConflict, "supplier_exists")
	c.do("POST", "/v1/suppliers", resttest.OperatorToken, strings.Replace(named, "airline", "bakery", 1)).want(t, http.StatusUnprocessableEntity, "validation_failed")
	if l := c.do("GET", "/v1/suppliers", resttest.StaffToken, ""); len(l.at("suppliers").([]any)) != 1 {
		t.Errorf("staff see %s", l.Body)
	}
	if l := c.do("GET", "/v1/suppliers?limit=2", resttest.OperatorToken, ""); len(l.at("suppliers").([]any)) != 2 || l.text("next") == "" {
		t.Errorf("the operator sees %s", l.Body)
	}
	hotel := `{"supplier_id": "` + resttest.AirlineID.Text("sup") + `", "name": "N", "city": "C", "country": "DE", "latitude": 1, "longitude": 2, "time_zone": "Europe/Berlin", "currency": "EUR"}`
	c.do("POST", "/v1/hotels", resttest.OperatorToken, hotel).want(t, http.StatusUnprocessableEntity, "supplier_kind")
	c.do("POST", "/v1/hotels", resttest.LooseToken, hotel).want(t, http.StatusNotFound, "supplier_not_found")
}

// TestStaffSeeMore: the same address shows the public less.
func TestStaffSeeMore(t *testing.T) {
	c, _ := newClient(t)
	for _, target := range []string{theHotel, theType} {
		for token, more := range map[string]bool{"": false, resttest.TravellerToken: false, resttest.RivalToken: false, resttest.StaffToken: true, resttest.OperatorToken: true} {
			r := c.do("GET", target, token, "").want(t, http.StatusOK, "")
			if got := r.at("status") != nil && r.at("overbooking_bp") != nil || r.at("capacity") != nil; got != more {
				t.Errorf("%s with %q shows what is for staff: %v, want %v", target, token, got, more)
			}
		}
	}
}
