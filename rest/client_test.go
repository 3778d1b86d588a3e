package rest_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"holdfast/rest/resttest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// client calls a handler and reads what comes back.
type client struct {
	t *testing.T
	h http.Handler
}

// operationsOnce are the operations of the document; it is the same for every handler.
var operationsOnce = sync.OnceValue(func() []op {
	rec := httptest.NewRecorder()
	resttest.Seed().Handler().ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/openapi.json", nil))
	d := &document{}
	if err := json.Unmarshal(rec.Body.Bytes(), &d.raw); err != nil {
		panic(err)
	}
	return d.operations()
})

type reply struct {
	*httptest.ResponseRecorder
	body map[string]any
}

func newClient(t *testing.T) (*client, *resttest.World) {
	t.Helper()
	w := resttest.Seed()
	return &client{t: t, h: w.Handler()}, w
}

// do makes a call; headers are "Name: value".
func (c *client) do(method, target, token, body string, headers ...string) reply {
	c.t.Helper()
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Set(name, value)
	}
	return c.send(r)
}

func (c *client) send(r *http.Request) reply {
	c.t.Helper()
	rec := httptest.NewRecorder()
	c.h.ServeHTTP(rec, r)
	out := reply{ResponseRecorder: rec}
	if strings.Contains(rec.Header().Get("Content-Type"), "json") && rec.Body.Len() > 0 {
		if err := json.Unmarshal(rec.Body.Bytes(), &out.body); err != nil {
			c.t.Fatalf("%s %s: %v in %s", r.Method, r.URL, err, rec.Body)
		}
	}
	if code := out.text("code"); rec.Code >= 400 && code != "" && code != "path_unknown" {
		c.documented(r, rec.Code, code)
	}
	return out
}

// documented checks that the document of the handler names the code among those of the operation.
func (c *client) documented(r *http.Request, status int, code string) {
	c.t.Helper()
	for _, o := range operationsOnce() {
		if !strings.EqualFold(o.method, r.Method) || !fits(o.path, r.URL.Path) {
			continue
		}
		if walk(o.raw, "responses", strconv.Itoa(status), "content", "application/problem+json", "examples", code) == nil {
			c.t.Errorf("%s answers %d %s, which is not documented", o.id(), status, code)
		}
		return
	}
}

// fits reports whether a path is one of a template.
func fits(template, path string) bool {
	a, b := strings.Split(template, "/"), strings.Split(path, "/")
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] && !strings.HasPrefix(a[i], "{") {
			return false
		}
	}
	return true
}

// want checks status and, for problems, the code.
func (r reply) want(t *testing.T, status int, code string) reply {
	t.Helper()
	got := ""
	if r.Code >= http.StatusBadRequest {
		got = r.text("code")
	}
	if r.Code != status || code != got {
		t.Fatalf("answered %d %s, want %d %s: %s", r.Code, got, status, code, r.Body)
	}
	if status >= 400 {
		if ct := r.Header().Get("Content-Type"); ct != "application/problem+json" {
			t.Errorf("content type %q", ct)
		}
		for _, k := range []string{"type", "title", "detail", "instance", "request_id"} {
			if s, _ := r.body[k].(string); s == "" {
				t.Errorf("problem without %s: %s", k, r.Body)
			}
		}
		if r.body["status"] != float64(status) || r.body["type"] != "/errors/"+code {
			t.Errorf("problem says status %v, type %v", r.body["status"], r.body["type"])
		}
		if _, ok := r.body["retryable"].(bool); !ok {
			t.Errorf("problem without retryable: %s", r.Body)
		}
	}
	return r
}

// at is the value at a path of names and indexes of the body.
func (r reply) at(path ...any) any {
	var v any = r.body
	for _, p := range path {
		switch p := p.(type) {
		case string:
			m, _ := v.(map[string]any)
			v = m[p]
		case int:
			l, _ := v.([]any)
			if p >= len(l) {
				return nil
			}
			v = l[p]
		}
	}
	return v
}

func (r reply) text(path ...any) string {
	s, _ := r.at(path...).(string)
	return s
}

// places are the pointers and codes of the wrong places.
func (r reply) places() map[string]string {
	out := map[string]string{}
	list, _ := r.body["errors"].([]any)
	for _, e := range list {
		m := e.(map[string]any)
		out[m["pointer"].(string)] = m["code"].(string)
	}
	return out
}

var (
	theHotel = "/v1/hotels/" + resttest.HotelID.Text("htl")
	theType  = theHotel + "/room-types/" + resttest.RoomTypeID.Text("rt")
	thePlan  = theHotel + "/rate-plans/" + resttest.RatePlanID.Text("rp")
	theRoom  = theHotel + "/rooms/" + resttest.RoomID.Text("rm")
	heldOne  = "/v1/reservations/" + resttest.HeldID.Text("res")
	paidOne  = "/v1/reservations/" + resttest.PaidID.Text("res")

	seatedOne = "/v1/reservations/" + resttest.SeatedID.Text("res") + "/items/" + resttest.SeatedItemID.Text("itm")
)

// stayItem is a plain item with some fields exchanged or added: "name: value" in JSON.
func stayItem(changes ...string) string {
	fields := [][2]string{
		{"hotel_id", `"` + resttest.HotelID.Text("htl") + `"`},
		{"room_type_id", `"` + resttest.RoomTypeID.Text("rt") + `"`},
		{"check_in", `"2027-06-10"`},
		{"check_out", `"2027-06-13"`},
		{"rooms", "1"},
	}
	for _, c := range changes {
		name, value, _ := strings.Cut(c, ": ")
		found := false
		for i := range fields {
			if fields[i][0] == name {
				fields[i][1], found = value, true
			}
		}
		if !found {
			fields = append(fields, [2]string{name, value})
		}
	}
	var b strings.Builder
	for _, f := range fields {
		if f[1] == "" {
			continue // taken away
		}
		if b.Len() > 0 {
			b.WriteString(", ")
		}
		b.WriteString(`"` + f[0] + `": ` + f[1])
	}
	return "{" + b.String() + "}"
}

// placing is the body of a placing with one item.
func placing(item string, more ...string) string {
	return `{"items": [` + item + `], "travellers": [{"given_name": "Mara", "family_name": "Lindqvist"}]` + strings.Join(append([]string{""}, more...), ", ") + `}`
}

func (c *client) place(key, body string) reply {
	c.t.Helper()
	return c.do("POST", "/v1/reservations", resttest.TravellerToken, body, "Idempotency-Key: "+key)
}

// operationBody is the first example of the body of an operation, as the document has it.
func operationBody(t *testing.T, id string) string {
	t.Helper()
	for _, o := range operationsOnce() {
		if o.id() != id {
			continue
		}
		for _, e := range asMap(walk(o.raw, "requestBody", "content", "application/json", "examples")) {
			text, err := json.Marshal(walk(e, "value"))
			if err != nil {
				t.Fatal(err)
			}
			return string(text)
		}
	}
	t.Fatalf("no example of %s", id)
	return ""
}
