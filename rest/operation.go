package rest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"holdfast/identity"
	"holdfast/rest/problem"
)

// operation is one line of the API: who may call it, what it may say, and how it is explained.
type operation struct {
	id, method, path string
	tag              string
	summary          string
	about            string           // CommonMark
	scopes           []identity.Scope // one of these is needed; none: any token
	public           bool             // works without a token
	unlimited        bool             // probes: neither counted nor limited
	reads            bool             // changes nothing, whatever its method
	waits            bool             // for somebody else, such as a payment provider
	operator         bool             // staff of the operator only
	status           int              // of success
	answers          map[int]string   // further answers that are no problems, with what they mean
	key              keyRule
	ifMatch          bool // takes If-Match
	codes            []string
	examples         []example // of the body; the first is the one to try
	bodyOptional     bool
	noBody           bool              // a POST that has none
	stream           *stream           // a body that is a file: read as it comes, by the operation itself
	params           map[string]string // examples of path parameters, where this call needs others than usual
}

// example is one body that works on the sandbox world (resttest.Seed).
type example struct {
	name, summary string
	body          string // JSON
}

// stream is a body that is a file of some media type.
type stream struct {
	about   string
	types   []string      // that are documented; others are taken too
	example string        // a file that works on the sandbox world
	silent  time.Duration // nothing may come for so long
}

// keyRule says whether a call takes an Idempotency-Key.
type keyRule uint8

const (
	noKey keyRule = iota
	keyOptional
	keyRequired
)

// call is an operation being called.
type call struct {
	*exchange
	who *identity.Principal // nil: nobody said who they are, and the operation is public
	raw []byte              // the body as it came
}

// handle adds an operation without a body.
func handle[I, O any](s *server, op operation, fn func(context.Context, *call, *I) (*O, error)) {
	huma.Register(s.api, s.describe(op), func(ctx context.Context, in *I) (*O, error) {
		x := exchangeOf(ctx)
		out, err := fn(ctx, &call{exchange: x, who: x.who}, in)
		if err != nil {
			x.answer.refuse(s.problem(x, err))
			return nil, nil //nolint:nilnil // it has been answered
		}
		return out, nil
	})
	s.complete(op)
}

// bodied is the input of an operation with a body: a struct that embeds Raw.
type bodied[I any] interface {
	*I
	raw() []byte
}

// handleBody adds an operation with a JSON body of the type B.
func handleBody[B, I, O any, P bodied[I]](s *server, op operation, fn func(context.Context, *call, *I, *B) (*O, error)) {
	reader := newBodyReader[B](s.api.OpenAPI().Components.Schemas)
	huma.Register(s.api, s.describe(op), func(ctx context.Context, in *I) (*O, error) {
		x := exchangeOf(ctx)
		c := &call{exchange: x, who: x.who, raw: P(in).raw()}
		body := new(B)
		if len(c.raw) > 0 || !op.bodyOptional {
			if p := reader.read(c.raw, body); p != nil {
				x.answer.refuse(p)
				return nil, nil //nolint:nilnil // it has been answered
			}
		}
		out, err := fn(ctx, c, in, body)
		if err != nil {
			x.answer.refuse(s.problem(x, err))
			return nil, nil //nolint:nilnil // it has been answered
		}
		return out, nil
	})
	s.completeBody(op, reader.schema)
}

// describe is the operation as huma takes it.
func (s *server) describe(op operation) huma.Operation {
	o := huma.Operation{
		OperationID: op.id, Method: op.method, Path: op.path, Tags: []string{op.tag}, Summary: op.summary, Description: op.about,
		DefaultStatus: op.status, MaxBodyBytes: s.Limits.BodyBytes + 1, BodyReadTimeout: s.Limits.BodyTime,
		SkipValidateBody: true, // body.go does it
		Middlewares:      huma.Middlewares{s.admit(op)},
		Responses:        map[string]*huma.Response{},
		Security:         []map[string][]string{},
	}
	scopes := make([]string, len(op.scopes))
	for i, sc := range op.scopes {
		scopes[i] = string(sc)
	}
	switch {
	case op.public:
		o.Security = append(o.Security, map[string][]string{}, map[string][]string{bearer: {}})
	case len(scopes) == 0:
		o.Security = append(o.Security, map[string][]string{bearer: {}})
	default:
		for _, scope := range scopes { // any one of them
			o.Security = append(o.Security, map[string][]string{bearer: {scope}})
		}
	}
	for status, codes := range s.codesByStatus(op) {
		o.Responses[strconv.Itoa(status)] = problemResponse(codes)
	}
	for status, meaning := range op.answers {
		o.Responses[strconv.Itoa(status)] = &huma.Response{Description: meaning}
	}
	return o
}

