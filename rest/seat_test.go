package rest_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"holdfast/reservation"
	"holdfast/rest/resttest"
)

// seated is the text "traveller:seat" of the seats of an item.
func seated(r reply, item int) string {
	var out []string
	list, _ := r.at("items", item, "seats").([]any)
	for _, s := range list {
		m := s.(map[string]any)
		text := fmt.Sprintf("%v:%v", m["traveller"], m["seat"])
		if coach, ok := m["coach"]; ok {
			text += fmt.Sprintf("(%v)", coach)
		}
		if fee := m["fee"].(map[string]any)["amount"]; fee != "0.00" {
			text += fmt.Sprintf("+%v", fee)
		}
		out = append(out, text)
	}
	return strings.Join(out, " ")
}

func ride(offer, more string) string {
	if more != "" {
		more = ", " + more
	}
	return `{"offer": "` + offer + `"` + more + `}`
}

// TestRidesAreShown: what an item of a flight and one of a train say, in local time.
func TestRidesAreShown(t *testing.T) {
	c, _ := newClient(t)
	r := c.place("f", placing(ride(resttest.SealedFlight, ""))).want(t, http.StatusCreated, "")
	for field, want := range map[string]string{
		"kind": "flight", "number": "HF 201", "departure_id": resttest.DepartureID.Text("dep"), "date": "2027-06-10", "departs": "2027-06-10T08:00:00+01:00",
		"arrives": "2027-06-10T12:00:00+02:00", "cabin": "economy", "booking_class": "Y",
	} {
		if got := r.text("items", 0, field); got != want {
			t.Errorf("%s is %q, want %q", field, got, want)
		}
	}
	if r.text("items", 0, "from", "code") != "LIS" || r.text("items", 0, "fare", "name") != "Flex" || r.at("items", 0, "travellers", "adults") != float64(2) {
		t.Errorf("item %v", r.at("items", 0))
	}
	for _, absent := range []string{"hotel_id", "hotel_name", "rooms", "check_in", "run_id", "class", "notice"} {
		if v := r.at("items", 0, absent); v != nil {
			t.Errorf("a flight has %s: %v", absent, v)
		}
	}
	if r.text("total", "amount") != "277.00" || seated(r, 0) != "" || fmt.Sprint(r.at("available_actions")) != "[pay cancel change_seats]" {
		t.Errorf("total %v, seats %q, actions %v", r.at("total"), seated(r, 0), r.at("available_actions"))
	}
	j := c.place("j", placing(ride(resttest.SealedJourney, ""))).want(t, http.StatusCreated, "")
	if got := j.text("items", 0, "kind") + j.text("items", 1, "number") + j.text("items", 1, "class"); got != "trainHR 205second" {
		t.Errorf("train shows %s", got)
	}
	if j.text("items", 0, "run_id") != resttest.RunID.Text("run") || j.at("items", 0, "cabin") != nil || seated(j, 0) == "" || seated(j, 1) == "" {
		t.Errorf("journey %s", j.Body)
	}
	if stay := c.place("s", placing(stayItem())).want(t, http.StatusCreated, ""); stay.at("items", 0, "seats") != nil || stay.at("items", 0, "from") != nil {
		t.Errorf("a stay has what is of rides: %s", stay.Body)
	}
}

// TestSeatsAreChosen: what is wished of the seats reaches the ride it is wished of.
func TestSeatsAreChosen(t *testing.T) {
	for name, call := range map[string]struct {
		item   string
		status int
		code   string
		seats  []string
	}{
		"two seats":        {ride(resttest.SealedFlight, `"seats": ["14A", "14B"]`), 201, "", []string{"0:14A 1:14B"}},
		"one with a price": {ride(resttest.SealedFlight, `"seats": ["", "10C"]`), 201, "", []string{"1:10C+15.00"}},
		"by ride":          {ride(resttest.SealedJourney, `"rides": [{"ride": 1, "seats": ["8-22"]}, {"ride": 0, "seats": ["7-41"]}]`), 201, "", []string{"0:7-41(7)", "0:8-22(8)"}},
		"the first ride":   {ride(resttest.SealedJourney, `"seats": ["8-11"], "rides": null`), 422, "validation_failed", nil},
		"preferences":      {ride(resttest.SealedJourney, `"rides": [{"ride": 0, "preferences": {"quiet": false, "window": true}}, {"ride": 1, "preferences": {"quiet": true, "aisle": true}}]`), 201, "", []string{"0:8-", "0:7-"}},
		"unknown":          {ride(resttest.SealedFlight, `"seats": ["99Z"]`), 422, "seat_unknown", nil},
		"taken":            {ride(resttest.SealedFlight, `"seats": ["15A"]`), 409, "seat_unavailable", nil},
		"both forms":       {ride(resttest.SealedJourney, `"seats": ["8-11"], "rides": [{"ride": 0, "seats": ["8-11"]}]`), 422, "validation_failed", nil},
		"a ride twice":     {ride(resttest.SealedJourney, `"rides": [{"ride": 0, "seats": ["8-11"]}, {"ride": 0, "seats": ["8-12"]}]`), 422, "validation_failed", nil},
		"a label too long": {ride(resttest.SealedFlight, `"seats": ["1234567890123"]`), 422, "validation_failed", nil},
		"on a stay":        {stayItem(`seats: ["1A"]`), 422, "validation_failed", nil},
		"beside a hotel":   {ride(resttest.SealedFlight, `"hotel_id": "`+resttest.HotelID.Text("htl")+`"`), 422, "validation_failed", nil},
	} {
		t.Run(name, func(t *testing.T) {
			c, _ := newClient(t)
			r := c.place("k", placing(call.item)).want(t, call.status, call.code)
			for i, want := range call.seats {
				if got := seated(r, i); !strings.HasPrefix(got, want) {
					t.Errorf("seats of item %d are %q, want %q", i, got, want)
				}
			}
		})
	}
}

