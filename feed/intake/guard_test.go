package intake

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"holdfast/fault"
	"holdfast/internal/clock"
	"holdfast/uid"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestPublic(t *testing.T) {
	for text, want := range map[string]bool{
		"8.8.8.8": true, "193.0.6.139": true, "2a00:1450:4001:82f::200e": true, "2606:4700::1111": true, "::ffff:8.8.8.8": true,
		"127.0.0.1": false, "127.9.9.9": false, "10.0.0.1": false, "172.16.0.1": false, "172.31.255.255": false, "192.168.1.1": false, "169.254.169.254": false,
		"100.64.0.1": false, "0.0.0.0": false, "0.1.2.3": false, "192.0.0.8": false, "192.0.2.1": false, "198.18.0.1": false, "198.51.100.1": false, "203.0.113.9": false,
		"224.0.0.1": false, "239.1.1.1": false, "240.0.0.1": false, "255.255.255.255": false,
		"::": false, "::1": false, "::ffff:127.0.0.1": false, "::ffff:10.0.0.1": false, "::127.0.0.1": false, "fe80::1": false, "fe80::1%eth0": false, "fc00::1": false, "fd12:3456::1": false,
		"ff02::1": false, "64:ff9b::7f00:1": false, "64:ff9b:1::1": false, "2002:7f00:1::": false, "2001:0:7f00:1::": false, "2001:db8::1": false, "fec0::1": false, "100::1": false,
	} {
		if got := public(netip.MustParseAddr(text)); got != want {
			t.Errorf("%s is public: %t, want %t", text, got, want)
		}
	}
}

// asker is a Core that can only fetch.
func asker(t *testing.T, change func(*Settings), dial func(ctx context.Context, network, address string) (net.Conn, error)) *Core {
	t.Helper()
	s := DefaultSettings()
	if change != nil {
		change(&s)
	}
	c := New(Deps{Settings: s, Clock: clock.System{}, Spool: t.TempDir(), Dial: dial})
	t.Cleanup(c.client.CloseIdleConnections)
	return c
}

func allowPrivate(s *Settings) { s.AllowPrivate = true }

func code(err error) string {
	if f, ok := errors.AsType[*fetchError](err); ok {
		return f.code
	}
	if err == nil {
		return ""
	}
	return err.Error()
}

// A pull reaches nothing inside: by address, by a name that leads there, or by a redirect.
func TestPullsStayOutside(t *testing.T) {
	reached := false
	inside := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true }))
	defer inside.Close()
	_, port, err := net.SplitHostPort(strings.TrimPrefix(inside.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	for _, address := range []string{inside.URL, "http://localhost:" + port, "http://[::ffff:127.0.0.1]:" + port + "/", "http://0.0.0.0:" + port} {
		c := asker(t, nil, nil)
		if _, err := c.fetchOnce(t.Context(), &Feed{URL: address}, nil); code(err) != "private_address" {
			t.Errorf("%s: %v", address, err)
		}
	}
	// The first host is let through, as if it were outside; where it leads is dialled with the guard.
	outside := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, inside.URL, http.StatusFound) }))
	defer outside.Close()
	c := asker(t, nil, func(ctx context.Context, network, address string) (net.Conn, error) {
		if address == strings.TrimPrefix(outside.URL, "http://") {
			return (&net.Dialer{}).DialContext(ctx, network, address)
		}
		return (&net.Dialer{Control: guard}).DialContext(ctx, network, address)
	})
	if _, err := c.fetchOnce(t.Context(), &Feed{URL: outside.URL}, nil); code(err) != "private_address" {
		t.Errorf("a redirect: %v", err)
	}
	if reached {
		t.Error("a server inside was reached")
	}
	got, err := asker(t, allowPrivate, nil).fetchOnce(t.Context(), &Feed{URL: inside.URL}, nil)
	if err != nil || !reached {
		t.Fatalf("where it is allowed: %v", err)
	}
	got.body.close()

	f := NewFeed("db", uid.New(), "x")
	formats := map[string]Format{"x": {}}
	for _, address := range []string{"http://127.0.0.1/", "http://[::1]:80/", "https://169.254.169.254/latest/meta-data"} {
		if f.URL = address; !fault.Is(f.check(formats, false), "feed_invalid") || f.check(formats, true) != nil {
			t.Errorf("%s: %v, %v", address, f.check(formats, false), f.check(formats, true))
		}
	}
}

func TestRedirects(t *testing.T) {
	var mu sync.Mutex
	keys := map[string]string{} // path -> what was sent as the key
	handler := func(next func(w http.ResponseWriter, r *http.Request)) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			keys[r.Host+r.URL.Path] = r.Header.Get("X-Api-Key")
			mu.Unlock()
			next(w, r)
		})
	}
	other := httptest.NewServer(handler(func(http.ResponseWriter, *http.Request) {}))
	defer other.Close()
	var first *httptest.Server
	first = httptest.NewServer(handler(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/same":
			http.Redirect(w, r, "/file", http.StatusFound)
		case "/other":
			http.Redirect(w, r, other.URL+"/file", http.StatusMovedPermanently)
		case "/loop":
			http.Redirect(w, r, first.URL+"/loop", http.StatusFound)
		case "/file-url":
			http.Redirect(w, r, "file:///etc/passwd", http.StatusFound)
		}
	}))
	defer first.Close()
	host, otherHost := strings.TrimPrefix(first.URL, "http://"), strings.TrimPrefix(other.URL, "http://")
	for path, want := range map[string]string{"/same": "", "/other": "", "/loop": "bad_redirect", "/file-url": "bad_redirect"} {
		got, err := asker(t, allowPrivate, nil).fetchOnce(t.Context(), &Feed{URL: first.URL + path, Header: Header{"X-Api-Key", "s3cret"}}, nil)
		if code(err) != want {
			t.Errorf("%s: %v, want %q", path, err, want)
		}
		if err == nil {
			got.body.close()
		}
	}
	if keys[host+"/same"] != "s3cret" || keys[host+"/file"] != "s3cret" || keys[otherHost+"/file"] != "" {
		t.Errorf("the credentials went out as %v", keys)
	}
	if _, asked := keys[otherHost+"/file"]; !asked {
		t.Error("the other host was not asked")
	}
	down := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, first.URL+"/file", http.StatusFound) }))
	defer down.Close()
	c := asker(t, allowPrivate, nil)
	transport, ok := down.Client().Transport.(*http.Transport)
	if !ok {
		t.Fatal("another transport")
	}
	c.client.Transport = transport
	if _, err := c.fetchOnce(t.Context(), &Feed{URL: down.URL}, nil); code(err) != "bad_redirect" {
		t.Errorf("from https to http: %v", err)
	}
}
