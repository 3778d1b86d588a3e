package edge_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"holdfast/reservation/postgres"
	"holdfast/test/engine"
	"holdfast/test/load/edge"
	"holdfast/test/load/house"
	"holdfast/test/load/peer"
	"holdfast/test/load/wire"
)

// The peers' HTTP layer does what ours does with a placing: it refuses what is not right, and answers the same key with
// the same reservation.
func TestServer(t *testing.T) {
	dsn := engine.Postgres(t)
	if err := postgres.Migrate(t.Context(), dsn); err != nil {
		t.Fatal(err)
	}
	stay := house.NewStay()
	from, to := stay.Slots()
	if err := peer.Define(t.Context(), dsn, 1, 2, from, to, stay.Supplier); err != nil {
		t.Fatal(err)
	}
	p, err := peer.Open(t.Context(), dsn, peer.OneStatement, 2)
	if err != nil {
		t.Fatal(err)
	}
	s, err := edge.New(p, stay, 1, map[string]string{"secret": "ada"})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(s.Handler())
	t.Cleanup(func() {
		server.Close()
		if err := p.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	call := func(method, path, token, key, body string) int {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, server.URL+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+token)
		if key != "" {
			r.Header.Set("Idempotency-Key", key)
		}
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = answer.Body.Close() }()
		if err := json.NewDecoder(answer.Body).Decode(&json.RawMessage{}); err != nil {
			t.Errorf("%s %s: not JSON: %v", method, path, err)
		}
		return answer.StatusCode
	}
	var offers []string
	ask, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+edge.OffersPath, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	got, err := http.DefaultClient.Do(ask)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = got.Body.Close() }()
	if err := json.NewDecoder(got.Body).Decode(&offers); err != nil || len(offers) != 1 {
		t.Fatalf("%d offers, %v", len(offers), err)
	}
	body := string(house.Body(offers[0]))
	for _, c := range []struct {
		token, key, body string
		want             int
	}{
		{"secret", "one", body, 201},
		{"secret", "one", body, 201},
		{"wrong", "two", body, 401},
		{"secret", "", body, 422},
		{"secret", "two", strings.Replace(body, `"items"`, `"things"`, 1), 400},
		{"secret", "two", strings.Replace(body, `"items"`, `"Items"`, 1), 400},
		{"secret", "two", strings.Replace(body, `"off_`, `"off_x`, 1), 422},
		{"secret", "two", body, 201}, // the first was one, though asked for twice
		{"secret", "three", body, 409},
		{"secret", "two", body, 201},
	} {
		if status := call(http.MethodPost, wire.Path, c.token, c.key, c.body); status != c.want {
			t.Errorf("token %s, key %q, body %.40s: %d, want %d", c.token, c.key, c.body, status, c.want)
		}
	}
}
