package rest_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"holdfast/rest/resttest"
)

// document is the OpenAPI document as it is served, read by nothing of ours.
type document struct {
	raw      map[string]any
	compiler *jsonschema.Compiler
}

const documentURL = "http://holdfast.test/openapi.json"

func readDocument(t *testing.T, h http.Handler) *document {
	t.Helper()
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/openapi.json", nil))
	if rec.Code != http.StatusOK {
		t.Fatalf("GET /openapi.json: %d", rec.Code)
	}
	raw, err := jsonschema.UnmarshalJSON(rec.Body)
	if err != nil {
		t.Fatal(err)
	}
	d := &document{raw: raw.(map[string]any), compiler: jsonschema.NewCompiler()}
	d.compiler.DefaultDraft(jsonschema.Draft2020)
	d.compiler.AssertFormat()
	closeObjects(d.at("components", "schemas"))
	if err := d.compiler.AddResource(documentURL, d.raw); err != nil {
		t.Fatal(err)
	}
	return d
}

// closeObjects forbids what the document does not mention, so that an undocumented field of an answer is seen.
func closeObjects(v any) {
	switch v := v.(type) {
	case map[string]any:
		if _, ok := v["properties"].(map[string]any); ok && v["type"] == "object" && v["additionalProperties"] == nil {
			v["additionalProperties"] = false
		}
		for _, sub := range v {
			closeObjects(sub)
		}
	case []any:
		for _, sub := range v {
			closeObjects(sub)
		}
	}
}

// at walks into the document; nil when the way ends.
func (d *document) at(path ...string) any { return walk(d.raw, path...) }

func walk(v any, path ...string) any {
	for _, p := range path {
		m, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = m[p]
	}
	return v
}

// matches holds a value against the schema at a pointer of the document.
func (d *document) matches(pointer string, value any) error {
	schema, err := d.compiler.Compile(documentURL + "#" + pointer)
	if err != nil {
		return fmt.Errorf("schema %s: %w", pointer, err)
	}
	return schema.Validate(value)
}

// pointer escapes a path of the document.
func pointer(path ...string) string {
	var b strings.Builder
	for _, p := range path {
		b.WriteByte('/')
		b.WriteString(url.PathEscape(strings.NewReplacer("~", "~0", "/", "~1").Replace(p)))
	}
	return b.String()
}

// operations lists every operation of the document.
func (d *document) operations() []op {
	var out []op
	paths := d.at("paths").(map[string]any)
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		item := paths[path].(map[string]any)
		for _, method := range slices.Sorted(maps.Keys(item)) {
			out = append(out, op{d: d, path: path, method: method, raw: item[method].(map[string]any)})
		}
	}
	return out
}

type op struct {
	d            *document
	path, method string
	raw          map[string]any
}

func (o op) id() string { return o.raw["operationId"].(string) }

// target is the path with the examples of the document put in.
func (o op) target(t *testing.T) string {
	t.Helper()
	target, query := o.path, url.Values{}
	params, _ := o.raw["parameters"].([]any)
	for _, p := range params {
		p := p.(map[string]any)
		name, in := p["name"].(string), p["in"].(string)
		example, ok := p["example"].(string)
		switch {
		case in == "path" && !ok:
			t.Fatalf("%s: path parameter %s has no example", o.id(), name)
		case in == "path":
			target = strings.ReplaceAll(target, "{"+name+"}", url.PathEscape(example))
		case in == "query" && p["required"] == true:
			query.Set(name, example)
		}
	}
	if len(query) > 0 {
		target += "?" + query.Encode()
	}
	return target
}

// request makes the call of an example, with everything the operation needs.
func (o op) request(t *testing.T, body any) *http.Request {
	t.Helper()
	var reader io.Reader
	if body != nil {
		text, file := body.([]byte)
		if !file {
			var err error
			if text, err = json.Marshal(body); err != nil {
				t.Fatal(err)
			}
		}
		reader = bytes.NewReader(text)
	}
	r := httptest.NewRequest(strings.ToUpper(o.method), o.target(t), reader)
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if token := o.token(); token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	params, _ := o.raw["parameters"].([]any)
	for _, p := range params {
		if name := walk(p, "name").(string); walk(p, "in") == "header" && walk(p, "required") == true {
			r.Header.Set(name, fmt.Sprint(walk(p, "schema", "examples").([]any)[0]))
		}
	}
	return r
}

