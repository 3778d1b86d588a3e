package identity_test

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"holdfast/fault"
	"holdfast/identity"
	"holdfast/identity/sqlite"
	"holdfast/internal/clock"
	"holdfast/internal/sqlitedb"
	"holdfast/uid"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func store(t *testing.T) identity.Store {
	t.Helper()
	path := filepath.Join(t.TempDir(), "identity.db")
	if err := sqlite.Migrate(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	s, err := sqlite.Open(t.Context(), path, sqlitedb.Options{Readers: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func start(t *testing.T, d identity.Deps) *identity.Core {
	t.Helper()
	d.Store = store(t)
	core := identity.New(d)
	if err := core.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	return core
}

func stop(t *testing.T, core *identity.Core) {
	t.Helper()
	if err := core.Stop(t.Context()); err != nil {
		t.Error(err)
	}
}

// write writes a token file whose time of change is at.
func write(t *testing.T, name, text string, at time.Time) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(name, at, at); err != nil {
		t.Fatal(err)
	}
}

var monday = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)

func TestTokens(t *testing.T) {
	chain := uid.New()
	file := filepath.Join(t.TempDir(), "tokens.json")
	write(t, file, `[
		{"token": "token-of-ada", "subject": "ada", "scopes": ["offers:read", "reservations:write"]},
		{"token": "token-of-bob", "subject": "bob", "supplier": "`+chain.Text("sup")+`", "scopes": ["inventory:write"]},
		{"token": "token-of-cem", "subject": "cem", "supplier": "*", "scopes": ["staff:*"]}
	]`, monday)
	core := start(t, identity.Deps{TokenFile: file, Tokens: []identity.Token{{Token: "built-in", Subject: "dee", Scopes: []identity.Scope{identity.OffersRead}}}})
	defer stop(t, core)

	for token, want := range map[string]identity.Principal{
		"token-of-ada": {Subject: "ada", Scopes: []identity.Scope{identity.OffersRead, identity.ReservationsWrite}},
		"token-of-bob": {Subject: "bob", Supplier: chain, Scopes: []identity.Scope{identity.InventoryWrite}},
		"token-of-cem": {Subject: "cem", Scopes: []identity.Scope{identity.StaffAll}},
		"built-in":     {Subject: "dee", Scopes: []identity.Scope{identity.OffersRead}},
	} {
		got, err := core.Authenticate(token)
		if err != nil || got.Subject != want.Subject || got.Supplier != want.Supplier || !slices.Equal(got.Scopes, want.Scopes) {
			t.Errorf("%s: got %+v, error %v; want %+v", token, got, err, want)
		}
	}
	for token, reason := range map[string]string{"": "token_missing", "token-of-Ada": "token_unknown", "token-of-ad": "token_unknown"} {
		if p, err := core.Authenticate(token); !fault.Is(err, reason) || fault.KindOf(err) != fault.Unauthenticated {
			t.Errorf("%q: got %+v, error %v; want %s", token, p, err, reason)
		}
	}
}

func TestWrongTokenFileStopsTheStart(t *testing.T) {
	const secret = "very-secret-token"
	entry := func(rest string) string { return `[{"token": "` + secret + `", "subject": "ada"` + rest + `}]` }
	for name, c := range map[string]struct{ text, want string }{
		"not JSON":          {`[{"token": "` + secret + `"`, "not proper JSON"},
		"no list":           {`{"token": "` + secret + `"}`, "wrong kind"},
		"null":              {`null`, "want a list"},
		"unknown field":     {entry(`, "scope": "offers:read"`), "unknown field at /0/scope"},
		"wrong case":        {entry(`, "Scopes": ["offers:read"]`), "unknown field at /0/Scopes"},
		"field twice":       {entry(`, "subject": "bob", "scopes": ["offers:read"]`), "twice at /0/subject"},
		"wrong type":        {entry(`, "scopes": "` + secret + `"`), "wrong kind of value at /0/scopes"},
		"no scopes":         {entry(``), `entry 1 (subject "ada"): no scopes`},
		"unknown scope":     {entry(`, "scopes": ["offers:write"]`), `entry 1 (subject "ada"): scope "offers:write" is unknown`},
		"scope twice":       {entry(`, "scopes": ["offers:read", "offers:read"]`), "twice"},
		"bad supplier":      {entry(`, "supplier": "acme", "scopes": ["offers:read"]`), `entry 1 (subject "ada"): supplier "acme"`},
		"empty subject":     {`[{"token": "` + secret + `", "subject": " ", "scopes": ["offers:read"]}]`, "entry 1"},
		"short token":       {`[{"token": "secret", "subject": "ada", "scopes": ["offers:read"]}]`, "token has 6 characters"},
		"blank in token":    {`[{"token": "very secret", "subject": "ada", "scopes": ["offers:read"]}]`, "visible ASCII"},
		"token twice":       {`[` + strings.Trim(entry(`, "scopes": ["offers:read"]`), "[]") + `, {"token": "` + secret + `", "subject": "bob", "scopes": ["offers:read"]}]`, `entry 2 (subject "bob"): has the same token as entry 1`},
		"built-in token":    {`[{"token": "built-in", "subject": "ada", "scopes": ["offers:read"]}]`, "together"},
		"nothing after all": {entry(`, "scopes": ["offers:read"]`) + `[]`, "not proper JSON"},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "tokens.json")
			write(t, file, c.text, monday)
			s := store(t)
			err := identity.New(identity.Deps{Store: s, TokenFile: file, Tokens: []identity.Token{
				{Token: "built-in", Subject: "dee", Scopes: []identity.Scope{identity.OffersRead}},
			}}).Start(t.Context())
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), file) {
				t.Fatalf("got %v, want the file and %q", err, c.want)
			}
			if strings.Contains(err.Error(), "secret") {
				t.Errorf("%v shows the token", err)
			}
		})
	}
	s := store(t)
	if err := identity.New(identity.Deps{Store: s, TokenFile: filepath.Join(t.TempDir(), "none")}).Start(t.Context()); err == nil {
		t.Error("started with a token file that does not exist")
	}
}

