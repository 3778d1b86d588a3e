package wire_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"holdfast/test/load/drive"
	"holdfast/test/load/wire"
	"holdfast/uid"
)

func TestClient(t *testing.T) {
	id := uid.New()
	answers := map[string]func(http.ResponseWriter){
		"short": func(w http.ResponseWriter) {
			w.WriteHeader(http.StatusCreated)
			_, _ = fmt.Fprintf(w, `{"id":"%s","status":"held"}`, id.Text("res"))
		},
		"chunked": func(w http.ResponseWriter) {
			w.WriteHeader(http.StatusCreated)
			_, _ = io.WriteString(w, `{"pad":"`+strings.Repeat("x", 9000)+`",`)
			_ = http.NewResponseController(w).Flush()
			_, _ = fmt.Fprintf(w, `"id":"%s"}`, id.Text("res"))
		},
		"sold out": func(w http.ResponseWriter) {
			w.WriteHeader(http.StatusConflict)
			_, _ = io.WriteString(w, `{"code":"sold_out","status":409}`)
		},
		"other": func(w http.ResponseWriter) { w.WriteHeader(http.StatusServiceUnavailable) },
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if r.Header.Get("Authorization") != "Bearer secret" || len(r.Header.Get("Idempotency-Key")) != 32 || r.URL.Path != wire.Path {
			w.WriteHeader(http.StatusTeapot)
			return
		}
		answers[string(body)](w)
	}))
	defer server.Close()
	bodies := [][]byte{[]byte("short"), []byte("chunked"), []byte("sold out"), []byte("other")}
	c, err := wire.Dial(t.Context(), server.Listener.Addr().String(), 2, []string{"secret"}, bodies)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}()
	for round := range 3 {
		if round == 1 {
			server.CloseClientConnections() // as a server does with idle ones
		}
		for target := range 2 {
			if got, err := c.Place(t.Context(), drive.Request{Target: target}); got != id || err != nil {
				t.Errorf("%s: %v, %v", bodies[target], got, err)
			}
		}
		if _, err := c.Place(t.Context(), drive.Request{Target: 2}); !errors.Is(err, drive.ErrSoldOut) {
			t.Errorf("sold out: %v", err)
		}
		if _, err := c.Place(t.Context(), drive.Request{Target: 3}); err == nil || errors.Is(err, drive.ErrSoldOut) || !strings.Contains(err.Error(), "503") {
			t.Errorf("other: %v", err)
		}
	}
}