// token is one that the operation's security says is enough.
func (o op) token() string {
	security, _ := o.raw["security"].([]any)
	for _, s := range security {
		scopes, ok := s.(map[string]any)["bearer"].([]any)
		if !ok {
			return ""
		}
		if len(scopes) == 0 || slices.Contains(scopes, any("reservations:write")) || slices.Contains(scopes, any("payments:write")) || slices.Contains(scopes, any("offers:read")) {
			return resttest.TravellerToken
		}
	}
	return resttest.OperatorToken
}

// success is the documented status of success.
func (o op) success(t *testing.T) string {
	t.Helper()
	responses := o.raw["responses"].(map[string]any)
	for _, status := range slices.Sorted(maps.Keys(responses)) {
		if strings.HasPrefix(status, "2") {
			return status
		}
	}
	t.Fatalf("%s documents no success", o.id())
	return ""
}

// check holds an answer against what the document says about it.
func (o op) check(t *testing.T, rec *httptest.ResponseRecorder) {
	t.Helper()
	status := strconv.Itoa(rec.Code)
	response, ok := walk(o.raw, "responses", status).(map[string]any)
	if !ok {
		t.Errorf("%s answered %s, which is not documented: %s", o.id(), status, rec.Body)
		return
	}
	for name := range asMap(response["headers"]) {
		if rec.Header().Get(name) == "" && !optionalHeader(name) {
			t.Errorf("%s: documented header %s is missing from the %s answer", o.id(), name, status)
		}
	}
	content := asMap(response["content"])
	if len(content) == 0 {
		if rec.Body.Len() > 0 {
			t.Errorf("%s: %s has a body that is not documented: %s", o.id(), status, rec.Body)
		}
		return
	}
	media := rec.Header().Get("Content-Type")
	if content[media] == nil {
		t.Errorf("%s: content type %q of %s is not documented", o.id(), media, status)
		return
	}
	value, err := jsonschema.UnmarshalJSON(rec.Body)
	if err != nil {
		t.Errorf("%s: %v", o.id(), err)
		return
	}
	if err := o.d.matches(pointer("paths", o.path, o.method, "responses", status, "content", media, "schema"), value); err != nil {
		t.Errorf("%s: answer %s does not match its schema: %v", o.id(), status, err)
	}
}

// optionalHeader names headers that only some answers of a status have.
func optionalHeader(name string) bool {
	switch name {
	case "Idempotent-Replayed", "Cache-Control", "Vary", "Retry-After":
		return true
	}
	return false
}

func asMap(v any) map[string]any {
	m, _ := v.(map[string]any)
	return m
}

// TestEveryOperationAndExample drives each operation with each example of its body against a fresh world, and holds the
// answer against the document. What the document does not let be driven fails it.
func TestEveryOperationAndExample(t *testing.T) {
	d := readDocument(t, resttest.Seed().Handler())
	driven := 0
	for _, o := range d.operations() {
		t.Run(o.id(), func(t *testing.T) {
			bodies := map[string]any{"": nil}
			if o.raw["requestBody"] != nil {
				bodies = map[string]any{}
				for _, media := range asMap(walk(o.raw, "requestBody", "content")) {
					if file, ok := walk(media, "examples", "file", "value").(string); ok {
						bodies["file"] = []byte(file)
					}
				}
				for name, e := range asMap(walk(o.raw, "requestBody", "content", "application/json", "examples")) {
					bodies[name] = walk(e, "value")
				}
				if len(bodies) == 0 {
					t.Fatal("the body has no example")
				}
			}
			for name, body := range bodies {
				if _, file := body.([]byte); body != nil && !file {
					if err := d.matches(pointer("paths", o.path, o.method, "requestBody", "content", "application/json", "schema"), body); err != nil {
						t.Errorf("example %s does not match the schema of the body: %v", name, err)
					}
				}
				rec := httptest.NewRecorder()
				world := resttest.Seed()
				if o.id() == "check-in" {
					world.Paid(resttest.SeatedID)
				}
				world.Handler().ServeHTTP(rec, o.request(t, body))
				if got := strconv.Itoa(rec.Code); got != o.success(t) {
					t.Errorf("example %q: answered %s, want %s: %s", name, got, o.success(t), rec.Body)
					continue
				}
				o.check(t, rec)
				driven++
			}
		})
	}
	if driven < 40 {
		t.Errorf("only %d calls were driven", driven)
	}
}

