package rest_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"holdfast/rest/resttest"
)

const theFeed = "/v1/feeds/nordbahn"

// TestFeedsAreTheirSuppliers: a feed of somebody else does not exist, whatever is asked of it.
func TestFeedsAreTheirSuppliers(t *testing.T) {
	run := theFeed + "/runs/" + resttest.HeldRunID.Text("fdr")
	for _, call := range []struct{ method, target, body, code string }{
		{"GET", theFeed, "", "feed_not_found"},
		{"DELETE", theFeed, "", "feed_not_found"},
		{"POST", theFeed, "a\n", "feed_not_found"},
		{"POST", theFeed + "/pull", "", "feed_not_found"},
		{"GET", theFeed + "/runs", "", "feed_not_found"},
		{"GET", run, "", "feed_not_found"},
		{"GET", theFeed + "/runs/fdr_x", "", "feed_not_found"},
		{"POST", run + "/approve", "", "feed_not_found"},
		{"POST", run + "/discard", "", "feed_not_found"},
	} {
		t.Run(call.method+" "+call.target, func(t *testing.T) {
			c, _ := newClient(t)
			for _, token := range []string{resttest.StaffToken, resttest.RivalToken, resttest.LooseToken} {
				c.do(call.method, call.target, token, call.body).want(t, http.StatusNotFound, call.code)
			}
			c.do(call.method, call.target, resttest.TravellerToken, call.body).want(t, http.StatusForbidden, "scope_missing")
		})
	}
	c, _ := newClient(t)
	body := `{"format": "gtfs"}`
	c.do("PUT", theFeed, resttest.StaffToken, body).want(t, http.StatusConflict, "partner_taken")
	c.do("PUT", theFeed, resttest.LooseToken, body).want(t, http.StatusNotFound, "feed_not_found")
	c.do("PUT", "/v1/feeds/other", resttest.StaffToken, `{"format": "gtfs", "supplier_id": "`+resttest.RailwayID.Text("sup")+`"}`).want(t, http.StatusNotFound, "supplier_not_found")
	for token, n := range map[string]int{resttest.OperatorToken: 1, resttest.RailwayToken: 1, resttest.StaffToken: 0, resttest.LooseToken: 0} {
		if r := c.do("GET", "/v1/feeds", token, "").want(t, http.StatusOK, ""); len(r.at("feeds").([]any)) != n {
			t.Errorf("%s sees %s", token, r.Body)
		}
	}
}

// TestDeliveries: a push is a file of any size and type, with its version beside it.
func TestDeliveries(t *testing.T) {
	c, _ := newClient(t)
	large := strings.Repeat("stop,Some place that trains call at\n", 20_000) // ten times what other bodies may have
	r := c.do("POST", theFeed, resttest.RailwayToken, large, "Content-Type: text/csv", "Feed-Version: 2026-11-22T09:00:00Z").want(t, http.StatusOK, "")
	if r.text("outcome") != "applied" || r.at("added") != float64(20_000) || r.text("version") != "2026-11-22T09:00:00Z" || r.text("trigger") != "pushed" {
		t.Errorf("push: %s", r.Body)
	}
	old := c.do("POST", theFeed, resttest.RailwayToken, "a\n", "Feed-Version: 2026-11-22T08:00:00Z").want(t, http.StatusOK, "")
	if old.text("outcome") != "stale" {
		t.Errorf("an older one: %s", old.Body)
	}
	dry := c.do("POST", theFeed+"?dry_run=true", resttest.RailwayToken, "a\n", "Feed-Version: 43").want(t, http.StatusOK, "")
	if dry.at("dry_run") != true {
		t.Errorf("dry run: %s", dry.Body)
	}
	c.do("POST", theFeed, resttest.RailwayToken, "a\n", "Feed-Version: yesterday").want(t, http.StatusUnprocessableEntity, "stamp_invalid")
	c.do("POST", theFeed, resttest.RailwayToken, "a\n", "Content-Encoding: gzip").want(t, http.StatusUnsupportedMediaType, "unsupported_media_type")
	if l := c.do("GET", theFeed+"/runs?limit=2", resttest.RailwayToken, "").want(t, http.StatusOK, ""); len(l.at("runs").([]any)) != 2 || l.text("next") == "" || l.text("runs", 0, "id") != dry.text("id") {
		t.Errorf("runs: %s", l.Body)
	} else if l = c.do("GET", theFeed+"/runs?limit=2&after="+l.text("next"), resttest.RailwayToken, "").want(t, http.StatusOK, ""); l.text("runs", 0, "id") != r.text("id") {
		t.Errorf("the next page: %s", l.Body)
	}
}

