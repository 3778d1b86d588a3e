package problem_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"holdfast/fault"
	"holdfast/rest/problem"
)

func TestTableSaysSomethingAboutEachCode(t *testing.T) {
	for _, e := range problem.All() {
		if http.StatusText(e.Status) == "" || e.Status < 400 {
			t.Errorf("%s: status %d", e.Code, e.Status)
		}
		for name, text := range map[string]string{"title": e.Title, "meaning": e.Meaning, "remedy": e.Remedy} {
			if text == "" || strings.TrimSpace(text) != text {
				t.Errorf("%s: %s is %q", e.Code, name, text)
			}
		}
		if !strings.HasSuffix(e.Meaning, ".") || !strings.HasSuffix(e.Remedy, ".") {
			t.Errorf("%s: meaning and remedy are sentences", e.Code)
		}
	}
}

func TestFromRendersAFault(t *testing.T) {
	f := fault.New(fault.Conflict, "price_changed", "The total is 1 EUR now.").With("total", "1.00").RetryIn(1500 * time.Millisecond)
	p := problem.From(f)
	if p.Status != http.StatusConflict || p.Code != "price_changed" || p.Type != "/errors/price_changed" || p.Title != "Price has changed" || p.Detail != f.Public {
		t.Errorf("got %+v", p)
	}
	if p.Meta["total"] != "1.00" || !p.Retryable {
		t.Errorf("meta %v, retryable %v", p.Meta, p.Retryable)
	}
	if got := p.GetHeaders().Get("Retry-After"); got != "2" {
		t.Errorf("Retry-After %q, want whole seconds, rounded up", got)
	}
}

func TestFromShowsNothingOfACause(t *testing.T) {
	p := problem.From(fault.Wrap(http.ErrAbortHandler, "SELECT secret FROM stock"))
	for _, text := range []string{p.Detail, p.Title, p.Code} {
		if strings.Contains(text, "SELECT") || strings.Contains(text, "abort") {
			t.Errorf("the cause leaks: %q", text)
		}
	}
	if p.Status != http.StatusInternalServerError || p.Code != "internal" {
		t.Errorf("got %d %s", p.Status, p.Code)
	}
}

func TestStatusOfEveryKind(t *testing.T) {
	want := map[fault.Kind]int{
		fault.Malformed: 400, fault.Unauthenticated: 401, fault.PaymentFailed: 402, fault.Forbidden: 403, fault.NotFound: 404, fault.Conflict: 409,
		fault.Gone: 410, fault.Stale: 412, fault.Invalid: 422, fault.Limited: 429, fault.Unavailable: 503, fault.Internal: 500, 0: 500, 99: 500,
	}
	for kind, status := range want {
		if got := problem.Status(kind); got != status {
			t.Errorf("kind %d: %d, want %d", kind, got, status)
		}
	}
}