// TestExamplesOfAnswersMatch holds the examples of all answers against their schemas.
func TestExamplesOfAnswersMatch(t *testing.T) {
	d := readDocument(t, resttest.Seed().Handler())
	checked := 0
	for _, o := range d.operations() {
		for status, response := range asMap(o.raw["responses"]) {
			for media, content := range asMap(asMap(response)["content"]) {
				schema := pointer("paths", o.path, o.method, "responses", status, "content", media, "schema")
				examples := asMap(asMap(content)["examples"])
				values := map[string]any{}
				for name, e := range examples {
					values[name] = asMap(e)["value"]
				}
				if e, ok := asMap(content)["example"]; ok {
					values["example"] = e
				}
				if len(values) == 0 {
					t.Errorf("%s: answer %s has no example", o.id(), status)
				}
				for name, v := range values {
					checked++
					if err := d.matches(schema, v); err != nil {
						t.Errorf("%s %s, example %s: %v", o.id(), status, name, err)
					}
				}
			}
		}
	}
	if checked < 400 {
		t.Errorf("only %d examples were checked", checked)
	}
}

// TestEverythingIsDescribed: each operation, parameter, header and field has a text, and each value an example.
func TestEverythingIsDescribed(t *testing.T) {
	d := readDocument(t, resttest.Seed().Handler())
	for _, o := range d.operations() {
		for _, k := range []string{"summary", "description"} {
			if s, _ := o.raw[k].(string); s == "" {
				t.Errorf("%s has no %s", o.id(), k)
			}
		}
		params, _ := o.raw["parameters"].([]any)
		for _, p := range params {
			if s, _ := walk(p, "description").(string); s == "" {
				t.Errorf("%s: parameter %v has no description", o.id(), walk(p, "name"))
			}
		}
		for status, r := range asMap(o.raw["responses"]) {
			if s, _ := asMap(r)["description"].(string); s == "" {
				t.Errorf("%s: answer %s has no description", o.id(), status)
			}
			for name, h := range asMap(asMap(r)["headers"]) {
				if walk(h, "description") == nil && walk(h, "schema", "description") == nil {
					t.Errorf("%s: header %s of %s has no description", o.id(), name, status)
				}
			}
		}
	}
	for name, s := range asMap(d.at("components", "schemas")) {
		for field, p := range asMap(asMap(s)["properties"]) {
			p := asMap(p)
			if text, _ := p["description"].(string); text == "" {
				t.Errorf("%s.%s has no description", name, field)
			}
			compound := p["$ref"] != nil || p["type"] == "object" || p["type"] == "array" && asMap(p["items"])["$ref"] != nil
			if examples, _ := p["examples"].([]any); !compound && len(examples) == 0 {
				t.Errorf("%s.%s has no example", name, field)
			}
			for _, e := range asList(p["examples"]) {
				if err := d.matches(pointer("components", "schemas", name, "properties", field), e); err != nil {
					t.Errorf("%s.%s: its example does not fit: %v", name, field, err)
				}
			}
		}
	}
}

func asList(v any) []any {
	l, _ := v.([]any)
	return l
}