// codesByStatus is every problem the operation may answer with.
func (s *server) codesByStatus(op operation) map[int][]string {
	codes := slices.Concat(op.codes, []string{"internal", "validation_failed"})
	if !op.unlimited {
		codes = append(codes, "overloaded", "rate_limited", "token_unknown")
	}
	if !op.public {
		codes = append(codes, "token_missing")
	}
	if len(op.scopes) > 0 || op.operator {
		codes = append(codes, "scope_missing")
	}
	if op.takesBody() {
		codes = append(codes, "malformed_json", "duplicate_key", "invalid_utf8", "nul_character", "trailing_data", "too_deep", "body_unreadable",
			"body_too_large", "unsupported_media_type", "request_timeout")
		if !op.bodyOptional {
			codes = append(codes, "body_required")
		}
	}
	if op.stream != nil {
		codes = append(codes, "unsupported_media_type")
	}
	if op.key == keyRequired {
		codes = append(codes, "idempotency_key_required")
	}
	if op.key != noKey {
		codes = append(codes, "idempotency_key_malformed", "idempotency_key_reused", "idempotency_in_progress")
	}
	if op.ifMatch {
		codes = append(codes, "changed_meanwhile", "header_malformed")
	}
	if op.method != http.MethodGet {
		codes = append(codes, "shutting_down", "outcome_unknown", "gave_up_waiting")
	}
	codes = append(codes, "store_unavailable")
	slices.Sort(codes)
	by := map[int][]string{}
	for _, code := range slices.Compact(codes) {
		e, ok := problem.Find(code)
		if !ok {
			panic("rest: " + op.id + " names a code that is not in the table: " + code)
		}
		by[e.Status] = append(by[e.Status], code)
	}
	return by
}

// takesBody reports whether the operation reads a JSON body.
func (op operation) takesBody() bool {
	return (op.method == http.MethodPost || op.method == http.MethodPut) && !op.noBody && op.stream == nil
}

func problemResponse(codes []string) *huma.Response {
	var text strings.Builder
	examples := map[string]*huma.Example{}
	for i, code := range codes {
		e, _ := problem.Find(code)
		if i > 0 {
			text.WriteString("\n")
		}
		fmt.Fprintf(&text, "- [`%s`](/errors/%s): %s", code, code, e.Title)
		p := problem.New(code, "")
		p.Instance, p.RequestID = "/v1", "req_01kavwy2x4e8hrn5z3m7q9t6b0"
		examples[code] = &huma.Example{Summary: e.Title, Value: p}
	}
	r := &huma.Response{
		Description: text.String(),
		Content:     map[string]*huma.MediaType{problem.ContentType: {Schema: &huma.Schema{Ref: "#/components/schemas/Problem"}, Examples: examples}},
		Headers:     map[string]*huma.Param{"X-Request-Id": requestIDHeader()},
	}
	switch e, _ := problem.Find(codes[0]); e.Status {
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		r.Headers["Retry-After"] = &huma.Param{Description: "Seconds to wait before the next try.", Schema: &huma.Schema{Type: "integer", Examples: []any{1}}}
	case http.StatusUnauthorized:
		r.Headers["WWW-Authenticate"] = &huma.Param{Description: "How to authenticate.", Schema: &huma.Schema{Type: "string", Examples: []any{`Bearer realm="holdfast"`}}}
	}
	return r
}

func requestIDHeader() *huma.Param {
	return &huma.Param{
		Description: "The id of this exchange: the one you sent, or one of ours.",
		Schema:      &huma.Schema{Type: "string", Examples: []any{"req_01kavwy2x4e8hrn5z3m7q9t6b0"}},
	}
}

// registered is the operation in the document, as huma has completed it.
func (s *server) registered(op operation) *huma.Operation {
	item := s.api.OpenAPI().Paths[op.path]
	switch op.method {
	case http.MethodGet:
		return item.Get
	case http.MethodPost:
		return item.Post
	case http.MethodPut:
		return item.Put
	case http.MethodDelete:
		return item.Delete
	}
	panic("rest: method " + op.method)
}