// TestHeldDeliveries: what waits for a human is approved or discarded once.
func TestHeldDeliveries(t *testing.T) {
	for verb, outcome := range map[string]string{"approve": "applied", "discard": "discarded"} {
		c, _ := newClient(t)
		run := theFeed + "/runs/" + resttest.HeldRunID.Text("fdr")
		if f := c.do("GET", theFeed, resttest.RailwayToken, ""); f.text("held_id") != resttest.HeldRunID.Text("fdr") {
			t.Errorf("the feed: %s", f.Body)
		}
		if r := c.do("POST", run+"/"+verb, resttest.RailwayToken, "").want(t, http.StatusOK, ""); r.text("outcome") != outcome {
			t.Errorf("%s: %s", verb, r.Body)
		}
		c.do("POST", run+"/"+verb, resttest.RailwayToken, "").want(t, http.StatusConflict, "nothing_held")
		c.do("GET", theFeed+"/runs/fdr_x", resttest.RailwayToken, "").want(t, http.StatusNotFound, "run_not_found")
	}
}

// TestFeedVersions: credentials are never shown, and If-Match looks at what staff wrote, not at how the feed stands.
func TestFeedVersions(t *testing.T) {
	c, _ := newClient(t)
	r := c.do("GET", theFeed, resttest.RailwayToken, "").want(t, http.StatusOK, "")
	tag := r.Header().Get("ETag")
	if strings.Contains(r.Body.String(), "secret") || r.text("header", "value") != "********" {
		t.Errorf("credentials: %s", r.Body)
	}
	c.do("GET", theFeed, resttest.RailwayToken, "", "If-None-Match: "+tag).want(t, http.StatusNotModified, "")
	c.do("POST", theFeed, resttest.RailwayToken, "a\n").want(t, http.StatusOK, "")
	if got := c.do("GET", theFeed, resttest.RailwayToken, "", "If-None-Match: "+tag).want(t, http.StatusOK, ""); got.Header().Get("ETag") == tag {
		t.Error("the tag of a feed that stands otherwise is the same")
	}
	body := `{"format": "gtfs", "every_seconds": 600, "max_removed_percent": 12.5}`
	r = c.do("PUT", theFeed, resttest.RailwayToken, body, "If-Match: "+tag).want(t, http.StatusOK, "")
	if r.at("jitter_seconds") != float64(600) || r.at("max_removed_percent") != 12.5 || r.at("enabled") != true || r.at("due_at") != nil {
		t.Errorf("put: %s", r.Body)
	}
	c.do("PUT", theFeed, resttest.RailwayToken, body, "If-Match: "+tag).want(t, http.StatusPreconditionFailed, "changed_meanwhile")
	c.do("DELETE", theFeed, resttest.RailwayToken, "", "If-Match: "+tag).want(t, http.StatusPreconditionFailed, "changed_meanwhile")
	c.do("PUT", "/v1/feeds/new", resttest.RailwayToken, body, `If-Match: "1"`).want(t, http.StatusNotFound, "feed_not_found")
	wrong := c.do("PUT", theFeed, resttest.RailwayToken, `{"format": "morse"}`).want(t, http.StatusUnprocessableEntity, "feed_invalid")
	if wrong.places()["/format"] != "unknown_value" {
		t.Errorf("places %v", wrong.places())
	}
	c.do("POST", theFeed+"/pull", resttest.RailwayToken, "").want(t, http.StatusConflict, "not_pulled") // put took the address away
	c.do("DELETE", theFeed, resttest.RailwayToken, "").want(t, http.StatusNoContent, "")
	c.do("GET", theFeed, resttest.RailwayToken, "").want(t, http.StatusNotFound, "feed_not_found")
}

// watched is an answer over a connection whose deadlines are watched.
type watched struct {
	*httptest.ResponseRecorder
	reads, writes []time.Time
}

func (w *watched) SetReadDeadline(t time.Time) error {
	w.reads = append(w.reads, t)
	return nil
}

func (w *watched) SetWriteDeadline(t time.Time) error {
	w.writes = append(w.writes, t)
	return nil
}

// TestDeliveriesTakeTheirTime: the connection of a push lives as long as something comes, and for the answer.
func TestDeliveriesTakeTheirTime(t *testing.T) {
	w := &watched{ResponseRecorder: httptest.NewRecorder()}
	r := httptest.NewRequest(http.MethodPost, theFeed, strings.NewReader(strings.Repeat("x\n", 100_000)))
	r.Header.Set("Authorization", "Bearer "+resttest.RailwayToken)
	began := time.Now()
	resttest.Seed().Handler().ServeHTTP(w, r)
	if w.Code != http.StatusOK || len(w.reads) < 2 || len(w.writes) == 0 {
		t.Fatalf("%d with %d deadlines for reading and %d for writing", w.Code, len(w.reads), len(w.writes))
	}
	if last := w.reads[len(w.reads)-1]; last.Before(began.Add(20*time.Second)) || w.writes[0].Before(began.Add(10*time.Minute)) {
		t.Errorf("reading ends %v after the beginning, writing %v", last.Sub(began), w.writes[0].Sub(began))
	}
}