// journal is a log that can be read while it is written.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

func TestTokenFileIsReadAgain(t *testing.T) {
	entry := func(token string) string {
		return `[{"token": "` + token + `", "subject": "ada", "scopes": ["offers:read"]}]`
	}
	synctest.Test(t, func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "tokens.json")
		write(t, file, entry("token-one"), monday)
		var log journal
		core := start(t, identity.Deps{TokenFile: file, Log: slog.New(slog.NewTextHandler(&log, nil))})
		defer stop(t, core)
		valid := func(want string) {
			t.Helper()
			<-time.After(1100 * time.Millisecond) // of the bubble: no real time passes
			synctest.Wait()
			for _, token := range []string{"token-one", "token-two", "token-six"} {
				if _, err := core.Authenticate(token); (err == nil) != (token == want) {
					t.Errorf("%s: %v; want %s alone to be valid; log:\n%s", token, err, want, log.String())
				}
			}
		}
		valid("token-one")
		write(t, file, entry("token-two"), monday.Add(time.Minute)) // same size, another time
		valid("token-two")
		write(t, file, `[{"token": "token-six"`, monday.Add(2*time.Minute))
		valid("token-two")
		valid("token-two")
		if n := strings.Count(log.String(), "token file is wrong"); n != 1 {
			t.Errorf("a broken file was logged %d times, want once:\n%s", n, log.String())
		}
		if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
		valid("token-two")
		valid("token-two")
		if n := strings.Count(log.String(), "cannot be read"); n != 1 {
			t.Errorf("a missing file was logged %d times, want once:\n%s", n, log.String())
		}
		write(t, file, entry("token-six"), monday.Add(2*time.Minute))
		valid("token-six")
		if strings.Contains(log.String(), "token-") {
			t.Errorf("the log shows a token:\n%s", log.String())
		}
	})
}