// TestTheCallsOfThePlan: the calls of api.md, part 1, are there under exactly these names.
func TestTheCallsOfThePlan(t *testing.T) {
	d := readDocument(t, resttest.Seed().Handler())
	have := map[string]bool{}
	for _, o := range d.operations() {
		path := o.path
		for strings.Contains(path, "{") {
			from, to := strings.Index(path, "{"), strings.Index(path, "}")
			path = path[:from] + "*" + path[to+1:]
		}
		have[strings.ToUpper(o.method)+" "+path] = true
	}
	for _, call := range strings.Split(strings.TrimSpace(`
POST /v1/suppliers
GET /v1/suppliers
GET /v1/suppliers/*
POST /v1/hotels
GET /v1/hotels
GET /v1/hotels/*
PUT /v1/hotels/*
DELETE /v1/hotels/*
POST /v1/hotels/*/room-types
GET /v1/hotels/*/room-types
GET /v1/hotels/*/room-types/*
PUT /v1/hotels/*/room-types/*
DELETE /v1/hotels/*/room-types/*
PUT /v1/hotels/*/room-types/*/rates
PUT /v1/hotels/*/room-types/*/inventory
GET /v1/hotels/*/room-types/*/inventory
POST /v1/hotels/*/rooms
GET /v1/hotels/*/rooms
GET /v1/hotels/*/rooms/*
PUT /v1/hotels/*/rooms/*
DELETE /v1/hotels/*/rooms/*
POST /v1/hotels/*/rate-plans
GET /v1/hotels/*/rate-plans
GET /v1/hotels/*/rate-plans/*
PUT /v1/hotels/*/rate-plans/*
DELETE /v1/hotels/*/rate-plans/*
PUT /v1/hotels/*/rate-plans/*/overrides
POST /v1/hotels/*/offer-revocations
POST /v1/offers
POST /v1/reservations
GET /v1/reservations
GET /v1/reservations/*
GET /v1/reservations/*/history
POST /v1/reservations/*/pay
POST /v1/reservations/*/extend
POST /v1/reservations/*/items/*/seats
POST /v1/reservations/*/items/*/check-in
DELETE /v1/reservations/*
POST /v1/reservations/*/cancellations
POST /v1/reservations/*/cancellations/*/confirm
GET /v1/payments
GET /v1/payments/*
GET /v1/refunds/refused
POST /v1/reservations/*/refund/retry
POST /v1/reservations/*/refund/settle
GET /v1/places
GET /v1/trains/*/*
PUT /v1/trains/*/*
GET /v1/trains/*/*/seats
GET /v1/stations
GET /v1/stations/*
GET /v1/stations/*/departures
GET /v1/suppliers/*/train-fares
PUT /v1/suppliers/*/train-fares
PUT /v1/suppliers/*/train-compositions
GET /v1/suppliers/*/train-conflicts
GET /v1/flights/*/*
PUT /v1/flights/*/*
GET /v1/flights/*/*/seats
GET /v1/flights/calendar
GET /v1/departures/*
PUT /v1/departures/*/control
GET /v1/airports/*
PUT /v1/airports/*
GET /v1/carriers
PUT /v1/carriers/*
GET /v1/suppliers/*/aircraft-types
POST /v1/suppliers/*/aircraft-types
PUT /v1/suppliers/*/aircraft-types/*
GET /v1/suppliers/*/flight-schedules
GET /v1/suppliers/*/flight-conflicts
POST /v1/suppliers/*/flight-offer-revocations
GET /v1/suppliers/*/flight-tariff
PUT /v1/suppliers/*/flight-tariff
GET /v1/suppliers/*/flight-fares
PUT /v1/suppliers/*/flight-fares
PUT /v1/feeds/*
GET /v1/feeds
GET /v1/feeds/*
DELETE /v1/feeds/*
POST /v1/feeds/*
POST /v1/feeds/*/pull
GET /v1/feeds/*/runs
GET /v1/feeds/*/runs/*
POST /v1/feeds/*/runs/*/approve
POST /v1/feeds/*/runs/*/discard
GET /v1/sandbox/clock
POST /v1/sandbox/clock
GET /healthz
GET /readyz`), "\n") {
		if !have[call] {
			t.Errorf("%s is missing", call)
		}
		delete(have, call)
	}
	for call := range have {
		t.Errorf("%s is served and not in this list", call)
	}
}