// complete adds to the document what huma does not know.
func (s *server) complete(op operation) {
	o := s.registered(op)
	for _, p := range o.Parameters {
		switch p.Name { // patterns for the document only: we check these headers ourselves, with codes of their own
		case "Idempotency-Key":
			p.Required, p.Schema.Pattern = op.key == keyRequired, "^[!-~]{1,255}$"
		case "If-Match":
			p.Schema.Pattern = `^(\*|(W/)?"[^"]*"( *, *(W/)?"[^"]*")*)$`
		}
		if e, ok := op.params[p.Name]; ok {
			p.Example = e
		} else if len(p.Schema.Examples) > 0 && (p.In == "path" || p.Required) {
			p.Example = p.Schema.Examples[0]
		}
	}
	success := o.Responses[strconv.Itoa(o.DefaultStatus)]
	if success.Headers == nil {
		success.Headers = map[string]*huma.Param{}
	}
	success.Headers["X-Request-Id"] = requestIDHeader()
	describeCaching(op, success)
	registry := s.api.OpenAPI().Components.Schemas
	for _, media := range success.Content {
		media.Example = sample(registry, media.Schema)
	}
	if op.stream != nil {
		o.RequestBody = op.stream.document()
	}
	for status := range op.answers {
		if r := o.Responses[strconv.Itoa(status)]; status != http.StatusNotModified && r.Content == nil {
			r.Content, r.Headers = success.Content, success.Headers
		}
	}
}

// completeBody adds the body too.
func (s *server) completeBody(op operation, schema *huma.Schema) {
	s.complete(op)
	o := s.registered(op)
	media := &huma.MediaType{Schema: schema, Examples: map[string]*huma.Example{}}
	for i, e := range op.examples {
		if !json.Valid([]byte(e.body)) {
			panic(fmt.Sprintf("rest: example %s of %s is not JSON", e.name, op.id))
		}
		media.Examples[e.name] = &huma.Example{Summary: e.summary, Value: json.RawMessage(e.body), Extensions: map[string]any{"x-order": i}}
	}
	if len(op.examples) == 0 {
		panic("rest: no example for the body of " + op.id)
	}
	o.RequestBody = &huma.RequestBody{Required: !op.bodyOptional, Content: map[string]*huma.MediaType{"application/json": media}}
}

// sample is a value that fits a schema, made of the examples of its fields in their order.
func sample(r huma.Registry, s *huma.Schema) json.RawMessage {
	var of reflect.Type
	for s.Ref != "" {
		of = r.TypeFromRef(s.Ref)
		s = r.SchemaFromRef(s.Ref)
	}
	var v any = ""
	switch {
	case len(s.Examples) > 0:
		v = s.Examples[0]
	case len(s.Enum) > 0:
		v = s.Enum[0]
	case s.Type == huma.TypeObject:
		var b bytes.Buffer
		b.WriteByte('{')
		for i, name := range fieldOrder(of, s) {
			if i > 0 {
				b.WriteByte(',')
			}
			fmt.Fprintf(&b, "%q:%s", name, sample(r, s.Properties[name]))
		}
		b.WriteByte('}')
		return b.Bytes()
	case s.Type == huma.TypeArray:
		return slices.Concat([]byte("["), sample(r, s.Items), []byte("]"))
	case s.Type == huma.TypeBoolean:
		v = false
	case s.Type == huma.TypeInteger, s.Type == huma.TypeNumber:
		v = 1
	}
	text, err := json.Marshal(v)
	if err != nil {
		panic("rest: example: " + err.Error())
	}
	return text
}

// fieldOrder is the order in which the fields of an object are written: that of its Go type.
func fieldOrder(of reflect.Type, s *huma.Schema) []string {
	var names []string
	if of != nil {
		for i := range of.NumField() {
			name, _, _ := strings.Cut(of.Field(i).Tag.Get("json"), ",")
			if s.Properties[name] != nil {
				names = append(names, name)
			}
		}
	}
	if len(names) != len(s.Properties) {
		panic(fmt.Sprintf("rest: fields of %v are not those of its schema", of))
	}
	return names
}
