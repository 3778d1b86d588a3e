package intaketest

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"holdfast/fault"
	"holdfast/feed/intake"
	"holdfast/feed/intake/intaketest/partner"
	"holdfast/uid"
)

func serviceDefines(t *testing.T, w *world) {
	w.begin()
	w.partners.Put("/db", []byte("a=1\n"), partner.Version{})
	f := intake.NewFeed("db", w.supplier, Whole)
	f.Jitter, f.URL, f.Header = 0, w.base+"/db", intake.Header{Name: "X-Api-Key", Value: "s3cret"}
	s := w.put(f)
	want := f
	want.Header.Value, want.Revision, want.CreatedAt, want.UpdatedAt = intake.Masked, 1, noon, noon
	if diff := cmp.Diff(want, s.Feed); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(want, w.read("db").Feed); diff != "" || !s.Due.Equal(noon) {
		t.Errorf("due %v; %s", s.Due, diff)
	}
	list, next, err := w.core.Feeds(t.Context(), w.staff, intake.ListQuery{})
	if err != nil || next != "" || len(list) != 1 || !cmp.Equal(list[0].Feed, want) {
		t.Errorf("listed: %+v, %q, %v", list, next, err)
	}

	// What was read can be put back: the value of the header stays, and is sent.
	again := w.read("db").Feed
	again.MaxRemovedBP = 10_000
	if s, err = w.core.PutFeed(t.Context(), w.staff, again, 1); err != nil || s.Revision != 2 {
		t.Fatalf("%+v, %v", s, err)
	}
	w.catchUp()
	w.wantLast("db", intake.Applied, "")
	w.due("db")
	for _, asked := range w.partners.Asked("/db") {
		if got := asked.Get("X-Api-Key"); got != "s3cret" {
			t.Errorf("the partner was sent the key %q", got)
		}
	}
	if _, err := w.core.PutFeed(t.Context(), w.staff, again, 1); !fault.Is(err, "changed_meanwhile") {
		t.Errorf("an old revision: %v", err)
	}
	elsewhere := again
	elsewhere.URL = strings.Replace(again.URL, "127.0.0.1", "localhost", 1)
	if _, err := w.core.PutFeed(t.Context(), w.staff, elsewhere, intake.AnyRevision); !fault.Is(err, "feed_invalid") {
		t.Errorf("the credentials would be sent to another host: %v", err)
	}

	for field, change := range map[string]func(*intake.Feed){
		"/partner": func(f *intake.Feed) { f.Partner = "DB" }, "/format": func(f *intake.Feed) { f.Format = "pdf" },
		"/url": func(f *intake.Feed) { f.URL = "ftp://partner.example/" }, "/every": func(f *intake.Feed) { f.Every = time.Second },
		"/jitter": func(f *intake.Feed) { f.Jitter = 2 * time.Hour }, "/max_removed_bp": func(f *intake.Feed) { f.MaxRemovedBP = -1 },
		"/shift_weeks": func(f *intake.Feed) { f.ShiftWeeks = 5001 }, "/header/name": func(f *intake.Feed) { f.Header.Name = "Host" },
		"/header/value": func(f *intake.Feed) { f.Header.Value = "a\nb" },
	} {
		bad := f
		change(&bad)
		_, err := w.core.PutFeed(t.Context(), w.staff, bad, intake.AnyRevision)
		if fields := fault.As(err).Fields; !fault.Is(err, "feed_invalid") || len(fields) != 1 || fields[0].Pointer != field {
			t.Errorf("%s: %v %+v", field, err, fault.As(err).Fields)
		}
	}
	for _, url := range []string{"https://user:pass@partner.example/", "https:///x", "https://partner.example/#x", "//partner.example", "https://partner.example/" + strings.Repeat("x", intake.MaxURL)} {
		bad := f
		bad.URL = url
		if _, err := w.core.PutFeed(t.Context(), w.staff, bad, intake.AnyRevision); !fault.Is(err, "feed_invalid") {
			t.Errorf("%s: %v", url, err)
		}
	}
	if err := w.core.DeleteFeed(t.Context(), w.staff, "db", 1); !fault.Is(err, "changed_meanwhile") {
		t.Errorf("deleted at an old revision: %v", err)
	}
	if err := w.core.DeleteFeed(t.Context(), w.staff, "db", 2); err != nil {
		t.Fatal(err)
	}
	_, err = w.core.Feed(t.Context(), w.staff, "db")
	wantReason(t, err, "feed_not_found")
	_, err = w.core.PutFeed(t.Context(), w.staff, f, 2)
	wantReason(t, err, "feed_not_found")
}