func TestSuppliers(t *testing.T) {
	core := start(t, identity.Deps{Clock: clock.Still(monday)})
	defer stop(t, core)
	made, err := core.CreateSupplier(t.Context(), identity.Supplier{Name: "Acme", Kind: identity.HotelChain})
	if err != nil || made.ID.IsZero() || !made.CreatedAt.Equal(monday) {
		t.Fatalf("got %+v, error %v", made, err)
	}
	again, err := core.CreateSupplier(t.Context(), identity.Supplier{ID: made.ID, Name: "Acme", Kind: identity.HotelChain, CreatedAt: monday.Add(time.Hour)})
	if err != nil || again != made {
		t.Errorf("the same again: got %+v, error %v; want %+v", again, err, made)
	}
	for name, s := range map[string]identity.Supplier{
		"another name": {ID: made.ID, Name: "Acmes", Kind: identity.HotelChain},
		"another kind": {ID: made.ID, Name: "Acme", Kind: identity.Railway},
	} {
		if _, err := core.CreateSupplier(t.Context(), s); !fault.Is(err, "supplier_exists") || fault.KindOf(err) != fault.Conflict {
			t.Errorf("%s: got %v, want supplier_exists", name, err)
		}
	}
	for pointer, s := range map[string]identity.Supplier{
		"/name": {Name: " Acme", Kind: identity.HotelChain},
		"/kind": {Name: "Acme"},
	} {
		_, err := core.CreateSupplier(t.Context(), s)
		if !fault.Is(err, "validation_failed") || fault.KindOf(err) != fault.Invalid || fault.As(err).Fields[0].Pointer != pointer {
			t.Errorf("%+v: got %v, want validation_failed at %s", s, err, pointer)
		}
	}
	if got, err := core.Supplier(t.Context(), made.ID); err != nil || got != made {
		t.Errorf("got %+v, error %v; want %+v", got, err, made)
	}
	if _, err := core.Supplier(t.Context(), uid.New()); !fault.Is(err, "supplier_not_found") || fault.KindOf(err) != fault.NotFound {
		t.Errorf("unknown id: got %v", err)
	}
	if all, err := core.Suppliers(t.Context()); err != nil || !slices.Equal(all, []identity.Supplier{made}) {
		t.Errorf("got %v, error %v", all, err)
	}
}

func TestSupplierOfAnotherProcessIsFound(t *testing.T) {
	shared := store(t)
	core := identity.New(identity.Deps{Store: shared})
	if err := core.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer stop(t, core)
	want := identity.Supplier{ID: uid.New(), Name: "Acme", Kind: identity.Airline, CreatedAt: monday}
	if _, err := shared.CreateSupplier(t.Context(), want); err != nil {
		t.Fatal(err)
	}
	for range 2 { // from the store, then from memory
		if got, err := core.Supplier(t.Context(), want.ID); err != nil || got != want {
			t.Errorf("got %+v, error %v; want %+v", got, err, want)
		}
	}
}

func TestScopes(t *testing.T) {
	sup := uid.New()
	for name, c := range map[string]struct {
		p                          identity.Principal
		staff, operator, mayCharge bool
	}{
		"traveller":         {identity.Principal{Scopes: []identity.Scope{identity.ReservationsWrite}}, false, false, false},
		"staff of a chain":  {identity.Principal{Supplier: sup, Scopes: []identity.Scope{identity.InventoryWrite}}, true, false, false},
		"boss of a chain":   {identity.Principal{Supplier: sup, Scopes: []identity.Scope{identity.StaffAll}}, true, false, true},
		"operator":          {identity.Principal{Scopes: []identity.Scope{identity.StaffAll}}, true, true, true},
		"operator's helper": {identity.Principal{Scopes: []identity.Scope{identity.RefundsApprove}}, true, false, false},
	} {
		if c.p.Staff() != c.staff || c.p.Operator() != c.operator || c.p.Has(identity.PaymentsWrite) != c.mayCharge {
			t.Errorf("%s: staff %v, operator %v, may charge %v", name, c.p.Staff(), c.p.Operator(), c.p.Has(identity.PaymentsWrite))
		}
	}
}

// TestAuthenticateIsFree: a token that is known costs nothing that a garbage collector would have to look at. What is
// known is what was last read of the token file, so nothing goes stale that has to be looked up.
func TestAuthenticateIsFree(t *testing.T) {
	token := strings.Repeat("t", 120) // longer than what the compiler would keep on the stack
	c := start(t, identity.Deps{Tokens: []identity.Token{{Token: token, Subject: "ada", Scopes: []identity.Scope{identity.OffersRead}}}})
	defer stop(t, c)
	if n := testing.AllocsPerRun(1000, func() {
		if _, err := c.Authenticate(token); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