// TestSeatsAreChanged: by name, and at check-in for who has none.
func TestSeatsAreChanged(t *testing.T) {
	c, w := newClient(t)
	at := "/v1/reservations/" + resttest.SeatedID.Text("res")
	change := func(key, body string) reply {
		return c.do("POST", seatedOne+"/seats", resttest.TravellerToken, body, "Idempotency-Key: "+key)
	}
	if r := change("a", `{"seats": ["14F"]}`).want(t, http.StatusOK, ""); seated(r, 0) != "0:14F" {
		t.Errorf("seats %s", seated(r, 0))
	}
	c.do("POST", seatedOne+"/seats", resttest.TravellerToken, `{"seats": ["14F"]}`).want(t, http.StatusBadRequest, "idempotency_key_required")
	change("b", `{"seats": ["", ""]}`).want(t, http.StatusUnprocessableEntity, "validation_failed")
	change("c", `{"seats": []}`).want(t, http.StatusUnprocessableEntity, "validation_failed")
	change("d", `{"seats": ["10A"]}`).want(t, http.StatusConflict, "seat_costs_more")
	change("e", `{"seats": ["", "14F"]}`).want(t, http.StatusConflict, "seat_unavailable")
	change("f", `{"seats": ["14A", "14B", "14C"]}`).want(t, http.StatusUnprocessableEntity, "too_many_seats")
	c.do("POST", heldOne+"/items/itm_nothing/seats", resttest.TravellerToken, `{"seats": ["14F"]}`, "Idempotency-Key: g").want(t, http.StatusNotFound, "item_not_found")
	c.do("POST", paidOne+"/items/"+resttest.PaidItemID.Text("itm")+"/check-in", resttest.TravellerToken, "").want(t, http.StatusConflict, "no_seats")

	again := change("a", `{"seats": ["14F"]}`).want(t, http.StatusOK, "")
	if again.Header().Get("Idempotent-Replayed") != "true" {
		t.Error("the stored answer is not marked")
	}
	c.do("POST", seatedOne+"/check-in", resttest.TravellerToken, "").want(t, http.StatusConflict, "not_confirmed")
	paid := c.do("POST", at+"/pay", resttest.TravellerToken, `{"payment_method": "pm_test_approved"}`, "Idempotency-Key: p").want(t, http.StatusOK, "")
	if got := fmt.Sprint(paid.at("available_actions")); got != "[cancel change_seats check_in]" {
		t.Errorf("actions of a paid one with a seat missing: %s", got)
	}
	for range 2 {
		r := c.do("POST", seatedOne+"/check-in", resttest.TravellerToken, `{"preferences": {"aisle": true}}`).want(t, http.StatusOK, "")
		if got := seated(r, 0); !strings.HasPrefix(got, "0:14F 1:") {
			t.Errorf("after check-in the seats are %s", got)
		}
		if got := fmt.Sprint(r.at("available_actions")); got != "[cancel change_seats]" {
			t.Errorf("actions once everybody has a seat: %s", got)
		}
	}
	h := c.do("GET", at+"/history", resttest.TravellerToken, "").want(t, http.StatusOK, "")
	if !strings.Contains(h.Body.String(), `"cause":"seats_changed"`) {
		t.Errorf("history %s", h.Body)
	}
	w.Clock.Advance(300 * 24 * time.Hour)
	change("z", `{"seats": ["14A"]}`).want(t, http.StatusConflict, "departed")
}

// TestNoticesAreShown: what the supplier has changed of an item, and that a seat that does not go all the way says so.
func TestNoticesAreShown(t *testing.T) {
	c, w := newClient(t)
	at := "/v1/reservations/" + resttest.SeatedID.Text("res")
	day := resttest.RideDate.In(time.UTC, 0, 0)
	w.Disrupt(resttest.SeatedID, reservation.Notice{At: resttest.Now, Departs: day.Add(8 * time.Hour), Arrives: day.Add(11 * time.Hour), Note: "Storm"})
	r := c.do("GET", at, resttest.TravellerToken, "").want(t, http.StatusOK, "")
	for field, want := range map[string]string{"departs": "2027-06-10T09:00:00+01:00", "arrives": "2027-06-10T13:00:00+02:00", "note": "Storm", "at": "2026-11-22T09:30:00Z"} {
		if got := r.text("items", 0, "notice", field); got != want {
			t.Errorf("notice %s is %q, want %q", field, got, want)
		}
	}
	w.Disrupt(resttest.SeatedID, reservation.Notice{At: resttest.Now, Withdrawn: true})
	r = c.do("GET", at, resttest.TravellerToken, "").want(t, http.StatusOK, "")
	if r.at("items", 0, "notice", "withdrawn") != true || r.at("items", 0, "notice", "departs") != nil || fmt.Sprint(r.at("available_actions")) != "[pay cancel]" {
		t.Errorf("withdrawn: %s", r.Body)
	}
}