func serviceHides(t *testing.T, w *world) {
	w.begin()
	w.feed("db", Whole)
	run := w.push("db", 1, "a=1\n")
	ctx, other := t.Context(), intake.Editor{Subject: "other", Supplier: uid.New()}
	body := func() intake.Push { return intake.Push{Body: strings.NewReader("a=2\n")} }
	for name, call := range map[string]func() error{
		"read":    func() error { _, err := w.core.Feed(ctx, other, "db"); return err },
		"delete":  func() error { return w.core.DeleteFeed(ctx, other, "db", intake.AnyRevision) },
		"pull":    func() error { _, err := w.core.PullNow(ctx, other, "db"); return err },
		"push":    func() error { _, err := w.core.Push(ctx, other, "db", body()); return err },
		"runs":    func() error { _, _, err := w.core.Runs(ctx, other, "db", intake.RunQuery{}); return err },
		"run":     func() error { _, err := w.core.Run(ctx, other, "db", run.ID); return err },
		"approve": func() error { _, err := w.core.Approve(ctx, other, "db", run.ID); return err },
		"discard": func() error { _, err := w.core.Discard(ctx, other, "db", run.ID); return err },
	} {
		if err := call(); !fault.Is(err, "feed_not_found") {
			t.Errorf("%s: %v", name, err)
		}
	}
	list, _, err := w.core.Feeds(ctx, other, intake.ListQuery{})
	if len(list) > 0 || err != nil {
		t.Errorf("listed: %+v, %v", list, err)
	}
	_, err = w.core.PutFeed(ctx, other, intake.NewFeed("db", other.Supplier, Whole), intake.AnyRevision)
	wantReason(t, err, "partner_taken")
	_, err = w.core.PutFeed(ctx, other, intake.NewFeed("new", w.supplier, Whole), intake.AnyRevision)
	wantReason(t, err, "supplier_not_found")
	w.wantValues("db", "a=1")
	operator := intake.Editor{Subject: "operator"}
	if s, err := w.core.Feed(ctx, operator, "db"); err != nil || s.Supplier != w.supplier {
		t.Errorf("the operator sees %+v, %v", s, err)
	}
	_, err = w.core.Run(ctx, w.staff, "db", uid.New())
	wantReason(t, err, "run_not_found")
}

func servicePulls(t *testing.T, w *world) {
	w.begin()
	changed := noon.Add(-time.Hour).Truncate(time.Second)
	w.partners.Put("/db", []byte("a=1\nb=2\nnonsense\n"), partner.Version{Modified: changed})
	w.feed("db", Whole)
	w.catchUp()
	r := w.wantLast("db", intake.Applied, "")
	if r.Added != 2 || r.Refused != 1 || len(r.Remarks) != 1 || r.Remarks[0].Line != 3 || r.Bytes != 17 || !r.Stamp.At.Equal(changed) || r.Trigger != intake.Scheduled {
		t.Errorf("%+v", r)
	}
	s := w.read("db")
	if !s.Due.Equal(noon.Truncate(time.Hour).Add(time.Hour)) || !s.Received.Equal(noon) || !s.Applied.Equal(noon) || !s.Run.IsZero() {
		t.Errorf("%+v", s.State)
	}
	w.catchUp() // nothing is due
	w.due("db")
	if r := w.wantLast("db", intake.Unchanged, ""); r.Bytes != 0 {
		t.Errorf("a file that is the same was sent: %+v", r)
	}
	if asked := w.partners.Asked("/db"); len(asked) != 2 || asked[1].Get("If-None-Match") == "" || asked[1].Get("If-Modified-Since") == "" {
		t.Errorf("asked %v", asked)
	}
	if s := w.read("db"); !s.Received.Equal(noon.Truncate(time.Hour).Add(time.Hour)) || !s.Applied.Equal(noon) {
		t.Errorf("%+v", s.State)
	}
	// A server that does not know conditions sends the same file: it is not applied again.
	w.partners.Put("/db", []byte("a=1\nb=2\nnonsense\n"), partner.Version{Plain: true})
	w.due("db")
	if r := w.wantLast("db", intake.Unchanged, ""); r.Bytes != 17 {
		t.Errorf("%+v", r)
	}
	w.partners.Put("/db", []byte("a=1\nb=3\n"), partner.Version{Plain: true})
	w.due("db")
	if r := w.wantLast("db", intake.Applied, ""); r.Changed != 1 || r.Untouched != 1 {
		t.Errorf("%+v", r)
	}
	if n := w.ledger.Applied("db"); n != 2 {
		t.Errorf("applied %d times", n)
	}
	// Staff who ask get the file whatever its server says of it.
	r2, err := w.core.PullNow(t.Context(), w.staff, "db")
	if err != nil || r2.Outcome != intake.Unchanged || r2.Untouched != 2 || r2.Trigger != intake.Asked || r2.Actor != "staff" {
		t.Errorf("%+v, %v", r2, err)
	}
	// A file that is shown as older than what was applied is not taken.
	w.partners.Put("/db", []byte("a=0\n"), partner.Version{Modified: changed})
	w.due("db")
	w.wantLast("db", intake.Stale, "older_version")
	w.wantValues("db", "a=1 b=3")

	f := w.read("db").Feed
	f.Enabled = false
	w.put(f)
	_, err = w.core.PullNow(t.Context(), w.staff, "db")
	wantReason(t, err, "feed_disabled")
	_, err = w.core.Push(t.Context(), w.staff, "db", intake.Push{Body: strings.NewReader("")})
	wantReason(t, err, "feed_disabled")
	f.Enabled, f.URL = true, ""
	w.put(f)
	_, err = w.core.PullNow(t.Context(), w.staff, "db")
	wantReason(t, err, "not_pulled")
}

