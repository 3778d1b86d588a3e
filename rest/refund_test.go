package rest_test

import (
	"net/http"
	"testing"

	"holdfast/rest/resttest"
)

func TestRefusedRefunds(t *testing.T) {
	c, _ := newClient(t)
	list := c.do("GET", "/v1/refunds/refused?limit=1", resttest.OperatorToken, "").want(t, http.StatusOK, "")
	refunds, _ := list.at("refunds").([]any)
	if len(refunds) != 1 || refunds[0].(map[string]any)["reservation_id"] != resttest.RefusedID.Text("res") || list.text("next") != resttest.RefusedID.Text("res") {
		t.Errorf("list %s", list.Body)
	}
	if rest := c.do("GET", "/v1/refunds/refused?after="+list.text("next"), resttest.OperatorToken, "").want(t, http.StatusOK, ""); len(rest.at("refunds").([]any)) != 0 {
		t.Errorf("second page %s", rest.Body)
	}
	c.do("GET", "/v1/refunds/refused?after=x", resttest.OperatorToken, "").want(t, http.StatusUnprocessableEntity, "validation_failed")
	refused := "/v1/reservations/" + resttest.RefusedID.Text("res") + "/refund"
	body := `{"reference": "SEPA 1"}`
	for _, token := range []string{resttest.StaffToken, resttest.RivalToken, resttest.TravellerToken} {
		c.do("GET", "/v1/refunds/refused", token, "").want(t, http.StatusForbidden, "scope_missing")
		c.do("POST", refused+"/retry", token, "").want(t, http.StatusForbidden, "scope_missing")
		c.do("POST", refused+"/settle", token, body).want(t, http.StatusForbidden, "scope_missing")
	}
	for path, body := range map[string]string{"/retry": "", "/settle": body} {
		if r := c.do("POST", refused+path, resttest.OperatorToken, body).want(t, http.StatusOK, ""); r.text("payment_status") != "refunded" || r.Header().Get("ETag") == "" {
			t.Errorf("%s: %s", path, r.Body)
		}
		c.do("POST", paidOne+"/refund"+path, resttest.OperatorToken, body).want(t, http.StatusConflict, "refund_not_refused")
		c.do("POST", "/v1/reservations/res_nobodys/refund"+path, resttest.OperatorToken, body).want(t, http.StatusNotFound, "reservation_not_found")
	}
	c.do("POST", refused+"/settle", resttest.OperatorToken, `{"reference": " "}`).want(t, http.StatusUnprocessableEntity, "reference_invalid")
	c.do("POST", refused+"/settle", resttest.OperatorToken, `{"reference": ""}`).want(t, http.StatusUnprocessableEntity, "validation_failed")
}
