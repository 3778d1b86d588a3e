package rest

import (
	"errors"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"

	"holdfast/rest/problem"
	"holdfast/rest/schema"
	"holdfast/rest/strict"
)

// Raw is embedded in the input of an operation that has a JSON body; body.go reads it, not huma, which would decode
// twice-given keys and report places without pointers.
type Raw struct {
	RawBody []byte `contentType:"application/json"`
}

func (r *Raw) raw() []byte { return r.RawBody }

// bodyReader reads the bodies of an operation.
type bodyReader struct {
	registry huma.Registry
	schema   *huma.Schema
	quick    *schema.Reader
}

func newBodyReader[B any](r huma.Registry) *bodyReader {
	s := schemaOf[B](r)
	return &bodyReader{registry: r, schema: s, quick: schema.Compile(r, s, reflect.TypeFor[B]())}
}

// read reads a body into out and holds it against its schema: in one pass when nothing is wrong with it.
func (b *bodyReader) read(data []byte, out any) *problem.Problem {
	if b.quick.Read(data, out) {
		return nil
	}
	return decode(b.registry, b.schema, data, out)
}

// decode reads a body into out and holds it against its schema, reading it twice. All wrong places are named at once, as
// far as the body can be read at all.
func decode(registry huma.Registry, shape *huma.Schema, data []byte, out any) *problem.Problem {
	first := (*strict.Error)(nil)
	if err := strict.Decode(data, out); err != nil {
		if !errors.As(err, &first) {
			return problem.New("malformed_json", "")
		}
		if first.Syntax {
			p := problem.New(first.Code, first.Message)
			if first.Pointer != "" {
				p = p.At(first.Pointer, first.Code, first.Message)
			}
			return p
		}
		if first.Code == "unknown_field" { // the only place where a name is not ours: huma's paths could not be read back
			return invalidPlaces([]problem.Place{{Pointer: first.Pointer, Code: first.Code, Message: first.Message}})
		}
	}
	var value any
	if err := strict.Decode(data, &value); err != nil {
		if first == nil {
			errors.As(err, &first)
		}
		return invalidPlaces([]problem.Place{{Pointer: first.Pointer, Code: first.Code, Message: first.Message}})
	}
	c, ok := checks.Get().(*check)
	if !ok {
		c = &check{path: huma.NewPathBuffer(make([]byte, 0, 128), 0)}
	}
	defer func() {
		c.path.Reset()
		c.result.Reset()
		checks.Put(c)
	}()
	c.path.Push("body")
	huma.Validate(registry, shape, c.path, huma.ModeWriteToServer, value, &c.result)
	places := placesOf(c.result.Errors)
	empty := nulls(registry, shape, value, "")
	slices.SortFunc(empty, func(a, b problem.Place) int { return strings.Compare(a.Pointer, b.Pointer) })
	places = append(places, empty...)
	if len(places) == 0 && first != nil {
		places = append(places, problem.Place{Pointer: first.Pointer, Code: first.Code, Message: first.Message})
	}
	return invalidPlaces(places)
}

type check struct {
	path   *huma.PathBuffer
	result huma.ValidateResult
}

var checks sync.Pool

// maxPlaces bounds how many wrong places an answer lists.
const maxPlaces = 20

// invalidPlaces is the refusal of a request with wrong places; nil when there are none.
func invalidPlaces(places []problem.Place) *problem.Problem {
	if len(places) == 0 {
		return nil
	}
	detail := places[0].Message
	if places[0].Pointer != "" {
		detail = places[0].Pointer + ": " + detail
	}
	p := problem.New("validation_failed", detail)
	p.Errors = places[:min(len(places), maxPlaces)]
	return p
}

// nulls finds nulls that the schema does not allow; huma takes a null for a field that was left out.
func nulls(r huma.Registry, s *huma.Schema, v any, pointer string) []problem.Place {
	for s != nil && s.Ref != "" {
		s = r.SchemaFromRef(s.Ref)
	}
	if s == nil || len(s.OneOf) > 0 {
		return nil
	}
	var places []problem.Place
	switch v := v.(type) {
	case map[string]any:
		for name, sub := range v {
			field := s.Properties[name]
			if field == nil {
				continue
			}
			at := pointer + "/" + name
			if sub == nil {
				if !field.Nullable && len(field.OneOf) == 0 && !slices.Contains(s.Required, name) { // required ones huma has found
					places = append(places, problem.Place{Pointer: at, Code: "null_not_allowed", Message: "This field cannot be null; leave it out instead."})
				}
				continue
			}
			places = append(places, nulls(r, field, sub, at)...)
		}
	case []any:
		for i, sub := range v {
			if sub != nil {
				places = append(places, nulls(r, s.Items, sub, pointer+"/"+strconv.Itoa(i))...)
			}
		}
	}
	return places
}