func serviceFails(t *testing.T, w *world) {
	w.begin()
	w.partners.Put("/db", []byte("a=1\n"), partner.Version{})
	f := w.feed("db", Whole)
	fail := partner.Fail(503, 0)
	w.partners.Next("/db", fail, fail, partner.BreakOff()) // the tries of one pull
	w.catchUp()
	w.wantLast("db", intake.Failed, "unreachable")
	waits := []time.Duration{time.Minute, 2 * time.Minute, 4 * time.Minute, 8 * time.Minute, 16 * time.Minute, 32 * time.Minute, time.Hour, time.Hour}
	for n, want := range waits {
		s := w.read("db")
		if got := s.Due.Sub(w.clock.Now()); got != want || s.Failures != n+1 || !s.Received.IsZero() {
			t.Fatalf("after %d failures: %v, %+v; want %v", n+1, got, s.State, want)
		}
		w.partners.Next("/db", partner.Fail(404, 0)) // an answer that another try does not change
		w.due("db")
		w.wantLast("db", intake.Failed, "status_404")
	}
	asked := len(w.partners.Asked("/db"))
	if asked != 3+len(waits) {
		t.Errorf("asked %d times", asked)
	}
	s := w.read("db")
	since, missing := s.MissingSince(w.clock.Now())
	if !missing || !since.Equal(f.CreatedAt.Add(time.Hour)) {
		t.Errorf("missing since %v, %t", since, missing)
	}
	w.partners.Next("/db", fail)
	w.due("db")
	w.wantLast("db", intake.Applied, "")
	s = w.read("db")
	if _, missing := s.MissingSince(w.clock.Now()); missing || s.Failures != 0 {
		t.Errorf("after it came: %+v", s.State)
	}
	// Who asks to wait is not asked again before that.
	w.partners.Next("/db", partner.Fail(429, 30*time.Minute))
	w.due("db")
	w.wantLast("db", intake.Failed, "status_429")
	if got := w.read("db").Due.Sub(w.clock.Now()); got != 30*time.Minute {
		t.Errorf("asked again after %v", got)
	}
}

func serviceRefuses(t *testing.T, w *world) {
	w.begin()
	w.partners.Put("/db", []byte("a=1\nfatal\n"), partner.Version{})
	w.feed("db", Whole)
	w.catchUp()
	w.wantLast("db", intake.Refused, "fatal_line")
	s := w.read("db")
	if !s.Received.IsZero() || s.ETag != "" || !s.Stamp.IsZero() || !s.Begun.IsZero() || s.Failures != 0 {
		t.Errorf("%+v", s.State)
	}
	w.partners.Put("/db", []byte("a=1\n"), partner.Version{})
	w.due("db")
	w.wantLast("db", intake.Applied, "")
	r := w.push("db", 7, "fatal\n")
	w.wantRun(r, intake.Refused, "fatal_line")
	w.wantRun(w.push("db", 6, "a=2\n"), intake.Applied, "") // what was refused is no newer version
}