// placesOf turns huma's findings into ours: a JSON pointer and a code.
func placesOf(errs []error) []problem.Place {
	places := make([]problem.Place, 0, len(errs))
	for _, err := range errs {
		if err == nil {
			continue
		}
		d, ok := err.(huma.ErrorDetailer)
		if !ok {
			places = append(places, problem.Place{Code: "validation_failed", Message: "This breaks a rule."})
			continue
		}
		detail := d.ErrorDetail()
		code, message, missing := reading(detail.Message)
		pointer := pointerOf(detail.Location)
		if missing != "" {
			pointer += "/" + missing
		}
		places = append(places, problem.Place{Pointer: pointer, Code: code, Message: message})
	}
	return places
}

// pointerOf reads huma's "body.items[0].rooms" as "/items/0/rooms", and "query.limit" as "limit". The names in it are
// our own, so they have no dots and brackets.
func pointerOf(location string) string {
	rest, ok := strings.CutPrefix(location, "body")
	if !ok {
		_, name, _ := strings.Cut(location, ".")
		return name
	}
	return strings.NewReplacer(".", "/", "[", "/", "]", "").Replace(rest)
}

// readings is what huma's messages mean: the beginning of the message, our code, our text. A %s takes what follows.
var readings = []struct{ begins, code, text string }{
	{"expected required property ", "required", "This field is required."},
	{"required ", "required", "This parameter is required."},
	{"unexpected property", "unknown_field", "There is no such field here."},
	{"unknown query parameter", "unknown_parameter", "There is no such parameter here."},
	{"expected string to be RFC 3339 date-time", "wrong_format", "Expected an instant such as 2027-03-12T15:00:00Z (RFC 3339)."},
	{"invalid date/time", "wrong_format", "Expected an instant such as 2027-03-12T15:00:00Z (RFC 3339)."},
	{"expected string to be RFC 3339 date", "wrong_format", "Expected a date of the calendar as YYYY-MM-DD."},
	{"expected string to be RFC 5322 email", "wrong_format", "Expected an e-mail address."},
	{"expected string to match pattern ", "wrong_format", "Expected the form %s."},
	{"expected string to be ", "wrong_format", "Expected %s."},
	{"expected boolean", "wrong_type", "Expected true or false."},
	{"expected integer", "wrong_type", "Expected a whole number."},
	{"expected number >= ", "too_small", "Must be at least %s."},
	{"expected number > ", "too_small", "Must be more than %s."},
	{"expected number <= ", "too_large", "Must be at most %s."},
	{"expected number < ", "too_large", "Must be less than %s."},
	{"expected number to be a multiple of ", "wrong_format", "Must be a multiple of %s."},
	{"expected number", "wrong_type", "Expected a number."},
	{"expected string", "wrong_type", "Expected a text."},
	{"expected array length >= ", "too_short", "Must have at least %s entries."},
	{"expected array length <= ", "too_long", "Must have at most %s entries."},
	{"expected array items to be unique", "repeated", "An entry is given twice."},
	{"expected array", "wrong_type", "Expected a list."},
	{"expected object", "wrong_type", "Expected an object."},
	{"expected length >= ", "too_short", "Must have at least %s characters."},
	{"expected length <= ", "too_long", "Must have at most %s characters."},
	{"expected value to be one of ", "not_a_choice", "Must be one of %s."},
	{"expected value to match ", "wrong_type", "The value has none of the forms this field takes."},
	{"invalid integer", "wrong_type", "Expected a whole number."},
	{"invalid float", "wrong_type", "Expected a number."},
	{"invalid boolean", "wrong_type", "Expected true or false."},
}

// reading is the code and text of one of huma's messages, and the name of a missing field.
func reading(message string) (code, text, missing string) {
	for _, r := range readings {
		rest, ok := strings.CutPrefix(message, r.begins)
		if !ok {
			continue
		}
		if r.code == "required" && strings.HasSuffix(rest, " to be present") {
			missing = strings.TrimSuffix(rest, " to be present")
		}
		return r.code, strings.Replace(r.text, "%s", rest, 1), missing
	}
	return "wrong_format", "The value does not have the form of this field.", ""
}

// schemaOf is the schema of a type in the document's registry.
func schemaOf[T any](r huma.Registry) *huma.Schema {
	return r.Schema(reflect.TypeFor[T](), true, "")
}
